"""Trace events as typed records: only the fields that are used are decoded."""

from __future__ import annotations

from math import nan

import msgspec

UNKNOWN = -1
"""Stands for an absent id, count or size in integer columns; none of them can be negative."""

NOTHING = msgspec.Raw(b"")


class Args(
    msgspec.Struct,
    gc=False,
    rename={
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
    },
):
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
