"""A batch over files of this machine: what gets into the dataset, and what a second run does."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import archive_factory as made
import polars as pl
import pytest

import ncutool
from ncutool.archive.batch import Looked, Plan
from ncutool.archive.dataset import BUCKETS, open_dataset, scan
from ncutool.archive.publish import publish
from ncutool.archive.segments import Segment, to_join
from ncutool.archive.settings import Settings
from ncutool_parsers.errors import OutputError, UsageError


def test_every_table_equals_that_of_a_single_run(tmp_path: Path) -> None:
    """A dataset is what `ncutool.load` says of each file, and the file it says it of."""
    files = made.traces(tmp_path / "archive", 5)
    tally = made.batch([tmp_path / "archive"], tmp_path / "dataset")
    assert (tally.files, tally.new, tally.known, tally.failed) == (5, 5, 0, 0)
    found = made.content(tmp_path / "dataset")
    for path in files:
        alone = ncutool.load(path)
        about = found["captures"].filter(pl.col("path") == f"{path.parent.name}/{path.name}")
        (row,) = about.to_dicts()
        key = pl.col("capture_id") == row["capture_id"]
        parts = {"launches": alone.kernels, "inside": alone.inside}
        parts["findings"] = ncutool.findings(alone)
        for name, frame in parts.items():
            mine = found[name].filter(key).drop("capture_id", "bucket")
            assert mine.equals(frame, null_equal=True), name
        assert row["headline"] == alone.headline
        assert row["rank"] == int(path.stem)
        assert row["launch_ns"] == alone.coverage.duration_ns
        assert alone.timeline is not None
        idle = found["gaps"].filter(key)["duration_ns"].sum()
        assert idle == alone.timeline.idle_ns == row["idle_ns"]
    assert made.leftovers(tmp_path / "dataset") == []


def damaged(folder: Path) -> dict[str, str]:
    """Write what no one can analyse; the kind of error of each name."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = made.trace(folder / "whole.json", 1).read_bytes()
    (folder / "whole.json").unlink()
    (folder / "empty.json").write_bytes(b"")
    (folder / "text.txt").write_text("see the notes of Tuesday\n")
    (folder / "early.json.gz").write_bytes(gzip.compress(whole)[:12])
    (folder / "other.json").write_text('{"a": 1}')
    (folder / "bomb.json.gz").write_bytes(gzip.compress(b"0" * 10_000_000))
    (folder / "launchless.json").write_text('{"schemaVersion": 1, "traceEvents": []}')
    (folder / "cut.ncu-rep").write_bytes(b"NVR\0\x10\0\0\0garbage")
    os.symlink("loop.json", folder / "loop.json")
    os.symlink(folder, folder / "again")
    os.mkfifo(folder / "pipe.json")
    return {
        "empty.json": "empty",
        "text.txt": "not_a_capture",
        "early.json.gz": "damaged",
        "other.json": "not_a_capture",
        "bomb.json.gz": "not_a_capture",
        "launchless.json": "empty",
        "cut.ncu-rep": "damaged",
        "loop.json": "unreadable",
        "pipe.json": "unreadable",
    }


def test_each_bad_file_is_an_error_of_its_kind_and_the_rest_go_on(tmp_path: Path) -> None:
    """Damage, pipes and loops of links end neither the run nor another file."""
    kinds = damaged(tmp_path / "archive")
    made.traces(tmp_path / "archive", 3)
    tally = made.batch([tmp_path / "archive"], tmp_path / "dataset")
    assert (tally.new, tally.failed) == (3, len(kinds))
    errors = made.content(tmp_path / "dataset")["errors"]
    assert dict(errors.select("path", "kind").iter_rows()) == kinds
    assert all(len(message) > 20 for message in errors["message"])
    assert errors.filter(pl.col("content_hash").is_null())["path"].sort().to_list() == [
        "loop.json",
        "pipe.json",
    ]


