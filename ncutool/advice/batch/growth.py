"""A larger batch as a whole: while the host sets the pace, or while communication does."""

from __future__ import annotations

from collections import Counter

import polars as pl

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context, exposed_ns
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.limits import least_seconds
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.roofline import batching
from ncutool.work.calls import recorded_calls
from ncutool.work.exchanges import collective_of

LEAST_GROWTH = IntThreshold(2, "times", "the batch must fit to be worth a word", JUDGED)
EXPOSED_SHARE = Threshold(
    0.1, "share", "of the window: communication this much exposed is worth sharing", JUDGED
)
EMPTY_SHARE = Threshold(
    0.15,
    "share",
    "of what their roofs allow: kernels that do no more have room for more samples",
    JUDGED,
)
GROWTH = IntThreshold(
    8, "times", "the batch at best, where only communication and small kernels bound it", JUDGED
)
_HEAVY = ("convolution", "gemm", "normalization", "attention")
_GRADIENTS = ["all_reduce", "reduce_scatter", "all_gather", "broadcast"]


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most; a batch grows whatever its launches are fused into, so that claims do
    not matter."""
    about = context.program
    draft = _while_the_host_limits(context, about) or _while_communication_limits(context, about)
    return Drafts() if draft is None else Drafts((draft,))


def _while_the_host_limits(context: Context, about: Program) -> Draft | None:
    """Return the draft on a window whose length is the host's: more work a launch is free until the
    device is busy all the time.

    Only idle time that launching causes counts: waits for input grow with the batch.
    """
    busy = context.timeline.busy_ns
    if not context.host_bound or busy <= 0:
        return None
    factor = int(batching.free_growth(busy + context.dispatch_ns, busy))
    eager = (pl.col("category") == "kernel") & ~pl.col("graph_replay").fill_null(value=False)
    rows = context.kernels.select(eager.fill_null(value=False).arg_true()).to_series().to_numpy()
    if factor < LEAST_GROWTH or not rows.size:
        return None
    launches = context.launches.ids_of(rows)
    durations = context.launches.durations_of(rows)
    samples = _samples(context)
    now = f" It is {samples:,} now by the first size of the inputs." if samples else ""
    return Draft(
        rule="batch-host-bound",
        title=f"Grow the batch up to about {factor} times: the host sets the pace",
        grade="likely",
        launches=launches,
        best=durations,
        worst=durations,
        why=f"The device works {units.time(busy)} and waits for launches "
        f"{context.share(context.dispatch_ns)}.",
        evidence=(
            f"The device works {context.share(busy)} and waits for launches "
            f"{context.share(context.dispatch_ns)}: the window stays as long until the device has "
            f"about {factor} times the work (work and waiting over work)." + now,
            f"The saving is per sample: at {factor} times the batch the same window serves "
            f"{factor} times the samples. It is an alternative to launching faster: both use the "
            "same idle time.",
            "Kernels grow more slowly than the batch while they are small, so more may fit; memory "
            "for activations bounds it too.",
        ),
        remedy="Process more samples, sequences or tokens per step, as far as memory and response "
        "time allow, and measure the time per sample at each doubling."
        + (
            " In training, a larger batch needs its learning rate tuned again."
            if about.trains
            else ""
        ),
        idle_used=launches,
        code=_code(about, factor),
        link=None if about.server is None else "",
        lead=2,
    )


def _code(about: Program, factor: int) -> str:
    if about.server == "vllm":
        return "vllm serve MODEL --max-num-seqs 256 --max-num-batched-tokens 8192"
    if about.server == "sglang":
        return "python -m sglang.launch_server --max-running-requests 256"
    return f"loader = DataLoader(dataset, batch_size={factor} * batch_size)"


def _while_communication_limits(context: Context, about: Program) -> Draft | None:
    """Return the draft on data-parallel training on few samples, each step of which pays the same
    communication."""
    if not about.trains or about.parallel is None or context.wall_ns <= 0:
        return None
    talk = _of_gradients(context)
    exposed = exposed_ns(context, talk) if talk.height else 0
    heavy = context.kernels.filter(
        pl.col("family").is_in(_HEAVY)
        & (pl.col("duration_ns") > 0)
        & pl.col("dram_bytes").is_not_null()
    )
    work = least_seconds(
        *map(pl.col, ("flop", "peak_flop_per_s", "dram_bytes", "peak_bytes_per_s"))
    )
    if exposed < EXPOSED_SHARE * context.wall_ns or not heavy.height:
        return None
    needed = heavy.select((1e9 * work).sum()).item() or 0.0
    share = needed / int(heavy["duration_ns"].sum())
    if not 0 < share <= EMPTY_SHARE:
        return None
    durations = talk["duration_ns"].to_list()
    samples = _samples(context)
    whose = (
        f" ({units.counted(samples, 'sample')}, the first size of the inputs)" if samples else ""
    )
    return Draft(
        rule="batch-exposed-communication",
        grade="likely",
        launches=tuple(talk["launch_id"].to_list()),
        best=tuple(duration // GROWTH for duration in durations),
        worst=tuple(durations),
        why=f"{context.share(exposed)} is communication that nothing hides, and more samples add "
        "none.",
        evidence=(
            f"{context.share(exposed)} is communication that nothing hides, of a size that the "
            f"model sets and not the batch{whose}.",
            f"Convolutions, products and normalisations do {units.percent(100 * share)} of what "
            f"their roofs allow in {units.time(int(heavy['duration_ns'].sum()))}: they have room "
            "for more samples.",
            f"The saving is per sample: with {GROWTH} times the samples each step's exposed "
            f"communication is shared by {GROWTH} times as many, which leaves 1/{GROWTH} of it. "
            "The low end is 0: memory or convergence may forbid it.",
        ),
        lead=2,
    )


def _of_gradients(context: Context) -> pl.DataFrame:
    """Return the collectives whose size is that of parameters and buffers; exchanges of activations
    grow with the batch.

    One that nothing names is counted where all that are named are such collectives.
    """
    names = context.capture.launches.select("launch_id", "collective")
    talk = (
        context.kernels.filter((pl.col("bound") == "communication") & (pl.col("duration_ns") > 0))
        .join(names, on="launch_id", how="left")
        .with_columns(
            exchange=pl.coalesce(
                pl.coalesce("collective", "kernel_full").map_elements(
                    collective_of, return_dtype=pl.String
                ),
                pl.when(pl.col("collective").is_not_null()).then(pl.lit("other")),
            )
        )
        .sort("launch_id")
    )
    of_gradients = pl.col("exchange").is_in(_GRADIENTS)
    named = talk.filter(pl.col("exchange").is_not_null())
    all_of_them = bool(named.height) and bool(named.select(of_gradients.all()).item())
    return talk.filter(of_gradients.fill_null(value=all_of_them))


def _samples(context: Context) -> int | None:
    """Return the batch: the first size of the convolutions' inputs, where most agree; else None."""
    names = (
        "aten::convolution",
        "aten::conv2d",
        "aten::conv1d",
        "aten::conv3d",
        "aten::cudnn_convolution",
    )
    inputs = (call.optional(0) for call in recorded_calls(context.capture, names))
    first = Counter(x.shape[0] for x in inputs if x is not None and x.shape and x.shape[0])
    if not first:
        return None
    size, votes = min(first.items(), key=lambda one: (-one[1], one[0]))
    return size if 2 * votes > first.total() else None
