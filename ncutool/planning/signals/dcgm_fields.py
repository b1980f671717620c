"""DCGM's profiling fields: ids, the names it prints them under, and what a value of 1 is.

From NVIDIA's dcgm_fields.h. DCGM 4 renamed fields (`..._ACTIVE` to `..._UTIL_RATIO`) and kept the
ids and what they mean; both names are known here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of DCGM that says something of the regime."""

    field_id: int
    tag: str
    """Its heading in `dcgmi dmon`."""
    names: tuple[str, ...]
    """Its names in dcgm-exporter's text."""
    signal: str
    percent: float
    """What one unit of it is, in percent: 100 for a ratio."""


FIELDS = (
    Field(203, "GPUTL", ("DCGM_FI_DEV_GPU_UTIL",), "gpu_util_pct", 1),
    Field(204, "MCUTL", ("DCGM_FI_DEV_MEM_COPY_UTIL",), "memory_util_pct", 1),
    Field(
        1001,
        "GRACT",
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO"),
        "graphics_active_pct",
        100,
    ),
    Field(
        1002,
        "SMACT",
        ("DCGM_FI_PROF_SM_ACTIVE", "DCGM_FI_PROF_SM_UTIL_RATIO"),
        "sm_active_pct",
        100,
    ),
    Field(
        1003,
        "SMOCC",
        ("DCGM_FI_PROF_SM_OCCUPANCY", "DCGM_FI_PROF_SM_OCCUPANCY_RATIO"),
        "sm_occupancy_pct",
        100,
    ),
    Field(
        1004,
        "TENSO",
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "DCGM_FI_PROF_TENSOR_UTIL_RATIO"),
        "tensor_active_pct",
        100,
    ),
    Field(
        1005,
        "DRAMA",
        ("DCGM_FI_PROF_DRAM_ACTIVE", "DCGM_FI_PROF_DRAM_UTIL_RATIO"),
        "dram_active_pct",
        100,
    ),
    Field(
        1006,
        "FP64A",
        ("DCGM_FI_PROF_PIPE_FP64_ACTIVE", "DCGM_FI_PROF_FP64_UTIL_RATIO"),
        "fp64_active_pct",
        100,
    ),
    Field(
        1007,
        "FP32A",
        ("DCGM_FI_PROF_PIPE_FP32_ACTIVE", "DCGM_FI_PROF_FP32_UTIL_RATIO"),
        "fp32_active_pct",
        100,
    ),
    Field(
        1008,
        "FP16A",
        ("DCGM_FI_PROF_PIPE_FP16_ACTIVE", "DCGM_FI_PROF_FP16_UTIL_RATIO"),
        "fp16_active_pct",
        100,
    ),
)
BY_TAG = {each.tag: each for each in FIELDS}
BY_NAME = {name: each for each in FIELDS for name in each.names}
