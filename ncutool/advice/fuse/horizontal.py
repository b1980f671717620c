"""Many small launches side by side that one multi-tensor kernel could do: no chain joins them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.lines import Line, whole
from ncutool.advice.view.links import updates_in_place
from ncutool.advice.view.nodes import Node
from ncutool.advice.view.spreading import spread_each
from ncutool.base import units
from ncutool.base.intervals import Bools
from ncutool.base.tables import Grade
from ncutool.base.thresholds import IntThreshold
from ncutool.devices.reachable import ACHIEVABLE_SHARE

MIN_CALLS = IntThreshold(12, "launches", "fewer in a row are not worth a multi-tensor call", JUDGED)
MIN_SHAPES = IntThreshold(
    4, "shapes", "of so many in a row are several tensors, not one handed on", JUDGED
)
SMALL = IntThreshold(4, "times the shortest launch", "a longer launch is not small", JUDGED)
STEPS_IN_PLACE = IntThreshold(
    3, "calls", "one in so many is in place at least among those of an optimizer", JUDGED
)
_CLEARS = frozenset(("fill_", "zero_"))
_STEPS = frozenset(("div", "add", "sub", "neg", "mul"))
"""What optimizers also do out of place."""
_FOREACH = frozenset(
    ("add", "sub", "mul", "div", "copy", "zero", "sqrt", "neg", "abs", "exp", "lerp", "addcmul")
)
_FUSED = frozenset(("SGD", "Adam", "AdamW", "Adagrad"))
"""The classes of torch.optim that have ``fused=True``."""
_OPTIMIZERS = _FUSED | frozenset(
    ("Adadelta", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop")
)
"""Those that have ``foreach=True``. An annotation may name any class, its user's own too."""
_STEP_NAME = r"^Optimizer\.step#(\w+)\.step$"
"""The annotation that torch.optim puts around its steps, and the class that it names."""
Run = tuple[Line, Sequence[Node]]


class _Words(Struct, frozen=True):
    """What is said of one kind of run; texts that are left out are those of the rule."""

    rule: str
    what: str
    """What the launches do: `clear tensors, one launch each`."""
    title: str = ""
    remedy: str = ""
    code: str | None = None
    grade: Grade = "certain"
    one_kernel: bool = False
    """One kernel for all operators rather than one for each."""


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on optimizer steps, cleared and scaled gradients, then any small operator over many
    tensors; claim their launches."""
    complete = [whole(stream) for stream in context.streams]
    # Autograd calls its operators one by one, AccumulateGrad's additions among them: no optimizer.
    kept = claimed | context.by_autograd | _outside_steps(context)
    found = [
        (
            _updating(_optimizer(context)),
            [run for line in complete for run in _updates(line, kept)],
        ),
        (_CLEARING, [run for line in complete for run in _clears(line, claimed)]),
    ]
    taken = claimed.union(*(_ids(runs) for _, runs in found))
    found.append((_SCALING, _scaled_gradients(context, taken)))
    taken = taken.union(_ids(found[-1][1]))
    small: dict[str, list[Run]] = {}
    taken |= context.by_autograd
    for line in context.lines:
        for run in _same(context, line, taken):
            small.setdefault(run[1][0].op, []).append(run)
    found += [(_many(op), runs) for op, runs in small.items()]
    return Drafts(
        tuple(_draft(context, runs, words) for words, runs in found if runs),
        claimed=frozenset(launch for _, runs in found for launch in _ids(runs)),
    )


def _ids(runs: Iterable[Run]) -> list[int]:
    return [launch for line, nodes in runs for node in nodes for launch in line.ids(node)]


def _outside_steps(context: Context) -> frozenset[int]:
    """Return the launches outside the optimizer's annotated steps; none where it annotates none."""
    inside = pl.col("nvtx").str.contains(_STEP_NAME).fill_null(False)
    launches = context.capture.launches.select("launch_id", inside.alias("inside"))
    if not launches["inside"].any():
        return frozenset()
    return frozenset(launches.filter(~pl.col("inside"))["launch_id"].to_list())


def _optimizer(context: Context) -> str | None:
    """Return the name of the optimizer, where its steps are annotated and there is only one; else
    None."""
    texts = pl.concat([context.capture.annotations["name"], context.capture.signatures["op"]])
    names = texts.str.extract(_STEP_NAME).drop_nulls().unique().to_list()
    return str(names[0]) if len(names) == 1 else None


