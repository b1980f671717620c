"""Further ways to serve a model, in lines: cached prefixes, chunks, speculation, pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_pools import pool_facts
from ncutool.text.llm_words import Fact, milliseconds, rate
from ncutool.text.sheet import Grid

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.chunked import Chunked
    from ncutool.planning.llm.prefixes import Prefix
    from ncutool.planning.llm.speculation import Speculation

_NEVER = "never"


def share_facts(plan: Plan, of: str) -> list[tuple[str, list[Fact]]]:
    """Return the combined intensity, attention's share, and where attention equals weights."""
    found = plan.shares
    step = f"batch {units.count(plan.batch)}, context {units.count(plan.context_tokens)}"
    lines = [
        Fact(
            "I(B, S)",
            units.intensity(found.intensity_flop_per_byte),
            f"the whole decode step: all FLOPs over all bytes; {step}",
        )
    ]
    if found.attention_flop_pct is None:
        reason = "the shape of the attention was not given"
        return [(f"Weights and attention{of}", [*lines, Fact("attention", units.UNKNOWN, reason)])]
    lines += [
        Fact(
            "attention",
            units.percent(found.attention_flop_pct),
            f"of a step's FLOPs, {units.percent(found.attention_bytes_pct)} of its bytes, "
            f"{units.percent(found.attention_time_pct)} of the time of its busiest resource; "
            f"{units.percent(found.prefill_attention_flop_pct)} of the prompt's FLOPs",
        ),
        Fact(
            "equal FLOPs",
            _tokens(found.equal_decode_context_tokens),
            "context from which a token's attention does as many FLOPs as its weights",
        ),
        Fact(
            "", _tokens(found.equal_prompt_tokens), "the same of a whole prompt, causally attended"
        ),
    ]
    return [(f"Weights and attention{of}", lines)]


def _tokens(value: int | None) -> str:
    return _NEVER if value is None else f"{units.count(value)} tokens"


def way_facts(plan: Plan, of: str) -> list[tuple[str, list[Fact]]]:
    """Return what came of the ways that were asked for."""
    found = plan.ways
    groups: list[tuple[str, list[Fact]]] = []
    if found.prefix is not None:
        groups.append((f"Prompt with a cached prefix{of}", _prefix(found.prefix)))
    if found.chunked is not None:
        groups.append((f"Prompt in chunks beside decode{of}", _chunked(found.chunked)))
    if found.speculation is not None:
        groups.append((f"Speculative decoding{of}", _speculation(found.speculation)))
    if found.pools is not None:
        title = f"{units.count(found.pools.devices)} devices, prefill and decode apart"
        groups.append((title, pool_facts(found.pools)))
    return groups


def _prefix(found: Prefix) -> list[Fact]:
    return [
        Fact(
            "prompt",
            milliseconds(found.floor_ns),
            f"at least: {units.count(found.cached_tokens)} tokens in the cache, "
            f"{units.count(found.new_tokens)} new ones attend to them; {found.bound}-bound",
        ),
        Fact("without it", milliseconds(found.without_ns), "of the whole prompt"),
        Fact(
            "prefix read",
            units.data(found.cache_read_bytes),
            "of the cache, by each device",
        ),
    ]


