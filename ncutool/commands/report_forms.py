"""What ``ncutool report -o`` writes: a form for each ending of a file's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.commands.wrong_usage import one_of
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from pathlib import Path

    from ncutool.analysis.analyse import Analysis


class Form(Struct, frozen=True):
    """One form of what a report writes."""

    noun: str
    """What the terminal calls the file that was written."""
    content: Callable[[Sequence[Analysis], bool], bytes]
    """The file's content, of the analyses in order, with private data or without."""
    several: bool = True
    """Whether it can be of more than one capture."""


def _page(analyses: Sequence[Analysis], show_private: bool) -> bytes:
    """Return one offline page with a view for each capture."""
    from ncutool import page

    return page.render(analyses, show_private=show_private).encode()


def _comment(analyses: Sequence[Analysis], _: bool) -> bytes:
    """Return Markdown for a pull request; it holds nothing private."""
    from ncutool.text.comment import comment

    return "\n".join(comment(analysis) for analysis in analyses).encode()


def _json(analyses: Sequence[Analysis], show_private: bool) -> bytes:
    """Return one JSON object with what there is to say of each capture."""
    from ncutool.text.json_output import report

    return f"{report(analyses, show_private=show_private)}\n".encode()


def _svg(analyses: Sequence[Analysis], _: bool) -> bytes:
    """Return the picture of one capture, in light and dark; it holds nothing private."""
    from ncutool.page.card import card

    return card(analyses[0]).encode("utf-8", "replace")


def _png(analyses: Sequence[Analysis], _: bool) -> bytes:
    """Return the picture of one capture on a light ground; it holds nothing private."""
    from ncutool.page.card import card
    from ncutool.page.roofline_picture import png

    return png(card(analyses[0], both=False))


_PAGE = Form("page", _page)

FORMS: dict[str, Form] = {
    ".html": _PAGE,
    ".htm": _PAGE,
    ".md": Form("comment", _comment),
    ".json": Form("JSON", _json),
    ".svg": Form("picture", _svg, several=False),
    ".png": Form("picture", _png, several=False),
}
"""The form for each ending; another form needs no more than a line here."""


def form_of(target: Path, captures: int = 1) -> Form:
    """Return the form that the ending of a file's name asks for.

    Args:
        captures: how many it is to be of.

    Raises:
        UsageError: no form has this ending, or it is of one capture and there are several.
    """
    from ncutool.commands.placing import passes_on

    try:
        form = FORMS[target.suffix.lower() or (".html" if passes_on(target) else "")]
    except KeyError:
        raise UsageError(f"{target}: end the file's name in {one_of(FORMS)}") from None
    if captures > 1 and not form.several:
        raise UsageError(
            f"{target}: a picture is of one capture, not of {captures}; write one for each"
        )
    return form


def save(analysis: Analysis, path: str | PathLike[str], *, show_private: bool = False) -> None:
    """Write one analysis to a file in the form that its ending asks for, over what is there.

    Raises:
        UsageError: no form has this ending.
        OutputError: the file cannot be written.
    """
    from pathlib import Path

    from ncutool.commands.writing import Output

    target = Path(path)
    content = form_of(target).content([analysis], show_private)
    Output(path=target, force=True).write(content)
