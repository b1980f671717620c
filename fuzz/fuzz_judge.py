"""Runs one case in this process and says what is wrong with how it went, or nothing."""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import shutil
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import fuzz_oracles as oracles
import fuzz_others as others
import fuzz_seeds
from fuzz_cases import Case
from fuzz_commands import COMMANDS, RANK
from fuzz_values import as_json

MEMORY_BYTES = 3 << 30
"""No small capture needs so much, whatever it says."""
_BUG = "this is a bug in ncutool"


@dataclass(frozen=True)
class Verdict:
    """How a case went."""

    code: int
    problem: str | None
    """What is wrong; None where nothing is."""


class Place:
    """Folders of one worker: the mutated file, what commands write, whole captures, TMPDIR."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ncutool-fuzz-"))
        self.given, self.out, self.whole, self.passing = (
            self.root / name for name in ("given", "out", "whole", "passing")
        )
        for folder in (self.given, self.out, self.whole, self.passing):
            folder.mkdir()
        trace = as_json(fuzz_seeds.whole())
        (self.whole / others.WHOLE_TRACE).write_text(trace, encoding="utf-8")
        (self.whole / others.WHOLE_REPORT).write_bytes(fuzz_seeds.reports()["five"])
        for number, rank in enumerate(fuzz_seeds.ranks()):
            (self.whole / f"{RANK}{number}.json").write_text(as_json(rank), encoding="utf-8")
        (self.whole / "diagnosis.json").write_text(others.diagnosis(), encoding="utf-8")
        tempfile.tempdir = str(self.passing)
        os.environ["TMPDIR"] = str(self.passing)
        os.chdir(self.out)

    def close(self) -> None:
        """Remove them all."""
        os.chdir("/")
        tempfile.tempdir = None
        os.environ.pop("TMPDIR")
        shutil.rmtree(self.root, ignore_errors=True)


def bound() -> None:
    """Let this process have so much memory and no more, where the system can hold it to that."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def judge(case: Case, data: bytes, place: Place) -> Verdict:
    """Run the case's command on these bytes, hold what it wrote to what must hold, and tidy up."""
    command = COMMANDS[case.command]
    file = place.given / case.file
    file.write_bytes(data)
    raw = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(one, "utf-8", write_through=True) for one in raw)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = command.run(command.arguments(file, place.out, place.whole))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Verdict(1, f"traceback: {type(error).__name__} in {Path(where.filename).name}")
    finally:
        file.unlink(missing_ok=True)
        texts = [_said(one) for one in raw]
        written = {path.name: path for path in place.out.iterdir()}
        output = written.get(command.output or "")
        result = output.read_bytes() if output else b""
        left = sorted({*written} - {command.output}) + os.listdir(place.passing)
        for path in (*place.out.iterdir(), *place.passing.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    problem = _of_ending(code, texts[1], command.codes) or _of_files(
        code, left, command.output, result
    )
    if problem is None and code == 0:
        decoded = result.decode("utf-8", "replace") if command.output else texts[0]
        problem = command.check(decoded)
    return Verdict(code, problem)


def kind_of(problem: str) -> str:
    """The kind of a problem: what is the same of two inputs that show the same fault."""
    return re.sub(r"-?\d[\d.,e+]*|'[^']*'|\"[^\"]*\"", "#", problem)[:160]


def _of_ending(code: int, errors: str, codes: tuple[int, ...]) -> str | None:
    lines = errors.splitlines()
    if _BUG in errors or "Traceback" in errors:
        return next(line for line in lines if _BUG in line or "Traceback" in line)[:300]
    if code not in codes:
        return f"exit code {code}: {' '.join(lines[-1:])}"[:300]
    if code == 1 and not (lines and lines[-1].startswith("ncutool: ")):
        return f"exit code 1 without a line that says why: {' '.join(lines[-1:])}"
    if "out of memory" in errors or "takes more memory" in errors:
        return f"memory: {lines[-1]}"[:300]
    return oracles.text(errors.replace("\r", ""))


def _of_files(code: int, left: list[str], output: str | None, result: bytes) -> str | None:
    if left:
        return f"files left behind: {[re.sub(r'[0-9a-f]{6,}|[0-9]+', '0', name) for name in left]}"
    if output and code == 0 and not result:
        return "nothing was written"
    if output and code == 1 and result:
        return "an output was written although the command failed"
    return None


def _said(stream: io.BytesIO) -> str:
    return stream.getvalue().decode("utf-8", "replace")
