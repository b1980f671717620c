"""The regime of a workload from signals that need no profile.

>>> from ncutool import signals
>>> report = signals.classify(["dmon.txt"], batches=[(8, 1200.0), (16, 2300.0)])  # doctest: +SKIP
>>> [(each.subject, each.regime, each.confidence) for each in report.verdicts]  # doctest: +SKIP
"""

from ncutool.signals.benchmark import Benchmark
from ncutool.signals.classify import Report, classify
from ncutool.signals.reading import parse, read
from ncutool.signals.series import GpuSamples, Series
from ncutool.signals.token_time import TokenTime
from ncutool.signals.verdict import Figure, Verdict

__all__ = [
    "Benchmark",
    "Figure",
    "GpuSamples",
    "Report",
    "Series",
    "TokenTime",
    "Verdict",
    "classify",
    "parse",
    "read",
]
