"""Which files an archive has: members, URLs, patterns of paths, companions and manifests."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

import archive_factory as made
import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ncutool.archive import listing
from ncutool.archive.arranging import Pair, PathPattern, paired
from ncutool.archive.inputs import gather, local_file
from ncutool.archive.manifest import inputs_of
from ncutool.archive.source import Input
from ncutool.commands import main
from ncutool_parsers import archive_cursor
from ncutool_parsers.errors import UsageError


def tarred(archive: Path, members: dict[str, bytes]) -> Path:
    """A tar, compressed as its name says."""
    ending = archive.suffix[1:]
    with tarfile.open(archive, f"w:{ending if ending in ('gz', 'xz') else ''}") as tar:  # type: ignore[call-overload]  # told at run time
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    if ending == "zst":
        archive.write_bytes(zstandard.compress(archive.read_bytes()))
    return archive


def zipped(archive: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return archive


def paths(*given: Path | str, leave_out: Path | None = None) -> list[str]:
    return [one.path for one in gather([str(path) for path in given], leave_out=leave_out)]


def contents(tmp_path: Path, count: int) -> dict[str, bytes]:
    """Members of an archive: so many different traces."""
    files = made.traces(tmp_path / "made", count)
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in files}


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.xz", "a.tar.zst", "a.zip"])
def test_an_archive_is_read_in_place_like_the_folder_it_was_made_of(
    name: str, tmp_path: Path
) -> None:
    """The same captures; only where they lie differs."""
    members = contents(tmp_path, 4)
    (tmp_path / "in").mkdir()
    (zipped if name.endswith("zip") else tarred)(tmp_path / "in" / name, members)
    made.batch([tmp_path / "made"], tmp_path / "plain")
    tally = made.batch([tmp_path / "in"], tmp_path / "packed")
    assert (tally.new, tally.failed) == (4, 0)
    plain, packed = made.content(tmp_path / "plain"), made.content(tmp_path / "packed")
    for table, frame in plain.items():
        apart = [key for key in ("path", "bytes") if key in frame.columns]
        assert packed[table].drop(apart).equals(frame.drop(apart), null_equal=True)
    below = packed["captures"].select(pl.col("path").str.replace(f"{name}::", "", literal=True))
    assert sorted(below["path"]) == sorted(members)
    again = made.batch([tmp_path / "in"], tmp_path / "packed")
    assert (again.new, again.known) == (0, 4)
    archive_cursor.close()


def test_hidden_members_are_passed_over_and_the_last_of_a_name_counts(tmp_path: Path) -> None:
    """As in a folder, and as where it is unpacked."""
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        members = [("x.json", b"old"), (".DS_Store", b""), ("__MACOSX/x", b"")]
        for name, content in [*members, ("run/._x.json", b""), ("x.json", b"newer"), ("run", None)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content or b"")
            entry.type = tarfile.REGTYPE if content is not None else tarfile.DIRTYPE
            tar.addfile(entry, io.BytesIO(content or b""))
    (found,) = gather([str(tmp_path / "a.tar")])
    assert (found.path, found.name, found.bytes) == ("a.tar::x.json", "x.json", 5)
    with local_file(found) as path:
        assert (path.name, path.read_bytes()) == ("x.json", b"newer")
    assert not path.exists()


def test_members_may_be_chosen(tmp_path: Path) -> None:
    """By a pattern behind the archive."""
    archive = zipped(tmp_path / "a.zip", {"r1/a.json": b"", "r2/a.json": b"", "r2/b.txt": b""})
    assert paths(f"{archive}::r2/*") == ["a.zip::r2/a.json", "a.zip::r2/b.txt"]
    assert paths(f"{archive}::r1/a.json") == ["a.zip::r1/a.json"]


def test_an_archive_that_is_cut_short_gives_what_is_whole_and_an_error(tmp_path: Path) -> None:
    """Nothing is lost silently."""
    members = contents(tmp_path, 3)
    (tmp_path / "in").mkdir()
    archive = tarred(tmp_path / "in" / "a.tar", members)
    with archive.open("r+b") as file:
        file.truncate(archive.stat().st_size // 2)
    tally = made.batch([tmp_path / "in"], tmp_path / "DS")
    errors = made.content(tmp_path / "DS")["errors"]
    assert tally.failed >= 1
    assert set(errors["kind"]) == {"damaged"}
    assert "a.tar" in errors["path"].to_list()


def test_a_member_that_leads_out_is_an_error_and_is_written_nowhere(tmp_path: Path) -> None:
    """Nor is a link followed."""
    (tmp_path / "in").mkdir()
    archive = tmp_path / "in" / "a.tar"
    with tarfile.open(archive, "w") as tar:
        out = tarfile.TarInfo("../../out.json")
        out.size = 2
        tar.addfile(out, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    made.batch([tmp_path / "in"], tmp_path / "DS")
    errors = made.content(tmp_path / "DS")["errors"].sort("path")
    assert errors["kind"].to_list() == ["unreadable", "unreadable"]
    assert "leads out of the archive" in errors["message"][0]
    assert "is a link" in errors["message"][1]
    assert list(tmp_path.parent.glob("out.json")) == []


def test_a_file_that_is_called_like_an_archive_and_is_none_is_a_file(tmp_path: Path) -> None:
    """Its content tells."""
    (tmp_path / "a.tar.gz").write_bytes(b"{}")
    assert paths(tmp_path) == ["a.tar.gz"]


def test_a_listing_is_kept_as_long_as_the_archive_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compressed tar is inflated once to be listed, not in every run."""
    archive = tarred(tmp_path / "a.tar.gz", {"x.json": b"1"})
    source = next(iter(gather([str(archive)])))
    assert source.path == "a.tar.gz::x.json"
    assert paths(archive, leave_out=tmp_path / "DS") == ["a.tar.gz::x.json"]
    with monkeypatch.context() as patched:
        patched.setattr(listing, "_listed", lambda archive: pytest.fail("it was listed again"))
        assert paths(archive, leave_out=tmp_path / "DS") == ["a.tar.gz::x.json"]
    tarred(archive, {"y.json": b"22"})
    assert paths(archive, leave_out=tmp_path / "DS") == ["a.tar.gz::y.json"]


