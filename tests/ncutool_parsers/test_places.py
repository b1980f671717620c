"""Places: URLs and members of archives, what is shown of them, and that nothing stays behind."""

from __future__ import annotations

import gzip
import io
import logging
import random
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from torch_factory import small, write

from ncutool_parsers import Place, place, read, sniff, stores
from ncutool_parsers.errors import UnreadableError, UsageError
from ncutool_parsers.interface import ReadOptions

MEBIBYTE = 1024 * 1024
KINDS = ("plain.tar", "gz.tar.gz", "bz2.tar.bz2", "xz.tar.xz", "zst.tar.zst", "zip.zip")
NOISE = random.Random(0).randbytes(2 * MEBIBYTE)
"""Bytes that no compression makes smaller, and more of them than one of its blocks holds."""
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@pytest.fixture(autouse=True)
def spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files."""
    folder = tmp_path / "spools"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write(tmp_path / "rank0.json.gz", small())


def packed(archive: Path, members: dict[str, bytes]) -> Path:
    """An archive of the kind that its name ends in."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in members.items():
                zipped.writestr(name, content)
        return archive
    mode = f"w:{archive.suffix[1:]}" if archive.suffix in (".gz", ".bz2", ".xz") else "w:"
    with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]  # told at run time
        for name, content in members.items():
            tar.addfile(header(name, len(content)), io.BytesIO(content))
    if archive.suffix == ".zst":
        plain = archive.read_bytes()
        halves = plain[: len(plain) // 2], plain[len(plain) // 2 :]  # as many threads write it
        archive.write_bytes(b"".join(zstandard.compress(half) for half in halves))
    return archive


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_of_an_archive_reads_like_the_file(
    kind: str, trace: Path, tmp_path: Path, spools: Path
) -> None:
    """The same tables, the member's name, and no copy left."""
    archive = packed(
        tmp_path / kind, {"a/first.txt": b"no capture", "a/rank0.json.gz": trace.read_bytes()}
    )
    named = f"{archive}::a/rank0.json.gz"
    assert sniff(named).format.source == "torch"
    capture = read(named)
    assert capture.launches.equals(read(trace).launches)
    assert capture.name == "rank0.json.gz"
    assert str(capture.path) == named
    assert list(spools.iterdir()) == []


def test_the_last_of_two_members_of_one_name_counts(trace: Path, tmp_path: Path) -> None:
    """As where the archive is unpacked: what was appended later stands for what was before."""
    archive = tmp_path / "two.tar"
    with tarfile.open(archive, "w") as tar:
        for content in (b"old", trace.read_bytes()):
            tar.addfile(header("a.json.gz", len(content)), io.BytesIO(content))
    assert read(f"{archive}::a.json.gz").launches.height == 2


@pytest.mark.parametrize(
    ("text", "shown", "name"),
    [
        ("s3://bucket/run/rank0.json.gz", "s3://bucket/run/rank0.json.gz", "rank0.json.gz"),
        ("https://u:pw@host/a/t.json?X-Amz-Signature=beef#x", "https://host/a/t.json", "t.json"),
        ("https://host/a%20b.json?sig=1", "https://host/a%20b.json", "a b.json"),
        ("s3://bucket//double//k.json", "s3://bucket//double//k.json", "k.json"),
        ("S3://bucket/k.json", "s3://bucket/k.json", "k.json"),
        ("s3://b/r.tar.gz::run/r0.json", "s3://b/r.tar.gz::run/r0.json", "r0.json"),
        ("https://h/r.zip?sig=1::r0.json", "https://h/r.zip::r0.json", "r0.json"),
        ("abfs://box@account.dfs/x.json", "abfs://box@account.dfs/x.json", "x.json"),
        ("abfs://user:key@account.dfs/x.json", "abfs://account.dfs/x.json", "x.json"),
        ("hf://datasets/me/it@main/x.json", "hf://datasets/me/it@main/x.json", "x.json"),
        ("https://[broken/x?sig=1", "https://…", "…"),
    ],
)
def test_a_url_is_shown_without_its_secrets(text: str, shown: str, name: str) -> None:
    """Neither user nor password nor query, in which signed URLs carry their signatures."""
    found = place(text)
    assert isinstance(found, Place)
    assert (str(found), found.name, repr(found)) == (shown, name, f"Place({shown!r})")


@given(
    user=st.from_regex(r"SECRET[a-z]{3}", fullmatch=True),
    query=st.from_regex(r"SECRET[a-z/:@?&=%]{0,9}", fullmatch=True),
    scheme=st.sampled_from(["https", "s3", "sftp", "gs", "az"]),
)
def test_no_secret_of_a_url_is_in_what_is_shown(user: str, query: str, scheme: str) -> None:
    """Whatever stands in the query, and for each kind of store."""
    found = place(f"{scheme}://{user}:{user}@host/x/y.json?{query}")
    assert isinstance(found, Place)
    error = UnreadableError(found, "is damaged", "copy it")
    assert not any("SECRET" in text for text in (str(found), repr(found), found.name, str(error)))


@pytest.mark.parametrize("text", ["a:b.json", "C:/x/y.json", "c:\\x\\y.json", "x::y.json", "z:/"])
def test_a_local_name_with_colons_is_a_path(text: str) -> None:
    """One letter is a drive; two colons mean a member only behind an archive that is there."""
    assert place(text) == Path(text)


def test_a_local_file_whose_name_looks_like_a_member_is_that_file(tmp_path: Path) -> None:
    """What is there by that name wins."""
    packed(tmp_path / "r.zip", {"a.json": b"{}"})
    file = tmp_path / "r.zip::a.json"
    file.write_bytes(b"{}")
    assert place(str(file)) == file
    assert place(f"{tmp_path}/r.zip::b.json") == Place(f"{tmp_path}/r.zip", "b.json")


def test_a_folder_with_two_colons_in_its_name_may_hold_an_archive(tmp_path: Path) -> None:
    """The archive is the first that is a file."""
    (tmp_path / "v1::v2").mkdir()
    archive = packed(tmp_path / "v1::v2" / "r.zip", {"a::b.json": b"{}"})
    assert place(f"{archive}::a::b.json") == Place(str(archive), "a::b.json")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("zip://a.json::s3://b/r.zip", "write s3://b/r.zip::a.json"),
        ("tar://a.json::r.tar", "write r.tar::a.json"),
        ("simplecache::s3://b/r.json", None),
        ("simplecache://x::s3://b/r.json?sig=SECRET", "write s3://b/r.json"),
    ],
)
def test_the_chained_way_of_fsspec_is_told_ours(text: str, remedy: str | None) -> None:
    """One way to write a place; the error writes it."""
    if remedy is None:
        assert place(text) == Path(text)
        return
    with pytest.raises(UsageError) as caught:
        place(text)
    assert str(caught.value).endswith(remedy)


