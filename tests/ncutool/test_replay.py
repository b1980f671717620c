"""The timeline run again: exact without a change, and what a saving is worth with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from trace_factory import Trace, traces, window

from ncutool.replay import Replay, prepare
from ncutool_parsers import read
from ncutool_parsers.capture import Capture


def replay_of(capture: Capture) -> Replay:
    """A capture's window, ready to run."""
    return prepare(capture, window(capture))


def starts_with(replay: Replay, **changes: object) -> list[int]:
    """New starts in µs under changed fields of ``Changes``."""
    fields = {name: np.array(value) for name, value in changes.items()}
    changed = replace(replay.unchanged(), **fields)
    return [int(start) // 1000 for start in replay.run(changed)[0]]


def chain(*launched: int, starts: tuple[int, ...], length: int = 100) -> Trace:
    """Launches of ``length`` µs, called at ``launched`` µs, started at ``starts`` µs."""
    trace = Trace()
    for called, start in zip(launched, starts, strict=True):
        trace.kernel(start * 1000, length * 1000, called=((called - 1) * 1000, called * 1000))
    return trace


def test_a_queued_launch_follows_the_one_before() -> None:
    """Halving a launch moves those behind it by as much."""
    replay = replay_of(chain(-30, -20, -10, starts=(0, 101, 202)).capture())
    assert starts_with(replay, duration=[50_000, 50_000, 50_000]) == [0, 51, 102]


def test_a_late_launch_stays_where_its_call_is() -> None:
    """Kernel time saved before it becomes idle time."""
    replay = replay_of(chain(-10, 150, starts=(0, 160)).capture())
    assert starts_with(replay, duration=[10_000, 100_000]) == [0, 160]
    assert replay.wall_ns(replay.unchanged()) == 260_000


def test_a_queued_launch_never_starts_before_its_own_call() -> None:
    """Room in the queue is no licence to run ahead of the host."""
    replay = replay_of(chain(-10, 60, starts=(0, 101)).capture())
    assert starts_with(replay, duration=[10_000, 100_000]) == [0, 61]


def test_the_host_runs_ahead_after_a_synchronise_that_returns_earlier() -> None:
    """What waited for the device is called as much earlier as the device was."""
    trace = chain(-10, 150, starts=(0, 160))
    trace.call("cudaStreamSynchronize", 10_000, 110_000)
    replay = replay_of(trace.capture())
    assert starts_with(replay, duration=[40_000, 100_000]) == [0, 100]


def test_the_host_does_not_run_ahead_of_its_own_work() -> None:
    """A synchronise cannot return before it was called."""
    trace = chain(-10, 150, starts=(0, 160))
    trace.call("cudaStreamSynchronize", 70_000, 110_000)
    replay = replay_of(trace.capture())
    assert starts_with(replay, duration=[1_000, 100_000]) == [0, 130]


def test_a_removed_launch_takes_its_gap_and_its_host_time_along() -> None:
    """The launches behind it are called earlier by the host time it took."""
    replay = replay_of(chain(-10, 150, 310, starts=(0, 160, 320)).capture())
    changes = {"removed": [False, True, False], "host_saved": [0, 150_000, 0]}
    assert starts_with(replay, duration=[100_000, 0, 100_000], **changes) == [0, 100, 170]


def test_a_replayed_launch_needs_no_call() -> None:
    """It follows the launch before it as in a full queue."""
    replay = replay_of(chain(-10, 150, 310, starts=(0, 160, 320)).capture())
    assert starts_with(replay, replayed=[False, True, True]) == [0, 100, 200]


def test_a_launch_that_waited_for_another_stream_still_does() -> None:
    """Without an order of its own stream it keeps its distance to what ended last."""
    trace = Trace()
    trace.kernel(0, 100_000, stream=1, called=(-30_000, -20_000))
    trace.kernel(102_000, 10_000, stream=2, called=(-20_000, -10_000))
    replay = replay_of(trace.capture())
    assert starts_with(replay, duration=[40_000, 10_000]) == [0, 42]


@settings(max_examples=80, deadline=None)
@given(traces())
def test_unchanged_durations_change_nothing(trace: Trace) -> None:
    """Every recorded start comes back exactly."""
    replay = replay_of(trace.capture())
    starts, _ = replay.run(replay.unchanged())
    assert starts.tolist() == replay.start.tolist()


@settings(max_examples=80, deadline=None)
@given(traces())
def test_shorter_launches_never_start_later(trace: Trace) -> None:
    """A saving in kernel time costs no launch anything."""
    replay = replay_of(trace.capture())
    halved = replace(replay.unchanged(), duration=replay.duration // 2)
    assert (replay.run(halved)[0] <= replay.start).all()


def test_real_traces_replay_exactly(corpus: Path) -> None:
    """0 ns of difference on every trace of the corpus."""
    for path in sorted((corpus / "torch").glob("*.json.gz")):
        replay = replay_of(read(path))
        starts, ends = replay.run(replay.unchanged())
        assert np.array_equal(starts, replay.start), path.name
        assert np.array_equal(ends, replay.start + replay.duration), path.name


HALVED = {
    # Halving every kernel but the collectives, % of the window: summed, and end to end.
    "h100-vit-inference": (8.1, 0.0),
    "b200-vllm-moe-prefill-8rank": (5.2, 0.0),
    "a100-switch-transformer": (40.4, 39.3),
    "a100-recommender-train": (30.5, 5.6),
    "mi300x-resnet-ddp-train": (14.9, 5.7),
    "a100-particle-transformer-b004": (8.1, 0.0),
    "a100-particle-transformer-b128": (42.0, 0.0),
    "mi300x-timesformer-inference": (49.0, 48.6),
    "v100-dlrm-8rank-rank0": (4.0, 0.1),
    "v100-resnet50-2021": (29.7, 3.3),
}


def halved_pct(capture: Capture) -> tuple[float, float]:
    """What halving every kernel but the collectives saves: summed, and end to end."""
    replay = replay_of(capture)
    collective = capture.launches["kernel_full"].str.contains("(?i)nccl|multimem_all")
    compute = (capture.launches["category"] == "kernel") & ~collective
    mask = compute.to_numpy()[np.argsort(capture.launches["launch_id"].to_numpy())]
    duration = np.where(mask[replay.launch_id], replay.duration // 2, replay.duration)
    wall = replay.wall_ns(replay.unchanged())
    saved = wall - replay.wall_ns(replace(replay.unchanged(), duration=duration))
    return 100 * float((replay.duration - duration).sum()) / wall, 100 * saved / wall


@pytest.mark.parametrize("name", HALVED)
def test_halving_every_kernel_is_worth_what_the_host_lets_through(name: str, corpus: Path) -> None:
    """Within 2 % of the window of a replay worked out with another program."""
    naive, end_to_end = halved_pct(read(corpus / "torch" / f"{name}.json.gz"))
    assert naive == pytest.approx(HALVED[name][0], abs=0.1)
    assert end_to_end == pytest.approx(HALVED[name][1], abs=2.0)


def test_a_prefill_that_halves_becomes_bound_by_its_launch_calls(corpus: Path) -> None:
    """31 ms of launch calls remain for 35 ms of kernels: half the kernel time is not half the
    wall, though a replay that lets queued launches overtake their calls says 44 %."""
    naive, end_to_end = halved_pct(read(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz"))
    assert naive == pytest.approx(45.8, abs=0.1)
    assert 15 < end_to_end < 22
