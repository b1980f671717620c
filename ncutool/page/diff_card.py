"""The picture of a comparison that people paste: verdict, both bars, what moved, the roofline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.charts.palette import LIGHT
from ncutool.diff import shown, wording
from ncutool.diff.verdict import interval_words
from ncutool.page import card_layout as layout
from ncutool.page import text_width
from ncutool.page.card_layout import Part
from ncutool.page.diff_parts import Bars, Key, bars
from ncutool.page.html import this_version
from ncutool.page.moves import moves
from ncutool.page.roofline_picture import placed

if TYPE_CHECKING:
    from ncutool.charts.palette import Palette
    from ncutool.diff.changes import Row
    from ncutool.diff.compare import Diff
    from ncutool.diff.facts import Fact

WIDTH, HEIGHT = 1200, 630
"""What sites that preview links show whole."""
_LEFT, _RIGHT = 48.0, 1152.0
_COLUMN, _PANEL = 584.0, 668.0
_SIZES = (42.0, 38.0, 34.0, 30.0, 27.0, 24.0)
_HEAD, _BODY, _SMALL = 17.0, 18.0, 15.0
_LARGER = 1.3
"""How many times the roofline's letters are enlarged, to be read in a small preview."""
_FIGURES = ("FLOP", "compulsory", "DRAM", "batch", "sequence", "launches")
_ROWS = 7


def diff_card(diff: Diff, *, palette: Palette = LIGHT, both: bool = True) -> str:
    """Return the picture as SVG, 1200 x 630, that needs nothing beside it.

    Args:
        palette: its colours.
        both: a reader who prefers dark sees it dark; only on the light palette.
    """
    headline = wording.headline(diff)
    kept = headline.replace(" → ", "\u00a0→\u00a0")  # no line begins or ends with an arrow
    run = diff.before.first
    tool = f"{run.settings.tool} {run.settings.tool_version or ''}".strip()
    about = (run.device.name or "unknown device", tool)
    content = [
        layout.line_of(_LEFT, 52, _RIGHT - _LEFT, shown.title(diff), about, _BODY, palette),
        layout.headline(_LEFT, 114, _RIGHT - _LEFT, kept, palette, _SIZES),
        *(_compared(diff, palette) if diff.judged else _unlike(diff, palette)),
        _corner(diff, palette),
    ]
    kinds = {kind for side in (diff.before, diff.after) for kind in shown.parts(side.first)}
    return layout.picture(
        WIDTH,
        HEIGHT,
        content,
        kinds | {"saving_reach"},
        palette,
        title=headline,
        description=_described(diff),
        both=both,
    )


def _described(diff: Diff) -> str:
    """Return in words what the picture shows, for those who cannot see it."""
    said = [f"{shown.title(diff)}: {wording.headline(diff)}."]
    row = shown.moved(diff)
    if diff.judged and row is not None:
        said.append(f"{shown.described(row)}: {shown.sentence_on(row)}.")
    said += [f"{line}." for line in _sure(diff)]
    return printable(" ".join(said), 2000)


def _compared(diff: Diff, palette: Palette) -> list[str]:
    drawn = bars(diff)
    panel = _panel(diff, palette)
    wide = _COLUMN if panel else _RIGHT - _LEFT
    return [
        _bars(drawn, wide, shown.verdict(diff) == "faster", palette)
        if drawn
        else _said("Nothing is timed.", 200, wide, palette),
        *_moved(diff, wide, palette),
        panel,
    ]


def _bars(drawn: Bars, wide: float, faster: bool, palette: Palette) -> str:
    pieces = []
    for number, bar in enumerate(drawn.bars):
        y = 196.0 + 76 * number
        parts = [Part(one.kind, one.pct, one.name, one.time) for one in bar.segments]
        total = layout.text(_LEFT + wide, y, bar.total, _BODY, palette, bold=True, end=True)
        pieces += [layout.text(_LEFT, y, bar.name, _BODY, palette, bold=True), total,
                   layout.bar(_LEFT, y + 9, wide, 40, parts, palette, _SMALL)]  # fmt: skip
        if bar.change and bar.gone_pct > 0.05:
            length = wide * bar.gone_pct / 100
            hatched = [Part("saving_reach", 100.0, "", "")]
            start = _LEFT + wide - length
            pieces.append(layout.bar(start, y + 9, length, 40, hatched, palette))
        if bar.change:
            taken = text_width.width(bar.total, _BODY, bold=True) + 12
            words = text_width.shortened(bar.change, wide - taken - 80, _BODY, bold=True)
            color = palette.colors["saving"] if faster else palette.soft
            pieces.append(layout.text(_LEFT + wide - taken, y, words, _BODY, palette, bold=True,
                                      end=True, fill=f'fill="{color}"'))  # fmt: skip
    keys = [Part(key.kind, float(len(drawn.keys) - number), key.name, key.times)
            for number, key in enumerate(_by_time(drawn))]  # fmt: skip
    pieces.append(layout.legend(_LEFT, 346, wide, keys, _SMALL, palette, rows=2))
    return "".join(pieces)


