"""Trace events as typed records: only the fields that are used are decoded."""

from __future__ import annotations

from functools import reduce
from math import nan
from operator import or_
from typing import Any, Literal

import msgspec

UNKNOWN = -1
"""Stands for an absent id, count or size in integer columns; none of them can be negative."""

NOTHING = msgspec.Raw(b"")


_KEYS = {
    "external_id": "External id",
    "external_id_old": "external id",
    "event_index": "Ev Idx",
    "registers": "registers per thread",
    "shared_memory": "shared memory",
    "graph_node": "graph node id",
    "types": "Input type",
    "dims": "Input Dims",
    "dims_old": "Input dims",
    "strides": "Input Strides",
    "concrete": "Concrete Inputs",
    "backend": "kernel_backend",
    "kwargs": "kernel_kwargs",
    "collective": "Collective name",
    "elements_in": "In msg nelems",
    "elements_out": "Out msg nelems",
    "group_size": "Group size",
    "group": "Process Group Name",
    "group_ranks": "Process Group Ranks",
    "sequence": "Seq",
    "source_rank": "Src Rank",
    "target_rank": "Dst Rank",
}
"""Keys of arguments that are not called as the field is."""


class Args(msgspec.Struct, gc=False, rename=_KEYS):
    """The arguments of an event that are used; shapes and geometry stay unparsed JSON."""

    external_id: int = UNKNOWN
    external_id_old: int = UNKNOWN
    event_index: int = UNKNOWN
    correlation: int = UNKNOWN
    concrete: msgspec.Raw = NOTHING
    types: msgspec.Raw = NOTHING
    strides: msgspec.Raw = NOTHING
    dims: msgspec.Raw = NOTHING
    dims_old: msgspec.Raw = NOTHING
    device: int = UNKNOWN
    stream: int | str = UNKNOWN
    registers: int = UNKNOWN
    shared_memory: int = UNKNOWN
    grid: msgspec.Raw = NOTHING
    block: msgspec.Raw = NOTHING
    bytes: int | str = UNKNOWN
    kind: msgspec.Raw = NOTHING
    kernel: msgspec.Raw = NOTHING
    graph_node: int = UNKNOWN
    backend: msgspec.Raw = NOTHING
    kwargs: msgspec.Raw = NOTHING
    collective: str = ""
    dtype: str = ""
    elements_in: int = UNKNOWN
    elements_out: int = UNKNOWN
    group_size: int = UNKNOWN
    group: int | str = UNKNOWN
    group_ranks: msgspec.Raw = NOTHING
    sequence: int | str = UNKNOWN
    source_rank: int | str = UNKNOWN
    target_rank: int | str = UNKNOWN


class Event(msgspec.Struct, gc=False):
    """One event of the Chrome trace format; times in microseconds, NaN where absent."""

    ph: str = ""
    cat: str = ""
    name: msgspec.Raw = NOTHING
    pid: int | str = 0
    tid: int | str = 0
    ts: float = nan
    dur: float = nan
    args: Args | None = None


NO_ARGS = Args()


# What follows is the same again by category, which is told before anything else of an event: a
# decoder that knows it makes, fills and frees records of a third of the size, and skips what is
# not used. Fields stand in the order in which profilers write them, which is looked up faster.


class _OpArgs(msgspec.Struct, gc=False, rename=_KEYS):
    external_id: int = UNKNOWN
    concrete: msgspec.Raw = NOTHING
    types: msgspec.Raw = NOTHING
    strides: msgspec.Raw = NOTHING
    dims: msgspec.Raw = NOTHING
    event_index: int = UNKNOWN
    backend: msgspec.Raw = NOTHING
    kwargs: msgspec.Raw = NOTHING
    external_id_old: int = UNKNOWN


class _CallArgs(msgspec.Struct, gc=False, rename=_KEYS):
    external_id: int = UNKNOWN
    correlation: int = UNKNOWN
    kernel: msgspec.Raw = NOTHING
    external_id_old: int = UNKNOWN


