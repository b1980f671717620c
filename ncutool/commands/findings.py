"""``ncutool findings``: what to change, in the order of what it saves at least."""

from __future__ import annotations

from ncutool.analysis.request import Request
from ncutool.commands.options import (
    KernelOption,
    OptionalCapture,
    ShowPrivateOption,
    TopOption,
    TraceOption,
    unfold,
)
from ncutool.commands.writing import Output


@unfold
def run(
    capture: OptionalCapture = None,
    top: TopOption = None,
    kernel: KernelOption = None,
    show_private: ShowPrivateOption = False,
    trace: TraceOption = None,
    *,
    output: Output,
    request: Request,
) -> None:
    """List what to change, surest saving first, with evidence.

    What to fuse, batch, launch as a graph, compute in fewer bits, copy or communicate beside the
    kernels, and what the host waits for. Each saves so much of the window done alone, end to end;
    "after those above" is what the findings before it leave of that, and never adds up to more
    than the time there is.
    --kernel keeps the findings that concern a kernel whose name matches.
    """
    from ncutool.analysis.dataframes import findings_frame
    from ncutool.commands.companions import sort_out_one
    from ncutool.commands.kernels import check_pattern
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.commands.writing import row_parts
    from ncutool.text import json_output
    from ncutool.text.markdown import findings_markdown
    from ncutool.text.tables import findings_table

    chosen = output.choose()
    pattern = check_pattern(kernel)
    path, request = sort_out_one(capture, trace, request)
    analysis = analyse_file(path, request, output)
    frame = findings_frame(analysis.findings)
    if pattern is not None:
        import polars as pl

        matches = pl.element().str.contains(pattern)
        frame = frame.filter(pl.col("kernels").list.eval(matches).list.any())
    if top:
        frame = frame.head(top)
    content = row_parts(
        frame,
        chosen,
        envelope=lambda text_: json_output.wrap(
            analysis, "findings", text_, show_private=show_private
        ),
        table=lambda: findings_table(analysis, frame, color=output.color),
        markdown=lambda: findings_markdown(analysis, frame),
    )
    say_notices(analysis)
    output.write(content)
