"""Every boundary that a verdict rests on, by name, with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

_BOTTLENECK = "NVIDIA, Nsight Compute's rule SOLBottleneck; the same as for launches"
_DCGM = "NVIDIA, DCGM user guide, profiling metrics"
_OWN = "ncutool's own"


@dataclass(frozen=True)
class Threshold:
    """One boundary."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str


LIMIT = Threshold(
    "limit", 60.0, "%", "a resource used less than this is not what holds the work", _BOTTLENECK
)
BALANCE = Threshold(
    "balance", 10.0, "points", "two resources closer than this are balanced", _BOTTLENECK
)
SM_EFFECTIVE = Threshold(
    "sm_effective",
    80.0,
    "%",
    "SM activity at least this is necessary, and not sufficient, for effective use",
    _DCGM,
)
SM_INEFFECTIVE = Threshold(
    "sm_ineffective", 50.0, "%", "SM activity below this likely is ineffective use", _DCGM
)
DRAM_REACHABLE = Threshold(
    "dram_reachable", 80.0, "%", "memory activity of about this is the most in practice", _DCGM
)
IDLE_SAMPLE = Threshold(
    "idle_sample",
    5.0,
    "%",
    "a sample busy less than this is idle",
    f"{_OWN}: a display or a monitoring agent touches a device now and then",
)
MOSTLY_IDLE = Threshold(
    "mostly_idle", 50.0, "%", "idle for more than this of the time, a device is idle", _OWN
)
SAME = Threshold(
    "same", 80.0, "%", "this share of the busy samples must agree, else they are mixed", _OWN
)
FEW_SAMPLES = Threshold("few_samples", 10, "samples", "fewer say little of a course", _OWN)
LEVELS_EXPLAIN = Threshold(
    "levels_explain",
    85.0,
    "%",
    "of the variance two levels must explain",
    f"{_OWN}: evenly spread values reach 75 %, a bell curve 64 %",
)
LEVEL_GAP = Threshold("level_gap", 30.0, "points", "two levels lie at least this apart", _OWN)
LEVEL_SHARE = Threshold("level_share", 10.0, "%", "each level has at least so many samples", _OWN)
FIXED = Threshold(
    "fixed",
    80.0,
    "%",
    "of the larger batch's step fixed: the fixed part holds it (1.8 times the throughput for "
    "twice the batch)",
    f"{_OWN}, from t(B) = a + b·B",
)
SATURATED = Threshold(
    "saturated",
    20.0,
    "%",
    "of the larger batch's step fixed or less: it is saturated (1.2 times the throughput for "
    "twice the batch)",
    f"{_OWN}, from t(B) = a + b·B",
)
NOISE = Threshold(
    "noise", 5.0, "%", "error of a throughput ratio that a verdict should survive", _OWN
)
ABOVE_DATASHEET = Threshold(
    "above_datasheet",
    110.0,
    "%",
    "of a datasheet's FLOP/s: what lies between can be a boost clock, what is beyond is an error",
    f"{_OWN}: an H100 SXM's highest clock is 8 % above that of its datasheet figure",
)
ALL = (
    LIMIT, BALANCE, SM_EFFECTIVE, SM_INEFFECTIVE, DRAM_REACHABLE, IDLE_SAMPLE, MOSTLY_IDLE, SAME,
    FEW_SAMPLES, LEVELS_EXPLAIN, LEVEL_GAP, LEVEL_SHARE, FIXED, SATURATED, NOISE, ABOVE_DATASHEET,
)  # fmt: skip
