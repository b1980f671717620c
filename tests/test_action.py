"""The action for GitHub: what action.yml says, and its steps as the runner would run them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import torch_factory as made
from hypothesis import example, given
from hypothesis import strategies as st

REPOSITORY = Path(__file__).resolve().parent.parent
ACTION = REPOSITORY / "action.yml"
_SPEC = importlib.util.spec_from_file_location("compare", REPOSITORY / "action" / "compare.py")
assert _SPEC is not None
assert _SPEC.loader is not None
compare: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compare)

Tree = dict[str, Any]
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
_OUTPUT = re.compile(r"\$\{\{ steps\.compare\.outputs\.([a-z-]+) \}\}")


def parsed(text: str) -> Any:
    """The part of YAML that action.yml keeps to: maps, lists of maps, plain and folded text."""
    lines = [line for line in text.splitlines() if line.strip()]
    value, at = _block(lines, 0, _indent(lines[0]))
    assert at == len(lines)
    return value


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], at: int, depth: int) -> tuple[Any, int]:
    if lines[at].lstrip().startswith("- "):
        return _list(lines, at, depth)
    found: Tree = {}
    while at < len(lines) and _indent(lines[at]) == depth:
        key, colon, rest = lines[at].strip().partition(":")
        assert colon, lines[at]
        assert key not in found, f"{key} stands twice"
        at += 1
        rest = rest.strip()
        if rest in (">-", "") and at < len(lines) and _indent(lines[at]) > depth:
            inner = _indent(lines[at])
            if rest:
                folded = []
                while at < len(lines) and _indent(lines[at]) >= inner:
                    folded.append(lines[at].strip())
                    at += 1
                found[key] = " ".join(folded)
            else:
                found[key], at = _block(lines, at, inner)
        else:
            assert rest[:1] not in tuple("{[&*!|%@`"), f"not plain: {rest}"
            quoted = rest.startswith("'")
            assert quoted or (": " not in rest and " #" not in rest), f"needs quotes: {rest}"
            found[key] = rest[1:-1].replace("''", "'") if quoted else rest
    return found, at


def _list(lines: list[str], at: int, depth: int) -> tuple[list[Any], int]:
    items = []
    while at < len(lines) and _indent(lines[at]) == depth:
        assert lines[at].lstrip().startswith("- ")
        lines[at] = lines[at].replace("- ", "  ", 1)
        item, at = _block(lines, at, depth + 2)
        items.append(item)
    return items, at


TREE: Tree = parsed(ACTION.read_text(encoding="utf-8"))
STEPS: dict[str, Tree] = {step["name"]: step for step in TREE["runs"]["steps"]}


def test_it_is_a_composite_action_whose_inputs_and_outputs_are_explained() -> None:
    """Each has a description, and each optional input a default."""
    assert TREE["runs"]["using"] == "composite"
    for name, one in TREE["inputs"].items():
        assert len(one["description"]) > 20, name
        assert one.get("required") == "true" or "default" in one, name
    assert all(one["description"] and one["value"] for one in TREE["outputs"].values())
    document = (REPOSITORY / "docs" / "github.md").read_text(encoding="utf-8")
    for name in [*TREE["inputs"], *TREE["outputs"]]:
        assert f"`{name}`" in document, name


def test_no_text_of_others_gets_into_a_shell() -> None:
    """Expressions stand in `env`, `with` and `if`; a `run` holds none and runs a file of ours."""
    for step in STEPS.values():
        run = step.get("run")
        assert (run is None) != ("uses" not in step)
        if run is not None:
            assert "${{" not in run
            assert step["shell"] == "bash"
            file = re.fullmatch(r'(?:bash|python) "\$GITHUB_ACTION_PATH/(action/[a-z.]+)"', run)
            assert file is not None
            assert (REPOSITORY / file[1]).is_file()


def test_the_workflows_to_copy_put_no_text_of_others_into_a_shell() -> None:
    """What is copied is read by few."""
    text = (REPOSITORY / "docs" / "github.md").read_text(encoding="utf-8")
    scripts = re.findall(r"^( +)run: \|\n((?:\1 +.*\n)+)", text, re.M)
    assert len(scripts) == 2
    assert not [script for _, script in scripts if "${{" in script]
    assert "on: pull_request_target" not in text


def test_every_input_is_used_and_every_value_is_one() -> None:
    """A misspelt input is empty without a word."""
    text = ACTION.read_text(encoding="utf-8").partition("\nruns:")[2]
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(TREE["inputs"])
    outputs = set(re.findall(r"steps\.compare\.outputs\.([a-z-]+)", ACTION.read_text("utf-8")))
    assert outputs == {"verdict", "headline", "exit-code", "comment", "page", "json", "folder"}
    given = set(STEPS["Compare"]["env"])
    read = {f"NCUTOOL_{name}" for name in compare.OPTIONS}
    assert given == read | {"NCUTOOL_BEFORE", "NCUTOOL_AFTER", "NCUTOOL_REDACT",
                            "NCUTOOL_REDACT_KEY", "NCUTOOL_FORCE"}  # fmt: skip


class Runner:
    """Runs steps in an empty folder, as GitHub's runner does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outputs: dict[str, str] = {}
        for name in ("temp", "work"):
            (folder / name).mkdir()

    @property
    def summary(self) -> str:
        """What the steps wrote into the summary of the job."""
        path = self.folder / "summary"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def step(self, name: str, inputs: dict[str, str], **more: str) -> tuple[int, str]:
        """Run one step: its exit code, and what it printed."""
        step = STEPS[name]
        values = {key: one.get("default", "") for key, one in TREE["inputs"].items()} | inputs
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'parsers'}",
            "GITHUB_ACTION_PATH": str(REPOSITORY),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder / "temp"),
            **{key: self._value(text, values) for key, text in step["env"].items()},
            **more,
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / "work",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        written = self.folder / "output"
        if written.exists():
            text = written.read_text(encoding="utf-8")
            self.outputs = {
                name: value
                for name, _, value in re.findall(
                    r"^([a-z-]+)<<(\w+)\n(.*?)\n\2$", text, re.M | re.S
                )
            }
        return done.returncode, done.stdout + done.stderr

    def _value(self, text: str, inputs: dict[str, str]) -> str:
        text = _INPUT.sub(lambda match: inputs[match[1]], text)
        return _OUTPUT.sub(lambda match: self.outputs[match[1]], text)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner in a folder of its own."""
    return Runner(tmp_path)


def captures(folder: Path, slower: float = 1.0, name: str = "before.json", host: str = "h") -> Path:
    """A trace of one product whose kernel takes 400 µs, or more."""
    dims = {"Input Dims": [[512, 512], [512, 512]], "Input type": ["float", "float"]}
    events = []
    for n in range(4):
        start = 1000.0 * n
        events += [
            made.op("aten::mm", start, 20.0, n + 1, args=dims),
            made.call(start + 5, 3.0, n + 1),
            made.kernel("ampere_sgemm_128x64_nn", start + 20, 400.0 * slower, n + 1,
                        grid=[132, 1, 1], block=[256, 1, 1]),
            made.call(start + 10, 3.0, n + 11),
            made.kernel("evil\n::error::injected%0A", start + 950, 20.0, n + 11),
        ]  # fmt: skip
    device = {"id": 0, "name": "NVIDIA H100 80GB HBM3", "computeMajor": 9, "computeMinor": 0,
              "numSms": 132, "totalGlobalMem": 85017624576}  # fmt: skip
    return made.write(folder / name, events, deviceProperties=[device], hostname=host)


def test_a_broken_gate_is_told_everywhere(runner: Runner) -> None:
    """Outputs, summary, files, annotations, and the exit code of the last step."""
    work = runner.folder / "work"
    captures(work)
    captures(work, 2.2, "after one.json")
    inputs = {"before": "before.json", "after": "after*.json\n", "fail-over": "3%",
              "kernel": "sgemm", "name": "main"}  # fmt: skip
    code, said = runner.step("Compare", inputs)
    assert code == 0, said
    outputs = runner.outputs
    assert outputs["exit-code"] == "3", said
    assert (
        Path(outputs["comment"])
        .read_text(encoding="utf-8")
        .startswith("<!-- ncutool-diff: main -->\n")
    )
    assert Path(outputs["page"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(Path(outputs["json"]).read_text(encoding="utf-8"))["gate"]["exit_code"] == 3
    assert outputs["headline"]
    assert runner.summary.startswith("<!-- ncutool-diff: main -->\n### ")
    commands = [line for line in outside(said) if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith(
        "::error title=--fail-over 3%25 --kernel sgemm%3A regression::1 group of sgemm +"
    )
    for fail_on, ends in (("regression", 3), ("inconclusive", 3), ("never", 0)):
        assert runner.step("Hold the gate", {"fail-on": fail_on})[0] == ends


def outside(said: str) -> list[str]:
    """The lines that the runner reads commands from."""
    match = re.search(r"^::stop-commands::(\w+)\n.*?^::\1::\n", said, re.M | re.S)
    assert match is not None
    return said.replace(match[0], "").splitlines()


def test_what_cannot_be_read_is_an_error(runner: Runner) -> None:
    """One annotation, no files, exit code 1 in the end."""
    assert runner.step("Compare", {"before": "none.json", "after": "-x"})[0] == 0
    assert runner.outputs["verdict"] == "error"
    assert runner.outputs["folder"] == ""
    assert runner.outputs["exit-code"] == "1"
    assert runner.step("Hold the gate", {})[0] == 1
    assert runner.summary == ""


@pytest.mark.parametrize(
    ("code", "fail_on", "ends"),
    [("0", "regression", 0), ("1", "regression", 1), ("3", "regression", 3),
     ("4", "regression", 0), ("4", "inconclusive", 4), ("3", "never", 0), ("", "regression", 1),
     ("0; exit 9", "regression", 1), ("0", "perhaps", 2)],
)  # fmt: skip
def test_the_gate_ends_the_job(runner: Runner, code: str, fail_on: str, ends: int) -> None:
    """By the exit code of ncutool and what is to fail."""
    runner.outputs = {"exit-code": code}
    assert runner.step("Hold the gate", {"fail-on": fail_on})[0] == ends


@pytest.mark.parametrize(
    ("version", "asked", "ends"),
    [("", str(REPOSITORY), 0), ("1.2.3", "ncutool==1.2.3", 0), ("--index-url=x", None, 2),
     ("git+https://example.org", None, 2)],
)  # fmt: skip
def test_install_takes_the_checkout_or_a_version(
    runner: Runner, version: str, asked: str | None, ends: int
) -> None:
    """And nothing that pip would take for an option or an address."""
    fake = runner.folder / "bin"
    fake.mkdir()
    (fake / "python").write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    (fake / "python").chmod(0o755)
    path = f"{fake}:{os.environ['PATH']}"
    code, said = runner.step("Install ncutool", {"version": version}, PATH=path)
    assert code == ends
    assert (said.splitlines()[-1] == asked) if asked else "no version number" in said


@pytest.mark.parametrize(
    ("title", "message", "line"),
    [
        ("a: b, c", "10 %\r\n::debug::x", "::error title=a%3A b%2C c::10 %25%0D%0A::debug::x"),
        ("x::error::y", "at::native", "::error title=x%3A%3Aerror%3A%3Ay::at::native"),
    ],
)  # fmt: skip
def test_an_annotation_is_one_command(title: str, message: str, line: str) -> None:
    """Whatever its texts hold."""
    assert compare.annotation("error", title, message) == line


_COMMAND = re.compile(r"::(\w+) ([^:]*)::(.*)")
"""A command as the runner reads it: properties end at the first two colons, commas part them."""


@given(st.text(), st.text())
@example("a,file=secret.py,line=1", "b")
@example("%0A::error file=x::y", "%0A::set-output name=x::y")
@example("x\r\n::stop-commands::1", "\u2028::error::\x85::error::")
@example("\ud800\u202e", "\x1b]0;title\x07 \ud800")
@example("n" * 10**6, "::error::" * 10**5)
def test_no_text_ends_an_annotation_or_adds_to_it(title: str, message: str) -> None:
    """It is one line with one property, can be encoded, and is of a size that GitHub shows."""
    line = compare.annotation("error", title, message)
    assert "\n" not in line
    assert "\r" not in line
    assert len(line.encode("utf-8")) < 60_000
    found = _COMMAND.fullmatch(line)
    assert found is not None
    assert found[1] == "error"
    name, equals, value = found[2].partition("=")
    assert (name, equals) == ("title", "=")
    assert "," not in value
    for escaped, text, longest in ((value, title, 200), (found[3], message, 4000)):
        read = re.sub("%0A|%0D|%3A|%2C|%25", lambda code: unquote(code.group()), escaped)
        assert read == compare.plain(text, longest)


HOSTILE = (
    "a%0A::error file=src/x.py,line=1::b", "c\n::set-output name=x::y", "d\r::stop-commands::t",
    "e,file=x,line=1", "##[error]f", "g::h:i", "k" * 1_000_000, "\ud800\u202ej\x1b[2J",
)  # fmt: skip


def test_hostile_names_of_kernels_command_nothing(runner: Runner) -> None:
    """Each is the kernel that got slower; outside what is switched off there is one command."""
    work = runner.folder / "work"
    for number, name in enumerate(HOSTILE):
        for file, factor in (("before.json", 1.0), ("after.json", 2.2)):
            events = []
            for step in range(8):
                events += [
                    made.op("aten::mm", 1000.0 * step, 30.0, step + 1),
                    made.call(1000.0 * step + 5.0, 3.0, step + 1),
                    made.kernel(name, 1000.0 * step + 20.0, 300.0 * factor, step + 1),
                ]
            made.write(work / file, events)
        inputs = {
            "before": "before.json",
            "after": "after.json",
            "fail-over": "3%",
            "force": "true",
        }
        code, said = runner.step("Compare", {**inputs, "redact": "none"})
        assert code == 0, (number, said[-500:])
        assert "Traceback" not in said
        commands = [line for line in outside(said) if line.startswith(("::", "##["))]
        assert len(commands) == 1, (number, commands)
        assert re.match("::(error|warning|notice) title=", commands[0]), commands
        assert "file=" not in commands[0].split("::")[1]
        assert len(runner.outputs["headline"]) < 4100


def test_an_output_cannot_begin_another_one(tmp_path: Path) -> None:
    """The mark that ends a value is not to be guessed."""
    path = tmp_path / "output"
    compare.write_outputs(path, {"headline": "x\nEOF\nverdict<<EOF\nfaster\nEOF"})
    lines = path.read_text().splitlines()
    assert lines[0].startswith("headline<<end_")
    assert lines[-1] == lines[0].removeprefix("headline<<")
    assert len(lines[-1]) == 36


def test_arguments_are_words_of_their_options(tmp_path: Path) -> None:
    """A value that begins with a dash is no option, and `none` redacts nothing."""
    paths = {kind: tmp_path / kind for kind in ("comment", "page", "json")}
    given = {"NCUTOOL_BEFORE": "--force\n", "NCUTOOL_AFTER": "b\nc", "NCUTOOL_KERNEL": "-x y",
             "NCUTOOL_REDACT": "none"}  # fmt: skip
    words = compare.arguments(given, paths)
    assert words[5:] == ["--before=--force", "--after=b", "--after=c", "--kernel=-x y"]
    assert "--redact=private" in compare.arguments({}, paths)


UNDECIDED = {"rule": "r", "outcome": "inconclusive", "said": "s"}


@pytest.mark.parametrize(
    ("facts", "verdict", "first"),
    [
        (None, "error", "::error title=ncutool diff::exit code 1: last"),
        ({"refused": True, "headline": "not the same work"}, "refused",
         "::error title=ncutool diff::not the same work"),
        ({"totals": [{"verdict": "same"}], "headline": "same"}, "same",
         "::notice title=ncutool diff::same"),
        ({"totals": [], "gate": {"checks": [UNDECIDED]}},
         "not judged", "::warning title=r%3A inconclusive::s"),
    ],
)  # fmt: skip
def test_each_ending_has_its_annotation(
    facts: dict[str, Any] | None, verdict: str, first: str
) -> None:
    """By its weight."""
    assert compare.verdict(facts) == verdict
    assert list(compare.reported(facts, 1, "first\nlast\n")) == [first]
