"""How a published checkpoint stores its weights: which matrices are narrow, and how narrow."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.base.user_files import shown
from ncutool.planning.llm.model import QUANTISED_PARTS, Matrix
from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType, grouped
from ncutool.planning.llm.values import Values

_SCALE_BITS = IntThreshold(
    16,
    "bits",
    "of a scale in AWQ, GPTQ and compressed-tensors: 16-bit floating point",
    "their packed checkpoints: tensors named scales and weight_scale",
)
_BNB_BLOCK = IntThreshold(
    64, "values", "that share a scale", "bitsandbytes, quantize_4bit: blocksize"
)
_BNB_SCALE_BITS = IntThreshold(32, "bits", "of a scale", "bitsandbytes, QuantState: absmax")
_BNB_NESTED_BITS = Threshold(
    8.125,
    "bits",
    "of a scale that is itself quantised: 8, and 32 for each 256 of them",
    "bitsandbytes, quantize_4bit: compress_statistics",
)


@dataclass(frozen=True)
class Placed:
    """Matrices of one shape, and the layers they stand in."""

    matrix: Matrix
    layers: tuple[int, ...]
    """Empty where they belong to no layer."""


@dataclass(frozen=True)
class Checkpoint:
    """A model's matrices in the types of its published checkpoint."""

    matrices: tuple[Matrix, ...]
    cache_type: str | None = None
    unknown: str = ""
    """Why the types are not known; empty where they are."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """How some matrices are stored, and what their inputs are."""

    stored: NumberType
    inputs: str | None
    """Type of the inputs; None where they stay as trained."""
    targets: Callable[[str], bool] | None = None
    """Which modules; None is all."""


@dataclass(frozen=True)
class _Understood:
    schemes: tuple[Scheme, ...]
    kept: Callable[[str], bool] = field(default=lambda module: False)
    """Modules that stay as trained."""
    cache_type: str | None = None
    head: bool = False
    """Whether the head is narrow too, unless kept."""
    experts_only: bool = False


class _UnknownStorageError(Exception):
    """Why it is not known how weights are stored."""


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
        scheme = _understood(found)
    except _UnknownStorageError as error:
        return Checkpoint(plain, unknown=f"{name}: {error}")
    narrowed = tuple(each for one in placed for each in _narrowed(one, scheme))
    return Checkpoint(narrowed, scheme.cache_type)


def _understood(found: Values) -> _Understood:
    method = found.text("quant_method").lower().replace("_", "-")
    readers: Mapping[str, Callable[[Values], _Understood]] = {
        "mxfp4": _mxfp4,
        "fp8": _fp8,
        "fbgemm-fp8": _fp8,
        "awq": _integers,
        "gptq": _integers,
        "auto-round": _integers,
        "bitsandbytes": _bitsandbytes,
        "compressed-tensors": _compressed,
        "modelopt": _modelopt,
        "modelopt-fp4": _modelopt,
        "quark": _quark,
    }
    if not method and (found.data.get("load_in_4bit") or found.data.get("load_in_8bit")):
        method = "bitsandbytes"
    if not method and found.given("quant_algo"):
        method = "modelopt"
    reader = readers.get(method)
    if reader is None:
        raise _UnknownStorageError(f"quant_method {shown(method or None)} is not understood")
    return reader(found)


def _narrowed(placed: Placed, scheme: _Understood) -> list[Matrix]:
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


_ATTENTION = ("self_attn", "attention", "self_attention", "attn")
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
        middles = _ATTENTION[:1]
    elif matrix.part == "experts":
        middles = ("mlp.experts.0", "mlp.experts")
    elif matrix.part == "shared_experts":
        middles = ("mlp.shared_experts", "mlp.shared_expert")
    else:
        middles = ("mlp",)
    middle = middles[:1] if matrix.part == "attention" and matrix.name in _NAMES else middles
    return [f"model.layers.{layer}.{each}.{name}" for each in middle for name in names]


def _matcher(listed: object) -> Callable[[str], bool]:
    """Return whether a module fits one of a list of names, globs or regular expressions."""
    if listed is None:
        return lambda module: False
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _UnknownStorageError("the list of modules that stay as trained is no list of texts")
    tests = [_test(one) for one in listed]
    return lambda module: any(test(module) for test in tests)


def _test(text: str) -> Callable[[str], bool]:
    if text.startswith("re:"):
        try:
            pattern = re.compile(text[3:])
        except re.error as error:
            raise _UnknownStorageError(f"{shown(text)} is no regular expression") from error
        return lambda module: (
            pattern.match(_plain(module)) is not None or (pattern.match(module) is not None)
        )
    text = text.removeprefix("model.language_model.").removeprefix("language_model.")
    text = text.removeprefix("model.")
    if any(letter in text for letter in "*?"):
        return lambda module: (
            fnmatch.fnmatchcase(_plain(module), text)
            or fnmatch.fnmatchcase(_plain(module), f"{text}.*")
        )
    dotted = f".{text}."
    return lambda module: dotted in f".{_plain(module)}."


def _plain(module: str) -> str:
    return module.removeprefix("model.")


def _of(kind: NumberType, inputs: str | None) -> tuple[Scheme, ...]:
    return (Scheme(kind, inputs),)


def _stored_only(kind: NumberType) -> NumberType:
    return replace(kind, is_stored_only=True)


def _mxfp4(found: Values) -> _Understood:
    """gpt-oss: experts alone; their inputs follow the weights where a device can."""
    return _Understood(_of(NUMBER_TYPES["mxfp4"], None), experts_only=True)


def _fp8(found: Values) -> _Understood:
    """DeepSeek's and Qwen's blocks of 128 × 128, and Llama's rows: fp8 inputs."""
    names = ("modules_to_not_convert", "ignored_layers")
    listed = [one for name in names for one in (found.data.get(name) or [])]
    return _Understood(_of(NUMBER_TYPES["fp8"], "fp8"), _matcher(listed))


