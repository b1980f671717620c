"""The regime of a workload from signals that need no profile.

>>> from ncutool.planning import signals
>>> report = signals.classify(["dmon.txt"], batches=[(8, 1200.0), (16, 2300.0)])  # doctest: +SKIP
>>> [(each.subject, each.regime, each.confidence) for each in report.verdicts]  # doctest: +SKIP
"""

from ncutool.planning.signals.benchmark import Benchmark
from ncutool.planning.signals.classify import Report, classify
from ncutool.planning.signals.reading import parse, read
from ncutool.planning.signals.series import GpuSamples, Series
from ncutool.planning.signals.token_time import TokenTime
from ncutool.planning.signals.verdict import Figure, Verdict

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
