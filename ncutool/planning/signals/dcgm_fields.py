"""DCGM's profiling fields: the names it prints them under, and what a value of 1 is.

From NVIDIA's dcgm_fields.h. DCGM 4 renamed fields (`..._ACTIVE` to `..._UTIL_RATIO`) and kept what
they mean; both names are known here.
"""

from __future__ import annotations

from msgspec import Struct


class Field(Struct, frozen=True):
    """One field of DCGM that says something of the regime."""

    tag: str
    """Its heading in `dcgmi dmon`."""
    names: tuple[str, ...]
    """Its names in dcgm-exporter's text."""
    signal: str
    percent: float
    """What one unit of it is, in percent: 100 for a ratio."""


def _ratio(tag: str, before: str, since: str, signal: str) -> Field:
    """Return a profiling field by its names before DCGM 4 and since."""
    return Field(tag, (f"DCGM_FI_PROF_{before}", f"DCGM_FI_PROF_{since}"), signal, 100)


FIELDS = (
    Field("GPUTL", ("DCGM_FI_DEV_GPU_UTIL",), "gpu_util_pct", 1),
    Field("MCUTL", ("DCGM_FI_DEV_MEM_COPY_UTIL",), "memory_util_pct", 1),
    _ratio("GRACT", "GR_ENGINE_ACTIVE", "GR_ENGINE_UTIL_RATIO", "graphics_active_pct"),
    _ratio("SMACT", "SM_ACTIVE", "SM_UTIL_RATIO", "sm_active_pct"),
    _ratio("SMOCC", "SM_OCCUPANCY", "SM_OCCUPANCY_RATIO", "sm_occupancy_pct"),
    _ratio("TENSO", "PIPE_TENSOR_ACTIVE", "TENSOR_UTIL_RATIO", "tensor_active_pct"),
    _ratio("DRAMA", "DRAM_ACTIVE", "DRAM_UTIL_RATIO", "dram_active_pct"),
    _ratio("FP64A", "PIPE_FP64_ACTIVE", "FP64_UTIL_RATIO", "fp64_active_pct"),
    _ratio("FP32A", "PIPE_FP32_ACTIVE", "FP32_UTIL_RATIO", "fp32_active_pct"),
    _ratio("FP16A", "PIPE_FP16_ACTIVE", "FP16_UTIL_RATIO", "fp16_active_pct"),
)
BY_TAG = {each.tag: each for each in FIELDS}
BY_NAME = {name: each for each in FIELDS for name in each.names}
