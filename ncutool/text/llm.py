"""A plan for a terminal and for Markdown: what fits, the floors, the sweeps, and what to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.llm import Model, Plan
    from ncutool.llm.step import Step

_TRAITS = {"weights": "weights", "kv_cache": "KV cache", "math": "math"}
NEVER = "never"


@dataclass(frozen=True)
class Fact:
    """One line: what it is, its value, and what else there is to say."""

    name: str
    value: str
    remark: str = ""


def _per_device(plan: Plan) -> str:
    return f" a device, of {plan.tensor_parallel}" if plan.tensor_parallel > 1 else ""


def milliseconds(ns: float) -> str:
    """Time to four digits, as the arithmetic is compared by hand: `4.776 ms`."""
    if ns >= 1e9:
        return f"{units.significant(ns / 1e9, 4)} s"
    if ns >= 1e6:
        return f"{units.significant(ns / 1e6, 4)} ms"
    return f"{units.significant(ns / 1e3, 4)} µs"


def rate(value: float) -> str:
    """Tokens per second to four digits: `209.4 tok/s`."""
    return f"{units.significant(value, max(4, len(str(int(value)))))} tok/s"


def size(value: float | None) -> str:
    """Bytes to four digits: `16.06 GB`."""
    if value is None:
        return units.UNKNOWN
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{units.significant(value / scale, 4)} {unit}"
    return f"{units.significant(value, 4)} B"


def whole(value: float | None) -> str:
    """A batch: `295.3`, `1,024`, or `never`."""
    return NEVER if value is None else units.significant(value, 4)


def plain(value: float | None) -> str:
    """An intensity without its unit: `1.00`, `295`, `2,048`."""
    if value is not None and value >= 1000:
        return units.count(value)
    return units.significant(value)


def headline(plan: Plan) -> str:
    """The plan in one sentence."""
    devices = f"{plan.tensor_parallel} × " if plan.tensor_parallel > 1 else ""
    return f"{plan.model.name} in {stored_types(plan)} on {devices}{plan.device.name}"


def stored_types(plan: Plan) -> str:
    """The types of the weights, the one with most of them first: `mxfp4 and bf16`."""
    held: dict[str, float] = {}
    sizes = {part: (name, each) for part, name, each in plan.types.stored}
    for matrix in plan.model.matrices:
        name, each = sizes[matrix.part]
        held[name] = held.get(name, 0.0) + matrix.copies * matrix.values * each
    return " and ".join(sorted(held, key=lambda name: -held[name]))


def facts(plan: Plan) -> list[tuple[str, list[Fact]]]:
    """Titled groups of lines, in the order they are read."""
    return [
        ("Memory", _memory(plan)),
        ("Decode", _decode(plan)),
        ("Prefill", _prefill(plan)),
        ("Where the regime changes", _limits(plan)),
    ]


def _memory(plan: Plan) -> list[Fact]:
    kept = plan.memory
    of = _per_device(plan)
    found = [
        Fact(
            "weights",
            size(kept.weight_bytes_all_devices),
            f"{units.count(plan.model.parameters)} parameters"
            + (f"; {size(kept.weight_bytes)}{of}" if of else ""),
        )
    ]
    if kept.kv_bytes is None:
        found.append(Fact("KV cache", units.UNKNOWN, "its shape was not given"))
    else:
        found.append(
            Fact(
                "KV cache",
                f"{units.count(kept.kv_bytes_per_token_all_devices)} B/token",
                f"{plan.model.attention}, {plan.types.kv}{_windows(plan)}",
            )
        )
        sequences = units.counted(plan.batch, "sequence")
        found.append(
            Fact(
                "",
                f"{size(kept.kv_bytes_per_sequence)}/sequence",
                f"at {units.count(plan.context_tokens)} tokens{of}; {size(kept.kv_bytes)} for "
                f"{sequences}",
            )
        )
    share = 100 * kept.total_bytes / kept.device_bytes
    found.append(
        Fact(
            "in all",
            f"{size(kept.total_bytes)} of {size(kept.device_bytes)}",
            f"{units.percent(share)}; usable {size(kept.usable_bytes)}: "
            + ("fits" if kept.fits else _fit_words(plan)),
        )
    )
    return found


def _windows(plan: Plan) -> str:
    windowed = [cache for cache in plan.model.caches if cache.window is not None]
    if not windowed:
        return ""
    layers = sum(cache.layers for cache in windowed)
    window = units.count(max(cache.window or 0 for cache in windowed))
    return f"; {layers} of {plan.model.layers} layers keep {window} tokens at most"


def _fit_words(plan: Plan) -> str:
    smallest = plan.memory.smallest_tensor_parallel
    if smallest is None:
        return "does not fit at any tensor parallelism that divides its heads"
    return f"does not fit: tensor parallelism {smallest} or more"


def _decode(plan: Plan) -> list[Fact]:
    step, thumb = plan.decode, plan.rule_of_thumb
    what = f"batch {units.count(plan.batch)}, " + (
        "cache not counted"
        if step.kv_bytes is None
        else f"context {units.count(plan.context_tokens)}"
    )
    found = [
        Fact(
            "speed of light",
            f"{milliseconds(step.floor_ns)}/token",
            f"{rate(step.tokens_per_s_per_sequence)} a user, {rate(step.tokens_per_s)} in all; "
            f"{what}; {step.bound}-bound ({_TRAITS[step.largest]})",
        ),
        Fact(
            "all weights once",
            f"{milliseconds(thumb.ns)}/token",
            f"{rate(thumb.tokens_per_s)}: "
            + (
                "the usual rule of thumb, no cache, batch 1"
                if plan.model.experts is None
                else "all experts read, no cache, batch 1"
            ),
        ),
        Fact(
            "intensity, FC layers",
            units.intensity(step.matrix_intensity_flop_per_byte),
            "grows with the batch",
        ),
        Fact(
            "intensity, attention",
            units.intensity(step.attention_intensity_flop_per_byte),
            "does not move with the batch",
        ),
        Fact(
            "ridge point",
            f"{plan.ridge_point_flop_per_byte:.1f} FLOP/byte",
            f"{units.flop_rate(plan.peak_flop_per_s)} {plan.types.roof.replace('_', ' ')}, dense, "
            f"/ {units.data_rate(plan.peak_bytes_per_s)}",
        ),
    ]
    experts = plan.model.experts
    if experts is not None and step.experts_touched is not None:
        low, high = step.fewest_floor_ns or step.floor_ns, step.most_floor_ns or step.floor_ns
        found.append(
            Fact(
                "experts touched",
                f"{units.significant(step.experts_touched)} of {experts.count}",
                f"expected at batch {plan.batch}; step {milliseconds(low)} to {milliseconds(high)}"
                f"; {units.significant(plan.model.active_parameters / 1e9)} B parameters a token",
            )
        )
    return found


def _prefill(plan: Plan) -> list[Fact]:
    prompt = plan.prefill
    return [
        Fact(
            "prompt",
            milliseconds(prompt.floor_ns),
            f"{units.count(prompt.prompt_tokens)} tokens, {rate(prompt.tokens_per_s)}; "
            f"{prompt.bound}-bound at {units.intensity(prompt.intensity_flop_per_byte)}",
        )
    ]


def _limits(plan: Plan) -> list[Fact]:
    turning = plan.crossover
    found = [Fact("B*", whole(turning.weights_only), "FC layers turn compute-bound; weights alone")]
    if turning.fewest_experts is not None or turning.most_experts is not None:
        found[0] = Fact(
            "B*",
            whole(turning.weights_only),
            "FC layers turn compute-bound; weights alone, experts uniform "
            f"({whole(turning.fewest_experts)} to {whole(turning.most_experts)})",
        )
    if plan.model.shapes_known:
        found.append(
            Fact("", whole(turning.with_activations), "with inputs and outputs counted too")
        )
    if plan.memory.kv_bytes is not None:
        found.append(
            Fact("whole step", whole(turning.whole_step), "with its cache reads, at this context")
        )
        most = plan.memory.most_sequences or 0
        comes = {"memory": "memory runs out first", "compute": "compute binds first"}
        found.append(
            Fact(
                "memory allows",
                units.count(most),
                f"sequences of {units.count(plan.context_tokens)} tokens: "
                + comes.get(turning.first, ""),
            )
        )
    if plan.cache_limit is not None:
        found.append(
            Fact(
                "cache limit",
                rate(plan.cache_limit.tokens_per_s),
                "however large the batch; half of it at batch "
                f"{units.significant(plan.cache_limit.half_batch)}",
            )
        )
        equal = plan.equal_context_tokens
        found.append(
            Fact(
                "KV = weights",
                NEVER if equal is None else f"{units.count(equal)} tokens",
                "context of one sequence whose cache weighs as much as the weights",
            )
        )
    return found


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
        _TRAITS[step.largest],
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
        parts.append(text(_fit_words(plan), "bold red"))
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
    from ncutool.untrusted import markdown

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
    from ncutool.untrusted import markdown

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
            text(model.attention.split(",")[0]),
            text(model.source),
        )
    return render(table, color=color, width=width)
