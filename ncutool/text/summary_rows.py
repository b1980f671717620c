"""Findings and groups on one line each: titles and figures are whole, names take what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from ncutool.analysis import short_names
from ncutool.analysis.groups import source_word
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.text.style import COLOR_STYLES, wrapped
from ncutool.text.tables import bound_text, roof_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ncutool.analysis.sections import FindingLine

_SHORTEST_TITLE = 24
_WIDE = 100
"""From so many columns on, groups show their launches, FLOP/byte and source too."""


def finding_rows(lines: Sequence[FindingLine], width: int, *, of_wall: bool) -> list[Text]:
    """Return a heading and a line a finding: rank, saving, share where it fits, and title."""
    savings = [line.saving.amount for line in lines]
    shares = [line.saving.share.replace(" %", "") for line in lines]
    heads = ("saves alone", "of wall, %" if of_wall else "of time, %")
    wide = max(map(cell_len, (heads[0], *savings))), max(map(cell_len, (heads[1], *shares)))
    titles = [_title(line, width - 3 - wide[0] - 2) for line in lines]
    longest = max(map(cell_len, titles))
    with_share = width - 3 - wide[0] - 2 - wide[1] - 2 >= longest
    left = 3 + wide[0] + 2 + (wide[1] + 2 if with_share else 0)
    head = f"   {heads[0]:>{wide[0]}}  " + (f"{heads[1]:>{wide[1]}}  " if with_share else "")
    rows = [Text(f"{head}what to do", style="bright_black")]
    for line, amount, share, title in zip(lines, savings, shares, titles, strict=True):
        first, *rest = wrapped(title, max(width - left, _SHORTEST_TITLE))
        row = Text(f"{line.rank:<2} ").append(f"{amount:>{wide[0]}}  ", COLOR_STYLES["saving"])
        row.append(f"{share:>{wide[1]}}  " if with_share else "").append_text(first)
        rows += [row, *(Text(" " * left).append_text(more) for more in rest)]
    return rows


def _title(line: FindingLine, room: int) -> str:
    """Return a finding's title; where it is too long for a line, without the arguments
    of its kernel's name."""
    title = printable(line.finding.title)
    if cell_len(title) <= room or len(line.finding.kernels) != 1:
        return title
    name = printable(line.finding.kernels[0])
    return title.replace(name, short_names.bare(name))


def group_rows(rows: Sequence[dict[str, Any]], width: int) -> list[Text]:
    """Return a heading and a line a group: figures, bound, and the name in what is left."""
    wide = width >= _WIDE
    cells = [_group_cells(row, wide=wide) for row in rows]
    heads = [*(("launches",) if wide else ()), "time", "%", *(("FLOP/byte",) if wide else ()),
             "% roof"]  # fmt: skip
    sizes = [
        max(cell_len(head), *(cell_len(row[place].plain) for row in cells))
        for place, head in enumerate(heads)
    ]
    bounds = [bound_text(row) for row in rows]
    sources = [source_word(row) for row in rows] if wide else []
    size = max(cell_len("bound"), *(cell_len(bound.plain) for bound in bounds))
    side = max((cell_len(shorten(word, 11)) for word in ("source", *sources)), default=0)
    left = sum(sizes) + 2 * len(sizes) + size + 2 + (side + 2 if wide else 0)
    head = "".join(f"{name:>{space}}  " for name, space in zip(heads, sizes, strict=True))
    head += f"{'bound':<{size}}  " + (f"{'source':<{side}}  " if wide else "")
    drawn = [Text(f"{head}most time in", style="bright_black")]
    for place, (row, figures, bound) in enumerate(zip(rows, cells, bounds, strict=True)):
        line = Text()
        for cell, space in zip(figures, sizes, strict=True):
            line.append(" " * (space - cell_len(cell.plain))).append_text(cell).append("  ")
        line.append_text(bound).append(" " * (size - cell_len(bound.plain) + 2))
        if wide:
            line.append(f"{shorten(sources[place], 11):<{side}}  ", "bright_black")
        drawn.append(line.append_text(_name(row, max(width - left, 1))))
    return drawn


def named(row: dict[str, Any], room: int) -> tuple[str, str]:
    """Return a group's name, and its shapes or grid where they fit whole: no number is cut."""
    name = shorten(row["name"], room)
    detail = printable(row["detail"])
    fits = cell_len(name) + 1 + cell_len(detail) <= room
    return name, detail if fits else ""


def _name(row: dict[str, Any], room: int) -> Text:
    name, detail = named(row, room)
    return Text(name).append(f" {detail}" if detail else "", "bright_black")


def _group_cells(row: dict[str, Any], *, wide: bool) -> list[Text]:
    """Return the figures of a group."""
    time = Text(units.time(row["duration_ns"] if row["timed"] else None), style="bold")
    share = Text(units.UNKNOWN if row["share_pct"] is None else f"{row['share_pct']:.1f}")
    roof = roof_text(row["roofline_pct"])
    if not wide:
        return [time, share, roof]
    launches = Text(units.count(row["launches"]))
    intensity = Text(units.significant(row["intensity_flop_per_byte"]))
    return [launches, time, share, intensity, roof]
