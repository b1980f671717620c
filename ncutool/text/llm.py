"""A plan for a terminal and for Markdown: what fits, the floors, the sweeps, and what to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.planning.llm import Model, Plan
    from ncutool.planning.llm.step import Step

BATCH_HEADINGS = (
    "batch", "FC FLOP/B", "attention", "bound", "by", "step", "tok/s a user", "tok/s", "memory", "",
)  # fmt: skip


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
    """The batch sweep."""
    return [sweep_row(step, units.count(step.batch)) for step in plan.batches]


def context_rows(plan: Plan) -> list[list[str]]:
    """The context sweep, with the share of cache reads in a step's bytes."""
    return [sweep_row(step, units.count(step.context_tokens)) for step in plan.contexts]


def plan_text(plan: Plan, *, color: bool, width: int | None = None) -> str:
    """The plan for a terminal."""
    from rich.console import Group
    from rich.text import Text

    from ncutool.text.style import render, text

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
    parts.append(_table(batch_rows(plan), "batch"))
    if plan.contexts:
        parts += [Text(""), text(f"Context, at batch {units.count(plan.batch)}", "bold")]
        parts.append(_table(context_rows(plan), "context"))
    if plan.notes:
        parts.append(Text(""))
    parts += [Text("- ", style="bright_black").append_text(text(note)) for note in plan.notes]
    return render(Group(*parts), color=color, width=width)  # type: ignore[arg-type] # all are renderables


def _line(fact: Fact) -> object:
    from ncutool.text.style import text

    line = text(f"  {fact.name:<21}", "bright_black")
    line.append_text(text(f"{fact.value:>20}  ", "default"))
    return line.append_text(text(fact.remark, "bright_black"))


def _table(rows: Sequence[Sequence[str]], first: str) -> object:
    from ncutool.text.style import plain_table, text

    table = plain_table()
    for heading in (first, *BATCH_HEADINGS[1:]):
        words = heading in ("bound", "by", "")
        table.add_column(heading, justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(text(cell) for cell in row))
    return table


def plan_markdown(plan: Plan) -> str:
    """The plan for a pull request."""
    from ncutool.base.untrusted import markdown

    lines = [f"## {markdown(headline(plan))}", ""]
    if plan.model.source:
        lines += [markdown(plan.model.source), ""]
    for title, found in facts(plan):
        lines += [f"### {title}", "", "| | | |", "|---|---:|---|"]
        lines += [
            f"| {markdown(f.name)} | {markdown(f.value)} | {markdown(f.remark)} |" for f in found
        ]
        lines.append("")
    lines += [f"### Batch, at a context of {units.count(plan.context_tokens)} tokens", ""]
    lines += _markdown_table(batch_rows(plan), "batch")
    if plan.contexts:
        lines += ["", f"### Context, at batch {units.count(plan.batch)}", ""]
        lines += _markdown_table(context_rows(plan), "context")
    if plan.notes:
        lines += ["", *(f"- {markdown(note)}" for note in plan.notes)]
    return "\n".join(lines) + "\n"


def _markdown_table(rows: Sequence[Sequence[str]], first: str) -> list[str]:
    from ncutool.base.untrusted import markdown

    headings = (first, *BATCH_HEADINGS[1:])
    return [
        "| " + " | ".join(headings) + " |",
        "|" + "|".join("---" if h in ("bound", "by", "") else "---:" for h in headings) + "|",
        *("| " + " | ".join(markdown(cell) for cell in row) + " |" for row in rows),
    ]


def presets_text(models: Sequence[Model], *, color: bool, width: int | None = None) -> str:
    """The named models, a row each."""
    from ncutool.text.style import plain_table, render, text

    table = plain_table()
    for heading in ("preset", "parameters", "a token", "KV B/token", "attention", "source"):
        right = heading in ("parameters", "a token", "KV B/token")
        table.add_column(heading, justify="right" if right else "left", no_wrap=not right)
    for model in models:
        kept = sum(cache.layers * cache.values_per_token for cache in model.caches)
        table.add_row(
            text(model.name),
            units.significant(model.parameters / 1e9) + " B",
            units.significant(model.active_parameters / 1e9) + " B",
            units.count(2 * kept),
            text(model.attention_kind),
            text(model.source),
        )
    return render(table, color=color, width=width)
