"""The terminal and Markdown: the same facts as the page, in lines."""

from ncutool.text.markdown import (
    findings_markdown,
    kernels_markdown,
    markdown_table,
    summary_markdown,
)
from ncutool.text.summary import print_summary, summary, summary_text
from ncutool.text.tables import devices_table, findings_table, kernels_table

__all__ = [
    "devices_table",
    "findings_markdown",
    "findings_table",
    "kernels_markdown",
    "kernels_table",
    "markdown_table",
    "print_summary",
    "summary",
    "summary_markdown",
    "summary_text",
]
