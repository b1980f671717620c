"""The launches of the window by kind, so that what holds for all of a kind is decided once.

A trace repeats its steps and layers: thousands of launches are of a few hundred kinds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from ncutool_parsers.capture import Capture

Ints = npt.NDArray[np.int64]
Shapes = tuple[tuple[int, ...], ...]
"""Those that the signature shows; empty where none were recorded."""
NOBODY = -1
"""Stands in arrays for an absent number."""
_HOST_COPIES = ["HtoD", "DtoH", "HtoH", "PtoP"]


class Kind(Struct, eq=False):
    """What launches of one kind share: columns of the kernels table, and a few more.

    There is one of each, so that two are equal only where they are the same. Nobody changes it:
    it is not frozen because that makes it three times as slow to make.
    """

    category: str
    kernel: str
    kernel_full: str
    op: str | None
    signature: str | None
    shapes: Shapes
    family: str | None
    bound: str | None
    flop: float | None
    dram_bytes: float | None
    peak_flop_per_s: float | None
    peak_bytes_per_s: float | None
    graph_replay: bool | None
    dtype: str | None
    roof: str | None
    flop_exactness: str | None
    bytes_exactness: str | None
    grid_x: int | None
    grid_y: int | None
    grid_z: int | None
    signature_id: int | None
    """Row of `signatures` of its operator; None where no operator is recorded."""
    linked: bool
    """Whether an operator that launched it is recorded."""
    barrier: bool
    """Communication, or a copy from or to the host: nothing fuses across it."""

    @property
    def blocks(self) -> int | None:
        """Thread blocks of its grid; None where that is no count that a device can run."""
        if self.grid_x is None or self.grid_y is None or self.grid_z is None:
            return None
        blocks = self.grid_x * self.grid_y * self.grid_z
        return blocks if blocks < 2**53 else None


_FIELDS = [*Kind.__struct_fields__]
_TABLE = _FIELDS[: _FIELDS.index("signature_id")]


class Launches(Struct, frozen=True, eq=False):
    """The rows of the kernels table of the window, in their order."""

    kinds: list[Kind]
    kind_of: Ints
    """Place in ``kinds``, one each row."""
    of_row: list[Kind]
    """The kind itself, one each row."""
    ids: list[int]
    durations: list[int]
    op_ids: Ints
    """Innermost operator; `NOBODY` where none is recorded."""
    parents: Ints
    """The innermost enclosing operator that does more than hand on to the launching one."""

    def rows(self, fits: Callable[[Kind], bool | None]) -> list[int]:
        """Return the rows of every kind that ``fits``."""
        wanted = np.fromiter((bool(fits(kind)) for kind in self.kinds), bool, len(self.kinds))
        return list(np.flatnonzero(wanted[self.kind_of]).tolist()) if wanted.any() else []

    def ids_of(self, rows: Ints) -> tuple[int, ...]:
        """Return the launch_id of each of ``rows``: the very numbers that are held here, since new
        ones would take five times as much memory."""
        ids = self.ids
        return tuple([ids[row] for row in rows.tolist()])

    def durations_of(self, rows: Ints) -> tuple[int, ...]:
        """Return the duration (ns) of each of ``rows``, likewise."""
        durations = self.durations
        return tuple([durations[row] for row in rows.tolist()])


def launches(kernels: pl.DataFrame, capture: Capture) -> Launches:
    """Return ``kernels`` by kind.

    Args:
        kernels: of the window, in order of start.
    """
    op_ids = kernels["op_id"].fill_null(NOBODY).to_numpy()
    signatures, parents = _callers(capture, op_ids)
    rows = kernels.select(
        *_TABLE,
        pl.Series("signature_id", signatures),
        pl.col("op_id").is_not_null().alias("linked"),
        _barrier(capture).alias("barrier"),
        pl.int_range(pl.len()).alias("row"),
    )
    # Equal signatures have equal shapes, and lists are slow to group by; long names are as well.
    long = ("kernel", "kernel_full")
    keys = [name for name in _FIELDS if name not in ("shapes", *long)]
    groups = (
        rows.with_columns(pl.col(name).cast(pl.Categorical).alias(f"{name}_") for name in long)
        .group_by(*keys, *(f"{name}_" for name in long), maintain_order=True)
        .agg("row", *(pl.col(name).first() for name in ("shapes", *long)))
    )
    kind_of = np.empty(kernels.height, np.int64)
    sizes = groups["row"].list.len().to_numpy()
    kind_of[groups["row"].explode().to_numpy()] = np.repeat(np.arange(groups.height), sizes)
    columns = {name: groups[name].to_list() for name in (*keys, *long)}
    columns["shapes"] = [
        tuple([tuple(shape) for shape in shapes or ()]) for shapes in groups["shapes"].to_list()
    ]
    kinds = list(map(Kind, *(columns[name] for name in _FIELDS)))
    return Launches(
        kinds=kinds,
        kind_of=kind_of,
        of_row=[kinds[number] for number in kind_of.tolist()],
        ids=kernels["launch_id"].to_list(),
        durations=_held_once(kernels["duration_ns"]),
        op_ids=op_ids,
        parents=parents,
    )


def _held_once(values: pl.Series) -> list[int]:
    """Return whole numbers, equal ones as one object: launches take few different times."""
    known: dict[int, int] = {}
    return [known.setdefault(value, value) for value in values.to_list()]


def _barrier(capture: Capture) -> pl.Expr:
    table = capture.launches
    apart = table["collective"].is_not_null() | table["copy_kind"].is_in(_HOST_COPIES)
    ids = table["launch_id"].filter(apart.fill_null(False))
    return (
        (pl.col("family") == "collective").fill_null(False)
        | (pl.col("bound") == "communication").fill_null(False)
        | pl.col("launch_id").is_in(ids.implode())
    )


_WRAPPERS = (
    r"^aten::(to|_to_copy|clone|contiguous|reshape|linear|matmul|layer_norm|batch_norm|zero_|"
    r"_batch_norm_impl_index|softmax|dropout|relu_?|silu|gelu|conv[123]d|_?convolution|stack)$"
)
"""Operators that mostly hand on to one other: they hold nothing together."""


def _callers(capture: Capture, op_ids: Ints) -> tuple[Ints, Ints]:
    """Return, per operator call, its signature and the innermost caller that holds several
    together."""
    ids = capture.ops["op_id"].to_numpy()
    signatures = capture.ops["signature_id"].to_numpy()
    parents = capture.ops["parent_id"].fill_null(NOBODY).to_numpy()
    names = capture.signatures.filter(pl.col("op").str.contains(_WRAPPERS))["signature_id"]
    hand_on = np.isin(signatures, names.to_numpy())
    numbered = bool((ids == np.arange(len(ids))).all())  # as readers number them
    order = None if numbered else np.argsort(ids, kind="stable")

    def place(wanted: Ints) -> Ints:
        """Return the row of ``ops`` of each; its length, past the end, where there is none."""
        if not len(ids):
            return np.zeros(len(wanted), np.int64)
        if order is None:
            return np.where((wanted >= 0) & (wanted < len(ids)), wanted, len(ids))
        near = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
        return np.where(ids[near] == wanted, near, len(ids))

    signatures, parents = np.append(signatures, NOBODY), np.append(parents, NOBODY)
    hand_on = np.append(hand_on, False)
    rows = place(op_ids)
    above = parents[rows]
    for _ in range(2):
        caller = place(above)
        above = np.where(hand_on[caller], parents[caller], above)
    return signatures[rows], above
