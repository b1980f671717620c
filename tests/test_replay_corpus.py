"""The replay held against real traces: exact unchanged, and worth what others worked out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ncutool.base.intervals import Bools, Ints
from ncutool.base.records import replace
from ncutool.timeline import window as timeline
from ncutool.timeline.replay import Replay, prepare
from ncutool_parsers import read

NAMES = (
    *("a100-inductor-pointwise", "a100-particle-transformer-b004", "a100-recommender-train"),
    *("a100-particle-transformer-b016", "a100-particle-transformer-b064"),
    *("a100-particle-transformer-b128", "a100-resnet-ddp-noshapes", "a100-switch-transformer"),
    *("b200-vllm-moe-prefill-8rank", "b300-sglang-deepseek-r1-decode-graph"),
    *("h100-qwen1.5-0.5b-prefill", "h100-vit-inference", "mi210-gpu-only", "mi250-mlp-train"),
    *("mi300x-inductor-rmsnorm", "mi300x-normalization-fwd-bwd", "mi300x-resnet-ddp-train"),
    *("mi300x-sglang-qwen3-8b-capture", "mi300x-sglang-qwen3-8b-decode-graph"),
    *("mi300x-sglang-qwen3-8b-prefill", "mi300x-timesformer-inference"),
    *("mi300x-xdit-sd3.5-compile", "v100-dlrm-8rank-rank0", "v100-dlrm-8rank-rank1"),
    *("v100-resnet50-2020-list", "v100-resnet50-2021"),
)


@dataclass(frozen=True)
class Window:
    """A trace's window, and which of its launches are compute kernels and collectives."""

    replay: Replay
    compute: Bools
    collective: Bools

    @property
    def wall(self) -> int:
        """As recorded."""
        return self.replay.wall_ns(self.replay.unchanged())

    def saved_pct(self, duration: Ints, *, fixed: bool = False) -> float:
        """End to end, of the window."""
        changes = replace(self.replay.unchanged(), duration=duration, calls_fixed=fixed)
        return 100 * (self.wall - self.replay.wall_ns(changes)) / self.wall

    def halved(self) -> Ints:
        """Durations with every compute kernel's halved."""
        length = self.replay.duration
        return np.asarray(np.where(self.compute, length // 2, length))

    def collectives_over(self, divisor: int) -> Ints:
        """Durations with every collective's divided."""
        length = self.replay.duration
        return np.asarray(np.where(self.collective, length // divisor, length))


@cache
def window(path: Path) -> Window | None:
    """The window of a trace; None where none of its launches has a time."""
    capture = read(path)
    built = timeline.build(capture)
    if built is None:
        return None
    replay = prepare(capture, built)
    launches = capture.launches.sort("launch_id")
    communicates = launches["kernel_full"].str.contains("(?i)nccl|multimem_all").to_numpy()
    kernel = (launches["category"] == "kernel").to_numpy()
    rows = np.searchsorted(launches["launch_id"].to_numpy(), replay.launch_id)
    return Window(replay, (kernel & ~communicates)[rows], (kernel & communicates)[rows])


def real(corpus: Path, name: str) -> Window:
    """The window of a trace of the corpus that has one."""
    found = window(corpus / "torch" / f"{name}.json.gz")
    assert found is not None
    return found


def test_every_trace_of_the_corpus_is_replayed_here(corpus: Path) -> None:
    """The list of names is complete."""
    files = (corpus / "torch").glob("*.json.gz")
    assert {path.name.removesuffix(".json.gz") for path in files} == set(NAMES)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_unchanged_real_traces_replay_exactly(name: str, fixed: bool, corpus: Path) -> None:
    """0 ns of difference in every start and end, whatever holds launches back."""
    replay = real(corpus, name).replay
    starts, ends = replay.run(replace(replay.unchanged(), calls_fixed=fixed))
    assert np.array_equal(starts, replay.start)
    assert np.array_equal(ends, replay.start + replay.duration)


@pytest.mark.parametrize("name", NAMES)
def test_real_streams_keep_their_order_when_everything_halves(name: str, corpus: Path) -> None:
    """Launches that did not overlap on their stream do not, and the window does not grow."""
    of = real(corpus, name)
    starts, ends = of.replay.run(replace(of.replay.unchanged(), duration=of.replay.duration // 2))
    limits = of.replay.constraints
    rows = np.flatnonzero((limits.before > 0) & (limits.before_gap >= 0))
    assert (starts[rows] >= ends[limits.before[rows] - 1]).all()
    assert (starts <= of.replay.start).all()


HALVED = {
    # Halving every compute kernel, % of the window: summed, and end to end.
    "h100-qwen1.5-0.5b-prefill": (45.8, 44.1),
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


@pytest.mark.parametrize("name", HALVED)
def test_halving_every_kernel_is_worth_what_the_host_lets_through(name: str, corpus: Path) -> None:
    """Within 1 % of the window of a replay worked out with another program."""
    of = real(corpus, name)
    naive = 100 * float((of.replay.duration - of.halved()).sum()) / of.wall
    assert naive == pytest.approx(HALVED[name][0], abs=0.1)
    assert of.saved_pct(of.halved()) == pytest.approx(HALVED[name][1], abs=1.0)


def test_a_trimmed_decode_step_is_worth_what_its_raw_window_is(corpus: Path) -> None:
    """1.0 % of a recording of 474 ms is 46 % of the 10 ms that remain of it."""
    of = real(corpus, "mi300x-sglang-qwen3-8b-decode-graph")
    saved_ns = of.saved_pct(of.halved()) / 100 * of.wall
    assert 100 * saved_ns / 473_750_000 == pytest.approx(1.0, abs=0.1)


def test_a_prefill_with_fixed_calls_becomes_bound_by_them(corpus: Path) -> None:
    """Its 31 ms of launch calls, made while being profiled, then leave less than half of it."""
    of = real(corpus, "h100-qwen1.5-0.5b-prefill")
    assert 15 < of.saved_pct(of.halved(), fixed=True) < 22


def test_free_collectives_are_worth_what_they_expose_at_most(corpus: Path) -> None:
    """15.0 % of the window in one recorded rank, and never more than the exposed time."""
    of = real(corpus, "v100-dlrm-8rank-rank0")
    assert of.saved_pct(of.collectives_over(2**60)) == pytest.approx(15.0, abs=0.2)
    of = real(corpus, "mi300x-resnet-ddp-train")
    assert 50 < of.saved_pct(of.collectives_over(10)) < 63.9
