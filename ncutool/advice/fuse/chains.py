"""Fusion without a known pattern: chains of operators in which each reads what another wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ncutool.advice.fuse.fuse import spread
from ncutool.advice.fuse.pattern import COMPILE_LINK
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Grade
from ncutool.advice.view.links import WINDOW, Chain, chains
from ncutool.advice.view.operations import key
from ncutool.base import units
from ncutool.devices.reachable import ACHIEVABLE_SHARE

REPEATS = 8
"""A chain seen this often with the same operators and shapes is no accident."""
_OWN_SHARE = 0.01
"""Chains of one kind that take this share of the window are a finding of their own."""
_BACKWARD = r"_backward|Backward\d*$|autograd::"

Template = tuple[tuple[str, str | None], ...]


def drafts(context: Context, taken: set[int]) -> list[Draft]:
    """Drafts for the chains over what is not ``taken``, which grows by their launches."""
    found = [chain for line in context.lines for chain in chains(line, taken)]
    timed = [(chain, _template(chain)) for chain in found if chain.duration_ns > 0]
    counts = Counter(template for _, template in timed)
    time: Counter[str] = Counter()
    for chain, _ in timed:
        time[chain.name] += chain.duration_ns
    groups: dict[tuple[Grade, str], list[Chain]] = {}
    for chain, template in timed:
        own = chain.name if time[chain.name] > _OWN_SHARE * context.wall_ns else ""
        groups.setdefault((_grade(chain, counts[template]), own), []).append(chain)
        taken.update(chain.launches)
    if not groups:
        return []
    operators = context.capture.signatures["op"]
    trains = bool(operators.str.contains(_BACKWARD).any())
    compiled = context.program.compiled
    return [
        _draft(
            context,
            grade,
            [operation.op for operation in places[0].operations] if name else [],
            places,
            trains=trains,
            compiled=compiled,
        )
        for (grade, name), places in groups.items()
    ]


def _template(chain: Chain) -> Template:
    return tuple([(each.op, each.signature) for each in chain.operations])


def _grade(chain: Chain, count: int) -> Grade:
    """Certain where nothing else could have been read; likely where one operator called all of
    them in a row, or where the same sequence comes back often enough."""
    if chain.sure:
        return "certain"
    if count >= REPEATS or (chain.close and chain.one_caller):
        return "likely"
    return "possible"


def fused_bytes(chain: Chain, *, trains: bool) -> tuple[float, float] | None:
    """Bytes that one kernel would move, at best and at worst; None where a call has no model.

    What the chain hands on is not read again, and not written unless somebody else reads it: at
    worst in training, where the backward pass may, and where a later call reads a tensor like it.
    """
    moved = _moved(chain)
    if moved is None:
        return None
    best = worst = moved
    handed = set()
    for link in chain.links:
        read = link.read.read_bytes or 0
        best -= read
        worst -= read
        handed.add(link.producer)
    for place in handed:
        written = chain.line.operations[place].outputs[0]
        size = written.write_bytes or 0
        best -= size
        if not trains and not _read_later(chain, place):
            worst -= size
    return max(best, 0.0), max(worst, 0.0)


def _moved(chain: Chain) -> float | None:
    """Bytes that its calls move now; None where one of them has no model."""
    sizes = [each.moved for each in chain.operations]
    return None if None in sizes else sum(size or 0.0 for size in sizes)


def _read_later(chain: Chain, place: int) -> bool:
    """Whether a call soon after the chain reads a tensor like the one written at ``place`` that
    the chain's own result does not account for."""
    written = chain.line.operations[place].outputs[0]
    last = chain.places[-1]
    accounted = any(key(item) == key(written) for item in chain.line.operations[last].outputs[:1])
    following = chain.line.operations[last + 1 : last + 1 + WINDOW]
    return sum(each.read.count(key(written)) for each in following) > int(accounted)


