"""Holds a product, an attention or a whole workload against devices, before anything is profiled.

>>> from ncutool.planning import planner
>>> found = planner.gemm(16, 4096, 4096, devices=["H100 SXM"])
>>> found.devices[0].place.roof_side, round(found.devices[0].place.floor_ns)
('memory', 10095)

Names load their module on first use: a product does not wait for language models.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ncutool.planning.planner.attending import AttentionPlan, attention
    from ncutool.planning.planner.comparing import IntensityComparison, compare_intensity
    from ncutool.planning.planner.comparing_captures import CaptureComparison, compare_capture
    from ncutool.planning.planner.comparing_models import ModelComparison, compare_model
    from ncutool.planning.planner.products import GemmPlan, gemm
    from ncutool.planning.planner.rescale import rescaled_ns

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

_MODULES = {
    "attending": ("AttentionPlan", "attention"),
    "comparing": ("IntensityComparison", "compare_intensity"),
    "comparing_captures": ("CaptureComparison", "compare_capture"),
    "comparing_models": ("ModelComparison", "compare_model"),
    "products": ("GemmPlan", "gemm"),
    "rescale": ("rescaled_ns",),
}


def __getattr__(name: str) -> Any:
    """Return the object of that name, from the module that has it."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"ncutool.planning.planner.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