def test_a_second_run_opens_nothing(tmp_path: Path) -> None:
    """An archive that has not changed starts no worker, for its errors neither."""
    kinds = damaged(tmp_path / "archive")
    made.traces(tmp_path / "archive", 3)
    made.batch([tmp_path / "archive"], tmp_path / "dataset")
    before = made.content(tmp_path / "dataset")
    again = made.batch([tmp_path / "archive"], tmp_path / "dataset", engine=made.no_engine)
    assert (again.new, again.known, again.failed) == (0, 3, len(kinds))
    made.assert_same(before, made.content(tmp_path / "dataset"))


def test_without_its_index_a_dataset_is_still_complete(tmp_path: Path) -> None:
    """What is in the tables is known by its content, whatever became of the cache beside them."""
    made.traces(tmp_path / "archive", 4)
    made.batch([tmp_path / "archive"], tmp_path / "dataset")
    before = made.content(tmp_path / "dataset")
    for path in (tmp_path / "dataset" / "_index").iterdir():
        path.unlink()
    again = made.batch([tmp_path / "archive"], tmp_path / "dataset")
    assert (again.new, again.known) == (0, 4)
    made.assert_same(before, made.content(tmp_path / "dataset"))


def test_only_what_is_new_or_changed_is_done(tmp_path: Path) -> None:
    """A file that was mended is no error any more; a copy under another name is no new capture."""
    files = made.traces(tmp_path / "archive", 3)
    broken = tmp_path / "archive" / "z.json"
    broken.write_text("not yet")
    made.batch([tmp_path / "archive"], tmp_path / "dataset")
    assert made.content(tmp_path / "dataset")["errors"]["path"].to_list() == ["z.json"]
    made.trace(broken, 77)
    (tmp_path / "archive" / "zz.json").write_bytes(files[0].read_bytes())
    again = made.batch([tmp_path / "archive"], tmp_path / "dataset")
    assert (again.new, again.known, again.failed) == (1, 4, 0)
    found = made.content(tmp_path / "dataset")
    assert found["errors"].height == 0
    assert sorted(found["captures"]["rank"]) == [0, 1, 2, 77]
    assert found["launches"].n_unique("capture_id") == 4


def test_of_files_alike_the_first_by_path_is_told(tmp_path: Path) -> None:
    """Whichever is looked at first, the dataset is the same."""
    for name in ("b", "a", "c"):
        made.trace(tmp_path / "archive" / f"{name}.json", 5)
    tally = made.batch(
        [tmp_path / "archive" / "b.json", tmp_path / "archive"], tmp_path / "dataset"
    )
    assert (tally.new, tally.alike) == (3, 2)
    assert made.content(tmp_path / "dataset")["captures"]["path"].to_list() == ["a.json"]


def test_other_options_replace_what_they_change(tmp_path: Path) -> None:
    """Figures of two ways of analysing never stand beside each other."""
    made.traces(tmp_path / "archive", 4)
    made.batch([tmp_path / "archive"], tmp_path / "dataset")
    first = made.content(tmp_path / "dataset")["captures"]
    plan = Plan(Settings(whole_steps=True))
    again = made.batch([tmp_path / "archive"], tmp_path / "dataset", plan=plan)
    assert (again.new, again.known) == (4, 0)
    found = made.content(tmp_path / "dataset")
    assert found["captures"]["capture_id"].equals(first["capture_id"])
    versions = set(found["captures"]["analysis_version"])
    assert versions == {plan.settings.analysis_version}
    assert versions.isdisjoint(first["analysis_version"])
    assert found["launches"].n_unique(["capture_id", "launch_id"]) == found["launches"].height


