"""Columns of trace events -> the tables of a capture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

import msgspec
import numpy as np
import polars as pl

from ncutool_parsers import schema
from ncutool_parsers.intervals import NONE, Intervals, Ints
from ncutool_parsers.kernel_names import short_name
from ncutool_parsers.torch_columns import KERNELS, SIGNATURE, Collector, Interner, Thread
from ncutool_parsers.torch_links import Links, annotate, link
from ncutool_parsers.torch_rows import Rows

_CATEGORY = ("kernel", "memcpy", "memset")
_HOW = (None, "correlation", "external_id")
_COPY = re.compile(r"\b([HDP])to([HDP])\b|Copy(Host|Device|Peer)To(Host|Device|Peer)")


@dataclass(frozen=True)
class Tables:
    """The tables of one trace, and what they were made from where notices need it."""

    launches: pl.DataFrame
    signatures: pl.DataFrame
    ops: pl.DataFrame
    calls: pl.DataFrame
    annotations: pl.DataFrame
    origin_ns: int
    shapes_recorded: bool
    whole_microseconds: bool
    external_id_is_copy: bool
    dropped: int
    """Events left out for want of a usable start."""
    bad_names: int
    """Names that hold bytes which are not UTF-8."""


def build(collector: Collector, rank: int | None, capabilities: dict[int, str]) -> Tables:
    """All tables of a trace.

    Launches are in order of start, operators and calls by thread and start; times count from the
    first launch's start, or the first call's where nothing was launched. ``capabilities`` maps a
    device ordinal to its compute capability.
    """
    launches, ops = Rows(collector.launches), Rows(collector.ops)
    calls, notes = Rows(collector.calls), Rows(collector.annotations)
    every = (launches, ops, calls)
    origin = int((launches if len(launches) else calls).start.min())
    for rows in (*every, notes):
        rows.start -= origin
    _number_threads(collector.threads, ops, calls, notes)
    launches.reorder(np.argsort(launches.start, kind="stable"))
    calls.reorder(np.lexsort((calls.start, calls["thread"])))
    tree = Intervals(ops["thread"], ops.start, ops.end, ops["external_id"])
    ops.reorder(tree.order)
    names = texts(collector.names)
    links = link(launches, calls, names, tree, ops["external_id"])
    name_of = pl.Series("name", names, pl.String)
    signatures, signature_of = _signature_table(collector.signatures, ops["signature"])
    launch_table = _launch_table(collector, launches, name_of, links).with_columns(
        nvtx=_nvtx(annotate(launches, calls, links.call, notes), notes, name_of),
        rank=pl.lit(rank, pl.Int64),
        compute_capability=pl.col("device").replace_strict(
            capabilities, default=None, return_dtype=pl.String
        ),
    )
    return Tables(
        launches=schema.LAUNCHES.conform(launch_table),
        signatures=signatures,
        ops=_op_table(ops, tree, signature_of),
        calls=_call_table(calls, name_of),
        annotations=_annotation_table(notes, name_of),
        origin_ns=origin,
        shapes_recorded=bool(signatures["input_dims"].str.contains(r"\d").any()),
        whole_microseconds=all(rows.whole_microseconds for rows in every),
        external_id_is_copy=links.external_id_is_copy,
        dropped=sum(rows.dropped for rows in every),
        bad_names=sum("\ufffd" in name for name in [*names, *signatures["op"]]),
    )


def _number_threads(threads: Interner[Thread], ops: Rows, calls: Rows, notes: Rows) -> None:
    """Renumber the CPU threads so that their order does not depend on that of the events."""
    rank = _ranks(threads)
    ops.data["thread"] = rank[ops["thread"]]
    calls.data["thread"] = rank[calls["thread"]]
    host = notes["on_device"] == 0
    mixed = notes["thread"].copy()
    mixed[host] = rank[mixed[host]]
    notes.data["thread"] = mixed


def _nvtx(note: Ints, notes: Rows, names: pl.Series) -> pl.Series:
    found = np.full(len(note), NONE, np.int64)
    found[note >= 0] = notes["name"][note[note >= 0]]
    return _take(names, found)


def texts(interner: Interner[bytes]) -> list[str]:
    """The keys of an interner of JSON texts, decoded, in their order."""
    return [_text(key) for key in interner]


def _text(raw: bytes) -> str:
    if raw.startswith(b'"') and b"\\" not in raw:
        return raw[1:-1].decode("utf-8", "replace")
    if not raw:
        return ""
    value = msgspec.json.decode(raw.decode("utf-8", "replace"))
    return value if isinstance(value, str) else str(value)


def _json(raw: bytes) -> str | None:
    """JSON text on one line, None for none."""
    if not raw:
        return None
    return msgspec.json.format(raw, indent=0).decode("utf-8", "replace")


def _ranks(threads: Interner[Thread]) -> Ints:
    """A number for each (pid, tid) that does not depend on the order of events."""
    keys = [tuple((isinstance(part, str), str(part).zfill(20)) for part in key) for key in threads]
    order = sorted(range(len(keys)), key=lambda index: keys[index])
    ranks = np.empty(len(keys), np.int64)
    ranks[order] = np.arange(len(keys))
    return ranks


def _ints(values: Ints) -> pl.Series:
    """Integers with -1 as null."""
    series = pl.Series(values)
    return series.set(series < 0, None)


def _take(values: pl.Series, rows: Ints) -> pl.Series:
    """``values`` at each row, null at -1."""
    return values.gather(_ints(rows))


def _launch_table(
    collector: Collector, launches: Rows, names: pl.Series, links: Links
) -> pl.DataFrame:
    count = len(launches)
    used = np.unique(launches["name"])
    short = [""] * len(names)
    kernel = launches["category"] == KERNELS
    kernel_names = set(launches["name"][kernel].tolist())
    for row in used.tolist():
        short[row] = short_name(names[row]) if row in kernel_names else names[row]
    geometry = _geometry(collector.shapes)
    text_of = pl.Series([key or None for key in collector.texts], dtype=pl.String)
    copies = pl.Series(launches["category"] == _CATEGORY.index("memcpy"))
    full = _take(names, launches["name"])
    duration = pl.Series(launches.duration)
    columns: dict[str, pl.Series] = {
        "launch_id": pl.int_range(count, eager=True),
        "category": _take(pl.Series(_CATEGORY), launches["category"]),
        "kernel": _take(pl.Series(short, dtype=pl.String), launches["name"]),
        "kernel_full": full,
        "stream": _ints(launches["stream"]),
        "device": _ints(launches["device"]),
        "start_ns": pl.Series(launches.start),
        "duration_ns": duration.set(pl.Series(launches.no_duration), None),
        "op_id": _ints(links.op),
        "call_id": _ints(links.call),
        "link": _take(pl.Series(_HOW, dtype=pl.String), links.how),
        "graph_replay": pl.Series(links.replay).set(
            pl.Series((links.call < 0) & ~links.replay), None
        ),
        "copy_bytes": _ints(launches["bytes"]),
        "collective": _take(text_of, launches["collective"]),
        "collective_dtype": _take(text_of, launches["dtype"]),
        "collective_in_elements": _ints(launches["elements_in"]),
        "collective_out_elements": _ints(launches["elements_out"]),
        "collective_group_size": _ints(launches["group_size"]),
        "registers_per_thread": _ints(launches["registers"]),
        "shared_memory_bytes": _ints(launches["shared_memory"]),
    }
    for what in ("grid", "block"):
        for axis, values in zip("xyz", geometry, strict=True):
            columns[f"{what}_{axis}"] = _take(values, launches[what])
    kinds = pl.Series(texts(collector.shapes), dtype=pl.String)
    kind, pageable = _copies(full, _take(kinds, launches["kind"]), copies)
    return pl.DataFrame(columns).with_columns(copy_kind=kind, copy_pageable=pageable)


def _geometry(shapes: Interner[bytes]) -> list[pl.Series]:
    """x, y and z of each recorded grid or block."""
    axes: list[list[int | None]] = [[], [], []]
    for raw in shapes:
        found = msgspec.json.decode(raw) if raw else None
        if not (
            isinstance(found, list)
            and len(found) == 3
            and all(isinstance(value, int) and value >= 0 for value in found)
        ):
            found = [None, None, None]
        for axis, value in zip(axes, found, strict=True):
            axis.append(value)
    return [pl.Series(axis, dtype=pl.Int64) for axis in axes]


def _copies(full: pl.Series, kind: pl.Series, copies: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Kind of each copy, e.g. ``HtoD``, and whether a side of it is pageable memory."""
    known: dict[tuple[str, str | None], tuple[str | None, bool | None]] = {}
    kinds: list[str | None] = [None] * len(full)
    pageable: list[bool | None] = [None] * len(full)
    for row in copies.arg_true().to_list():
        key = (full[row], kind[row])
        if key not in known:
            known[key] = _copy(*key)
        kinds[row], pageable[row] = known[key]
    return pl.Series(kinds, dtype=pl.String), pl.Series(pageable, dtype=pl.Boolean)


