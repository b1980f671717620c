"""How a model is laid out over devices: which share of its matrices, caches and sequences each has.

Everything that asks for a share asks here, so that a further way to divide a model is said once.
"""

from __future__ import annotations

from dataclasses import dataclass

from ncutool.planning.llm.model import Cache, Matrix, State


@dataclass(frozen=True)
class Deployment:
    """Devices that serve one copy of a model together."""

    tensor_parallel: int = 1
    """Devices among which each layer's heads and inner sizes are divided."""

    @property
    def devices(self) -> int:
        """All devices that hold one copy of the model."""
        return self.tensor_parallel

    def divided(self, matrix: Matrix) -> int:
        """Return among how many devices a matrix is divided; each holds it whole where 1."""
        return 1 if matrix.split == "none" else self.tensor_parallel

    @property
    def table_shares(self) -> int:
        """Among how many devices the input table is divided."""
        return self.tensor_parallel

    def cache_shares(self, cache: Cache) -> int:
        """Return among how many devices a cache is divided: at most its heads, then copies are
        held."""
        return min(self.tensor_parallel, cache.shares)

    def state_shares(self, state: State) -> int:
        """Return among how many devices a recurrent state is divided: at most its heads."""
        return min(self.tensor_parallel, state.shares)

    @property
    def attention_shares(self) -> int:
        """Among how many devices the arithmetic of the query heads is divided."""
        return self.tensor_parallel

    def sequences(self, sequences: float) -> float:
        """Return how many of the group's sequences one device works on: with tensor parallelism
        all of them."""
        return sequences
