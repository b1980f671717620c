"""A baseline is a small file that compares like the capture it was made of, and says no secrets."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from analysis_factory import report, trace

from ncutool import diff
from ncutool.diff import baseline
from ncutool.diff.wording import headline
from ncutool_parsers.errors import CaptureError, UsageError


@pytest.fixture
def one() -> diff.Side:
    """A side of a made trace with private facts and findings."""
    private = {"host": "secret-host", "user path": "/home/secret-user"}
    return diff.side_of([trace(private=private)])


def test_what_is_read_is_what_was_written(one: diff.Side, tmp_path: Path) -> None:
    """Table and facts come back as they were."""
    path = tmp_path / "main.baseline.json.gz"
    path.write_bytes(baseline.dump(one))
    assert baseline.is_baseline(path)
    (run,) = baseline.load(path).runs
    (was,) = one.runs
    assert run.launches.equals(was.launches)
    assert (run.device, run.settings, run.window, run.findings) == (
        was.device, was.settings, was.window, was.findings,
    )  # fmt: skip
    assert headline(diff.compare(one, baseline.load(path))) == "same: one recording, 0 changes"


def test_a_report_is_kept_too(tmp_path: Path) -> None:
    """It has no window."""
    path = tmp_path / "r.baseline.json.gz"
    path.write_bytes(baseline.dump(diff.side_of([report(), report()])))
    runs = baseline.load(path).runs
    assert [run.window for run in runs] == [None, None]


def test_nothing_private_is_kept(one: diff.Side) -> None:
    """Neither host names nor paths."""
    text = gzip.decompress(baseline.dump(one)).decode()
    assert "secret" not in text
    assert set(json.loads(text)["runs"][0]) == {
        "name", "device", "settings", "window", "findings", "started_ns", "batch", "length",
        "launches",
    }  # fmt: skip


def test_the_same_side_gives_the_same_bytes(one: diff.Side) -> None:
    """So that a baseline can lie in a repository."""
    assert baseline.dump(one) == baseline.dump(one)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", gzip.compress(b"{}"), b"\x1f\x8b"],
    ids=["empty", "text", "other JSON", "half"],
)
def test_other_files_are_no_baselines(content: bytes, tmp_path: Path) -> None:
    """Also a gzipped trace, and half a file."""
    path = tmp_path / "file.json.gz"
    path.write_bytes(content)
    assert not baseline.is_baseline(path)


def test_a_damaged_baseline_is_one_line(one: diff.Side, tmp_path: Path) -> None:
    """Cut short, another format, a column too few, too large."""
    whole = baseline.dump(one)
    path = tmp_path / "b.baseline.json.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaptureError, match="cannot be read"):
        baseline.load(path)
    facts = json.loads(gzip.decompress(whole))
    facts["runs"][0]["launches"]["kernel"] = [1]
    path.write_bytes(gzip.compress(json.dumps(facts).encode()))
    with pytest.raises(CaptureError, match="damaged"):
        baseline.load(path)
    path.write_bytes(whole)
    with pytest.raises(CaptureError, match="too large"):
        baseline.load(path, max_bytes=100)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a" * 101, "a b"])
def test_a_name_never_leaves_the_folder(name: str) -> None:
    """Names are words."""
    with pytest.raises(UsageError, match="no name for a baseline"):
        baseline.path_of(name)


def test_the_schema_is_part_of_the_kernels_table() -> None:
    """What is stored has the columns and types of the public contract, and two clocks."""
    from ncutool.base.tables import KERNELS
    from ncutool.diff.sides import SCHEMA

    known = KERNELS.polars_schema()
    extra = {name: kind for name, kind in SCHEMA.items() if known.get(name) != kind}
    assert extra == {"sm_clock_hz": pl.Float64(), "memory_clock_hz": pl.Float64()}
