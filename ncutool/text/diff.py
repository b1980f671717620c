"""A comparison on the terminal: at most twenty lines of 80 columns, the verdict last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.diff import wording
from ncutool.diff.shown import parts as time_by_bound
from ncutool.diff.verdict import SMALLEST, signed
from ncutool.text.style import BOUND_FILLS, BOUND_STYLES, render, text

if TYPE_CHECKING:
    from ncutool.diff.changes import Row
    from ncutool.diff.compare import Diff
    from ncutool.diff.gate import Gate

WIDTH = 80
LINES = 20
_ROWS = 5
_CAUSES = 3
_VERDICTS = {"faster": "green", "slower": "bold red", "same": "default", "inconclusive": "yellow"}
_MARK = "! "
_RATES = {"flop_per_busy_s": "FLOP per busy time", "flop_per_wall_s": "FLOP per wall time"}


def diff_text(
    diff: Diff,
    gate: Gate | None = None,
    *,
    top: int | None = None,
    color: bool = False,
    width: int = WIDTH,
) -> str:
    """Return a comparison for a terminal.

    Args:
        gate: what came of the rules, where any are asked for.
        top: how many matches to list; 5 where None, all where 0.
    """
    checks = _gate(gate, width)
    room = LINES - len(checks) - 2  # the title and the verdict
    body = _judged(diff, top, width, room) if diff.judged else _unlike(diff, width)[:room]
    judgement = diff.whole.judgement
    style = _VERDICTS[judgement.verdict] if judgement else "default"
    verdict = text(wording.headline(diff, width), f"bold {style.removeprefix('bold ')}")
    lines = [text(_title(diff, width), "bold"), *body, *checks, verdict]
    return render(Group(*lines), color=color, width=max(width, WIDTH))


def _title(diff: Diff, width: int) -> str:
    run = diff.before.first
    about = [run.device.name, f"{run.settings.tool} {run.settings.tool_version or ''}".strip()]
    rest = "".join(f" · {printable(one)}" for one in about if one)
    names = _names(diff)
    return shorten(f"{names}{rest}", width)


def _names(diff: Diff) -> str:
    """Return both names, the second without what it starts with like the first."""
    before, after = (_stem(side.runs[0].name) for side in (diff.before, diff.after))
    common = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    common = before.rfind("-", 0, common) if common > 3 else 0
    shown = after[common:] if common > 0 else after
    more = [f" (+{len(side.runs) - 1})" if len(side.runs) > 1 else ""
            for side in (diff.before, diff.after)]  # fmt: skip
    if before == after:
        return f"{before}{more[0] or more[1]}, before → after"
    return f"{before}{more[0]} → {shown}{more[1]}"


def _stem(name: str) -> str:
    for ending in (".baseline.json.gz", ".json.gz", ".json", ".ncu-rep"):
        name = name.removesuffix(ending)
    return printable(name)


def _fact(name: str, said: str, width: int) -> Text:
    line = text(f"{name:<12}", "bright_black")
    return line.append_text(text(shorten(said, width - 12)))


def _judged(diff: Diff, top: int | None, width: int, room: int) -> list[Text]:
    """Return head, table and foot; the table has as many rows as there is room for."""
    head = [*_head(diff, width), Text(""), *_bars(diff, width), Text("")]
    said = [
        wording.small_line(diff),
        wording.warm_line(diff),
        _idle(diff),
        _findings(diff),
        *wording.sure_lines(diff),
    ]
    foot = [text(shorten(line, width), "bright_black") for line in said if line]
    least = len(head) + 3  # the table's own head, a row, and what it leaves out
    foot = foot[max(least + len(foot) - room, 0) :]
    left = room - least - len(foot) + 1
    count = max(min(_ROWS, left), 1) if top is None else top or len(diff.rows)
    return [*head, *_table(diff, count, width), *foot]


def _head(diff: Diff, width: int) -> list[Text]:
    """Return what is compared before any time: work, matches, and how it was run."""
    matched = f"{wording.matched_line(diff)}; results not compared"
    lines = [_fact("same work?", wording.same_work_line(diff), width), _fact("", matched, width)]
    forced = [fact.said for fact in diff.work.differences if fact.refuses]
    if forced:
        lines.append(_fact("unlike", "; ".join(forced), width))
    clock = next((fact for fact in diff.work.facts if fact.what == "SM clock"), None)
    clocks = ""
    if clock is not None and clock.ratio is not None:
        clocks = f"SM {signed(clock.ratio - 1)} % on the large kernels; "
    return [*lines, _fact("run", f"{clocks}{wording.order_line(diff)}", width)]


def _idle(diff: Diff) -> str:
    """Return the causes whose idle time changed most; empty where none changed by 1 % of it all."""
    least = SMALLEST * diff.whole.before_ns
    moved = [(one.after_ns - one.before_ns, one.cause) for one in diff.idle]
    moved = [one for one in moved if abs(one[0]) >= least and one[1] != "allocator"]
    ranked = sorted(moved, key=lambda one: -abs(one[0]))[:_CAUSES]
    said = [f"{display_names.gap_cause(cause)} {'+' if ns > 0 else '−'}{units.time(abs(ns))}"
            for ns, cause in ranked]  # fmt: skip
    return f"idle: {', '.join(said)}" if said else ""


def _findings(diff: Diff) -> str:
    """Return what became of the findings; of one that was resolved what was predicted too."""
    done = [one for one in diff.findings if one.state == "resolved" and one.before_ns]
    if len(done) == 1 and done[0].before_ns and done[0].actual_ns is not None:
        predicted = units.time_range(*done[0].before_ns)
        came = units.time(done[0].actual_ns)
        return f"resolved: {done[0].rule}, predicted {predicted}, {came} less in its kernels"
    states = [one.state for one in diff.findings]
    words = {"resolved": "resolved", "no_longer_raised": "no longer raised", "grew": "grew",
             "introduced": "new"}  # fmt: skip
    said = [f"{states.count(state)} {word}" for state, word in words.items() if state in states]
    return f"findings: {', '.join(said)}" if said else ""


def _bars(diff: Diff, width: int) -> list[Text]:
    sides = [time_by_bound(side.first) for side in (diff.before, diff.after)]
    most = max((sum(parts.values()) for parts in sides), default=0.0)
    if not most:
        return []
    order = [bound for bound in display_names.BOUNDS if any(parts.get(bound) for parts in sides)]
    lines = []
    for name, parts in zip(("before", "after"), sides, strict=True):
        line = text(f"{name:<8}", "bright_black")
        drawn, reached = 0, 0.0
        for bound in order:
            reached += parts.get(bound, 0.0)
            cells = round(reached / most * (width - 8)) - drawn
            drawn += cells
            line.append_text(Text(BOUND_FILLS[bound] * cells, style=BOUND_STYLES[bound]))
        lines.append(line)
    shown = sorted(order, key=lambda bound: -max(parts.get(bound, 0.0) for parts in sides))[:3]
    key = "  ".join(f"{BOUND_FILLS[bound]} {display_names.SHORT_BOUNDS.get(bound, bound)}"
                    for bound in shown)  # fmt: skip
    whole = diff.whole
    total = f"({whole.what} {wording.span(whole.before_ns, whole.after_ns)})"
    return [*lines, text(shorten(f"        {key}  {total}", width), "bright_black")]


def _table(diff: Diff, count: int, width: int) -> list[Text]:
    ranked = sorted(diff.rows, key=lambda row: -abs(row.delta_ns))[:count]
    kept = {row.number for row in ranked}
    rows = [row for row in diff.rows if row.number in kept]
    cells = [_cells(row) for row in rows]
    heads = ("time", "change", "% of roof", "verdict")
    widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(4)]
    head = "  ".join(
        f"{word:>{size}}" if at < 3 else f"{word:<{size}}"
        for at, (word, size) in enumerate(zip(heads, widths, strict=True))
    )
    lines = [text(f"{head}   kernel, worst first", "bold")]
    for row, line in zip(rows, cells, strict=True):
        lines.append(_line(row, line, widths, width))
    if len(rows) < len(diff.rows):
        more = units.counted(len(diff.rows) - len(rows), "smaller group")
        lines.append(text(f"{more} not shown: --top 0, or --format json", "bright_black"))
    return lines


def _line(row: Row, cells: tuple[str, str, str, str], widths: list[int], width: int) -> Text:
    figures = "  ".join(f"{cell:>{size}}" for cell, size in zip(cells[:3], widths[:3], strict=True))
    verdict = row.judgement.verdict if row.judgement else ""
    worse = (
        row.delta_ns > 0 and verdict in ("slower", "inconclusive") and (row.delta_share or 0) > 0.01
    )
    line = text(f"{figures}  ", "default")
    line.append_text(text(f"{cells[3]:<{widths[3]}} ", _VERDICTS.get(verdict, "default")))
    line.append_text(text(_MARK if worse else "  ", "bold"))
    name = row.name if row.match.kind == "exact" else f"{row.name} [{row.match.kind}]"
    if row.detail and "blocks of" not in row.detail:
        name = f"{name} {row.detail}"
    return line.append_text(text(shorten(name, max(width - len(line.plain), 12))))


def _cells(row: Row) -> tuple[str, str, str, str]:
    roofs = [row.before.roofline_pct, row.after.roofline_pct]
    shares = ["–" if one is None else f"{one:.1f}" for one in roofs]
    change = "–" if row.delta_share is None else f"{signed(row.delta_share)} %"
    roof = " → ".join(shares) if shares != ["–", "–"] else "–"
    verdict = row.judgement.verdict if row.judgement else row.match.kind
    return wording.span(row.before.time_ns, row.after.time_ns, 3), change, roof, verdict


def _unlike(diff: Diff, width: int) -> list[Text]:
    """Return the figures of both sides without a verdict on speed."""
    starts = [wording.unlike_line(diff, count) for count in (4, 3, 2, 1)]
    start = next((one for one in starts if len(one) <= width), starts[-1])
    lines = [text(shorten(start, width), "bold")]
    heads = ("", "before", "after", "after / before")
    shown = ("FLOP", "compulsory", "DRAM", "launches")
    cells = [
        (fact.what, fact.before, fact.after, _ratio(fact.ratio))
        for fact in diff.work.facts
        if fact.what.startswith(shown)
    ]
    cells += [
        (whole.what, units.time(whole.before_ns), units.time(whole.after_ns), "not compared")
        for whole in diff.wholes
    ]
    cells += [
        (_RATES[rate.what], units.flop_rate(rate.before), units.flop_rate(rate.after),
         _ratio(rate.after / rate.before))
        for rate in diff.rates
    ]  # fmt: skip
    widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(4)]
    for line in [heads, *cells]:
        rest = "  ".join(f"{cell:>{size}}" for cell, size in zip(line[1:], widths[1:], strict=True))
        lines.append(text(shorten(f"{line[0]:<{widths[0]}}  {rest}", width)))
    others = [fact.said for fact in diff.work.differences
              if not fact.what.startswith(shown) and fact.said not in start
              and fact.what not in wording.SIZES][:4]  # fmt: skip
    lines += [text(shorten(said, width)) for said in others]
    lines += [text(said) for said in [wording.warm_line(diff)] if said]
    lines.append(text(shorten(wording.matched_line(diff), width), "bright_black"))
    if not diff.forced:
        lines.append(text("to compare all the same: the same command with --force", "bright_black"))
    return lines


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else units.significant(ratio)


def _gate(gate: Gate | None, width: int) -> list[Text]:
    if gate is None:
        return []
    styles = {"pass": "green", "regression": "bold red", "inconclusive": "yellow"}
    return [
        text(shorten(f"{one.rule}: {one.outcome}; {one.said}", width), styles[one.outcome])
        for one in gate.checks
    ]
