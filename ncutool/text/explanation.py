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

    from ncutool.analysis.inside_path import Message
    from ncutool.explain import Explanation, Step


def explanation_lines(explanation: Explanation, *, color: bool, width: int | None = None) -> str:
    """Return the explanation as text for a terminal."""
    columns = terminal_width() if width is None else width
    lines: list[RenderableType] = [_heading(explanation), Text("")]
    for step in explanation.steps:
        lines += _step(step)
    lines += _verdict(explanation)
    lines += _path(explanation)
    return render(Group(*lines), color=color, width=columns)


def explanation_markdown(explanation: Explanation) -> str:
    """Return the explanation as Markdown; names are inert, formulas are code."""
    title = markdown(f"launch {explanation.launch_id}: {_named(explanation)}")
    lines = [f"### {title}", "", f"{markdown(_where(explanation))}", ""]
    for step in explanation.steps:
        lines.append(f"- **{step.name}** {markdown(value_of(step))}")
        if step.formula is not None:
            lines.append(f"  - `{step.formula}`")
        lines += [f"  - {markdown(line)}" for line in notes(step)]
    lines += [
        "",
        f"**{display_names.BOUNDS[explanation.bound]}**: {markdown(explanation.bound_reason)}",
        "",
    ]
    lines += [f"- {markdown(check.text)}: {answer(check.holds)}" for check in explanation.checks]
    lines += [f"- {markdown(line)}" for line in _cautions(explanation)]
    if explanation.path:
        lines += ["", f"**{_WHY}**", ""]
        lines += [f"- {step.question} {markdown(step.answer)}" for step in explanation.path]
    if explanation.messages:
        lines += ["", f"**{_NVIDIAS}**", ""]
        lines += [f"- {markdown(_message(one))}" for one in explanation.messages]
    return "\n".join(lines) + "\n"


def _named(explanation: Explanation) -> str:
    return " ".join(filter(None, (explanation.op or explanation.kernel, explanation.signature)))


def _where(explanation: Explanation) -> str:
    chosen = f" · {explanation.chosen}" if explanation.chosen else ""
    return f"{explanation.kernel_full} · {explanation.capture}{chosen}"


def _heading(explanation: Explanation) -> Text:
    heading = text(f"launch {explanation.launch_id}  ", "bold").append_text(
        text(_named(explanation), "bold")
    )
    return heading.append("\n").append_text(text(_where(explanation), "bright_black"))


def _step(step: Step) -> list[RenderableType]:
    head = text(step.name, "bold").append("  ").append_text(text(value_of(step)))
    lines: list[RenderableType] = [head]
    if step.formula is not None:
        lines.append(Padding(text(f"= {step.formula}"), (0, 0, 0, 2)))
    lines += [Padding(text(line, "bright_black"), (0, 0, 0, 4)) for line in notes(step)]
    return lines


def _verdict(explanation: Explanation) -> list[RenderableType]:
    head = Text("bound  ", style="bold")
    head.append(
        display_names.BOUNDS[explanation.bound], style=BOUND_STYLES.get(explanation.bound, "")
    )
    lines: list[RenderableType] = [head, Padding(text(explanation.bound_reason), (0, 0, 0, 2))]
    for check in explanation.checks:
        line = text(f"{check.text}: {answer(check.holds)}", "bright_black")
        lines.append(Padding(line, (0, 0, 0, 4)))
    lines += [Padding(text(line), (0, 0, 0, 2)) for line in _cautions(explanation)]
    return lines


def _path(explanation: Explanation) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if explanation.path:
        lines += [Text(""), Text(_WHY, style="bold")]
        for step in explanation.path:
            lines.append(Padding(text(step.question, "bold"), (0, 0, 0, 2)))
            lines.append(Padding(text(step.answer), (0, 0, 0, 4)))
    if explanation.messages:
        lines += [Text(""), Text(_NVIDIAS, style="bold")]
        lines += [Padding(text(_message(one)), (0, 0, 0, 2)) for one in explanation.messages]
    return lines


_WHY = "Why it takes as long"
_NVIDIAS = "What NVIDIA's rules printed; their estimates do not add up"


def _message(one: Message) -> str:
    name = f"{one.rule}, {one.title}" if one.title else one.rule
    estimate = f" ({one.estimate})" if one.estimate else ""
    return f"{name}{estimate}: {printable(one.text)}"


def _cautions(explanation: Explanation) -> list[str]:
    cautions = (
        ("flag", explanation.flag),
        ("missing", explanation.missing_reason),
        ("remark", explanation.remark),
    )
    return [f"{name}: {printable(sentence)}" for name, sentence in cautions if sentence]
