"""Launches on another device: each class by hand, and what holds for any launch."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base.roofs import ROOFS
from ncutool.devices.resolve import Device, load_devices, resolve
from ncutool.planning.planner import rescaled_ns
from ncutool.planning.planner.rescale import CLASSES

PLAIN: dict[str, Any] = {
    "launch_id": 0, "capture": "c.json", "source": "torch", "kernel": "k", "roof": "bf16_tensor",
    "flop": 1e9, "dram_bytes": 1e6, "duration_ns": 200_000, "bound": "compute",
    "peak_flop_per_s": None, "peak_bytes_per_s": None,
}  # fmt: skip
TYPES = {
    "launch_id": pl.Int64, "capture": pl.String, "source": pl.String, "kernel": pl.String,
    "roof": pl.String, "flop": pl.Float64, "dram_bytes": pl.Float64, "duration_ns": pl.Int64,
    "bound": pl.String, "peak_flop_per_s": pl.Float64, "peak_bytes_per_s": pl.Float64,
}  # fmt: skip


def device(name: str) -> Device:
    """A row of the device table."""
    found = resolve(None, name).device
    assert found is not None
    return found


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """A kernels table of launches that differ from PLAIN so."""
    return pl.DataFrame(
        [{**PLAIN, "launch_id": number, **row} for number, row in enumerate(rows)], schema=TYPES
    )


def one(to: str, start: str | None = "H100 SXM", **row: Any) -> dict[str, Any]:
    """One launch on ``to``."""
    own = None if start is None else device(start)
    return rescaled_ns(table(row), own, device(to)).row(0, named=True)


def test_memory_bound_gains_the_bandwidth() -> None:
    """H100 to H200: 4.8 / 3.35 = 1.433 times as fast, whatever share of its roof it reached."""
    found = one("H200 SXM", roof="fp32", flop=1e6, dram_bytes=3.35e8, bound="memory")
    assert found["rescaled_by"] == "memory"
    for name in ("rescaled_low_ns", "rescaled_ns", "rescaled_high_ns"):
        assert 200_000 / found[name] == pytest.approx(1.43284, abs=1e-5)
    assert found["floor_ns"] == pytest.approx(3.35e8 / 4.8e12 * 1e9)


def test_compute_bound_gains_the_peak() -> None:
    """H100 to A100: 989.4 / 312 = 3.171 times as long; to H200 as long."""
    found = one("A100 80GB SXM", flop=1e11, dram_bytes=1e6)
    assert found["rescaled_by"] == "compute"
    assert found["rescaled_ns"] == pytest.approx(200_000 * 989.4 / 312)
    assert one("H200 SXM", flop=1e11, dram_bytes=1e6)["rescaled_ns"] == 200_000


def test_what_binds_may_change() -> None:
    """At 100 FLOP/byte a launch is memory-bound on an H100 (ridge 295) and compute-bound on an
    H20 (37): t_c·π/π' over t_m, at 0.70 of the tensor peak and 0.85 of the bandwidth, and the
    bounds at the peaks themselves."""
    found = one("H20", flop=1e10, dram_bytes=1e8, bound="memory")
    start, to = device("H100 SXM"), device("H20")
    slow = 1e10 / to.peak_flop_per_s["bf16_tensor"]
    was = 1e8 / start.peak_bytes_per_s
    assert found["rescaled_by"] == "compute"
    assert found["rescaled_ns"] == pytest.approx(200_000 * (slow / 0.70) / (was / 0.85))
    assert found["rescaled_low_ns"] == pytest.approx(200_000 * slow / was)
    assert found["rescaled_high_ns"] == found["rescaled_ns"]


def test_latency_bound_is_kept() -> None:
    """Within 30 %, for the clocks; where no peak is lower it becomes no slower."""
    found = one("H200 SXM", bound="latency", duration_ns=10_000)
    assert found["rescaled_by"] == "latency"
    assert (found["rescaled_low_ns"], found["rescaled_high_ns"]) == pytest.approx((7e3, 10e3))
    assert found["rescaled_ns"] == 10_000
    lower = one("A100 80GB SXM", bound="latency", duration_ns=10_000)
    assert lower["rescaled_low_ns"] == pytest.approx(7e3)
    assert lower["rescaled_high_ns"] == pytest.approx(10_000 * 989.4 / 312)


def test_what_stays_below_its_roof_scales_by_that_side() -> None:
    """200 µs at 1.7 % of bandwidth: from an H100 to an H200 by 3.35 / 4.8; of 50 µs nobody can
    say, so that it may also be kept; and on the compute side the peaks are alike."""
    memory: dict[str, Any] = {"roof": "fp32", "flop": 1e6, "dram_bytes": 1.1e7}
    found = one("H200 SXM", **memory, bound="below_memory_roof")
    assert found["rescaled_by"] == "memory"
    assert found["rescaled_ns"] == pytest.approx(200_000 * 3.35 / 4.8)
    assert found["rescaled_low_ns"] == found["rescaled_high_ns"] == found["rescaled_ns"]
    short = one("H200 SXM", **memory, bound="below_memory_roof", duration_ns=50_000)
    assert short["rescaled_ns"] == short["rescaled_low_ns"] == pytest.approx(50_000 * 3.35 / 4.8)
    assert short["rescaled_high_ns"] == 50_000
    compute = one("H200 SXM", flop=8e10, bound="below_compute_roof")
    assert compute["rescaled_by"] == "compute"
    assert compute["rescaled_low_ns"] == compute["rescaled_high_ns"] == 200_000


def test_nothing_is_faster_than_its_floor() -> None:
    """33.5 MB take 111.7 µs on an L4 (0.3 TB/s), though the launch took 40 µs of latency."""
    found = one("L4", bound="latency", duration_ns=40_000, flop=1e6, dram_bytes=33.5e6, roof="fp32")
    assert found["rescaled_low_ns"] == pytest.approx(33.5e6 / 0.3e12 * 1e9)
    assert found["rescaled_ns"] == found["rescaled_low_ns"]
    assert found["rescaled_high_ns"] == pytest.approx(40_000 * 3.35 / 0.3)


def test_unknown_work_scales_by_bandwidth_or_by_a_peak() -> None:
    """200 µs from an H100: to an H200 a 1.433th or as long, no figure between; under 100 µs the
    device may not matter, under 5 µs it does not."""
    nothing: dict[str, Any] = {"flop": None, "dram_bytes": None, "roof": None, "bound": "unknown"}
    found = one("H200 SXM", **nothing)
    assert found["rescaled_by"] == "unknown"
    assert found["rescaled_ns"] is None
    assert found["rescaled_low_ns"] == pytest.approx(200_000 / 1.43284, rel=1e-5)
    assert found["rescaled_high_ns"] == 200_000
    slower = one("A100 80GB SXM", **nothing)
    assert slower["rescaled_low_ns"] == pytest.approx(200_000 * 3.35 / 2.039)
    assert slower["rescaled_high_ns"] > slower["rescaled_low_ns"]
    assert one("A100 80GB SXM", **nothing, duration_ns=50_000)["rescaled_low_ns"] == 50_000
    assert one("A100 80GB SXM", **nothing, duration_ns=4_000)["rescaled_by"] == "latency"


def test_communication_and_host_copies_are_kept() -> None:
    """Links are no part of the device table; a copy within the device goes by its bandwidth."""
    assert one("L4", bound="communication")["rescaled_ns"] == 200_000
    host = one("L4", bound="copy", kernel="Memcpy HtoD (Pinned -> Device)", flop=0.0)
    assert (host["rescaled_by"], host["rescaled_high_ns"]) == ("copy", 200_000)
    inside = one("L4", bound="copy", kernel="Memcpy DtoD (Device -> Device)", roof=None, flop=0.0)
    assert inside["rescaled_ns"] == pytest.approx(200_000 * 3.35 / 0.3)
    assert inside["rescaled_low_ns"] == 200_000


def test_a_type_without_a_peak_is_not_guessed() -> None:
    """fp8 on an A100 has no time, not another type's."""
    found = one("A100 80GB SXM", roof="fp8_tensor")
    assert found["rescaled_by"] == "unsupported"
    assert found["rescaled_low_ns"] is found["rescaled_ns"] is found["rescaled_high_ns"] is None


