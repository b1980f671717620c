"""What a decoder-only transformer holds: its matrices, its caches, its parameters."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType

Part = Literal[
    "attention", "mlp", "experts", "expert_biases", "shared_experts", "router", "head", "all"
]
Split = Literal["inputs", "outputs", "none"]

QUANTISED_PARTS: tuple[Part, ...] = ("attention", "mlp", "experts", "shared_experts", "all")
"""What narrow weight types are for; embeddings, head, router, norms and biases stay as trained."""
ROUTED_PARTS: tuple[Part, ...] = ("experts", "expert_biases")
"""What is read only for the experts that some token of the batch was sent to."""


class Matrix(Struct, frozen=True):
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
    stored: NumberType | None = None
    """Type in the published checkpoint; None is that of whatever is not quantised."""
    inputs_type: str | None = None
    """Type of its inputs, where the published checkpoint says it."""

    @property
    def values(self) -> int:
        """Weights in one copy."""
        return self.inputs * self.outputs


class Cache(Struct, frozen=True):
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
    """Tokens attended to at most, and kept; None is all."""
    chunk: int | None = None
    """Where attention starts afresh each so many tokens (Llama 4); None is never."""
    selected: int | None = None
    """Tokens attended to at most though all are kept: sparse attention with an indexer."""
    expansion: int = 0
    """Of a compressed cache: multiply-adds a head that make a token's key and value of it."""
    stored: NumberType | None = None
    """Its type where the architecture sets it; None is the plan's."""

    @property
    def is_compressed(self) -> bool:
        """Whether decoding works on something smaller than keys and values (latent attention)."""
        return self.expansion > 0

    def kept(self, context_tokens: float) -> float:
        """Return the tokens that are kept at this length of context."""
        limits = [each for each in (self.window, self.chunk) if each is not None]
        return min([context_tokens, *limits])

    def attended(self, context_tokens: float) -> float:
        """Return the tokens that a query meets at this length of context, itself among them."""
        if self.chunk is not None:
            context_tokens = (context_tokens - 1) % self.chunk + 1
        limits = [each for each in (self.window, self.selected) if each is not None]
        return min([context_tokens, *limits])

    def met(self, new_tokens: float, context_tokens: float) -> float:
        """Return the earlier tokens that some of the last ``new_tokens`` attend to, at least."""
        old = context_tokens - new_tokens
        return min(old, self.attended(old + 1) - 1)

    def pairs(self, new_tokens: float, context_tokens: float) -> float:
        """Return the (query, key) pairs of a head: each of the last ``new_tokens`` attends to
        those before it and to itself, or to as many of them as the layer lets it."""
        if new_tokens == 1:
            return self.attended(context_tokens)
        old = context_tokens - new_tokens
        if self.chunk is not None:
            return _chunked(context_tokens, self.chunk) - _chunked(old, self.chunk)
        limits = [each for each in (self.window, self.selected) if each is not None]
        limit = min([context_tokens, *limits])
        first, last = min(old, limit), min(context_tokens, limit)
        rising = (last - first) * (first + last + 1) / 2
        return rising + (new_tokens - (last - first)) * limit


def _chunked(tokens: float, chunk: int) -> float:
    """Return the pairs of tokens that attend to those before them in their own chunk."""
    whole, rest = divmod(tokens, chunk)
    return whole * chunk * (chunk + 1) / 2 + rest * (rest + 1) / 2


class State(Struct, frozen=True):
    """What layers without a cache keep of a sequence, however long it is (Mamba, linear
    attention)."""

    layers: int
    values: int
    """Numbers kept in each of these layers."""
    flop_per_token: int
    """To take in one token and to read the state out, in one layer."""
    shares: int
    """Among how many devices tensor parallelism can divide it: its heads."""
    stored: NumberType | None = None
    """Its type where the configuration sets it; None is that of the unquantised weights."""
    beside: bool = False
    """Whether the layers that keep it are those of the state before it: a layer keeps what its
    convolution looks back at beside its state."""


class Experts(Struct, frozen=True):
    """A mixture of experts: of ``count`` in each layer, a token is sent to ``per_token``."""

    count: int
    per_token: int
    layers: int
    shared: int = 0
    """Experts every token passes besides; they are dense weights."""


class Held(Struct, frozen=True):
    """Parameters beside those that a step of the decoder works with."""

    what: str
    parameters: int


class Model(Struct, frozen=True):
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
    cache_type: str | None = None
    """Type of the cache, where the published checkpoint says it."""
    architecture: str = ""
    """``model_type`` of the published configuration."""
    source: str = ""
    published_parameters: int | None = None
    """Parameter count its publisher states, where it is known to the digit."""
    max_context_tokens: int | None = None
    notes: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    held: tuple[Held, ...] = ()
    """Weights that stay in memory and that no step of the decoder reads: encoders of images."""
    unknown_storage: str = ""
    """Why it is not known how the published checkpoint stores its weights; empty where it is."""
    left_out: tuple[Held, ...] = ()
    """Weights of the checkpoint that serving leaves out: layers for multi-token prediction."""
    predicting_layers: int = 0
    """Layers for multi-token prediction that the configuration names; they are not counted."""

    @property
    def state_layers(self) -> int:
        """Layers that keep a state of a sequence."""
        return sum(state.layers for state in self.states if not state.beside)

    @property
    def parameters(self) -> int:
        """The number of all parameters of the model."""
        matrices = sum(matrix.copies * matrix.values for matrix in self.matrices)
        encoders = sum(one.parameters for one in self.held)
        return matrices + encoders + self.embedding_parameters + self.other_parameters

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

    def type_of(self, matrix: Matrix, weights: str) -> NumberType:
        """Return the type a matrix is stored in when the weights are asked for as ``weights``.

        ``native`` is the published checkpoint's own; any other goes for the layers' matrices.
        """
        trained = NUMBER_TYPES[self.trained_type]
        if weights == "native":
            return matrix.stored or trained
        return NUMBER_TYPES[weights] if matrix.part in QUANTISED_PARTS else trained
