"""Redaction of a run that was kept as a baseline, perhaps without redaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ncutool.analysis.redact import redacted_names, redacted_path
from ncutool.diff.sides import Run

if TYPE_CHECKING:
    from ncutool.analysis.request import Redact


def redacted_run(run: Run, mode: Redact | None) -> Run:
    """Return a run as it may be shown; the run itself without a mode.

    A finding's title may hold part of a name, so its rule stands for it.
    """
    from pathlib import Path

    if mode is None:
        return run
    return replace(
        run,
        name=run.name if _is_redacted(run.name) else redacted_path(Path(run.name)).name,
        launches=redacted_names(run.launches, mode),
        findings=tuple(replace(one, title=one.rule) for one in run.findings),
    )


def _is_redacted(name: str) -> bool:
    return name.startswith("capture_")
