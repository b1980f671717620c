"""Another batch or length: each operator's time from its shapes (:mod:`ncutool.whatif.predict`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.whatif import predict
from ncutool.whatif.answer import Unchanged
from ncutool.whatif.moving import refuse_several
from ncutool.whatif.predict import rates, scaling, sizes
from ncutool.whatif.predict.interval import linear, total
from ncutool.whatif.times import Times
from ncutool.whatif.undecided import Undecided, extent, undecided
from ncutool_parsers.errors import CaptureError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.whatif.question import Question
    from ncutool.work.operators import OpCall

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "launch_id": pl.Int64, "low_ns": pl.Float64, "high_ns": pl.Float64, "by": pl.String,
    "why": pl.String, "flop_growth": pl.Float64, "bytes_growth": pl.Float64,
}  # fmt: skip


TOLD_SHARE = Threshold(
    0.5,
    "share of kernel time",
    "launches whose growth is known, collectives aside; with less the answer would be a guess",
    "judgement",
)
_OPEN = {
    Undecided.MAY_GROW: "neither the batch nor weights alone in their shapes: from none to all",
    Undecided.UNMODELLED: "operators without a model, whose work may grow: from none to all",
    Undecided.COLLECTIVE: "collectives carry gradients or activations: from none to all",
    Undecided.MAY_LENGTHEN: "attention over a cache that may be longer: from none to all",
}


class Resized(Struct, frozen=True):
    """Times at the new sizes, and what each call would be."""

    times: Times
    old: predict.Sizes
    calls: tuple[OpCall, ...]
    """At the new sizes, as far as they can be told."""


def at_sizes(
    base: predict.Base,
    batch_scale: float = 1,
    length_scale: float = 1,
    known: predict.Sizes | None = None,
) -> predict.AtScale:
    """As :func:`ncutool.whatif.predict.at_scale`, but what may grow or not is bounded by both:
    collectives, and calls whose shapes hold neither the batch nor weights alone.

    Raises:
        ValueError: the sizes cannot be told or would not be whole, with the reason.
    """
    scaled = predict.at_scale(base, batch_scale, length_scale, known)
    least, most = extent(batch_scale, length_scale)
    reasons = undecided(base.runs, scaled.old, batch_scale, length_scale)
    predictions = [
        prediction if reason is None else _either(run, prediction, least, most, reason)
        for run, prediction, reason in zip(base.runs, scaled.predictions, reasons, strict=True)
    ]
    return replace(scaled, predictions=tuple(predictions))


def _either(
    run: predict.Run, prediction: predict.Prediction, least: float, most: float, reason: Undecided
) -> predict.Prediction:
    low, high = run.duration_ns * least, run.duration_ns * most
    interval = predict.Interval(low * (1 - rates.REPEAT), high * (1 + rates.REPEAT))
    return replace(prediction, interval=interval, reason=reason.value, by_shapes=True)


def resize(analysis: Analysis, times: Times, question: Question) -> Resized:
    """Return ``times`` at the sizes asked for, with FLOPs and bytes of the launches to match.

    Raises:
        CaptureError: the capture does not say enough, with the reason.
    """
    capture, device = analysis.capture, analysis.resolution.device
    refuse_several(analysis)
    if device is None:
        raise CaptureError(capture.name, "its device is unknown", "name it with --assume-device")
    batch, length = question.batch_scale or 1.0, question.length_scale or 1.0
    base = predict.base(times.kernels, capture, device)
    try:
        known = _named(base, question)
        scaled = at_sizes(base, batch, length, known)
        calls_now = [run.call for run in base.runs]
        rescaled = scaling.rescale(calls_now, scaled.old, batch, length)
        if all(new.call in (None, call) for call, new in zip(calls_now, rescaled, strict=True)):
            raise ValueError("no shape has the size that would change")
        _check_told(base.runs, rescaled)
    except ValueError as refusal:
        raise CaptureError(
            capture.name,
            str(refusal),
            "no time can be said; --batch N and --length N name the capture's own sizes",
        ) from refusal
    reasons = undecided(base.runs, scaled.old, batch, length)
    decided = [
        new.call if why is None else None for new, why in zip(rescaled, reasons, strict=True)
    ]
    rows = _rows(times, base.runs, scaled.predictions, decided)
    growth = rows.select("launch_id", "flop_growth", "bytes_growth")
    kernels = times.kernels.join(growth, on="launch_id", how="left", maintain_order="left")
    kernels = kernels.with_columns(
        pl.col("flop") * pl.col("flop_growth"), pl.col("dram_bytes") * pl.col("bytes_growth")
    ).drop("flop_growth", "bytes_growth")
    widest, whole = linear(scaled.predictions), total(scaled.predictions)
    spread = widest.high_ns - widest.low_ns
    changed = replace(
        times.with_rows(rows),
        kernels=kernels,
        agreement=(whole.high_ns - whole.low_ns) / spread if spread else 1.0,
    )
    changed = changed.leaving(
        *_open(changed, base, [new.call for new in rescaled], reasons),
        *_untold(changed, base, rescaled),
    )
    changed = changed.saying(*_notes(scaled, batch, length))
    calls = tuple(new.call for new in rescaled if new.call is not None)
    return Resized(changed, scaled.old, calls)


def _check_told(runs: Sequence[predict.Run], rescaled: Sequence[scaling.Rescaled]) -> None:
    """Raise a ValueError where most of the time would be guessed from what little has shapes."""
    every = known = 0
    for run, new in zip(runs, rescaled, strict=True):
        if run.family != "collective":
            every += run.duration_ns
            known += run.duration_ns if new.call is not None else 0
    if known < TOLD_SHARE * every:
        raise ValueError(
            f"shapes tell only {units.percent(100 * known / every)} of the kernel time at other "
            "sizes (graph replays and compiled kernels have none)"
        )


def _named(base: predict.Base, question: Question) -> predict.Sizes | None:
    """Return the sizes that the user named; what was left out is found in the shapes."""
    if question.batch is None and question.length is None:
        return None
    in_shapes = sizes.find([run.call for run in base.runs if run.call is not None])
    if question.batch is None:
        if isinstance(in_shapes, str):
            raise ValueError(in_shapes)
        return predict.Sizes(in_shapes.batch, question.length)
    length = None if isinstance(in_shapes, str) else in_shapes.length
    return predict.Sizes(question.batch, question.length or length)


def _rows(
    times: Times,
    runs: Iterable[predict.Run],
    predictions: Iterable[predict.Prediction],
    calls: Iterable[OpCall | None],
) -> pl.DataFrame:
    """Return each launch's part of its operator, by its part of the time now."""
    rows_of_runs: list[dict[str, Any]] = []
    for run, prediction, call in zip(runs, predictions, calls, strict=True):
        flop, moved = _growth(run.call, call)
        rows_of_runs.append(
            {
                "launch_id": run.launch_ids,
                "low_ns": prediction.interval.low_ns,
                "high_ns": prediction.interval.high_ns,
                "by": "size" if call is not None else "unknown",
                "why": _why(prediction, flop, moved),
                "flop_growth": flop,
                "bytes_growth": moved,
            }
        )
    schema = {**_SCHEMA, "launch_id": pl.List(pl.Int64)}
    rows = pl.DataFrame(rows_of_runs, schema=schema).with_row_index("run").explode("launch_id")
    now = rows.join(
        times.frame.select("launch_id", "now_ns"), on="launch_id", how="left", maintain_order="left"
    )["now_ns"]
    rows = rows.with_columns(now.alias("now_ns"))
    whole = pl.col("now_ns").sum().over("run")
    part = pl.when(whole > 0).then(pl.col("now_ns") / whole).otherwise(1 / pl.len().over("run"))
    return rows.with_columns(pl.col("low_ns") * part, pl.col("high_ns") * part)