def test_a_rows_own_peaks_win() -> None:
    """A report's launch at locked clocks is scaled from what its record says, device or none."""
    own: dict[str, Any] = {"peak_flop_per_s": 494.7e12, "peak_bytes_per_s": 1.675e12, "flop": 1e11}
    assert one("H100 SXM", **own)["rescaled_ns"] == pytest.approx(100_000)
    assert one("H100 SXM", None, **own)["rescaled_ns"] == pytest.approx(100_000)
    lost = one("H100 SXM", None, flop=None, dram_bytes=None, roof=None, bound="unknown")
    assert lost["rescaled_low_ns"] is lost["rescaled_high_ns"] is None


def test_an_unrecorded_time_stays_unknown() -> None:
    """Nothing follows from no time."""
    found = one("H200 SXM", duration_ns=None)
    assert found["rescaled_low_ns"] is found["rescaled_ns"] is found["rescaled_high_ns"] is None


_BOUNDS = (
    *("compute", "memory", "latency", "cache", "unknown", "small_grid", "copy", "communication"),
    *("balanced", "below_memory_roof", "below_compute_roof"),
)
_AMOUNT = st.one_of(st.none(), st.just(0.0), st.floats(1.0, 1e13))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "flop": _AMOUNT,
                "dram_bytes": _AMOUNT,
                "duration_ns": st.integers(1, 10**9),
                "roof": st.sampled_from([None, "fp32", "bf16_tensor", "fp8_tensor"]),
                "bound": st.sampled_from(_BOUNDS),
            }
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["A100 80GB SXM", "H100 SXM", "H20", "L4", "AMD MI300X"]),
)
def test_bounds_are_in_order_for_any_launch(rows: list[dict[str, Any]], to: str) -> None:
    """Lower bound, figure and upper bound are in order, positive, and null only together with a
    class that says why."""
    frame = table(*rows)
    found = rescaled_ns(frame, device("H100 SXM"), device(to))
    assert found["launch_id"].to_list() == frame["launch_id"].to_list()
    for row in found.iter_rows(named=True):
        assert row["rescaled_by"] in CLASSES
        low, middle, high = row["rescaled_low_ns"], row["rescaled_ns"], row["rescaled_high_ns"]
        if low is None:
            assert row["rescaled_by"] == "unsupported"
            assert middle is high is None
            continue
        assert 0 < low <= high * (1 + 1e-12)
        if middle is not None:
            assert low * (1 - 1e-12) <= middle <= high * (1 + 1e-12)


