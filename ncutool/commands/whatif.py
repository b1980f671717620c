"""``ncutool whatif``: what a capture would take if something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

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
    WholeStepsOption,
)
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.whatif import Answer

_NARROWEST = 100
"""Narrower than its figures a table runs over the edge rather than hide a digit."""
_SHOWN = 20
"""Groups of launches in a table where --top says nothing; other forms hold all."""


def run(
    capture: OptionalCapture = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DEVICE", help="On another device.", show_default=False),
    ] = None,
    batch_scale: Annotated[
        float | None,
        typer.Option(metavar="X", help="At X times the batch (traces).", show_default=False),
    ] = None,
    length_scale: Annotated[
        float | None,
        typer.Option(metavar="X", help="At X times the sequence length.", show_default=False),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The capture's own batch, where shapes do not tell.",
            show_default=False,
        ),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(metavar="N", help="The capture's own length, likewise.", show_default=False),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            help="With weights in fp8, int8, int4, mxfp4 or nvfp4.",
            show_default=False,
        ),
    ] = None,
    fuse: Annotated[
        str | None,
        typer.Option(
            metavar="ID[,ID]",
            help="With these findings of `ncutool rank` carried out.",
            show_default=False,
        ),
    ] = None,
    graph: Annotated[
        bool, typer.Option("--graph", help="With the findings of kind graph carried out.")
    ] = False,
    trace: TraceOption = None,
    ncu: NcuOption = None,
    capture_trace: CaptureTraceOption = None,
    whole_steps: WholeStepsOption = False,
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
    """Say what a capture would take if something changed, with bounds, and what would not change.

    Changes may be asked for together where that makes sense. What the capture does not tell is
    refused with the reason. --top and --kernel limit the rows, not the sums.
    """  # fmt: skip
    from ncutool.commands.companions import sort_out
    from ncutool.commands.kernels import check_pattern
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.commands.writing import check_writable, choose_format, write_bytes
    from ncutool.devices.table import with_file
    from ncutool.whatif import Question, ask

    chosen = choose_format(form, output)
    check_writable(output, force=force)
    pattern = check_pattern(kernel)
    known = with_file(device_file)
    named = tuple(name.strip() for name in (fuse or "").split(",") if name.strip())
    Question(on, batch_scale, length_scale, batch, length, weights, named, graph).check()
    files = sort_out([] if capture is None else [capture], trace, ncu, capture_trace)
    analysis = analyse_file(
        files.only,
        device,
        max_bytes,
        device_file=device_file,
        ceilings=ceilings,
        report=files.report,
        capture_run=files.capture_run,
        whole_steps=whole_steps,
    )
    answer = ask(
        analysis,
        on=on,
        batch_scale=batch_scale,
        length_scale=length_scale,
        batch=batch,
        length=length,
        weights=weights,
        fuse=named,
        graph=graph,
        known=known,
    )
    frame = _listed(answer, pattern, chosen, top)
    color = not no_color and output is None
    content = _content(analysis, answer, frame, chosen, show_private=show_private, color=color)
    say_notices(analysis)
    write_bytes(content, output)


def _listed(answer: Answer, pattern: str | None, chosen: Format, top: int | None) -> pl.DataFrame:
    """The rows asked for: a table shows the first, other forms all."""
    import polars as pl

    frame = answer.rows
    if pattern is not None:
        matches = [pl.col(name).str.contains(pattern) for name in ("kernel", "op")]
        frame = frame.filter(pl.any_horizontal(matches).fill_null(value=False))
    limit = (_SHOWN if chosen in (Format.TABLE, Format.MD) else 0) if top is None else top
    return frame.head(limit) if limit else frame


def _content(
    analysis: Analysis,
    answer: Answer,
    frame: pl.DataFrame,
    chosen: Format,
    *,
    show_private: bool,
    color: bool,
) -> bytes:
    """The answer in one form: JSON has it whole, CSV, JSON lines and Parquet the rows."""
    import json

    from ncutool.analysis import json_facts
    from ncutool.commands.writing import rows
    from ncutool.text.sheet import sheet_markdown, sheet_text
    from ncutool.text.style import terminal_width
    from ncutool.text.whatif import whatif_sheet
    from ncutool.whatif.record import SCHEMA, facts

    def whole(rows_json: str) -> str:
        about = json_facts.facts(analysis, show_private=show_private)
        head = {"schema": SCHEMA, **about, **facts(answer)}
        text = json.dumps(head, ensure_ascii=False, allow_nan=False)
        return f'{text[:-1]}, "whatif": {rows_json}}}'

    def table() -> str:
        width = max(terminal_width(), _NARROWEST)
        drawn = whatif_sheet(answer, frame.to_dicts(), width)
        return sheet_text(drawn, color=color, width=width)

    def markdown() -> str:
        return sheet_markdown(whatif_sheet(answer, frame.to_dicts()))

    return rows(frame, chosen, envelope=whole, table=table, markdown=markdown)
