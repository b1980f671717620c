"""What a decoder-only transformer holds: its matrices, its caches, its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Part = Literal[
    "attention", "mlp", "experts", "expert_biases", "shared_experts", "router", "head", "all"
]
Split = Literal["inputs", "outputs", "none"]

QUANTISED_PARTS: tuple[Part, ...] = ("attention", "mlp", "experts", "shared_experts", "all")
"""What narrow weight types are for; embeddings, head, router, norms and biases stay as trained."""
ROUTED_PARTS: tuple[Part, ...] = ("experts", "expert_biases")
"""What is read only for the experts that some token of the batch was sent to."""


@dataclass(frozen=True)
class Matrix:
    """Weight matrices of one shape."""

    name: str
    part: Part
    inputs: int
    outputs: int
    copies: int
    """How many there are in the whole model."""
    uses: int
    """How many of them one token is multiplied with."""
    split: Split
    """The side that tensor parallelism divides; with ``none`` each device holds it whole."""

    @property
    def values(self) -> int:
        """Weights in one copy."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Cache:
    """The key-value cache of layers that are alike."""

    layers: int
    values_per_token: int
    """Numbers kept for each token in each of these layers."""
    heads: int | None
    """Query heads, which set the arithmetic; None where not known."""
    score_dim: int
    value_dim: int
    """A query head does ``2 (score_dim + value_dim)`` FLOPs against each token it attends to."""
    prefill_score_dim: int
    prefill_value_dim: int
    """The same for a prompt; differs where decoding works on a compressed cache (MLA)."""
    shares: int
    """Among how many devices tensor parallelism can divide it: its key-value heads."""
    window: int | None = None
    """Tokens attended to at most; None is all."""

    def attended(self, context_tokens: float) -> float:
        """Return the tokens that a query meets at this length of context."""
        return context_tokens if self.window is None else min(context_tokens, self.window)


@dataclass(frozen=True)
class Experts:
    """A mixture of experts: of ``count`` in each layer, a token is sent to ``per_token``."""

    count: int
    per_token: int
    layers: int
    shared: int = 0
    """Experts every token passes besides; they are dense weights."""


@dataclass(frozen=True)
class Model:
    """A decoder-only transformer as far as its bytes and FLOPs go."""

    name: str
    matrices: tuple[Matrix, ...]
    caches: tuple[Cache, ...]
    """Empty where the shape of the attention is not known."""
    embedding_parameters: int
    """The input table where it is one of its own: a step reads one row for each sequence."""
    other_parameters: int
    """Norms, biases and the like."""
    layers: int | None = None
    hidden_size: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    attention_kind: str = "unknown attention"
    """E.g. ``grouped-query``."""
    attention: str = "unknown attention"
    """In words, e.g. ``grouped-query, 8 of 32 heads``."""
    experts: Experts | None = None
    trained_type: str = "bf16"
    """Type of whatever is not quantised."""
    stored_types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Type of a part in the published checkpoint, where it is narrower."""
    architecture: str = ""
    """``model_type`` of the published configuration."""
    source: str = ""
    published_parameters: int | None = None
    """Parameter count its publisher states, where it is known to the digit."""
    max_context_tokens: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """The number of all parameters of the model."""
        held = sum(matrix.copies * matrix.values for matrix in self.matrices)
        return held + self.embedding_parameters + self.other_parameters

    @property
    def matrix_parameters_per_token(self) -> int:
        """Parameters that one token is multiplied with."""
        return sum(matrix.uses * matrix.values for matrix in self.matrices)

    @property
    def active_parameters(self) -> int:
        """Parameters a token is computed with: the head counts, an input table of its own not."""
        return self.matrix_parameters_per_token + self.other_parameters

    @property
    def shapes_known(self) -> bool:
        """Whether each matrix has its two sides, so that activations can be counted."""
        return all(matrix.part != "all" for matrix in self.matrices)

    def type_of(self, part: Part, weights: str) -> str:
        """Return the type a part is stored in when the weights are asked for as ``weights``.

        ``native`` is the published checkpoint's own; any other goes for the layers' matrices.
        """
        if weights == "native":
            return self.stored_types.get(part, self.trained_type)
        return weights if part in QUANTISED_PARTS else self.trained_type