def test_to_itself_nothing_changes() -> None:
    """The launches that compute or memory bind take what they took."""
    own = "H100 SXM"
    for row in ({"flop": 1e11}, {"flop": 1e6, "dram_bytes": 1e8, "bound": "memory"}):
        found = one(own, **row)
        assert found["rescaled_low_ns"] == found["rescaled_high_ns"] == 200_000


_DEVICES = load_devices()


def _reaches(start: Device, to: Device) -> bool:
    """Whether no peak of ``to`` is lower than the same peak of ``start``."""
    peaks = ((to.peak_flop_per_s.get(roof, 0.0), peak)
             for roof, peak in start.peak_flop_per_s.items())  # fmt: skip
    return to.peak_bytes_per_s >= start.peak_bytes_per_s and all(new >= old for new, old in peaks)


_UPWARD = [(start, to) for start in _DEVICES for to in _DEVICES if _reaches(start, to)]


@given(
    st.sampled_from(_UPWARD),
    st.lists(
        st.fixed_dictionaries(
            {
                "flop": _AMOUNT,
                "dram_bytes": _AMOUNT,
                "duration_ns": st.integers(1, 10**9),
                "roof": st.sampled_from([None, *ROOFS]),
                "bound": st.sampled_from(_BOUNDS),
            }
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_no_launch_becomes_slower_where_no_peak_is_lower(
    pair: tuple[Device, Device], rows: list[dict[str, Any]]
) -> None:
    """Whatever the launch, on a device of which every peak is at least as high."""
    start, to = pair
    for row in rescaled_ns(table(*rows), start, to).iter_rows(named=True):
        for end in ("rescaled_low_ns", "rescaled_ns", "rescaled_high_ns"):
            assert row[end] is None or row[end] <= row["duration_ns"]
