"""What a device reaches at its best, as shares for advice, and the shortest time of a launch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

import polars as pl
import pytest
from trace_factory import BF16, H100, Step, kernels, run

from ncutool.analysis import devices
from ncutool.devices import ceilings, resolve
from ncutool.devices.resolve import Device
from ncutool.roofline import place as roofline
from ncutool.work import shapes
from ncutool_parsers import read
from ncutool_parsers.capture import Capture

DEVICE = replace(H100, vendor="nvidia", last_level_cache_bytes=52_000_000)
STREAM: Step = ("aten::add", [(8192, 8192), (8192, 8192)], [BF16, BF16], 140_000)
PRODUCT: Step = ("aten::mm", [(4096, 4096), (4096, 4096)], [BF16, BF16], 200_000)


def shares(capture: Capture, device: Device | None = DEVICE) -> ceilings.Shares:
    """Shares of a capture."""
    return ceilings.shares(kernels(capture, device), capture, device)


def test_shares_are_those_of_the_ceilings() -> None:
    """Three sums at 85.9 % of the bandwidth and three products at 69.5 % of the BF16 peak."""
    found = shares(run([STREAM, PRODUCT] * 3).capture())
    assert found.bytes_share == pytest.approx(3 * 2 * 8192**2 / 140e-6 / 3.35e12)
    assert found.flop_share("bf16_tensor") == pytest.approx(2 * 4096**3 / 200e-6 / 989e12)
    assert set(found.seen) == {"bf16_tensor"}


@pytest.mark.parametrize(
    ("vendor", "roof", "share"),
    [("nvidia", "tf32_tensor", 0.70), ("amd", "bf16_tensor", 0.45), ("nvidia", "fp32", 0.90)],
)
def test_defaults_where_too_little_is_seen(vendor: str, roof: str, share: float) -> None:
    """Tensor cores of either vendor, and vector units."""
    found = shares(run([STREAM]).capture(), replace(DEVICE, vendor=vendor))
    assert (found.flop_share(roof), found.bytes_share, found.seen) == (share, 0.85, {})


def test_an_unknown_device_has_defaults() -> None:
    """No peaks to calibrate."""
    assert shares(run([STREAM] * 3).capture(), None).bytes_share == 0.85


def test_slow_products_do_not_make_a_slow_device() -> None:
    """The best of three at 14 % of the peak says nothing of the device: 70 % stands."""
    slow: Step = (*PRODUCT[:3], 1_000_000)
    capture = run([slow] * 3).capture()
    assert shares(capture).flop_share("bf16_tensor") == 0.70
    (found,) = (
        each
        for each in ceilings.calibrate(kernels(capture, DEVICE), capture, DEVICE)
        if each.roof == "bf16_tensor"
    )
    assert (found.source, found.launches) == ("default", 3)
    assert "slow products, not a slow device" in found.how


def test_the_launch_floor_is_that_of_kernels_with_little_work() -> None:
    """Of 20 launches of 3 to 22 µs with next to no work the 5th percentile; else 2 µs."""
    little: list[Step] = [
        ("aten::add", [(64,), (64,)], [BF16, BF16], 3_000 + 1_000 * place) for place in range(20)
    ]
    assert shares(run(little).capture()).launch_floor_ns in (3_000, 4_000)
    assert shares(run(little[:19]).capture()).launch_floor_ns == ceilings.DEFAULT_FLOOR_NS
    long: list[Step] = [(*step[:3], 500_000) for step in little]
    assert shares(run(long).capture()).launch_floor_ns == ceilings.MAX_FLOOR_NS


def test_order_changes_nothing() -> None:
    """Rows in any order."""
    capture = run([STREAM, PRODUCT] * 4).capture()
    table = kernels(capture, DEVICE)
    turned = table.sample(fraction=1.0, shuffle=True, seed=3)
    assert ceilings.shares(turned, capture, DEVICE) == ceilings.shares(table, capture, DEVICE)


REAL = (
    ("a100-switch-transformer", "fp32", 0.90, 1.0),
    ("h100-qwen1.5-0.5b-prefill", "bf16_tensor", 0.64, 0.75),
    ("mi300x-timesformer-inference", "bf16_tensor", 0.40, 0.50),
)


@pytest.mark.parametrize(("name", "roof", "low", "high"), REAL, ids=[name for name, *_ in REAL])
def test_real_traces_are_never_calibrated_on_model_errors(
    corpus: Path, name: str, roof: str, low: float, high: float
) -> None:
    """Tensors read twice and slow softmaxes lie in these; shares stay where cards were measured,
    and finding them takes a few milliseconds."""
    path = corpus / "torch" / f"{name}.json.gz"
    if not path.is_file():
        pytest.skip(f"{name} is not in the corpus")
    capture = read(path)
    device = resolve.resolve(devices.recorded_device(capture)).device
    table = roofline.place(capture, shapes.work(capture), device)
    begin = perf_counter()
    found = ceilings.shares(table, capture, device)
    assert perf_counter() - begin < 0.25
    assert 0.80 <= found.bytes_share <= 0.96
    assert low <= found.flop_share(roof) <= high
    assert table.filter(pl.col("family") == "gemm").height > 0
