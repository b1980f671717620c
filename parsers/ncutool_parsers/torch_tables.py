"""Columns of trace events -> the tables of a capture."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool_parsers import schema
from ncutool_parsers.edge import LONGEST_OPERATOR, Edge
from ncutool_parsers.intervals import NONE, Codes, Intervals, Ints
from ncutool_parsers.torch_columns import (
    AnnotationKey,
    CallKey,
    Collector,
    Interner,
    LaunchKey,
    OpKey,
    Thread,
)
from ncutool_parsers.torch_doubled import Doubled, drop_calls, drop_launches, drop_ops
from ncutool_parsers.torch_doubts import doubts, lanes, share_recorded
from ncutool_parsers.torch_launches import Details, launch_table
from ncutool_parsers.torch_links import Host, annotate, link, on_device
from ncutool_parsers.torch_processes import Processes, find
from ncutool_parsers.torch_rows import Rows
from ncutool_parsers.torch_series import column, ints, one_line, rows_of, spread, take


class Tables(Struct, frozen=True):
    """The tables of one trace, and what they were made from where notices need it."""

    launches: pl.DataFrame
    signatures: pl.DataFrame
    ops: pl.DataFrame
    calls: pl.DataFrame
    annotations: pl.DataFrame
    overheads: pl.DataFrame
    origin_ns: int
    shapes_recorded: bool
    whole_microseconds: bool
    external_id_is_copy: bool
    doubled: Doubled
    """Events that were recorded twice and are kept once."""
    processes: int
    """Processes that recorded launch calls; 1 where none did."""
    ops_recorded_share: float | None
    """Share of the operators called that were recorded; see
    :func:`ncutool_parsers.torch_doubts.share_recorded`."""
    dropped: int
    """Events left out for want of a usable start."""


def build(
    collector: Collector, rank: int | None, capabilities: dict[int, str], edge: Edge | None = None
) -> Tables:
    """Return all tables of a trace; the collector's columns are used up.

    Launches are in order of start, operators and calls by thread and start; times count from the
    first launch's start, or the first call's where nothing was launched. ``capabilities`` maps a
    device ordinal to its compute capability; ``edge`` bounds the texts and numbers of the file.
    """
    launches, ops = Rows(collector.launches), Rows(collector.ops)
    calls, notes = Rows(collector.calls), Rows(collector.annotations)
    overheads = Rows(collector.overheads)
    edge = edge or Edge()
    edge.numbers += sum(
        columns.unusable for columns in (collector.launches, collector.ops, collector.calls)
    )
    edge.numbers += sum(rows.too_long for rows in (launches, ops, calls))
    whole_microseconds = all(rows.whole_microseconds for rows in (launches, ops, calls))
    dropped = launches.dropped + ops.dropped + calls.dropped
    origin = _origin(launches, calls)
    for rows in (launches, ops, calls, notes, overheads):
        rows.start -= origin
    rank_of = _number_threads(collector.threads, launches, (ops, calls), notes)
    threads = sorted(rank_of, key=rank_of.__getitem__)
    processes, doubled = _without_doubles(threads, launches, calls, ops, whole_microseconds)
    launches.reorder(np.argsort(launches.start, kind="stable"))
    calls.reorder(np.lexsort((calls.start, calls.thread)))
    recorded = share_recorded(ops["event_index"], processes.of_thread[ops.thread])
    tree = Intervals(ops.thread, ops.start, ops.end, ops["external_id"])
    ops.without_times(tree.order)
    names = [edge.name(name) for name in collector.names]
    details = Details(launches.keys, edge)
    graph = details.is_graph[launches.key]
    of_launch = processes.of_key[launches.key]
    host = Host(calls, tree, ops["external_id"], processes.of_thread, of_launch)
    links = link(launches, host, graph, whole_microseconds)
    note = annotate(launches, calls, links.call, notes, whole_microseconds)
    if processes.count > 1:
        note[of_launch < 0] = NONE
    signatures, signature_of = _signature_table(ops, edge)
    # the largest table first, so that what it is made from is free when the others are made
    op_table = _op_table(ops, tree, signature_of)
    del ops, tree, host
    call_table = _call_table(calls, edge)
    lane = lanes(launches.keys, details.device, details.numbers["stream"])[launches.key]
    lane[of_launch < 0] = NONE
    capability = [capabilities.get(device) for device in details.device]
    note_names = pl.Series([edge.name(raw) for _, _, raw, _ in notes.keys], dtype=pl.String)
    context: dict[str, pl.Series | pl.Expr] = {
        "nvtx": _annotation_names(note, note_names, notes),
        "rank": pl.lit(rank if processes.count == 1 else None, pl.Int64),
        "process": column(ints(of_launch)) if len(calls) else pl.lit(None, pl.Int64),
        "doubt": doubts(launches, calls, links, lane, capability),
        "compute_capability": spread(capability, pl.String(), rows_of(launches.key)),
    }
    return Tables(
        launches=launch_table(launches, details, names, links, context),
        signatures=signatures,
        ops=op_table,
        calls=call_table,
        annotations=_annotation_table(notes, note_names),
        overheads=_overhead_table(overheads, rank_of, edge),
        origin_ns=origin,
        shapes_recorded=bool(signatures["input_dims"].str.contains(r"\d").any()),
        whole_microseconds=whole_microseconds,
        external_id_is_copy=links.external_id_is_copy,
        doubled=doubled,
        processes=processes.count,
        ops_recorded_share=recorded,
        dropped=dropped,
    )


def _without_doubles(
    threads: list[Thread],
    launches: Rows[LaunchKey],
    calls: Rows[CallKey],
    ops: Rows[OpKey],
    whole_microseconds: bool,
) -> tuple[Processes, Doubled]:
    """Drop the events that the file holds twice, in place; return the processes among the others
    and how much was dropped."""
    doubled_calls, doubled_ops = drop_calls(calls), drop_ops(ops)
    processes = find(threads, launches.keys, calls, ops, whole_microseconds)
    before = len(launches)
    time_lost = drop_launches(launches, calls, processes.of_key[launches.key], whole_microseconds)
    return processes, Doubled(before - len(launches), time_lost, doubled_calls, doubled_ops)


def _origin(*first: Rows[Any]) -> int:
    """Return the earliest start (ns) of the first table that has rows; 0 where none has."""
    return next((int(rows.start.min()) for rows in first if len(rows)), 0)


def _number_threads(
    threads: Interner[Thread],
    launches: Rows[LaunchKey],
    host: tuple[Rows[OpKey], Rows[CallKey]],
    notes: Rows[AnnotationKey],
) -> dict[Thread, int]:
    """Give each thread a number from 0, in place of what the rows hold; those of the CPU.

    Threads of the CPU are numbered by pid and tid, so that numbers do not depend on the order of
    events; queues of the GPU in order of appearance.
    """
    host_notes = ((pid, tid) for pid, tid, _, on_device in notes.keys if not on_device)
    rank = _thread_numbers({*threads, *host_notes})
    queues = [(key[1], key[2]) for key in launches.keys]
    queues += [(pid, tid) for pid, tid, _, on_device in notes.keys if on_device]
    queue = {thread: number for number, thread in enumerate(dict.fromkeys(queues))}
    for rows in host:
        rows.thread = _as_codes(rank[thread] for thread in threads)[rows.thread]
    launches.thread = _as_codes(queue[key[1], key[2]] for key in launches.keys)[launches.key]
    notes.thread = _as_codes(
        (queue if on_device else rank)[pid, tid] for pid, tid, _, on_device in notes.keys
    )[notes.key]
    return rank


def _as_codes(numbers: Iterable[int]) -> Codes:
    return np.fromiter(numbers, np.int32)


def _thread_numbers(threads: set[Thread]) -> dict[Thread, int]:
    """Return a number from 0 for each (pid, tid): whole ids in numerical order, then texts."""

    def order(thread: Thread) -> tuple[tuple[bool, str], ...]:
        return tuple((isinstance(part, str), str(part).zfill(20)) for part in thread)

    return {thread: rank for rank, thread in enumerate(sorted(threads, key=order))}


def _annotation_names(
    note: Ints, names: pl.Series, notes: Rows[AnnotationKey]
) -> pl.Series | pl.Expr:
    """Return the text of each launch's annotation, a row of ``notes`` or -1 for null.

    ``names`` holds the text of each key of ``notes``.
    """
    if not (note >= 0).any():
        return pl.lit(None, pl.String)
    key_of = np.full(len(note), NONE, np.int64)
    key_of[note >= 0] = notes.key[note[note >= 0]]
    return take(names, key_of)


def _signature_table(ops: Rows[OpKey], edge: Edge) -> tuple[pl.DataFrame, Codes]:
    """Return the distinct operator calls in order of first use, and the row of each key."""
    keys = list(ops.keys)
    first = np.full(len(keys), len(ops), np.int64)
    first[ops.key[::-1]] = np.arange(len(ops) - 1, -1, -1)  # of equal ones the last one stays
    order = np.argsort(first, kind="stable")
    rows: dict[tuple[str | None, ...], int] = {}
    row_of = np.full(len(keys), NONE, np.int32)

    @cache  # most operators share their types, and many their strides
    def line(raw: bytes) -> str | None:
        return one_line(edge.recorded(raw))

    @cache
    def name(raw: bytes) -> str:
        return edge.name(raw, LONGEST_OPERATOR)

    for number in order[: int((first < len(ops)).sum())].tolist():
        op, dims, types, strides, concrete, *compiled = keys[number].split(b"\0")
        backend, kwargs = (edge.name(raw) or None for raw in compiled) if compiled else (None, None)
        row = (name(op), line(dims), line(types), line(strides), line(concrete), backend, kwargs)
        row_of[number] = rows.setdefault(row, len(rows))
    columns = [column.name for column in schema.SIGNATURES.columns[1:]]
    values = zip(*rows, strict=True) if rows else ((),) * len(columns)
    frame = pl.DataFrame(
        [pl.Series(n, v, dtype=pl.String) for n, v in zip(columns, values, strict=True)]
    )
    return schema.SIGNATURES.conform(frame.with_row_index("signature_id")), row_of


def _op_table(ops: Rows[OpKey], tree: Intervals, signature_of: Codes) -> pl.DataFrame:
    frame = pl.DataFrame({"op_id": pl.int_range(len(ops), eager=True)}).with_columns(
        signature_id=pl.Series(signature_of[ops.key]),
        thread=column(pl.Series(tree.thread)),
        start_ns=pl.Series(tree.start),
        end_ns=pl.Series(tree.end),
        parent_id=ints(tree.parent),
    )
    return schema.OPS.conform(frame)


def _call_table(calls: Rows[CallKey], edge: Edge) -> pl.DataFrame:
    names = [[edge.name(part) or None for part in raw.split(b"\0")] for raw in calls.keys]
    correlation = np.where(calls["correlation"] > 0, calls["correlation"], NONE)
    rows = rows_of(calls.key)
    frame = pl.DataFrame({"call_id": pl.int_range(len(calls), eager=True)}).with_columns(
        name=spread([name or "" for name, _ in names], pl.String(), rows),
        thread=column(pl.Series(calls.thread)),
        start_ns=pl.Series(calls.start),
        end_ns=pl.Series(calls.end),
        correlation=ints(correlation),
        kernel=spread([kernel for _, kernel in names], pl.String(), rows),
    )
    return schema.CALLS.conform(frame)


def _annotation_table(notes: Rows[AnnotationKey], names: pl.Series) -> pl.DataFrame:
    device = on_device(notes)
    frame = pl.DataFrame(
        {
            "name": take(names, notes.key),
            "on_device": device,
            "thread": ints(np.where(device, NONE, notes.thread)),
            "start_ns": notes.start,
            "end_ns": notes.end,
        }
    )
    return schema.ANNOTATIONS.conform(frame.sort("start_ns", "end_ns", maintain_order=True))


def _overhead_table(
    overheads: Rows[AnnotationKey], rank_of: dict[Thread, int], edge: Edge
) -> pl.DataFrame:
    threads = [rank_of.get((pid, tid)) for pid, tid, _, _ in overheads.keys]
    names = pl.Series([edge.name(raw) for _, _, raw, _ in overheads.keys], dtype=pl.String)
    frame = pl.DataFrame(
        {
            "name": take(names, overheads.key),
            "thread": take(pl.Series(threads, dtype=pl.Int64), overheads.key),
            "start_ns": overheads.start,
            "end_ns": overheads.end,
        }
    )
    return schema.OVERHEADS.conform(frame.sort("start_ns", "end_ns", maintain_order=True))
