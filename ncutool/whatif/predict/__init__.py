"""Kernel time of operators at other shapes, from one capture alone: an interval, never a point.

>>> known = predict.base(analysis.kernels, analysis.capture, analysis.resolution.device)
>>> intervals = predict.predict(known, [predict.Wanted(call.name, call) for call in calls])

Each operator's time is a fixed part and a part that grows with its roofline time; the capture
bounds both where its own times say so, and :mod:`ncutool.whatif.predict.rates` does where they do
not.
"""

from __future__ import annotations

from ncutool.whatif.predict.aligning import align
from ncutool.whatif.predict.interval import Interval, Prediction, total
from ncutool.whatif.predict.model import Wanted, predict
from ncutool.whatif.predict.operators import Base, Run, base
from ncutool.whatif.predict.scaled import AtScale, at_scale
from ncutool.whatif.predict.sizes import Sizes

__all__ = [
    "AtScale",
    "Base",
    "Interval",
    "Prediction",
    "Run",
    "Sizes",
    "Wanted",
    "align",
    "at_scale",
    "base",
    "predict",
    "total",
]
