"""A planner's answer in every form, and options that the planner's commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ncutool.base.amounts import MICROSECONDS, PLAIN
from ncutool.commands.options import Format, option
from ncutool.commands.plan.drawn import is_drawn, write_drawn
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ncutool.commands.writing import Output
    from ncutool.planning.llm.curve import Curve
    from ncutool.planning.planner.comparing import AtIntensity
    from ncutool.planning.planner.placing import Place
    from ncutool.text.sheet import Sheet

DeviceNames = Annotated[
    list[str] | None,
    option(
        "--device",
        words="A device; may be given several times. Without it, ten usual ones.",
        metavar="NAME",
    ),
]
TimeOption = Annotated[
    float | None,
    option(
        "--time-us",
        words="A measured time in µs on the one --device: its share of the roofline.",
        metavar="T",
    ),
    MICROSECONDS,
]
PriceOption = Annotated[
    list[str] | None,
    option(
        "--price",
        words="Price of one device an hour, in any currency; once for each.",
        metavar="NAME=PRICE",
    ),
]


def parse_prices(given: Sequence[str] | None) -> dict[str, float]:
    """Return prices by the names of devices they were given for, from texts like `h100-sxm=2.5`.

    Raises:
        UsageError: one is not written so.
    """
    prices: dict[str, float] = {}
    for text in given or ():
        name, equals, written = text.rpartition("=")
        wrong = f"--price takes NAME=PRICE, like h100-sxm=2.5, not {text!r}"
        if not equals or not name.strip():
            raise UsageError(wrong)
        try:
            prices[name.strip()] = float(PLAIN.read("--price", written))
        except UsageError:
            raise UsageError(wrong) from None
    return prices


def rooflines(places: Iterable[Place | AtIntensity]) -> list[tuple[str, float, float]]:
    """Return name, peak FLOP/s and peak byte/s of each device that has a roof for the work."""
    return [
        (place.device, place.peak_flop_per_s, place.peak_bytes_per_s)
        for place in places
        if place.peak_flop_per_s is not None
    ]


def write_answer(
    output: Output,
    record: dict[str, Any],
    rows: list[dict[str, Any]],
    sheet: Sheet,
    lines: Sequence[tuple[str, float, float]] = (),
    intensity: float | None = None,
    curves: Sequence[Curve] = (),
) -> None:
    """Write a planner's answer in the form asked for.

    Args:
        output: where to, and how.
        record: what JSON holds.
        rows: what the other forms for programs hold, one a device.
        sheet: what a terminal, Markdown and a page show.
        lines: the :func:`rooflines` of a page's chart.
        intensity: FLOP/byte of the workload, where it has one.
        curves: throughput against the speed of each user, of each deployment.
    """
    if not is_drawn(output):
        form = output.choose()
        output.write(content(record, rows, sheet, form, color=output.color))
        return
    from ncutool.page.sheet import render_sheet, sheet_picture

    drawn = (sheet, list(lines), intensity, curves)
    write_drawn(output, lambda: render_sheet(*drawn), lambda both: sheet_picture(*drawn, both=both))


def content(
    record: dict[str, Any],
    rows: list[dict[str, Any]],
    sheet: Sheet,
    form: Format,
    *,
    color: bool,
) -> bytes:
    """Return an answer in one form; the arguments are those of :func:`write_answer`."""
    if form is Format.JSON:
        return json_text(record)
    if form in SHEETS:
        return sheet_content(sheet, form, color=color)
    from ncutool.commands.writing import plain_rows

    return plain_rows(rows, form)


SHEETS = (Format.TABLE, Format.MD)
"""The forms that people read."""


def sheet_content(sheet: Sheet, form: Format, *, color: bool) -> bytes:
    """Return a sheet for a terminal, or as Markdown."""
    from ncutool.text.sheet import sheet_markdown
    from ncutool.text.sheet_terminal import sheet_text

    if form is Format.TABLE:
        return sheet_text(sheet, color=color).encode()
    return sheet_markdown(sheet).encode()


def json_text(record: dict[str, Any]) -> bytes:
    """Return a record as indented JSON; a number that is not finite is a bug, and raises."""
    import json

    return (json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()
