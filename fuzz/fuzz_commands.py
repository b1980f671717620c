"""The commands that meet each mutated file, and what their output is held to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fuzz_asking as asking
import fuzz_oracles as oracles
import fuzz_others as others

TRACE, REPORT = "trace", "report"
BOTH = (TRACE, REPORT)
READ = (*BOTH, others.PRINTED)
RANK = "rank"
"""The seed that is a rank of a job, and with its number the whole one that goes with it."""
_USAGE = (0, 1, 2)
"""Of what the user wrote, such as a model's configuration: 2 where it makes no sense."""
Arguments = Callable[[Path, Path, Path], list[str]]
"""From the mutated file, the folder for outputs and the folder of whole captures."""


@dataclass(frozen=True)
class Command:
    """A command, the kinds of file it takes, and what holds of its output."""

    arguments: Arguments
    check: oracles.Check = oracles.plain
    kinds: tuple[str, ...] = BOTH
    output: str | None = None
    """The file that it writes; None where it prints."""
    codes: tuple[int, ...] = (0, 1)
    weight: float = 1
    """How often it is drawn beside the others: pages and pictures take several times as long."""
    seed: str | None = None
    """The seed that most of its cases start from, where another hardly fits what is beside it."""
    run: asking.Run = asking.command
    """Runs it, given those arguments."""


def _shown(*words: str) -> Arguments:
    return lambda file, out, whole: [words[0], str(file), *words[1:]]


def _written(name: str, *words: str) -> Arguments:
    return lambda file, out, whole: ["report", str(file), *words, "-o", str(out / name)]


def _diff(file: Path, out: Path, whole: Path) -> list[str]:
    other = whole / (others.WHOLE_TRACE if file.suffix == ".json" else others.WHOLE_REPORT)
    return ["diff", str(other), str(file), "--format", "json"]


def _beside(option: str, other: str, turned: bool = False, command: str = "findings") -> Arguments:
    """A whole capture with the mutated file beside it, or the other way round."""

    def arguments(file: Path, out: Path, whole: Path) -> list[str]:
        first, second = (file, whole / other) if turned else (whole / other, file)
        return [command, str(first), option, str(second), "--format", "json"]

    return arguments


_WHOLE, _COUNTS = others.WHOLE_TRACE, others.WHOLE_REPORT
_OTHER_RANK = f"{RANK}1.json"
_DECODER = "decoder#0"

