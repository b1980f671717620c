"""One question about one analysed capture: its parts in turn, then what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.advice.price.ledger import Ledger
from ncutool.advice.view.context import context as seen
from ncutool.base.records import replace
from ncutool.devices import resolve
from ncutool.timeline.replay import prepare
from ncutool.whatif import applying, memory
from ncutool.whatif.answer import Answer, Bounds
from ncutool.whatif.ending import Ending, end_to_end, in_another_run, once, once_ns
from ncutool.whatif.moving import move
from ncutool.whatif.narrowing import narrow
from ncutool.whatif.question import Question
from ncutool.whatif.record import rows
from ncutool.whatif.resizing import Resized, resize
from ncutool.whatif.times import Times
from ncutool.work.calls import calls_of
from ncutool_parsers.errors import CaptureError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.context import Context
    from ncutool.analysis.analyse import Analysis
    from ncutool.devices.resolve import Device
    from ncutool.whatif.applying import Applied
    from ncutool.work.operators import OpCall
    from ncutool_parsers.formats import Format


def ask(
    analysis: Analysis,
    *,
    on: str | None = None,
    batch_scale: float | None = None,
    length_scale: float | None = None,
    batch: int | None = None,
    length: int | None = None,
    weights: str | None = None,
    activations: str | None = None,
    fuse: Sequence[str] = (),
    graph: bool = False,
    known: tuple[Device, ...] | None = None,
) -> Answer:
    """Return what the capture would take with all these changes together.

    Args:
        analysis: of a trace; of a report only ``on`` can be answered.
        on: another device, by name.
        batch_scale: times the batch.
        length_scale: times the padded sequence length.
        batch: the capture's own batch, where shapes do not tell.
        length: the capture's own length, likewise.
        weights: type to keep the weights in, one of :data:`ncutool.whatif.question.WEIGHT_TYPES`.
        activations: type of those products' inputs and arithmetic too, one of
            :data:`ncutool.whatif.question.INPUT_TYPES`.
        fuse: IDs of the capture's findings to carry out.
        graph: carry out its findings of kind graph.
        known: devices to choose from, ncutool's own where None.

    Raises:
        UsageError: nothing is asked, or what makes no sense.
        CaptureError: the capture does not say enough, or memory does not suffice.
    """
    question = Question(
        on, batch_scale, length_scale, batch, length, weights, activations, tuple(fuse), graph
    )  # fmt: skip
    question.check()
    device = None if on is None else resolve.resolve(None, on, known).device
    if not analysis.capture.traits.has_timeline:
        _check_without_timeline(question, analysis.capture.format)
    times = Times.of(analysis.kernels)
    if times.kernels.is_empty():
        raise CaptureError(analysis.capture.name, "no launch has a duration", "nothing can be said")
    context = _context(analysis)
    picked = applying.chosen(analysis.advice_with_drafts, question) if question.carries_out else []
    resized, times = _changed(analysis, question, times, context, device)
    there = device or analysis.resolution.device
    fits = memory.check(analysis.capture.name, _calls(analysis, resized), there)
    applied, ending = None, None
    if context is not None:
        ledger = Ledger(context, prepare(analysis.capture, context.timeline))
        if picked:
            applied = applying.carry_out(context, ledger, picked)
            times, whole = _with_findings(times, applying.durations(ledger, applied), question)
            ending = end_to_end(ledger, whole, applied)
        else:
            ending = end_to_end(ledger, times.in_sums(), None)
            if resized is not None and context.host_bound:
                ending = in_another_run(ending, ledger, times.in_sums(), once_ns(context.timeline))
    return _answer(analysis, question, times, there, fits, applied, ending)


def _context(analysis: Analysis) -> Context | None:
    """Return what advice sees of a trace; None for a report, and where nothing has a start."""
    window, capture = analysis.timeline, analysis.capture
    if window is None or window.wall_ns <= 0:
        return None
    return seen(analysis.kernels, capture, window, analysis.resolution.device)


def _check_without_timeline(question: Question, form: Format) -> None:
    """Raise UsageError where more than another device is asked of a capture without timeline."""
    asked = replace(question, on=None)
    if asked == Question():
        return
    raise UsageError(
        f"a {form.noun} has neither shapes nor a timeline: only --on can be asked of it (its "
        "findings' savings stand in ncutool findings)"
    )


def _changed(
    analysis: Analysis,
    question: Question,
    times: Times,
    context: Context | None,
    device: Device | None,
) -> tuple[Resized | None, Times]:
    """Return the times with sizes changed first, then weights, then the device."""
    resized = None
    if question.resizes:
        resized = resize(analysis, times, question)
        times = resized.times
    if question.weights is not None:
        if context is None:
            raise CaptureError(
                analysis.capture.name, "no launch has a start", "no time can be said"
            )
        times = narrow(analysis, times, context, question.weights, question.activations)
    if device is not None:
        times = move(analysis, times, device, resized=resized is not None)
    return resized, times


def _calls(analysis: Analysis, resized: Resized | None) -> Sequence[OpCall]:
    """Return the operator calls that tell of memory: at the new sizes where these change."""
    if resized is not None:
        return resized.calls
    linked = analysis.capture.launches.filter(pl.col("op_id").is_not_null())
    return tuple(calls_of(linked, analysis.capture).values())


def _with_findings(
    times: Times, touched: pl.DataFrame, question: Question
) -> tuple[Times, pl.DataFrame]:
    """Return the times with findings carried out, and the intervals as wide as they need.

    A launch that others become part of scales as any of them may.
    """
    frame = times.in_sums().join(touched, on="launch_id", how="left", maintain_order="left")
    mine = pl.col("ids").is_not_null()
    if question.weights is not None:
        both = frame.filter(mine & (pl.col("by") == "weights"))
        if not both.is_empty():
            raise UsageError(
                f"{both['ids'][0]} and --weights {question.weights} concern the same launches: ask "
                "them apart"
            )
    now = pl.max_horizontal("now_ns", 1)
    timed = pl.col("now_ns") > 0  # a launch below the clock's resolution says nothing of ratios
    least = pl.when(timed).then(pl.col("low_ns") / now).min().over("ids").fill_null(1.0)
    most = pl.when(timed).then(pl.col("high_ns") / now).max().over("ids").fill_null(1.0)
    whole = frame.with_columns(
        pl.when(mine).then(pl.col("now_ns") * least).otherwise("low_ns").alias("low_ns"),
        pl.when(mine).then(pl.col("now_ns") * most).otherwise("high_ns").alias("high_ns"),
    )
    rows = whole.filter(mine).select(
        "launch_id",
        (pl.col("best_ns") * pl.col("low_ns") / now).alias("low_ns"),
        (pl.col("worst_ns") * pl.col("high_ns") / now).alias("high_ns"),
        pl.when(pl.col("by") == "kept").then(pl.lit("finding")).otherwise("by").alias("by"),
        pl.format("carried out: {}", "ids").alias("why"),
    )
    untouched = times.frame.join(touched.filter(pl.col("ids").is_not_null()), on="launch_id",
                                 how="anti")  # fmt: skip
    changed = times.with_rows(rows).leaving(
        times.group("kernel time kept", "the findings shorten other launches, or none", untouched)
    )
    return changed, whole


def _answer(
    analysis: Analysis,
    question: Question,
    times: Times,
    there: Device | None,
    fits: memory.Memory,
    applied: Applied | None,
    ending: Ending | None,
) -> Answer:
    summed = times.in_sums()
    low, high = (round(float(summed[end].sum())) for end in ("low_ns", "high_ns"))
    no_window = "No launch has a start: no window."
    if analysis.timeline is None:
        no_window = _without_timeline(analysis.capture.format)
    doubt = () if analysis.timeline is None or analysis.timeline.trustworthy else (
        "Too much of the window is unexplained or was not recorded: end to end is not trustworthy.",
    )  # fmt: skip
    kept = () if analysis.timeline is None else once(analysis.timeline)
    return Answer(
        question=question,
        device=there.name if there is not None else None,
        kernel_time=Bounds(times.now_ns, low, max(low, high)),
        end_to_end=None if ending is None else ending.window,
        end_to_end_reason=no_window if ending is None else ending.reason,
        host_limited=None if ending is None else ending.host_limited,
        as_recorded_low_ns=None if ending is None else ending.as_recorded_low_ns,
        launches=times.frame,
        rows=rows(times),
        unchanged=times.unchanged,
        memory=fits,
        findings=() if applied is None else applied.findings,
        notes=(*(() if applied is None else applied.notes), *times.notes, *doubt, *kept),
    )


def _without_timeline(form: Format) -> str:
    alone = ": its launches ran one by one" if form.traits.launches_serialised else ""
    return f"A {form.noun} has no timeline{alone}, so that nothing can be said of a whole program."
