"""``ncutool rank``: what to do, by what it saves at least."""

from __future__ import annotations

from ncutool.commands.options import (
    CaptureTraceOption,
    CeilingsOption,
    DebugOption,
    DeviceFileOption,
    DeviceOption,
    ForceOption,
    FormatOption,
    KernelOption,
    MaxBytesOption,
    NcuOption,
    NoColorOption,
    OptionalCapture,
    OutputOption,
    RankTracesOption,
    ShowPrivateOption,
    TopOption,
    TraceOption,
    WholeStepsOption,
)
from ncutool_parsers.interface import DEFAULT_MAX_BYTES


def run(
    capture: OptionalCapture = None,
    trace: TraceOption = None,
    ncu: NcuOption = None,
    capture_trace: CaptureTraceOption = None,
    rank_trace: RankTracesOption = None,
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
    """List what to change, surest saving first, with evidence.

    What to fuse, batch, launch as a graph, compute in fewer bits, copy or communicate beside the
    kernels, and what the host waits for. Each saves so much of the window done alone, end to end;
    "after those above" is what the findings before it leave of that, and never adds up to more
    than the time there is.
    --kernel keeps the findings that concern a kernel whose name matches.
    """
    from ncutool import text
    from ncutool.analysis import json_facts
    from ncutool.analysis.frames import findings_frame
    from ncutool.commands.companions import sort_out
    from ncutool.commands.kernels import check_pattern
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
        ranks=rank_trace or (),
        whole_steps=whole_steps,
    )
    frame = findings_frame(analysis.findings)
    if pattern is not None:
        import polars as pl

        matches = pl.element().str.contains(pattern)
        frame = frame.filter(pl.col("kernels").list.eval(matches).list.any())
    if top:
        frame = frame.head(top)
    content = rows(
        frame,
        chosen,
        envelope=lambda text_: json_facts.wrap(
            analysis, "findings", text_, show_private=show_private
        ),
        table=lambda: text.findings_table(analysis, frame, color=not no_color and output is None),
        markdown=lambda: text.findings_markdown(analysis, frame),
    )
    say_notices(analysis)
    write_bytes(content, output)
