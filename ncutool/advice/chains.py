"""Fusion without a known pattern: chains of elementwise operators, and many small updates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ncutool import units
from ncutool.advice.context import ACHIEVABLE_SHARE, Context, Draft
from ncutool.advice.fuse import spread
from ncutool.advice.nodes import Node, Stream
from ncutool.work.operators.tensor import Tensor

REPEATS = 8
"""A chain seen this often with the same operators and shapes is no accident."""
MIN_UPDATES = 12
_UPDATES = frozenset(["add", "mul", "addcmul", "addcdiv", "sqrt", "div", "lerp", "sub"])
_TWINS = {"cos", "sin"}
_CLEARS = frozenset(("fill", "zero"))
_FUSABLE = frozenset(("elementwise", "copy"))
_ENDS = frozenset(("reduction",))
_MIN_ELEMENTS = 1024
"""Smaller tensors match one another by chance."""

Run = tuple[Stream, list[Node]]


def drafts(context: Context, taken: set[int]) -> list[Draft]:
    """Many-tensor updates first, then chains over what is left; ``taken`` grows by both."""
    found = []
    for names, title, remedy in (
        (
            _UPDATES,
            "Update parameters with multi-tensor kernels",
            "Pass `fused=True` (or `foreach=True`) to the optimizer, or use `torch._foreach_*`.",
        ),
        (
            _CLEARS,
            "Clear gradients without one launch each",
            "`optimizer.zero_grad(set_to_none=True)`, or `torch._foreach_zero_`.",
        ),
    ):
        runs = [run for stream in context.streams for run in _updates(stream, names, taken)]
        if runs:
            taken.update(_ids(runs))
            found.append(_update_draft(context, runs, title, remedy))
    chains = [run for stream in context.streams for run in _chains(stream, taken)]
    counts = Counter(_template(nodes) for _, nodes in chains)
    often = [run for run in chains if counts[_template(run[1])] >= REPEATS]
    rare = [run for run in chains if counts[_template(run[1])] < REPEATS]
    if often:
        found.append(_chain_draft(context, often, repeated=True))
    if rare:
        found.append(_chain_draft(context, rare, repeated=False))
    taken.update(_ids(chains))
    return found


def _ids(runs: Sequence[Run]) -> Iterable[int]:
    return (stream.launch_ids[row] for stream, nodes in runs for row in _rows(nodes))


def _rows(nodes: Sequence[Node]) -> list[int]:
    return [row for node in nodes for row in range(node.first, node.last)]


def _free(stream: Stream, node: Node, taken: set[int]) -> bool:
    return not any(stream.launch_ids[row] in taken for row in range(node.first, node.last))


def _updates(stream: Stream, names: frozenset[str], taken: set[int]) -> Iterable[Run]:
    """Stretches of in-place operators over at least `MIN_UPDATES` tensors of several shapes.

    They work on different tensors side by side, however much they look like a chain.
    """
    marks = "".join(
        "u" if _updates_in_place(node, names) and _free(stream, node, taken) else "."
        for node in stream.nodes
    )
    for match in re.finditer(f"u{{{MIN_UPDATES},}}", marks):
        nodes = stream.nodes[match.start() : match.end()]
        shapes = {node.inputs[0].shape for node in nodes if node.inputs}
        if len(shapes) >= 4:
            yield stream, nodes


def _updates_in_place(node: Node, names: frozenset[str]) -> bool:
    base = node.op.rstrip("_")
    return base in names and (node.in_place or base == "sqrt")


def _update_draft(context: Context, runs: Sequence[Run], title: str, remedy: str) -> Draft:
    launches: list[int] = []
    best: list[int] = []
    worst: list[int] = []
    removed: list[int] = []
    for stream, nodes in runs:
        rows = _rows(nodes)
        durations = [stream.durations[row] for row in rows]
        kernels = len({node.op for node in nodes})
        moved = [node.moved for node in nodes if node.moved is not None]
        total = sum(durations)
        times = (total, total)
        if len(moved) == len(nodes) and context.device is not None:
            floor = kernels * context.latency_ns
            times = (
                max(context.move_ns(sum(moved)), floor),
                max(context.move_ns(sum(moved), ACHIEVABLE_SHARE), floor),
            )
        ids = [stream.launch_ids[row] for row in rows]
        launches += ids
        best += spread(times[0], durations)
        worst += spread(times[1], durations)
        removed += ids[kernels:]
    operators = Counter(node.op for _, nodes in runs for node in nodes)
    listed = ", ".join(f"{count:,} {op}" for op, count in operators.most_common(4))
    tensors = max(Counter(node.op for node in runs[0][1]).values())
    return Draft(
        kind="fuse",
        title=title,
        grade="certain",
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(worst),
        evidence=(
            f"{len(launches):,} launches in {len(runs):,} "
            f"{'stretch' if len(runs) == 1 else 'stretches'} update tensors in place, one launch "
            f"each ({listed}); they take {context.share(sum(_durations(runs)))} of device time.",
            f"The first stretch covers {tensors:,} tensors of "
            f"{len({node.inputs[0].shape for node in runs[0][1] if node.inputs}):,} shapes: "
            "parallel work, not a chain, so one multi-tensor kernel per operator does it.",
        ),
        remedy=remedy,
        removed=tuple(removed),
    )


def _durations(runs: Sequence[Run]) -> Iterable[int]:
    return (stream.durations[row] for stream, nodes in runs for row in _rows(nodes))


def _chains(stream: Stream, taken: set[int]) -> Iterable[Run]:
    """Neighbouring nodes of which each reads what the one before wrote."""
    chain: list[Node] = []
    for node in stream.nodes:
        usable = node.family in _FUSABLE or (chain and node.family in _ENDS)
        if usable and node.symbol != "|" and _free(stream, node, taken):
            if chain and _feeds(chain[-1], node) and chain[-1].family not in _ENDS:
                chain.append(node)
                continue
            if len(chain) > 1:
                yield stream, chain
            chain = [node] if node.family in _FUSABLE else []
            continue
        if len(chain) > 1:
            yield stream, chain
        chain = []
    if len(chain) > 1:
        yield stream, chain


def _feeds(producer: Node, consumer: Node) -> bool:
    """Whether ``consumer`` has an input of the shape and type that ``producer`` wrote.

    Two in-place updates in a row belong to two tensors, sine and cosine to one input, and the
    same operator on the same shapes works on several tensors side by side.
    """
    if _updates_in_place(producer, _UPDATES) and _updates_in_place(consumer, _UPDATES):
        return False
    alike = (producer.op, producer.signature) == (consumer.op, consumer.signature)
    if alike or {producer.op, consumer.op} == _TWINS:
        return False
    return _handed(producer, consumer) is not None


def _handed(producer: Node, consumer: Node) -> Tensor | None:
    """The tensor that ``producer`` wrote and ``consumer`` reads."""
    inputs = consumer.inputs[1:] if _overwrites(consumer) else consumer.inputs
    for output in producer.outputs:
        if output.numel >= _MIN_ELEMENTS and any(_same(output, item) for item in inputs):
            return output
    return None


def _overwrites(node: Node) -> bool:
    return node.op == "copy_" and len(node.inputs) > 1


def _same(left: Tensor, right: Tensor) -> bool:
    return left.shape == right.shape and left.dtype is not None and left.dtype == right.dtype


def _template(nodes: Sequence[Node]) -> tuple[tuple[str, str | None], ...]:
    return tuple((node.op, node.signature) for node in nodes)


def _bytes(nodes: Sequence[Node]) -> tuple[int, int] | None:
    """Bytes of one fused kernel: without writing and reading what the chain hands on; at worst
    it is still written, because something outside the chain reads it as well."""
    if any(node.moved is None for node in nodes):
        return None
    best = worst = sum(node.moved or 0.0 for node in nodes)
    for producer, consumer in pairwise(nodes):
        output = _handed(producer, consumer)
        if output is None or output.write_bytes is None:
            return None
        best -= 2 * output.write_bytes
        worst -= output.write_bytes
    return max(int(best), 0), max(int(worst), 0)


def _chain_draft(context: Context, runs: Sequence[Run], *, repeated: bool) -> Draft:
    launches: list[int] = []
    best: list[int] = []
    worst: list[int] = []
    removed: list[int] = []
    sizes = {}
    for stream, nodes in runs:
        rows = _rows(nodes)
        durations = [stream.durations[row] for row in rows]
        template = _template(nodes)
        if template not in sizes:
            sizes[template] = _bytes(nodes)
        size = sizes[template]
        times = (max(durations), sum(durations))
        if size is not None and context.device is not None:
            times = context.move_ns(size[0]), context.move_ns(size[1], ACHIEVABLE_SHARE)
        ids = [stream.launch_ids[row] for row in rows]
        launches += ids
        best += spread(times[0], durations)
        worst += spread(max(times), durations)
        removed += ids[1:]
    return Draft(
        kind="fuse",
        title="Compile repeated elementwise chains" if repeated else "Compile elementwise chains",
        grade="likely" if repeated else "possible",
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(worst),
        evidence=_chain_evidence(context, runs, repeated=repeated),
        remedy="`torch.compile` the module: its compiler joins neighbouring elementwise operators "
        "into one kernel.",
        removed=tuple(removed),
    )


def _chain_evidence(context: Context, runs: Sequence[Run], *, repeated: bool) -> tuple[str, ...]:
    count: Counter[str] = Counter()
    time: Counter[str] = Counter()
    for stream, nodes in runs:
        name = " → ".join(node.op for node in nodes)
        count[name] += 1
        time[name] += sum(stream.durations[row] for row in _rows(nodes))
    listed = "; ".join(
        f"{count[name]:,} × {name} ({units.time(ns)})" for name, ns in time.most_common(3)
    )
    proof = (
        f"Each occurs at least {REPEATS} times with the same operators and shapes"
        if repeated
        else f"None occurs {REPEATS} times, so equal shapes may be a coincidence"
    )
    return (
        f"{len(runs):,} chains of neighbouring operators, each reading a tensor of the shape and "
        f"type the one before wrote, take {context.share(sum(time.values()))}.",
        f"Most time: {listed}.",
        f"{proof}; traces record no addresses.",
    )
