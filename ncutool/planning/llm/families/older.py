"""Families from before Llama: learned positions, LayerNorm, feed-forward blocks of two matrices."""

from __future__ import annotations

from ncutool.planning.llm.families.draft import Draft, Named
from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.shapes import HeadShape, feed_forward
from ncutool.planning.llm.values import Values


def _blocks(
    draft: Draft, shape: HeadShape, inner: int, *, biases: tuple[bool, bool], norms: int
) -> None:
    """Add attention and an ungated feed-forward block to each layer.

    Args:
        biases: whether the attention's and the feed-forward block's projections have any.
        norms: norm weights of a layer.
    """
    layers = list(range(draft.layers))
    many, hidden = draft.layers, draft.hidden
    draft.attend(shape, shape.kv_heads)
    draft.add(shape.matrices(many), layers)
    draft.add(feed_forward("mlp", hidden, inner, many, many, gated=False), layers)
    draft.caches.append(shape.cache(many, None))
    attention = (shape.heads + 2 * shape.kv_heads) * shape.head_dim + hidden
    draft.others += many * norms
    draft.others += many * (attention if biases[0] else 0)
    draft.others += many * (inner + hidden if biases[1] else 0)


def _heads(values: Values, hidden: int, heads: int, kv_heads: int | None = None) -> HeadShape:
    kv_heads = heads if kv_heads is None else kv_heads
    if hidden % heads or heads % kv_heads:
        raise values.fail(f"{hidden} and {heads} heads and {kv_heads} do not divide")
    return HeadShape(hidden, heads, kv_heads, hidden // heads)


def falcon(values: Values, named: Named) -> Model:
    """Falcon: LayerNorm, a feed-forward block of two matrices beside the attention."""
    hidden = values.count("hidden_size")
    heads = values.count("num_attention_heads", "n_head")
    draft = Draft(values, hidden, values.count("num_hidden_layers", "n_layer"))
    new = values.flag("new_decoder_architecture")
    kv_heads = heads
    if new:
        names = ("num_kv_heads", "n_head_kv")
        given = any(values.given(name) for name in names)
        kv_heads = values.count(*names) if given else values.default(names[0], heads)
    elif values.flag("multi_query", True):
        kv_heads = 1
    values.known("num_kv_heads", "n_head_kv", "multi_query")
    if values.flag("bias"):
        raise refuse(values, "Falcon with biases is not known")
    norms = 2 if new or not values.flag("parallel_attn", True) else 1
    values.known("parallel_attn")
    if values.given("num_ln_in_parallel_attn"):
        norms = values.count("num_ln_in_parallel_attn")
    shape = _heads(values, hidden, heads, kv_heads)
    inner = values.count("ffn_hidden_size", default=4 * hidden)
    _blocks(draft, shape, inner, biases=(False, False), norms=2 * hidden * norms)
    draft.others += 2 * hidden
    return draft.finish(named, tied=True, vocabulary=values.count("vocab_size"))


def gpt2(values: Values, named: Named) -> Model:
    """GPT-2 and, with one key-value head, GPT BigCode."""
    hidden = values.count("n_embd", "hidden_size")
    heads = values.count("n_head", "num_attention_heads")
    draft = Draft(values, hidden, values.count("n_layer", "num_hidden_layers"))
    one = values.text("model_type") == "gpt_bigcode" and values.flag("multi_query", True)
    values.known("attention_softmax_in_fp32", "scale_attention_softmax_in_fp32")
    values.known("runner_max_sequence_length", "num_key_value_heads")
    inner = values.count("n_inner", default=4 * hidden)
    shape = _heads(values, hidden, heads, 1 if one else None)
    _blocks(draft, shape, inner, biases=(True, True), norms=4 * hidden)
    draft.others += 2 * hidden
    places = values.count("n_positions", "n_ctx", default=0, least=0)
    if not places:
        places = values.default("n_positions", 1024)
    draft.tables = places * hidden
    return draft.finish(named, tied=True, vocabulary=values.count("vocab_size"))


def opt(values: Values, named: Named) -> Model:
    """OPT, but for the one size whose tables are narrower than its layers."""
    hidden = values.count("hidden_size")
    heads = values.count("num_attention_heads")
    draft = Draft(values, hidden, values.count("num_hidden_layers"))
    if values.count("word_embed_proj_dim", default=hidden) != hidden:
        raise refuse(values, "tables narrower than the layers (word_embed_proj_dim) are not known")
    if not values.flag("enable_bias", True) or not values.flag(
        "layer_norm_elementwise_affine", True
    ):
        raise refuse(values, "OPT without biases or norm weights is not known")
    shape = _heads(values, hidden, heads)
    _blocks(draft, shape, values.count("ffn_dim"), biases=(True, True), norms=4 * hidden)
    if values.flag("do_layer_norm_before", True) and not values.flag("_remove_final_layer_norm"):
        draft.others += 2 * hidden
    values.known("layerdrop")
    places = values.count("max_position_embeddings", default=0, least=0)
    if not places:
        places = values.default("max_position_embeddings", 2048)
    draft.tables = (places + 2) * hidden
    return draft.finish(named, tied=True, vocabulary=values.count("vocab_size"))


def bloom(values: Values, named: Named) -> Model:
    """BLOOM: positions are a slope of the scores, and the input table has a norm."""
    hidden = values.count("hidden_size", "n_embed")
    values.known("n_embed", "skip_bias_add", "skip_bias_add_qkv", "offset_alibi", "slow_but_exact")
    values.known("bias_dropout_fusion", "masked_softmax_fusion", "attention_softmax_in_fp32")
    heads = values.count("n_head", "num_attention_heads")
    draft = Draft(values, hidden, values.count("n_layer", "num_hidden_layers"))
    shape = _heads(values, hidden, heads)
    _blocks(draft, shape, 4 * hidden, biases=(True, True), norms=4 * hidden)
    draft.others += 4 * hidden
    return draft.finish(named, tied=True, vocabulary=values.count("vocab_size"))


def gpt_neox(values: Values, named: Named) -> Model:
    """Return the model of a configuration of GPT-NeoX or Pythia."""
    hidden = values.count("hidden_size")
    draft = Draft(values, hidden, values.count("num_hidden_layers"))
    values.known("use_parallel_residual")
    shape = _heads(values, hidden, values.count("num_attention_heads"))
    biased = values.flag("attention_bias", True)
    inner = values.count("intermediate_size")
    _blocks(draft, shape, inner, biases=(biased, True), norms=4 * hidden)
    draft.others += 2 * hidden
    return draft.finish(named, tied=False, vocabulary=values.count("vocab_size"))


def gptj(values: Values, named: Named) -> Model:
    """GPT-J: one norm a layer, no biases in the attention, one on the head."""
    hidden = values.count("n_embd", "hidden_size")
    draft = Draft(values, hidden, values.count("n_layer", "num_hidden_layers"))
    shape = _heads(values, hidden, values.count("n_head", "num_attention_heads"))
    inner = values.count("n_inner", default=4 * hidden)
    _blocks(draft, shape, inner, biases=(False, True), norms=2 * hidden)
    vocabulary = values.count("vocab_size")
    draft.others += 2 * hidden + vocabulary
    values.known("scale_attn_weights", "rotary", "rotary_dim")
    return draft.finish(named, tied=False, vocabulary=vocabulary)
