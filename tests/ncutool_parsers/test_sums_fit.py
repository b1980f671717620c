"""Times of damaged captures: each bounded, and so is what they come to together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch_factory as made

from ncutool.commands import main
from ncutool_parsers import read
from ncutool_parsers.edge import LARGEST_ID, LONGEST_NS, Edge

ELEVEN_DAYS_US = 9.9e11


def test_sums_of_long_launches_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10,000 launches of 11 days, each possible, come to more than 64 bits hold."""
    events = [
        made.kernel(f"k{number % 7}", 10.0 * number, ELEVEN_DAYS_US, number + 1)
        for number in range(10_000)
    ]
    events += [made.kernel("short", 100_000.0 + number, 5.0, 20_000 + number) for number in (0, 9)]
    path = made.write(tmp_path / "long.json", events)
    launches = read(path).launches
    known = launches["duration_ns"].drop_nulls().to_list()
    assert known == [5000, 5000]
    assert main(["kernels", str(path), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert any("10,000 numbers" in notice["text"] for notice in told["notices"])
    assert main(["findings", str(path)]) == 0


def test_durations_of_reports_are_held_too() -> None:
    """What is over is unknown, and counted."""
    edge = Edge()
    found = [edge.duration(float(LONGEST_NS)) for _ in range(10_000)]
    kept = [one for one in found if one is not None]
    assert set(kept) == {LONGEST_NS}
    assert sum(kept) <= LARGEST_ID // 2 < sum(kept) + LONGEST_NS
    assert edge.numbers == 10_000 - len(kept)
    assert edge.duration(None) is None
    assert edge.duration(-1.0) is None
