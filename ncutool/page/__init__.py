"""One offline HTML page of one or several analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.page.document import assemble
from ncutool.page.view import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.analyse import Analysis

__all__ = ["render"]


def render(analyses: Sequence[Analysis], *, show_private: bool = False) -> str:
    """The page: one file that loads nothing, with a view for each analysis.

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
    return assemble(views)
