"""The types a published checkpoint stores its weights in."""

from __future__ import annotations

from types import MappingProxyType

from ncutool.planning.llm.model import QUANTISED_PARTS
from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType
from ncutool.planning.llm.values import Values

_TRAINED = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}


def trained_type(values: Values) -> str:
    """Return the type of whatever is not quantised; bf16 where the configuration does not say.

    Checkpoints that were saved in float32 are served in bf16, and are counted so.
    """
    named = values.text("torch_dtype") or values.text("dtype")
    kind = _TRAINED.get(named, "bf16")
    return "bf16" if kind == "fp32" else kind


def stored_types(values: Values) -> tuple[MappingProxyType[str, NumberType], tuple[str, ...]]:
    """Return the narrower type of each part, by the configuration's ``quantization_config``;
    notes."""
    quantisation = values.inner("quantization_config")
    if quantisation is None:
        return MappingProxyType({}), ()
    method = quantisation.text("quant_method")
    if method == "mxfp4":
        return MappingProxyType({"experts": NUMBER_TYPES["mxfp4"]}), ()
    if method == "fp8":
        return MappingProxyType(dict.fromkeys(QUANTISED_PARTS, NUMBER_TYPES["fp8"])), ()
    bits = quantisation.count("bits", "w_bit", default=0, least=0)
    if method in ("awq", "gptq") and bits in (4, 8):
        kind = "int4" if bits == 4 else "int8"
        return MappingProxyType(dict.fromkeys(QUANTISED_PARTS, NUMBER_TYPES[kind])), ()
    note = (
        f"quantization_config {method or 'without quant_method'!r} is not understood: weights are "
        "counted unquantised; say --weights"
    )
    return MappingProxyType({}), (note,)
