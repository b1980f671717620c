"""Batching: weights read for few rows, products that share an input, a device the host starves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl

from ncutool import units
from ncutool.advice.context import Context, Draft
from ncutool.advice.fuse import spread
from ncutool.advice.nodes import Node, Stream
from ncutool.work.operators.tensor import Tensor

WEIGHT_SHARE = 0.75
"""A product whose weights are this share of its bytes is read-bound by them."""
MAX_ROWS = 256
NARROW_TILE = 32
"""A tile this narrow is chosen for a product with few rows."""
MANY = 5
"""So many equal products in a row are a loop over independent ones."""

_TILE_NAMES = r"_MT(\d+)x(\d+)x\d+"  # macro tile in the kernel names of AMD's Tensile
_ACTIVATION = {"addmm": 1, "mm": 0, "linear": 0, "_addmm_activation": 1}


def drafts(context: Context, taken: set[int]) -> list[Draft]:
    """Products first: a launch in ``taken`` belongs to a fusion already."""
    found = [*_merged(context, taken)]
    narrow = None if _trains(context) else _narrow(context)
    for draft in (narrow, _narrow_by_name(context), _larger_batch(context)):
        if draft is not None:
            found.append(draft)
    return found


def _trains(context: Context) -> bool:
    """Whether a backward pass was recorded: its products multiply by activations, not weights."""
    names = context.capture.signatures["op"]
    return bool(names.str.contains(r"_backward|Backward\d*$|autograd::").any())


def _larger_batch(context: Context) -> Draft | None:
    """The wall time is the host's, so more work per launch costs none until the device fills."""
    timeline = context.timeline
    if not context.host_bound or timeline.busy_ns <= 0:
        return None
    factor = timeline.wall_ns // timeline.busy_ns
    eager = context.kernels.filter(
        (pl.col("category") == "kernel") & ~pl.col("graph_replay").fill_null(False)
    )
    if factor < 2 or not eager.height:
        return None
    launches = tuple(eager["launch_id"].to_list())
    durations = tuple(eager["duration_ns"].to_list())
    return Draft(
        kind="batch",
        title=f"Grow the batch up to about {factor} times: the host sets the pace",
        grade="likely",
        launches=launches,
        best=durations,
        worst=durations,
        evidence=(
            f"The device works {context.share(timeline.busy_ns)} and waits for launches "
            f"{context.share(context.dispatch_ns)}: the window stays as long until the device has "
            f"about {factor} times the work.",
            "The saving is per sample, and an alternative to launching faster: both use the same "
            "idle time.",
        ),
        remedy="Process more samples, sequences or tokens per step, as far as memory and response "
        "time allow, and measure: kernels grow more slowly than the batch while they are small.",
        idle_used=launches,
        lead=2,
    )


def _weights(node: Node) -> tuple[Tensor, Tensor] | None:
    """Activation and weight of a product with a two-dimensional weight."""
    index = _ACTIVATION.get(node.op)
    if index is None or len(node.inputs) < index + 2:
        return None
    activation, weight = node.inputs[index], node.inputs[index + 1]
    if len(weight.shape) != 2 or not activation.shape or not weight.numel:
        return None
    return activation, weight


def _narrow(context: Context) -> Draft | None:
    """Products that spend their time reading weights for few rows."""
    rows: list[tuple[Stream, Node, int]] = []
    for stream in context.streams:
        for node in stream.nodes:
            pair = _weights(node)
            if pair is None or not node.duration_ns:
                continue
            activation, weight = pair
            count = activation.numel // (activation.shape[-1] or 1)
            size, weight_bytes = node.moved, weight.write_bytes
            if size and weight_bytes and count <= MAX_ROWS and weight_bytes > WEIGHT_SHARE * size:
                rows.append((stream, node, count))
    if not rows:
        return None
    most = max(count for _, _, count in rows)
    moved = sum(node.moved or 0.0 for _, node, _ in rows)
    total = sum(node.duration_ns for _, node, _ in rows)
    sentence = (
        f"{len(rows):,} matrix {'product' if len(rows) == 1 else 'products'} over at most "
        f"{most:,} rows take {context.share(total)} and read "
        f"{units.scaled(moved, 'B')}, over {100 * WEIGHT_SHARE:.0f} % of it weights"
    )
    if context.device is not None:
        floor = context.move_ns(moved)
        sentence += f", which takes {units.time(floor)} at the bandwidth peak"
    return _halved(
        context,
        [(stream, row) for stream, node, _ in rows for row in range(node.first, node.last)],
        title=f"Give the matrix products of at most {most:,} rows more rows",
        grade_likely=True,
        evidence=sentence + ".",
    )


def _narrow_by_name(context: Context) -> Draft | None:
    """The same where no shapes are recorded: the kernel's name tells its tile."""
    unknown = context.kernels.filter(pl.col("flop").is_null() & (pl.col("category") == "kernel"))
    names = [name for name in unknown["kernel_full"].unique() if _narrow_tile(name)]
    if not names:
        return None
    chosen = set(unknown.filter(pl.col("kernel_full").is_in(names))["launch_id"])
    rows = [
        (stream, row)
        for stream in context.streams
        for row, launch_id in enumerate(stream.launch_ids)
        if launch_id in chosen
    ]
    total = sum(stream.durations[row] for stream, row in rows)
    return _halved(
        context,
        rows,
        title="Batch more rows into the matrix products with narrow tiles",
        grade_likely=False,
        evidence=f"{len(rows):,} launches of kernels whose names tell of tiles at most "
        f"{NARROW_TILE} wide take {context.share(total)}; such tiles are chosen for products with "
        "few rows, which mostly read weights. No shapes are recorded, so this is a guess by name.",
    )


