"""Devices that read prompts and devices that decode, in lines and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_words import Fact, milliseconds
from ncutool.text.sheet import Grid

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.pools import Pools


def _requests(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{units.significant(value, 4)} requests/s"


def pool_facts(found: Pools) -> list[Fact]:
    """Return the best division, both units, the transfer, and what mixing would give."""
    return [
        _best(found),
        Fact(
            "prefill unit",
            _requests(found.prefill_requests_per_s),
            f"at most: {found.prefill_layout.label(found.prefill_device)}, "
            f"{units.count(found.prefill_prompts)} prompts at once; one takes "
            f"{milliseconds(found.prompt_ns)} at least",
        ),
        _decode_unit(found),
        Fact(
            "for each decode",
            units.significant(found.prefill_units_a_decode_unit),
            "prefill units keep a decode unit busy"
            if found.prefill_units_a_decode_unit is not None
            else "an answer of one token needs no decode unit",
        ),
        *_transfer(found),
        *_mixed(found),
    ]


def _best(found: Pools) -> Fact:
    best = found.best
    if best is None:
        needed = found.prefill_layout.devices + found.decode_layout.devices
        reason = f"one unit of each takes {needed} devices"
        return Fact("best division", "none", reason)
    idle = f"; {units.counted(best.idle_devices, 'device')} left over" if best.idle_devices else ""
    return Fact(
        "best division",
        f"{best.prefill_units} : {best.decode_units}",
        f"prefill : decode units, at most {_requests(best.requests_per_s)}, limited by "
        f"{best.limit}{idle}; {units.count(found.prompt_tokens)} tokens in"
        + (f" ({units.count(found.cached_tokens)} cached)" if found.cached_tokens else "")
        + f", {units.count(found.output_tokens)} out",
    )


def _decode_unit(found: Pools) -> Fact:
    if found.decode_sequences is None or found.decode_step_ns is None:
        return Fact("decode unit", units.UNKNOWN, "an answer of one token is the prompt's own")
    return Fact(
        "decode unit",
        _requests(found.decode_requests_per_s),
        f"at most: {found.decode_layout.label(found.decode_device)}, "
        f"{units.significant(found.decode_sequences, 4)} at a time, "
        f"{milliseconds(found.decode_step_ns)} a step on average",
    )


def _transfer(found: Pools) -> list[Fact]:
    size = f"{units.data(found.transfer_bytes)} of cache a request"
    if (
        found.transfer_ns is None
        or found.first_token_ns is None
        or found.in_turn_ns is None
        or found.link_bytes_per_s is None
    ):
        return [Fact("transfer", units.UNKNOWN, f"{size}: {found.link}; say --transfer-link")]
    return [
        Fact(
            "transfer",
            milliseconds(found.transfer_ns),
            f"at least: {size} over {found.link}, {units.data_rate(found.link_bytes_per_s)} one "
            "way a device",
        ),
        Fact(
            "decode begins",
            milliseconds(found.first_token_ns),
            f"after a request at least; {milliseconds(found.in_turn_ns)} where the transfer waits "
            "for the prompt",
        ),
    ]


def _mixed(found: Pools) -> list[Fact]:
    if found.mixed_requests_per_s is None:
        return []
    return [
        Fact(
            "not divided",
            _requests(found.mixed_requests_per_s),
            "at most, all devices mixing prompts and steps, whatever the times asked for",
        )
    ]


def split_grid(plan: Plan) -> list[Grid]:
    """Return the divisions around the best."""
    found = plan.ways.pools
    if found is None or not found.splits:
        return []
    rows = tuple(
        (
            units.count(one.prefill_units),
            units.count(one.decode_units),
            units.significant(one.requests_per_s, 4),
            one.limit,
            units.count(one.idle_devices),
        )
        for one in found.splits
    )
    heading = ("prefill units", "decode units", "requests/s at most", "limited by", "idle devices")
    return [Grid("Divisions around the best", heading, rows, frozenset(("limited by",)))]