def _by_time(drawn: Bars) -> list[Key]:
    most = {one.kind: 0.0 for bar in drawn.bars for one in bar.segments}
    for bar in drawn.bars:
        for one in bar.segments:
            most[one.kind] = max(most[one.kind], one.pct)
    return sorted(drawn.keys, key=lambda key: -most.get(key.kind, 0.0))


def _moved(diff: Diff, wide: float, palette: Palette) -> list[str]:
    """Return what changed most, the worst of what got slower, and how sure that is."""
    y, pieces = 410.0, []
    row, worst = shown.moved(diff), shown.worst(diff)
    if diff.changes.alike or row is None:
        return [_said("0 changes: every launch took the same time.", y, wide, palette)]
    told = [(row, "Moved most")]
    if worst is not None and worst is not row:
        told.append((worst, "Worst shape"))
    for one, words in told:
        pieces.append(_row(one, words, y, wide, palette))
        y += 58
    slower = len(shown.regressions(diff))
    faster = sum(shown.row_verdict(each) == "faster" for each in diff.rows)
    counts = [f"{units.count(faster)} faster", f"{units.count(slower)} with more time",
              wording.matched_line(diff)]  # fmt: skip
    words = text_width.shortened(" · ".join(counts), wide, _SMALL)
    pieces.append(layout.text(_LEFT, y + 2, words, _SMALL, palette, soft=True))
    return pieces


def _row(row: Row, words: str, y: float, wide: float, palette: Palette) -> str:
    change = shown.change_cell(row)
    verdict = shown.row_verdict(row)
    right = f"{change}, {verdict}"
    room = wide - text_width.width(right, _BODY, bold=True) - 20
    name = text_width.shortened(f"{words}: {shown.described(row)}", room, _BODY, bold=True,
                                middle=True)  # fmt: skip
    said = text_width.shortened(shown.sentence_on(row), wide, _HEAD)
    return (
        layout.text(_LEFT, y, name, _BODY, palette, bold=True)
        + layout.text(_LEFT + wide, y, right, _BODY, palette, bold=True, end=True)
        + layout.text(_LEFT, y + 23, said, _HEAD, palette, soft=True)
    )


def _said(words: str, y: float, wide: float, palette: Palette) -> str:
    lines = text_width.wrapped(words, wide, _BODY)[:4]
    return "".join(
        layout.text(_LEFT, y + 24 * number, line, _BODY, palette)
        for number, line in enumerate(lines)
    )


def _panel(diff: Diff, palette: Palette) -> str:
    """Return the roofline with its arrows; empty where there is none."""
    wide, top, bottom = _RIGHT - _PANEL, 208.0, 540.0
    drawn = moves(diff, palette, round(wide / _LARGER), round((bottom - top) / _LARGER))
    if drawn is None:
        return ""
    title = layout.line_of(_PANEL, 196, wide, "Roofline", (drawn.share,), _HEAD, palette)
    return title + placed(drawn.svg, _PANEL, top, wide, bottom - top)


