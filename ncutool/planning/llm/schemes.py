"""The ways in which published checkpoints say how their weights are stored, each read by its
method."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.base.user_files import shown
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


class Scheme(Struct, frozen=True):
    """How some matrices are stored, and what their inputs are."""

    stored: NumberType
    inputs: str | None
    """Type of the inputs; None where they stay as trained."""
    targets: Callable[[str], bool] | None = None
    """Which modules; None is all."""


class Understood(Struct, frozen=True):
    """What a checkpoint says of all its weights."""

    schemes: tuple[Scheme, ...]
    kept: Callable[[str], bool] = field(default=lambda module: False)
    """Modules that stay as trained."""
    cache_type: str | None = None
    head: bool = False
    """Whether the head is narrow too, unless kept."""
    experts_only: bool = False


class UnknownStorageError(Exception):
    """Why it is not known how weights are stored."""


def understood(found: Values) -> Understood:
    """Return what a ``quantization_config`` says.

    Raises:
        UnknownStorageError: it is not known how the weights are stored.
    """
    method = found.text("quant_method").lower().replace("_", "-")
    readers: Mapping[str, Callable[[Values], Understood]] = {
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
        raise UnknownStorageError(f"quant_method {shown(method or None)} is not understood")
    return reader(found)


def _matcher(listed: object) -> Callable[[str], bool]:
    """Return whether a module fits one of a list of names, globs or regular expressions."""
    if listed is None:
        return lambda module: False
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise UnknownStorageError("the list of modules that stay as trained is no list of texts")
    tests = [_test(one) for one in listed]
    return lambda module: any(test(module) for test in tests)


def _test(text: str) -> Callable[[str], bool]:
    if text.startswith("re:"):
        try:
            pattern = re.compile(text[3:])
        except re.error as error:
            raise UnknownStorageError(f"{shown(text)} is no regular expression") from error
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


def _mxfp4(found: Values) -> Understood:
    """gpt-oss: experts alone; their inputs follow the weights where a device can."""
    return Understood(_of(NUMBER_TYPES["mxfp4"], None), experts_only=True)


def _fp8(found: Values) -> Understood:
    """DeepSeek's and Qwen's blocks of 128 × 128, and Llama's rows: fp8 inputs."""
    names = ("modules_to_not_convert", "ignored_layers")
    listed = [one for name in names for one in (found.data.get(name) or [])]
    return Understood(_of(NUMBER_TYPES["fp8"], "fp8"), _matcher(listed))


def _integers(found: Values) -> Understood:
    """AWQ, GPTQ and AutoRound: groups of narrow integers with a scale and a zero point each."""
    for name in ("dynamic", "extra_config", "modules_in_block_to_quantize"):
        if found.data.get(name):
            raise UnknownStorageError(f"{name}: some matrices are stored otherwise than the rest")
    bits = found.count("bits", "w_bit", default=0, least=0)
    if bits not in (2, 3, 4, 8):
        raise UnknownStorageError(f"{bits or 'no number of'} bits a weight")
    group = found.data.get("group_size", found.data.get("q_group_size", 128))
    if isinstance(group, bool) or not isinstance(group, int) or group == 0 or group < -1:
        raise UnknownStorageError(f"group_size {shown(group)}")
    name = "int8" if bits == 8 else "int4"
    kind = grouped(name, bits, None if group == -1 else group, _SCALE_BITS + bits, weight_only=True)
    kept = _matcher(found.data.get("modules_to_not_convert"))
    return Understood(_of(kind, None), kept, head=found.flag("lm_head"))


def _bitsandbytes(found: Values) -> Understood:
    """8-bit integers by row, or blocks of 64 four-bit values with a scale each."""
    kept = _matcher(found.data.get("llm_int8_skip_modules"))
    if found.flag("load_in_8bit"):
        return Understood(_of(NUMBER_TYPES["int8"], "int8"), kept)
    if not found.flag("load_in_4bit"):
        raise UnknownStorageError("neither load_in_4bit nor load_in_8bit is true")
    nested = found.flag("bnb_4bit_use_double_quant")
    scale = _BNB_NESTED_BITS if nested else _BNB_SCALE_BITS
    kind = grouped("int4", 4, _BNB_BLOCK, scale, weight_only=True)
    return Understood(_of(kind, None), kept)


