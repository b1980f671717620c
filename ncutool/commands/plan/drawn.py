"""What `-o` writes of a plan beside text and data: a page, or its pictures as SVG or PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.commands.writing import Output

PICTURES = (".svg", ".png")


def is_picture(output: Output) -> bool:
    """Return whether the output's ending asks for a picture, and no other form is asked for."""
    ending = "" if output.path is None else output.path.suffix.lower()
    return output.form is None and ending in PICTURES


def is_drawn(output: Output) -> bool:
    """Return whether a page or a picture is asked for."""
    return output.is_page or is_picture(output)


def write_drawn(
    output: Output, page: Callable[[], str], picture: Callable[[bool], str | None]
) -> None:
    """Write the page or the picture, and say where.

    Args:
        output: where to; its ending tells which.
        page: makes the page.
        picture: makes the SVG; told whether whoever prefers dark is to see it dark. None where
            there is nothing to draw.

    Raises:
        UsageError: a picture was asked for, and there is nothing to draw.
    """
    if output.is_page:
        output.write(page().encode())
        typer.echo(f"page: {output.path}")
        return
    assert output.path is not None
    is_png = output.path.suffix.lower() == ".png"
    svg = picture(not is_png)
    if svg is None:
        raise UsageError(
            f"{output.path}: there is nothing to draw, as no device has a roof for this workload"
        )
    if is_png:
        from ncutool.page.roofline_picture import png

        output.write(png(svg, _SCALE))
    else:
        output.write(svg.encode("utf-8", "replace"))
    typer.echo(f"picture: {output.path}")


_SCALE = 2.0
"""Pixels of a PNG for each of the drawing's: letters stay sharp on today's screens."""
