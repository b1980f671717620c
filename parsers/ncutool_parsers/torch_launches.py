"""The table of launches of a trace."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np
import polars as pl

from ncutool_parsers import schema
from ncutool_parsers.edge import (
    LARGEST_BLOCK,
    LARGEST_BYTES,
    LARGEST_COUNT,
    LARGEST_GRID,
    LARGEST_ID,
    Edge,
    decoded,
)
from ncutool_parsers.intervals import NONE, Bools, Ints
from ncutool_parsers.kernel_names import short_name
from ncutool_parsers.torch_columns import COPIES, KERNELS, LAUNCH, Identifier, LaunchKey
from ncutool_parsers.torch_events import UNKNOWN
from ncutool_parsers.torch_links import Links
from ncutool_parsers.torch_rows import Rows
from ncutool_parsers.torch_series import column, ints, rows_of, spread, take

_CATEGORY = ("kernel", "memcpy", "memset")
_IN_WORK_ITEMS = "Cijk_"
"""How the names of ROCm's matrix products begin, whose grids count work-items (threads)."""
_WHY_NOT = ("no_process", "shared_call", "contradicting_ids")
_HOW = (None, "correlation", "external_id")
_COPY = re.compile(r"\b([HDP])to([HDP])\b|Copy(Host|Device|Peer)To(Host|Device|Peer)")
_COUNTS = {
    "registers_per_thread": "registers",
    "shared_memory_bytes": "shared_memory",
    "collective_in_elements": "elements_in",
    "collective_out_elements": "elements_out",
    "collective_group_size": "group_size",
}
"""Columns that are a recorded number, and its field of LAUNCH."""
_IDENTIFIERS = {
    "collective_sequence": "sequence",
    "collective_source_rank": "source_rank",
    "collective_target_rank": "target_rank",
}
"""Likewise, of numbers that some versions record as text."""
_LARGEST = {
    "device": LARGEST_COUNT,
    "stream": LARGEST_ID,
    "copy_bytes": LARGEST_BYTES,
    "registers_per_thread": LARGEST_COUNT,
    "shared_memory_bytes": LARGEST_BYTES,
    "collective_in_elements": LARGEST_BYTES,
    "collective_out_elements": LARGEST_BYTES,
    "collective_group_size": LARGEST_COUNT,
    "collective_sequence": LARGEST_ID,
    "collective_source_rank": LARGEST_COUNT,
    "collective_target_rank": LARGEST_COUNT,
}
"""No such number is larger."""


class Details:
    """What the distinct keys of launches say: every list has one entry a key, in their order."""

    def __init__(self, keys: Iterable[LaunchKey], edge: Edge) -> None:
        columns = list(zip(*keys, strict=True)) or [()] * len(LAUNCH)
        fields = dict(zip(LAUNCH, columns, strict=True))
        shapes = [shape.split(b"\0") for shape in fields["shapes"]]
        category: tuple[int, ...] = fields["category"]
        self.is_kernel = np.array([value == KERNELS for value in category], bool)
        self.is_copy = np.array([value == COPIES for value in category], bool)
        self.is_graph = np.array(fields["graph"], bool)
        """It is a node of a CUDA/HIP graph."""
        self.copy_kind = [edge.name(kind) for _, _, kind, _ in shapes]
        self.device = _first_known(fields["device"], fields["pid"])
        self.texts: dict[str, list[str | None]] = {
            "category": [_CATEGORY[value] for value in category],
            "collective": [edge.text(value) or None for value in fields["collective"]],
            "collective_dtype": [edge.text(value) or None for value in fields["dtype"]],
            "collective_group": [
                None if value in ("", UNKNOWN) else edge.text(str(value))
                for value in fields["group"]
            ],
            "collective_ranks": [edge.name(ranks) or None for *_, ranks in shapes],
        }
        recorded: dict[str, list[Identifier]] = {
            "device": [*self.device],
            "stream": [*_first_known(fields["stream"], fields["tid"])],
            "copy_bytes": list(fields["bytes"]),
            **{name: list(fields[field]) for name, field in _COUNTS.items()},
            **{
                name: [_number_in(value) for value in fields[field]]
                for name, field in _IDENTIFIERS.items()
            },
        }
        self.numbers = {
            name: [_bounded(value, _LARGEST[name], edge) for value in values]
            for name, values in recorded.items()
        }
        for index, what in enumerate(("grid", "block")):
            most = LARGEST_BLOCK if index else LARGEST_GRID
            known = {raw: _sizes_of(raw, most, edge) for raw in {parts[index] for parts in shapes}}
            for axis, letter in enumerate("xyz"):
                values = [known[parts[index]][axis] for parts in shapes]
                self.numbers[f"{what}_{letter}"] = values

    def columns(self, rows: pl.Series) -> dict[str, pl.Series | pl.Expr]:
        """Return the columns that are the same for all launches of a key, at each row's key."""
        made = {name: spread(values, pl.String(), rows) for name, values in self.texts.items()}
        for name, values in self.numbers.items():
            known = [None if value == UNKNOWN else value for value in values]
            made[name] = spread(known, pl.Int64(), rows)
        return made


