"""Products that read the same input as one, and loops of equal small products as one launch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Draft, Drafts
from ncutool.advice.view.nodes import Node, Operation, Stream
from ncutool.advice.view.spreading import spread_each
from ncutool.advice.view.waves import Tiling
from ncutool.base import units
from ncutool.base.tables import Grade
from ncutool.base.thresholds import IntThreshold

MANY = IntThreshold(
    5, "products", "so many equal ones in a row are a loop over independent ones", JUDGED
)
_RUNS = re.compile(r"g{2,}|b{5,}|g[SG]g(?=m)")


class Group(Struct, frozen=True):
    """Products that could be one."""

    stream: Stream
    products: tuple[Node, ...]
    size: tuple[int, int, int] | None
    """Rows, inner size and all columns together; None for batched products."""
    waves: tuple[int, int] | None
    """Now and as one; None where the kernels do not tell."""

    @property
    def rows(self) -> list[int]:
        """All their launches, as rows of the stream."""
        return [row for node in self.products for row in range(node.first, node.last)]

    @property
    def ids(self) -> list[int]:
        """All their launches, by launch_id."""
        return [self.stream.launch_ids[row] for row in self.rows]

    @property
    def duration_ns(self) -> int:
        """Time of all of them."""
        return sum(node.duration_ns for node in self.products)


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise to merge unclaimed products where that saves waves or the host's time; decline what
    takes as many waves merged."""
    groups = list(_groups(context, claimed))
    in_vain = [group for group in groups if group.size and _in_vain(context, group)]
    shared = [group for group in groups if group.size and not _in_vain(context, group)]
    grouped = [group for group in groups if not group.size]
    advised = [
        make(context, alike) for make, alike in ((_shared, shared), (_grouped, grouped)) if alike
    ]
    by_shape: dict[str, list[Group]] = {}
    for group in in_vain:
        by_shape.setdefault(_shapes(group), []).append(group)
    refused = [_refusal(context, shape, alike) for shape, alike in by_shape.items()]
    return Drafts(tuple(advised), declined=tuple(refused))


def _refusal(context: Context, shape: str, groups: Sequence[Group]) -> Declined:
    total = sum(group.duration_ns for group in groups)
    waves = groups[0].waves or (0, 0)
    count = len(groups[0].products)
    return Declined(
        what=f"Merge the {count} products {shape} that read the same input, "
        f"{units.counted(len(groups), 'place')}",
        why=f"As one they take {waves[1]} waves of blocks, apart {waves[0]}: "
        f"{context.summed(total)} stays, and the device does not wait for their launches.",
        launches=tuple(sorted(one for group in groups for one in group.ids)),
        duration_ns=total,
    )


def _in_vain(context: Context, group: Group) -> bool:
    """Whether as one they take as many waves, and launching them costs the device nothing."""
    return not context.host_bound and group.waves is not None and group.waves[1] >= group.waves[0]


def _groups(context: Context, claimed: frozenset[int]) -> Iterator[Group]:
    tiles = context.tilings
    barred = claimed | context.backward
    for stream in context.streams:
        for run in _runs(stream):
            ids = [stream.launch_ids[row] for node in run for row in range(node.first, node.last)]
            if not barred.isdisjoint(ids) or not any(node.duration_ns for node in run):
                continue
            if len(run) < MANY and run[0].symbol == "g":
                yield _same_input(stream, run, tiles)
            elif len(run) >= MANY and _underfilled(context, run):
                yield Group(stream, tuple(run), None, _grids(context, run))


def _same_input(stream: Stream, run: Sequence[Node], tiles: Mapping[int, Tiling]) -> Group:
    sizes = [size for node in run if (size := node.operation.sizes) is not None]
    size = (*sizes[0][:2], sum(columns for _, _, columns in sizes))
    tilings_of = [_tiling(stream, node, tiles) for node in run]
    waves = None
    if None not in tilings_of:
        known = [tiling for tiling in tilings_of if tiling is not None]
        now = sum(
            tiling.waves(size[0], columns)
            for tiling, (_, _, columns) in zip(known, sizes, strict=True)
        )
        waves = (now, min(tiling.waves(size[0], size[2]) for tiling in known))
    return Group(stream, tuple(run), size, waves)


