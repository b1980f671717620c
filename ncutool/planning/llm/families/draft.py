"""A model as it is put together: blocks with the layers they stand in, then the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from ncutool.planning.llm.model import Cache, Experts, Held, Matrix, Model, State
from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType
from ncutool.planning.llm.quantised import Placed, quantised
from ncutool.planning.llm.shapes import HeadShape, LatentShape
from ncutool.planning.llm.stored import trained_type
from ncutool.planning.llm.values import Values


class Named(Struct, frozen=True):
    """What a model is called, and where it comes from."""

    name: str
    source: str = ""
    published_parameters: int | None = None


class Draft(Struct):
    """A model in the making."""

    values: Values
    hidden: int
    layers: int
    placed: list[Placed] = field(default_factory=list)
    caches: list[Cache] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    others: int = 0
    """Norms, biases, convolutions and the like."""
    tables: int = 0
    """Learned positions: kept, and of which a step reads a row for each token."""
    experts: Experts | None = None
    heads: int | None = None
    kv_heads: int | None = None
    kind: str = "no attention"
    words: str = "no attention"
    held: list[Held] = field(default_factory=list)
    left_out: list[Held] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, matrices: Iterable[Matrix], layers: Sequence[int]) -> None:
        """Add matrices that stand in these layers."""
        self.placed += [Placed(one, tuple(layers)) for one in matrices]

    def attend(self, shape: HeadShape | LatentShape, kv_heads: int) -> None:
        """Say what the attention is."""
        self.heads, self.kv_heads = shape.heads, kv_heads
        self.kind, self.words = shape.kind, shape.words()

    def state_type(self, *names: str) -> NumberType | None:
        """Return the type that a configuration sets for recurrent states."""
        for name in names:
            given = self.values.text(name)
            if given in ("float32", "fp32"):
                return NUMBER_TYPES["fp32"]
        return None

    def finish(self, named: Named, *, tied: bool, vocabulary: int) -> Model:
        """Return the model, with head, input table and the types it is stored in."""
        values, hidden = self.values, self.hidden
        is_tied = values.flag("tie_word_embeddings", tied)
        head = Matrix("head", "head", hidden, vocabulary, 1, 1, "outputs")
        stored = quantised(values, (*self.placed, Placed(head, ())))
        notes = [*self.notes, *stored.notes]
        predicting = _predicting_layers(values)
        if predicting:
            notes.append("multi-token prediction layers of the checkpoint are not counted")
        if values.assumed:
            listed = ", ".join(values.assumed)
            notes.append(f"not in the configuration, taken as its family has it: {listed}")
        return Model(
            name=named.name,
            matrices=stored.matrices,
            caches=tuple(self.caches),
            embedding_parameters=self.tables + (0 if is_tied else hidden * vocabulary),
            other_parameters=self.others,
            layers=self.layers,
            hidden_size=hidden,
            heads=self.heads,
            kv_heads=self.kv_heads,
            attention_kind=self.kind,
            attention=self.words,
            experts=self.experts,
            trained_type=trained_type(values),
            cache_type=stored.cache_type,
            architecture=values.text("model_type"),
            source=named.source,
            published_parameters=named.published_parameters,
            max_context_tokens=values.count(
                "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=0,
                least=0,
            ) or None,
            states=tuple(self.states),
            held=tuple(self.held),
            left_out=tuple(self.left_out),
            unknown_storage=stored.unknown,
            notes=tuple(notes),
            predicting_layers=predicting,
        )  # fmt: skip


def _predicting_layers(values: Values) -> int:
    """Return how many layers for multi-token prediction the checkpoint holds."""
    names = ("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules")
    found = [values.count(name, default=0, least=0) for name in names]
    if values.flag("use_mtp"):
        found.append(values.count("mtp_num_layers", default=1))
    values.known("mtp_transformer_layers", "mtp_num_layers", "mtp_use_dedicated_embeddings")
    return max(found)