def devices_used(keys: Iterable[LaunchKey]) -> set[int]:
    """Return the ordinals of the devices that the launches ran on."""
    pairs = {(device, pid) for _, pid, _, device, *_ in keys}
    return set(_first_known([device for device, _ in pairs], [pid for _, pid in pairs]))


def launch_table(
    rows: Rows[LaunchKey],
    details: Details,
    names: list[str],
    links: Links,
    context: dict[str, pl.Series | pl.Expr],
) -> pl.DataFrame:
    """Return :data:`ncutool_parsers.schema.LAUNCHES` with a row a launch, in the order of ``rows``.

    Args:
        names: the text of each name that ``rows["name"]`` numbers.
        context: further columns: what is known of the launches from outside their events.
    """
    name = rows_of(rows["name"])
    kind, pageable = _copies(rows, details, names)
    frame = pl.DataFrame({"launch_id": pl.int_range(len(rows), eager=True)}).with_columns(
        kernel=pl.Series(_short_names(rows, details, names), dtype=pl.String).gather(name),
        kernel_full=pl.Series(names, dtype=pl.String).gather(name),
        start_ns=pl.Series(rows.start),
        duration_ns=pl.Series(rows.duration).set(pl.Series(rows.no_duration), None),
        op_id=ints(links.op),
        call_id=ints(links.call),
        link=column(pl.Series(_HOW, dtype=pl.String).gather(rows_of(links.how))),
        unlinked=take(pl.Series(_WHY_NOT, dtype=pl.String), links.why_not),
        graph_replay=pl.Series(links.replay).set(pl.Series((links.call < 0) & ~links.replay), None),
        copy_kind=kind,
        copy_pageable=pageable,
        **details.columns(rows_of(rows.key)),
        **context,
    )
    return schema.LAUNCHES.conform(_blocks_of_work_items(frame, names))


