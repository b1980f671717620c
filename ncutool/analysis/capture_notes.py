"""What to know before launches of a trace are profiled with ncu, and when none can be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from ncutool.base import units
from ncutool.timeline.launch_calls import COMMUNICATES, without_kernel

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.capture_search import Chosen
    from ncutool.timeline.launch_order import Order

MIXED = (
    "The file holds several processes and does not say which of them launched what, but Nsight "
    "Compute counts the launches of each process for itself: pass the trace that one process wrote."
)
_RUNTIMES = {"nvidia": "^cu(da)?[A-Z]", "amd": "^hip[A-Z]", "intel": "^(ur|ze|zer|pi)[A-Z]"}
"""Names of calls, by whose runtime they are."""
_STEP = re.compile(r"ProfilerStep#(\d{1,9})")


def refused(analysis: Analysis) -> str | None:
    """Return why Nsight Compute cannot profile this program; None where nothing speaks against."""
    vendors: set[str] = {record.vendor or "" for record in analysis.capture.devices}
    device = analysis.resolution.device
    if device is not None and device.vendor:
        vendors = {*vendors, device.vendor}
    if "nvidia" in vendors:
        return None
    calls = analysis.capture.calls["name"].unique()
    through = {name for name, call in _RUNTIMES.items() if calls.str.contains(call).any()}
    if through == {"intel"}:
        return (
            "Nsight Compute profiles NVIDIA's devices alone, and these launches were made through "
            "Intel's runtime."
        )
    if "amd" in vendors or through == {"amd"}:
        return (
            "Nsight Compute profiles NVIDIA's devices alone, and these launches ran on AMD's: "
            "ROCm Compute Profiler (`rocprof-compute profile`) counts there, whose results ncutool "
            "does not read."
        )
    return None


def options(analysis: Analysis, chosen: Sequence[int]) -> list[str]:
    """Return the options of ncu beside the filter: processes, how launches are replayed, graphs."""
    words = ["--target-processes", "all", "--replay-mode", "kernel"]
    rows = analysis.capture.launches.filter(pl.col("launch_id").is_in(chosen))
    if rows["graph_replay"].fill_null(value=False).any():
        words += ["--graph-profiling", "node"]
    return words


def notes(analysis: Analysis, chosen: Chosen, order: Order) -> Iterator[str]:
    """Yield what whoever runs the command must know."""
    yield _counted_from(analysis)
    yield from _processes(analysis, order)
    yield from _order(analysis, chosen, order)
    yield from _lost(analysis, chosen, order)
    yield from _device(analysis)
    if analysis.capture.launches.select(COMMUNICATES)[:, 0].any():
        yield (
            "Kernels that communicate are never chosen: replayed alone they would wait for the "
            "other devices for ever."
        )
    if not chosen.filter.names:
        yield (
            "Kernels are counted whatever their names, since a recorded name does not tell for "
            "sure what Nsight Compute calls the function."
        )


def _counted_from(analysis: Analysis) -> str:
    names = analysis.capture.annotations["name"]
    steps = [int(match[1]) for name in names.unique() if (match := _STEP.fullmatch(name))]
    before = ""
    if steps and min(steps) > 0:
        before = f", which begins with ProfilerStep#{min(steps)}, so that steps ran before it"
    return (
        f"Launches are counted from where the trace begins{before}. If the program launches such "
        "kernels earlier, call `torch.cuda.profiler.start()` at that place and add "
        "`--profile-from-start off`; else others of them are profiled."
    )


def _processes(analysis: Analysis, order: Order) -> Iterator[str]:
    capture = analysis.capture
    if order.processes > 1:
        yield (
            f"Each of the {order.processes} processes counts for itself: the launches are those of "
            "all of them together."
        )
    elif capture.world_size is not None and capture.world_size > 1:
        which = "one rank" if capture.rank is None else f"rank {capture.rank}"
        yield (
            f"The trace is of {which} of {capture.world_size}: put ncu before that rank's program "
            "alone, or every rank profiles as many."
        )


def _order(analysis: Analysis, chosen: Chosen, order: Order) -> Iterator[str]:
    rows = analysis.capture.launches.filter(pl.col("launch_id").is_in(chosen.launches))
    streams = analysis.capture.launches.filter(pl.col("category") == "kernel")["stream"].n_unique()
    if order.ordered_by != "call" and streams > 1:
        yield (
            "Not every launch has its call in the trace, so the order of launches on different "
            "streams is that of their starts on the device, which the program's own may not be."
        )
    if rows["graph_replay"].fill_null(value=False).any():
        yield (
            "They are nodes of a graph, profiled one by one: in which order ncu takes the nodes of "
            "one graph launch is its own; here they are counted as they ran."
        )


def _lost(analysis: Analysis, chosen: Chosen, order: Order) -> Iterator[str]:
    last = order.kernels.filter(pl.col("launch_id").is_in(chosen.launches))["call_start"].max()
    missing = without_kernel(analysis.capture).filter("between")
    if isinstance(last, int):
        missing = missing.filter(pl.col("start_ns") < last)
    if missing.height:
        yield (
            f"{units.counted(missing.height, 'launch')} before them left no kernel in the trace; "
            "where they are of the same name, the count is off by as many."
        )
    if not analysis.capture.complete:
        yield "The trace is cut short or damaged: launches that it lost are not counted."


def _device(analysis: Analysis) -> Iterator[str]:
    if analysis.resolution.device is None and not analysis.mixed:
        yield (
            "The device is not known: naming it (`--assume-device NAME`) may tell as much without "
            "a capture. Nsight Compute profiles NVIDIA's devices alone."
        )