def _tiling(stream: Stream, node: Node, tiles: Mapping[int, Tiling]) -> Tiling | None:
    rows = sorted(range(node.first, node.last), key=lambda row: -stream.durations[row])
    return next((tiles[one] for row in rows if (one := stream.launch_ids[row]) in tiles), None)


def _runs(stream: Stream) -> Iterable[list[Node]]:
    """Yield the products in a row that may read the same input."""
    inputs = {operation: read for operation in stream.distinct if (read := _read(operation))}
    numbers: dict[tuple[object, ...], int] = {}
    reads = {
        operation: numbers.setdefault(read, len(numbers)) for operation, read in inputs.items()
    }
    for match in _RUNS.finditer(stream.symbols):
        nodes = stream.nodes[match.start() : match.end()]
        if nodes[0].symbol == "g" and len(nodes) == 3 and nodes[1].symbol != "g":
            if _gated(nodes[0].operation, nodes[2].operation):
                yield [nodes[0], nodes[2]]
            continue
        run: list[Node] = []
        shared = None
        for node in nodes:
            number = reads.get(node.operation)
            if run and shared == number and not _chained(run[-1].operation, node.operation):
                run.append(node)
                continue
            if len(run) > 1:
                yield run
            run, shared = [node] if number is not None else [], number
        if len(run) > 1:
            yield run


def _gated(gate: Operation, up: Operation) -> bool:
    """Whether the two are gate and up projection, with the activation function between them: both
    widen the same input."""
    one, other = gate.sizes, up.sizes
    return one is not None and one == other and one[1] != one[2] and _read(gate) == _read(up)


def _read(operation: Operation) -> tuple[object, ...] | None:
    """Return what products must share to be merged, the operator and its activation; None for what
    is no product of known shapes."""
    if operation.symbol == "b":
        return (operation.op, operation.inputs) if operation.inputs else None
    return (operation.op, operation.factors[0]) if operation.factors and operation.sizes else None


def _chained(producer: Operation, consumer: Operation) -> bool:
    """Whether the second may read what the first wrote: square weights, without an activation
    function between them, are taken for parallel, as in query, key and value."""
    pair = consumer.factors
    if pair is None or not producer.outputs:
        return False
    same = producer.outputs[0].shape == pair[0].shape
    return same and (pair[1].shape[0] != pair[1].shape[1] or "activation" in producer.op)


def _underfilled(context: Context, run: Sequence[Node]) -> bool:
    count = context.device.sm_count if context.device else None
    return count is not None and all(
        node.blocks is not None and 0 < node.blocks < count for node in run
    )


