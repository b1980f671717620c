"""Datasets redacted as they are made, or as they are asked: what is said, and sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from planted import ALWAYS, NAMES, trace

from ncutool.analysis.analyse import read_and_analyse
from ncutool.analysis.dataframes import findings_frame
from ncutool.analysis.redact import redactor_of_rows
from ncutool.analysis.request import Redact, Request
from ncutool.analysis.sentence_words import LEFT_OUT, in_own_words, own_words
from ncutool.archive.dataset import existing
from ncutool.archive.naming import shown_said
from ncutool.archive.reading import tables_of
from ncutool.archive.redacted import NAMED, OWN, SENTENCES, changes_of, redacted_tables
from ncutool.archive.tables import TABLES
from ncutool.commands import main

ROOT = Path(__file__).resolve().parents[3]
PRIVATE = (*ALWAYS, *NAMES)
SAID = ("--metadata", "team=ulvhammer vision", "--metadata", "owner=yttermoor@grolmund.de")
PATTERN = ("--path-pattern", "{job}/{seen}.pt.trace.json")
"""The second field holds the host's name."""
ASKED: tuple[tuple[str, ...], ...] = (
    ("query", "SET", "-f", "json"),
    ("query", "SET", "--table", "captures", "-f", "json"),
    ("query", "SET", "--table", "captures", "--select", "team,owner,seen,job,path", "-f", "csv"),
    ("query", "SET", "--table", "launches", "--select", "kernel,team,seen,job", "-f", "md"),
    ("query", "SET", "--table", "findings", "-f", "json"),
    ("query", "SET", "SELECT * FROM captures", "-f", "json"),
    ("query", "SET", "SELECT team, seen, job, count(*) FROM captures GROUP BY ALL"),
    ("fleet", "SET", "-o", "fleet.html", "--by", "team", "--order-by", "bytes", "--force"),
    ("trends", "SET", "--by", "seen", "--order-by", "bytes", "-f", "json"),
    ("trends", "SET", "--by", "owner", "--order-by", "bytes"),
    ("job", "SET", "-f", "json"),
    ("job", "SET", "-f", "csv"),
    ("job", "SET", "-o", "job.html", "--force"),
)

