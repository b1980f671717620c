"""Which notice a report gets for what it lacks, and that each says how to collect it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.base import tables
from ncutool.work import counter_notices
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.schema import LAUNCHES

TENSOR = "--section SpeedOfLight_HierarchicalTensorRooflineChart"
SASS = "--section SourceCounters"


def notices(
    capability: str = "8.0", version: str | None = "2025.2.1.0", **figures: Any
) -> dict[str, str]:
    """Code and text of each notice of a report with one launch of these figures."""
    known = {"flop": 1.0, "flop_source": "counter", "dram_bytes": 1.0, "bytes_source": "counter"}
    row = {"launch_id": 0, "sm_sol_pct": 5.0, **known, **figures}
    capture = Capture(
        path=Path("r.ncu-rep"),
        format=NCU_REPORT,
        launches=LAUNCHES.empty(),
        devices=(DeviceRecord(compute_capability=capability),),
        tool_version=version,
    )
    table = tables.WORK.conform(pl.from_dicts([row]))
    return {notice.code: notice.text for notice in counter_notices.notices(capture, table)}


MISSING: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "no_flop_counters",
        {"missing": ["flop_counters"]},
        ["--set roofline", TENSOR, SASS],
    ),
    (
        "partial_flop_counters",
        {"missing": ["core_counters"]},
        ["--section SpeedOfLight_RooflineChart"],
    ),
    ("no_tensor_counters", {"missing": ["tensor_counters"]}, [TENSOR, SASS]),
    (
        "no_half_counters",
        {"missing": ["half_counters"]},
        ["--section SpeedOfLight_HierarchicalHalfRooflineChart", SASS],
    ),
    ("estimated_flop", {"flop_source": "pipe"}, [TENSOR, SASS]),
    ("no_dram_counters", {"missing": ["dram_counters"]}, ["--set basic"]),
    ("no_dram_on_chip", {"missing": ["dram_on_chip"]}, [TENSOR]),
    ("no_speed_of_light", {"sm_sol_pct": None}, ["--section SpeedOfLight"]),
]


@pytest.mark.parametrize(("code", "figures", "sections"), MISSING, ids=[m[0] for m in MISSING])
def test_what_is_missing(code: str, figures: dict[str, Any], sections: list[str]) -> None:
    """One notice a cause, with the sections that bring the figure and a whole command line."""
    found = notices(**figures)
    assert set(found) == {code}
    assert all(section in found[code] for section in sections)
    assert re.search(r"`ncu --set \w+ (--section \w+ )*-o report PROGRAM`", found[code])


def test_nothing_missing() -> None:
    """A report with every figure needs no notice, whatever its label below the counters."""
    assert notices() == {}
    assert notices(flop_source="sass") == {}
    assert notices(missing=["failed"], flop=None, sm_sol_pct=None) == {}


def test_two_things_missing() -> None:
    """FLOPs and bytes that lack counters get a notice each."""
    found = notices(missing=["tensor_counters", "dram_counters"])
    assert set(found) == {"no_tensor_counters", "no_dram_counters"}


def test_tensor_counters_by_device_and_version() -> None:
    """Volta has no tensor counters; older versions of ncu did not collect them."""
    reason: dict[str, Any] = {"missing": ["tensor_counters"]}
    volta = notices("7.0", **reason)["no_tensor_counters"]
    assert SASS in volta
    assert TENSOR not in volta
    for version, older in (("2024.3.2.0", True), ("2025.1.0.0", False), (None, True), ("?", True)):
        text = notices("8.0", version, **reason)["no_tensor_counters"]
        assert ("2025.1 or later" in text) is older


def test_chips_held_against_l2() -> None:
    """Where L2 stands in for DRAM the notice says so instead of asking for more."""
    reason: dict[str, Any] = {"missing": ["dram_on_chip"], "dram_bytes": None}
    text = notices("11.0", memory_level="l2", **reason)["no_dram_on_chip"]
    assert "1 of 1 launch is held against L2 traffic" in text
