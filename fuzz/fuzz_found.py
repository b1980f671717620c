"""What is kept of a find: the case with as few steps as show it, its file, and how to run it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import fuzz_cases
from fuzz_cases import Case
from fuzz_judge import kind_of
from fuzz_pool import Outcome, Worker

FOLDER = Path(__file__).resolve().parent / "found"
_MOST_RUNS = 40


def minimised(found: Outcome, worker: Worker) -> Outcome:
    """The find with every step left out that it does not need."""
    best, place, runs = found, 0, 0
    while place < len(best.case.steps) and runs < _MOST_RUNS:
        smaller = worker.run(fuzz_cases.without(best.case, place))
        runs += 1
        if smaller.problem and kind_of(smaller.problem) == kind_of(best.problem or ""):
            best = smaller
        else:
            place += 1
    return best


def keep(found: Outcome, folder: Path = FOLDER) -> Path:
    """Write a find into a folder of its own, named by its kind; the folder."""
    kind = kind_of(found.problem or "")
    target = folder / hashlib.sha256(kind.encode()).hexdigest()[:10]
    target.mkdir(parents=True, exist_ok=True)
    (target / found.case.file).write_bytes(fuzz_cases.contents(found.case))
    (target / "case.json").write_text(found.case.to_json() + "\n", encoding="utf-8")
    said = {"problem": found.problem, "command": found.case.command, "code": found.code}
    (target / "problem.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return target


def kept(folder: Path = FOLDER) -> list[Case]:
    """The cases of all finds that are kept."""
    return [
        Case.from_json(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*/case.json"))
    ]
