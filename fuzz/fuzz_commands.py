"""The commands that meet each mutated file, and what their output is held to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fuzz_oracles as oracles

BOTH = ("trace", "report")
_BESIDE = (0, 1, 2)
"""Of two captures that are read together: 2 where they cannot belong together."""
Arguments = Callable[[Path, Path, Path], list[str]]
"""From the mutated file, the folder for outputs and the folder of whole captures."""


@dataclass(frozen=True)
class Command:
    """A command, the kinds of capture it takes, and what holds of its output."""

    arguments: Arguments
    check: oracles.Check = oracles.plain
    kinds: tuple[str, ...] = BOTH
    output: str | None = None
    """The file that it writes; None where it prints."""
    codes: tuple[int, ...] = (0, 1)


def _shown(*words: str) -> Arguments:
    return lambda file, out, whole: [words[0], str(file), *words[1:]]


def _written(name: str, *words: str) -> Arguments:
    return lambda file, out, whole: ["report", str(file), *words, "-o", str(out / name)]


def _diff(file: Path, out: Path, whole: Path) -> list[str]:
    other = whole / ("whole.json" if file.suffix == ".json" else "whole.ncu-rep")
    return ["diff", str(other), str(file), "--format", "json"]


def _beside(option: str, other: str, turned: bool = False) -> Arguments:
    """The findings of a whole capture with the mutated one beside it, or the other way round."""

    def arguments(file: Path, out: Path, whole: Path) -> list[str]:
        first, second = (file, whole / other) if turned else (whole / other, file)
        return ["findings", str(first), option, str(second), "--format", "json"]

    return arguments


COMMANDS: dict[str, Command] = {
    "findings": Command(_shown("findings"), oracles.text),
    "findings-json": Command(_shown("findings", "--format", "json"), oracles.findings),
    "kernels-json": Command(_shown("kernels", "--format", "json"), oracles.kernels),
    "kernels-csv": Command(_shown("kernels", "--format", "csv"), oracles.csv_rows),
    "kernels-md": Command(_shown("kernels", "--format", "md"), oracles.text),
    "diagnose": Command(_shown("diagnose"), oracles.diagnosis),
    "explain": Command(_shown("explain", "longest", "--format", "json"), oracles.any_json),
    "page": Command(_written("page.html"), oracles.page, output="page.html"),
    "redacted": Command(
        _written("page.html", "--redact", "names"), oracles.page, output="page.html"
    ),
    "comment": Command(_written("comment.md"), oracles.text, output="comment.md"),
    "card": Command(_written("card.svg"), oracles.svg, output="card.svg"),
    "report-json": Command(_written("report.json"), oracles.report, output="report.json"),
    "diff": Command(_diff, oracles.any_json, codes=(0, 1, 3, 4)),
    "whatif-device": Command(
        _shown("whatif", "--on", "b200", "--format", "json"), oracles.any_json
    ),
    "whatif-batch": Command(
        _shown("whatif", "--batch-scale", "2", "--format", "json"), oracles.any_json, ("trace",)
    ),
    "whatif-graph": Command(
        _shown("whatif", "--graph", "--format", "json"),
        oracles.any_json,
        ("trace",),
        codes=(0, 1, 2),  # 2: the capture has no such finding
    ),
    "whole-steps": Command(
        _shown("findings", "--whole-steps", "--format", "json"), oracles.findings, ("trace",)
    ),
    "next-capture": Command(_shown("next-capture"), oracles.text, ("trace",)),
    "baseline": Command(
        lambda file, out, whole: ["baseline", "save", "a", str(file), "--dir", str(out)],
        output="a.baseline.json.gz",
    ),
    "job": Command(
        lambda file, out, whole: ["job", str(whole / "whole.json"), str(file)],
        oracles.text,
        ("trace",),
        codes=(0, 1, 2),  # 2: no rank is recorded, and --pattern is not given
    ),
    "ncu": Command(_beside("--ncu", "whole.json"), oracles.findings, ("report",), codes=_BESIDE),
    "ncu-onto": Command(
        _beside("--ncu", "whole.ncu-rep", turned=True), oracles.findings, ("trace",), codes=_BESIDE
    ),
    "capture-trace": Command(
        _beside("--capture-trace", "whole.json"), oracles.findings, ("trace",), codes=_BESIDE
    ),
    "rank-trace": Command(
        _beside("--rank-trace", "whole.json"), oracles.findings, ("trace",), codes=_BESIDE
    ),
}
