"""The roofline of a comparison: hollow marks before, filled ones after, arrows between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.charts.window import Window
from ncutool.page.card_layout import safe
from ncutool.page.moves_marks import Mark, Move, drawn_move, text_at
from ncutool.page.moves_texts import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.palette import Palette
    from ncutool.diff.changes import Figures, Row
    from ncutool.diff.compare import Diff

MOST = 40
"""Matches that get marks, most time first."""
_LEFT, _TOP, _BELOW, _BESIDE = 50, 8, 36, 8
_SMALLEST, _LARGEST = 24.0, 620.0
_MOST_ROOFS = 4
_PREFIXES = {0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}


class Moves(Struct, frozen=True):
    """One drawing and what stands beside it."""

    svg: str
    share: str
    """How much of the time is on it."""
    note: str
    bounds: tuple[str, ...]
    """What holds the marks that are drawn."""


def moves(diff: Diff, palette: Palette, width: int, height: int) -> Moves | None:
    """Return the roofline of both sides; None where no match has FLOPs, bytes and a known roof.

    Args:
        width: of the whole drawing in pixels.
    """
    rows = [row for row in diff.rows if _placed(row.before) or _placed(row.after)]
    roofs, fed = _roofs(diff)
    if not rows or not roofs or not fed:
        return None
    rows = sorted(rows, key=lambda row: -_most(row))[:MOST]
    plane = width - _LEFT - _BESIDE, height - _TOP - _BELOW
    window = _window(rows, roofs, fed, plane)
    most = max(_most(row) for row in rows)
    found = [_move(row, window, most) for row in rows]
    found.sort(key=lambda one: -_most(one.row))
    drawn = [
        *_ticks(window, palette),
        *_roof_lines(window, roofs, fed, palette),
        *(piece for one in found for piece in drawn_move(one, palette)),
        *texts(found, roofs, fed, window, palette),
    ]
    title = f"Roofline of {units.counted(len(found), 'group')}, before and after"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{safe(title)}. The kernel table holds the same '
        f'figures." font-size="11"><g transform="translate({_LEFT} {_TOP})">{"".join(drawn)}</g>'
        "</svg>"
    )
    bounds = {mark.bound for one in found for mark in (one.before, one.after) if mark}
    order = tuple(bound for bound in display_names.BOUNDS if bound in bounds)
    return Moves(svg, _share(diff, rows), _note(diff, rows), order)


def _placed(one: Figures) -> bool:
    return bool(one.flop and one.dram_bytes and one.time_ns)


def _most(row: Row) -> float:
    return max(row.before.time_ns or 0.0, row.after.time_ns or 0.0)


def _roofs(diff: Diff) -> tuple[list[tuple[str, float]], float]:
    """Return the roofs that launches have, highest first, and the bandwidth; of after first."""
    for side in (diff.after, diff.before):
        known = side.first.launches.filter(
            pl.col("peak_flop_per_s").is_not_null() & pl.col("peak_bytes_per_s").is_not_null()
            & (pl.col("flop") > 0)
        )  # fmt: skip
        if known.height:
            peaks = known.group_by("roof").agg(pl.col("peak_flop_per_s").median()).iter_rows()
            roofs = sorted(((str(name or ""), float(peak)) for name, peak in peaks),
                           key=lambda one: (-one[1], one[0]))  # fmt: skip
            return roofs[:_MOST_ROOFS], float(known.select("peak_bytes_per_s").median().item())
    return [], 0.0


def _coordinates(one: Figures) -> tuple[float, float]:
    flop, data, time = one.flop or 0.0, one.dram_bytes or 1.0, one.time_ns or 1.0
    return flop / data, flop / time * 1e9


def _window(
    rows: Sequence[Row], roofs: list[tuple[str, float]], fed: float, size: tuple[int, int]
) -> Window:
    points = [_coordinates(one) for row in rows for one in (row.before, row.after) if _placed(one)]
    ridge = roofs[0][1] / fed
    xs = [x for x, _ in points] + [ridge]
    ys = [y for _, y in points]
    top = max(*ys, roofs[0][1]) * 2.2
    bottom = min(min(ys) / 2.5, top / 300)
    return Window(min(min(xs) / 2.5, ridge / 12), max(xs) * 5, bottom, top, *size)


def _move(row: Row, window: Window, most: float) -> Move:
    marks: list[Mark | None] = []
    for one in (row.before, row.after):
        if not _placed(one):
            marks.append(None)
            continue
        x, y = _coordinates(one)
        size = max(_SMALLEST, _LARGEST * (one.time_ns or 0.0) / most) if most else _SMALLEST
        marks.append(Mark(window.x(x), window.y(y), size, one.bound or "unknown"))
    return Move(row, *marks)


def _decade(power: int) -> str:
    base = 3 * (power // 3)
    prefix = _PREFIXES.get(base)
    return f"1e{power}" if prefix is None else f"{10 ** (power - base)} {prefix}".strip()


def _powers(low: float, high: float, most: int) -> list[int]:
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    step = max(1, math.ceil((last - first + 1) / most))
    return [power for power in range(first, last + 1) if power % step == 0]


def _ticks(window: Window, palette: Palette) -> list[str]:
    wide, high = window.width, window.height
    drawn = []
    for power in _powers(window.left, window.right, 8):
        x = window.x(10.0**power)
        text = f"{10.0**power:g}"
        drawn.append(f'<path d="M{x:.1f} 0V{high}" fill="none" stroke="{palette.line}"/>')
        drawn.append(text_at(x, high + 14, text, palette.soft, "middle"))
    for power in _powers(window.bottom, window.top, 7):
        y = window.y(10.0**power)
        drawn.append(f'<path d="M0 {y:.1f}H{wide}" fill="none" stroke="{palette.line}"/>')
        drawn.append(text_at(-6, y + 4, _decade(power), palette.soft, "end"))
    drawn.append(text_at(wide / 2, high + 30, "FLOP per byte", palette.soft, "middle"))
    drawn.append(
        f'<text transform="translate(-39 {high / 2:.1f})rotate(-90)" text-anchor="middle" '
        f'fill="{palette.soft}">FLOP/s</text>'
    )
    return drawn


def _roof_lines(
    window: Window, roofs: list[tuple[str, float]], fed: float, palette: Palette
) -> list[str]:
    drawn = []
    for number, (_, peak) in enumerate(roofs):
        ridge = peak / fed
        corner = f"{window.x(ridge):.1f} {window.y(peak):.1f}"
        start = max(window.left, window.bottom / fed)
        sloped = f"M{window.x(start):.1f} {window.y(start * fed):.1f}L{corner}"
        begin = f"M{corner}" if number else sloped
        width = 1.2 if number else 1.8
        drawn.append(f'<path d="{begin}H{window.width}" fill="none" stroke="{palette.ink}" '
                     f'stroke-width="{width}"/>')  # fmt: skip
    return drawn


def _share(diff: Diff, rows: Sequence[Row]) -> str:
    """Say how much of the launch time after is drawn."""
    total = sum(row.after.time_ns or 0.0 for row in diff.rows)
    drawn = sum(row.after.time_ns or 0.0 for row in rows if _placed(row.after))
    return f"{units.percent(100 * drawn / total)} of launch time after is on it" if total else ""


def _note(diff: Diff, rows: Sequence[Row]) -> str:
    left = len(diff.rows) - len(rows)
    said = "Area is time; hollow is before, filled after."
    if left:
        said += f" Not drawn: {units.counted(left, 'group')} without FLOPs or bytes, or small."
    return said