def _copy(name: str, kind: str | None) -> tuple[str | None, bool | None]:
    match = _COPY.search(name) or _COPY.search(kind or "")
    found = None
    if match is not None:
        source, target = (part[0] for part in match.groups() if part)
        found = f"{source}to{target}"
    if "Pageable" in name:
        return found, True
    # "Host" (ROCm) does not say whether the memory is pinned
    return found, False if "Pinned" in name or found in ("DtoD", "PtoP") else None


def _signature_table(signatures: Interner[bytes], used: Ints) -> tuple[pl.DataFrame, Ints]:
    """The distinct operator calls in order of first use, and the row of each recorded key."""
    first = np.unique(used, return_index=True)
    order = first[0][np.argsort(first[1], kind="stable")]
    keys = list(signatures)
    rows: dict[tuple[str | None, ...], int] = {}
    row_of = np.full(len(keys), NONE, np.int64)
    for recorded in order.tolist():
        parts = dict(zip_longest(SIGNATURE, keys[recorded].split(b"\0"), fillvalue=b""))
        row = (
            _text(parts["op"]),
            _json(parts["dims"]),
            _json(parts["types"]),
            _json(parts["strides"]),
            _json(parts["concrete"]),
            _text(parts["backend"]) or None,
            _text(parts["kwargs"]) or None,
        )
        row_of[recorded] = rows.setdefault(row, len(rows))
    columns = [column.name for column in schema.SIGNATURES.columns[1:]]
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(columns, pl.String), orient="row")
    return schema.SIGNATURES.conform(frame.with_row_index("signature_id")), row_of


