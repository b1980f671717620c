"""Ranked findings: what to change, with evidence and what it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from ncutool.advice.kernels import precision, reports, rules, tune
from ncutool.advice.price import rank
from ncutool.advice.view.context import context
from ncutool.advice.view.finding import Advice

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.advice.view.context import Context
    from ncutool.advice.view.finding import Declined, Draft
    from ncutool.devices.resolve import Device
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture


def advise(
    kernels: pl.DataFrame,
    capture: Capture,
    timeline: Timeline | None,
    device: Device | None,
    ranks: Sequence[pl.DataFrame] = (),
) -> Advice:
    """Findings, surest saving first; savings never add up to more than the window.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS`, rows in any order.
        capture: what the reader found.
        timeline: of a trace; None for reports, whose window is the sum of durations.
        device: whose peaks bound what fusing can save; None where it is unknown.
        ranks: the kernels tables of other ranks of the same job, which tell waiting from transfer.
    """
    if not capture.traits.has_timeline:
        return reports.advise(kernels, capture.rules)
    if timeline is None:
        return Advice()
    view = context(kernels, capture, timeline, device, ranks)
    drafts, declined = _of_kernels(view)
    refused = [
        *declined,
        *launch.declined(view),
        *synchronization.declined(view),
        *communication.declined(view),
    ]
    return rank.ranked(view, [*drafts, *_of_the_rest(view)], refused)


def _of_kernels(view: Context) -> tuple[list[Draft], list[Declined]]:
    """Fusing, batching and tuning; a launch that a sequence of operators explains is left to it."""
    fused, taken = fuse.drafts(view)
    exact = precision.drafts(view)
    taken.update(launch for draft in exact if draft.removed for launch in draft.removed)
    chained = [*horizontal.drafts(view, taken), *chains.drafts(view, taken)]
    batched = batch.drafts(view, taken)
    tuned = [*tune.drafts(view, taken), *rules.drafts(view)]
    declined = [
        *batch.declined(view, taken),
        *tune.declined(view, taken),
        *unfusable.declined(view, taken),
    ]
    return [*fused, *exact, *chained, *batched, *tuned], declined


def _of_the_rest(view: Context) -> list[Draft]:
    """What keeps the device from its kernels: the host, copies, other devices."""
    return [
        *launch.drafts(view),
        *input_pipeline.drafts(view),
        *allocator.drafts(view),
        *synchronization.drafts(view),
        *copies.drafts(view),
        *communication.drafts(view),
    ]
