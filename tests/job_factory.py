"""Jobs of many ranks made by hand: rows of `captures` and `collectives`, or whole traces.

A job runs steps; in each, every rank computes, then all meet in one all-reduce of the world and in
all-reduces of pairs of neighbours. A rank's call lasts from its own arrival to the common end, so
that whoever comes last is shortest: as on real machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch_factory as make

from ncutool.archive.tables import CAPTURES, COLLECTIVES

BYTES = 64_000_000
"""Of each all-reduce: 16 M elements of Float."""
COMPUTE_NS = 4_000_000
WORLD_NS = 1_000_000
PAIR_NS = 400_000


@dataclass(frozen=True)
class Plan:
    """How a job goes."""

    ranks: int = 64
    steps: int = 24
    seed: int = 0
    straggler: int | None = None
    slower: float = 1.3
    """How much longer the straggler computes."""
    slow_pair: int | None = None
    """Number of the pair whose link is slow: ranks 2n and 2n+1."""
    slow_link: float = 3.0
    compute_noise: float = 0.01
    link_noise: float = 0.03
    heavy: bool = False
    """Now and then, some rank takes much longer: noise with heavy tails."""
    numbered: bool = False
    """Sequence numbers are recorded."""


@dataclass(frozen=True)
class Launch:
    """One launch of one rank."""

    name: str
    start_ns: int
    duration_ns: int
    step: int
    args: dict[str, Any] | None = None


def launches(plan: Plan) -> Iterator[list[Launch]]:
    """Yield the launches of each rank, in order of rank, each on a clock of its own."""
    chance = np.random.default_rng(plan.seed)
    shape = (plan.steps, plan.ranks)
    compute = COMPUTE_NS * np.exp(plan.compute_noise * chance.standard_normal(shape))
    if plan.heavy:
        compute *= 1 + 0.5 * (chance.random(shape) < 0.02)
    if plan.straggler is not None:
        compute[:, plan.straggler] *= plan.slower
    world = WORLD_NS * np.exp(plan.link_noise * chance.standard_normal(plan.steps))
    pairs = PAIR_NS * np.exp(
        plan.link_noise * chance.standard_normal((plan.steps, plan.ranks // 2))
    )
    if plan.slow_pair is not None:
        pairs[:, plan.slow_pair] *= plan.slow_link
    jitter = np.abs(2_000 * chance.standard_normal((plan.steps, plan.ranks)))
    offsets = chance.integers(0, 10**12, plan.ranks)
    now = np.zeros(plan.ranks)
    rows: list[list[Launch]] = [[] for _ in range(plan.ranks)]
    for step in range(plan.steps):
        arrived = now + compute[step]
        met = arrived.max() + world[step]
        paired = met + jitter[step]
        for rank in range(plan.ranks):
            number = rank // 2
            mate = paired[2 * number : 2 * number + 2].max() + pairs[step, number]
            for name, begin, end, args in (
                ("gemm", now[rank], arrived[rank], None),
                (_REDUCE, arrived[rank], met, _args(plan, step, range(plan.ranks), "0")),
                (_REDUCE, paired[rank], mate, _args(plan, step, _pair(number), str(1 + number))),
            ):
                start = int(offsets[rank] + begin)
                rows[rank].append(Launch(name, start, int(end - begin), step, args))
        ends = paired.reshape(-1, 2).max(axis=1) + pairs[step]
        now = ends.repeat(2)
    yield from rows


_REDUCE = "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)"


def _pair(number: int) -> range:
    return range(2 * number, 2 * number + 2)


def _args(plan: Plan, step: int, ranks: range, group: str) -> dict[str, Any]:
    cut = len(ranks) > 30  # as PyTorch shortens long lists
    listed = f"{ranks[0]}, {ranks[1]}, ..., {ranks[-1]}" if cut else ", ".join(map(str, ranks))
    return {
        "Collective name": "allreduce",
        "dtype": "Float",
        "In msg nelems": BYTES // 4,
        "Out msg nelems": BYTES // 4,
        "Group size": len(ranks),
        "Process Group Name": group,
        "Process Group Ranks": f"[{listed}]",
        **({"Seq": step + 1} if plan.numbered else {}),
    }


def captures(plan: Plan, **more: Any) -> pl.DataFrame:
    """The rows of `captures`, a rank each."""
    rows = [_capture(rank, made, plan) | more for rank, made in enumerate(launches(plan))]
    return CAPTURES.conform(pl.DataFrame(rows, infer_schema_length=None))


def _capture(rank: int, made: list[Launch], plan: Plan) -> dict[str, Any]:
    communication = sum(one.duration_ns for one in made if one.args)
    compute = sum(one.duration_ns for one in made if not one.args)
    wall = made[-1].start_ns + made[-1].duration_ns - made[0].start_ns
    return capture_row(
        rank=rank,
        world_size=plan.ranks,
        wall_ns=wall,
        busy_ns=communication + compute,
        idle_ns=wall - communication - compute,
        communication_ns=communication,
        exposed_communication_ns=communication,
        launches=len(made),
        launch_ns=communication + compute,
    )


def capture_row(rank: int | None, world_size: int | None, **more: Any) -> dict[str, Any]:
    """One row of `captures` of a trace, with what is never null."""
    return {
        "capture_id": f"c{rank}", "schema_version": 1, "analysis_version": "0", "bytes": 1,
        "path": f"run/rank{rank}.json.gz", "name": f"rank{rank}.json.gz", "companions": [],
        "source": "torch", "complete": True, "synthetic": False, "device": "Test H100",
        "device_count": 1, "rank": rank, "world_size": world_size, "launches": 0, "launch_ns": 0,
        "answer": "nothing_worth_doing", "headline": "Nothing", "findings": 0, "saving_low_ns": 0,
        "saving_high_ns": 0, "notices": [],
    } | more  # fmt: skip


def collectives(plan: Plan) -> pl.DataFrame:
    """The rows of `collectives` of all ranks."""
    rows = [
        {
            "capture_id": f"c{rank}", "launch_id": number, "kind": "all_reduce",
            "collective": one.args["Collective name"], "kernel": "ncclDevKernel_AllReduce",
            "stream": 20, "process_group": one.args["Process Group Name"],
            "group_ranks": one.args["Process Group Ranks"], "group_size": one.args["Group size"],
            "sequence": one.args.get("Seq"), "step": f"ProfilerStep#{one.step}",
            "dtype": one.args["dtype"], "in_elements": one.args["In msg nelems"],
            "out_elements": one.args["Out msg nelems"], "start_ns": one.start_ns,
            "duration_ns": one.duration_ns,
        }
        for rank, made in enumerate(launches(plan))
        for number, one in enumerate(made)
        if one.args
    ]  # fmt: skip
    return COLLECTIVES.conform(pl.DataFrame(rows, infer_schema_length=None))


def write(folder: Path, plan: Plan, *, info: bool = True, steps: bool = True) -> list[Path]:
    """Write the job as traces, one a rank.

    Args:
        info: with `distributedInfo`, as PyTorch writes and Dynolog does not.
        steps: with the profiler's annotations of steps.
    """
    paths = []
    for rank, made in enumerate(launches(plan)):
        top: dict[str, Any] = {
            "deviceProperties": [
                {"id": 0, "name": "NVIDIA H100 80GB HBM3", "computeMajor": 9, "computeMinor": 0,
                 "numSms": 132, "totalGlobalMem": 85_045_084_160}
            ]
        }  # fmt: skip
        if info:
            told = {"backend": "nccl", "rank": rank, "world_size": plan.ranks}
            top["distributedInfo"] = told
        path = folder / f"rank{rank}.json.gz"
        paths.append(make.write(path, _events(made, steps), **top))
    return paths


def _events(made: list[Launch], steps: bool) -> list[make.Event]:
    base = made[0].start_ns
    events = []
    if steps:
        for step in sorted({one.step for one in made}):
            of_step = [one.start_ns for one in made if one.step == step]
            begin = (min(of_step) - base) / 1e3
            length = (max(of_step) - min(of_step)) / 1e3 + 30
            events.append(make.event("user_annotation", f"ProfilerStep#{step}", begin, length))
    for number, one in enumerate(made, start=1):
        at = (one.start_ns - base) / 1e3
        events.append(make.call(at + 1, 2.0, number))
        args = dict(one.args or {}, grid=[64, 1, 1], block=[256, 1, 1])
        stream = 20 if one.args else 7
        made_event = make.kernel(one.name, at + 10, one.duration_ns / 1e3, number, **args)
        made_event["args"]["stream"] = stream
        events.append(made_event)
    return events
