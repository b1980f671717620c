"""Fusion without a known pattern: chains of operators in which each reads what another wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.links import WINDOW, Chain, chains
from ncutool.advice.view.operations import key
from ncutool.advice.view.spreading import spread_each
from ncutool.base import units
from ncutool.base.tables import Grade
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import ACHIEVABLE_SHARE

REPEATS = IntThreshold(
    8, "places", "a chain seen as often with the same operators and shapes is no accident", JUDGED
)
OWN_SHARE = Threshold(
    0.01, "share", "of the window from which chains of one kind are a finding of their own", JUDGED
)
NORM_PASS = Threshold(
    0.5,
    "share",
    "of a norm's backward pass that is left at worst: the gradients of its parameters need another "
    "pass over its input",
    JUDGED,
)
_BACKWARD = r"_backward|Backward\d*$|autograd::"

Template = tuple[tuple[str, str | None], ...]


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on chains of unclaimed calls, those of one kind together, and claim their launches."""
    found = [chain for line in context.lines for chain in chains(line, claimed)]
    timed = [(chain, _template(chain)) for chain in found if chain.duration_ns > 0]
    counts = Counter(template for _, template in timed)
    time: Counter[str] = Counter()
    for chain, _ in timed:
        time[chain.name] += chain.duration_ns
    groups: dict[tuple[Grade, str], list[Chain]] = {}
    for chain, template in timed:
        own = chain.name if time[chain.name] > OWN_SHARE * context.wall_ns else ""
        groups.setdefault((_grade(chain, counts[template]), own), []).append(chain)
    if not groups:
        return Drafts()
    operators = context.capture.signatures["op"]
    trains = bool(operators.str.contains(_BACKWARD).any())
    compiled = context.program.compiled
    return Drafts(
        tuple(
            _draft(
                context,
                grade,
                [operation.op for operation in places[0].operations] if name else [],
                places,
                trains=trains,
                compiled=compiled,
            )
            for (grade, name), places in groups.items()
        ),
        claimed=frozenset(launch for chain, _ in timed for launch in chain.launches),
    )


def _template(chain: Chain) -> Template:
    return tuple([(operation.op, operation.signature) for operation in chain.operations])


def _grade(chain: Chain, count: int) -> Grade:
    """Return `certain` where nothing else could have been read; `likely` where one operator called
    all of them in a row, or where the same sequence comes back often enough; else `possible`."""
    if chain.sure:
        return "certain"
    if count >= REPEATS or (chain.close and chain.one_caller):
        return "likely"
    return "possible"


def fused_bytes(chain: Chain, *, trains: bool) -> tuple[float, float] | None:
    """Return the bytes that one kernel would move, at best and at worst; None where a call has no
    model.

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
    """Return the bytes that its calls move now; None where one of them has no model."""
    sizes = [operation.moved for operation in chain.operations]
    return None if None in sizes else sum(size or 0.0 for size in sizes)


def _read_later(chain: Chain, place: int) -> bool:
    """Whether a call soon after the chain reads a tensor like the one written at ``place`` that
    the chain's own result does not account for."""
    written = chain.line.operations[place].outputs[0]
    last = chain.places[-1]
    accounted = any(key(item) == key(written) for item in chain.line.operations[last].outputs[:1])
    following = chain.line.operations[last + 1 : last + 1 + WINDOW]
    return sum(operation.read.count(key(written)) for operation in following) > int(accounted)


def _times(context: Context, chain: Chain, *, trains: bool) -> tuple[int, int]:
    """Return the duration (ns) of one kernel for the chain, at best and at worst.

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
    worst += sum(int(NORM_PASS * node.duration_ns) for node in nodes if "norm_backward" in node.op)
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
    removed: list[int] = []
    durations: list[list[int]] = []
    for chain in places:
        every = chain.line.stream.durations
        durations.append([ns for node in chain.nodes for ns in every[node.first : node.last]])
        launches += chain.launches
        removed += chain.launches[1:]
    times = [_times(context, chain, trains=trains) for chain in places]
    return Draft(
        rule="fuse-chain",
        title=_title(grade, steps, len(places)),
        grade=grade,
        launches=tuple(launches),
        best=tuple(spread_each([best for best, _ in times], durations)),
        worst=tuple(spread_each([worst for _, worst in times], durations)),
        evidence=_evidence(context, grade, places),
        why=f"{units.counted(len(places), 'chain')}, each step reading what the one before wrote: "
        f"{context.summed(sum(chain.duration_ns for chain in places))}.",
        todo="Find the graph breaks with `TORCH_LOGS=graph_breaks`." if compiled else "",
        remedy=_BREAKS if compiled else _COMPILE,
        removed=tuple(removed),
        code="TORCH_LOGS=graph_breaks" if compiled else "module = torch.compile(module)",
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
        f"{context.summed(sum(time.values()))}.",
        f"Most time: {listed}.",
        f"{proof}; traces record no addresses.",
    ]
    if apart:
        sentences.append(
            f"In {apart:,} of them other kernels run in between, which touch no such tensor."
        )
    return tuple(sentences)
