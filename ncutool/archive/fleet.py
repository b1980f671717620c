"""What an archive comes to as a whole: pure functions from a dataset's tables to small tables.

Nothing here grows with the number of launches: they are aggregated where they lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.archive.tables import CAPTURES
from ncutool_parsers.visible_text import without_host

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS = ("something_to_do", "nothing_worth_doing", "could_not_look")
MAX_KERNELS = 40
MAX_ERRORS = 200
MAX_WHERE = 5
"""Captures that are named under a finding that recurs."""
_MAX_TEXT = 300
"""Characters that are kept of a name."""
_PLACES = ("part", "bucket")


class Fleet(Struct, frozen=True, eq=False):
    """An archive, aggregated."""

    captures: pl.DataFrame
    """A row a capture, those that can save most first."""
    metadata: tuple[str, ...]
    """Columns that the user named."""
    kernels: pl.DataFrame
    """Kernel and device, their time over the archive: most first."""
    kernel_count: int
    """How many kernels and devices there are in all."""
    launch_ns: int
    """Sum over all launches of all captures."""
    findings: pl.DataFrame
    """A row a rule, the largest saving first."""
    errors: pl.DataFrame
    """Files that could not be analysed; the first of them."""
    error_kinds: tuple[tuple[str, int], ...]
    """How many files failed for what reason, most first."""

    @property
    def failed(self) -> int:
        """Files that could not be analysed."""
        return sum(count for _, count in self.error_kinds)

    def answers(self) -> dict[str, int]:
        """Return how many captures have which answer."""
        counts = dict(self.captures.group_by("answer").len().iter_rows())
        return {answer: counts.get(answer, 0) for answer in ANSWERS}


def fleet(tables: Mapping[str, pl.LazyFrame]) -> Fleet:
    """Return an archive aggregated.

    Args:
        tables: captures, launches, findings and errors, each by its name.
    """
    schema = tables["captures"].collect_schema().names()
    metadata = tuple(
        name for name in schema if name not in CAPTURES.polars_schema() and name not in _PLACES
    )
    captures = _without_hosts(_captures(tables["captures"], metadata))
    devices = captures.select("capture_id", "device").lazy()
    kernels = _kernels(tables["launches"], devices)
    errors = tables["errors"].select("path", "name", "bytes", "kind", "message").collect()
    errors = _without_hosts(errors)
    counts = errors.group_by("kind").len().sort("len", "kind", descending=[True, False])
    return Fleet(
        captures=captures,
        metadata=metadata,
        kernels=kernels.head(MAX_KERNELS),
        kernel_count=kernels.height,
        launch_ns=int(captures["launch_ns"].sum()),
        findings=_findings(tables["findings"], captures),
        errors=errors.sort("kind", "path").head(MAX_ERRORS),
        error_kinds=tuple((str(kind), int(count)) for kind, count in counts.iter_rows()),
    )


def _without_hosts(named: pl.DataFrame) -> pl.DataFrame:
    """Return captures whose files are called without the host that the profiler puts there."""
    return named.with_columns(
        pl.Series(name, [without_host(text) for text in named[name]], pl.String)
        for name in ("path", "name")
    )


def _captures(captures: pl.LazyFrame, metadata: tuple[str, ...]) -> pl.DataFrame:
    window = pl.coalesce("wall_ns", "launch_ns")
    return (
        captures.select(
            "capture_id", "path", "name", "source", "device", "answer", "headline", "started_ns",
            "wall_ns", "busy_ns", "launch_ns", "launches", "findings", "saving_low_ns",
            "saving_high_ns", "understood_pct", "roofline_pct", "top_kernel", "rank", "complete",
            "synthetic", *metadata,
            window_ns=window,
            busy_pct=_pct(pl.col("busy_ns"), pl.col("wall_ns")),
            saving_low_pct=_pct(pl.col("saving_low_ns"), window),
            saving_pct=_pct(pl.col("saving_high_ns"), window),
        )
        .sort(
            "saving_low_pct", "saving_pct", "window_ns", "path",
            descending=[True, True, True, False], nulls_last=True,
        )
        .collect()
    )  # fmt: skip


def _pct(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(100 * part / whole)


def _kernels(launches: pl.LazyFrame, devices: pl.LazyFrame) -> pl.DataFrame:
    """Return a row a kernel and device: what it costs over the archive, and its share of roofs."""
    placed = pl.when((pl.col("part") == "on_roofline") & pl.col("roofline_pct").is_not_null()).then(
        "duration_ns"
    )
    sums = (
        launches.filter(pl.col("duration_ns").is_not_null())
        .with_columns(kernel=pl.col("kernel").str.slice(0, _MAX_TEXT))
        .group_by("capture_id", "kernel")
        .agg(
            time_ns=pl.col("duration_ns").sum(),
            launches=pl.len(),
            placed_ns=placed.sum(),
            placed_pct_ns=(placed * pl.col("roofline_pct")).sum(),
            bound=pl.col("bound").sort_by("duration_ns").last(),
        )
    )
    return (
        sums.join(devices, on="capture_id", how="inner")
        .group_by("kernel", "device")
        .agg(
            time_ns=pl.col("time_ns").sum(),
            launches=pl.col("launches").sum().cast(pl.Int64),
            captures=pl.len().cast(pl.Int64),
            placed_ns=pl.col("placed_ns").sum(),
            placed_pct_ns=pl.col("placed_pct_ns").sum(),
            bound=pl.col("bound").sort_by("time_ns").last(),
        )
        .with_columns(
            roofline_pct=pl.when(pl.col("placed_ns") > 0).then(
                pl.col("placed_pct_ns") / pl.col("placed_ns")
            ),
            placed_share_pct=pl.when(pl.col("time_ns") > 0).then(
                100 * pl.col("placed_ns") / pl.col("time_ns")
            ),
        )
        .sort("time_ns", "kernel", "device", descending=[True, False, False])
        .collect()
    )


def _findings(findings: pl.LazyFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """Return a row a rule: in how many captures it found something, and what it saves in all.

    Savings of one capture never count a nanosecond twice, so that sums over captures do not either.
    Those that are of a sample or a row, not of the window, are no time of the capture: they are 0.
    """
    saving = {
        name: pl.when(pl.col("per") == "window").then(name).otherwise(0)
        for name in ("saving_low_ns", "saving_high_ns")
    }
    named = captures.select("capture_id", "path").lazy()
    each = (
        findings.with_columns(**saving)
        .join(named, on="capture_id", how="inner")
        .group_by("rule", "capture_id", "path")
        .agg(
            pl.col("kind").first(),
            title=pl.col("title").sort_by("saving_high_ns").last().str.slice(0, _MAX_TEXT),
            found=pl.len().cast(pl.Int64),
            saving_low_ns=pl.col("saving_low_ns").sum(),
            saving_high_ns=pl.col("saving_high_ns").sum(),
        )
    )
    largest = pl.col("saving_high_ns").rank("ordinal", descending=True).over("rule") <= MAX_WHERE
    return (
        each.with_columns(largest=largest)
        .sort("saving_high_ns", "path", descending=[True, False])
        .group_by("rule", maintain_order=True)
        .agg(
            pl.col("kind").first(),
            pl.col("title").first(),
            captures=pl.len().cast(pl.Int64),
            found=pl.col("found").sum(),
            saving_low_ns=pl.col("saving_low_ns").sum(),
            saving_high_ns=pl.col("saving_high_ns").sum(),
            where=pl.col("path").filter(pl.col("largest")).str.slice(0, _MAX_TEXT),
            where_ids=pl.col("capture_id").filter(pl.col("largest")),
            where_ns=pl.col("saving_high_ns").filter(pl.col("largest")),
        )
        .sort("saving_high_ns", "captures", "rule", descending=[True, True, False])
        .collect()
    )
