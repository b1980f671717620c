"""Holds a product, an attention or a whole workload against devices, before anything is profiled.

>>> from ncutool import planner
>>> found = planner.gemm(16, 4096, 4096, devices=["H100 SXM"])
>>> found.devices[0].place.roof_side, round(found.devices[0].place.floor_ns)
('memory', 10095)
"""

from ncutool.planner.attending import AttentionPlan, attention
from ncutool.planner.comparing import IntensityComparison, compare_intensity
from ncutool.planner.comparing_captures import CaptureComparison, compare_capture
from ncutool.planner.comparing_models import ModelComparison, compare_model
from ncutool.planner.products import GemmPlan, gemm
from ncutool.planner.rescale import rescaled_ns

__all__ = [
    "AttentionPlan",
    "CaptureComparison",
    "GemmPlan",
    "IntensityComparison",
    "ModelComparison",
    "attention",
    "compare_capture",
    "compare_intensity",
    "compare_model",
    "gemm",
    "rescaled_ns",
]
