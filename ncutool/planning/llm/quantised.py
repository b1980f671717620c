"""How a published checkpoint stores its weights: which matrices are narrow, and how narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ncutool.planning.llm.model import QUANTISED_PARTS, Matrix
from ncutool.planning.llm.schemes import Understood, UnknownStorageError, understood
from ncutool.planning.llm.values import Values


class Placed(Struct, frozen=True):
    """Matrices of one shape, and the layers they stand in."""

    matrix: Matrix
    layers: tuple[int, ...]
    """Empty where they belong to no layer."""


class Checkpoint(Struct, frozen=True):
    """A model's matrices in the types of its published checkpoint."""

    matrices: tuple[Matrix, ...]
    cache_type: str | None = None
    unknown: str = ""
    """Why the types are not known; empty where they are."""
    notes: tuple[str, ...] = ()


def quantised(values: Values, placed: Sequence[Placed]) -> Checkpoint:
    """Return matrices with the types of ``quantization_config``; unchanged where there is none."""
    plain = tuple(one.matrix for one in placed)
    name = "quantization_config"
    if not values.given(name):
        name = "compression_config"
    found = values.inner(name)
    if found is None:
        return Checkpoint(plain)
    try:
        scheme = understood(found)
    except UnknownStorageError as error:
        return Checkpoint(plain, unknown=f"{name}: {error}")
    narrowed = tuple(each for one in placed for each in _narrowed(one, scheme))
    return Checkpoint(narrowed, scheme.cache_type)


def _narrowed(placed: Placed, scheme: Understood) -> list[Matrix]:
    """Return a matrix in its type; in two parts where only some of its layers are narrow."""
    one = placed.matrix
    is_head = one.part == "head"
    if one.part not in QUANTISED_PARTS and not (is_head and scheme.head):
        return [one]
    if scheme.experts_only and one.part != "experts":
        return [one]
    by_scheme: dict[int | None, int] = {}
    for layer in placed.layers or (0,):
        modules = _modules(one, layer)
        which: int | None = None
        if not any(scheme.kept(module) for module in modules):
            for index, each in enumerate(scheme.schemes):
                targets = each.targets
                if targets is None or any(targets(module) for module in modules):
                    which = index
                    break
        by_scheme[which] = by_scheme.get(which, 0) + 1
    many = sum(by_scheme.values())
    parts = []
    for which, count in by_scheme.items():
        share = replace(one, copies=one.copies * count // many, uses=one.uses * count // many)
        if which is not None:
            chosen = scheme.schemes[which]
            share = replace(share, stored=chosen.stored, inputs_type=chosen.inputs)
        parts.append(share)
    return parts


_NAMES: Mapping[str, tuple[str, ...]] = {
    "query": ("q_proj", "qkv_proj", "query_key_value"),
    "key": ("k_proj", "qkv_proj", "query_key_value"),
    "value": ("v_proj", "qkv_proj", "query_key_value"),
    "output": ("o_proj", "out_proj", "dense"),
    "query_down": ("q_a_proj", "fused_qkv_a_proj_with_mqa"),
    "query_up": ("q_b_proj",),
    "kv_down": ("kv_a_proj_with_mqa", "fused_qkv_a_proj_with_mqa"),
    "kv_up": ("kv_b_proj",),
    "index_query": ("indexer.wq_b",),
    "index_key": ("indexer.wk",),
    "index_weights": ("indexer.weights_proj",),
    "gate": ("gate_proj", "gate_up_proj", "w1"),
    "up": ("up_proj", "gate_up_proj", "w3"),
    "down": ("down_proj", "w2"),
}


def _modules(matrix: Matrix, layer: int) -> list[str]:
    """Return the names that published checkpoints give to a matrix of a layer."""
    if matrix.part == "head":
        return ["lm_head"]
    names = _NAMES.get(matrix.name, (matrix.name,))
    if matrix.part == "attention" and matrix.name not in _NAMES:
        middles: tuple[str, ...] = ("mamba", "linear_attn", "mixer", "conv", "self_attn")
        names = (names[0].removeprefix("linear_"),)
    elif matrix.part == "attention":
        middles = ("self_attn",)
    elif matrix.part == "experts":
        middles = ("mlp.experts.0", "mlp.experts")
    elif matrix.part == "shared_experts":
        middles = ("mlp.shared_experts", "mlp.shared_expert")
    else:
        middles = ("mlp",)
    middle = middles[:1] if matrix.part == "attention" and matrix.name in _NAMES else middles
    return [f"model.layers.{layer}.{each}.{name}" for each in middle for name in names]
