"""Ranked findings: what to change, with evidence and what it saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

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
from ncutool.advice.kernels import precision, reuse, rules, tune, unseen
from ncutool.advice.price import rank
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Advice, Adviser, Declined, Draft, Drafts
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.devices.resolve import Device
from ncutool.timeline import trust
from ncutool.timeline.window import Timeline
from ncutool_parsers.capture import Capture

if TYPE_CHECKING:
    from ncutool.advice.kernels.measured import JoinedReport
    from ncutool.inside.hot import Hot

CLAIMING: tuple[Adviser, ...] = (
    fuse,  # a known pattern says more of its launches than the chain that it also is
    precision,  # casts of weights that go join no chain
    horizontal,  # updates of many tensors side by side look like a chain, one after the other
    chains,
)
"""Those who claim launches, in this order: each leaves alone what those before it claim."""
READING: tuple[Adviser, ...] = (batch, tune, unfusable)
"""Those who leave claimed launches alone and claim none: after the first, in any order."""
APART: tuple[Adviser, ...] = (rules, copies, communication)
"""Those who neither claim nor mind claims, in any order: the ledger pays shared time once."""
OF_HOST: tuple[Adviser, ...] = (launch, input_pipeline, allocator, synchronization)
"""The same, on what the host does while a device idles: asked for each device by itself."""


def advise(
    kernels: pl.DataFrame,
    capture: Capture,
    timeline: Timeline | None,
    device: Device | None,
    ranks: Sequence[pl.DataFrame] = (),
    device_of: Callable[[int | None], Device | None] | None = None,
    sampled: Mapping[int, Hot] | None = None,
    report: JoinedReport | None = None,
) -> Advice:
    """Return findings, surest saving first; those of the window never add up to more than it.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS`, rows in any order.
        capture: what the reader found.
        timeline: of a trace; None for reports, whose window is the sum of durations.
        device: whose peaks bound what fusing can save; None where it is unknown.
        ranks: the kernels tables of other ranks of the same job, which tell waiting from transfer.
        device_of: the device of an ordinal, where ``device`` is not that of all launches.
        sampled: where the warps of a report's launches were found, by launch_id.
        report: of the same program, joined to a trace.
    """
    if not capture.traits.has_timeline:
        return _of_report(kernels, capture, sampled)
    if capture.processes > 1:  # their clocks, hosts and steps need not have to do with each other
        return Advice(could_not_look=(unseen.of_processes(kernels, capture.processes),))
    seen = unseen.looked_at_in_trace(kernels)
    if timeline is None:
        unknown = unseen.of_trace(kernels, timeline, capture)
        return Advice(looked=seen, could_not_look=unknown)
    view = context(kernels, capture, timeline, device, ranks)
    found = _of_each_device(view, kernels, ranks, device_of)
    view = view.without_streams()
    whole = trust.operators_recorded(capture)
    for adviser in APART:
        if adviser is communication and not whole:
            continue  # what hides it, or should, was filtered out
        given = adviser.drafts(view, found.claimed)
        if adviser is rules:
            inner = _of_insides(view, report)
            told = frozenset(one for draft in inner.drafts for one in draft.launches)
            given = _joined(rules.drafts(view, found.claimed, told), inner)
        found = _joined(found, given)
    for given in _of_host(view):
        found = _joined(found, given)
    advice = rank.ranked(view, found.drafts, found.declined)
    unknown = unseen.of_trace(kernels, timeline, capture, advice.findings)
    return replace(advice, looked=seen, could_not_look=unknown)


def _of_report(
    kernels: pl.DataFrame, capture: Capture, sampled: Mapping[int, Hot] | None
) -> Advice:
    """Return what a report's counters say; a trace needs nothing of what reads them."""
    from ncutool.advice.kernels import reports
    from ncutool.work import inside

    return reports.advise(kernels, capture.rules, inside.of_capture(capture), sampled)


def _of_insides(view: Context, report: JoinedReport | None) -> Drafts:
    """Return what is known of the inside of kernels: by a joined report, or by the trace alone."""
    if report is None:
        return reuse.drafts(view)
    from ncutool.advice.kernels import measured

    return measured.drafts(view, report)


def _of_each_device(
    whole: Context,
    kernels: pl.DataFrame,
    ranks: Sequence[pl.DataFrame],
    device_of: Callable[[int | None], Device | None] | None,
) -> Drafts:
    """Return what concerns single launches, device by device: no advice is of two devices'.

    Devices come in the order of their first launch, whatever their ordinals.
    """
    ordinals = whole.kernels["device"].unique(maintain_order=True).to_list()
    if len(ordinals) < 2:
        return _of_launches(whole)
    found = Drafts()
    for ordinal in ordinals:
        device = whole.device if device_of is None else device_of(ordinal)
        own = kernels.filter(pl.col("device").eq_missing(ordinal))
        view = context(own, whole.capture, whole.timeline, device, ranks)
        given = _of_launches(view)
        drafts = tuple(_on_device(draft, ordinal) for draft in given.drafts)
        found = _joined(found, replace(given, drafts=drafts))
    return found


def _of_launches(view: Context) -> Drafts:
    """Return what advisers that claim or read launches say, in their order."""
    found = Drafts(claimed=view.trials)  # nobody advises on kernels that a tuner tries
    for adviser in (*CLAIMING, *READING):
        found = _joined(found, adviser.drafts(view, found.claimed))
    return found


def _joined(found: Drafts, given: Drafts) -> Drafts:
    return Drafts(
        drafts=(*found.drafts, *given.drafts),
        claimed=found.claimed | given.claimed if given.claimed else found.claimed,
        declined=(*found.declined, *given.declined),
    )


def _on_device(draft: Draft, ordinal: int | None) -> Draft:
    """Return ``draft`` with the device that its launches ran on in its title."""
    where = "no recorded device" if ordinal is None else f"device {ordinal}"
    return replace(draft, title=f"{draft.title} ({where})")


def _of_host(view: Context) -> list[Drafts]:
    """Return what is advised on the host, device by device: which one is said of several.

    Nothing is where most operators were filtered out of the trace: what the host did, and whether
    it waited for input or for a value, is then not known.
    """
    if not trust.operators_recorded(view.capture):
        return [Drafts(declined=_not_known(view))]
    given = []
    for part in view.by_device():
        name = "" if part.only is None else f" ({part.only.name})"
        for adviser in OF_HOST:
            own = adviser.drafts(part, frozenset())
            drafts = (replace(draft, title=draft.title + name) for draft in own.drafts)
            declined = (replace(refusal, what=refusal.what + name) for refusal in own.declined)
            given.append(Drafts(tuple(drafts), declined=tuple(declined)))
    return given


def _not_known(view: Context) -> tuple[Declined, ...]:
    share = 100 * (view.capture.ops_recorded_share or 0.0)
    refusal = Declined(
        what="Advise on the host and on communication",
        why=f"Only {units.percent(share)} of the operators were recorded: what the host did while "
        "the device idled, and what communicates, cannot be told. Record all of them.",
        launches=(),
        duration_ns=view.timeline.idle_ns,
    )
    return (refusal,)
