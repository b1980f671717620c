"""The known model families: what each one's layers hold beyond the common frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ncutool.planning.llm.model import Cache, Experts, Matrix, Model
from ncutool.planning.llm.shapes import HeadShape, LatentShape, feed_forward
from ncutool.planning.llm.stored import stored_types, trained_type
from ncutool.planning.llm.values import Values
from ncutool.planning.llm.windows import layer_windows

Builder = Callable[[Values, str, str, "int | None"], Model]


@dataclass(frozen=True)
class Frame:
    """What a family's layers hold that their configuration does not say."""

    query_bias: bool = False
    output_bias: bool = False
    norms: int = 2
    """Norms of the hidden size in a layer."""
    norm_vectors: int = 1
    """Vectors in a norm: a scale, and for LayerNorm a shift."""
    head_norms: bool = False
    """Norms of a query and a key head."""
    sinks: bool = False
    """A learned logit for each head (attention sinks)."""
    tied: bool = False
    """Whether head and input table are one where the configuration does not say."""
    head_dim: int | None = None
    """Where the configuration does not say; else hidden size over heads."""
    defaults: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Mixture:
    matrices: tuple[Matrix, ...]
    others: int
    experts: Experts | None


def _decoder(values: Values, frame: Frame, name: str, source: str, published: int | None) -> Model:
    """Return a decoder with a query, key, value and output projection and gated feed-forward
    layers."""
    hidden = values.count("hidden_size", default=frame.defaults.get("hidden_size"))
    layers = values.count("num_hidden_layers")
    shape = _head_shape(values, frame, hidden)
    mixture = _mixture(values, hidden, layers)
    biases = frame.query_bias or values.flag("attention_bias")
    others = layers * _norms(shape, frame, hidden) + hidden * frame.norm_vectors + mixture.others
    if biases:
        others += layers * (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    if frame.output_bias or values.flag("attention_bias"):
        others += layers * hidden
    if values.flag("mlp_bias"):
        others += layers * (2 * values.count("intermediate_size") + hidden)
    windows = layer_windows(values, layers)
    return _model(
        values,
        (name, source, published),
        frame.tied,
        matrices=(*shape.matrices(layers), *mixture.matrices),
        caches=tuple(shape.cache(count, window) for window, count in windows.items()),
        others=others,
        heads=(shape.heads, shape.kv_heads, shape.kind, shape.words()),
        experts=mixture.experts,
        vocabulary=values.count("vocab_size", default=frame.defaults.get("vocab_size")),
    )


def _head_shape(values: Values, frame: Frame, hidden: int) -> HeadShape:
    heads = values.count("num_attention_heads", default=frame.defaults.get("num_attention_heads"))
    kv_heads = values.count(
        "num_key_value_heads", default=frame.defaults.get("num_key_value_heads", heads)
    )
    if heads % kv_heads:
        raise values.fail(f"{heads} query heads do not divide among {kv_heads} key-value heads")
    if not values.given("head_dim") and frame.head_dim is None and hidden % heads:
        raise values.fail(f"hidden_size {hidden} does not divide among {heads} heads")
    head_dim = values.count("head_dim", default=frame.head_dim or hidden // heads)
    return HeadShape(hidden, heads, kv_heads, head_dim)


def _norms(shape: HeadShape, frame: Frame, hidden: int) -> int:
    """Norm weights and sinks of one layer."""
    count = frame.norms * frame.norm_vectors * hidden
    if frame.head_norms:
        count += 2 * shape.head_dim
    return count + (shape.heads if frame.sinks else 0)


def _mixture(values: Values, hidden: int, layers: int) -> _Mixture:
    """Feed-forward layers, dense or routed to experts."""
    count = values.count("num_local_experts", "num_experts", "n_routed_experts", default=0, least=0)
    dense = layers if count == 0 else _dense_layers(values, layers)
    matrices: list[Matrix] = []
    if dense:
        inner = values.count("intermediate_size")
        matrices += feed_forward("mlp", hidden, inner, dense, dense)
    if count == 0 or dense == layers:
        return _Mixture(tuple(matrices), 0, None)
    routed = layers - dense
    chosen = values.count("num_experts_per_tok", "experts_per_token")
    if chosen > count:
        raise values.fail(f"{chosen} experts for each token, but only {count} experts")
    inner = values.count("moe_intermediate_size", "intermediate_size")
    matrices += feed_forward("experts", hidden, inner, routed * count, routed * chosen)
    matrices.append(Matrix("router", "router", hidden, count, routed, routed, "none"))
    shared, more = _shared(values, hidden, routed, inner)
    others = 0
    kind = values.text("model_type")
    if kind == "deepseek_v3":
        others = routed * count  # the bias that corrects the experts' scores
    elif kind == "gpt_oss":
        others = routed * count  # the router's bias
        sides = 2 * inner + hidden
        more.append(
            Matrix("biases", "expert_biases", 1, sides, routed * count, routed * chosen, "outputs")
        )
    return _Mixture((*matrices, *more), others, Experts(count, chosen, routed, shared))


def _dense_layers(values: Values, layers: int) -> int:
    """Layers of a mixture that have one dense feed-forward block."""
    first = values.count("first_k_dense_replace", default=0, least=0)
    listed = values.data.get("mlp_only_layers") or []
    if not isinstance(listed, list) or not all(isinstance(each, int) for each in listed):
        raise values.fail("mlp_only_layers must be a list of whole numbers")
    step = values.count("decoder_sparse_step", "moe_layer_freq", default=1)
    if "decoder_sparse_step" in values.data:
        dense = {index for index in range(layers) if (index + 1) % step}
    else:
        dense = {index for index in range(layers) if index < first or index % step}
    return len(dense | {index for index in listed if 0 <= index < layers})


def _shared(values: Values, hidden: int, routed: int, inner: int) -> tuple[int, list[Matrix]]:
    """Experts that every token passes: how many, and their matrices."""
    count = values.count("n_shared_experts", default=0, least=0)
    size = count * inner
    gate: list[Matrix] = []
    if values.given("shared_expert_intermediate_size"):
        size = values.count("shared_expert_intermediate_size")
        count = 1
        gate = [Matrix("shared_gate", "router", hidden, 1, routed, routed, "none")]
    if not count:
        return 0, []
    return count, [*feed_forward("shared_experts", hidden, size, routed, routed), *gate]


def _latent(values: Values, name: str, source: str, published: int | None) -> Model:
    """DeepSeek-V2 and V3: latent attention, and a mixture with shared experts."""
    hidden = values.count("hidden_size")
    layers = values.count("num_hidden_layers")
    heads = values.count("num_attention_heads")
    shape = LatentShape(
        hidden=hidden,
        heads=heads,
        query_rank=values.count("q_lora_rank") if values.given("q_lora_rank") else None,
        cache_rank=values.count("kv_lora_rank"),
        plain_dim=values.count("qk_nope_head_dim"),
        rotary_dim=values.count("qk_rope_head_dim"),
        value_dim=values.count("v_head_dim"),
    )
    mixture = _mixture(values, hidden, layers)
    return _model(
        values,
        (name, source, published),
        False,
        matrices=(*shape.matrices(layers), *mixture.matrices),
        caches=(shape.cache(layers),),
        others=layers * (2 * hidden + shape.norms) + hidden + mixture.others,
        heads=(heads, 1, shape.kind, shape.words()),
        experts=mixture.experts,
        vocabulary=values.count("vocab_size"),
    )


def _falcon(values: Values, name: str, source: str, published: int | None) -> Model:
    """Falcon: LayerNorm, a feed-forward block of two matrices beside the attention."""
    hidden = values.count("hidden_size")
    layers = values.count("num_hidden_layers")
    heads = values.count("num_attention_heads")
    new = values.flag("new_decoder_architecture")
    kv_heads = heads
    if new:
        kv_heads = values.count("num_kv_heads", default=heads)
    elif values.flag("multi_query", True):
        kv_heads = 1
    if hidden % heads or heads % kv_heads:
        raise values.fail(f"{hidden} and {heads} heads and {kv_heads} do not divide")
    if values.flag("bias"):
        raise values.fail("Falcon with biases is not known")
    shape = HeadShape(hidden, heads, kv_heads, hidden // heads)
    norms = 2 if new or not values.flag("parallel_attn", True) else 1
    inner = values.count("ffn_hidden_size", default=4 * hidden)
    return _model(
        values,
        (name, source, published),
        True,
        matrices=(
            *shape.matrices(layers),
            *feed_forward("mlp", hidden, inner, layers, layers, gated=False),
        ),
        caches=(shape.cache(layers, None),),
        others=2 * hidden * (layers * norms + 1),
        heads=(heads, kv_heads, shape.kind, shape.words()),
        experts=None,
        vocabulary=values.count("vocab_size"),
    )


def _model(
    values: Values,
    named: tuple[str, str, int | None],
    tied: bool,
    *,
    matrices: tuple[Matrix, ...],
    caches: tuple[Cache, ...],
    others: int,
    heads: tuple[int, int, str, str],
    experts: Experts | None,
    vocabulary: int,
) -> Model:
    """Return the model of its layers, with head, input table and stored types."""
    name, source, published = named
    hidden = values.count("hidden_size")
    stored, notes = stored_types(values)
    if values.count("num_nextn_predict_layers", default=0, least=0):
        notes = (*notes, "multi-token prediction layers of the checkpoint are not counted")
    is_tied = values.flag("tie_word_embeddings", tied)
    limit = values.count("max_position_embeddings", default=0, least=0)
    return Model(
        name=name,
        matrices=(*matrices, Matrix("head", "head", hidden, vocabulary, 1, 1, "outputs")),
        caches=caches,
        embedding_parameters=0 if is_tied else hidden * vocabulary,
        other_parameters=others,
        layers=values.count("num_hidden_layers"),
        hidden_size=hidden,
        heads=heads[0],
        kv_heads=heads[1],
        attention_kind=heads[2],
        attention=heads[3],
        experts=experts,
        trained_type=trained_type(values),
        stored_types=stored,
        architecture=values.text("model_type"),
        source=source,
        published_parameters=published,
        max_context_tokens=limit or None,
        notes=notes,
    )


def _of(frame: Frame) -> Builder:
    return lambda values, name, source, published: _decoder(values, frame, name, source, published)


FAMILIES: Mapping[str, Builder] = {
    "llama": _of(Frame()),
    "mistral": _of(Frame()),
    "mixtral": _of(Frame()),
    "qwen2": _of(Frame(query_bias=True)),
    "qwen2_moe": _of(Frame(query_bias=True)),
    "qwen3": _of(Frame(head_norms=True)),
    "qwen3_moe": _of(Frame(head_norms=True)),
    "gemma": _of(Frame(tied=True, head_dim=256)),
    "gemma2": _of(Frame(tied=True, head_dim=256, norms=4)),
    "gemma3": _of(Frame(tied=True, head_dim=256, norms=4, head_norms=True)),
    "gemma3_text": _of(
        Frame(
            tied=True,
            head_dim=256,
            norms=4,
            head_norms=True,
            defaults={"vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4},
        )
    ),
    "gpt_oss": _of(Frame(sinks=True)),
    "deepseek_v2": _latent,
    "deepseek_v3": _latent,
    "falcon": _falcon,
}
"""``model_type`` of a configuration to what builds its model."""
