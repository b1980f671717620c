"""Captures and datasets in a real S3 server of its own process, on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import archive_factory as made
import pytest

from ncutool.archive import mirror
from ncutool.archive.reading import tables_of
from ncutool.archive.tables import TABLES
from ncutool_parsers import Place
from ncutool_parsers.errors import OutputError

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")
SECRET = "verysecretkey"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server, and the environment that leads to it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NCUTOOL_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
    }
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield environment
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def s3(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server's file system, empty, and its environment here."""
    import s3fs

    for key, value in server.items():
        monkeypatch.setenv(key, value)
    system = s3fs.S3FileSystem()
    system.invalidate_cache()
    if system.exists("bucket"):
        system.rm("bucket", recursive=True)
    system.mkdir("bucket")
    return system


def ncutool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of ncutool, which knows the server from its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "ncutool", *arguments], capture_output=True, text=True, check=False
    )
    assert SECRET not in done.stdout + done.stderr
    return done


def content(place: str | Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a dataset, in an order that says nothing of its files."""
    with tables_of(Place(place) if isinstance(place, str) else place) as tables:
        frames = {name: tables.scan(name).collect() for name in tables.names}
    return {name: frame.sort(made.KEYS[name]).rows() for name, frame in frames.items()}


def test_a_capture_in_s3_is_analysed_like_the_file(tmp_path: Path, s3: Any) -> None:
    """By a single-capture command; what is missing, and whose bucket it is, is told."""
    trace = made.trace(tmp_path / "t.json", 1)
    s3.put_file(str(trace), "bucket/run/t.json")
    there = ncutool("kernels", "s3://bucket/run/t.json", "--format", "jsonl")
    assert there.returncode == 0, there.stderr
    assert there.stdout == ncutool("kernels", str(trace), "--format", "jsonl").stdout
    none = ncutool("kernels", "s3://bucket/run/none.json")
    assert none.stderr == "ncutool: s3://bucket/run/none.json: does not exist; check the path\n"
    no_bucket = ncutool("kernels", "s3://nobucket/none.json")
    assert no_bucket.returncode == 1
    assert no_bucket.stderr.count("\n") == 1
    page = ncutool("report", "s3://bucket/run/t.json", "-o", str(tmp_path / "t.html"))
    assert page.returncode == 0, page.stderr


def test_an_archive_in_s3_becomes_a_dataset_in_s3(tmp_path: Path, s3: Any) -> None:
    """Read and written there, it is what the same files here give; a second run does nothing."""
    made.traces(tmp_path / "in", 5)
    (tmp_path / "in" / "bad.txt").write_text("no capture")
    s3.put(str(tmp_path / "in"), "bucket/in", recursive=True)
    made.batch([tmp_path / "in"], tmp_path / "DS")
    first = ncutool("batch", "s3://bucket/in", "-o", "s3://bucket/DS", "--jobs", "1")
    assert first.returncode == 1
    assert "6 files: 5 analysed, 1 failed (1 not_a_capture); in s3://bucket/DS" in first.stderr
    here, there = content(tmp_path / "DS"), content("s3://bucket/DS")
    for table in TABLES:
        if table.name != "errors":
            assert there[table.name] == here[table.name]
    assert [row[0] for row in there["errors"]] == ["bad.txt"]
    s3.invalidate_cache()
    names = {name.removeprefix("bucket/DS/") for name in s3.find("bucket/DS")}
    listed = json.loads(s3.cat_file("bucket/DS/_manifest.json"))["files"]
    assert names == {*listed, "_manifest.json"}
    again = ncutool("batch", "s3://bucket/in", "-o", "s3://bucket/DS", "--jobs", "1")
    assert "6 files: 0 analysed, 5 known before, 1 failed" in again.stderr


def test_a_dataset_in_s3_is_asked_by_sql_and_by_conditions(tmp_path: Path, s3: Any) -> None:
    """What lies behind the URL is brought here and removed again."""
    pytest.importorskip("duckdb")
    files = made.traces(tmp_path / "in", 3)
    done = ncutool("batch", *map(str, files), "-o", "s3://bucket/DS", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    sql = "SELECT count(*) AS n FROM launches JOIN captures USING (capture_id)"
    assert ncutool("query", "s3://bucket/DS", sql).stdout == "n\n6\n"
    rows = ncutool("query", "s3://bucket/DS", "--table", "captures", "--format", "jsonl").stdout
    assert len(rows.splitlines()) == 3
    nothing = ncutool("query", "s3://bucket/none", sql)
    assert "s3://bucket/none: is no dataset of ncutool" in nothing.stderr


def test_another_machine_goes_on_where_one_stopped(
    tmp_path: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no working copy, and gets one; the first machine sees what the other wrote."""
    files = [str(path) for path in made.traces(tmp_path / "in", 3)]
    caches = [str(tmp_path / "cache1"), str(tmp_path / "cache2")]
    for cache, said in zip(
        [caches[0], caches[1], caches[0]], ["1 analysed", "1 analysed", "1 analysed"], strict=True
    ):
        monkeypatch.setenv("NCUTOOL_CACHE_DIR", cache)
        done = ncutool("batch", files.pop(), "-o", "s3://bucket/DS", "--jobs", "1")
        assert said in done.stderr
    assert len(content("s3://bucket/DS")["captures"]) == 3
    joined = ncutool("batch", "-o", "s3://bucket/DS", "--compact")
    assert joined.returncode == 0, joined.stderr
    s3.invalidate_cache()
    listed = json.loads(s3.cat_file("bucket/DS/_manifest.json"))["files"]
    assert {f"bucket/DS/{name}" for name in [*listed, "_manifest.json"]} == set(
        s3.find("bucket/DS")
    )
    assert len(content("s3://bucket/DS")["captures"]) == 3


@pytest.mark.parametrize("stops_at", [0, 1, 2, 3, 5, 8])
def test_a_run_that_dies_while_it_puts_leaves_what_was_there(
    stops_at: int, tmp_path: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see the dataset as it was before; the next run finishes and leaves nothing over."""
    files = made.traces(tmp_path / "in", 4)
    with mirror.working_copy(Place("s3://bucket/DS")) as root:
        made.batch(files[:2], root)
    before = content("s3://bucket/DS")
    puts: list[str] = []

    def put(place: Place, given: bytes, *, create: bool = False) -> bool:
        if not create:
            if len(puts) == stops_at:
                raise OutputError("the machine died")
            puts.append(str(place))
        return real(place, given, create=create)

    real = mirror.put
    monkeypatch.setattr(mirror, "put", put)
    monkeypatch.setattr(mirror, "MOST_AT_ONCE", 1)
    with (
        pytest.raises(OutputError, match="the machine died"),
        mirror.working_copy(Place("s3://bucket/DS")) as root,
    ):
        made.batch(files, root)
    monkeypatch.undo()
    for key, value in _environment(s3).items():
        monkeypatch.setenv(key, value)
    assert content("s3://bucket/DS") == before
    with mirror.working_copy(Place("s3://bucket/DS")) as root:
        made.batch(files, root)
    made.batch(files, tmp_path / "plain")
    assert content("s3://bucket/DS") == content(tmp_path / "plain")
    s3.invalidate_cache()
    listed = json.loads(s3.cat_file("bucket/DS/_manifest.json"))["files"]
    assert len(s3.find("bucket/DS")) == len(listed) + 1


def _environment(s3: Any) -> dict[str, str]:
    return {
        key: value
        for key, value in os.environ.items()
        if key.startswith(("AWS_", "NCUTOOL_CACHE_DIR"))
    }


def test_two_runs_do_not_write_at_once(
    tmp_path: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is told; the lock of a process that is gone counts for nothing."""
    place = Place("s3://bucket/DS")
    monkeypatch.setattr(mirror, "_LONGEST_BEAT_S", 0.2)
    monkeypatch.setattr(mirror, "_MOST_SILENT_S", 3.0)
    with mirror._lease(place):
        monkeypatch.setenv("NCUTOOL_CACHE_DIR", str(tmp_path / "other"))
        with (
            pytest.raises(OutputError, match="another run writes to this dataset"),
            mirror._lease(place),
        ):
            pass
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    told = {"run": "x", "pid": int(gone.stdout), "host": mirror._host(), "beats": 3}
    s3.pipe_file("bucket/DS/_lock.json", json.dumps(told).encode())
    with mirror._lease(place):
        assert s3.exists("bucket/DS/_lock.json")
    told["host"] = "another"
    s3.pipe_file("bucket/DS/_lock.json", json.dumps(told).encode())
    with mirror._lease(place):
        assert s3.exists("bucket/DS/_lock.json")
    s3.invalidate_cache()
    assert not s3.exists("bucket/DS/_lock.json")


def test_a_store_that_refuses_names_no_secret(
    s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing of the key, nor a traceback."""
    trace = made.trace(tmp_path / "t.json", 1)
    done = ncutool("batch", str(trace), "-o", "s3://nobucket/DS", "--jobs", "1")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr
