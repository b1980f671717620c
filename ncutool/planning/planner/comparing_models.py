"""Devices side by side for decoding with a language model, with tokens for the price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from ncutool.base.checks import LARGEST
from ncutool.base.records import as_dict
from ncutool.devices.resolve import Device
from ncutool.planning.llm import Model, Plan
from ncutool.planning.llm.curve import Curve, SpeedRow, compared_speeds, named_curves
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.serving import Request, held_sequences, prompt_busy
from ncutool.planning.llm.sides import Side, parse_side
from ncutool.planning.planner.comparing import HOUR_S, priced, ratio
from ncutool.planning.planner.leads import Planned, ahead_of, beating
from ncutool.planning.planner.placing import named_devices
from ncutool_parsers.errors import UsageError


class ModelOnDevice(Struct, frozen=True):
    """The model on one device. Ratios and crossovers are against the first device."""

    device: str
    label: str
    """The device, with how many of them where the sides differ in it."""
    devices: int
    """That serve one copy of the model together."""
    layout: str
    """How they divide it, e.g. ``tensor parallelism 2``; empty for one device."""
    fits: bool
    smallest_tensor_parallel: int | None
    """Devices that it takes at this batch and context; None where no number does."""
    floor_ns: float
    """Of a decode step at the plan's batch: bandwidth arithmetic where it does not fit."""
    expected_ns: float
    """The same with experts of a mixture chosen uniformly; the floor for a dense model."""
    worst_ns: float
    bound: str
    """With experts as expected."""
    tokens_per_s: float | None
    """Of all sequences together; None where it does not fit."""
    tokens_per_s_per_sequence: float | None
    tokens_per_s_per_device: float | None
    ratio_to_first: float | None
    prefill_ns: float
    prefill_ratio_to_first: float
    """Over 1: faster than the first."""
    most_sequences: int | None
    """That memory allows at this context."""
    best_tokens_per_s: float | None
    """At that many sequences."""
    price_per_hour: float | None
    """Of all devices that share the model."""
    tokens_per_price: float | None
    """For one unit of the price's currency, at the plan's batch."""
    best_tokens_per_price: float | None
    """At as many sequences as memory allows."""
    input_cost_per_million_tokens: float | None
    """At least, of prompts of the plan's length, by devices that do nothing else, as many at once
    as memory allows. None without a price, or where memory holds none; so are the next two."""
    output_cost_per_million_tokens: float | None
    """At least, of decoded tokens, by devices that do nothing else, at the plan's batch."""
    best_output_cost_per_million_tokens: float | None
    """At as many sequences as memory allows."""
    ahead: tuple[tuple[int, int | None], ...]
    """Batches, from and to, that both hold and at which it gives more tokens for the price than
    the first (more tokens a second where not both have a price). No end (None) is known where
    memory sets none."""
    crossover_batch: int | None
    """The smallest of them; None where there is none, or one of the two holds no sequence."""
    shared_batch: int | None
    """The largest batch that both hold: beyond it ``ahead`` says nothing. None where the cache is
    not known, so that memory sets no limit; also for the first device."""
    beats_best_batch: int | None
    """Its smallest batch that gives more than the first gives at as many sequences as that one
    holds; None where none of those it holds does, or memory sets no limit."""


class ModelComparison(Struct, frozen=True):
    """Devices for one model, batch and context."""

    model: str
    weights: str
    kv: str
    tensor_parallel: int
    batch: int
    context_tokens: int
    by_price: bool
    devices: tuple[ModelOnDevice, ...]
    notes: tuple[str, ...]
    devices_each: int | None
    """That serve one copy of the model together; None where the sides differ in it."""
    curves: tuple[Curve, ...] = ()
    """Throughput against the speed of each user, of each device."""
    speeds: tuple[SpeedRow, ...] = ()
    """The same at round speeds, for all devices."""


def compare_model(
    devices: Sequence[str | Device | Side],
    model: Model | str,
    *,
    prices: Mapping[str, float] | None = None,
    known: tuple[Device, ...] | None = None,
    **options: Any,
) -> ModelComparison:
    """Compare devices for decoding with a language model, by :func:`ncutool.planning.llm.plan`.

    Args:
        devices: rows of the device table or names, the first is the one compared with; a name may
            bring a layout of its own, as ``2xh100-sxm`` or ``h200-sxm:tp=2,pp=2``.
        model: a model or a preset's name.
        prices: of one device per hour, by name.
        known: devices to choose from by name, ncutool's own where None.
        options: of :func:`ncutool.planning.llm.plan`: ``batch``, ``context_tokens``, ...

    Raises:
        UsageError: a name is not known, fewer than two devices are named, or a number is out of
            range.
    """
    sides = _sides(devices, known)
    costs = priced(prices, [device for device, _ in sides], known)
    planned = [Planned(model, device, _laid_out(options, layout)) for device, layout in sides]
    first = planned[0].plan
    alike = len({each.plan.memory.devices for each in planned}) == 1
    by_price = all(device.name in costs for device, _ in sides)
    paid = [_all_devices(each, costs) for each in planned]
    rows: list[ModelOnDevice] = []
    for each, price in zip(planned, paid, strict=True):
        weights = (paid[0], price) if paid[0] is not None and price is not None else (1.0, 1.0)
        base = rows[0] if rows else None
        rows.append(_row(each, planned[0], price, weights, base, alike=alike))
    curves = named_curves((row.label, each.plan) for row, each in zip(rows, planned, strict=True))
    return ModelComparison(
        first.model.name, first.types.weights, first.types.kv, first.tensor_parallel, first.batch,
        first.context_tokens, by_price, tuple(rows), tuple(_notes(rows, first, alike=alike)),
        first.memory.devices if alike else None, curves,
        compared_speeds([each.plan for each in planned], curves),
    )  # fmt: skip


def _sides(
    given: Sequence[str | Device | Side], known: tuple[Device, ...] | None
) -> list[tuple[Device, Deployment | None]]:
    """Return devices with the layouts that they bring, each pair once.

    Raises:
        UsageError: fewer than two are left, or a name is not known.
    """
    found: dict[tuple[str, Deployment | None], Device] = {}
    for one in given:
        side = parse_side(one) if isinstance(one, str) else one
        if isinstance(side, Device):
            found.setdefault((side.name, None), side)
            continue
        (device,) = named_devices([side.name], known)
        found.setdefault((device.name, side.deployment), device)
    if len(found) < 2:
        raise UsageError("name two devices or more to compare; ncutool devices lists them")
    return [(device, layout) for (_, layout), device in found.items()]


def _laid_out(options: Mapping[str, Any], layout: Deployment | None) -> Mapping[str, Any]:
    return options if layout is None else {**options, **as_dict(layout)}


def _all_devices(each: Planned, costs: Mapping[str, float]) -> float | None:
    """Return the price of all devices that share the model."""
    cost = costs.get(each.plan.device.name)
    return None if cost is None else cost * each.plan.memory.devices


def _row(
    each: Planned,
    first: Planned,
    price: float | None,
    weights: tuple[float, float],
    base: ModelOnDevice | None,
    *,
    alike: bool,
) -> ModelOnDevice:
    plan, fits = each.plan, each.plan.memory.fits
    rate = plan.decode.tokens_per_s if fits else None
    allowed = plan.memory.most_sequences
    best = None
    if allowed and allowed <= LARGEST:
        best = 1e9 * allowed / each.step_ns(allowed)
    ahead: tuple[tuple[int, int | None], ...] = ()
    shared = min(each.most, first.most)
    limited = None not in (allowed, first.plan.memory.most_sequences)
    if base is not None and shared:
        found = ahead_of(first, each, weights, shared)
        # The search ends somewhere: where memory does not, that is no result.
        ahead = tuple((low, high if limited or high < shared else None) for low, high in found)
    return ModelOnDevice(
        device=plan.device.name,
        label=_label(plan, alike=alike),
        devices=plan.memory.devices,
        layout=plan.setup.deployment.words,
        fits=fits,
        smallest_tensor_parallel=plan.memory.smallest_tensor_parallel,
        floor_ns=plan.decode.floor_ns,
        expected_ns=plan.decode.expected.ns,
        worst_ns=plan.decode.worst.ns,
        bound=plan.decode.bound,
        tokens_per_s=rate,
        tokens_per_s_per_sequence=plan.decode.tokens_per_s_per_sequence if fits else None,
        tokens_per_s_per_device=None if rate is None else rate / plan.memory.devices,
        ratio_to_first=ratio(rate, base.tokens_per_s if base else rate),
        prefill_ns=plan.prefill.floor_ns,
        prefill_ratio_to_first=(base.prefill_ns if base else plan.prefill.floor_ns)
        / plan.prefill.floor_ns,
        most_sequences=allowed,
        best_tokens_per_s=best,
        price_per_hour=price,
        tokens_per_price=_paid(rate, price),
        best_tokens_per_price=_paid(best, price),
        input_cost_per_million_tokens=_input_cost(plan, price),
        output_cost_per_million_tokens=_cost(rate, price),
        best_output_cost_per_million_tokens=_cost(best, price),
        ahead=ahead,
        crossover_batch=ahead[0][0] if ahead else None,
        shared_batch=shared if base is not None and limited else None,
        beats_best_batch=None if base is None else beating(first, each, weights),
    )


def _paid(rate: float | None, price: float | None) -> float | None:
    return None if rate is None or price is None else HOUR_S * rate / price


def _cost(rate: float | None, price: float | None) -> float | None:
    """Return what a million tokens cost at a rate (1/s)."""
    return None if rate is None or price is None else 1e6 * price / HOUR_S / rate


def _input_cost(plan: Plan, price: float | None) -> float | None:
    """Return the least cost of a million tokens of prompts."""
    setup, tokens = plan.setup, plan.prefill.prompt_tokens
    if price is None or not setup.sequence_is_known or not setup.heads_known:
        return None
    request = Request(tokens, 1)
    held = held_sequences(setup, request, plan.memory.usable_bytes)
    if held is None:
        return None
    taken = max(prompt_busy(setup, request, held).values())
    return _cost(1e9 * tokens / taken, price)


def _label(plan: Plan, *, alike: bool) -> str:
    """Return what a side is called: with its number of devices where the sides differ."""
    if alike:
        return plan.device.name
    return plan.setup.deployment.label(plan.device.name)


def _notes(rows: Sequence[ModelOnDevice], plan: Plan, *, alike: bool) -> list[str]:
    notes = [
        "floors of the datasheets: real programs reach a share of them, which differs from device "
        "to device",
    ]
    for each in rows:
        if not each.fits:
            needed = each.smallest_tensor_parallel
            how = f"tensor parallelism {needed} or more" if needed else "on no number of them"
            notes.append(f"{each.label}: does not fit at this batch and context: {how}")
    if alike and plan.memory.devices > 1:
        notes.append(f"prices are those of {plan.memory.devices} devices")
    elif not alike:
        notes.append("tokens and prices are those of all devices of a side together")
    return notes
