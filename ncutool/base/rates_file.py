"""Reads rates that a user measured on a device from a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ncutool.base.checks import is_positive
from ncutool.base.tables import ROOFS
from ncutool_parsers.errors import UsageError

_FORMAT = "ncutool/ceilings/1"


@dataclass(frozen=True)
class Measured:
    """Rates that a user measured: DRAM bandwidth, and FLOP/s by roof."""

    path: str
    bytes_per_s: float | None
    flop_per_s: dict[str, float]
    device: str | None = None
    """The device they were measured on, where the file says so."""


def load(path: Path) -> Measured:
    """Read measured rates from a JSON file: ``{"bytes_per_s": ..., "flop_per_s": {roof: ...}}``.

    Optional keys: ``device`` (the name it was measured on; a capture of another device is
    refused), ``note`` (free text) and ``schema`` (``ncutool/ceilings/1``).

    Raises:
        UsageError: it cannot be read, or a key is unknown, missing or of a wrong kind.
    """
    named = f"--ceilings {path}"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{named}: cannot be read ({why})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{named}: is not JSON ({error})") from error
    problem = _problem(data)
    if problem is not None:
        raise UsageError(f"{named}: {problem}")
    rate = data.get("bytes_per_s")
    return Measured(
        path=path.name,
        bytes_per_s=None if rate is None else float(rate),
        flop_per_s={roof: float(value) for roof, value in data.get("flop_per_s", {}).items()},
        device=data.get("device"),
    )


def _problem(data: object) -> str | None:
    """Return what is wrong with the file's content, naming the key; None where nothing is."""
    if not isinstance(data, dict):
        return 'must be an object, e.g. {"bytes_per_s": 2.9e12, "flop_per_s": {"fp32": 6e13}}'
    known = ("bytes_per_s", "flop_per_s", "device", "note", "schema")
    for key, value in data.items():
        if key not in known:
            return f"unknown key {key!r}; known are {', '.join(known)}"
        if key in ("device", "note") and not isinstance(value, str):
            return f"{key!r} must be text, not {value!r}"
    if data.get("schema", _FORMAT) != _FORMAT:
        return f"'schema' must be {_FORMAT!r}, not {data['schema']!r}"
    if "bytes_per_s" in data and not is_positive(data["bytes_per_s"]):
        return f"'bytes_per_s' must be a number above 0 in byte/s, not {data['bytes_per_s']!r}"
    rates = data.get("flop_per_s", {})
    if not isinstance(rates, dict):
        return f"'flop_per_s' must be an object of roofs, not {rates!r}"
    for roof, value in rates.items():
        if roof not in ROOFS:
            return f"'flop_per_s.{roof}' is no roof; known are {', '.join(ROOFS)}"
        if not is_positive(value):
            return f"'flop_per_s.{roof}' must be a number above 0 in FLOP/s, not {value!r}"
    if "bytes_per_s" not in data and not rates:
        return "holds neither 'bytes_per_s' nor 'flop_per_s'"
    return None
