"""How many steps a window holds: annotated steps, and launches made before the recording.

A step is what an annotation says it is (``ProfilerStep#6``, ``step[DECODE bs=32]``, or another
name that repeats around nearly all launches). Launches with no launch record before the first
one that has it were made before the recording began. They are counted in steps only where they
are, kernel for kernel, the end of a recorded step; otherwise the count is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.timeline.call_names import INPUT
from ncutool_parsers.capture import Capture, Notice

_STEP = (
    r"(?i)^(ProfilerStep#|((train|training|eval|inference|global)[_ ]?)?(step|iteration|iter)\b)"
)
_PART = r"(?i)layer|block|expert|head|chunk|micro|stage|bucket|nccl"
"""Names that repeat within a step, too."""
_COVERED = Threshold(
    0.8, "share of launches", "what a repeated annotation must hold to be a step", "judgement"
)
_SAME = Threshold(
    0.95,
    "share of launches",
    "kernels that must agree, in order, for a part of a step to be known",
    "judgement",
)

_NEEDED = ("launch_id", "start_ns", "duration_ns", "lane", "kernel_full", "thread", "call_start")


class Step(Struct, frozen=True, dict=True):
    """One annotated step: its launches in order of start."""

    name: str
    launches: pl.DataFrame
    """Rows of ``launch_points``, all streams."""

    @cached_property
    def lane(self) -> int:
        """The stream of most launches, by its number among all streams of all devices."""
        counts = self.launches.group_by("lane").len().sort("len", "lane", descending=True)
        return int(counts["lane"][0])

    @cached_property
    def main(self) -> pl.DataFrame:
        """Its launches on that stream, in order."""
        return _on(self.launches, self.lane)

    @property
    def start_ns(self) -> int:
        """Start of its first launch."""
        return int(self.launches["start_ns"].to_numpy().min())

    @property
    def end_ns(self) -> int:
        """End of the launch that ends last."""
        ends = self.launches["start_ns"] + self.launches["duration_ns"]
        return int(ends.to_numpy().max())


class Steps(Struct, frozen=True):
    """The steps of a window."""

    count: float | None
    """Steps in the window; a fraction where a part of one is known by its kernels."""
    reason: str
    """What ``count`` rests on, or why it is None; a sentence."""
    whole: tuple[Step, ...] = ()
    """Annotated steps all of whose launches are in the window."""
    prefix: int = 0
    """Launches with no launch record before the first that has it."""
    prefix_ns: int = 0
    """From the start of the window to the first launch with a launch record."""

    def notice(self, wall_ns: int) -> Notice | None:
        """Return what launches made before the recording mean for the figures; None without any."""
        if not self.prefix:
            return None
        share = f" ({100 * self.prefix_ns / wall_ns:.1f} %)" if wall_ns else ""
        text = (
            f"The first {self.prefix_ns / 1e3:,.0f} µs of the window{share} belong to "
            f"{units.counted(self.prefix, 'launch')} with no launch record, made before the "
            "recording began: "
            f"neither their operators nor why the device waited for them is known. {self.reason}"
        )
        return Notice("unlinked_prefix", text)


def find(points: pl.DataFrame, capture: Capture) -> Steps:
    """Return the steps among ``points`` (launches with their calls, in order of start)."""
    points = points.select(_NEEDED)
    linked = points["thread"].is_not_null()
    first = linked.arg_max() if linked.any() else None
    prefix = points.head(first or 0)
    before = int(points["start_ns"][first] - points["start_ns"][0]) if first else 0
    steps = list(_annotated(points, capture))
    if not steps:
        reason = "How many steps it holds is unknown: no annotation marks them."
        return Steps(None, reason, prefix=prefix.height, prefix_ns=before)
    count, reason = _count(steps, prefix, int(linked.sum()))
    return Steps(count, reason, _whole(steps), prefix.height, before)


def _count(steps: list[Step], prefix: pl.DataFrame, linked: int) -> tuple[float | None, str]:
    """Return how many steps there are (None where that is not known), and the evidence in words."""
    held = sum(step.launches.height for step in steps)
    marked = units.counted(len(steps), "annotated step")
    if held < _COVERED * linked:
        text = f"{marked}: {units.counted(linked - held, 'launch')} in none"
        return None, f"How many steps it holds is unknown beyond {text}."
    tail = _tail(prefix, _model(steps))
    if tail is None:
        text = f"{marked}: the launches before are not the end of one like the others"
        return None, f"How many steps it holds is unknown beyond {text}."
    parts = [_part_of(step, steps) for step in steps]
    count = sum(1.0 if part is None else part for part in parts) + tail
    other = f"; {units.counted(linked - held, 'launch')} in none" if held < linked else ""
    if not prefix.height:
        part = f", in all {count:.2f} by their kernels" if count < len(steps) else ""
        return count, f"It holds {marked}{part}{other}."
    return count, (
        f"In order, their kernels are those of the last {tail:.2f} steps before: the window holds "
        f"{count:.2f} steps, {len(steps)} of them annotated{other}."
    )


def _annotated(points: pl.DataFrame, capture: Capture) -> Iterator[Step]:
    """Yield the annotated steps that launched something, in order of their annotations."""
    marks = _marks(points, capture)
    if marks is None:
        return
    called = points.filter(pl.col("call_start").is_not_null()).sort("call_start", "launch_id")
    begins = called["call_start"].to_numpy()
    first = begins.searchsorted(marks["start_ns"].to_numpy())
    last = begins.searchsorted(marks["end_ns"].to_numpy())
    # marks do not overlap, so that one sort serves for all: a sort a step takes milliseconds each
    edges = np.zeros(called.height + 1, np.int64)
    np.add.at(edges, np.concatenate([first, last]), 1)
    part = pl.Series(np.cumsum(edges[:-1]))
    in_order = called.with_columns(part=part).sort("part", "start_ns", "launch_id").drop("part")
    for name, begin, end in zip(marks["name"], first.tolist(), last.tolist(), strict=True):
        if end > begin:
            yield Step(name, in_order[begin:end])


def _marks(points: pl.DataFrame, capture: Capture) -> pl.DataFrame | None:
    """Return the annotations that mark steps, in order; None where none does."""
    host = capture.annotations.filter(~pl.col("on_device")).sort("start_ns", "end_ns")
    named = host.filter(pl.col("name").str.contains(_STEP))
    profiler = named.filter(pl.col("name").str.starts_with("ProfilerStep#"))
    for marks in (profiler, named):
        if marks.height and _apart(marks):
            return marks
    return _repeated(points, host)


def _repeated(points: pl.DataFrame, host: pl.DataFrame) -> pl.DataFrame | None:
    """Return the outermost annotations of one name, numbers aside, around nearly all launches."""
    other = ~pl.col("name").str.contains(_PART) & ~pl.col("name").str.contains(INPUT)
    groups = host.filter(other).with_columns(key=pl.col("name").str.replace_all(r"\d+", "#"))
    called = points["call_start"].drop_nulls().sort().to_numpy()
    candidates: list[tuple[int, pl.DataFrame]] = []
    for marks in groups.partition_by("key", maintain_order=True):
        if marks.height < 2 or not _apart(marks):
            continue
        held = called.searchsorted(marks["end_ns"].to_numpy())
        held = held - called.searchsorted(marks["start_ns"].to_numpy())
        if (held > 0).sum() >= 2 and held.sum() >= _COVERED * called.size:
            candidates.append((int((marks["end_ns"] - marks["start_ns"]).sum()), marks))
    return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else None


def _apart(marks: pl.DataFrame) -> bool:
    """Whether no two of the annotations, in order of start, overlap."""
    return bool((marks["start_ns"][1:] >= marks["end_ns"][:-1]).all())


def _whole(steps: list[Step]) -> tuple[Step, ...]:
    """Return all steps but a first and a last that are only a part of one."""
    return tuple(step for step in steps if _part_of(step, steps) is None)


def _part_of(step: Step, steps: list[Step]) -> float | None:
    """Return the part (0 to 1) that the first or last of ``steps`` is; None where it is whole."""
    if step is not steps[0] and step is not steps[-1]:
        return None  # before the model is asked for, so that the time stays linear in steps
    model = _model(steps)
    if step is steps[-1] and (share := _share(step, model, head=True)) is not None:
        return share
    return _share(step, model, head=False) if step is steps[0] else None


def _model(steps: Sequence[Step]) -> Step:
    """Return the first step of the most common number of launches, the larger of equals."""
    sizes = Counter(step.launches.height for step in steps)
    usual = max(sizes, key=lambda size: (sizes[size], size))
    return next(step for step in steps if step.launches.height == usual)


def _on(launches: pl.DataFrame, lane: int) -> pl.DataFrame:
    return launches.filter(pl.col("lane") == lane)


def _share(step: Step, model: Step, *, head: bool) -> float | None:
    """Return the part of ``model``'s time that ``step``, its first or last launches, makes up."""
    part, whole = step.main["kernel_full"], model.main["kernel_full"]
    if step is model or part.len() >= whole.len():
        return None
    if not _agree(part, whole.head(part.len()) if head else whole.tail(part.len())):
        return None
    if head:
        return 1 - _time_from(model, part.len())
    return _time_from(model, whole.len() - part.len())


def _tail(prefix: pl.DataFrame, model: Step) -> float | None:
    """Return how many steps ``prefix`` holds, up to the end of one; None where none matches."""
    if not prefix.height:
        return 0.0
    names = model.main["kernel_full"]
    part = _on(prefix, model.lane)["kernel_full"]
    if not part.len():
        return None
    rounds, rest = divmod(part.len(), names.len())
    twin = pl.concat([names.tail(rest), *[names] * rounds])
    if not _agree(part, twin):
        return None
    return rounds + (_time_from(model, names.len() - rest) if rest else 0.0)


def _agree(part: pl.Series, twin: pl.Series) -> bool:
    same = int((part == twin).sum())
    return same >= _SAME * part.len()


def _time_from(step: Step, launch: int) -> float:
    """Return the share of the step's time from the start of a launch of its main stream on."""
    span = step.end_ns - step.start_ns
    return (step.end_ns - int(step.main["start_ns"][launch])) / span if span else 0.0