def test_metadata_is_a_column_that_older_captures_lack(tmp_path: Path) -> None:
    """All files of a table have the same columns, whatever was said of which run."""
    made.trace(tmp_path / "one" / "a.json", 1)
    made.trace(tmp_path / "two" / "b.json", 2)
    made.batch([tmp_path / "one"], tmp_path / "dataset")
    made.batch([tmp_path / "two"], tmp_path / "dataset", metadata={"commit": "abc"})
    rows = scan(tmp_path / "dataset", "captures").select("path", "commit").sort("path").collect()
    assert rows.rows() == [("a.json", None), ("b.json", "abc")]
    plain = pl.read_parquet(tmp_path / "dataset" / "captures" / "**" / "*.parquet")
    assert sorted(plain["commit"].to_list(), key=str) == [None, "abc"]
    made.batch([tmp_path / "two"], tmp_path / "dataset", metadata={"commit": "def"})
    rows = scan(tmp_path / "dataset", "captures").select("path", "commit").sort("path").collect()
    assert rows.rows() == [("a.json", None), ("b.json", "def")]


def test_what_failed_by_a_limit_is_tried_with_another(tmp_path: Path) -> None:
    """An error of the file stays one; an error of the limit does not."""
    made.trace(tmp_path / "archive" / "a.json", 1)
    small = Plan(Settings(max_bytes=100))
    assert made.batch([tmp_path / "archive"], tmp_path / "dataset", plan=small).kinds == {
        "too_large": 1
    }
    again = made.batch(
        [tmp_path / "archive"], tmp_path / "dataset", plan=small, engine=made.no_engine
    )
    assert again.kinds == {"too_large": 1}
    assert made.batch([tmp_path / "archive"], tmp_path / "dataset").new == 1
    assert made.content(tmp_path / "dataset")["errors"].height == 0


def test_errors_are_tried_again_when_asked(tmp_path: Path) -> None:
    """`--retry-errors` looks at them anew, and only at them."""
    made.traces(tmp_path / "archive", 2)
    (tmp_path / "archive" / "bad.json").write_text("no")
    made.batch([tmp_path / "archive"], tmp_path / "dataset")
    lines: list[Looked] = []
    plan = Plan(Settings(), retry_errors=True)
    made.batch([tmp_path / "archive"], tmp_path / "dataset", plan=plan, lines=lines)
    assert [Path(line.location).name for line in lines] == ["bad.json"]


def test_a_run_stops_after_too_many_failures(tmp_path: Path) -> None:
    """What was done until then stays, and the next run goes on."""
    for number in range(4):
        (tmp_path / f"bad{number}.json").write_text(f"no {number}")
    made.trace(tmp_path / "z.json", 1)
    plan = Plan(Settings(), max_failures=1)
    tally = made.batch([tmp_path], tmp_path / "dataset", plan=plan)
    assert (tally.stopped, tally.failed, tally.new) == (True, 2, 0)
    assert made.content(tmp_path / "dataset")["errors"].height == 2
    assert made.batch([tmp_path], tmp_path / "dataset").done == 5


def test_a_list_a_pattern_and_a_folder_name_files_once(tmp_path: Path) -> None:
    """However a file is named, it is one."""
    files = made.traces(tmp_path / "archive", 4)
    names = tmp_path / "list.txt"
    names.write_text(f"# of tonight\n{files[0]}\n\n{tmp_path}/archive/run1/*.json\n")
    tally = made.batch([f"@{names}", tmp_path / "archive" / "run0"], tmp_path / "dataset")
    assert tally.files == 3
    with pytest.raises(UsageError, match=r"no file fits this pattern"):
        made.batch([f"{tmp_path}/*.nothing"], tmp_path / "dataset")
    with pytest.raises(UsageError, match=r"does not exist"):
        made.batch([tmp_path / "gone"], tmp_path / "dataset")


def test_a_name_of_any_bytes_is_read(tmp_path: Path) -> None:
    """Linux lets names be no text."""
    folder = tmp_path / "archive"
    made.trace(folder / "a.json", 3)
    os.rename(folder / "a.json", os.fsencode(folder) + b"/\xff\xfe.json")
    tally = made.batch([folder], tmp_path / "dataset")
    assert tally.new == 1
    assert made.batch([folder], tmp_path / "dataset", engine=made.no_engine).known == 1


