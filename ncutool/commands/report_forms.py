"""What ``ncutool report -o`` writes: a form for each ending of a file's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.commands.wrong_usage import one_of
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ncutool.analysis.analyse import Analysis


@dataclass(frozen=True)
class Form:
    """One form of what a report writes."""

    noun: str
    """What the terminal calls the file that was written."""
    content: Callable[[Sequence[Analysis], bool], bytes]
    """The file's content, of the analyses in order, with private data or without."""


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


_PAGE = Form("page", _page)

FORMS: dict[str, Form] = {
    ".html": _PAGE,
    ".htm": _PAGE,
    ".md": Form("comment", _comment),
    ".json": Form("JSON", _json),
}
"""The form for each ending; another form needs no more than a line here."""


def form_of(target: Path) -> Form:
    """Return the form that the ending of a file's name asks for.

    Raises:
        UsageError: no form has this ending.
    """
    try:
        return FORMS[target.suffix.lower()]
    except KeyError:
        raise UsageError(f"{target}: end the file's name in {one_of(FORMS)}") from None
