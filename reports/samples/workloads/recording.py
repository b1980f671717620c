"""Records one workload: its steps under torch.profiler, and without it against the clock.

The CPU half was run; the CUDA half (activities, events, marks for Nsight Compute) never was.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, schedule

from workloads.workload import Setting, Step, Workload

WARM_UP = 3
ROUNDS = 3
CAPTURE = "capture.json.gz"
BUDGET_NS = 1_000_000_000
"""Time for one round of a timing; between 3 and 200 steps fit."""


def start(workload: Workload, setting: Setting) -> Step:
    """The workload built from a fixed seed and warmed up: caches, kernels chosen, compiled."""
    torch.manual_seed(0)
    step = workload.build(setting)
    for _ in range(WARM_UP):
        step.run()
    settle(setting)
    return step


def settle(setting: Setting) -> None:
    """Wait until the device has done all that was asked of it."""
    if setting.cuda:
        torch.cuda.synchronize()


def trace(workload: Workload, setting: Setting, target: Path, stacks: bool) -> int:
    """A trace of the workload's steps at ``target`` (.json.gz); gives its size in bytes.

    The steps follow each other as in use; the host waits for the device before the first and after
    the last. Beside the trace of a graph lies ``NAME.capture.json.gz``, in which it is captured:
    operators and shapes of the launches that the graph replays.
    """
    if workload.needs_cuda:
        step = recorded_start(workload, setting, target.with_name(f"{workload.name}.{CAPTURE}"))
    else:
        step = start(workload, setting)
    with profile(
        activities=_activities(setting),
        schedule=schedule(wait=0, warmup=1, active=workload.steps, repeat=1),
        record_shapes=True,
        with_stack=stacks,
        on_trace_ready=lambda done: _export(done, target),
    ) as profiler:
        for index in range(1 + workload.steps):
            step.run()
            if index in (0, workload.steps):
                settle(setting)
            profiler.step()
    return target.stat().st_size


def recorded_start(workload: Workload, setting: Setting, target: Path) -> Step:
    """:func:`start`, its building traced to ``target``. Run on a CPU only."""
    with profile(activities=_activities(setting), record_shapes=True) as profiler:
        step = start(workload, setting)
    _export(profiler, target)
    return step


def _activities(setting: Setting) -> list[ProfilerActivity]:
    host = [ProfilerActivity.CPU]
    return [*host, ProfilerActivity.CUDA] if setting.cuda else host


def _export(profiler: Any, target: Path) -> None:
    """Writes the trace so that the name in it is the file's, without a folder of this machine."""
    here = Path.cwd()
    target.parent.mkdir(parents=True, exist_ok=True)
    plain = Path(target.name.removesuffix(".gz"))
    os.chdir(target.parent)
    try:
        profiler.export_chrome_trace(str(plain))
        target_here = Path(target.name)
        target_here.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        plain.unlink()
    finally:
        os.chdir(here)


def timing(workload: Workload, setting: Setting) -> dict[str, Any]:
    """Times without a profiler, as the JSON that is written; nanoseconds.

    ``host_ns_per_step``: a round of steps one after the other and a wait at its end, by the host's
    clock, over their number, for each round. ``device_ns``: each step of the last round between
    CUDA events (their resolution is about 0.5 µs); null on a CPU.
    """
    step = start(workload, setting)
    began = time.perf_counter_ns()
    step.run()
    settle(setting)
    count = max(3, min(200, BUDGET_NS // max(1, time.perf_counter_ns() - began)))
    if setting.tiny:
        count = 3
    rounds = [_round(step.run, setting, count) for _ in range(ROUNDS)]
    return {
        "workload": workload.name,
        "device": torch.cuda.get_device_name() if setting.cuda else "cpu",
        "tiny": setting.tiny,
        "steps_per_round": count,
        "host_ns_per_step": rounds,
        "device_ns": _events(step.run, count) if setting.cuda else None,
        "flop": step.flop,
        "moved_bytes": step.moved_bytes,
    }


def _round(run: Callable[[], object], setting: Setting, count: int) -> int:
    began = time.perf_counter_ns()
    for _ in range(count):
        run()
    settle(setting)
    return (time.perf_counter_ns() - began) // count


def _events(run: Callable[[], object], count: int) -> list[int]:
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
    marks[0].record()
    for mark in marks[1:]:
        run()
        mark.record()
    torch.cuda.synchronize()
    return [round(1e6 * first.elapsed_time(second)) for first, second in pairwise(marks)]


def marked(workload: Workload, setting: Setting) -> None:
    """One warm step between cudaProfilerStart and cudaProfilerStop, in an NVTX range.

    For Nsight Compute with ``--profile-from-start off``. Never run: written without a GPU.
    """
    step = start(workload, setting)
    torch.cuda.profiler.start()
    torch.cuda.nvtx.range_push(workload.name)
    step.run()
    torch.cuda.synchronize()
    torch.cuda.nvtx.range_pop()
    torch.cuda.profiler.stop()
