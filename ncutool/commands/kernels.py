"""``ncutool kernels``: every launch with its figures and their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.commands.options import (
    CaptureTraceOption,
    CeilingsOption,
    DebugOption,
    DeviceFileOption,
    DeviceOption,
    ForceOption,
    Format,
    FormatOption,
    KernelOption,
    MaxBytesOption,
    NcuOption,
    NoColorOption,
    OptionalCapture,
    OutputOption,
    ShowPrivateOption,
    TopOption,
    TraceOption,
)
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    import polars as pl

_SCREENFUL = 40
"""Rows of a table or a Markdown text where --top does not say."""


def run(
    capture: OptionalCapture = None,
    trace: TraceOption = None,
    ncu: NcuOption = None,
    capture_trace: CaptureTraceOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device: DeviceOption = None,
    device_file: DeviceFileOption = None,
    ceilings: CeilingsOption = None,
    top: TopOption = None,
    kernel: KernelOption = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    show_private: ShowPrivateOption = False,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """List every launch with its FLOPs, bytes, roofline place and where each figure came from.

    A table or Markdown shows the longest launches first (40 without --top); the other forms
    hold all launches in order unless --top is given.
    """
    from ncutool import text
    from ncutool.analysis import json_facts
    from ncutool.commands.companions import sort_out
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.commands.writing import check_writable, choose_format, rows, write_bytes

    chosen = choose_format(form, output)
    check_writable(output, force=force)
    pattern = check_pattern(kernel)
    files = sort_out([] if capture is None else [capture], trace, ncu, capture_trace)
    analysis = analyse_file(
        files.only,
        device,
        max_bytes,
        device_file=device_file,
        ceilings=ceilings,
        report=files.report,
        capture_run=files.capture_run,
    )
    for_eyes = chosen in (Format.TABLE, Format.MD)
    limit = _SCREENFUL if top is None and for_eyes else top
    frame = select(analysis.kernels, pattern, limit, by_duration=for_eyes)
    content = rows(
        frame,
        chosen,
        envelope=lambda text_: json_facts.wrap(
            analysis, "kernels", text_, show_private=show_private
        ),
        table=lambda: text.kernels_table(analysis, frame, color=not no_color and output is None),
        markdown=lambda: text.kernels_markdown(analysis, frame),
    )
    say_notices(analysis)
    write_bytes(content, output)


def check_pattern(pattern: str | None) -> str | None:
    """``pattern`` itself where polars can search by it.

    Raises:
        UsageError: it is no regular expression.
    """
    import polars as pl

    if pattern is None:
        return None
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        raise UsageError(f"--kernel {pattern!r}: is not a valid regular expression") from None
    return pattern


def select(
    kernels: pl.DataFrame, pattern: str | None, limit: int | None, *, by_duration: bool
) -> pl.DataFrame:
    """The rows to show: those that match, the longest ``limit`` of them (0 or None is all)."""
    import polars as pl

    if pattern is not None:
        kernels = kernels.filter(
            pl.col("kernel_full").str.contains(pattern)
            | pl.col("kernel").str.contains(pattern)
            | pl.col("op").str.contains(pattern).fill_null(False)
        )
    if by_duration or limit:
        kernels = kernels.sort(
            "duration_ns", "launch_id", descending=[True, False], nulls_last=True
        )
    return kernels.head(limit) if limit else kernels
