"""How a model is laid out over devices: which share of its matrices, caches and sequences each has.

Everything that asks for a share asks here, so that a further way to divide a model is said once.
Shares are means over the devices of a group: the busiest device has no less, so that a time that
follows from them is a floor.
"""

from __future__ import annotations

from msgspec import Struct

from ncutool.planning.llm.model import Cache, Matrix, State


class Deployment(Struct, frozen=True):
    """Devices that serve one copy of a model together.

    A pipeline stage has ``tensor_parallel * data_parallel_attention`` devices. Attention is divided
    by tensor parallelism alone, and each data-parallel group has sequences of its own; experts and
    feed-forward layers are divided among all devices of the stage.
    """

    tensor_parallel: int = 1
    """Devices among which each layer's heads and inner sizes are divided."""
    expert_parallel: int = 1
    """Devices among which whole experts are placed; 1 divides each expert like other layers."""
    data_parallel_attention: int = 1
    """Groups that each hold all of the attention, for sequences of their own."""
    pipeline_parallel: int = 1
    """Stages of layers that follow each other."""

    @property
    def stage_devices(self) -> int:
        """Devices that share each layer."""
        return self.tensor_parallel * self.data_parallel_attention

    @property
    def devices(self) -> int:
        """All devices that hold one copy of the model."""
        return self.stage_devices * self.pipeline_parallel

    @property
    def least_batch(self) -> int:
        """Sequences that keep each group of each stage at work."""
        return self.data_parallel_attention * self.pipeline_parallel

    @property
    def words(self) -> str:
        """How it divides a model, e.g. `tensor parallelism 8`; empty for one device."""
        return self._named(
            "tensor parallelism", "data-parallel attention", "expert parallelism",
            "pipeline parallelism",
        )  # fmt: skip

    def _named(self, *names: str) -> str:
        """Return the ways of division that there are, by these names."""
        counts = (
            self.tensor_parallel, self.data_parallel_attention, self.expert_parallel,
            self.pipeline_parallel,
        )  # fmt: skip
        return ", ".join(
            f"{name} {count}" for name, count in zip(names, counts, strict=True) if count > 1
        )

    def label(self, device: str) -> str:
        """Return so many of a device, and briefly how they divide a model where it is not by
        tensor parallelism alone: `4 × B200 180GB (tp 2, pp 2)`."""
        plain = self.tensor_parallel == self.devices and self.expert_parallel == 1
        how = "" if plain else f" ({self._named('tp', 'dp', 'ep', 'pp')})"
        return f"{self.devices} × {device}{how}"

    def divided(self, matrix: Matrix) -> int:
        """Return among how many devices of a stage a matrix is divided; each holds it whole where
        1."""
        if matrix.split == "none":
            return 1
        return self.tensor_parallel if matrix.part == "attention" else self.stage_devices

    def rows(self, matrix: Matrix, sequences: float) -> float:
        """Return how many sequences' tokens meet a device's share of a matrix in a pass."""
        own = matrix.part == "attention" or matrix.split == "none"
        return self.own(sequences) if own else self.staged(sequences)

    def staged(self, sequences: float) -> float:
        """Return how many of a step's sequences pass a stage at once.

        A pipeline is kept busy by as many parts of the batch as it has stages. In the time of a
        step each device then reads its layers once for each part: as much as one part that passes
        all layers on the devices of one stage.
        """
        return sequences / self.pipeline_parallel

    def own(self, sequences: float) -> float:
        """Return how many of them a data-parallel group attends for."""
        return self.staged(sequences) / self.data_parallel_attention

    @property
    def table_shares(self) -> int:
        """Among how many devices of a stage the input table is divided."""
        return self.stage_devices

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
        """Return of how many of the group's sequences one device keeps a share: with tensor
        parallelism of all of them."""
        return sequences / self.data_parallel_attention
