"""The regime of a decode step from its time and the bytes it must read: bandwidth saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base import units
from ncutool.devices.resolve import Device
from ncutool.planning.signals.placed import (
    THRESHOLDS,
    confidence_of,
    impossible,
    in_turn,
    peak_notes,
    positive,
    regime_of,
)
from ncutool.planning.signals.thresholds import LIMIT
from ncutool.planning.signals.verdict import Figure, Verdict

if TYPE_CHECKING:
    from ncutool.planning.llm.planned import Plan

KIND = "token time"


class TokenTime(Struct, frozen=True):
    """One step that makes a token for each sequence of a batch."""

    ns: float
    """Measured, from one token of a sequence to its next."""
    read_bytes: float
    """What a device must read in it: weights, and the cache where it is known."""
    compute_ns: float | None = None
    """Its arithmetic at the device's peaks; None where the FLOPs are not known."""
    what: str = "model bytes as given"
    """What ``read_bytes`` is."""
    complete: bool = False
    """Whether the cache is in ``read_bytes`` too."""
    shared_by: int = 1
    """Devices that share a layer."""


def of_plan(plan: Plan, ns: float) -> TokenTime:
    """Return the step of a plan's batch and context, measured to take ``ns``."""
    step = plan.decode
    cache = "" if step.kv_bytes is None else f" and {units.data(step.kv_bytes)} of cache"
    what = (
        f"{units.data(step.weight_bytes)} of weights{cache}, {plan.model.name} at batch "
        f"{plan.batch:,} and {plan.context_tokens:,} tokens"
    )
    experts = ", experts touched as expected of uniform routing" if plan.model.experts else ""
    return TokenTime(
        ns=ns,
        read_bytes=step.weight_bytes + (step.kv_bytes or 0.0),
        compute_ns=step.compute_ns if step.attention_flop is not None else None,
        what=what + experts,
        complete=step.kv_bytes is not None,
        shared_by=plan.tensor_parallel,
    )


def classify_token(token: TokenTime, device: Device | None) -> Verdict:
    """Return whether reading its bytes explains a token's time.

    Args:
        device: whose bandwidth to hold it against; without one no regime can be told.

    Raises:
        UsageError: a time or bytes that are none.
    """
    positive("the token time", token.ns)
    positive("the model's bytes", token.read_bytes)
    if device is None:
        return _without_device(token)
    memory_pct = 100 * _rate(token) / device.peak_bytes_per_s
    compute_pct = None if token.compute_ns is None else 100 * token.compute_ns / token.ns
    regime = regime_of(compute_pct, memory_pct)
    return Verdict(
        subject=f"token time on {device.name}",
        kind=KIND,
        regime=regime,
        confidence=confidence_of(regime, complete=token.complete and compute_pct is not None),
        reason=_reason(regime, token, device, memory_pct, compute_pct),
        figures=(*_measured(token), *_shares(token, device, memory_pct, compute_pct)),
        notes=(*_notes(token, memory_pct), *peak_notes(device, compute_pct)),
        tells_more=_tells_more(regime, token),
        thresholds=THRESHOLDS,
    )


def _rate(token: TokenTime) -> float:
    return 1e9 * token.read_bytes / token.ns


def _measured(token: TokenTime) -> tuple[Figure, ...]:
    return (
        Figure("token_time_ns", token.ns, "measured"),
        Figure("read_bytes", token.read_bytes, token.what),
        Figure("achieved_bytes_per_s", _rate(token), "bytes / time"),
    )


def _shares(
    token: TokenTime, device: Device, memory_pct: float, compute_pct: float | None
) -> tuple[Figure, ...]:
    figures = (
        Figure("peak_bytes_per_s", device.peak_bytes_per_s, device.name),
        Figure("memory_pct", memory_pct, "of the peak bandwidth"),
        Figure("floor_ns", 1e9 * token.read_bytes / device.peak_bytes_per_s, "bytes / peak"),
    )
    if compute_pct is None:
        return figures
    return (*figures, Figure("compute_pct", compute_pct, "arithmetic at dense peaks / time"))


def _without_device(token: TokenTime) -> Verdict:
    return Verdict(
        subject="token time",
        kind=KIND,
        regime="unknown",
        confidence="none",
        reason=f"{units.data(token.read_bytes)} in {units.time(token.ns)} is "
        f"{units.data_rate(_rate(token))}; without a device there is no peak to hold it against",
        figures=_measured(token),
        tells_more=("--device NAME: the share of its bandwidth",),
    )


def _reason(
    regime: str,
    token: TokenTime,
    device: Device,
    memory_pct: float,
    compute_pct: float | None,
) -> str:
    wrong = impossible(compute_pct, memory_pct)
    if wrong:
        return wrong
    start = (
        f"reading {units.data(token.read_bytes)} in {units.time(token.ns)} is "
        f"{units.data_rate(_rate(token))}, {units.percent(memory_pct)} of {device.name}'s peak"
    )
    if compute_pct is not None:
        start += f", and its arithmetic takes {units.percent(compute_pct)} of the time at peak"
    if regime == "unknown":
        return f"{start}: under {LIMIT:.0f} %, and whether arithmetic takes the rest is not known"
    if regime == "mixed":
        return f"{start}: {in_turn(compute_pct, memory_pct)}"
    if regime == "latency":
        return (
            f"{start}: both under {LIMIT:.0f} %, so that launches, the host, waits or "
            "inefficient kernels take the rest"
        )
    return start


def _notes(token: TokenTime, memory_pct: float) -> tuple[str, ...]:
    notes = []
    if not token.complete:
        notes.append(
            "the key-value cache and activations are not in the bytes: more was read than counted, "
            "so that the true share of the peak is higher, if every step reads all of them once"
        )
    if not token.complete or memory_pct > 100:
        notes.append(
            "a mixture of experts reads the touched experts alone, and speculative decoding makes "
            "several tokens a step: count the bytes of a step against the time of a step"
        )
    if token.shared_by > 1:
        notes.append(
            f"bytes are those of one of {token.shared_by} devices; communication between them is "
            "not in the floor and unknown"
        )
    return tuple(notes)


def _tells_more(regime: str, token: TokenTime) -> tuple[str, ...]:
    hints = []
    if not token.complete:
        hints.append("--preset NAME --context N --batch B: cache and arithmetic counted too")
    if regime in ("latency", "unknown"):
        hints.append("dcgmi dmon -e 1001,1002,1004,1005, or a trace and ncutool report: the rest")
    return tuple(hints)