def _updating(name: str | None) -> _Words:
    """Return what is said of an optimizer's steps, whose annotation names it ``name``."""
    switch = "fused=True" if name in _FUSED else "foreach=True"
    known = name in _OPTIMIZERS
    whose = f"the steps of {name}" if name else "an optimizer's steps, by their look"
    return _Words(
        "fuse-optimizer",
        f"update tensors in place, one launch each: {whose}, not fused",
        remedy=f"Pass `{switch}` to the optimizer, or use `torch._foreach_*`."
        if known
        else "Use the optimizer's multi-tensor form, where it has one, or `torch._foreach_*`.",
        code=f"torch.optim.{name}(model.parameters(), lr=lr, {switch})"
        if known
        else "torch._foreach_add_(parameters, gradients, alpha=-lr)",
        grade="certain" if name else "likely",
        one_kernel=name in _FUSED,
    )


_CLEARING = _Words("fuse-clear-gradients", "clear tensors, one launch each")
_SCALING = _Words(
    "fuse-scale-gradients",
    "scale one gradient each while DistributedDataParallel copies it into its bucket",
    grade="likely",
)


def _many(op: str) -> _Words:
    base = op.rstrip("_")
    suffix = "_" if op.endswith("_") else ""
    call = f"torch._foreach_{base}{suffix}" if base in _FOREACH else None
    return _Words(
        "fuse-many-small",
        f"do {op} on one small tensor each",
        title=f"Do many small {op} in one launch",
        remedy=f"Use `{call}` over the list of tensors, or `torch.compile` the loop."
        if call
        else "`torch.compile` the loop, which joins independent operators into one kernel, or keep "
        "the tensors in one buffer.",
        code=f"{call}(tensors, others)" if call else "step = torch.compile(step)",
        grade="likely",
    )


def _updates(line: Line, taken: frozenset[int]) -> Iterable[Run]:
    """Yield stretches of steps over many tensors of several shapes, one in `STEPS_IN_PLACE` of them
    in place at least.

    They work on different tensors side by side, however much they look like a chain.
    """
    kinds = {
        operation
        for operation in line.distinct
        if updates_in_place(operation) or operation.op in _STEPS
    }
    if not kinds:
        return
    for nodes in _stretches(line, line.where(kinds.__contains__) & line.free(taken)):
        own = [place for place, node in enumerate(nodes) if node.in_place]
        if STEPS_IN_PLACE * len(own) >= len(nodes):
            # What other operators end or begin with is no step.
            yield line, nodes[own[0] : own[-1] + 1]


def _clears(line: Line, taken: frozenset[int]) -> Iterable[Run]:
    clears = line.where(lambda operation: operation.op in _CLEARS)
    if not clears.any():
        return ()
    return ((line, nodes) for nodes in _stretches(line, clears & line.free(taken)))


def _stretches(line: Line, wanted: Bools) -> Iterable[Sequence[Node]]:
    for match in re.finditer(b"\x01{%d,}" % MIN_CALLS, wanted.tobytes()):
        nodes = line.nodes[match.start() : match.end()]
        if _shapes(nodes) >= MIN_SHAPES:
            yield nodes


def _shapes(nodes: Iterable[Node]) -> int:
    return len({node.inputs[0].shape for node in nodes if node.inputs})


def _of_shapes(nodes: Iterable[Node]) -> str:
    shapes = _shapes(nodes)
    return f" of {units.counted(shapes, 'shape')}" if shapes else ", whose shapes are not recorded"


def _scaled_gradients(context: Context, taken: frozenset[int]) -> list[Run]:
    """Return the products that DistributedDataParallel's reducer calls, parameter by parameter."""
    names = context.capture.signatures.filter(pl.col("op").str.contains(r"reducer::mul_out$"))
    if names.is_empty():
        return []
    calls = context.capture.ops.filter(
        pl.col("signature_id").is_in(names["signature_id"].implode())
    )
    reducers = set(calls["op_id"].to_list())
    runs: list[Run] = []
    for line in context.lines:
        free = line.nodes.where(line.free(taken))
        nodes = [node for node in free if node.parent in reducers]
        if len(nodes) >= MIN_CALLS:
            runs.append((line, nodes))
    return runs


