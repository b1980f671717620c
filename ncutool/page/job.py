"""Jobs of several ranks as one offline HTML page: a bar a rank, who is late, the links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ncutool.archive import job_words
from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.page.html import html_page
from ncutool.text import job_view as words
from ncutool_parsers.visible_text import without_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ncutool.archive.job_view import JobView

_MAX_RANKS = 1024
_MAX_RATES = 100
_MAX_NAME = 80
KEY = (
    ("compute", "other work than collectives"),
    ("latency", "collectives that nothing hides"),
    ("idle", "nothing"),
)
"""What the pieces of a rank's bar are."""


class RankRow(Struct, frozen=True):
    """One rank: its bar and its figures."""

    rank: int
    name: str
    named: bool
    pieces: tuple[tuple[str, float, str], ...]
    """Kind, width in per cent of the longest window, and what it is."""
    cells: tuple[str, ...]


class JobPart(Struct, frozen=True):
    """One job of the page."""

    headline: str
    about: str
    refused: str | None
    said: tuple[str, ...]
    ranks: tuple[RankRow, ...]
    more_ranks: int
    rates: tuple[tuple[tuple[str, ...], str], ...]
    """Texts of a row, and why it has no bandwidth."""
    more_rates: int
    notes: tuple[str, ...]


def render_jobs(views: Sequence[JobView]) -> str:
    """Return the page of jobs: the same jobs give the same page."""
    parts = tuple(_part(view) for view in views)
    return html_page(
        "job.html",
        styles=("theme", "page", "kernels", "fleet"),
        scripts=("theme_switch",),
        title=f"{parts[0].headline} · ncutool",
        jobs=parts,
        key=KEY,
        headings=words.RANK_HEADINGS[1:-1],
        rate_headings=words.RATE_HEADINGS,
    )


def _part(view: JobView) -> JobPart:
    headline, about = job_words.headline(view), words.about(view)
    if view.job.refused is not None:
        return JobPart(headline, about, view.job.refused, (), (), 0, (), 0, view.job.left_out)
    said = [job_words.straggler(view, one) for one in view.stragglers]
    said += [job_words.slow_link(one) for one in view.slow_links]
    even = job_words.imbalance(view)
    rates = view.rates
    return JobPart(
        headline=headline,
        about=about,
        refused=None,
        said=(*said, *([even] if even else [])),
        ranks=tuple(_ranks(view)),
        more_ranks=max(0, view.job.ranks.height - _MAX_RANKS),
        rates=tuple(
            (words.rate_row(one, _MAX_NAME, _MAX_NAME), one.why_none or "")
            for one in rates[:_MAX_RATES]
        ),
        more_rates=max(0, len(rates) - _MAX_RATES),
        notes=view.notes,
    )


def _ranks(view: JobView) -> Iterator[RankRow]:
    rows = view.ranks.head(_MAX_RANKS).to_dicts()
    longest = max((row["wall_ns"] or 0 for row in rows), default=0)
    for row in rows:
        texts = words.rank_row(row)
        yield RankRow(
            rank=row["rank"],
            name=shorten(without_host(row["name"]), _MAX_NAME),
            named=bool(row["straggler"]),
            pieces=tuple(_pieces(row, longest)),
            cells=texts[1:-1],
        )


def _pieces(row: dict[str, Any], longest: int) -> Iterator[tuple[str, float, str]]:
    if not longest:
        return
    figures = (row["compute_ns"], row["exposed_communication_ns"], row["idle_ns"])
    if None in figures:
        return
    for (kind, name), ns in zip(KEY, figures, strict=True):
        if ns > 0:
            yield kind, round(100 * ns / longest, 3), f"{name}: {units.time(ns)}"
