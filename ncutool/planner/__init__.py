"""Holds a product, an attention or a whole workload against devices, before anything is profiled.

>>> from ncutool import planner
>>> found = planner.gemm(16, 4096, 4096, devices=["H100 SXM"])
>>> found.devices[0].place.roof_side, round(found.devices[0].place.floor_ns)
('memory', 10095)
"""

from ncutool.planner.attending import AttentionPlan, attention
from ncutool.planner.products import GemmPlan, gemm

__all__ = ["AttentionPlan", "GemmPlan", "attention", "gemm"]