def _integers(found: Values) -> _Understood:
    """AWQ, GPTQ and AutoRound: groups of narrow integers with a scale and a zero point each."""
    for name in ("dynamic", "extra_config", "modules_in_block_to_quantize"):
        if found.data.get(name):
            raise _UnknownStorageError(f"{name}: some matrices are stored otherwise than the rest")
    bits = found.count("bits", "w_bit", default=0, least=0)
    if bits not in (2, 3, 4, 8):
        raise _UnknownStorageError(f"{bits or 'no number of'} bits a weight")
    group = found.data.get("group_size", found.data.get("q_group_size", 128))
    if isinstance(group, bool) or not isinstance(group, int) or group == 0 or group < -1:
        raise _UnknownStorageError(f"group_size {shown(group)}")
    name = "int8" if bits == 8 else "int4"
    kind = grouped(name, bits, None if group == -1 else group, _SCALE_BITS + bits, weight_only=True)
    kept = _matcher(found.data.get("modules_to_not_convert"))
    return _Understood(_of(kind, None), kept, head=found.flag("lm_head"))


def _bitsandbytes(found: Values) -> _Understood:
    """8-bit integers by row, or blocks of 64 four-bit values with a scale each."""
    kept = _matcher(found.data.get("llm_int8_skip_modules"))
    if found.flag("load_in_8bit"):
        return _Understood(_of(NUMBER_TYPES["int8"], "int8"), kept)
    if not found.flag("load_in_4bit"):
        raise _UnknownStorageError("neither load_in_4bit nor load_in_8bit is true")
    nested = found.flag("bnb_4bit_use_double_quant")
    scale = _BNB_NESTED_BITS if nested else _BNB_SCALE_BITS
    kind = grouped("int4", 4, _BNB_BLOCK, scale, weight_only=True)
    return _Understood(_of(kind, None), kept)