class _LaunchArgs(msgspec.Struct, gc=False, rename=_KEYS):
    external_id: int = UNKNOWN
    device: int = UNKNOWN
    stream: int | str = UNKNOWN
    correlation: int = UNKNOWN
    registers: int = UNKNOWN
    shared_memory: int = UNKNOWN
    grid: msgspec.Raw = NOTHING
    block: msgspec.Raw = NOTHING
    bytes: int | str = UNKNOWN
    kind: msgspec.Raw = NOTHING
    graph_node: int = UNKNOWN
    collective: str = ""
    dtype: str = ""
    elements_in: int = UNKNOWN
    elements_out: int = UNKNOWN
    group_size: int = UNKNOWN
    group: int | str = UNKNOWN
    group_ranks: msgspec.Raw = NOTHING
    sequence: int | str = UNKNOWN
    source_rank: int | str = UNKNOWN
    target_rank: int | str = UNKNOWN
    external_id_old: int = UNKNOWN


class Untimed(msgspec.Struct, gc=False, tag_field="cat"):
    """An event of which nothing is used."""


class _Counted(Untimed, gc=False):
    """A complete event that is counted alone."""

    ph: Literal["X"]


class _Timed(msgspec.Struct, gc=False, tag_field="cat"):
    """A complete event of which thread, name and times are used."""

    ph: Literal["X"]
    name: msgspec.Raw = NOTHING
    pid: int | str = 0
    tid: int | str = 0
    ts: float = nan
    dur: float = nan


class _Op(_Timed, gc=False):
    args: _OpArgs | None = None


class _Call(_Timed, gc=False):
    args: _CallArgs | None = None


class _Launch(_Timed, gc=False):
    args: _LaunchArgs | None = None


_COMMON: dict[type[msgspec.Struct], tuple[str, ...]] = {
    _Op: ("cpu_op",),
    _Call: ("cuda_runtime", "cuda_driver", "hip_runtime", "xpu_runtime"),
    _Launch: ("kernel", "gpu_memcpy", "gpu_memset"),
    _Timed: ("user_annotation", "gpu_user_annotation", "overhead"),
    _Counted: ("python_function",),
    Untimed: (
        *("ac2g", "async_cpu_to_gpu", "async_gpu", "fwdbwd", "Trace", "cpu_instant_event"),
        *("cuda_sync",),
    ),
}
"""The categories of nearly all events, by what is used of them."""


_PATIENCE = 8
"""So many more lists with other categories than without end the attempts to do without them."""


class EventDecoder:
    """Decodes lists of events: by category as long as most of the lists have common ones alone."""

    def __init__(self) -> None:
        kinds = [
            msgspec.defstruct(
                f"_{cat}", [], bases=(base,), tag=cat, namespace={"cat": cat}, gc=False
            )
            for base, cats in _COMMON.items()
            for cat in cats
        ]
        any_kind: Any = reduce(or_, kinds)
        self._common: msgspec.json.Decoder[list[Event]] = msgspec.json.Decoder(list[any_kind])
        self._any = msgspec.json.Decoder(list[Event])
        self._balance = _PATIENCE

    def decode(self, piece: memoryview) -> list[Event]:
        """Return the events of a JSON list: where all categories are common ones, by category.

        Such events have a type for each category, whose attribute ``cat`` says it. They lack the
        fields that are not used, and those that are used are complete ones ("ph": "X"). Otherwise
        all are of type Event.

        Raises:
            ValueError: it is not strict JSON, or a used field is of the wrong type.
            RecursionError: it is nested too deep.
        """
        if self._balance > 0:
            try:
                events = self._common.decode(piece)
            except (ValueError, RecursionError):
                self._balance -= 1
            else:
                self._balance = min(self._balance + 1, _PATIENCE)
                return events
        return self._any.decode(piece)
