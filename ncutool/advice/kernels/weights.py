"""Weights of inference: cast at every call though they never change, or wider than they need be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.casts import HALF, WeightCast
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.kinds import Kind
from ncutool.advice.view.shapes import is_narrow, sides
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.work.kernel_facts import facts_of

WEIGHT_SHARE = Threshold(
    0.75, "share", "of a product's bytes that are weights: above it reading them holds it", JUDGED
)
NARROW_TILE = IntThreshold(
    32, "elements", "a tile this narrow is chosen for a product with few rows", JUDGED
)
LONG = IntThreshold(
    2, "times the shortest launch", "a product that takes no longer is held by launching", JUDGED
)
AMP_LINK = "https://docs.pytorch.org/docs/stable/amp.html"


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on weights to convert once and to keep in 8 bits; for captures without training.

    Claims of others do not matter, as for all of precision.
    """
    advised = (_cast_once(context), _eight_bits(context))
    return Drafts(tuple(draft for draft in advised if draft is not None))


def _eight_bits(context: Context) -> Draft | None:
    """Return the draft on products of few rows that read 16-bit weights: in 8 bits half of the
    reading goes at best."""
    device = context.device
    if device is None or "fp8_tensor" not in device.peak_flop_per_s:
        return None
    launches = context.launches
    named = _long(context, launches.rows(_is_named))
    shares = {kind: share for kind in launches.kinds if (share := _weight_share(kind))}
    modelled = _long(context, launches.rows(shares.__contains__))
    rows = [(row, shares[launches.of_row[row]]) for row in modelled]
    rows += [(row, 1.0) for row in named]
    if not rows:
        return None
    now = tuple(launches.durations[row] for row, _ in rows)
    best = tuple(round(launches.durations[row] * (1 - share / 2)) for row, share in rows)
    told = (
        "Their shapes show weights for few rows: over three quarters of their bytes."
        if not named
        else "No shapes are recorded for "
        f"{units.counted(len(named), 'launch')}: that they read weights for few rows "
        f"is a guess by the tile of at most {NARROW_TILE} in the kernel's name."
    )
    return Draft(
        rule="precision-8-bit-weights",
        grade="possible",
        launches=tuple(launches.ids[row] for row, _ in rows),
        best=best,
        worst=now,
        why=f"{units.counted(len(rows), 'launch')} {'reads' if len(rows) == 1 else 'read'} weights "
        f"in 16 bits for few rows: {context.summed(sum(now))}.",
        evidence=(
            f"{units.counted(len(rows), 'launch')} of 16-bit products take "
            f"{context.summed(sum(now))} and are bound by reading their weights; FP8 weights are "
            "half as wide.",
            told,
        ),
        lead=2,
    )


def _long(context: Context, rows: list[int]) -> list[int]:
    """Return those of ``rows`` that take longer than `LONG` launches at least."""
    durations = context.launches.durations
    return [row for row in rows if durations[row] > LONG * context.latency_ns]


def _weight_share(kind: Kind) -> float | None:
    """Return what part of a narrow product's bytes are weights; None where it is none, or too
    little."""
    if kind.category != "kernel" or kind.family != "gemm" or kind.dtype not in HALF:
        return None
    dims = sides(kind.shapes)
    if not kind.dram_bytes or kind.dram_bytes < 0 or dims is None or not is_narrow(dims):
        return None
    share = min(2 * dims[1][0] * dims[1][1] / kind.dram_bytes, 1.0)
    return share if share > WEIGHT_SHARE else None


def _is_named(kind: Kind) -> bool:
    """Whether it has no shapes and its name tells of 16-bit operands and a narrow tile."""
    if kind.category != "kernel" or kind.flop is not None:
        return False
    facts = facts_of(kind.kernel_full)
    of_halves = facts.library == "tensile" and facts.dtype in HALF
    return of_halves and facts.tile is not None and min(facts.tile) <= NARROW_TILE


def _cast_once(context: Context) -> Draft | None:
    """Return the draft on parameters that autocast casts in every forward pass."""
    casts = [cast for some in context.weight_casts for cast in some]
    rows = [(cast, row) for cast in casts for row in range(cast.node.first, cast.node.last)]
    if not rows:
        return None
    launches = tuple(sorted(cast.stream.launch_ids[row] for cast, row in rows))
    zero = (0,) * len(launches)
    dtype = casts[0].node.outputs[0].dtype
    return Draft(
        rule="precision-cast-once",
        title=f"Convert the weights to {dtype} once, not at every call",
        grade="certain",
        launches=launches,
        best=zero,
        worst=zero,
        evidence=_cast_evidence(context, casts),
        why=f"{units.counted(len(casts), 'launch')} {'casts' if len(casts) == 1 else 'cast'} "
        f"parameters to {dtype}: {context.summed(sum(one.node.duration_ns for one in casts))}.",
        remedy="Autocast casts FP32 weights anew in every forward pass. Load the "
        f"model in {dtype} (`model.{'bfloat16' if dtype == 'bf16' else 'half'}()`), or convert the "
        "linear and convolution layers alone and keep normalisation in FP32.",
        removed=launches,
        code=f"model = model.{'bfloat16' if dtype == 'bf16' else 'half'}()",
    )


def _cast_evidence(context: Context, casts: Sequence[WeightCast]) -> tuple[str, ...]:
    total = sum(cast.node.duration_ns for cast in casts)
    shapes = Counter(cast.node.outputs[0].shape for cast in casts).most_common(3)
    listed = ", ".join(f"{count:,} × [{','.join(map(str, shape))}]" for shape, count in shapes)
    first = casts[0]
    return (
        f"{units.counted(len(casts), 'launch')} {'casts' if len(casts) == 1 else 'cast'} "
        f"FP32 parameters to {first.node.outputs[0].dtype}: "
        f"{context.summed(total)}, most often {listed}.",
        "Each result has the shape of the weight or bias of the product that follows (first: "
        f"{first.consumer.op} {first.consumer.signature or ''}); parameters do not change in "
        "inference, so once is enough.",
    )
