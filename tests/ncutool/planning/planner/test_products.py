"""Products held against devices: worked cases, tiles and waves, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.devices.resolve import load_devices
from ncutool.planning import planner
from ncutool.planning.planner.placing import Place
from ncutool.planning.planner.tiling import parse_tile, tiling
from ncutool_parsers.errors import UsageError

DEVICES = ("H100 SXM 80GB", "A100 80GB SXM", "B200 180GB", "AMD MI300X")
GOLDEN: dict[str, tuple[tuple[int, int, int], dict[str, Any], int, int, tuple[float | None, ...]]]
GOLDEN = {
    "G1": ((4096, 4096, 4096), {}, 137438953472, 100663296, (138.911, 440.509, 61.084, 105.124)),
    "G2": (
        (8192, 8192, 8192), {}, 1099511627776, 402653184, (1111.291, 3524.076, 488.672, 840.991),
    ),
    "G3 vector": ((1, 4096, 4096), {}, 33554432, 33570816, (10.021, 16.464, 4.376, 6.334)),
    "G4": ((16, 4096, 4096), {}, 536870912, 33816576, (10.095, 16.585, 4.408, 6.38)),
    "G5": ((256, 4096, 4096), {}, 8589934592, 37748736, (11.268, 27.532, 4.92, 7.122)),
    "G6 bias": (
        (8944, 1024, 1024), {"bias": True}, 18756927488, 38733824, (18.958, 60.118, 8.336, 14.347),
    ),
    "G7": (
        (4096, 14336, 4096), {}, 481036337152, 268435456, (486.19, 1541.783, 213.794, 367.934),
    ),
    "G8 fp8": (
        (8192, 8192, 8192), {"dtype": "fp8"}, 1099511627776, 268435456,
        (555.618, None, 244.336, 420.479),
    ),
    "G9 batch": ((64, 64, 128), {"batch": 512}, 536870912, 20971520, (6.26, 10.285, 2.734, 3.957)),
    "G10 int8": (
        (768, 768, 768), {"dtype": "int8"}, 905969664, 3538944, (1.056, 1.736, 0.461, 0.668),
    ),
    "G11 int8": (
        (384, 384, 384), {"dtype": "int8"}, 113246208, 884736, (0.264, 0.434, 0.115, 0.167),
    ),
    "G12 fp32": (
        (4096, 4096, 4096), {"dtype": "fp32"}, 137438953472, 201326592,
        (2054.394, 7048.151, 1832.519, 841.12),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GOLDEN)
def test_worked_products(case: str) -> None:
    """FLOPs and bytes are exact integers, floors those worked by hand to a nanosecond; a type that
    a device lacks has no floor but a reason."""
    sizes, options, flop, moved, floors_us = GOLDEN[case]
    found = planner.gemm(*sizes, **options, devices=DEVICES)
    assert (found.flop, found.bytes) == (flop, moved)
    assert found.intensity_flop_per_byte == flop / moved
    for each, expected in zip(found.devices, floors_us, strict=True):
        if expected is None:
            assert each.place.floor_ns is None
            assert each.place.attainable_flop_per_s is None
            assert "no peak for fp8" in (each.place.missing_reason or "")
        else:
            assert each.place.floor_ns == pytest.approx(1e3 * expected, abs=0.51)


def test_side_of_the_ridge_depends_on_the_device() -> None:
    """256 rows of 4096² are memory-bound on an H100 (227.6 < 295.3), compute-bound on an A100."""
    found = planner.gemm(256, 4096, 4096, devices=DEVICES)
    assert [each.place.roof_side for each in found.devices] == [
        "memory",
        "compute",
        "memory",
        "memory",
    ]
    assert found.devices[0].place.ridge_point_flop_per_byte == pytest.approx(295.343, abs=1e-3)
    assert found.devices[0].place.attainable_flop_per_s == pytest.approx(227.5556 * 3.35e12)


def test_a_measured_time_gives_its_share() -> None:
    """31.5 µs for 18.76 GFLOP are 595.5 TFLOP/s and 60.2 % of an H100's roof."""
    found = planner.gemm(8944, 1024, 1024, bias=True, devices=["h100-sxm"], time_ns=31_500)
    reached = found.devices[0].measured
    assert reached is not None
    assert reached.achieved_flop_per_s == pytest.approx(595.458e12, rel=1e-5)
    assert reached.roofline_pct == pytest.approx(60.184, abs=1e-3)


