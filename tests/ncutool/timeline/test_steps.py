"""Steps of a window, launches made before the recording, and cutting to whole steps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import Trace, traces, window

from ncutool.analysis.analyse import analyse
from ncutool.analysis.request import Request
from ncutool.timeline.window import Timeline, build
from ncutool_parsers import read

KERNELS = ("embed", "norm", "attention", "norm", "mlp", "head", "loss", "update", "zero", "copy")
STEP_NS = 10_000


def mark(trace: Trace, name: str, start: int, end: int) -> None:
    """An annotation on the host."""
    trace.annotations.append(
        {"name": name, "on_device": False, "thread": 0, "start_ns": start, "end_ns": end}
    )


def run(trace: Trace, start: int, kernels: tuple[str, ...], *, linked: bool = True) -> int:
    """One kernel of 1 µs after another; where they end."""
    for name in kernels:
        called = {"called": (start - 900, start - 800)} if linked else {}
        trace.kernel(start, 1_000, kernel=name, kernel_full=name, **called)
        start += 1_000
    return start


def stepped(name: str, before: tuple[str, ...], *after: tuple[str, ...]) -> Trace:
    """Launches made before the recording, then annotated steps of the given kernels."""
    trace = Trace()
    clock = run(trace, 0, before, linked=False)
    for number, kernels in enumerate(after):
        end = run(trace, clock, kernels)
        mark(trace, name.format(number), clock - 950, end - 960)
        clock = end
    return trace


def whole(trace: Trace) -> Timeline:
    """The timeline of whole steps."""
    timeline = build(trace.capture(), whole_steps=True)
    assert timeline is not None
    return timeline


@pytest.mark.parametrize(
    "name", ["ProfilerStep#{}", "step[DECODE bs=4]", "Iteration {}", "turn {}"]
)
def test_annotated_steps_are_counted(name: str) -> None:
    """Whatever marks them: the profiler, a server, or a name that repeats around all launches."""
    timeline = window(stepped(name, (), KERNELS, KERNELS, KERNELS).capture())
    assert timeline.steps == 3.0
    assert timeline.steps_reason == "It holds 3 annotated steps."
    assert timeline.notices == ()


@pytest.mark.parametrize("name", ["layer {}", "nccl:all_reduce", "next_batch"])
def test_what_repeats_within_a_step_is_no_step(name: str) -> None:
    """Layers, collectives and loading mark no steps, so their number stays unknown."""
    timeline = window(stepped(name, (), KERNELS, KERNELS).capture())
    assert timeline.steps is None
    assert "no annotation marks them" in timeline.steps_reason


def test_the_end_of_a_step_before_is_a_fraction() -> None:
    """Four of ten kernels, in order and by name, are 0.4 of a step."""
    timeline = window(stepped("ProfilerStep#{}", KERNELS[-4:], KERNELS).capture())
    assert timeline.steps == pytest.approx(1.4)
    (notice,) = timeline.notices
    assert notice.code == "unlinked_prefix"
    assert "first 4 µs of the window (28.6 %) belong to 4 launches" in notice.text
    assert "1.40 steps" in notice.text


def test_more_than_a_step_before_is_counted_round() -> None:
    """A whole step and four kernels of the one before it."""
    before = KERNELS[-4:] + KERNELS
    assert window(stepped("step {}", before, KERNELS).capture()).steps == pytest.approx(2.4)


def test_other_kernels_before_make_the_count_unknown() -> None:
    """No guess where the launches before are not the end of a step."""
    timeline = window(stepped("step {}", ("other", "work"), KERNELS).capture())
    assert timeline.steps is None
    assert "not the end of one" in timeline.steps_reason
    assert "2 launches" in timeline.notices[0].text


def test_a_last_step_cut_short_is_a_fraction_and_not_whole() -> None:
    """Its kernels are the first of a step like the others."""
    trace = stepped("step {}", (), KERNELS, KERNELS, KERNELS[:3])
    assert window(trace.capture()).steps == pytest.approx(2.3)
    assert whole(trace).wall_ns == 2 * STEP_NS


def test_whole_steps_are_kept_on_demand() -> None:
    """The window is the annotated steps, and says what went."""
    timeline = whole(stepped("step {}", KERNELS[-4:], KERNELS, KERNELS))
    assert (timeline.start_ns, timeline.wall_ns, timeline.steps) == (4_000, 2 * STEP_NS, 2.0)
    assert timeline.trimmed == (
        "Cut 4 µs off the start and 0 µs off the end, 4 launches, to keep the 2 whole steps. The "
        "window, its idle time and the findings are of these; the list of kernels, what is "
        "understood of it and the notices on launches are of the whole recording.",
    )


def test_without_annotations_the_first_recorded_launch_opens_the_window() -> None:
    """What was launched before the recording can be cut all the same."""
    trace = Trace()
    run(trace, run(trace, 0, KERNELS[:3], linked=False), KERNELS)
    assert (whole(trace).start_ns, whole(trace).wall_ns) == (3_000, STEP_NS)


def test_a_launch_across_the_edge_counts_with_its_part_inside() -> None:
    """A collective that outlasts its step keeps the device busy in the next."""
    trace = stepped("step {}", KERNELS[-1:], KERNELS)
    trace.kernel(500, 2_500, stream=9)
    timeline = whole(trace)
    assert (timeline.start_ns, timeline.busy_ns, timeline.idle_ns) == (1_000, STEP_NS, 0)


@settings(max_examples=80, deadline=None)
@given(traces(), st.lists(st.integers(-300_000, 2_000_000), min_size=2, max_size=6))
def test_whole_steps_keep_the_partition(trace: Trace, edges: list[int]) -> None:
    """Wherever steps begin, pieces sum to the idle time of a window within the recorded one."""
    edges = sorted(edges)
    for number, (start, end) in enumerate(pairwise(edges)):
        mark(trace, f"ProfilerStep#{number}", start, end)
    full, cut = window(trace.capture()), whole(trace)
    gaps = cut.gaps
    ends = gaps["start_ns"] + gaps["duration_ns"]
    assert int(gaps["duration_ns"].sum()) == cut.idle_ns
    assert (gaps["start_ns"][1:] >= ends[:-1]).all()
    assert full.start_ns <= cut.start_ns <= cut.end_ns <= full.end_ns
    assert cut.busy_ns <= full.busy_ns
    assert cut.steps is None or cut.steps >= 0


REAL: dict[str, tuple[float, float]] = {
    # trace: steps, and the window of whole steps in µs
    "h100-qwen1.5-0.5b-prefill": (1.42, 34_892),
    "mi300x-resnet-ddp-train": (4.61, 56_518),
    "a100-recommender-train": (6, 464_594),
    "v100-resnet50-2021": (6, 996_477),
}


@pytest.mark.parametrize("name", REAL)
def test_steps_of_real_traces(name: str, corpus: Path) -> None:
    """A prefill of 1.42 steps, and training steps behind the end of another."""
    capture = read(corpus / "torch" / f"{name}.json.gz")
    steps, wall = REAL[name]
    assert window(capture).steps == pytest.approx(steps, abs=0.005)
    timeline = build(capture, whole_steps=True)
    assert timeline is not None
    assert timeline.wall_ns / 1e3 == pytest.approx(wall, abs=1)
    inside: Any = capture.launches.filter(timeline.within()).select(pl.col("start_ns").min())
    assert inside.item() == timeline.start_ns


def test_a_step_in_which_nothing_takes_time_is_no_window() -> None:
    """A clock of whole microseconds gives short launches none; the window then stays, and says
    so."""
    trace = Trace()
    clock = run(trace, 0, KERNELS, linked=False)
    trace.kernel(clock + 100, 0, called=(clock - 900, clock - 800))
    mark(trace, "ProfilerStep#1", clock - 950, clock - 700)
    timeline = whole(trace)
    assert (timeline.start_ns, timeline.end_ns) == (0, clock + 100)
    assert timeline.trimmed == (
        "The window was not cut to the one whole step: no launch takes any time there.",
    )
    analysis = analyse(trace.capture(), Request(whole_steps=True))
    assert "whole step" in " ".join(notice.text for notice in analysis.notices)


def test_a_window_without_time_has_no_state() -> None:
    """Its only launch with a start takes none, though others without a start do."""
    trace = Trace()
    trace.kernel(1_000, 0)
    trace.kernel(None, 5_000)
    analysis = analyse(trace.capture())
    assert (analysis.state, analysis.shares.parts, analysis.coverage.duration_ns) == ("", (), 5_000)
    assert analysis.headline