def _weights(given: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Scheme:
    """Return a scheme of compressed-tensors: weights, and inputs where they are narrow too."""
    bits, kind = given.get("num_bits"), given.get("type", "int")
    strategy, group = given.get("strategy"), given.get("group_size")
    narrow = _inputs(inputs)
    by_group = strategy in ("group", "tensor_group") and isinstance(group, int) and group > 0
    if strategy in ("group", "tensor_group") and not by_group:
        raise UnknownStorageError(f"weights in groups of {shown(group)}")
    if kind == "float" and bits == 8:
        stored = NUMBER_TYPES["fp8"]
    elif kind == "float" and bits == 4:
        if group not in (16, 32):
            raise UnknownStorageError(f"4-bit floating point in groups of {shown(group)}")
        stored = NUMBER_TYPES["nvfp4" if group == 16 else "mxfp4"]
    elif kind == "int" and bits in (4, 8):
        name = "int8" if bits == 8 else "int4"
        zero = 0 if given.get("symmetric", True) else bits
        stored = grouped(
            name, bits, group if by_group else None, _SCALE_BITS + zero, weight_only=narrow is None
        )
    else:
        raise UnknownStorageError(f"weights of {shown(bits)} bits, type {shown(kind)}")
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
        raise UnknownStorageError(f"inputs of {shown(bits)} bits, type {shown(kind)}")
    return known[(kind, bits)]


def _groups(found: Values) -> tuple[Scheme, ...]:
    """Return the schemes of ``config_groups``, each with the modules it is for."""
    groups = found.data.get("config_groups")
    if not isinstance(groups, Mapping) or not groups:
        raise UnknownStorageError("config_groups is missing")
    schemes = []
    for group in groups.values():
        if not isinstance(group, Mapping):
            raise UnknownStorageError("a group of config_groups is no object")
        weights, inputs = group.get("weights"), group.get("input_activations")
        if not isinstance(weights, Mapping) or not isinstance(inputs, Mapping | None):
            raise UnknownStorageError("a group of config_groups has no weights")
        targets = group.get("targets", ["Linear"])
        scheme = _weights(weights, inputs)
        if targets != ["Linear"]:
            scheme = replace(scheme, targets=_matcher(targets))
        schemes.append(scheme)
    return tuple(schemes)


def _compressed(found: Values) -> Understood:
    sparsity = found.data.get("sparsity_config") or {}
    sparse = sparsity.get("format", "dense") if isinstance(sparsity, Mapping) else "unknown"
    if sparse not in ("dense", ""):
        raise UnknownStorageError(f"sparse weights ({shown(sparse)})")
    if str(found.data.get("format", "")).startswith("marlin-24"):
        raise UnknownStorageError("sparse weights (marlin-24)")
    return Understood(
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
    raise UnknownStorageError(f"a cache of {shown(given)}")


def _modelopt(found: Values) -> Understood:
    inner = found.inner("quantization")
    if inner is not None:
        found = inner
    names = ("exclude_modules", "ignore", "modules_to_not_convert")
    kept = _matcher([one for name in names for one in (found.data.get(name) or [])])
    given = found.data.get("kv_cache_quant_algo") or found.data.get("kv_cache_scheme")
    cache = _cache(given)
    algorithm = found.text("quant_algo").upper()
    if found.data.get("quantized_layers"):
        raise UnknownStorageError("quantized_layers: layers are stored in different types")
    group = found.data.get("group_size", 16 if "NVFP4" in algorithm else 128)
    if isinstance(group, bool) or not isinstance(group, int) or group <= 0:
        raise UnknownStorageError(f"group_size {shown(group)}")
    if algorithm in ("NVFP4", "W4A8_NVFP4_FP8", "NVFP4_AWQ", "W4A16_NVFP4"):
        if group != 16:
            raise UnknownStorageError(f"NVFP4 in groups of {group}")
        inputs = {"W4A8_NVFP4_FP8": "fp8", "W4A16_NVFP4": None}.get(algorithm, "nvfp4")
        kind = NUMBER_TYPES["nvfp4"]
        return Understood(_of(kind if inputs else _stored_only(kind), inputs), kept, cache)
    if algorithm in ("FP8", "FP8_PB_REAL", "FP8_PER_CHANNEL_PER_TOKEN"):
        return Understood(_of(NUMBER_TYPES["fp8"], "fp8"), kept, cache)
    if algorithm == "FP8_PB_WO":
        return Understood(_of(_stored_only(NUMBER_TYPES["fp8"]), None), kept, cache)
    if algorithm in ("W4A8_AWQ", "W4A16_AWQ", "W4A16"):
        inputs = "fp8" if algorithm == "W4A8_AWQ" else None
        kind = grouped("int4", 4, group, _SCALE_BITS, weight_only=True)
        return Understood(_of(kind, inputs), kept, cache)
    if algorithm in ("INT8_SQ", "W8A8_SQ_PER_CHANNEL", "INT8"):
        return Understood(_of(NUMBER_TYPES["int8"], "int8"), kept, cache)
    if algorithm in ("MXFP4", "MXFP8"):
        kind = NUMBER_TYPES["mxfp4"]
        if algorithm == "MXFP4":
            return Understood(_of(kind, "mxfp4"), kept, cache)
    raise UnknownStorageError(f"quant_algo {shown(algorithm or None)} is not understood")


def _quark(found: Values) -> Understood:
    """AMD Quark: one scheme for all layers."""
    if found.data.get("layer_quant_config") or found.data.get("layer_type_quant_config"):
        raise UnknownStorageError("layer_quant_config: layers are stored in different types")
    whole = found.data.get("global_quant_config")
    if not isinstance(whole, Mapping) or not isinstance(whole.get("weight"), Mapping):
        raise UnknownStorageError("global_quant_config is missing")
    weight, inputs = whole["weight"], whole.get("input_tensors")
    kinds = {"fp8_e4m3": "fp8", "int8": "int8", "fp4": "mxfp4"}
    stored = kinds.get(str(weight.get("dtype")))
    narrow = kinds.get(str(inputs.get("dtype"))) if isinstance(inputs, Mapping) else None
    if stored is None or (isinstance(inputs, Mapping) and narrow is None):
        raise UnknownStorageError(f"weights of {shown(weight.get('dtype'))}")
    if stored == "mxfp4" and weight.get("group_size") != 32:
        raise UnknownStorageError(f"fp4 in groups of {shown(weight.get('group_size'))}")
    kind = NUMBER_TYPES[stored]
    cache = None
    outputs = found.data.get("kv_cache_quant_config")
    if outputs:
        cache = "fp8" if "fp8" in str(outputs) else None
    return Understood(
        _of(kind if narrow else _stored_only(kind), narrow),
        _matcher(found.data.get("exclude")),
        cache,
    )
