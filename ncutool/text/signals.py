"""What signals say, for a terminal and for Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.planning.signals.classify import named
from ncutool.planning.signals.sampled_notes import SHORT
from ncutool.planning.signals.thresholds import BY_NAME
from ncutool.text.sheet import Grid, Sheet, sheet_markdown
from ncutool.text.sheet_terminal import sheet_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.planning.signals import Figure, Report, Verdict

_SPREAD = ("signal", "median", "p10", "p90", "min", "max", "samples", "missing", "two levels")
_WORDS = frozenset(("signal", "two levels", "of", "regime", "confidence"))
_LISTED = 16
"""Verdicts shown whole; JSON has all of them."""


def report_text(report: Report, *, color: bool, width: int | None = None) -> str:
    """Return the report for a terminal."""
    return "\n".join(sheet_text(sheet, color=color, width=width) for sheet in sheets(report))


def report_markdown(report: Report) -> str:
    """Return the report for a pull request."""
    return "\n".join(sheet_markdown(sheet) for sheet in sheets(report))


def sheets(report: Report) -> list[Sheet]:
    """Return one sheet of the whole, one for each verdict, and one of the boundaries.

    What several verdicts say in the same words is said at the first of them.
    """
    shown = report.verdicts[:_LISTED]
    left = len(report.verdicts) - len(shown)
    more = (f"{left} more are in --format json",) if left else ()
    device = (("device", report.device.name, report.device_how),) if report.device else ()
    grids = (_overview(shown),) if len(shown) > 1 else ()
    first = Sheet(f"Regime: {report.headline}", device, grids, (*report.notes, *more))
    before: set[str] = set()
    return [first, *(_verdict(each, before) for each in shown), _thresholds(shown)]


def _overview(verdicts: Sequence[Verdict]) -> Grid:
    rows = tuple((each.subject, named(each), each.confidence) for each in verdicts)
    return Grid("", ("of", "regime", "confidence"), rows, _WORDS)


def _verdict(verdict: Verdict, before: set[str]) -> Sheet:
    headline = (
        f"{verdict.subject} ({verdict.kind}): {named(verdict)}, confidence {verdict.confidence}: "
        f"{verdict.reason}"
    )
    notes = [
        f"to try: {verdict.remedy}",
        *verdict.notes,
        *(f"would tell more: {each}" for each in verdict.tells_more),
    ]
    new = tuple(note for note in notes if note not in before)
    before.update(new)
    grids = (_spread(verdict),) if verdict.distributions else ()
    return Sheet(headline, tuple(_fact(each) for each in verdict.figures), grids, new)


def _fact(figure: Figure) -> tuple[str, str, str]:
    return name(figure.name), shown(figure.name, figure.value), figure.remark


def name(column: str) -> str:
    """Return a column's name without its unit, which stands with the value: `achieved`."""
    for ending in ("_flop_per_byte", "_flop_per_s", "_bytes_per_s", "_bytes", "_pct", "_ns"):
        if column.endswith(ending):
            return column.removesuffix(ending).replace("_", " ")
    return column.replace("_", " ")


def shown(column: str, value: float | None) -> str:
    """Return a value in the unit that its name ends in."""
    if column.endswith("_flop_per_byte"):
        return units.intensity(value)
    return units.quantity(column, None if value is None else float(value))


def _spread(verdict: Verdict) -> Grid:
    rows = []
    for each in verdict.distributions:
        levels = ""
        if each.levels is not None:
            low, high = each.levels
            levels = (
                f"{units.percent(low.median_pct)} in {units.percent(low.share_pct)}, "
                f"{units.percent(high.median_pct)} in {units.percent(high.share_pct)}"
            )
        figures = (
            each.median_pct, each.p10_pct, each.p90_pct, each.minimum_pct, each.maximum_pct,
        )  # fmt: skip
        rows.append(
            (
                SHORT[each.signal],
                *(units.percent(figure) for figure in figures),
                units.count(each.samples),
                units.count(each.missing),
                levels,
            )
        )
    return Grid("Samples", _SPREAD, tuple(rows), _WORDS)


def _thresholds(verdicts: Sequence[Verdict]) -> Sheet:
    names = dict.fromkeys(name for verdict in verdicts for name in verdict.thresholds)
    notes = tuple(
        f"{name.replace('_', ' ')} {limit:g} {limit.unit}: {limit.meaning} ({limit.source})"
        for name, limit in ((name, BY_NAME[name]) for name in names)
    )
    return Sheet("Boundaries used", (), (), notes)
