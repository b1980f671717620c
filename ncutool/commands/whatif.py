"""``ncutool whatif``: what a capture would take if something changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ncutool.analysis.request import Request
from ncutool.commands.options import (
    Format,
    KernelOption,
    OptionalCapture,
    ShowPrivateOption,
    TopOption,
    TraceOption,
    option,
    unfold,
)
from ncutool.commands.plan.answers import PriceOption, parse_prices, write_answer
from ncutool.commands.writing import Output
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.whatif import Answer, Question
    from ncutool_parsers import Place

_NARROWEST = 100
"""Narrower than its figures a table runs over the edge rather than hide a digit."""
_SHOWN = 20
"""Groups of launches in a table where --top says nothing; other forms hold all."""


class Changes(Struct, frozen=True):
    """What may be changed, as it stands on the command line."""

    on: Annotated[
        list[str] | None,
        option(
            "--on",
            words="On another device; given several times, the devices are held against each "
            "other.",
            metavar="DEVICE",
        ),
    ] = None
    batch_scale: Annotated[
        float | None, option(words="At X times the batch (traces).", metavar="X")
    ] = None
    length_scale: Annotated[
        float | None, option(words="At X times the sequence length.", metavar="X")
    ] = None
    batch: Annotated[
        int | None,
        option(
            words="Sequences (samples) processed together in the capture, where its shapes do not "
            "tell.",
            metavar="N",
        ),
    ] = None
    length: Annotated[
        int | None, option(words="The capture's own length, likewise.", metavar="N")
    ] = None
    weights: Annotated[
        str | None,
        option(words="With weights in fp8, int8, int4, mxfp4 or nvfp4.", metavar="TYPE"),
    ] = None
    activations: Annotated[
        str | None,
        option(
            words="With inputs and arithmetic of products in this type too (with --weights): "
            "fp8, int8, nvfp4, ...",
            metavar="TYPE",
        ),
    ] = None
    fuse: Annotated[
        str | None,
        option(words="With these findings of `ncutool findings` carried out.", metavar="ID[,ID]"),
    ] = None
    graph: Annotated[
        bool, typer.Option("--graph", help="With the findings of kind graph carried out.")
    ] = False
    price: PriceOption = None

    def question(self) -> Question:
        """Return the changes as one question; of several devices the first."""
        from ncutool.whatif import Question

        named = tuple(name.strip() for name in (self.fuse or "").split(",") if name.strip())
        return Question(
            on=self.on[0] if self.on else None,
            batch_scale=self.batch_scale,
            length_scale=self.length_scale,
            batch=self.batch,
            length=self.length,
            weights=self.weights,
            activations=self.activations,
            fuse=named,
            graph=self.graph,
        )


@unfold
def run(
    capture: OptionalCapture = None,
    *,
    changes: Changes,
    top: TopOption = None,
    kernel: KernelOption = None,
    show_private: ShowPrivateOption = False,
    trace: TraceOption = None,
    output: Output,
    request: Request,
) -> None:
    """Say what a capture would take if something changed, with bounds, and what would not change.

    Changes may be asked for together where that makes sense. What the capture does not tell is
    refused with the reason. --top and --kernel limit the rows, not the sums.
    With --on given twice or more the devices are compared: the capture's launches rescaled by what
    binds each, and with --price what an hour's price buys. -o NAME.html writes a page of that.
    """
    from ncutool.commands.companions import sort_out_one
    from ncutool.commands.kernels import check_pattern
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.devices.resolve import fitting
    from ncutool.devices.table import with_file
    from ncutool.whatif import ask

    question = changes.question()
    names = changes.on or []
    if len(names) > 1:
        if question != Changes(on=names).question():
            raise UsageError("several --on compare devices and nothing else: ask the rest apart")
        path, request = sort_out_one(capture, trace, request)
        _compare(names, parse_prices(changes.price), path, request, output)
        return
    if changes.price:
        raise UsageError("--price compares devices: give --on twice or more")
    chosen = output.choose()
    pattern = check_pattern(kernel)
    question.check()
    known = with_file(request.device_file)
    for name in names:
        fitting(name, known)
    path, request = sort_out_one(capture, trace, request)
    analysis = analyse_file(path, request, output)
    answer = ask(analysis, **vars(question), known=known)
    frame = _listed(answer, pattern, chosen, top)
    content = _content(
        analysis, answer, frame, chosen, show_private=show_private, color=output.color
    )
    say_notices(analysis)
    output.write(content)


def _compare(
    names: list[str], prices: dict[str, float], path: Path | Place, request: Request, output: Output
) -> None:
    """Hold several devices against each other for the launches of one capture."""
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.devices.table import with_file
    from ncutool.planning.planner import compare_capture
    from ncutool.planning.planner.comparing import priced, several
    from ncutool.planning.planner.comparison_record import comparison_record, comparison_rows
    from ncutool.text.compared import capture_sheet

    known = with_file(request.device_file)
    priced(prices, several(names, known), known)  # a wrong name is said before a long read
    analysis = analyse_file(path, request, output)
    say_notices(analysis, only_errors=True)
    own = analysis.resolution.device
    compared = compare_capture(names, analysis.kernels, own, prices=prices, known=known)
    write_answer(
        output, comparison_record(compared), comparison_rows(compared), capture_sheet(compared)
    )


def _listed(answer: Answer, pattern: str | None, chosen: Format, top: int | None) -> pl.DataFrame:
    """Return the rows asked for: a table shows the first, other forms all."""
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
) -> Iterator[bytes]:
    """Return the answer in one form: JSON has it whole, CSV, JSON lines and Parquet the rows."""
    import json

    from ncutool.commands.writing import row_parts
    from ncutool.text import json_output
    from ncutool.text.sheet import sheet_markdown
    from ncutool.text.sheet_terminal import sheet_text
    from ncutool.text.style import terminal_width
    from ncutool.text.whatif import whatif_sheet
    from ncutool.whatif.record import SCHEMA, facts

    def whole(rows_json: str) -> str:
        about = json_output.facts(analysis, show_private=show_private)
        head = {"schema": SCHEMA, **about, **facts(answer)}
        text = json.dumps(head, ensure_ascii=False, allow_nan=False)
        return f'{text[:-1]}, "whatif": {rows_json}}}'

    def table() -> str:
        width = max(terminal_width(), _NARROWEST)
        drawn = whatif_sheet(answer, frame.to_dicts(), width)
        return sheet_text(drawn, color=color, width=width)

    def markdown() -> str:
        return sheet_markdown(whatif_sheet(answer, frame.to_dicts()))

    return row_parts(frame, chosen, envelope=whole, table=table, markdown=markdown)
