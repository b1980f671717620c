"""What a plan was asked for beside its floors: requests without end, and questions backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_words import Fact, milliseconds, rate

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan


def serving_facts(plan: Plan, of: str) -> list[tuple[str, list[Fact]]]:
    """Return what requests without end get, where it was asked for."""
    title = f"Requests without end{of}"
    found = plan.serving
    if found is None:
        reason = plan.serving_reason
        return [] if reason is None else [(title, [Fact("at most", units.UNKNOWN, reason)])]
    lines = [
        Fact(
            "at most",
            rate(found.output_tokens_per_s),
            f"of answers: {units.count(found.prompt_tokens)} tokens in{_cached(plan)}, "
            f"{units.count(found.output_tokens)} out, memory holds "
            f"{units.significant(found.sequences, 4)} on average; {found.resource}-bound",
        ),
        Fact("", rate(found.all_tokens_per_s), "of prompts and answers"),
        Fact("each device", rate(found.output_tokens_per_s_per_device), "of answers"),
    ]
    if found.cached_tokens:
        lines.append(_own_prefix(plan))
    if found.cost_per_million_output_tokens is not None:
        lines += [
            Fact(
                "costs at least",
                units.significant(found.cost_per_million_output_tokens, 4),
                "a million tokens of answers, prompts included, at "
                f"{units.significant(found.price_per_hour, 4)} a device an hour",
            ),
            Fact(
                "",
                units.significant(found.cost_per_million_tokens, 4),
                "a million tokens of prompts and answers alike",
            ),
            *_apart(plan),
        ]
    return [(title, lines)]


def _cached(plan: Plan) -> str:
    """Return how many tokens of a prompt are cached, where some are."""
    assert plan.serving is not None
    cached = plan.serving.cached_tokens
    if not cached:
        return ""
    return f" ({units.count(cached)} of them a prefix that all share, cached)"


def _own_prefix(plan: Plan) -> Fact:
    """Return the rate where each request has a prefix of its own."""
    assert plan.serving is not None
    own = plan.serving.own_prefix_output_tokens_per_s
    if own is None:
        return Fact("", units.UNKNOWN, "with prefixes of their own: memory does not hold a request")
    return Fact("", rate(own), "of answers where each request's cached prefix is its own")


def _apart(plan: Plan) -> list[Fact]:
    """Return the costs of prompts and of decoding apart, each by devices that do nothing else."""
    assert plan.serving is not None
    read, made = (
        plan.serving.input_cost_per_million_tokens,
        plan.serving.decode_cost_per_million_tokens,
    )
    return [
        Fact(
            "input alone",
            units.significant(read, 4),
            "a million tokens of prompts, by devices that read prompts alone",
        ),
        Fact(
            "output alone",
            units.significant(made, 4),
            "a million tokens of answers after their first, by devices that decode alone"
            if made is not None
            else "the prompt makes the only token of an answer",
        ),
    ]


def answer_facts(plan: Plan) -> list[tuple[str, list[Fact]]]:
    """Return the answers to what was asked backwards; nothing where nothing was."""
    found = plan.answers
    if found is None:
        return []
    lines = []
    if found.largest_batch is not None:
        lines.append(_batch(plan))
    if found.time_to_first_token_ns is not None:
        least = found.least_prompts
        held = found.prompts
        lines.append(
            Fact(
                "prompts at once",
                "none" if held is None else units.count(held),
                f"at most, of {units.counted(found.prompt_tokens, 'token')}, for a first token in "
                f"{milliseconds(found.time_to_first_token_ns)}"
                + (f": {_take(least)} longer at best" if held is None else ""),
            )
        )
    if found.smallest is not None:
        lines.append(_smallest(plan))
    return [("What was asked for", lines)]


def _take(prompts: int) -> str:
    return f"{units.count(prompts)} {'takes' if prompts == 1 else 'take'}"


def _batch(plan: Plan) -> Fact:
    assert plan.answers is not None
    found = plan.answers.largest_batch
    assert found is not None
    asked = milliseconds(found.time_ns)
    if found.batch is None:
        why = (
            f"{units.count(found.least_batch)} would take {milliseconds(found.step_ns)} at best"
            if found.step_ns > found.time_ns
            else f"memory does not hold {units.counted(found.least_batch, 'sequence')}"
        )
        return Fact("largest batch", "none", f"for {asked} a token: {why}")
    stop = {"time": "the time is reached", "memory": "memory holds no more"}[found.stopped_by]
    return Fact(
        "largest batch",
        units.count(found.batch),
        f"at most, for {asked} a token: {milliseconds(found.step_ns)} at best, "
        f"{rate(found.tokens_per_s or 0.0)} in all; {stop}",
    )


def _smallest(plan: Plan) -> Fact:
    assert plan.answers is not None
    found = plan.answers.smallest
    assert found is not None
    limit = "" if found.time_ns is None else f" with {milliseconds(found.time_ns)} a token"
    asked = f"for {rate(found.tokens_per_s)}{limit}"
    counts = ", ".join(map(str, found.looked_at))
    if found.deployment is None:
        best = f"the best reaches {rate(found.reached_tokens_per_s)}"
        if found.batch is None:
            best = "none holds the time or fits"
        return Fact("fewest devices", "none", f"of {counts} {asked}: {best}")
    how = found.deployment.words or "one device"
    return Fact(
        "fewest devices",
        units.count(found.devices),
        f"at least, {asked}, of {counts}: {how}, at most {rate(found.reached_tokens_per_s)} at "
        f"batch {units.count(found.batch)}",
    )
