"""The terminal and Markdown: the same facts as the page, in lines.

Names load their module on first use: a command that needs no data frames does not wait for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ncutool.text.devices import device_text, devices_table, explanation_text
    from ncutool.text.explanation import explanation_lines, explanation_markdown
    from ncutool.text.markdown import (
        findings_markdown,
        kernels_markdown,
        markdown_table,
        summary_markdown,
    )
    from ncutool.text.tables import findings_table, kernels_table
    from ncutool.text.terminal import summary_text

__all__ = [
    "device_text",
    "devices_table",
    "explanation_lines",
    "explanation_markdown",
    "explanation_text",
    "findings_markdown",
    "findings_table",
    "kernels_markdown",
    "kernels_table",
    "markdown_table",
    "summary_markdown",
    "summary_text",
]

_MODULES = {
    "devices": ("device_text", "devices_table", "explanation_text"),
    "explanation": ("explanation_lines", "explanation_markdown"),
    "markdown": ("findings_markdown", "kernels_markdown", "markdown_table", "summary_markdown"),
    "tables": ("findings_table", "kernels_table"),
    "terminal": ("summary_text",),
}


def __getattr__(name: str) -> Any:
    """The function of that name, from the module that has it."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"ncutool.text.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
