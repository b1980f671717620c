"""``ncutool diff``: what changed between two captures, and whether it is real."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ncutool.commands.diff_forms import Given, form_of, is_own
from ncutool.commands.diff_ranks import write_ranks
from ncutool.commands.options import DebugOption, Format, NoColorOption, TopOption, option, unfold
from ncutool.commands.sides import DirOption, Reading, read_side
from ncutool.commands.writing import Output
from ncutool_parsers import Place
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.diff import Diff
    from ncutool.diff.gate import Gate, Rules

MANY = ("--before", "--after")
"""Options that take all captures that follow them."""
RULES_FILE = "ncutool.toml"
_REFUSED = 1


class Limits(Struct, frozen=True):
    """The line to hold, as it stands on the command line."""

    fail_over: Annotated[
        str | None,
        option("--fail-over", words="Exit with 3 where it got slower by more.", metavar="3%"),
    ] = None
    kernel: Annotated[
        str | None,
        option(
            "--kernel",
            words="Hold kernels or operators whose name matches, not the whole.",
            metavar="REGEX",
        ),
    ] = None
    min_roofline: Annotated[
        str | None,
        option("--min-roofline", words="So much of their roof, at least.", metavar="60%"),
    ] = None
    max_idle: Annotated[
        str | None,
        option("--max-idle", words="Of the wall time so much is idle, at most.", metavar="10%"),
    ] = None
    rules: Annotated[
        Path | None,
        option(
            "--rules",
            words="File with a table [gate] of the same rules; ncutool.toml of this folder where "
            "there is one. Options win.",
            metavar="FILE.toml",
        ),
    ] = None


class DiffOutput(Output, frozen=True):
    """As other commands write; to insist on a comparison is to insist on its output too."""

    path: Annotated[
        Path | None,
        option(
            "--output",
            "-o",
            words="File to write: a comment for a pull request (.md), a page (.html), a picture to "
            "paste (.svg for light and dark, .png), or the table of matches (.json, .csv and so "
            "on), by its ending.",
            metavar="FILE",
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Compare unlike captures all the same, and overwrite an existing output.",
        ),
    ] = False
    also: Annotated[
        list[Path],
        option(
            "--also",
            words="A further file of the same comparison, its form by its ending (may be "
            "repeated).",
            metavar="FILE",
        ),
    ] = ()  # type: ignore[assignment]  # typer's lists are lists; a field needs one that stays
    no_color: NoColorOption = False
    debug: DebugOption = False

    def further(self) -> list[Output]:
        """Return the outputs that ``--also`` names."""
        return [Output(path=path, force=self.force) for path in self.also]

    @property
    def over(self) -> bool:
        """Whether a file that is there may be replaced: a comment or picture of ours may, too."""
        own = self.form is None and self.path is not None and is_own(self.path)
        return own or super().over


class Sides(Struct, frozen=True):
    """Several captures a side, and what belongs to each, as it stands on the command line."""

    before: Annotated[
        list[Path | Place] | None,
        option("--before", words="Several captures of the state before.", metavar="FILE..."),
    ] = None
    after: Annotated[
        list[Path | Place] | None,
        option("--after", words="Several captures of the state after.", metavar="FILE..."),
    ] = None
    ncu_before: Annotated[
        Path | Place | None,
        option(
            "--ncu-before",
            words="A report of the state before: its counters go on the traces' launches.",
            metavar="FILE",
        ),
    ] = None
    ncu_after: Annotated[
        Path | Place | None,
        option("--ncu-after", words="The same of the state after.", metavar="FILE"),
    ] = None
    order: Annotated[
        str | None,
        option(
            "--order",
            words="In which order they were made, where their clocks do not tell.",
            metavar="ABAB",
        ),
    ] = None


@unfold
def run(
    captures: Annotated[
        list[Path | Place] | None,
        typer.Argument(
            metavar="BEFORE AFTER",
            help="Two captures, or baselines saved by `ncutool baseline save`.",
            show_default=False,
        ),
    ] = None,
    *,
    sides: Sides,
    limits: Limits,
    given: Given,
    top: TopOption = None,
    folder: DirOption = None,
    output: DiffOutput,
    reading: Reading,
) -> None:
    """Say whether two captures did the same work, what changed, and whether it is real.

    Work is compared before speed: unlike captures (device, clocks, sizes, types, how the profiler
    was set) are refused unless --force, which never gives a verdict on other work. A single
    capture a side tells only changes past a stated bound; for an interval give several a side,
    made in turn (ABAB): --before A1 A2 A3 --after B1 B2 B3. Captures that say another rank each
    are one job: ranks are compared one by one, and the job is as slow as its slowest.

    Exit codes: 0 done, and every rule is kept; 1 refused, or not read; 3 a rule is broken; 4 a
    rule could not be decided.
    """
    from ncutool.diff import compare
    from ncutool.diff.gate import check
    from ncutool.diff.jobs import compare_jobs
    from ncutool.diff.redact import redacted_gate
    from ncutool.diff.wording import headline

    written = [output, *output.further()]
    for one in written:
        if form_of(one) is None:
            one.choose()
        one.check_writable()
    rules = rules_asked(limits)
    named = named_sides(captures or [], sides.before or [], sides.after or [])
    read = [
        read_side(paths, reading, folder, output, ncu)
        for paths, ncu in zip(named, (sides.ncu_before, sides.ncu_after), strict=True)
    ]
    job = compare_jobs(read[0], read[1], force=output.force)
    if job is not None:
        code = write_ranks(job, rules, given, written, top)
        raise typer.Exit(code)
    diff = compare(read[0], read[1], force=output.force, order=sides.order)
    gate = redacted_gate(check(diff, rules), rules.kernel, reading.redact) if rules.asked else None
    for one in written:
        one.write(_content(diff, gate, given, one, top))
    if form_of(output) is not None:
        _say(diff, gate, top, output)
    if diff.refused:
        print(f"ncutool: refused: {headline(diff)}; --force compares them", file=sys.stderr)
    code = gate.exit_code if gate is not None else _REFUSED if diff.refused else 0
    if code:
        raise typer.Exit(code)


def _say(diff: Diff, gate: Gate | None, top: int | None, output: Output) -> None:
    """Print what the file says on the terminal too."""
    from ncutool.text.diff import diff_text

    print(diff_text(diff, gate, top=top, color=not output.no_color), end="")


def named_sides(
    captures: list[Path | Place], before: list[Path | Place], after: list[Path | Place]
) -> tuple[list[Path | Place], list[Path | Place]]:
    """Return the captures of both sides.

    Raises:
        UsageError: a side has none, or both ways of naming them are mixed.
    """
    if captures and (before or after):
        raise UsageError("name two captures, or all by --before and --after, not both")
    if before and after:
        return before, after
    if len(captures) != 2:
        raise UsageError(
            f"a diff takes two captures, not {len(captures)}; several a side: --before A1 A2 "
            "--after B1 B2"
        )
    return captures[:1], captures[1:]


def rules_asked(limits: Limits) -> Rules:
    """Return the rules of the command line, and of the rules file where it names none.

    Raises:
        UsageError: a rule is no percentage, a pattern is none, or the file cannot be read.
    """
    from ncutool.commands.kernels import check_pattern
    from ncutool.diff.gate import Rules, parse_percent

    check_pattern(limits.kernel)
    given = {
        name: parse_percent(value, f"--{name.replace('_', '-')}")
        for name in ("fail_over", "min_roofline", "max_idle")
        if (value := getattr(limits, name)) is not None
    }
    kept = _rules_file(limits.rules)
    values = {**vars(kept), **given}
    return Rules(**{**values, "kernel": limits.kernel or kept.kernel})


def _rules_file(path: Path | None) -> Rules:
    from ncutool.base.user_files import read_toml
    from ncutool.diff.gate import Rules, rules_of

    file = path or Path(RULES_FILE)
    if path is None and not file.is_file():
        return Rules()
    table = read_toml(file, str(file))
    gate = table.get("gate", {})
    if not isinstance(gate, dict):
        raise UsageError(f"{file}: [gate] is no table")
    return rules_of(gate, str(file))


def _content(diff: Diff, gate: Gate | None, given: Given, output: Output, top: int | None) -> bytes:
    """Return what one output says: what people read by its ending, else a table or its rows."""
    form = form_of(output)
    if form is not None:
        return form(diff, gate, given)
    return _table(diff, gate, output.choose(), top, color=output.color)


def _table(diff: Diff, gate: Gate | None, chosen: Format, top: int | None, *, color: bool) -> bytes:
    import json

    from ncutool.commands.writing import rows
    from ncutool.diff.record import facts, frame
    from ncutool.text.diff import diff_text

    def whole(rows_json: str) -> str:
        text = json.dumps(facts(diff, gate), ensure_ascii=False, allow_nan=False)
        return f'{text[:-1]}, "diff": {rows_json}}}'

    def table() -> str:
        return diff_text(diff, gate, top=top, color=color)

    def markdown() -> str:
        text = diff_text(diff, gate, top=top)
        ticks = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, ticks + 1)  # longer than any that a kernel's name holds
        return f"{fence}text\n{text}{fence}\n"

    shown = frame(diff.rows[:top] if top else diff.rows)
    return rows(shown, chosen, envelope=whole, table=table, markdown=markdown)