def test_a_file_url_is_the_file(trace: Path) -> None:
    """Needs no package."""
    assert place(f"file://{trace}") == trace
    assert place(f"file://localhost{trace}") == trace


def problem(named: str, max_bytes: int = 2**30) -> str:
    with pytest.raises(UnreadableError) as caught:
        read(named, ReadOptions(max_bytes=max_bytes))
    return str(caught.value)


@pytest.mark.parametrize("name", ["../up.json", "/etc/up.json", "a/../../up.json", "C:\\up.json"])
@pytest.mark.parametrize("kind", ["plain.tar", "zip.zip"])
def test_a_name_that_leads_out_of_the_archive_is_refused(
    kind: str, name: str, tmp_path: Path
) -> None:
    """It would not be followed anyway; who wrote it meant no good."""
    archive = packed(tmp_path / kind, {name: b"{}"})
    assert "leads out of the archive" in problem(f"{archive}::{name}")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, b"3", b"S"])
def test_links_and_devices_are_not_followed(kind: bytes, tmp_path: Path) -> None:
    """Of a tar."""
    entry = header("a.json", 0, kind)
    entry.linkname = "/etc/hostname"
    archive = tmp_path / "r.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(entry)
    assert "is a link, a device or a sparse file" in problem(f"{archive}::a.json")


def test_links_of_a_zip_are_not_followed(tmp_path: Path) -> None:
    """They are told by the mode."""
    entry = zipfile.ZipInfo("a.json")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as zipped:
        zipped.writestr(entry, "/etc/hostname")
    assert "is a link or a device" in problem(f"{tmp_path / 'r.zip'}::a.json")


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_larger_than_the_limit_is_refused_by_what_it_says(
    kind: str, tmp_path: Path, spools: Path
) -> None:
    """Before anything of it is inflated."""
    archive = packed(tmp_path / kind, {"a.json": b" " * (2 * MEBIBYTE)})
    said = problem(f"{archive}::a.json", max_bytes=MEBIBYTE)
    assert f"holds {2 * MEBIBYTE} bytes, more than the limit of {MEBIBYTE} bytes" in said
    assert list(spools.iterdir()) == []


