"""Every boundary that a verdict on signals rests on, by the name that JSON gives it."""

from __future__ import annotations

from ncutool.base import nvidia
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import ABOVE_DATASHEET_PCT

_BOTTLENECK = "NVIDIA, Nsight Compute's rule SOLBottleneck; the same as for launches"
_DCGM = "NVIDIA, DCGM user guide, profiling metrics"
_OWN = "ncutool's own"

LIMIT = Threshold(
    nvidia.LOW_PCT, "%", "a resource used less than this is not what holds the work", _BOTTLENECK
)
BALANCE = Threshold(
    nvidia.BALANCED_POINTS, "points", "two resources closer than this are balanced", _BOTTLENECK
)
SM_EFFECTIVE = Threshold(
    80.0,
    "%",
    "SM activity at least this is necessary, and not sufficient, for effective use",
    _DCGM,
)
SM_INEFFECTIVE = Threshold(50.0, "%", "SM activity below this likely is ineffective use", _DCGM)
DRAM_REACHABLE = Threshold(
    80.0, "%", "memory activity of about this is the most in practice", _DCGM
)
IDLE_SAMPLE = Threshold(
    5.0,
    "%",
    "a sample busy less than this is idle",
    f"{_OWN}: a display or a monitoring agent touches a device now and then",
)
BUSY_ELSEWHERE = Threshold(
    10.0,
    "%",
    "memory or a pipe used this much while no SM works is a contradiction, or copies",
    f"{_OWN}: twice what a sample may do and be idle",
)
CONTRADICTED = Threshold(
    20.0, "%", "of the samples without work contradicted, and idle is not said", _OWN
)
MOSTLY_IDLE = Threshold(50.0, "%", "idle for more than this of the time, a device is idle", _OWN)
SAME = Threshold(80.0, "%", "this share of the busy samples must agree, else they are mixed", _OWN)
FEW_SAMPLES = IntThreshold(10, "samples", "fewer say little of a course", _OWN)
LEVELS_EXPLAIN = Threshold(
    85.0,
    "%",
    "of the variance two levels must explain",
    f"{_OWN}: evenly spread values reach 75 %, a bell curve 64 %",
)
LEVEL_GAP = Threshold(30.0, "points", "two levels lie at least this apart", _OWN)
LEVEL_SHARE = Threshold(10.0, "%", "each level has at least so many samples", _OWN)
FIXED = Threshold(
    80.0,
    "%",
    "of the larger batch's step fixed: the fixed part holds it (1.8 times the throughput for "
    "twice the batch)",
    f"{_OWN}, from t(B) = a + b·B",
)
SATURATED = Threshold(
    20.0,
    "%",
    "of the larger batch's step fixed or less: it is saturated (1.2 times the throughput for "
    "twice the batch)",
    f"{_OWN}, from t(B) = a + b·B",
)
NOISE = Threshold(5.0, "%", "error of a throughput ratio that a verdict should survive", _OWN)
ABOVE_DATASHEET = Threshold(
    ABOVE_DATASHEET_PCT,
    "%",
    "of a datasheet's FLOP/s: what lies between can be a boost clock, what is beyond is an error",
    f"{_OWN}: an H100 SXM's highest clock is 8 % above that of its datasheet figure",
)
BY_NAME: dict[str, Threshold | IntThreshold] = {
    "limit": LIMIT,
    "balance": BALANCE,
    "sm_effective": SM_EFFECTIVE,
    "sm_ineffective": SM_INEFFECTIVE,
    "dram_reachable": DRAM_REACHABLE,
    "idle_sample": IDLE_SAMPLE,
    "mostly_idle": MOSTLY_IDLE,
    "busy_elsewhere": BUSY_ELSEWHERE,
    "contradicted": CONTRADICTED,
    "same": SAME,
    "few_samples": FEW_SAMPLES,
    "levels_explain": LEVELS_EXPLAIN,
    "level_gap": LEVEL_GAP,
    "level_share": LEVEL_SHARE,
    "fixed": FIXED,
    "saturated": SATURATED,
    "noise": NOISE,
    "above_datasheet": ABOVE_DATASHEET,
}
