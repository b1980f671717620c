"""The named models: published configurations, each with its source."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ncutool.base import packaged
from ncutool.planning.llm.config import changed
from ncutool.planning.llm.model import Model
from ncutool_parsers.errors import UsageError


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, Any]]:
    return packaged.table(__file__, "presets")


def preset_names() -> tuple[str, ...]:
    """Return the names, in the order of presets.toml."""
    return tuple(_rows())


def preset(name: str, changes: Mapping[str, int] | None = None) -> Model:
    """Return the model of a name; case does not matter.

    Args:
        changes: values to put in place of the published configuration's.

    Raises:
        UsageError: there is none of that name, or the changes make no model.
    """
    rows = _rows()
    row = rows.get(name.strip().lower())
    if row is None:
        near = difflib.get_close_matches(name.lower(), rows, n=3, cutoff=0.4)
        hint = f"; close names: {', '.join(near)}" if near else ""
        raise UsageError(
            f"no preset named {name!r}{hint}; ncutool plan llm --presets lists them all"
        )
    return changed(
        row["config"],
        changes or {},
        name=name.strip().lower(),
        where=f"preset {name}",
        source=row["source"],
        published_parameters=row.get("parameters"),
    )
