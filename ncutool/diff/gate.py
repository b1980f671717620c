"""A line to hold: rules on a comparison, each passed, broken or not to be decided."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from msgspec import Struct

from ncutool.base import units
from ncutool.base.pseudonyms import original
from ncutool.diff.changes import Row
from ncutool.diff.compare import Diff, of_rows
from ncutool.diff.noise import Change
from ncutool.diff.verdict import Judgement, interval_words, signed
from ncutool_parsers.errors import UsageError

Outcome = Literal["pass", "regression", "inconclusive"]
EXIT_CODES: dict[Outcome, int] = {"pass": 0, "regression": 3, "inconclusive": 4}
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%?\s*")


@dataclass(frozen=True)
class Rules:
    """What a comparison must hold; percentages as numbers, None for what is not asked."""

    fail_over: float | None = None
    """Slower by more than this fails."""
    kernel: str | None = None
    """Only kernels or operators whose name matches, instead of the whole."""
    min_roofline: float | None = None
    """They reach so much of their roof after, at least."""
    max_idle: float | None = None
    """Of the wall time after, so much is idle at most."""

    @property
    def asked(self) -> bool:
        """Whether any rule is asked for."""
        return any(one is not None for one in (self.fail_over, self.min_roofline, self.max_idle))


@dataclass(frozen=True)
class Check:
    """One rule and what came of it."""

    rule: str
    """As it is written on the command line."""
    outcome: Outcome
    said: str
    """A sentence without a full stop, with numbers."""


class Gate(Struct, frozen=True):
    """All rules; the gravest outcome is that of the gate."""

    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        """A regression if any rule is broken, else inconclusive if any is open, else pass."""
        found = {check.outcome for check in self.checks}
        return next((one for one in ("regression", "inconclusive") if one in found), "pass")

    @property
    def exit_code(self) -> int:
        """0 pass, 3 regression, 4 inconclusive."""
        return EXIT_CODES[self.outcome]


def parse_percent(text: str, what: str) -> float:
    """Read `3%`, `3 %` or `3` as 3.0.

    Raises:
        UsageError: it is no percentage.
    """
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise UsageError(f"{what} takes a percentage such as 3%, not {text!r}")
    return float(match[1])


def rules_of(table: Mapping[str, object], where: str) -> Rules:
    """Read the table ``[gate]`` of a file of rules.

    Raises:
        UsageError: it names a rule that there is none of, or a value is no percentage.
    """
    names = {field.name.replace("_", "-"): field.name for field in fields(Rules)}
    unknown = sorted(set(table) - set(names))
    if unknown:
        raise UsageError(f"{where}: no rule {unknown[0]!r}; there are {', '.join(names)}")
    values: dict[str, float | str] = {}
    for name, value in table.items():
        if name == "kernel":
            values["kernel"] = str(value)
        else:
            values[names[name]] = parse_percent(str(value), f"{where}: {name}")
    return Rules(**values)  # type: ignore[arg-type]  # each was read for its field


def check(diff: Diff, rules: Rules) -> Gate:
    """Hold a comparison to rules.

    A rule is broken where the whole interval lies beyond it, kept where none of it does, and open
    otherwise, so that noise neither breaks nor passes it. Of unlike captures nothing is decided.
    """
    if not diff.judged:
        why = diff.work.differences[0].said
        return Gate((Check("same work", "inconclusive", f"not comparable: {why}"),))
    rows = chosen(diff.rows, rules.kernel)
    if rules.kernel is not None and not rows:
        said = f"no kernel or operator matches {rules.kernel!r}"
        return Gate((Check(f"--kernel {rules.kernel}", "inconclusive", said),))
    checks = []
    if rules.fail_over is not None:
        checks.append(_fail_over(diff, rules, rows))
    if rules.min_roofline is not None:
        checks += _min_roofline(rows, rules.min_roofline)
    if rules.max_idle is not None:
        checks.append(_max_idle(diff, rules.max_idle))
    return Gate(tuple(checks))


def chosen(rows: Sequence[Row], kernel: str | None) -> list[Row]:
    """Return the rows whose kernel or operator matches a pattern; all without one."""
    if kernel is None:
        return list(rows)
    pattern = re.compile(kernel)
    names = ("name", "kernel_before", "kernel_after")

    def matches(row: Row) -> bool:
        shown = [getattr(row, name) or "" for name in names]
        return any(pattern.search(name) for name in [*shown, *map(original, shown)])

    return [row for row in rows if matches(row)]


def _fail_over(diff: Diff, rules: Rules, rows: list[Row]) -> Check:
    limit = (rules.fail_over or 0.0) / 100
    rule = f"--fail-over {rules.fail_over:g}%"
    if rules.kernel is None:
        what, judgement = diff.whole.what, diff.whole.judgement
    else:
        what = f"{units.counted(len(rows), 'group')} of {rules.kernel}"
        judgement = of_rows(diff, rows)
        rule += f" --kernel {rules.kernel}"
    change = judgement.change if judgement is not None else None
    if judgement is None or change is None or change.low is None or change.high is None:
        return Check(rule, "inconclusive", f"{what}: not timed on both sides")
    said = f"{what} {signed(change.middle)} % ({_ends(judgement, change)})"
    if judgement.open:
        return Check(rule, "inconclusive", f"{what}: {judgement.why}")
    outcome = held(change, limit)
    if outcome == "regression" and judgement.verdict == "inconclusive":
        return Check(rule, "inconclusive", f"{said}; {judgement.why}")  # too few ns, or the clock
    return Check(rule, outcome, said)


def held(change: Change, limit: float) -> Outcome:
    """Return whether a change keeps a limit: broken or kept by its whole interval, else open.

    Args:
        limit: the largest share of the time before that it may be slower by.
    """
    if change.low is None or change.high is None:
        return "inconclusive"
    if change.low > limit:
        return "regression"
    return "pass" if change.high <= limit else "inconclusive"


def _ends(judgement: Judgement, change: Change) -> str:
    if judgement.single:
        return f"{interval_words(change)} by the stated bound"
    return interval_words(change)


def _min_roofline(rows: list[Row], least: float) -> list[Check]:
    """Check each group's share of its roof after; several runs are told by their median."""
    rule = f"--min-roofline {least:g}%"
    known = [row for row in rows if row.after.roofline_pct is not None]
    if not known:
        return [Check(rule, "inconclusive", "no share of a roof is known after")]
    low = [row for row in known if (row.after.roofline_pct or 0.0) < least]
    if not low:
        return [Check(rule, "pass", f"{units.counted(len(known), 'group')} at or above it")]
    worst = min(low, key=lambda row: row.after.roofline_pct or 0.0)
    reached = units.percent(worst.after.roofline_pct)
    more = f", and {units.counted(len(low) - 1, 'group')} more" if len(low) > 1 else ""
    return [Check(rule, "regression", f"{worst.name} reaches {reached} of its roof{more}")]


def _max_idle(diff: Diff, most: float) -> Check:
    rule = f"--max-idle {most:g}%"
    shares = [
        100 * (1 - run.window.busy_ns / run.window.wall_ns)
        for run in diff.after.runs
        if run.window is not None and run.window.wall_ns
    ]
    if not shares:
        return Check(
            rule, "inconclusive", "a report has no timeline, so that idle time is not known"
        )
    low, high = min(shares), max(shares)
    said = f"idle {units.percent_range(low, high)} of the wall time after"
    outcome: Outcome = "regression" if low > most else "pass" if high <= most else "inconclusive"
    return Check(rule, outcome, said)
