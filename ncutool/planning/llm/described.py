"""A model described by its sizes, or by its parameter count alone."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ncutool.planning.llm.config import from_config
from ncutool.planning.llm.model import Cache, Matrix, Model
from ncutool.planning.llm.shapes import HeadShape
from ncutool_parsers.errors import UsageError

_MOST_PARAMETERS = 10**15
OPTIONS: Mapping[str, str] = {
    "num_hidden_layers": "--layers",
    "hidden_size": "--hidden",
    "num_attention_heads": "--heads",
    "num_key_value_heads": "--kv-heads",
    "head_dim": "--head-dim",
    "intermediate_size": "--intermediate",
    "vocab_size": "--vocab",
    "sliding_window": "--window",
    "num_local_experts": "--experts",
    "num_experts_per_tok": "--experts-per-token",
    "n_shared_experts": "--shared-experts",
    "moe_intermediate_size": "--expert-intermediate",
    "first_k_dense_replace": "--dense-layers",
}
"""Names of a configuration to the options that give them."""
LATENT = (
    "kv_lora_rank",
    "qk_rope_head_dim",
    "qk_nope_head_dim",
    "v_head_dim",
    "q_lora_rank",
)
"""Names of a configuration in the order of ``--mla``; the last may be left out."""
_NEEDED = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")


def described(sizes: Mapping[str, int], *, tied: bool = False) -> Model:
    """Return a Llama-like model (gated feed-forward layers, two norms a layer, no biases) of these
    sizes.

    Args:
        sizes: by the names of :data:`OPTIONS`, and of :data:`LATENT` for latent attention.
        tied: whether the head is the input table.

    Raises:
        UsageError: a size is missing or out of range, or heads do not divide.
    """
    needed = [*_NEEDED]
    if "num_local_experts" in sizes:
        needed += ["num_experts_per_tok"]
    if not {"intermediate_size", "moe_intermediate_size"} & set(sizes):
        needed.append("intermediate_size")
    missing = [OPTIONS[name] for name in needed if name not in sizes]
    if missing:
        raise UsageError(
            f"to describe a model, {', '.join(missing)} is missing too; or name one with --preset "
            "or --config, or give --params alone"
        )
    for name, value in sizes.items():
        if value < 1:
            option = OPTIONS.get(name, "each of --mla")
            raise UsageError(f"{option} must be a whole number above 0, not {value}")
    kind = "mixtral" if "num_local_experts" in sizes else "llama"
    if LATENT[0] in sizes:
        useless = {"num_key_value_heads", "head_dim", "sliding_window"} & set(sizes)
        if useless:
            raise UsageError(f"{OPTIONS[min(useless)]} means nothing with --mla: leave it out")
        kind = "deepseek_v2"
    data = {"model_type": kind, **sizes, "tie_word_embeddings": tied}
    return from_config(data, name="described model", where="the sizes given", free=sizes)


def counted(parameters: float, sizes: Mapping[str, int]) -> Model:
    """Return a dense model of which only the parameter count is known, and perhaps its cache.

    Args:
        parameters: all of them; each is read and multiplied once a token.
        sizes: for the cache ``num_hidden_layers``, ``num_key_value_heads`` (or
            ``num_attention_heads``) and ``head_dim`` by the names of :data:`OPTIONS`.

    Raises:
        UsageError: the count is out of range, or sizes are given that do not make a cache.
    """
    if not 1 <= parameters <= _MOST_PARAMETERS:
        raise UsageError(f"--params must be from 1 to {_MOST_PARAMETERS:,}, not {parameters:g}")
    total = round(parameters)
    for name, value in sizes.items():
        if value < 1:
            raise UsageError(f"{OPTIONS[name]} must be a whole number above 0, not {value}")
    other = set(sizes) - {
        "num_hidden_layers",
        "hidden_size",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "sliding_window",
    }
    if other:
        named = ", ".join(OPTIONS[name] for name in sorted(other))
        raise UsageError(f"--params counts the weights already: leave out {named}, or --params")
    shape = _shape(sizes)
    layers = sizes.get("num_hidden_layers")
    caches: tuple[Cache, ...] = ()
    if shape is not None and layers is not None:
        cache = shape.cache(layers, sizes.get("sliding_window"))
        caches = (cache if "num_attention_heads" in sizes else replace(cache, heads=None),)
    return Model(
        name=f"{total / 1e9:g}B parameters",
        matrices=(Matrix("weights", "all", 1, total, 1, 1, "outputs"),),
        caches=caches,
        embedding_parameters=0,
        other_parameters=0,
        layers=layers,
        hidden_size=sizes.get("hidden_size"),
        heads=sizes.get("num_attention_heads"),
        kv_heads=shape.kv_heads if shape else None,
        attention=shape.words() if shape and "num_attention_heads" in sizes else _unknown(shape),
        notes=() if caches else (_NO_CACHE,),
    )


_NO_CACHE = (
    "the cache is not counted: its size needs --layers, --kv-heads and --head-dim besides --params"
)


def _unknown(shape: HeadShape | None) -> str:
    return "attention not described" if shape is None else f"{shape.kv_heads} key-value heads"


def _shape(sizes: Mapping[str, int]) -> HeadShape | None:
    """Return the attention, where enough is said of it to know the cache."""
    heads = sizes.get("num_attention_heads")
    kv_heads = sizes.get("num_key_value_heads", heads)
    hidden = sizes.get("hidden_size", 0)
    head_dim = sizes.get("head_dim")
    if head_dim is None and heads and hidden and hidden % heads == 0:
        head_dim = hidden // heads
    known = (sizes.get("num_hidden_layers"), kv_heads, head_dim)
    if kv_heads is None or head_dim is None or None in known:
        if sizes:
            raise UsageError(
                "the cache needs --layers, --kv-heads (or --heads) and --head-dim (or --hidden "
                "with --heads); give all of them or none"
            )
        return None
    if heads is not None and heads % kv_heads:
        raise UsageError(f"{heads} query heads do not divide among {kv_heads} key-value heads")
    return HeadShape(hidden, heads or kv_heads, kv_heads, head_dim)
