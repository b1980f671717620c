"""The work of an operator call by ncutool's own models: a planner keeps no formula beside them."""

from __future__ import annotations

from ncutool.work.operators import NoModel, OpCall, Work, model
from ncutool_parsers.errors import UsageError


def worked(call: OpCall) -> Work:
    """Return the work of ``call`` by ncutool's operator models.

    Raises:
        UsageError: they do not know it.
    """
    work = model(call)
    if isinstance(work, NoModel):
        raise UsageError(f"{call.name}: {work.reason}")
    return work
