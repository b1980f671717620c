"""Boundaries of NVIDIA's own rules, which ncutool's verdicts share."""

from __future__ import annotations

from ncutool.base.thresholds import Threshold

_BOTTLENECK = "NVIDIA, rule file SOLBottleneck that Nsight Compute ships"

LOW_PCT = Threshold(
    60.0, "%", "a launch below this share of both its limits waits on latency", _BOTTLENECK
)
HIGH_PCT = Threshold(
    80.0, "%", "a launch at this share of one limit has a high throughput", _BOTTLENECK
)
BALANCED_POINTS = Threshold(10.0, "points", "two limits closer than this are balanced", _BOTTLENECK)
PEAK_LIMIT = Threshold(
    1.03,
    "times memory clock x bus width",
    "a recorded DRAM peak above this is no bandwidth of the device: its clock was sampled badly",
    "reports of a card of 448 GB/s show 273 to 691; sound ones lie within 2 % of it",
)
