"""One offline HTML page of one or several analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base.records import fields_of
from ncutool.base.untrusted import json_for_html
from ncutool.page.html import html_page
from ncutool.page.view import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.analyse import Analysis

__all__ = ["render"]

_STYLES = ("theme", "page", "findings", "timeline", "roofline", "kernels", "print")
_SCRIPTS = (
    *("format", "dom", "frame", "help", "groups", "filter", "store", "url", "columns"),
    *("explained", "within", "opened", "copy", "taken", "rows", "headings", "table", "findings"),
    *("timeline_data", "timeline_draw", "timeline_lanes", "timeline"),
    *("plane", "roof", "picture", "views"),
)


def render(analyses: Sequence[Analysis], *, show_private: bool = False) -> str:
    """Return the page: one file that loads nothing, with a view for each analysis.

    The same analyses give the same page, byte for byte, so that pages can be compared.

    Args:
        show_private: also show host names, user paths and the like that the captures hold.

    Raises:
        ValueError: there is nothing to show.
    """
    if not analyses:
        raise ValueError("a page needs at least one analysis")
    views = [
        view(analysis, number, show_private=show_private)
        for number, analysis in enumerate(analyses, start=1)
    ]
    more = f" and {len(views) - 1} more" if len(views) > 1 else ""
    words = {
        "bounds": display_names.SHORT_BOUNDS,
        "sources": display_names.SOURCES,
        "looks": {kind: fields_of(look) for kind, look in LOOKS.items()},
    }
    return html_page(
        "page.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        views=views,
        words=Markup(json_for_html(words)),
        bounds=display_names.BOUNDS,
        title=f"{views[0].document.verdict.headline}{more} · ncutool",
    )
