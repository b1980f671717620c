"""What ``ncutool diff -o`` writes for people: a comment, a picture or a page, by its ending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from ncutool.commands.options import option

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ncutool.commands.writing import Output
    from ncutool.diff import Diff
    from ncutool.diff.gate import Gate


class Given(Struct, frozen=True):
    """What captures do not hold and an author adds, as it stands on the command line."""

    accuracy: Annotated[
        str | None,
        option(
            "--accuracy",
            words="What you measured of the results; stands in the comment and on the page.",
            metavar="TEXT",
        ),
    ] = None
    note: Annotated[
        list[str] | None,
        option(
            "--note",
            words="What a reader should know and captures do not tell: driver, commit, command. "
            "May be repeated.",
            metavar="TEXT",
        ),
    ] = None
    name: Annotated[
        str | None,
        option(
            "--name",
            words="What a bot finds its comment by; else told from the captures' names.",
            metavar="NAME",
        ),
    ] = None


def _comment(diff: Diff, gate: Gate | None, given: Given) -> bytes:
    """Return Markdown for a pull request."""
    from ncutool.text.diff_comment import diff_comment

    text = diff_comment(
        diff, gate, name=given.name, accuracy=given.accuracy, notes=given.note or ()
    )
    return text.encode("utf-8", "replace")


def _svg(diff: Diff, _: Gate | None, __: Given) -> bytes:
    """Return the picture in light and dark."""
    from ncutool.page.diff_card import diff_card

    return diff_card(diff).encode("utf-8", "replace")


def _png(diff: Diff, _: Gate | None, __: Given) -> bytes:
    """Return the picture on a light ground."""
    from ncutool.page.diff_card import diff_card
    from ncutool.page.roofline_picture import png

    return png(diff_card(diff, both=False))


def _page(diff: Diff, gate: Gate | None, given: Given) -> bytes:
    """Return one offline page."""
    from ncutool.page.diff_page import render_diff

    page = render_diff(diff, gate, accuracy=given.accuracy, notes=given.note or ())
    return page.encode("utf-8", "replace")


FORMS: dict[str, Callable[[Diff, Gate | None, Given], bytes]] = {
    ".md": _comment,
    ".svg": _svg,
    ".png": _png,
    ".html": _page,
    ".htm": _page,
}
"""The form for each ending; other endings are those of every table."""


_MARKS = {
    ".md": b"<!-- ncutool-diff: ",
    ".svg": b'<svg xmlns="http://www.w3.org/2000/svg" class="ncutool-card"',
}
"""How files of ours begin, which a new one may replace; pages have a mark of their own."""


def is_own(path: Path) -> bool:
    """Return whether a file is a comment or a picture of ours; only its first bytes are read."""
    mark = _MARKS.get(path.suffix.lower())
    try:
        if mark is None or not path.is_file():  # a pipe would wait for a writer
            return False
        with path.open("rb") as file:
            return file.read(len(mark)) == mark
    except OSError:
        return False


def form_of(output: Output) -> Callable[[Diff, Gate | None, Given], bytes] | None:
    """Return the form that the output's ending asks for; None for a table, or JSON."""
    if output.path is None or output.form is not None:
        return None
    return FORMS.get(output.path.suffix.lower())
