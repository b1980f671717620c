"""Decoders with query, key, value and output projections and a feed-forward block a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from ncutool.base.user_files import shown
from ncutool.planning.llm.families.draft import Draft, Named
from ncutool.planning.llm.families.mixture import (
    Flag,
    Mixing,
    add_mixture,
    count_of,
    is_set,
    routed_layers,
)
from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.shapes import HeadShape, feed_forward
from ncutool.planning.llm.values import Values
from ncutool.planning.llm.windows import Windows, attention_layers


class Frame(Struct, frozen=True):
    """What a family's layers hold that their configuration does not say."""

    query_bias: Flag = "attention_bias"
    """Biases of query, key and value."""
    output_bias: Flag = "attention_bias"
    mlp_bias: Flag = False
    head_bias: bool = False
    gated: bool = True
    """Whether a feed-forward block has a gate beside its up-projection."""
    norms: int = 2
    """Norms of the hidden size in a layer."""
    norm_vectors: int = 1
    """Vectors in a norm: a scale, and for LayerNorm a shift."""
    final_norm: bool = True
    head_norms: Literal["", "head", "full"] = ""
    """Norms of queries and keys: of one head's size, or of all heads together."""
    head_norms_if: Flag = True
    gate_heads: Flag = False
    """Whether the query projection brings a gate of its own size for the output."""
    sinks: bool = False
    """A learned logit for each head (attention sinks)."""
    extra: int = 0
    """Further parameters of a layer."""
    tied: bool = False
    """Whether head and input table are one where the configuration does not say."""
    head_dim: int | None = None
    """Where the configuration does not say; else hidden size over heads."""
    heads_fill: bool = False
    """Whether heads divide the hidden size, so that published configurations need not say
    their size."""
    windows: Windows = field(default_factory=Windows)
    mixing: Mixing | None = None
    """None: a model of this family has no experts."""
    defaults: Mapping[str, int] = field(default_factory=dict)
    understood: tuple[str, ...] = ()
    """Names that mean nothing for what is planned, in this family."""


_UNPLANNED = ("qk_layernorm", "use_parallel_residual", "use_bidirectional_attention")
"""Facts that no family here is planned with: fine where they are false."""


_BIASES = ("attention_bias", "mlp_bias", "use_bias", "use_qkv_bias", "qkv_bias", "add_bias_linear")
"""Names of biases: fine where they are false, in families without them."""


def decoder(values: Values, frame: Frame, named: Named) -> Model:
    """Return the decoder of a configuration."""
    draft = begin(values, frame)
    shape = head_shape(values, frame, draft.hidden)
    add_attention(draft, frame, shape, list(range(draft.layers)))
    add_feed_forward(draft, frame, list(range(draft.layers)))
    return end(draft, frame, named)


def begin(values: Values, frame: Frame) -> Draft:
    """Return the draft of a model of which only the size is known."""
    hidden = sized(values, frame, "hidden_size")
    for name in _UNPLANNED:
        if values.data.get(name):
            raise refuse(values, f"{name} is {shown(values.data[name])}, which is not planned")
        values.known(name)
    values.known(*frame.understood)
    values.known(*(name for name in _BIASES if values.data.get(name) is False))
    return Draft(values, hidden, sized(values, frame, "num_hidden_layers"))


def sized(values: Values, frame: Frame, name: str) -> int:
    """Return a size; the family's own where the configuration does not give it."""
    if not values.given(name) and name in frame.defaults:
        return values.default(name, frame.defaults[name])
    return values.count(name)


def end(draft: Draft, frame: Frame, named: Named) -> Model:
    """Return the model of a draft whose layers stand."""
    values = draft.values
    vocabulary = sized(values, frame, "vocab_size")
    if frame.final_norm:
        draft.others += draft.hidden * frame.norm_vectors
    if frame.head_bias:
        draft.others += vocabulary
    return draft.finish(named, tied=frame.tied, vocabulary=vocabulary)


def head_shape(values: Values, frame: Frame, hidden: int) -> HeadShape:
    """Return the heads of the attention."""
    heads = sized(values, frame, "num_attention_heads")
    if values.given("num_key_value_heads"):
        kv_heads = values.count("num_key_value_heads")
    else:
        kv_heads = values.default(
            "num_key_value_heads", frame.defaults.get("num_key_value_heads", heads)
        )
    if heads % kv_heads:
        raise values.fail(f"{heads} query heads do not divide among {kv_heads} key-value heads")
    if values.given("head_dim"):
        return HeadShape(hidden, heads, kv_heads, values.count("head_dim"))
    if frame.head_dim is None and hidden % heads:
        raise values.fail(f"hidden_size {hidden} does not divide among {heads} heads")
    head_dim = frame.head_dim or hidden // heads
    if "head_dim" in values.data or not frame.heads_fill:  # null, or left out
        values.default("head_dim", head_dim)
    return HeadShape(hidden, heads, kv_heads, head_dim)


def add_attention(draft: Draft, frame: Frame, shape: HeadShape, layers: list[int]) -> None:
    """Add the attention of these layers: projections, biases, norms of heads, and caches."""
    values = draft.values
    count = len(layers)
    gated = is_set(values, frame.gate_heads)
    draft.attend(shape, shape.kv_heads)
    draft.add(shape.matrices(count, gated=gated), layers)
    query, key = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    if is_set(values, frame.query_bias):
        draft.others += count * ((2 if gated else 1) * query + 2 * key)
    if is_set(values, frame.output_bias):
        draft.others += count * draft.hidden
    if frame.head_norms and is_set(values, frame.head_norms_if):
        draft.others += count * (2 * shape.head_dim if frame.head_norms == "head" else query + key)
    if frame.sinks:
        draft.others += count * shape.heads
    for span, many in attention_layers(values, draft.layers, frame.windows, set(layers)).items():
        draft.caches.append(shape.cache(many, span.window, span.chunk))


def add_feed_forward(draft: Draft, frame: Frame, layers: list[int]) -> None:
    """Add norms and the feed-forward blocks of these layers: dense, or routed to experts."""
    values, hidden = draft.values, draft.hidden
    draft.others += len(layers) * (frame.norms * frame.norm_vectors * hidden + frame.extra)
    mixing = frame.mixing
    if mixing is None and values.free & _ASKED:
        mixing = Mixing(
            required=False, shares=True, first=True
        )  # the user asked for experts in a family without any
    routed: set[int] = set()
    if mixing is not None:
        count = count_of(values, mixing)
        routed = routed_layers(values, draft.layers, mixing) & set(layers) if count else set()
        if routed:
            add_mixture(draft, mixing, count, routed)
        elif count:
            raise values.fail(f"{count} experts, but no layer that has any")
    dense = [index for index in layers if index not in routed]
    name = mixing.dense if mixing is not None else "intermediate_size"
    if not dense:
        values.known(name)
        return
    inner = sized(values, frame, name)
    many = len(dense)
    draft.add(feed_forward("mlp", hidden, inner, many, many, gated=frame.gated), dense)
    if is_set(values, frame.mlp_bias):
        draft.others += many * ((2 if frame.gated else 1) * inner + hidden)


_ASKED = frozenset(("num_local_experts",))
"""Names of :data:`ncutool.planning.llm.described.OPTIONS` that make a mixture of any model."""
