"""Ranked findings: what to change, with evidence and what it saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from ncutool.advice.batch import batch
from ncutool.advice.fuse import chains, fuse, horizontal, unfusable
from ncutool.advice.host import (
    allocator,
    communication,
    copies,
    input_pipeline,
    launch,
    synchronization,
)
from ncutool.advice.kernels import precision, reports, rules, tune, unseen
from ncutool.advice.price import rank
from ncutool.advice.view.context import context
from ncutool.advice.view.finding import Advice, Adviser, Declined, Draft
from ncutool.devices.resolve import Device
from ncutool.timeline.window import Timeline
from ncutool.work import inside
from ncutool_parsers.capture import Capture

CLAIMING: tuple[Adviser, ...] = (
    fuse,  # a known pattern says more of its launches than the chain that it also is
    precision,  # casts of weights that go join no chain
    horizontal,  # updates of many tensors side by side look like a chain, one after the other
    chains,
)
"""Those who claim launches, in this order: each leaves alone what those before it claim."""
READING: tuple[Adviser, ...] = (batch, tune, unfusable)
"""Those who leave claimed launches alone and claim none: after the first, in any order."""
APART: tuple[Adviser, ...] = (
    rules, launch, input_pipeline, allocator, synchronization, copies, communication,
)  # fmt: skip
"""Those who neither claim nor mind claims, in any order: the ledger pays shared time once."""


def advise(
    kernels: pl.DataFrame,
    capture: Capture,
    timeline: Timeline | None,
    device: Device | None,
    ranks: Sequence[pl.DataFrame] = (),
) -> Advice:
    """Return findings, surest saving first; those of the window never add up to more than it.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS`, rows in any order.
        capture: what the reader found.
        timeline: of a trace; None for reports, whose window is the sum of durations.
        device: whose peaks bound what fusing can save; None where it is unknown.
        ranks: the kernels tables of other ranks of the same job, which tell waiting from transfer.
    """
    if not capture.traits.has_timeline:
        return reports.advise(kernels, capture.rules, inside.of_capture(capture))
    seen = unseen.looked_at_in_trace(kernels)
    if timeline is None:
        unknown = unseen.of_trace(kernels, timeline, capture.format)
        return Advice(looked=seen, could_not_look=unknown)
    view = context(kernels, capture, timeline, device, ranks)
    claimed: frozenset[int] = frozenset()
    drafts: list[Draft] = []
    declined: list[Declined] = []
    for adviser in (*CLAIMING, *READING, *APART):
        given = adviser.drafts(view, claimed)
        claimed |= given.claimed
        drafts += given.drafts
        declined += given.declined
    advice = rank.ranked(view, drafts, declined)
    unknown = unseen.of_trace(kernels, timeline, capture.format, advice.findings)
    return replace(advice, looked=seen, could_not_look=unknown)
