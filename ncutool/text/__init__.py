"""The terminal, Markdown and JSON: the same figures as the page."""
