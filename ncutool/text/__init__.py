"""The terminal and Markdown: the same facts as the page, in lines."""

from ncutool.text.devices import device_text, devices_table, explanation_text
from ncutool.text.explanation import explanation_lines, explanation_markdown
from ncutool.text.markdown import (
    findings_markdown,
    kernels_markdown,
    markdown_table,
    summary_markdown,
)
from ncutool.text.summary import summary, summary_text
from ncutool.text.tables import findings_table, kernels_table

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
    "summary",
    "summary_markdown",
    "summary_text",
]