def _blocks_of_work_items(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return the launches with the grids that ROCm's products record in work-items as blocks.

    Kernels of rocBLAS and hipBLASLt alone are recorded so. Where the block does not divide the
    grid, how many blocks there were is not known.
    """
    if not any(name.startswith(_IN_WORK_ITEMS) for name in names):
        return frame
    grid, block = ([pl.col(f"{what}_{axis}") for axis in "xyz"] for what in ("grid", "block"))
    blocks = [g // b for g, b in zip(grid, block, strict=True)]
    exact = pl.all_horizontal(b * n == g for g, b, n in zip(grid, block, blocks, strict=True))
    counted = pl.col("kernel_full").str.starts_with(_IN_WORK_ITEMS)
    return frame.with_columns(
        pl.when(~counted).then(g).when(exact).then(n) for g, n in zip(grid, blocks, strict=True)
    )


def _short_names(rows: Rows[LaunchKey], details: Details, names: list[str]) -> list[str]:
    """Return ``names`` with those of kernels shortened; copies and memsets keep theirs."""
    kernels = _is_used(rows["name"][details.is_kernel[rows.key]], len(names))
    return [
        short_name(name) if kernel else name for name, kernel in zip(names, kernels, strict=True)
    ]


def _is_used(numbers: Ints, count: int) -> Bools:
    used = np.zeros(count, bool)
    used[numbers] = True
    return used


def _copies(
    rows: Rows[LaunchKey], details: Details, names: list[str]
) -> tuple[pl.Series | pl.Expr, pl.Series | pl.Expr]:
    """Return the kind of each copy, e.g. ``HtoD``, and whether a side of it is pageable memory."""
    copies = np.flatnonzero(details.is_copy[rows.key])
    if not len(copies):
        return pl.lit(None, pl.String), pl.lit(None, pl.Boolean)
    pairs = rows["name"][copies] * len(rows.keys) + rows.key[copies]
    # np.unique would import numpy.ma, which takes longer than everything here
    in_order = np.sort(pairs)
    distinct = in_order[np.diff(in_order, prepend=NONE) > 0]
    known = [
        _copy_kind(names[pair // len(rows.keys)], details.copy_kind[pair % len(rows.keys)])
        for pair in distinct.tolist()
    ]
    pair_of = np.full(len(rows), NONE, np.int64)
    pair_of[copies] = np.searchsorted(distinct, pairs)
    kinds = pl.Series([kind for kind, _ in known], dtype=pl.String)
    pageable = pl.Series([pageable for _, pageable in known], dtype=pl.Boolean)
    return take(kinds, pair_of), take(pageable, pair_of)


def _copy_kind(name: str, kind: str) -> tuple[str | None, bool | None]:
    """Return kind and pageability of one copy, from its name, else from its recorded kind."""
    match = _COPY.search(name) or _COPY.search(kind)
    direction = None
    if match is not None:
        source, target = (part[0] for part in match.groups() if part)
        direction = f"{source}to{target}"
    if "Pageable" in name:
        return direction, True
    # "Host" (ROCm) does not say whether the memory is pinned
    return direction, False if "Pinned" in name or direction in ("DtoD", "PtoP") else None


def _sizes_of(raw: bytes, most: tuple[int, int], edge: Edge) -> list[int]:
    """Return x, y and z of a recorded grid or block; UNKNOWN where they are none that can run.

    A grid of 0 blocks stands for one that was not recorded.

    Args:
        most: the largest size of one direction, and of all together.
    """
    sizes = decoded(raw)
    if not isinstance(sizes, list) or len(sizes) != 3:
        return [UNKNOWN] * 3
    known = [size for size in sizes if type(size) is int and 0 < size <= most[0]]
    if len(known) == len(sizes) and math.prod(known) <= most[1]:
        return known
    edge.numbers += any(size != 0 for size in sizes)
    return [UNKNOWN] * 3


def _bounded(value: Identifier, largest: int, edge: Edge) -> int:
    """Return a recorded number, UNKNOWN for one that cannot be."""
    if value == UNKNOWN:
        return UNKNOWN
    known = edge.number(value, largest)
    return UNKNOWN if known is None else known


def _first_known(first: Iterable[Identifier], second: Iterable[Identifier]) -> list[int]:
    """Return the number in each first id, else in the second, else UNKNOWN."""
    return [
        n if (n := _number_in(a)) >= 0 else _number_in(b)
        for a, b in zip(first, second, strict=True)
    ]


def _number_in(identifier: Identifier) -> int:
    """Return the number in an id such as 7 or ``stream 7``; UNKNOWN without one."""
    if isinstance(identifier, int):
        return identifier if identifier >= 0 else UNKNOWN
    digits = identifier.rpartition(" ")[2]
    known = digits.isdecimal() and digits.isascii() and len(digits) < 20
    return int(digits) if known else UNKNOWN
