"""Redaction of what does not come from a capture: runs that were kept, patterns of a gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ncutool.analysis.redact import redacted_names, redacted_path, redacted_pattern
from ncutool.analysis.request import Redact
from ncutool.base.records import replace
from ncutool.diff.gate import Gate

if TYPE_CHECKING:
    from ncutool.diff.sides import Run


def redacted_run(run: Run, mode: Redact | None) -> Run:
    """Return a run as it may be shown; the run itself without a mode.

    A finding's title may hold part of a name, so its rule stands for it.
    """
    if mode is None:
        return run
    return replace(
        run,
        name=run.name if _is_redacted(run.name) else redacted_path(Path(run.name)).name,
        launches=redacted_names(run.launches, mode),
        findings=tuple(replace(one, title=one.rule) for one in run.findings),
    )


def redacted_gate(gate: Gate, kernel: str | None, mode: Redact | None) -> Gate:
    """Return a gate whose sentences hold no name that the pattern of its kernels spells out."""
    if mode is not Redact.NAMES or kernel is None:
        return gate
    shown = redacted_pattern(kernel)

    def without(text: str) -> str:
        return text.replace(kernel, shown).replace(repr(kernel)[1:-1], shown)

    return Gate(
        tuple(replace(one, rule=without(one.rule), said=without(one.said)) for one in gate.checks)
    )


def _is_redacted(name: str) -> bool:
    return name.startswith("capture_")
