"""What the host's threads were doing at any moment, from their recorded calls and operators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ncutool.base.intervals import Union, union
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold
from ncutool_parsers.capture import Capture

LONG_CALL_NS = IntThreshold(
    1_000_000, "ns", "a longer launch call loads a module or waits for a full queue", WORKED_TRACES
)
HOST_IDLE_NS = IntThreshold(
    1_000_000,
    "ns",
    "a launching thread silent for longer, before a copy to the device, waits for its input",
    WORKED_TRACES,
)
QUIET_NS = IntThreshold(
    100_000, "ns", "a launching thread silent for longer waits for another thread", "judgement"
)

INPUT = (
    r"(?i)data_?load|datapipe|dataset|(next|get|fetch)_?batch|input_?pipeline"
    r"|DALI\w*Iterator"
)
"""Names of annotations and operators that load input."""
ALLOCATE = (
    r"Malloc|Free|HostAlloc|HostRegister|HostUnregister|MemAlloc|MemCreate|Mem(Un)?[Mm]ap"
    r"|MemRelease|MemSetAccess|MemAddressReserve|MemPoolTrim|MemGetInfo"
)
"""Names of runtime calls (CUDA or HIP) that allocate or free memory."""
_LAUNCH = r"aunch|emset"
_LOAD = r"ModuleLoad|LibraryLoad|ModuleGetFunction|GetFunctionByName"

HOST_CAUSES = (
    "input_pipeline",
    "allocator",
    "long_launch",
    "synchronize",
    "copy_call",
    "launch_call",
)
"""Where calls overlap, the earlier of these is charged."""
_FOREVER = 2**61


@dataclass(frozen=True)
class Host:
    """What one thread, or several taken together, were doing."""

    doing: tuple[Union, ...]
    """When it did each of :data:`HOST_CAUSES`, in their order."""
    recorded: Union
    """When any operator or call of it ran."""

    @cached_property
    def silent(self) -> Union:
        """Stretches over ``HOST_IDLE_NS`` between operators and calls."""
        return _silence(self.recorded, HOST_IDLE_NS)

    @cached_property
    def quiet(self) -> Union:
        """Stretches over ``QUIET_NS``, and all time before the first and after the last."""
        return _silence(self.recorded, QUIET_NS, edges=True)


class Hosts:
    """What the threads of a capture were doing, worked out once for each that is asked for."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._known: dict[tuple[int, ...], Host] = {}

    @property
    def several(self) -> bool:
        """Whether more than one thread launches."""
        return len(self._launching) > 1

    def thread(self, thread: int) -> Host:
        """Return what ``thread`` did."""
        return self._of((thread,))

    def others(self, thread: int) -> Host:
        """Return what all other threads that launch did, taken together."""
        return self._of(tuple(other for other in self._launching if other != thread))

    def _of(self, threads: tuple[int, ...]) -> Host:
        if threads not in self._known:
            self._known[threads] = self._make(threads)
        return self._known[threads]

    @cached_property
    def _launching(self) -> tuple[int, ...]:
        """The threads with a call that launched something."""
        launch_calls = self._capture.launches["call_id"].drop_nulls().unique()
        calls = self._calls.filter(pl.col("call_id").is_in(launch_calls.implode()))
        return tuple(sorted(calls["thread"].unique().to_list()))

    @cached_property
    def _calls(self) -> pl.DataFrame:
        """Calls with the ``cause`` (of :data:`HOST_CAUSES`) that each is."""
        calls = self._capture.calls
        named = calls.select(pl.col("name").unique()).with_columns(cause=_CAUSE_BY_NAME)
        long = pl.col("end_ns") - pl.col("start_ns") > LONG_CALL_NS
        by_length = pl.when(long).then(pl.lit("long_launch")).otherwise(pl.lit("launch_call"))
        return calls.join(named, on="name", how="left", maintain_order="left").with_columns(
            cause=pl.when(pl.col("cause") == _LAUNCHES).then(by_length).otherwise("cause")
        )

    @cached_property
    def _input_ops(self) -> pl.DataFrame:
        """Operators that load input: traces of 2020-21 record annotations as operators."""
        names = self._capture.signatures.filter(pl.col("op").str.contains(INPUT))["signature_id"]
        return self._capture.ops.filter(pl.col("signature_id").is_in(names.implode()))

    def _make(self, threads: tuple[int, ...]) -> Host:
        mine = pl.col("thread").is_in(threads)
        calls, ops = self._calls.filter(mine), self._capture.ops.filter(mine)
        annotated = self._capture.annotations.filter(
            ~pl.col("on_device") & mine & pl.col("name").str.contains(INPUT)
        )
        doing = (_union(calls.filter(pl.col("cause") == cause)) for cause in HOST_CAUSES[1:])
        return Host((_union(annotated, self._input_ops.filter(mine)), *doing), _union(ops, calls))


_LAUNCHES = "launches"
_NAME = pl.col("name")
_CAUSE_BY_NAME = (
    pl.when(_NAME.str.contains(ALLOCATE))
    .then(pl.lit("allocator"))
    .when(_NAME.str.contains(_LOAD))
    .then(pl.lit("long_launch"))
    .when(_NAME.str.contains(_LAUNCH))
    .then(pl.lit(_LAUNCHES))
    .when(_NAME.str.contains("ynchronize"))
    .then(pl.lit("synchronize"))
    .when(_NAME.str.contains("emcpy"))
    .then(pl.lit("copy_call"))
    .otherwise(pl.lit("launch_call"))
)
"""What a call is by its name alone; how long one that launches took tells whether it loaded a
module. First letters are left out, since CUDA's and HIP's calls write them large or small."""


def _union(*frames: pl.DataFrame) -> Union:
    """Return when anything of ``frames`` (columns ``start_ns`` and ``end_ns``) ran."""
    spans = pl.concat([frame.select("start_ns", "end_ns") for frame in frames])
    return union(spans["start_ns"].to_numpy(), spans["end_ns"].to_numpy())


def _silence(busy: Union, longest: int, *, edges: bool = False) -> Union:
    """Return the stretches over ``longest`` (ns) between the intervals of ``busy``; with ``edges``
    also all time before the first and after the last."""
    begins, ends = busy.ends, busy.starts
    if edges:
        begins = np.concatenate([[-_FOREVER], begins])
        ends = np.concatenate([ends, [_FOREVER]])
    else:
        begins, ends = begins[:-1], ends[1:]
    keep = ends - begins > longest
    return union(begins[keep], ends[keep])
