"""A planner's answer in every form, and options that its commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ncutool.commands.options import Format

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ncutool.planning.planner.comparing import AtIntensity
    from ncutool.planning.planner.placing import Place
    from ncutool.text.sheet import Sheet

_PAGES = (".html", ".htm")
DeviceNames = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="A device; may be given several times. Without it, ten usual ones.",
        show_default=False,
    ),
]
TimeOption = Annotated[
    float | None,
    typer.Option(
        "--time-us",
        metavar="T",
        help="A measured time in µs on the one --device: its share of the roofline.",
        show_default=False,
    ),
]


class Answer:
    """Where and in which form the answer is written; refuses early what could not be."""

    def __init__(
        self, form: Format | None, output: Path | None, *, force: bool, color: bool
    ) -> None:
        from ncutool.commands.writing import check_writable, choose_format

        self._output = output
        self._is_page = output is not None and output.suffix.lower() in _PAGES and form is None
        self._form = Format.TABLE if self._is_page else choose_format(form, output)
        self._color = color and output is None
        check_writable(output, force=force)

    def write(
        self,
        record: dict[str, Any],
        rows: list[dict[str, Any]],
        sheet: Sheet,
        rooflines: list[tuple[str, float, float]],
        intensity: float | None,
    ) -> None:
        """Write it.

        Args:
            rooflines: name, peak FLOP/s and peak byte/s of each device, for a page's chart.
            intensity: the workload's, where it has one.
        """
        from ncutool.commands.writing import write_bytes

        if not self._is_page:
            write_bytes(content(record, rows, sheet, self._form, color=self._color), self._output)
            return
        from ncutool.page.sheet import render_sheet

        write_bytes(render_sheet(sheet, rooflines, intensity).encode(), self._output)
        typer.echo(f"page: {self._output}")


def rooflines(places: Iterable[Place | AtIntensity]) -> list[tuple[str, float, float]]:
    """Of the devices that have a roof for the work."""
    return [
        (each.device, each.peak_flop_per_s, each.peak_bytes_per_s)
        for each in places
        if each.peak_flop_per_s is not None
    ]


def content(
    record: dict[str, Any],
    rows: list[dict[str, Any]],
    sheet: Sheet,
    chosen: Format,
    *,
    color: bool,
) -> bytes:
    """The answer in one form: JSON has it whole, CSV, JSON lines and Parquet a row a device."""
    import json

    from ncutool.text.sheet import sheet_markdown, sheet_text

    if chosen is Format.JSON:
        return (json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()
    if chosen is Format.TABLE:
        return sheet_text(sheet, color=color).encode()
    if chosen is Format.MD:
        return sheet_markdown(sheet).encode()
    from ncutool.commands.writing import plain_rows

    return plain_rows(rows, chosen)


def negative_size(arguments: list[str]) -> str | None:
    """The first argument that is a negative number and no option's value: an option parser takes
    it for an option."""
    for before, given in zip(["", *arguments], arguments, strict=False):
        number = given.startswith("-") and given[1:].replace(".", "", 1).isdigit()
        if number and not before.startswith("--"):
            return given
    return None
