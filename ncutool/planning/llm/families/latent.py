"""DeepSeek's latent attention, with or without an indexer that chooses what is attended to."""

from __future__ import annotations

from msgspec import Struct

from ncutool.planning.llm.families.decoder import Frame, add_feed_forward, begin, end
from ncutool.planning.llm.families.draft import Draft, Named
from ncutool.planning.llm.families.mixture import Mixing
from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.model import Cache, Matrix, Model
from ncutool.planning.llm.number_types import NUMBER_TYPES
from ncutool.planning.llm.shapes import LatentShape
from ncutool.planning.llm.values import Values


class LatentFrame(Struct, frozen=True):
    """What a family of latent attention holds that its configuration does not say."""

    mixing: Mixing
    indexed: bool = False
    """Whether an indexer chooses the tokens (DeepSeek-V3.2)."""


def latent(values: Values, frame: LatentFrame, named: Named) -> Model:
    """Return a decoder with latent attention and, usually, a mixture with shared experts."""
    plain = Frame(mlp_bias="mlp_bias", mixing=frame.mixing)
    draft = begin(values, plain)
    shape = LatentShape(
        hidden=draft.hidden,
        heads=values.count("num_attention_heads"),
        query_rank=values.count("q_lora_rank") if values.given("q_lora_rank") else None,
        cache_rank=values.count("kv_lora_rank"),
        plain_dim=values.count("qk_nope_head_dim"),
        rotary_dim=values.count("qk_rope_head_dim"),
        value_dim=values.count("v_head_dim"),
    )
    layers = list(range(draft.layers))
    _check(values, shape)
    draft.attend(shape, 1)
    draft.add(shape.matrices(draft.layers), layers)
    draft.others += draft.layers * shape.norms
    selected = _index(draft, shape, layers) if frame.indexed else None
    draft.caches.insert(0, shape.cache(draft.layers, selected))
    add_feed_forward(draft, plain, layers)
    return end(draft, plain, named)


def _check(values: Values, shape: LatentShape) -> None:
    """Raise a UsageError where the configuration says something else of the heads."""
    if shape.query_rank is None and values.text("model_type") != "deepseek_v2":
        values.assumed.append("queries not compressed (q_lora_rank)")
    values.known("num_key_value_heads")  # each head has a key and a value of its own
    if values.flag("attention_bias"):
        raise refuse(values, "latent attention with biases is not known")
    sizes = {"qk_head_dim": shape.plain_dim + shape.rotary_dim}
    for name, size in sizes.items():
        if values.given(name) and values.count(name) != size:
            raise values.fail(f"{name} {values.count(name)} is not the sum of its parts, {size}")
    values.known("head_dim")
    kinds = set(values.texts("layer_types") or ())
    if kinds - {"full_attention", "indexed_attention", "deepseek_sparse_attention"}:
        raise refuse(values, f"layer_types names {min(kinds)!r}")


def _index(draft: Draft, shape: LatentShape, layers: list[int]) -> int:
    """Add the indexer: a small attention with one key of all its heads, kept in fp8."""
    values = draft.values
    heads, size = values.count("index_n_heads"), values.count("index_head_dim")
    chosen = values.count("index_topk")
    if set(values.texts("indexer_types") or ("full",)) != {"full"}:
        raise refuse(values, "indexer_types: indexers shared between layers are not known")
    count = len(layers)
    inputs = shape.query_rank or draft.hidden
    rows = (("index_query", inputs, heads * size), ("index_key", draft.hidden, size))
    for name, wide, outputs in (*rows, ("index_weights", draft.hidden, heads)):
        one = Matrix(name, "attention", wide, outputs, count, count, "none")
        draft.add([one], layers)
    draft.others += count * 2 * size  # LayerNorm of the keys
    draft.caches.append(
        Cache(
            layers=count,
            values_per_token=size,
            heads=heads,
            score_dim=size,
            value_dim=0,
            prefill_score_dim=size,
            prefill_value_dim=0,
            shares=1,
            stored=NUMBER_TYPES["fp8"],
        )
    )
    draft.notes.append(
        f"a query attends to {chosen:,} tokens at most, which an indexer chooses among all"
    )
    return chosen
