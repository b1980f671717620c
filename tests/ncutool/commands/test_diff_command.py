"""``ncutool diff`` and ``ncutool baseline`` from outside: forms, exit codes, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ncutool.commands import main
from ncutool.commands.running import spread

Runner = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("one_reading")
SAMPLES = Path(__file__).resolve().parents[3] / "reports" / "samples"


def sample(pattern: str) -> Path:
    """The shipped sample capture whose name ends so."""
    return next(iter(sorted(SAMPLES.glob(f"*/{pattern}"))))


@pytest.fixture
def run(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Runner:
    """Run a command in an empty folder at 80 columns: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def one(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return one


def test_a_capture_against_itself(run: Runner) -> None:
    """At most 20 lines of 80 columns, the verdict last."""
    for path in (sample("*.json.gz"), sample("*.ncu-rep")):
        code, out, _ = run("diff", path, path)
        lines = out.splitlines()
        assert code == 0
        assert lines[-1] == "same: one recording, 0 changes"
        assert len(lines) <= 20
        assert max(map(len, lines)) <= 80


def test_unlike_captures_are_refused_with_1(run: Runner) -> None:
    """A trace against a report: no verdict, and what differs."""
    code, out, err = run("diff", sample("*.json.gz"), sample("*.ncu-rep"))
    assert code == 1
    assert err.splitlines()[-1].startswith("ncutool: refused: unlike captures: ")
    assert out.splitlines()[-1].endswith("no speed verdict")
    assert "torch.profiler → Nsight Compute" in out
    assert run("diff", sample("*.json.gz"), sample("*.ncu-rep"), "--fail-over", "3%")[0] == 4


def test_json_holds_everything(run: Runner) -> None:
    """The verdict, what was compared first, and a row a match."""
    path = sample("*.ncu-rep")
    code, out, _ = run("diff", path, path, "--format", "json", "--fail-over", "3%")
    whole = json.loads(out)
    assert code == 0
    assert whole["schema"] == "ncutool/diff/1"
    assert whole["headline"] == "same: one recording, 0 changes"
    assert whole["same_work"]["state"] == "same"
    assert whole["gate"]["outcome"] == "pass"
    assert {row["verdict"] for row in whole["diff"]} == {"same"}


def test_rules_of_the_folder_are_held(run: Runner, tmp_path: Path) -> None:
    """ncutool.toml lies beside; the command line wins."""
    path = sample("*.ncu-rep")
    (tmp_path / "ncutool.toml").write_text("[gate]\nmin-roofline = 100\n")
    assert run("diff", path, path)[0] == 3
    assert run("diff", path, path, "--min-roofline", "0%")[0] == 0
    (tmp_path / "ncutool.toml").write_text("[gate]\nfast = 1\n")
    code, _, err = run("diff", path, path)
    assert (code, "no rule 'fast'" in err) == (2, True)


def test_several_captures_a_side(run: Runner) -> None:
    """Each option takes all that follow; the order is checked."""
    path = sample("*.ncu-rep")
    code, out, _ = run("diff", "--before", path, path, path, "--after", path, path, path,
                       "--order", "ABABAB", "--format", "json")  # fmt: skip
    whole = json.loads(out)
    assert (code, len(whole["before"]), len(whole["after"])) == (0, 3, 3)
    assert whole["order"] == [0, 2, 4, 1, 3, 5]
    code, _, err = run("diff", path, path, "--order", "AAB")
    assert (code, "--order takes an A for each capture before (1)" in err) == (2, True)


def test_wrong_sides_are_said(run: Runner) -> None:
    """One capture, three, or both ways at once."""
    path = sample("*.ncu-rep")
    for given in ([path], [path] * 3, [path, "--before", path, "--after", path], []):
        code, _, err = run("diff", *given)
        assert (code, err.count("\n")) == (2, 1), given


def test_a_baseline_is_saved_listed_shown_and_compared(run: Runner, tmp_path: Path) -> None:
    """By its name, in the default folder or another."""
    path = sample("*.json.gz")
    assert run("baseline", "save", "main", path)[:2] == (
        0, f"{Path('.ncutool/baselines/main.baseline.json.gz')}\n",
    )  # fmt: skip
    assert run("baseline", "save", "main", path)[0] == 1
    assert run("baseline", "list")[1].startswith("main  ")
    assert run("baseline", "show", "main")[1].startswith(f"{path.name} · ")
    assert run("diff", "main", path)[1].splitlines()[-1] == "same: one recording, 0 changes"
    assert run("baseline", "save", "x", path, "--dir", tmp_path / "other")[0] == 0
    assert run("diff", "x", path, "--dir", tmp_path / "other")[0] == 0
    assert run("baseline", "show", "nothing")[0] == 1
    code, _, err = run("diff", "nothing", path)
    assert code == 1
    assert "nothing: is neither a file of this folder nor a baseline in" in err
    assert run("baseline", "save", "../up", path)[0] == 2


def test_options_that_take_several_values_are_spread() -> None:
    """Up to the next option."""
    assert spread(["--a", "1", "2", "-x", "3"], ("--a",)) == ["--a", "1", "--a", "2", "-x", "3"]
    assert spread(["1", "--a", "2"], ()) == ["1", "--a", "2"]


def test_reports_give_their_counters_to_traces(run: Runner) -> None:
    """Measured over compulsory bytes, on both sides."""
    trace, report = sample("*.json.gz"), sample("*.ncu-rep")
    code, out, _ = run("diff", trace, trace, "--ncu-before", report, "--ncu-after", report,
                       "--format", "json")  # fmt: skip
    rows = json.loads(out)["diff"]
    measured = [row for row in rows if row["measured_over_compulsory_before"] is not None]
    assert code == 0
    assert measured
    assert all(
        row["measured_over_compulsory_before"] == row["measured_over_compulsory_after"]
        for row in measured
    )


def test_a_comment_a_page_and_pictures_by_ending(run: Runner, tmp_path: Path) -> None:
    """Each is written, the terminal says the same, and a second run replaces what it wrote."""
    path = sample("*.ncu-rep")
    begins = {
        "comment.md": b"<!-- ncutool-diff: ",
        "page.html": b"<!doctype html>",
        "card.svg": b"<svg ",
        "card.png": b"\x89PNG",
    }
    for name, mark in begins.items():
        code, out, _ = run("diff", path, path, "-o", name, "--accuracy", "as before")
        assert code == 0
        assert out.splitlines()[-1] == "same: one recording, 0 changes"
        assert (tmp_path / name).read_bytes().startswith(mark)
        again = run("diff", path, path, "-o", name)[0]
        assert again == (1 if name == "card.png" else 0), name  # a PNG does not say who wrote it
    (tmp_path / "mine.md").write_text("# mine")
    code, _, err = run("diff", path, path, "-o", "mine.md")
    assert code == 1
    assert err == "ncutool: mine.md: already exists; pass --force to overwrite it\n"


def test_a_bot_names_its_comment(run: Runner, tmp_path: Path) -> None:
    """--name stands in the first line, --accuracy in the text; a refusal is written too."""
    trace, report = sample("*.json.gz"), sample("*.ncu-rep")
    code, _, _ = run("diff", trace, report, "-o", "c.md", "--name", "nightly", "--accuracy", "ok",
                     "--note", "driver 550", "--note", "commit 1a2b")  # fmt: skip
    lines = (tmp_path / "c.md").read_text(encoding="utf-8").splitlines()
    assert code == 1
    assert lines[0] == "<!-- ncutool-diff: nightly -->"
    assert lines[1].startswith("### Unlike captures: ")
    assert lines[1].endswith(". No speed verdict.")
    assert "Accuracy: ok." in "\n".join(lines)
    assert "driver 550  " in lines
    assert "commit 1a2b  " in lines