def _chunked(found: Chunked) -> list[Fact]:
    cached = f" after {units.count(found.cached_tokens)} cached" if found.cached_tokens else ""
    expected = ""
    if found.expected_step_ns > found.step_ns:
        expected = f"; {milliseconds(found.expected_step_ns)} with experts as expected"
    lines = [
        Fact(
            "longest step",
            milliseconds(found.step_ns),
            f"at least, of {units.counted(found.batch, 'sequence')} and a chunk of "
            f"{units.counted(found.chunk_tokens, 'token')}; {found.step_bound}-bound{expected}",
        ),
        Fact("without chunk", milliseconds(found.alone_ns), "a step of these sequences alone"),
        Fact(
            "first token",
            milliseconds(found.first_token_ns),
            f"at least, after {units.counted(found.steps, 'step')}: "
            f"{units.counted(found.prompt_tokens, 'token')}{cached}",
        ),
        Fact(
            "prompt at once",
            milliseconds(found.prompt_alone_ns),
            "with nothing beside it: what decoding waits for where prompts are not divided",
        ),
    ]
    if found.asked_time_ns is not None:
        asked = milliseconds(found.asked_time_ns)
        largest = found.largest_chunk_tokens
        lines.append(
            Fact(
                "largest chunk",
                "none" if largest is None else units.counted(largest, "token"),
                f"at most, for {asked} a token beside these sequences",
            )
        )
    return lines


def _speculation(found: Speculation) -> list[Fact]:
    even = found.break_even_acceptance
    share = f"{100 * found.acceptance:.3g} %"
    return [
        Fact(
            "tokens a step",
            units.significant(found.tokens_per_step, 4),
            f"{units.counted(found.proposed_tokens, 'token')} proposed by {found.source}, each "
            f"accepted in {share} of cases after those before it, as given",
        ),
        Fact(
            "step",
            milliseconds(found.step_ns),
            f"at least; {milliseconds(found.in_turn_ns)} with passes one after the other: "
            f"{_proposing(found)}{milliseconds(found.verify_ns)} to check; {found.bound}-bound",
        ),
        Fact(
            "speed of light",
            rate(found.tokens_per_s),
            f"in all, {rate(found.tokens_per_s_per_sequence)} a user",
        ),
        Fact(
            "against plain",
            f"{units.significant(found.expected_in_turn_ratio)}×",
            "floors of passes in turn against the floor of a plain step"
            f"{_as_expected(found)}: no forecast",
        ),
        Fact(
            "breaks even",
            _NEVER if even is None else f"{100 * even:.3g} %",
            "acceptance from which these floors give as much as plain decoding",
        ),
        Fact(
            "intensity",
            units.intensity(found.intensity_flop_per_byte),
            f"of all passes of a step, as it really is; a plain step "
            f"{units.intensity(found.plain_intensity_flop_per_byte)}; "
            f"{units.percent(found.useful_flop_pct)} of the checked tokens are kept",
        ),
        Fact(
            "", units.intensity(found.attention_intensity_flop_per_byte),
            "of the checking attention, which reads each cache once for all proposed tokens; plain "
            f"{units.intensity(found.plain_attention_intensity_flop_per_byte)}",
        ),
        Fact(
            "memory",
            units.data(found.draft_resident_bytes),
            "of each device for weights and caches of what proposes; "
            + ("fits" if found.fits else "does not fit beside the model at this batch"),
        ),
    ]  # fmt: skip


def _proposing(found: Speculation) -> str:
    """Return what proposing takes; nothing where it takes no time."""
    if not found.draft_pass_ns:
        return ""
    return f"{found.proposed_tokens} × {milliseconds(found.draft_pass_ns)} to propose, "


def _as_expected(found: Speculation) -> str:
    mixed = found.expected_plain_ns > found.plain_ns
    return ", experts as expected (more tokens meet more of them)" if mixed else ""


def speculation_grid(plan: Plan) -> list[Grid]:
    """Return plain and speculative decoding side by side, by batch."""
    found = plan.ways.speculation
    if found is None:
        return []
    rows = tuple(
        (
            units.count(row.batch),
            units.significant(row.plain_tokens_per_s, 4),
            units.significant(row.tokens_per_s, 4),
            f"{units.significant(row.ratio)}×",
            "" if row.fits else "does not fit",
        )
        for row in found.batches
    )
    title = "Speculative decoding by batch, floors of passes in turn; tok/s of all devices"
    return [Grid(title, ("batch", "plain", "speculative", "ratio", ""), rows, frozenset(("",)))]
