"""Kernels to tune: what they would save at the rates this device was seen to reach.

Nothing here is proven: a library may have no better kernel for these shapes. All but layout
changes, which can be left out, are `possible`, with a low end of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import polars as pl

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels.slow_kernels import Slow, near_their_roof, slow_kernels
from ncutool.advice.kernels.tune_remedies import Advised, advised
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Draft, Drafts
from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.devices.reachable import AMD_ATTENTION_SHARE, FA3_SHARE, default_flop_share

_SHOWN = 3
MUCH_PCT = Threshold(
    5.0, "%", "of the window: products or convolutions one would ask about", JUDGED
)
_ASKED = {"gemm": "the matrix products", "convolution": "the convolutions"}
"""What a user asks for first, where much of the time is spent there."""


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once a cause over all its unclaimed launches; decline kinds of kernels that take much
    of the window and run near what this device reaches."""
    groups: dict[str, list[Slow]] = {}
    for slow in slow_kernels(context, claimed):
        groups.setdefault(slow.cause, []).append(slow)
    refused = [
        _refusal(context, family, rows)
        for family in _ASKED
        if (rows := near_their_roof(context, family, claimed))
        and 100 * _total(context, rows) >= MUCH_PCT * context.wall_ns
    ]
    refused += _tried(context)
    return Drafts(
        tuple(
            _draft(context, advised(cause, context.program), group)
            for cause, group in sorted(groups.items())
        ),
        declined=tuple(refused),
    )


def _tried(context: Context) -> list[Declined]:
    """Return a word on the launches with which a tuner tries kernels, where there are any."""
    rows = context.kernels.filter(pl.col("trial").fill_null(value=False)).sort("launch_id")
    if rows.is_empty():
        return []
    total = int(rows["duration_ns"].fill_null(0).sum())
    calls = rows["op_id"].n_unique()
    return [
        Declined(
            what=f"Tune what a tuner tries, {units.counted(rows.height, 'launch')}",
            why=f"They take {context.share(total)} within {units.counted(calls, 'call')}, each of "
            "which ran several kernels that do the same work, to keep the fastest. They run once "
            "for each size: record after they are done, or keep what the tuner found.",
            launches=tuple(rows["launch_id"].to_list()),
            duration_ns=total,
        )
    ]


def _total(context: Context, rows: Sequence[tuple[int, float]]) -> int:
    return sum(context.launches.durations[row] for row, _ in rows)


def _refusal(context: Context, family: str, rows: Sequence[tuple[int, float]]) -> Declined:
    launches = context.launches
    total = _total(context, rows)
    share = 100 * sum(floor for _, floor in rows) / total
    roofs = sorted({roof for row, _ in rows if (roof := launches.of_row[row].roof)})
    known = ", ".join(
        f"{units.percent(100 * context.shares.flop_share(roof))} of the {roof} peak"
        for roof in roofs
    )
    return Declined(
        what=f"Make {_ASKED[family]} faster, {units.counted(len(rows), 'launch')}",
        why=f"They take {context.summed(total)} and run at {units.percent(share)} of what this "
        f"device was seen to reach ({known}): less work or fewer bits shorten them, tuning hardly.",
        launches=tuple(launches.ids[row] for row, _ in rows),
        duration_ns=total,
    )


def _draft(context: Context, advice: Advised, group: Sequence[Slow]) -> Draft:
    launches = tuple(slow.launch_id for slow in group)
    now = tuple(slow.duration_ns for slow in group)
    best = tuple(slow.best_ns for slow in group)
    worst = tuple(
        low + round((high - low) * advice.kept_share) for low, high in zip(best, now, strict=True)
    )
    return Draft(
        rule=advice.rule.name,
        grade=advice.grade,
        launches=launches,
        best=best,
        worst=worst,
        evidence=(*_evidence(context, group, sum(now), sum(best)), advice.why),
        why=_why(context, group, sum(now)),
        remedy=advice.remedy,
        todo=advice.todo,
        code=advice.code,
        link=advice.link,
        lead=3,
    )


def _evidence(context: Context, group: Sequence[Slow], now: int, best: int) -> tuple[str, ...]:
    kinds: dict[tuple[str, str], list[Slow]] = {}
    for slow in group:
        key = (slow.kind.kernel, slow.kind.signature or "")
        kinds.setdefault(key, []).append(slow)
    order = sorted(kinds.items(), key=lambda item: (-_time(item[1]), item[0]))
    listed = "; ".join(_one(name, shapes, some) for (name, shapes), some in order[:_SHOWN])
    launches = units.counted(len(group), "launch")
    rest = len(order) - _SHOWN
    more = f" and {units.counted(rest, 'other kind')}" if rest > 0 else ""
    sentences = [f"{launches}, {context.summed(now)}: {listed}{more}."]
    if all(slow.share_pct is not None for slow in group):
        rates = _rates(context, group)
        sentences.append(f"At {rates} they would take {units.time(best)}.")
    return tuple(sentences)


def _why(context: Context, group: Sequence[Slow], now: int) -> str:
    """Return one line on how long they take, and how much of what is reachable they reach."""
    takes = "takes" if len(group) == 1 else "take"
    line = f"{units.counted(len(group), 'launch')} {takes} {context.summed(now)}"
    known = [slow for slow in group if slow.share_pct is not None]
    if len(known) < len(group):
        return f"{line}; what they could reach is a guess."
    weighted = sum((slow.share_pct or 0.0) * slow.duration_ns for slow in known)
    share = units.percent(weighted / max(now, 1))
    return f"{line}, at {share} of what is reachable."


def _time(group: Sequence[Slow]) -> int:
    return sum(slow.duration_ns for slow in group)


def _one(name: str, shapes: str, group: Sequence[Slow]) -> str:
    text = f"{len(group):,} × {name}{f' {shapes}' if shapes else ''}"
    text += f" of {units.time(median(slow.duration_ns for slow in group))}"
    known = [slow.share_pct for slow in group if slow.share_pct is not None]
    return text + (f" at {units.percent(median(known))} of what is reachable" if known else "")


def _rates(context: Context, group: Sequence[Slow]) -> str:
    """Return the rates that new times rest on in words, and whether the capture shows them."""
    shares = context.shares
    vendor = context.device.vendor if context.device is not None else ""
    roofs = sorted({slow.roof for slow in group if slow.roof is not None})
    parts = []
    if any(slow.roof is None for slow in group):
        parts.append(f"{units.percent(100 * shares.bytes_share)} of the DRAM bandwidth")
    if group[0].cause in ("old_attention", "attention"):
        amd = context.device is not None and context.device.vendor == "amd"
        share = AMD_ATTENTION_SHARE if amd else FA3_SHARE
        parts.append(f"{units.percent(100 * share)} of the tensor peak ({_taken_from(share)})")
        roofs = []
    parts += [
        f"{units.percent(100 * shares.flop_share(roof))} of the {roof} peak"
        + ("" if roof in shares.seen else f" ({_taken_from(default_flop_share(roof, vendor))})")
        for roof in roofs
    ]
    return " and ".join(parts)


def _taken_from(share: Threshold) -> str:
    """Say that a share was not seen in the capture, and where it was."""
    return f"not seen here; taken from {share.source}"