def _weights(given: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Scheme:
    """Return a scheme of compressed-tensors: weights, and inputs where they are narrow too."""
    bits, kind = given.get("num_bits"), given.get("type", "int")
    strategy, group = given.get("strategy"), given.get("group_size")
    narrow = _inputs(inputs)
    by_group = strategy in ("group", "tensor_group") and isinstance(group, int) and group > 0
    if strategy in ("group", "tensor_group") and not by_group:
        raise _UnknownStorageError(f"weights in groups of {shown(group)}")
    if kind == "float" and bits == 8:
        stored = NUMBER_TYPES["fp8"]
    elif kind == "float" and bits == 4:
        if group not in (16, 32):
            raise _UnknownStorageError(f"4-bit floating point in groups of {shown(group)}")
        stored = NUMBER_TYPES["nvfp4" if group == 16 else "mxfp4"]
    elif kind == "int" and bits in (4, 8):
        name = "int8" if bits == 8 else "int4"
        zero = 0 if given.get("symmetric", True) else bits
        stored = grouped(
            name, bits, group if by_group else None, _SCALE_BITS + zero, weight_only=narrow is None
        )
    else:
        raise _UnknownStorageError(f"weights of {shown(bits)} bits, type {shown(kind)}")
    if narrow is None:
        stored = _stored_only(stored)
    return Scheme(stored, narrow)


def _inputs(given: Mapping[str, Any] | None) -> str | None:
    if not given:
        return None
    bits, kind = given.get("num_bits"), given.get("type", "int")
    if bits == 16:
        return None
    if kind == "float" and bits == 4:
        return "nvfp4" if given.get("group_size", 16) == 16 else "mxfp4"
    known: dict[tuple[Any, Any], str] = {
        ("float", 8): "fp8", ("int", 8): "int8", ("int", 4): "int4",
    }  # fmt: skip
    if (kind, bits) not in known:
        raise _UnknownStorageError(f"inputs of {shown(bits)} bits, type {shown(kind)}")
    return known[(kind, bits)]


def _groups(found: Values) -> tuple[Scheme, ...]:
    """Return the schemes of ``config_groups``, each with the modules it is for."""
    groups = found.data.get("config_groups")
    if not isinstance(groups, Mapping) or not groups:
        raise _UnknownStorageError("config_groups is missing")
    schemes = []
    for group in groups.values():
        if not isinstance(group, Mapping):
            raise _UnknownStorageError("a group of config_groups is no object")
        weights, inputs = group.get("weights"), group.get("input_activations")
        if not isinstance(weights, Mapping) or not isinstance(inputs, Mapping | None):
            raise _UnknownStorageError("a group of config_groups has no weights")
        targets = group.get("targets", ["Linear"])
        scheme = _weights(weights, inputs)
        if targets != ["Linear"]:
            scheme = replace(scheme, targets=_matcher(targets))
        schemes.append(scheme)
    return tuple(schemes)


def _compressed(found: Values) -> _Understood:
    sparsity = found.data.get("sparsity_config") or {}
    sparse = sparsity.get("format", "dense") if isinstance(sparsity, Mapping) else "unknown"
    if sparse not in ("dense", ""):
        raise _UnknownStorageError(f"sparse weights ({shown(sparse)})")
    if str(found.data.get("format", "")).startswith("marlin-24"):
        raise _UnknownStorageError("sparse weights (marlin-24)")
    return _Understood(
        _groups(found),
        _matcher(found.data.get("ignore")),
        _cache(found.data.get("kv_cache_scheme")),
    )


def _cache(given: object) -> str | None:
    """Return the cache's type by a scheme of compressed-tensors or a name of modelopt."""
    if given is None or given == "none":
        return None
    if isinstance(given, str):
        kinds = {"FP8": "fp8", "NVFP4": "nvfp4", "INT8": "int8"}
        if given.upper() in kinds:
            return kinds[given.upper()]
    elif isinstance(given, Mapping):
        bits, kind = given.get("num_bits"), given.get("type", "int")
        known: dict[tuple[Any, Any], str] = {
            ("float", 8): "fp8",
            ("int", 8): "int8",
            ("float", 4): "nvfp4",
            ("int", 4): "int4",
        }
        if (kind, bits) in known:
            return known[(kind, bits)]
    raise _UnknownStorageError(f"a cache of {shown(given)}")


def _modelopt(found: Values) -> _Understood:
    inner = found.inner("quantization")
    if inner is not None:
        found = inner
    names = ("exclude_modules", "ignore", "modules_to_not_convert")
    kept = _matcher([one for name in names for one in (found.data.get(name) or [])])
    given = found.data.get("kv_cache_quant_algo") or found.data.get("kv_cache_scheme")
    cache = _cache(given)
    algorithm = found.text("quant_algo").upper()
    if found.data.get("quantized_layers"):
        raise _UnknownStorageError("quantized_layers: layers are stored in different types")
    group = found.data.get("group_size", 16 if "NVFP4" in algorithm else 128)
    if isinstance(group, bool) or not isinstance(group, int) or group <= 0:
        raise _UnknownStorageError(f"group_size {shown(group)}")
    if algorithm in ("NVFP4", "W4A8_NVFP4_FP8", "NVFP4_AWQ", "W4A16_NVFP4"):
        if group != 16:
            raise _UnknownStorageError(f"NVFP4 in groups of {group}")
        inputs = {"W4A8_NVFP4_FP8": "fp8", "W4A16_NVFP4": None}.get(algorithm, "nvfp4")
        kind = NUMBER_TYPES["nvfp4"]
        return _Understood(_of(kind if inputs else _stored_only(kind), inputs), kept, cache)
    if algorithm in ("FP8", "FP8_PB_REAL", "FP8_PER_CHANNEL_PER_TOKEN"):
        return _Understood(_of(NUMBER_TYPES["fp8"], "fp8"), kept, cache)
    if algorithm == "FP8_PB_WO":
        return _Understood(_of(_stored_only(NUMBER_TYPES["fp8"]), None), kept, cache)
    if algorithm in ("W4A8_AWQ", "W4A16_AWQ", "W4A16"):
        inputs = "fp8" if algorithm == "W4A8_AWQ" else None
        kind = grouped("int4", 4, group, _SCALE_BITS, weight_only=True)
        return _Understood(_of(kind, inputs), kept, cache)
    if algorithm in ("INT8_SQ", "W8A8_SQ_PER_CHANNEL", "INT8"):
        return _Understood(_of(NUMBER_TYPES["int8"], "int8"), kept, cache)
    if algorithm in ("MXFP4", "MXFP8"):
        kind = NUMBER_TYPES["mxfp4"]
        if algorithm == "MXFP4":
            return _Understood(_of(kind, "mxfp4"), kept, cache)
    raise _UnknownStorageError(f"quant_algo {shown(algorithm or None)} is not understood")


def _quark(found: Values) -> _Understood:
    """AMD Quark: one scheme for all layers."""
    if found.data.get("layer_quant_config") or found.data.get("layer_type_quant_config"):
        raise _UnknownStorageError("layer_quant_config: layers are stored in different types")
    whole = found.data.get("global_quant_config")
    if not isinstance(whole, Mapping) or not isinstance(whole.get("weight"), Mapping):
        raise _UnknownStorageError("global_quant_config is missing")
    weight, inputs = whole["weight"], whole.get("input_tensors")
    kinds = {"fp8_e4m3": "fp8", "int8": "int8", "fp4": "mxfp4"}
    stored = kinds.get(str(weight.get("dtype")))
    narrow = kinds.get(str(inputs.get("dtype"))) if isinstance(inputs, Mapping) else None
    if stored is None or (isinstance(inputs, Mapping) and narrow is None):
        raise _UnknownStorageError(f"weights of {shown(weight.get('dtype'))}")
    if stored == "mxfp4" and weight.get("group_size") != 32:
        raise _UnknownStorageError(f"fp4 in groups of {shown(weight.get('group_size'))}")
    kind = NUMBER_TYPES[stored]
    cache = None
    outputs = found.data.get("kv_cache_quant_config")
    if outputs:
        cache = "fp8" if "fp8" in str(outputs) else None
    return _Understood(
        _of(kind if narrow else _stored_only(kind), narrow),
        _matcher(found.data.get("exclude")),
        cache,
    )