def _why(prediction: predict.Prediction, flop: float | None, moved: float | None) -> str:
    if moved is None:
        return prediction.reason if prediction.by_shapes else "no shapes: as nine of ten others"
    return f"{moved:.3g} × the bytes" + (
        f", {flop:.3g} × the FLOPs" if flop not in (None, 1) else ""
    )


def _growth(before: OpCall | None, after: OpCall | None) -> tuple[float | None, float | None]:
    """Return by what FLOPs and bytes grow; None where either is not modelled."""
    if before is None or after is None:
        return None, None
    old, new = rates.demand(before), rates.demand(after)
    if old is None or new is None or not (old.modelled and new.modelled):
        return None, None
    return (
        new.flop / old.flop if old.flop else 1.0,
        new.bytes / old.bytes if old.bytes else None,
    )


def _open(
    times: Times,
    base: predict.Base,
    calls: Sequence[OpCall | None],
    reasons: Sequence[Undecided | None],
) -> list[Unchanged]:
    """Return the calls whose sizes do not change, and those that may grow or not."""
    launches: dict[Undecided | None, list[int]] = {}
    for run, call, reason in zip(base.runs, calls, reasons, strict=True):
        if reason is not None or (call is not None and call == run.call):
            launches.setdefault(reason, []).extend(run.launch_ids)
    return [
        times.group(
            "may grow or not" if reason else "same shapes",
            _OPEN[reason] if reason else "no size of theirs changes: kept within 5 %",
            pl.DataFrame({"launch_id": ids}, schema={"launch_id": pl.Int64}),
        )
        for reason, ids in launches.items()
    ]


def _untold(
    times: Times, base: predict.Base, rescaled: Iterable[scaling.Rescaled]
) -> list[Unchanged]:
    """Return the calls that cannot be told, by reason, most time first."""
    launches: dict[str, list[int]] = {}
    spent: Counter[str] = Counter()
    for run, new in zip(base.runs, rescaled, strict=True):
        if new.reason is not None:
            reason = new.reason
            launches.setdefault(reason, []).extend(run.launch_ids)
            spent[reason] += run.duration_ns
    return [
        times.group(
            "sizes not told",
            f"{reason}: as nine of ten others change",
            pl.DataFrame({"launch_id": launches[reason]}, schema={"launch_id": pl.Int64}),
        )
        for reason, _ in spent.most_common()
    ]


def _notes(scaled: predict.AtScale, batch: float, length: float) -> list[str]:
    old = scaled.old
    changes = [f"batch {old.batch} to {round(old.batch * batch)}"]
    if old.length is not None and length != 1:
        changes.append(f"length {old.length} to {round(old.length * length)}")
    return [
        f"Told from shapes: {', '.join(changes)}; the same device, software and kernels "
        f"({units.counted(len(scaled.predictions), 'operator call')}).",
        "The host's times are taken to stay: what it does for each element, such as loading "
        "input, is not scaled.",
    ]