def test_a_folder_that_is_no_dataset_gets_no_listing(tmp_path: Path) -> None:
    """Nothing is written into somebody's folder before it is refused."""
    archive = tarred(tmp_path / "a.tar.gz", {"x.json": b"1"})
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").write_text("mine")
    paths(archive, leave_out=tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["notes.txt"]


def test_members_are_read_in_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed tar is opened once where its members are asked for in their order."""
    archive = tarred(tmp_path / "a.tar.gz", {f"{n}.json": str(n).encode() for n in range(5)})
    sources = list(gather([str(archive)]))
    opened: list[object] = []
    before = archive_cursor._Cursor.__init__

    def count(self: archive_cursor._Cursor, *given: object) -> None:
        opened.append(self)
        before(self, *given)  # type: ignore[arg-type]  # whatever it is given

    archive_cursor.close()
    monkeypatch.setattr(archive_cursor._Cursor, "__init__", count)
    for number, source in enumerate(sources):
        with local_file(source) as path:
            assert path.read_text() == str(number)
    assert len(opened) == 1
    with local_file(sources[0]) as path:
        assert path.read_text() == "0"
    assert len(opened) == 2
    archive_cursor.close()


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{run}/{commit}/rank{rank}.json.gz", "x/r1/abc/rank3.json.gz",
         {"run": "r1", "commit": "abc", "rank": "3"}),
        ("{run}/rank{n}.json", "a.tar.gz::r1/rank3.json", {"run": "r1", "n": "3"}),
        ("{tar}/rank{n}.json", "a.tar.gz::rank3.json", {"tar": "a.tar.gz", "n": "3"}),
        ("{run}/rank{n}.json", "rank3.json", {}),
        ("{run}/rank{n}.json", "r1/rank.json", {}),
        ("{a}_{b}.json", "x_y_z.json", {"a": "x", "b": "y_z"}),
        ("*_{b}.json", "x_y.json", {"b": "y"}),
        ("{a}.json", "x.json.gz", {}),
        ("{a}.js(n", "x.js(n", {"a": "x"}),
    ],
)  # fmt: skip
def test_fields_of_a_path(pattern: str, path: str, fields: dict[str, str]) -> None:
    """From its end; where it does not match, nothing is known."""
    assert PathPattern.of(pattern).match(path) == fields


@given(values=st.lists(st.from_regex(r"[a-z0-9.+-]{1,6}", fullmatch=True), min_size=3, max_size=3))
def test_what_a_pattern_writes_it_reads(values: list[str]) -> None:
    """Whatever the fields hold, as long as no folder is in them."""
    run, commit, name = values
    found = PathPattern.of("{run}/{commit}/t_{n}_e").match(f"deep/{run}/{commit}/t_{name}_e")
    assert found == {"run": run, "commit": commit, "n": name}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("run/rank.json", "no {field} is in it"),
        ("{}/x", "is no name of a column"),
        ("{a b}/x", "is no name of a column"),
        ("{a}/{a}", "stands twice"),
        ("{path}/x", "have a column 'path' of their own"),
        ("{device}/x", "have a column 'device' of their own"),
        ("{bucket}/x", "have a column 'bucket' of their own"),
        ("{a}/{x", "a brace has no other"),
    ],
)
def test_a_pattern_that_makes_no_sense_says_why(pattern: str, why: str) -> None:
    """In one line."""
    with pytest.raises(UsageError, match=re.escape(why)):
        PathPattern.of(pattern)


def given_files(*names: str) -> list[Input]:
    return [Input(name, f"/{name}", stamp="1") for name in names]


def beside(sources: list[Input]) -> dict[str, list[tuple[str, str]]]:
    return {one.path: [(role, other.path) for role, other in one.companions] for one in sources}


@pytest.mark.parametrize(
    ("pairs", "files", "wanted"),
    [
        (["{stem}.ncu-rep"], ["r/a.json.gz", "r/a.ncu-rep", "r/b.json", "a.ncu-rep"],
         {"r/a.json.gz": [("ncu", "r/a.ncu-rep")], "r/b.json": [], "a.ncu-rep": []}),
        (["capture-trace={stem}.warm.json"], ["a.json", "a.warm.json"],
         {"a.json": [("capture_trace", "a.warm.json")]}),
        (["ncu=../ncu/{stem}.ncu-rep"], ["t/a.json", "ncu/a.ncu-rep"],
         {"t/a.json": [("ncu", "ncu/a.ncu-rep")]}),
        (["{stem}.ncu-rep"], ["x.zip::a.json", "x.zip::a.ncu-rep", "x.zip::d/b.json"],
         {"x.zip::a.json": [("ncu", "x.zip::a.ncu-rep")], "x.zip::d/b.json": []}),
        (["{stem}.ncu-rep"], ["x.zip::d/a.json", "x.zip::d/a.ncu-rep"],
         {"x.zip::d/a.json": [("ncu", "x.zip::d/a.ncu-rep")]}),
        (["{stem}.ncu-rep", "{stem}.warm.json"], ["a.json", "a.ncu-rep", "a.warm.json"],
         {"a.json": [("ncu", "a.ncu-rep"), ("capture_trace", "a.warm.json")]}),
    ],
)  # fmt: skip
def test_what_goes_with_what(
    pairs: list[str], files: list[str], wanted: dict[str, list[tuple[str, str]]]
) -> None:
    """A companion is a capture of its own no more."""
    assert beside(paired(given_files(*files), [Pair.of(one) for one in pairs])) == wanted


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ("report={stem}.ncu-rep", "report is no role; there are ncu, capture-trace, rank-trace"),
        ("x.ncu-rep", "the fields in it are {stem} and {name}"),
        ("{rank}.ncu-rep", "the fields in it are {stem} and {name}"),
        ("{stem}.nosuch", "no file is called so beside a capture"),
    ],
)
def test_a_pair_that_makes_no_sense_says_why(pair: str, why: str) -> None:
    """One that fits nothing too: the pattern is wrong."""
    with pytest.raises(UsageError, match=re.escape(why)):
        paired(given_files("a.json", "b.json"), [Pair.of(pair)])


FORMS = {
    "m.json": json.dumps(
        {
            "captures": [
                {"path": "t/a.json", "ncu": "t/a.ncu-rep", "metadata": {"night": 3}},
                {"path": "t/b.json", "rank_trace": ["t/a.json", "t/c.json"]},
            ]
        }
    ),
    "m.toml": """
[[captures]]
path = "t/a.json"
ncu = "t/a.ncu-rep"
metadata = { night = 3 }

[[captures]]
path = "t/b.json"
rank_trace = ["t/a.json", "t/c.json"]
""",
    "m.csv": "path,ncu,rank_trace,night\nt/a.json,t/a.ncu-rep,,3\nt/b.json,,t/a.json;t/c.json,\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_in_each_form_says_the_same(form: str, tmp_path: Path) -> None:
    """Paths are told from its folder."""
    (tmp_path / "t").mkdir()
    for name in ("a.json", "b.json", "c.json", "a.ncu-rep"):
        (tmp_path / "t" / name).write_text("{}")
    (tmp_path / form).write_text(FORMS[form])
    found = list(inputs_of(tmp_path / form))
    assert beside(found) == {
        "t/a.json": [("ncu", "t/a.ncu-rep")],
        "t/b.json": [("rank_trace", "t/a.json"), ("rank_trace", "t/c.json")],
    }
    assert [one.metadata for one in found] == [{"night": "3"}, {}]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("m.json", "{", "is no JSON"),
        ("m.toml", "x", "is no TOML"),
        ("m.txt", "", "ends in .toml, .json or .csv"),
        ("m.json", "{}", "has a list `captures`"),
        ("m.json", '{"captures": [3]}', "has a list `captures`"),
        ("m.json", '{"captures": [{}]}', "captures[0]: 'path' is missing"),
        ("m.json", '{"captures": [{"path": 3}]}', "captures[0]: 'path' is no text"),
        ("m.json", '{"captures": [{"path": "none.json"}]}', "does not exist"),
        ("m.json", '{"captures": [{"path": "."}]}', "names 2 files; name one"),
        ("m.json", '{"captures": [{"file": "a"}]}', "no key 'file'; there are path, ncu"),
        ("m.json", '{"captures": [{"path": "m.json", "metadata": {"a b": "c"}}]}', "use a word"),
        ("m.json", '{"captures": [{"path": "m.json", "metadata": {"a": []}}]}', "is no text"),
        ("m.json", '{"captures": [{"path": "m.json", "metadata": 3}]}', "is a table of texts"),
        ("m.csv", "file\na\n", "one of them `path`"),
        ("m.csv", "path,x\nm.csv\n", "not as many cells as columns"),
        ("m.csv", "path,x\nm.csv,1,2\n", "not as many cells as columns"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(
    name: str, text: str, why: str, tmp_path: Path
) -> None:
    """In one line."""
    (tmp_path / name).write_text(text)
    (tmp_path / "other.json").write_text("")
    with pytest.raises(UsageError, match=re.escape(why)) as caught:
        list(inputs_of(tmp_path / name))
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_missing_manifest_says_so(tmp_path: Path) -> None:
    """As any file."""
    with pytest.raises(UsageError, match="the manifest cannot be read"):
        list(inputs_of(tmp_path / "none.json"))


def test_the_command_takes_patterns_pairs_and_manifests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What they say becomes columns; a path that does not match has null."""
    for number, name in enumerate(["r1/abc/rank0.json", "r1/abd/rank1.json", "other.json"]):
        made.trace(tmp_path / "in" / name, number)
    made.trace(tmp_path / "in" / "r1" / "abc" / "rank0.warm.json", 9)
    code = main(
        ["batch", str(tmp_path / "in"), "-o", str(tmp_path / "DS"), "--jobs", "1", "--metadata",
         "team=blue", "--path-pattern", "{run}/{commit}/rank{rank}.json", "--pair",
         "{stem}.warm.json"]
    )  # fmt: skip
    assert code == 0, capsys.readouterr().err
    captures = made.content(tmp_path / "DS")["captures"].sort("path")
    told = captures.select("path", "run", "commit", "team", "companions")
    assert told.rows() == [
        ("other.json", None, None, "blue", []),
        ("r1/abc/rank0.json", "r1", "abc", "blue", ["r1/abc/rank0.warm.json"]),
        ("r1/abd/rank1.json", "r1", "abd", "blue", []),
    ]


def test_nothing_named_says_what_to_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither paths nor a manifest."""
    assert main(["batch", "-o", str(tmp_path / "DS")]) == 2
    assert "PATH is missing" in capsys.readouterr().err


def test_urls_are_listed_and_read(tmp_path: Path) -> None:
    """Folders, patterns, single files and archives, of a store in memory; shown without secrets."""
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    members = contents(tmp_path, 2)
    archive = tarred(tmp_path / "a.tar.gz", members).read_bytes()
    for name, content in {
        "r/1/a.json": b"1",
        "r/2/b.json": b"22",
        "r/2/.x": b"",
        "r/t.tar.gz": archive,
    }.items():
        store.pipe(f"/inputs/{name}", content)
    try:
        assert paths("memory://inputs/r/1", "memory://inputs/r/2") == ["1/a.json", "2/b.json"]
        assert paths("memory://inputs/r/*/*.json") == ["1/a.json", "2/b.json"]
        assert paths("memory://inputs/r/*/") == ["1/a.json", "2/b.json"]
        assert paths("memory://inputs/r/[12]") == ["1/a.json", "2/b.json"]
        every = paths("memory://inputs")
        assert every[:2] == ["r/1/a.json", "r/2/b.json"]
        assert paths("memory://inputs/*") == paths("memory://inputs/**") == every
        with pytest.raises(UsageError, match=r"memory://inputs/q\*: no file fits"):
            paths("memory://inputs/q*")
        assert paths("memory://inputs/r/2/b.json") == ["b.json"]
        (first, second) = gather(["memory://inputs/r/t.tar.gz"])
        assert [first.path, second.path] == [f"t.tar.gz::{name}" for name in members]
        with local_file(second) as path:
            assert path.read_bytes() == list(members.values())[1]
        listed = tmp_path / "list.txt"
        listed.write_text("# nightly\nmemory://inputs/r/2/b.json\n\n")
        assert paths(f"@{listed}") == ["b.json"]
    finally:
        archive_cursor.close()
        store.rm("/inputs", recursive=True)


def test_a_signed_url_is_kept_without_its_signature() -> None:
    """What a dataset remembers of a file tells two queries apart and holds neither."""
    one = Input("t.json", "https://u:pw@host/t.json?X-Signature=beef", stamp="1")
    other = Input("t.json", "https://host/t.json?id=2")
    assert one.key.startswith("https://host/t.json#")
    assert "beef" not in one.key
    assert "pw" not in one.key
    assert len({one.file_id, other.file_id}) == 2
    assert Input("t.json", "s3://b/t.json").key == "s3://b/t.json"


def test_no_path_begins_at_the_root_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that have nothing but the root in common are each told from their own name on."""
    for name in ("ann/runs/a.json", "bob/more/b.json"):
        made.trace(tmp_path / name, 1)
    given = [str(tmp_path / "ann" / "runs"), str(tmp_path / "bob" / "more")]
    assert [one.path for one in gather(given)] == ["ann/runs/a.json", "bob/more/b.json"]
    monkeypatch.setattr("ncutool.archive.inputs._OF_ALL", (str(tmp_path),))
    assert [one.path for one in gather(given)] == ["runs/a.json", "more/b.json"]