COMMANDS: dict[str, Command] = {
    "findings": Command(_shown("findings"), oracles.text, READ),
    "findings-json": Command(
        _shown("findings", "--format", "json"), oracles.findings, READ, weight=3
    ),
    "kernels-json": Command(_shown("kernels", "--format", "json"), oracles.kernels, READ, weight=2),
    "kernels-csv": Command(_shown("kernels", "--format", "csv"), oracles.csv_rows, READ, weight=2),
    "kernels-md": Command(_shown("kernels", "--format", "md"), oracles.text),
    "inside-json": Command(
        _shown("kernels", "--table", "inside", "--format", "json"), oracles.any_json, (REPORT,)
    ),
    "diagnose": Command(_shown("diagnose", "--format", "json"), oracles.diagnosis, READ),
    "diagnose-after": Command(
        _beside("--against", "diagnosis.json", turned=True, command="diagnose"),
        oracles.diagnosis,
        BOTH,
        weight=0.5,
        seed=_DECODER,
    ),
    "explain": Command(
        _shown("explain", "longest", "--format", "json"), oracles.any_json, weight=1.5
    ),
    "page": Command(_written("page.html"), oracles.page, READ, output="page.html", weight=0.3),
    "redacted": Command(
        _written("page.html", "--redact", "names"), oracles.page, output="page.html", weight=0.3
    ),
    "comment": Command(_written("comment.md"), oracles.text, output="comment.md"),
    "card": Command(_written("card.svg"), oracles.svg, output="card.svg", weight=0.3),
    "report-json": Command(_written("report.json"), oracles.report, READ, output="report.json"),
    "diff": Command(_diff, oracles.any_json, codes=(0, 1, 3, 4), weight=0.7, seed=_DECODER),
    "whatif-device": Command(
        _shown("whatif", "--on", "b200", "--format", "json"), oracles.any_json
    ),
    "whatif-batch": Command(
        _shown("whatif", "--batch-scale", "2", "--format", "json"), oracles.any_json, (TRACE,)
    ),
    "whatif-graph": Command(
        _shown("whatif", "--graph", "--format", "json"), oracles.any_json, (TRACE,)
    ),
    "whole-steps": Command(
        _shown("findings", "--whole-steps", "--format", "json"), oracles.findings, (TRACE,)
    ),
    "next-capture": Command(_shown("next-capture"), oracles.text, (TRACE,)),
    "baseline": Command(
        lambda file, out, whole: ["baseline", "save", "a", str(file), "--dir", str(out)],
        output="a.baseline.json.gz",
    ),
    "job": Command(
        lambda file, out, whole: ["job", str(whole / _OTHER_RANK), str(file)],
        oracles.text,
        (TRACE,),
        seed=RANK,
    ),
    "job-json": Command(
        lambda file, out, whole: ["job", str(whole / _OTHER_RANK), str(file), "--format", "json"],
        oracles.any_json,
        (TRACE,),
        seed=RANK,
    ),
    "ncu": Command(_beside("--ncu", _WHOLE), oracles.findings, (REPORT,), seed="five"),
    "ncu-onto": Command(
        _beside("--ncu", _COUNTS, turned=True), oracles.findings, (TRACE,), seed=_DECODER
    ),
    "capture-trace": Command(
        _beside("--capture-trace", _WHOLE), oracles.findings, (TRACE,), weight=0.5, seed=_DECODER
    ),
    "rank-trace": Command(
        _beside("--rank-trace", _OTHER_RANK), oracles.findings, (TRACE,), seed=RANK
    ),
    "batch": Command(_shown("batch"), oracles.archived, READ, weight=0.7, run=asking.archive),
    "fleet": Command(_shown("fleet"), oracles.page, READ, weight=0.2, run=asking.archive),
    "plan-config": Command(
        lambda file, out, whole: [
            "plan", "llm", "--config", str(file), "--device", "h100-sxm", "--format", "json"
        ],
        oracles.plan,
        (others.CONFIG,),
        codes=_USAGE,
    ),
    "plan-config-page": Command(
        lambda file, out, whole: [
            "plan", "llm", "--config", str(file), "--device", "mi300x", "--weights", "fp8",
            "--tp", "2", "-o", str(out / "plan.html"),
        ],
        oracles.page,
        (others.CONFIG,),
        output="plan.html",
        codes=_USAGE,
        weight=0.2,
    ),
    "ceilings": Command(
        _beside("--ceilings", _WHOLE), oracles.findings, (others.CEILINGS,), codes=_USAGE
    ),
    "device-file": Command(
        _beside("--device-file", _WHOLE, command="kernels"),
        oracles.kernels,
        (others.DEVICE,),
        codes=_USAGE,
    ),
    "devices": Command(
        lambda file, out, whole: ["devices", "--device-file", str(file), "--format", "json"],
        oracles.any_json,
        (others.DEVICE,),
        codes=_USAGE,
    ),
    "diagnose-against": Command(
        _beside("--against", _WHOLE, command="diagnose"),
        oracles.diagnosis,
        (others.DIAGNOSIS,),
        codes=_USAGE,
    ),
    "query": Command(
        asking.query_arguments, oracles.any_json, (others.QUERY,), codes=_USAGE
    ),
    "tool-call": Command(
        asking.call_arguments, oracles.answer, (others.CALL,), run=asking.tool
    ),
}  # fmt: skip