def _narrow_tile(name: str) -> bool:
    tile = re.search(_TILE_NAMES, name)
    return tile is not None and min(int(side) for side in tile.groups()) <= NARROW_TILE


def _halved(
    context: Context,
    rows: Sequence[tuple[Stream, int]],
    *,
    title: str,
    grade_likely: bool,
    evidence: str,
) -> Draft:
    durations = [stream.durations[row] for stream, row in rows]
    return Draft(
        kind="batch",
        title=title,
        grade="likely" if grade_likely else "possible",
        launches=tuple(stream.launch_ids[row] for stream, row in rows),
        best=tuple(duration // 2 for duration in durations),
        worst=tuple(durations),
        evidence=(
            evidence,
            "Twice the rows read the same weights once: at most half of this time per row. A "
            "single stream of requests, memory for the cache, or response time may forbid it.",
        ),
        remedy="Serve more sequences per step (continuous batching), or verify several tokens at "
        "once (speculative decoding).",
    )


def _merged(context: Context, taken: set[int]) -> Iterable[Draft]:
    """Neighbouring products over inputs of one shape: one product, or one grouped product."""
    shared: list[tuple[Stream, list[Node]]] = []
    grouped: list[tuple[Stream, list[Node]]] = []
    for stream in context.streams:
        for run in _runs(stream, taken):
            if len(run) < MANY and run[0].symbol == "g":
                shared.append((stream, run))
            elif len(run) >= MANY and _underfilled(context, run):
                grouped.append((stream, run))
    if shared:
        yield _merge_draft(
            context,
            shared,
            title="Merge products that read the same input",
            remedy="Concatenate the weights (query, key and value; gate and up) and run one "
            "product, then split its result.",
            note="Traces record no addresses: that they share the input is told by its shape and "
            "by their order.",
        )
    if grouped:
        yield _merge_draft(
            context,
            grouped,
            title="Run loops of equal small products as one batched product",
            remedy="Stack the operands and call `torch.bmm`, or use a grouped GEMM.",
            note="Each launch alone has fewer blocks than the device has multiprocessors.",
        )


def _runs(stream: Stream, taken: set[int]) -> Iterable[list[Node]]:
    for match in re.finditer(r"g{2,}|b{5,}", stream.symbols):
        run: list[Node] = []
        for node in stream.nodes[match.start() : match.end()]:
            if run and _read_shape(run[-1]) == _read_shape(node) and not _chained(run[-1], node):
                run.append(node)
                continue
            if len(run) > 1:
                yield run
            run = [node] if _read_shape(node) is not None else []
        if len(run) > 1 and not any(
            stream.launch_ids[row] in taken for node in run for row in range(node.first, node.last)
        ):
            yield run


def _read_shape(node: Node) -> tuple[object, ...] | None:
    """What products must share to be merged: the operator and its activation."""
    if node.symbol == "b":
        return (node.op, node.inputs) if node.inputs else None
    pair = _weights(node)
    return (node.op, pair[0]) if pair else None


def _chained(producer: Node, consumer: Node) -> bool:
    """Whether the second may read what the first wrote: square weights, without an activation
    function between them, are taken for parallel, as in query, key and value."""
    pair = _weights(consumer)
    return bool(
        pair
        and producer.outputs
        and producer.outputs[0].shape == pair[0].shape
        and pair[1].shape[0] != pair[1].shape[1]
    )


def _underfilled(context: Context, run: Sequence[Node]) -> bool:
    count = context.device.sm_count if context.device else None
    return count is not None and all(
        node.blocks is not None and node.blocks < count for node in run
    )


def _waves(context: Context, run: Sequence[Node]) -> tuple[int, int] | None:
    """Waves of blocks now and when all run at once; None where grids say nothing.

    A grid below the number of multiprocessors may be a persistent kernel, which says nothing
    of its tiles; only launches far from their roof count as short of blocks.
    """
    count = context.device.sm_count if context.device else None
    if not count or any(not node.blocks for node in run):
        return None
    blocks = [node.blocks or 0 for node in run]
    return sum(-(-item // count) for item in blocks), -(-sum(blocks) // count)


def _merge_draft(
    context: Context,
    runs: Sequence[tuple[Stream, list[Node]]],
    *,
    title: str,
    remedy: str,
    note: str,
) -> Draft:
    launches: list[int] = []
    best: list[int] = []
    durations: list[int] = []
    removed: list[int] = []
    now = then = 0
    for stream, run in runs:
        rows = [row for node in run for row in range(node.first, node.last)]
        ids = [stream.launch_ids[row] for row in rows]
        times = [stream.durations[row] for row in rows]
        waves = _waves(context, run)
        target = sum(times)
        if waves is not None:
            target = max(target * waves[1] // waves[0], max(times))
            now, then = now + waves[0], then + waves[1]
        launches += ids
        durations += times
        best += spread(target, times)
        removed += ids[1:]
    products = sum(len(run) for _, run in runs)
    sentences = [
        f"{products:,} products in {len(runs):,} groups take {context.share(sum(durations))}; "
        f"the first group: {len(runs[0][1])} × {runs[0][1][0].op} {runs[0][1][0].signature or ''}.",
        note,
    ]
    if then < now:
        sentences.append(f"Together they need {then:,} waves of blocks instead of {now:,}.")
    return Draft(
        kind="batch",
        title=title,
        grade="possible" if _trains(context) else "likely",
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(durations),
        evidence=tuple(sentences),
        remedy=remedy,
        removed=tuple(removed),
    )