Runner = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Runner:
    """Run a command in an empty folder: exit code, and all that it wrote."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def one(*arguments: object) -> tuple[int, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        pages = "".join(page.read_text() for page in folder.glob("*.html"))
        return code, out + err + pages

    return one


def _ranks(tmp_path: Path) -> Path:
    """Write two ranks of a job whose folder is named after its owner."""
    folder = tmp_path / "archive" / "plasmorth"
    folder.mkdir(parents=True)
    for rank in range(2):
        trace(folder, 1.0 + rank, f"zorbanek-r{rank}_47{rank}.171717.pt.trace.json", rank, 2)
    return tmp_path / "archive"


@pytest.mark.parametrize("mode", Redact)
def test_what_is_said_of_captures_is_redacted(run: Runner, tmp_path: Path, mode: Redact) -> None:
    """Metadata, and names that a pattern takes from the paths, in every command and in the files
    of a dataset that was made so.
    """
    archive, flag = _ranks(tmp_path), f"--redact={mode.value}"
    private = (*ALWAYS, *(NAMES if mode is Redact.NAMES else ()))
    plain, made = tmp_path / "plain", tmp_path / "made"
    said = (*SAID, *PATTERN, "-j", "1")
    assert run("batch", archive, "-o", plain, *said)[0] == 0
    code, told = run("batch", archive, "-o", made, *said, flag)
    assert code == 0
    assert not [word for word in private if word in told.lower()]
    for dataset in (plain, made):
        for command in ASKED:
            code, shown = run(*(str(dataset) if word == "SET" else word for word in command), flag)
            assert code == 0, (command, shown[:500])
            found = [word for word in private if word in shown.lower()]
            assert not found, (dataset.name, command, found)
    for path in made.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            text = str(pl.read_parquet(path).to_dicts()) if path.suffix == ".parquet" else str(held)
            found = [word for word in private if word in text.lower()]
            assert not found, (path.relative_to(made), found)


def test_what_is_said_is_shown_without_redaction(run: Runner, tmp_path: Path) -> None:
    """Else the test above could not fail."""
    plain = tmp_path / "plain"
    assert run("batch", _ranks(tmp_path), "-o", plain, *SAID, *PATTERN, "-j", "1")[0] == 0
    shown = run("query", plain, "--table", "captures", "-f", "json")[1]
    row = json.loads(shown)["rows"][0]
    assert (row["team"], row["owner"]) == ("ulvhammer vision", "yttermoor@grolmund.de")
    assert (row["job"], row["seen"]) == ("plasmorth", "zorbanek-r0_470.171717")


def test_a_redacted_dataset_is_made_once(run: Runner, tmp_path: Path) -> None:
    """A second run with the same metadata knows every file by the words that are kept."""
    archive, made = _ranks(tmp_path), tmp_path / "made"
    words = ("batch", archive, "-o", made, *SAID, *PATTERN, "-j", "1", "--redact=names")
    assert "2 analysed" in run(*words)[1]
    assert "2 analysed" not in run(*words)[1]
    for path in (made / "_index").iterdir():
        path.unlink()
    assert "2 analysed" not in run(*words)[1]


@pytest.mark.parametrize(
    "value",
    ["2026-05-01", "2026-05-01T10:00:00", "1.10", "v2.0.1", "17", "0.5", "rank3", "fp16 gemm"],
)
def test_values_in_public_words_stay(value: str) -> None:
    """Dates, versions and numbers, by which trends are ordered, among them."""
    assert shown_said(value) == value


@pytest.mark.parametrize(
    "value",
    ["zorbanek", "acme-7", "a@grolmund.de", "b@grolmund.de", "/home/x/1", "/home/x/2", "é", "量子"],
)
def test_other_values_give_way_and_stay_apart(value: str) -> None:
    """Nothing of them is left, they stay distinct, and what gave way once does not again."""
    shown = shown_said(value)
    assert not [word for word in re.findall(r"\w{2,}", value) if word in shown and word != "7"]
    assert shown_said(shown) == shown
    others = {shown_said(f"{value}{ending}") for ending in ("", "x", " 2", "/3")}
    assert len(others) == 4


def test_every_column_of_text_is_redacted_or_stays_for_a_reason() -> None:
    """A column that is added is in exactly one of the lists."""
    do = redactor_of_rows(Redact.NAMES)
    for table in TABLES:
        lists = (changes_of(table.name, do), SENTENCES.get(table.name, ()), OWN[table.name])
        listed = [name for names in lists for name in names]
        texts = {name for name, kind in table.polars_schema().items() if "String" in str(kind)}
        assert sorted(listed) == sorted(texts), table.name
        assert set(NAMED.get(table.name, ())) <= texts


def test_sentences_of_findings_are_those_of_a_redacted_capture(run: Runner, tmp_path: Path) -> None:
    """Evidence, remedies and titles that were kept in clear read as if written redacted."""
    folder, plain = tmp_path / "one", tmp_path / "plain"
    folder.mkdir()
    made = trace(folder)
    assert run("batch", folder, "-o", plain, "-j", "1")[0] == 0
    fresh = findings_frame(read_and_analyse(made, Request(redact=Redact.NAMES)).findings)
    with tables_of(plain) as tables, redacted_tables(tables, Redact.NAMES) as redacted:
        kept = redacted.scan("findings").sort("id").collect()
        (headline,) = redacted.scan("captures").collect()["headline"]
    fresh = fresh.sort("id")
    assert kept.height == fresh.height > 0
    names = ("id", "remedy", "caveat", "cap", "code", "link", "figures")
    assert kept.select(names).to_dicts() == fresh.select(names).to_dicts()
    assert headline
    for name in ("title", "evidence"):
        for mine, other in zip(kept[name].to_list(), fresh[name].to_list(), strict=True):
            # Of a kept sentence nothing tells whether a word is of an operator or of a kernel.
            assert _alike(mine) == _alike(other)


def _alike(told: object) -> str:
    return re.sub(r"(?:word|op|kernel|module)_", "name_", str(told))


def test_a_sentence_keeps_own_and_public_words_alone() -> None:
    """A name gives way, even one that is a word of ncutool's own sentences."""
    assert "reachable" in own_words()

    def rename(word: str) -> str:
        return f"<{len(word)}>"

    said = "acme_decode takes 3.5 % of what is reachable: see <path>."
    assert in_own_words(said, rename) == "<11> takes 3.5 % of what is reachable: see <path>."
    assert (
        in_own_words(said, rename, {"reachable"}) == "<11> takes 3.5 % of what is <9>: see <path>."
    )


def test_a_sentence_in_others_words_is_left_out_and_said_so() -> None:
    """What NVIDIA or a user wrote would be nothing but pseudonyms."""
    said = "Zorbanek considers vexlund aggregates brimstoke"
    assert in_own_words(said, lambda word: "word_x") == LEFT_OUT


def test_listed_words_are_of_the_source() -> None:
    """No word gets into the list by hand: `make docs` writes it from ncutool's own texts."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "make_sentence_words", ROOT / "docs" / "make_sentence_words.py"
    )
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert not own_words() - maker.words()
    assert not own_words() & set(PRIVATE)


def test_job_takes_ranks_from_the_paths_of_a_dataset_that_is_redacted(
    run: Runner, tmp_path: Path
) -> None:
    """A pattern is held against the paths as they were, and no name in them is shown."""
    folder, plain = tmp_path / "archive" / "plasmorth", tmp_path / "plain"
    folder.mkdir(parents=True)
    for rank in range(2):
        made = trace(folder, 1.0 + rank, f"part{rank}.json", rank, 2)
        held = json.loads(made.read_text())
        del held["distributedInfo"]
        made.write_text(json.dumps(held))
    assert run("batch", folder.parent, "-o", plain, "-j", "1")[0] == 0
    asked = ("job", plain, "--pattern", "{job}/part{rank}.json", "-f", "json")
    told = json.loads(run(*asked)[1])["jobs"]
    code, shown = run(*asked, "--redact=names")
    assert code == 0
    assert "plasmorth" not in shown
    hidden = json.loads(shown)["jobs"]
    assert [len(job["ranks"]) for job in hidden] == [len(job["ranks"]) for job in told] == [2]
    assert existing(plain)