def test_a_folder_of_something_else_is_not_written_to(tmp_path: Path) -> None:
    """A wrong -o does no harm."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"is no dataset of ncutool"):
        open_dataset(tmp_path)
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "_schema.json").write_text('{"schema_version": 99}')
    with pytest.raises(OutputError, match=r"newer ncutool"):
        open_dataset(tmp_path / "newer")
    with pytest.raises(UsageError, match=r"have a column of that name"):
        open_dataset(tmp_path / "fresh", ["device"])


def test_duckdb_reads_what_polars_reads(tmp_path: Path) -> None:
    """A dataset needs no ncutool to be read."""
    duckdb = pytest.importorskip("duckdb")
    made.traces(tmp_path / "archive", 6)
    made.batch([tmp_path / "archive"], tmp_path / "dataset")
    pattern = f"{tmp_path}/dataset/launches/*/*.parquet"
    query = f"SELECT count(*), sum(duration_ns), count(DISTINCT capture_id) FROM '{pattern}'"
    mine = scan(tmp_path / "dataset", "launches")
    expected = mine.select(
        pl.len(), pl.col("duration_ns").sum(), pl.col("capture_id").n_unique()
    ).collect()
    assert duckdb.sql(query).fetchall() == expected.rows()


def segments(dataset: Path, table: str) -> int:
    """Files of a table."""
    return len(list((dataset / table).rglob("*.parquet")))


def test_small_segments_become_one_when_asked(tmp_path: Path) -> None:
    """A dataset that grew by a few captures a night holds what one made at once holds."""
    dataset = tmp_path / "dataset"
    for night in (1, 2, 3):
        made.traces(tmp_path / "archive", 5 * night)
        made.batch([tmp_path / "archive"], dataset)
    made.batch([tmp_path / "archive"], tmp_path / "at_once")
    made.assert_same(made.content(dataset), made.content(tmp_path / "at_once"))
    buckets = len(list((dataset / "captures").iterdir()))
    assert segments(dataset, "captures") > buckets
    for bucket in BUCKETS:
        publish(open_dataset(dataset), bucket, "run", compact=True)
    assert segments(dataset, "captures") == segments(dataset, "launches") == buckets
    made.assert_same(made.content(dataset), made.content(tmp_path / "at_once"))


def test_many_small_segments_become_one_by_themselves() -> None:
    """Eight small ones do, the smallest first; large ones stay as they are."""
    few = [Segment(f"s{n}", 1000 + n) for n in range(7)]
    large = Segment("large", 60 * 2**20)
    assert to_join([*few, large]) == []
    assert to_join([large, *few, Segment("s7", 1)]) == ["s7", *(one.name for one in few)]
    assert to_join(few[:2], asked=True) == ["s0", "s1"]
    assert to_join([few[0], large], asked=True) == []
    half = [Segment(f"h{n}", 900_000) for n in range(20)]
    assert len(to_join(half)) == 9


class PowerCutError(Exception):
    """The machine dies here."""


def test_a_change_that_breaks_off_anywhere_is_completed_or_did_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file was the last to be moved or removed, the next run finds all of it, once."""
    made.traces(tmp_path / "archive", 6)
    made.batch([tmp_path / "archive"], tmp_path / "expected")
    expected = made.content(tmp_path / "expected")
    for last in (0, 1, 2, 3, 5, 8, 13, 21, 34):
        dataset = tmp_path / f"dataset{last}"
        left = [last]

        def count(real: Any, left: list[int] = left) -> Any:
            def stand_in(*arguments: Any, **more: Any) -> Any:
                if not left[0]:
                    raise PowerCutError
                left[0] -= 1
                return real(*arguments, **more)

            return stand_in

        with monkeypatch.context() as patched:
            patched.setattr("ncutool.archive.journal.os.replace", count(os.replace))
            patched.setattr("ncutool.archive.journal.Path.unlink", count(Path.unlink))
            patched.setattr("ncutool.archive.dataset.Run.close", lambda run: run._lock.leave())
            with pytest.raises((PowerCutError, OutputError)):
                made.batch([tmp_path / "archive"], dataset)
        made.batch([tmp_path / "archive"], dataset)
        made.assert_same(made.content(dataset), expected)
        assert made.leftovers(dataset) == []