def _same(context: Context, line: Line, taken: frozenset[int]) -> Iterable[Run]:
    """Yield runs of one operator on many small tensors, none of which reads another's result."""
    limit = SMALL * context.latency_ns
    names: dict[str, int] = {}
    of = [names.setdefault(operation.op, len(names)) for operation in line.stream.distinct]
    same = np.array(of, np.int64)[line.numbers]
    edges = np.flatnonzero(np.diff(same, prepend=-1, append=-1))
    long = np.diff(edges) >= MIN_CALLS
    if not long.any():
        return
    free = line.free(taken) & line.where(lambda operation: operation.symbol != "|")
    for first, end in zip(edges[:-1][long].tolist(), edges[1:][long].tolist(), strict=True):
        nodes = line.nodes[first:end]
        op = nodes[0].op
        if nodes[0].family not in ("elementwise", "copy", "reduction"):
            continue
        if any(node.duration_ns > limit or node.by_engine for node in nodes):
            continue
        apart = op in _CLEARS or op == "copy_" or _shapes(nodes) >= MIN_SHAPES
        if apart and free[first:end].all():
            yield line, nodes


def _kernels(runs: Sequence[Run], words: _Words) -> list[int]:
    """Return how many launches are left of each run."""
    return [1 if words.one_kernel else len({node.op for node in nodes}) for _, nodes in runs]


def _draft(context: Context, runs: Sequence[Run], words: _Words) -> Draft:
    launches: list[int] = []
    removed: list[int] = []
    durations = [_durations(line, nodes) for line, nodes in runs]
    times = [
        _times(context, nodes, sum(each), kernels)
        for (_, nodes), each, kernels in zip(runs, durations, _kernels(runs, words), strict=True)
    ]
    for line, nodes in runs:
        ids = _ids([(line, nodes)])
        launches += ids
        removed += ids[len({node.op for node in nodes}) :]
    return Draft(
        rule=words.rule,
        title=words.title,
        grade=words.grade,
        launches=tuple(launches),
        best=tuple(spread_each([best for best, _ in times], durations)),
        worst=tuple(spread_each([worst for _, worst in times], durations)),
        evidence=_evidence(context, runs, words),
        why=f"{units.counted(len(launches), 'launch')}, a tensor each, in "
        f"{units.counted(len(runs), 'stretch')} take "
        f"{context.summed(sum(map(sum, durations)))}.",
        remedy=words.remedy,
        removed=tuple(removed),
        code=words.code,
    )


def _durations(line: Line, nodes: Sequence[Node]) -> list[int]:
    rows = (row for node in nodes for row in range(node.first, node.last))
    return [line.stream.durations[row] for row in rows]


def _times(context: Context, nodes: Sequence[Node], now: int, kernels: int) -> tuple[int, int]:
    """Return the duration (ns) of what replaces a run, at best and at worst: all bytes still move,
    and each kernel takes at least as long as any launch."""
    moved = [node.moved for node in nodes if node.moved is not None]
    if len(moved) < len(nodes) or context.device is None:
        return now, now
    floor = kernels * context.latency_ns
    return (
        max(context.move_ns(sum(moved)), floor),
        max(context.move_ns(sum(moved), ACHIEVABLE_SHARE), floor),
    )


def _evidence(context: Context, runs: Sequence[Run], words: _Words) -> tuple[str, ...]:
    operators = Counter(node.op for _, nodes in runs for node in nodes)
    listed = ", ".join(f"{count:,} {op}" for op, count in operators.most_common(4))
    launches = len(_ids(runs))
    time = sum(sum(_durations(line, nodes)) for line, nodes in runs)
    first = runs[0][1]
    tensors = max(Counter(node.op for node in first).values())
    return (
        f"{launches:,} launches in {len(runs):,} {'stretch' if len(runs) == 1 else 'stretches'} "
        f"{words.what} ({listed}); they take {context.summed(time)} of device time, "
        f"{units.time(time // launches)} each.",
        f"The first stretch covers {units.counted(tensors, 'tensor')}{_of_shapes(first)}: parallel "
        "work, not a chain, so one multi-tensor kernel per operator does it.",
    )
