"""A plan for a terminal and for Markdown: what fits, the floors, the sweeps, and what to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.untrusted import markdown
from ncutool.text.llm_facts import (
    LARGEST,
    Fact,
    facts,
    fit_words,
    headline,
    milliseconds,
    plain,
    size,
)
from ncutool.text.sheet import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.planning.llm import Model, Plan
    from ncutool.planning.llm.step import Step

BATCH_HEADINGS = (
    "batch", "FC FLOP/B", "attention", "bound", "by", "step", "tok/s a user", "tok/s", "memory", "",
)  # fmt: skip
_CONTEXT_HEADINGS = ("context", *BATCH_HEADINGS[1:])
_WORDS = ("bound", "by", "")
"""Headings of columns that hold words."""


def sweep_row(step: Step, first: str) -> list[str]:
    """One row of a sweep under :data:`BATCH_HEADINGS`."""
    return [
        first,
        plain(step.matrix_intensity_flop_per_byte),
        plain(step.attention_intensity_flop_per_byte),
        step.bound,
        LARGEST[step.largest],
        milliseconds(step.floor_ns),
        units.significant(step.tokens_per_s_per_sequence),
        units.significant(step.tokens_per_s, 4),
        size(step.resident_bytes),
        "" if step.fits else "does not fit",
    ]


def batch_rows(plan: Plan) -> list[list[str]]:
    """Return the batch sweep."""
    return [sweep_row(step, units.count(step.batch)) for step in plan.batches]


def context_rows(plan: Plan) -> list[list[str]]:
    """Return the context sweep, with the share of cache reads in a step's bytes."""
    return [sweep_row(step, units.count(step.context_tokens)) for step in plan.contexts]


def plan_text(plan: Plan, *, color: bool, width: int | None = None) -> str:
    """Return the plan for a terminal."""
    from rich.console import Group
    from rich.text import Text

    from ncutool.text.style import render, text, text_table

    parts: list[Text | object] = [text(headline(plan), "bold")]
    if plan.model.source:
        parts.append(text(plan.model.source, "bright_black"))
    if not plan.memory.fits:
        parts.append(text(fit_words(plan), "bold red"))
    for title, lines in facts(plan):
        parts += [Text(""), text(title, "bold")]
        parts += [_line(fact) for fact in lines]
    context = units.count(plan.context_tokens)
    parts += [Text(""), text(f"Batch, at a context of {context} tokens", "bold")]
    parts.append(text_table(BATCH_HEADINGS, batch_rows(plan), words=_WORDS))
    if plan.contexts:
        parts += [Text(""), text(f"Context, at batch {units.count(plan.batch)}", "bold")]
        parts.append(text_table(_CONTEXT_HEADINGS, context_rows(plan), words=_WORDS))
    if plan.notes:
        parts.append(Text(""))
    parts += [Text("- ", style="bright_black").append_text(text(note)) for note in plan.notes]
    return render(Group(*parts), color=color, width=width)  # type: ignore[arg-type] # all are renderables


def _line(fact: Fact) -> object:
    from ncutool.text.style import text

    line = text(f"  {fact.name:<21}", "bright_black")
    line.append_text(text(f"{fact.value:>20}  ", "default"))
    return line.append_text(text(fact.remark, "bright_black"))


def plan_markdown(plan: Plan) -> str:
    """Return the plan for a pull request."""
    lines = [f"## {markdown(headline(plan))}", ""]
    if plan.model.source:
        lines += [markdown(plan.model.source), ""]
    for title, group in facts(plan):
        rows = [(fact.name, fact.value, fact.remark) for fact in group]
        lines += [f"### {title}", "", table(("", "", ""), rows, "lrl")]
    right = "".join("l" if heading in _WORDS else "r" for heading in BATCH_HEADINGS)
    context = units.count(plan.context_tokens)
    lines += [f"### Batch, at a context of {context} tokens", ""]
    lines.append(table(BATCH_HEADINGS, batch_rows(plan), right))
    if plan.contexts:
        lines += [f"### Context, at batch {units.count(plan.batch)}", ""]
        lines.append(table(_CONTEXT_HEADINGS, context_rows(plan), right))
    lines += [f"- {markdown(note)}" for note in plan.notes]
    return "\n".join(lines).rstrip() + "\n"


def presets_text(models: Sequence[Model], *, color: bool, width: int | None = None) -> str:
    """Return the named models, a row each."""
    from ncutool.text.style import render, text_table

    def row(model: Model) -> tuple[str, ...]:
        kept = sum(cache.layers * cache.values_per_token for cache in model.caches)
        return (
            model.name,
            units.significant(model.parameters / 1e9) + " B",
            units.significant(model.active_parameters / 1e9) + " B",
            units.count(2 * kept),
            model.attention_kind,
            model.source,
        )

    headings = ("preset", "parameters", "a token", "KV B/token", "attention", "source")
    words = ("preset", "attention", "source")
    table = text_table(headings, map(row, models), words=words, wrapped=("source",))
    return render(table, color=color, width=width)