def _times(context: Context, chain: Chain, *, trains: bool) -> tuple[int, int]:
    """Duration of one kernel for the chain, at best and at worst.

    Tensors that the last-level cache holds were never in DRAM: then at worst only the launches'
    own time is saved.
    """
    nodes, now = chain.nodes, chain.duration_ns
    size = fused_bytes(chain, trains=trains)
    if size is None or context.device is None:
        return max(node.duration_ns for node in nodes), now
    best, worst = context.move_ns(size[0]), context.move_ns(size[1], ACHIEVABLE_SHARE)
    cache = context.device.cache_bytes or 0
    if (_moved(chain) or 0.0) < cache:
        worst = max(worst, now - (len(nodes) - 1) * context.latency_ns)
    # The gradients of a norm's parameters need another pass over its input.
    worst += sum(node.duration_ns // 2 for node in nodes if "norm_backward" in node.op)
    return min(best, now), min(max(best, worst), now)


def _draft(
    context: Context,
    grade: Grade,
    steps: Sequence[str],
    places: Sequence[Chain],
    *,
    trains: bool,
    compiled: bool,
) -> Draft:
    launches: list[int] = []
    best: list[int] = []
    worst: list[int] = []
    removed: list[int] = []
    for chain in places:
        every = chain.line.stream.durations
        durations = [ns for node in chain.nodes for ns in every[node.first : node.last]]
        times = _times(context, chain, trains=trains)
        ids = chain.launches
        launches += ids
        best += spread(times[0], durations)
        worst += spread(times[1], durations)
        removed += ids[1:]
    return Draft(
        kind="fuse",
        title=_title(grade, steps, len(places)),
        grade=grade,
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(worst),
        evidence=_evidence(context, grade, places),
        remedy=_BREAKS if compiled else _COMPILE,
        removed=tuple(removed),
        code="TORCH_LOGS=graph_breaks" if compiled else "module = torch.compile(module)",
        link=COMPILE_LINK,
        caveat="Another call may read a tensor in between, which must then still be written.",
    )


_COMPILE = (
    "`torch.compile` the module: its compiler joins neighbouring elementwise operators into one "
    "kernel."
)
_BREAKS = (
    "The trace holds compiled kernels already, and these calls run outside of them: find the graph "
    "breaks before them with `TORCH_LOGS=graph_breaks`, or compile this part of the model too."
)
_KINDS = {"certain": "unambiguous", "likely": "repeated", "possible": "possible"}


def _title(grade: Grade, steps: Sequence[str], count: int) -> str:
    if not steps:
        return f"Compile {_KINDS[grade]} elementwise chains"
    short = " → ".join(steps if len(steps) <= 5 else [*steps[:3], "…", steps[-1]])
    where = f"in {count:,} places" if count > 1 else "in one place"
    return f"Fuse {short} {where}"


def _evidence(context: Context, grade: Grade, places: Sequence[Chain]) -> tuple[str, ...]:
    count: Counter[str] = Counter()
    time: Counter[str] = Counter()
    for chain in places:
        count[chain.name] += 1
        time[chain.name] += chain.duration_ns
    listed = "; ".join(
        f"{count[name]:,} × {name} ({units.time(ns)})" for name, ns in time.most_common(3)
    )
    apart = sum(not chain.close for chain in places)
    proof = {
        "certain": f"No other call within {WINDOW} wrote a tensor of that shape and type",
        "likely": f"Each occurs at least {REPEATS} times with the same operators and shapes, or "
        "in a row under one calling operator",
        "possible": f"None occurs {REPEATS} times, so equal shapes may be a coincidence",
    }[grade]
    sentences = [
        f"{len(places):,} {'chain' if len(places) == 1 else 'chains'} of operators, each reading "
        f"a tensor of the shape and type that one before wrote, take "
        f"{context.share(sum(time.values()))}.",
        f"Most time: {listed}.",
        f"{proof}; traces record no addresses.",
    ]
    if apart:
        sentences.append(
            f"In {apart:,} of them other kernels run in between, which touch no such tensor."
        )
    return tuple(sentences)