def _unlike(diff: Diff, palette: Palette) -> list[str]:
    """Return the figures of both sides in place of bars, and that there is no verdict."""
    columns = (_LEFT, 640.0, 860.0, _RIGHT)
    heads = ("asked first", "before", "after", "after / before")
    pieces = _line(heads, columns, 196, palette, bold=False)
    facts = [fact for fact in diff.work.facts if fact.what.startswith(_FIGURES)]
    rows = [_fact(fact) for fact in facts]
    rows += [(shown.WHOLES[one.what], units.time(one.before_ns), units.time(one.after_ns),
              "not compared") for one in diff.wholes]  # fmt: skip
    rows += [(shown.RATES[one.what], units.flop_rate(one.before), units.flop_rate(one.after),
              units.significant(one.after / one.before) if one.before else units.UNKNOWN)
             for one in diff.rates]  # fmt: skip
    y = 230.0
    for row in rows[: _ROWS + 2]:
        pieces += _line(row, columns, y, palette, bold=True)
        pieces.append(layout.box(_LEFT, y + 10, _RIGHT - _LEFT, 1, f'fill="{palette.line}"'))
        y += 33
    said = [fact.said for fact in diff.work.differences if not fact.what.startswith(_FIGURES)]
    if said and y < 520:
        words = text_width.shortened(printable(f"Also: {'; '.join(said)}"), _RIGHT - _LEFT, _HEAD)
        pieces.append(layout.text(_LEFT, y + 6, words, _HEAD, palette, soft=True))
    return pieces


def _fact(fact: Fact) -> tuple[str, str, str, str]:
    ratio = units.UNKNOWN if fact.ratio is None else units.significant(fact.ratio)
    return fact.what, fact.before, fact.after, ratio


def _line(
    cells: tuple[str, str, str, str],
    columns: tuple[float, float, float, float],
    y: float,
    palette: Palette,
    *,
    bold: bool,
) -> list[str]:
    size = 21.0 if bold else _SMALL
    drawn = [layout.text(columns[0], y, text_width.shortened(printable(cells[0]), 380, size), size,
                         palette, soft=not bold)]  # fmt: skip
    for x, cell in zip(columns[1:], cells[1:], strict=True):
        words = text_width.shortened(printable(cell), 210, size, bold=bold, middle=True)
        drawn.append(layout.text(x, y, words, size, palette, bold=bold, soft=not bold, end=True))
    return drawn


def _sure(diff: Diff) -> list[str]:
    """Return how sure the verdict is, in a phrase or two."""
    if not diff.judged:
        return ["No speed verdict: times of unlike captures do not compare"]
    judgement = diff.whole.judgement
    if diff.changes.alike or judgement is None:
        return ["One recording on both sides"]
    if judgement.single:
        return [line for line in wording.sure_lines(diff) if not line.startswith("for an interval")]
    if judgement.change is None:
        return [judgement.why]
    spread = judgement.change.spread
    noise = "" if spread is None else f", {100 * spread:.1f} % from run to run"
    return [f"Interval {interval_words(judgement.change)}{noise}, order {diff.order_how}"]


def _corner(diff: Diff, palette: Palette) -> str:
    """Return how sure, how many captures a side, and the version."""
    rule = layout.box(_LEFT, 558, _RIGHT - _LEFT, 1, f'fill="{palette.line}"')
    sure = ". ".join(_sure(diff))
    verdict = f"{shown.verdict(diff).capitalize()}."
    first = layout.text(_LEFT, 585, verdict, _HEAD, palette, bold=True)
    start = _LEFT + text_width.width(verdict, _HEAD, bold=True) + 8
    words = text_width.shortened(printable(f"{sure[:1].upper()}{sure[1:]}."), _RIGHT - start, _HEAD)
    second = layout.text(start, 585, words, _HEAD, palette)
    version = f"ncutool {this_version()}"
    mark = layout.text(_RIGHT, 613, version, _SMALL, palette, bold=True, end=True)
    room = _RIGHT - _LEFT - text_width.width(version, _SMALL, bold=True) - 24
    counts = f"n = {len(diff.before.runs)} + {len(diff.after.runs)}"
    run = diff.before.first
    launches = units.counted(run.launches.height, "launch")
    about = [counts, f"{launches} before", *_clocks(diff), "results not compared"]
    words = text_width.shortened(printable(" · ".join(about)), room, _SMALL)
    return rule + first + second + layout.text(_LEFT, 613, words, _SMALL, palette, soft=True) + mark


def _clocks(diff: Diff) -> list[str]:
    clock = next((fact for fact in diff.work.facts if fact.what == "SM clock"), None)
    if clock is None or clock.ratio is None:
        return ["clocks not recorded"]
    return [f"SM clock {clock.before} → {clock.after}"]
