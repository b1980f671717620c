"""Names of the compute roofs that devices have."""

from __future__ import annotations

ROOFS = (
    "fp64",
    "fp64_tensor",
    "fp32",
    "fp16",
    "tf32_tensor",
    "fp16_tensor",
    "bf16_tensor",
    "fp8_tensor",
    "int8_tensor",
    "int4_tensor",
    "fp4_tensor",
)