def _grids(context: Context, run: Sequence[Node]) -> tuple[int, int] | None:
    """Return the rounds of blocks now and when all run at once, of grids that do not fill the
    device."""
    count = context.device.sm_count if context.device else None
    if not count:
        return None
    return len(run), -(-sum(node.blocks or 0 for node in run) // count)


def _times(context: Context, group: Group, larger: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return what one product would take (ns) at best and at worst.

    ``larger``: columns and median time of the capture's own products with the same rows and inner
    size, which stand beside the merged one.
    """
    now = group.duration_ns
    longest = max(node.duration_ns for node in group.products)
    best = now
    if group.waves is not None and group.waves[1] < group.waves[0]:
        best = max(now * group.waves[1] // group.waves[0], longest)
    if group.size is None or not larger:
        return best, now
    columns = group.size[2]
    few = group.size[2] // len(group.products)
    above = [(width, time) for width, time in larger if width >= columns]
    if not above or few >= columns:
        return best, now
    width, time = min(above)
    one = now // len(group.products)
    between = one + max(time - one, 0) * (columns - few) // max(width - few, 1)
    return min(max(between, longest), now), min(max(time, longest), now)


def _neighbours(context: Context) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return columns and median time (ns) of every shape of product, by rows and inner size."""
    seen: dict[tuple[int, int, int], list[int]] = {}
    for stream in context.streams:
        sizes = [one.sizes if one.symbol == "g" else None for one in stream.distinct]
        known = stream.where(lambda operation: operation.symbol == "g" and operation.sizes)
        which = known & (stream.times > 0)
        numbers, times = stream.numbers[which].tolist(), stream.times[which].tolist()
        for number, time in zip(numbers, times, strict=True):
            if (size := sizes[number]) is not None:
                seen.setdefault(size, []).append(time)
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (rows, inner, columns), times in seen.items():
        found.setdefault((rows, inner), []).append((columns, round(median(times))))
    return found


def _shared(context: Context, groups: Sequence[Group]) -> Draft:
    neighbours = _neighbours(context)
    times = [
        _times(context, group, neighbours.get(group.size[:2], []) if group.size else [])
        for group in groups
    ]
    first = groups[0]
    sentences = [
        _count(context, groups),
        "Traces record no addresses: that they share the input is told by its shape and by their "
        "order.",
    ]
    told = [(group, group.waves) for group in groups if group.waves is not None]
    if told:
        now, then = (sum(waves[side] for _, waves in told) for side in (0, 1))
        words = f"instead of {now:,}" if then < now else "as before"
        sentences.append(f"Together they need {then:,} waves of blocks {words}.")
    if first.size and any(width >= first.size[2] for width, _ in neighbours[first.size[:2]]):
        sentences.append(
            f"This capture's own products of {first.size[0]:,} rows place the merged one, "
            f"{first.size[2]:,} columns wide, at {units.time_range(*times[0])} instead of "
            f"{units.time(first.duration_ns)}."
        )
    sentences.append(_launches_saved(context, groups))
    return _draft(
        groups,
        times,
        rule="batch-same-input",
        grade="likely" if context.host_bound and not context.program.trains else "possible",
        evidence=tuple(sentences),
        why=_taken(context, groups),
    )


def _grouped(context: Context, groups: Sequence[Group]) -> Draft:
    return _draft(
        groups,
        [_times(context, group, ()) for group in groups],
        rule="batch-equal-products",
        grade="possible" if context.program.trains else "likely",
        evidence=(
            _count(context, groups),
            "Each launch alone has fewer blocks than the device has multiprocessors; their bytes "
            "stay as they are.",
            _launches_saved(context, groups),
        ),
        why=_taken(context, groups),
    )


def _taken(context: Context, groups: Sequence[Group]) -> str:
    """Return one line on how many products take how long."""
    products = sum(len(group.products) for group in groups)
    total = sum(group.duration_ns for group in groups)
    return (
        f"{units.counted(products, 'product')} in {units.counted(len(groups), 'group')} take "
        f"{context.summed(total)}."
    )


def _count(context: Context, groups: Sequence[Group]) -> str:
    first = groups[0]
    return (
        f"{_taken(context, groups).removesuffix('.')}; the first group: {len(first.products)} × "
        f"{first.products[0].op} {_shapes(first)}."
    )


def _shapes(group: Group) -> str:
    size = group.products[0].operation.sizes
    if size is None:
        return group.products[0].signature or ""
    return f"[{size[0]},{size[1]}] × [{size[1]},{size[2]}]"


def _launches_saved(context: Context, groups: Sequence[Group]) -> str:
    saved = sum(len(group.products) - 1 for group in groups)
    words = (
        "while the host sets the pace each is worth its host time"
        if context.host_bound
        else ("the host is ahead, so each is worth no more than the gap before it")
    )
    return f"{units.counted(saved, 'launch')} fewer: {words}."


def _draft(
    groups: Sequence[Group],
    times: Sequence[tuple[int, int]],
    *,
    rule: str,
    grade: Grade,
    evidence: tuple[str, ...],
    why: str,
) -> Draft:
    launches: list[int] = []
    removed: list[int] = []
    durations = [[group.stream.durations[row] for row in group.rows] for group in groups]
    for group in groups:
        launches += group.ids
        others = group.products[1:]
        removed += [
            group.stream.launch_ids[row] for node in others for row in range(node.first, node.last)
        ]
    return Draft(
        rule=rule,
        grade=grade,
        launches=tuple(launches),
        best=tuple(spread_each([low for low, _ in times], durations)),
        worst=tuple(spread_each([high for _, high in times], durations)),
        evidence=evidence,
        why=why,
        removed=tuple(removed),
    )