def test_a_zip_that_lies_about_a_size_is_stopped(tmp_path: Path, spools: Path) -> None:
    """The directory says 10 bytes; the data inflate to a mebibyte."""
    archive = packed(tmp_path / "r.zip", {"a.json": b" " * MEBIBYTE})
    content = archive.read_bytes()
    archive.write_bytes(content.replace(MEBIBYTE.to_bytes(4, "little"), b"\x0a\0\0\0"))
    assert "is damaged" in problem(f"{archive}::a.json", max_bytes=MEBIBYTE)
    assert list(spools.iterdir()) == []


def test_a_compressed_tar_that_is_a_bomb_is_stopped_on_the_way(tmp_path: Path) -> None:
    """The member that is asked for lies behind one of 64 mebibytes of zeros."""
    archive = packed(tmp_path / "r.tar.gz", {"zeros": bytes(64 * MEBIBYTE), "a.json": b"{}"})
    assert archive.stat().st_size < MEBIBYTE // 8
    assert "is a bomb" in problem(f"{archive}::a.json", max_bytes=MEBIBYTE)


def test_a_header_made_to_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """A name of a gigabyte, of which not a byte is there."""
    entry = header("././@LongLink", 1024 * MEBIBYTE, tarfile.GNUTYPE_LONGNAME)
    (tmp_path / "r.tar").write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    assert "headers are longer" in problem(f"{tmp_path / 'r.tar'}::a.json")


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_cut_short_says_so(kind: str, tmp_path: Path) -> None:
    """A member of which only a part is there is not analysed."""
    archive = packed(tmp_path / kind, {"a.json": NOISE})
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert "is damaged" in problem(f"{archive}::a.json")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "plain.tar"])
def test_a_compressed_archive_with_bad_bytes_says_so(kind: str, tmp_path: Path) -> None:
    """Whatever the library that finds them calls that error."""
    archive = packed(tmp_path / kind, {"a.json": NOISE})
    damaged = bytearray(archive.read_bytes())
    half = len(damaged) // 2
    if kind.endswith(".zst"):  # its noise is held as it is, with no checksum: damage the framing
        half = damaged.index(ZSTD_MAGIC, len(ZSTD_MAGIC))
    damaged[half : half + 64] = b"\xff" * 64
    archive.write_bytes(damaged)
    assert "is damaged" in problem(f"{archive}::a.json")


def test_what_is_no_archive_or_has_no_such_member_says_what_there_is(
    trace: Path, tmp_path: Path
) -> None:
    """And names some that there are."""
    assert "is no tar or zip archive; leave out what follows ::" in problem(f"{trace}::a.json")
    archive = packed(tmp_path / "r.zip", {f"{n}.json": b"{}" for n in range(9)})
    assert problem(f"{archive}::x") == (
        f"{archive}: has no member 'x'; it holds 0.json, 1.json, 2.json, 3.json, 4.json, …"
    )


