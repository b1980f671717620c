"""One launch explained, for a terminal and for Markdown: each figure with its arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from ncutool import units, words
from ncutool.text.style import BOUND_STYLES, render, terminal_width, text
from ncutool.untrusted import markdown, printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ncutool.explain import Explanation, Input, Step

_SCALED = {"FLOP": "FLOP", "FLOP/s": "FLOP/s", "byte": "B", "byte/s": "B/s"}


def explanation_lines(found: Explanation, *, color: bool, width: int | None = None) -> str:
    """The explanation as text for a terminal."""
    columns = terminal_width() if width is None else width
    lines: list[RenderableType] = [_heading(found), Text("")]
    for step in found.steps:
        lines += _step(step)
    lines += _verdict(found)
    return render(Group(*lines), color=color, width=columns)


def explanation_markdown(found: Explanation) -> str:
    """The explanation as Markdown; names are inert, formulas are code."""
    title = markdown(f"launch {found.launch_id}: {_named(found)}")
    lines = [f"### {title}", "", f"{markdown(_where(found))}", ""]
    for step in found.steps:
        lines.append(f"- **{step.name}** {markdown(value_of(step))}")
        if step.formula is not None:
            lines.append(f"  - `{step.formula}`")
        lines += [f"  - {markdown(line)}" for line in _notes(step)]
    lines += ["", f"**{markdown(words.BOUNDS[found.bound])}**: {markdown(found.bound_reason)}", ""]
    lines += [f"- {markdown(check.text)}: {_answer(check.holds)}" for check in found.checks]
    lines += [f"- {markdown(line)}" for line in _cautions(found)]
    return "\n".join(lines) + "\n"


def value_of(step: Step) -> str:
    """A figure as people read it, then in base units: `51.6 GFLOP (51581550592 FLOP)`."""
    if not isinstance(step.value, int | float):
        return "not known" if step.value is None else str(step.value)
    exact = plain(step.value)
    if step.unit == "ns":
        return f"{units.time(step.value)} ({exact} ns)"
    if step.unit in _SCALED:
        return f"{units.scaled(step.value, _SCALED[step.unit])} ({exact} {step.unit})"
    return f"{exact} {step.unit}".rstrip()


def plain(value: float) -> str:
    """Base units without separators, as the formula gives it; a fraction to 8 digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:.8g}"


def _named(found: Explanation) -> str:
    return " ".join(filter(None, (found.op or found.kernel, found.signature)))


def _where(found: Explanation) -> str:
    chosen = f" · {found.chosen}" if found.chosen else ""
    return f"{found.kernel_full} · {found.capture}{chosen}"


def _heading(found: Explanation) -> Text:
    heading = text(f"launch {found.launch_id}  ", "bold").append_text(text(_named(found), "bold"))
    return heading.append("\n").append_text(text(_where(found), "bright_black"))


def _step(step: Step) -> list[RenderableType]:
    head = text(step.name, "bold").append("  ").append_text(text(value_of(step)))
    lines: list[RenderableType] = [head]
    if step.formula is not None:
        lines.append(Padding(text(f"= {step.formula}"), (0, 0, 0, 2)))
    lines += [Padding(text(line, "bright_black"), (0, 0, 0, 4)) for line in _notes(step)]
    return lines


def _notes(step: Step) -> list[str]:
    """What stands under a figure: its formula by names, what was recorded, the source."""
    lines = [f"= {step.symbols}"] if step.symbols else []
    lines += [_input(one) for one in step.inputs if one.where != "above"]
    lines.append(f"by: {step.source}")
    if step.note:
        lines.append(f"note: {step.note}")
    return lines


def _input(one: Input) -> str:
    value = plain(one.value) if isinstance(one.value, int | float) else one.value
    return f"{one.name}: {value} ({one.where})"


def _verdict(found: Explanation) -> list[RenderableType]:
    head = Text("bound  ", style="bold")
    head.append(words.BOUNDS[found.bound], style=BOUND_STYLES.get(found.bound, ""))
    lines: list[RenderableType] = [head, Padding(text(found.bound_reason), (0, 0, 0, 2))]
    for check in found.checks:
        line = text(f"{check.text}: {_answer(check.holds)}", "bright_black")
        lines.append(Padding(line, (0, 0, 0, 4)))
    lines += [Padding(text(line), (0, 0, 0, 2)) for line in _cautions(found)]
    return lines


def _cautions(found: Explanation) -> list[str]:
    said = (("flag", found.flag), ("missing", found.missing_reason), ("remark", found.remark))
    return [f"{name}: {printable(sentence)}" for name, sentence in said if sentence]


def _answer(holds: bool) -> str:
    return "yes" if holds else "no"