def test_faster_than_the_floor_is_said() -> None:
    """A time under the floor is shown over 100 % and explained, with the cache as one reason."""
    found = planner.gemm(16, 4096, 4096, devices=["h100-sxm"], time_ns=5_000)
    reached = found.devices[0].measured
    assert reached is not None
    assert reached.roofline_pct == pytest.approx(201.9, abs=0.1)
    assert any("under the floor" in note for note in found.notes)
    assert any("fit in the last-level cache" in note for note in found.notes)


@pytest.mark.parametrize(
    ("dtype", "moved"),
    [
        ("bf16", 2 * (64 * 96 + 96 * 32 + 64 * 32)),
        ("tf32", 4 * (64 * 96 + 96 * 32 + 64 * 32)),
        ("fp64", 8 * (64 * 96 + 96 * 32 + 64 * 32)),
        ("fp8", 64 * 96 + 96 * 32 + 2 * 64 * 32),
        ("fp4", (64 * 96 + 96 * 32) // 2 + 2 * 64 * 32),
        ("mxfp8", (64 * 96 + 96 * 32) * 33 // 32 + 2 * 64 * 32),
        ("mxfp4", (64 * 96 + 96 * 32) // 2 + (64 * 96 + 96 * 32) // 32 + 2 * 64 * 32),
        ("nvfp4", (64 * 96 + 96 * 32) // 2 + (64 * 96 + 96 * 32) // 16 + 2 * 64 * 32),
    ],
)
def test_every_type_moves_its_bytes(dtype: str, moved: int) -> None:
    """Values as stored, scales of a block with them; FLOPs are the same in every type."""
    found = planner.gemm(64, 32, 96, dtype=dtype)
    assert (found.flop, found.bytes) == (2 * 64 * 32 * 96, moved)
    many = planner.gemm(64, 32, 96, dtype=dtype, batch=5)
    assert (many.flop, many.bytes) == (5 * found.flop, 5 * moved)


def test_a_bias_is_read_once_for_a_batch() -> None:
    """A vector of N for all products: N elements, whatever the batch; and no FLOPs."""
    plain = planner.gemm(64, 32, 96, batch=7)
    added = planner.gemm(64, 32, 96, batch=7, bias=True)
    assert added.bytes - plain.bytes == 2 * 32
    assert added.flop == plain.flop


def test_the_result_has_its_own_type() -> None:
    """fp32 results of bf16 operands are twice as many bytes."""
    wide = planner.gemm(64, 32, 96, out_dtype="fp32")
    assert wide.bytes_written == 4 * 64 * 32
    assert planner.gemm(64, 32, 96, dtype="fp8", out_dtype="fp8").bytes_written == 64 * 32


def test_tiles_and_waves() -> None:
    """4096² in 128² tiles: 1,024 on 132 SMs are 8 waves of 1,056: 96.97 % of the peak."""
    found = planner.gemm(4096, 4096, 4096, devices=["h100-sxm"]).devices[0]
    tile = found.tile
    assert tile is not None
    assert (tile.tiles, tile.waves, tile.sm_count) == (1024, 8, 132)
    assert tile.wave_efficiency_pct == pytest.approx(100 * 1024 / 1056)
    assert tile.useful_work_pct == 100
    assert tile.estimate_ns == pytest.approx(138_911.4 * 1056 / 1024, rel=1e-6)


def test_padding_counts() -> None:
    """130 rows in tiles of 128 are two tiles, 50.8 % of them work; 133 tiles are two waves."""
    found = planner.gemm(130, 128, 64, devices=["h100-sxm"]).devices[0].tile
    assert found is not None
    assert found.tiles == 2
    assert found.useful_work_pct == pytest.approx(100 * 130 / 256)
    many = planner.gemm(133 * 128, 128, 64, devices=["h100-sxm"]).devices[0].tile
    assert many is not None
    assert many.waves == 2
    assert many.wave_efficiency_pct == pytest.approx(100 * 133 / 264)


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.integers(1, 64),
    st.sampled_from([(64, 64), (128, 128), (256, 64)]),
    st.integers(1, 200),
)
def test_tiles_never_beat_the_floor(
    m: int, n: int, batch: int, tile: tuple[int, int], sm_count: int
) -> None:
    """Efficiencies lie above 0 and at most at 100 %, and an estimate is never under the floor."""
    place = Place("d", "fp32", 1e12, 1e12, 1.0, 1e12, 500.0, 100.0, 500.0, "compute", None, None)
    found = tiling(m, n, batch, tile, sm_count, place)
    assert 0 < found.efficiency_pct <= 100 + 1e-9
    assert found.tiles * tile[0] * tile[1] >= batch * m * n
    assert (found.waves - 1) * sm_count < found.tiles <= found.waves * sm_count
    assert (found.estimate_ns is None) == (found.tiles < sm_count)
    assert found.estimate_ns is None or found.estimate_ns >= 500 * (1 - 1e-12)


def test_without_a_device_the_usual_ones_are_told() -> None:
    """Ten cards of several generations, all of them in the device table."""
    found = planner.gemm(8, 8, 8)
    assert len(found.devices) == 10
    assert {each.place.device for each in found.devices} <= {row.name for row in load_devices()}


@pytest.mark.parametrize(
    ("sizes", "options", "said"),
    [
        ((0, 4, 4), {}, "M must be a whole number"),
        ((4, -1, 4), {}, "N must be a whole number"),
        ((4, 4, 10**10), {}, "K must be a whole number"),
        ((10**9, 10**9, 10**9), {}, "more than one launch does"),
        ((4, 4, 4), {"batch": 0}, "the number of products must be"),
        ((4, 4, 4), {"dtype": "fp7"}, "no data type 'fp7'"),
        ((4, 4, 4), {"out_dtype": "fp7"}, "no result type 'fp7'"),
        ((4, 4, 5), {"dtype": "fp4"}, "K must be a multiple of 2"),
        ((4, 4, 48), {"dtype": "mxfp4"}, "K must be a multiple of 32"),
        ((4, 4, 32), {"dtype": "mxfp4", "batch": 2, "bias": True}, "a bias of a batch"),
        ((4, 4, 4), {"devices": ["abacus"]}, "no device named 'abacus'"),
        ((4, 4, 4), {"time_ns": 5.0}, "one device"),
        ((4, 4, 4), {"time_ns": -5.0, "devices": ["t4"]}, "must be above 0"),
        ((4, 4, 4), {"time_ns": float("nan"), "devices": ["t4"]}, "must be above 0"),
        ((4, 4, 4), {"tile": (0, 64)}, "sides of a tile"),
    ],
)
def test_nonsense_is_refused(
    sizes: tuple[int, int, int], options: dict[str, Any], said: str
) -> None:
    """What cannot be is said, naming the value."""
    with pytest.raises(UsageError, match=said):
        planner.gemm(*sizes, **options)


@pytest.mark.parametrize("text", ["128", "x", "128x", "-1x64", "1e3x2", "64x64x64"])
def test_a_tile_that_is_none(text: str) -> None:
    """Only two whole numbers with an x between are a tile."""
    with pytest.raises(UsageError, match="written like 128x64"):
        parse_tile(text)