def test_an_encrypted_member_says_so(tmp_path: Path) -> None:
    """Nothing asks for a password."""
    archive = packed(tmp_path / "r.zip", {"a.json": b"{}"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    assert "is encrypted" in problem(f"{archive}::a.json")


def test_an_error_of_the_capture_names_the_place(tmp_path: Path) -> None:
    """And never the copy that was read."""
    archive = packed(tmp_path / "r.zip", {"a.json": b"no capture"})
    assert problem(f"{archive}::a.json").startswith(f"{archive}::a.json: is text, not a capture")


def test_a_gzip_bomb_in_an_archive_is_stopped(tmp_path: Path) -> None:
    """The reader's own limit holds for a copy too."""
    bomb = gzip.compress(b'{"traceEvents": [' + b" " * (32 * MEBIBYTE))
    archive = packed(tmp_path / "r.tar", {"a.json.gz": bomb})
    assert "holds more than" in problem(f"{archive}::a.json.gz", max_bytes=MEBIBYTE)


def test_a_copy_that_a_killed_process_left_is_removed_by_the_next(
    spools: Path, trace: Path, tmp_path: Path
) -> None:
    """Nobody holds its lock; that of a living process stays."""
    script = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from ncutool_parsers import spool\n"
        "with spool.folder() as folder: os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(spools)], check=False)
    assert killed.returncode == -9
    assert len(list(spools.iterdir())) == 1
    from ncutool_parsers import spool

    with spool.folder() as living:
        assert list(spools.iterdir()) == [living.parent]
        spool._sweep.cache_clear()
        with spool.folder():
            assert living.is_dir()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "fsspec.registry", None)
    extras = {"s3": "s3", "gs": "gs", "az": "az", "hf": "hf", "ftp": "remote"}
    for scheme, extra in extras.items():
        said = problem(f"{scheme}://bucket/x.json")
        assert said == (
            f"{scheme}://bucket/x.json: reading from {scheme}:// needs a package that is not "
            f"installed; pip install 'ncutool[{extra}]'"
        )
    assert "pip install 'ncutool[http]'" in problem("https://host/x.json?sig=SECRET")


def test_a_package_that_a_store_lacks_is_no_answer_of_the_store() -> None:
    """Trying again would not help."""
    problem, remedy = stores.words_of(ModuleNotFoundError("no module", name="google.iam"))
    assert problem == (
        "cannot be read: a package that its store needs is missing or too old (google.iam)"
    )
    assert remedy == "install ncutool with the extra for it again"


def test_a_store_without_settings_is_not_said_to_have_answered() -> None:
    """Azure's package raises this where neither an account nor a connection is set."""
    problem, remedy = stores.words_of(ValueError("Must provide either a connection_string or"))
    assert "settings" in problem
    assert "answered" not in problem
    assert "docs/archives.md" in remedy


def test_a_store_that_nothing_listens_for_is_not_reached() -> None:
    """Azure's package names it so."""
    error = type("ServiceRequestError", (Exception,), {})("Cannot connect to host")
    problem, _ = stores.words_of(error)
    assert problem == "cannot be reached (ServiceRequestError)"


class _AnswerError(Exception):
    """An error as the client of some store raises it."""

    def __init__(self, **about: object) -> None:
        super().__init__("no")
        vars(self).update(about)


@pytest.mark.parametrize("status", [404, 403])
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda status: {"status": status}, id="aiohttp"),
        pytest.param(lambda status: {"code": status}, id="gcsfs"),
        pytest.param(lambda status: {"status_code": status}, id="azure"),
        pytest.param(
            lambda status: {"response": SimpleNamespace(status_code=status)}, id="requests"
        ),
        pytest.param(
            lambda status: {"response": {"ResponseMetadata": {"HTTPStatusCode": status}}},
            id="botocore",
        ),
    ],
)
def test_what_a_store_answers_is_read_from_the_error_of_its_client(
    shape: Callable[[int], dict[str, object]], status: int
) -> None:
    """As it stands, and as what fsspec took for a missing file."""
    expected = {404: "does not exist", 403: "may not be read: access is denied"}[status]
    error = _AnswerError(**shape(status))
    missing = FileNotFoundError("caps/ds/_manifest.json")
    missing.__cause__ = error
    assert [stores.words_of(one)[0] for one in (error, missing)] == [expected] * 2
    assert stores.words_of(_AnswerError(response=None, code="AccessDenied"))[0].startswith("cannot")


def test_what_a_store_logs_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its traces hold whole URLs; whoever configures logging sees them."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    pytest.importorskip("fsspec")
    stores.filesystem(Place("memory://run/rank0.json"))
    logging.getLogger("gcsfs").error("https://host/?sig=SECRET")
    assert capsys.readouterr().err == ""


def test_a_local_capture_imports_nothing_of_a_network(trace: Path) -> None:
    """Nor does a member of an archive."""
    script = (
        "import sys; from ncutool_parsers import read; read(sys.argv[1])\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'fsspec', 's3fs', 'aiohttp', 'requests', 'botocore'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(trace)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_place_of_fsspec_is_read(trace: Path, spools: Path) -> None:
    """Any store that fsspec knows: here one in memory."""
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.pipe("/places/rank0.json.gz", trace.read_bytes())
    named = "memory://places/rank0.json.gz"
    seen: list[tuple[int, int]] = []
    capture = read(named, ReadOptions(progress=lambda done, total: seen.append((done, total))))
    assert capture.launches.equals(read(trace).launches)
    assert (str(capture.path), capture.name) == (named, "rank0.json.gz")
    assert seen[0] == (trace.stat().st_size, trace.stat().st_size)
    assert list(spools.iterdir()) == []
    assert "is a folder" in problem("memory://places")
    assert "does not exist" in problem("memory://places/none.json")
    size = trace.stat().st_size
    assert f"holds {size} bytes, more than the limit" in problem(named, max_bytes=size - 1)
    store.rm("/places", recursive=True)


@pytest.mark.parametrize("scheme", ["reference", "simplecache", "dir", "nosuch"])
def test_what_is_no_store_is_refused(scheme: str) -> None:
    """Wrappers of fsspec, and what it does not know."""
    pytest.importorskip("fsspec")
    with pytest.raises(UsageError, match="is no place that captures lie in"):
        read(f"{scheme}://x/y.json")