def _op_table(ops: Rows, tree: Intervals, signature_of: Ints) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "op_id": np.arange(len(ops)),
            "signature_id": signature_of[ops["signature"]],
            "thread": ops["thread"],
            "start_ns": ops.start,
            "end_ns": ops.end,
            "parent_id": _ints(tree.parent),
            "sequence_number": _ints(ops["sequence_number"]),
        }
    )
    return schema.OPS.conform(frame)


def _call_table(calls: Rows, names: pl.Series) -> pl.DataFrame:
    correlation = np.where(calls["correlation"] > 0, calls["correlation"], NONE)
    frame = pl.DataFrame(
        {
            "call_id": np.arange(len(calls)),
            "name": _take(names, calls["name"]),
            "thread": calls["thread"],
            "start_ns": calls.start,
            "end_ns": calls.end,
            "correlation": _ints(correlation),
            "kernel": _take(names, calls["kernel"]),
        }
    )
    return schema.CALLS.conform(frame)


def _annotation_table(notes: Rows, names: pl.Series) -> pl.DataFrame:
    device = notes["on_device"] != 0
    frame = pl.DataFrame(
        {
            "name": _take(names, notes["name"]),
            "on_device": device,
            "thread": _ints(np.where(device, NONE, notes["thread"])),
            "start_ns": notes.start,
            "end_ns": notes.end,
        }
    )
    return schema.ANNOTATIONS.conform(frame.sort("start_ns", "end_ns", maintain_order=True))
