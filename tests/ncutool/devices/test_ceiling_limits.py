"""Rates above a peak are wrong somewhere and calibrate nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from trace_factory import BF16, H100, Step, kernels, run

from ncutool.devices import ceilings

DEVICE = replace(H100, vendor="nvidia", last_level_cache_bytes=52_000_000)


def stream(duration: int) -> Step:
    """A sum that moves 402.7 MB: 120.2 µs at the bandwidth peak."""
    return "aten::add", [(8192, 8192), (8192, 8192)], [BF16, BF16], duration


def product(duration: int) -> Step:
    """137.4 GFLOP: 139.0 µs at the BF16 peak."""
    return "aten::mm", [(4096, 4096), (4096, 4096)], [BF16, BF16], duration


@pytest.mark.parametrize(
    ("make", "roof", "per_s", "work"),
    [
        (stream, "dram", 3.35e12, 3 * 2 * 8192**2),
        (product, "bf16_tensor", 989e12, 2 * 4096**3),
    ],
)
def test_what_exceeds_the_peak_is_not_its_ceiling(
    make: object, roof: str, per_s: float, work: int
) -> None:
    """Three launches of 150, 155 and 160 µs, and one of 100 µs, which is above the peak: the best
    is the one of 150 µs, of three."""
    assert callable(make)
    capture = run([make(each * 1_000) for each in (155, 150, 160, 100)]).capture()
    found = {one.roof: one for one in ceilings.calibrate(kernels(capture, DEVICE), capture, DEVICE)}
    assert (found[roof].source, found[roof].launches) == ("capture", 3)
    assert found[roof].ceiling_per_s == pytest.approx(work / 150e-6)
    assert found[roof].share_pct == pytest.approx(100 * work / 150e-6 / per_s)


@pytest.mark.parametrize("make", [stream, product])
def test_two_within_the_peak_are_too_few(make: object) -> None:
    """Those above it do not make up the number."""
    assert callable(make)
    capture = run([make(each * 1_000) for each in (150, 155, 100, 100, 100)]).capture()
    found = ceilings.calibrate(kernels(capture, DEVICE), capture, DEVICE)
    assert {one.source for one in found} == {"default"}
