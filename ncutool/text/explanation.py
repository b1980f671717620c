"""One launch explained, for a terminal and for Markdown: each figure with its arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from ncutool.analysis import display_names
from ncutool.base.untrusted import markdown, printable
from ncutool.explain.wording import answer, notes, value_of
from ncutool.text.style import BOUND_STYLES, render, terminal_width, text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ncutool.explain import Explanation, Step


def explanation_lines(found: Explanation, *, color: bool, width: int | None = None) -> str:
    """Return the explanation as text for a terminal."""
    columns = terminal_width() if width is None else width
    lines: list[RenderableType] = [_heading(found), Text("")]
    for step in found.steps:
        lines += _step(step)
    lines += _verdict(found)
    return render(Group(*lines), color=color, width=columns)


def explanation_markdown(found: Explanation) -> str:
    """Return the explanation as Markdown; names are inert, formulas are code."""
    title = markdown(f"launch {found.launch_id}: {_named(found)}")
    lines = [f"### {title}", "", f"{markdown(_where(found))}", ""]
    for step in found.steps:
        lines.append(f"- **{step.name}** {markdown(value_of(step))}")
        if step.formula is not None:
            lines.append(f"  - `{step.formula}`")
        lines += [f"  - {markdown(line)}" for line in notes(step)]
    lines += [
        "",
        f"**{markdown(display_names.BOUNDS[found.bound])}**: {markdown(found.bound_reason)}",
        "",
    ]
    lines += [f"- {markdown(check.text)}: {answer(check.holds)}" for check in found.checks]
    lines += [f"- {markdown(line)}" for line in _cautions(found)]
    return "\n".join(lines) + "\n"


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
    lines += [Padding(text(line, "bright_black"), (0, 0, 0, 4)) for line in notes(step)]
    return lines


def _verdict(found: Explanation) -> list[RenderableType]:
    head = Text("bound  ", style="bold")
    head.append(display_names.BOUNDS[found.bound], style=BOUND_STYLES.get(found.bound, ""))
    lines: list[RenderableType] = [head, Padding(text(found.bound_reason), (0, 0, 0, 2))]
    for check in found.checks:
        line = text(f"{check.text}: {answer(check.holds)}", "bright_black")
        lines.append(Padding(line, (0, 0, 0, 4)))
    lines += [Padding(text(line), (0, 0, 0, 2)) for line in _cautions(found)]
    return lines


def _cautions(found: Explanation) -> list[str]:
    said = (("flag", found.flag), ("missing", found.missing_reason), ("remark", found.remark))
    return [f"{name}: {printable(sentence)}" for name, sentence in said if sentence]
