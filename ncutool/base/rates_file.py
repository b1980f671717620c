"""Reads rates that a user measured on a device from a JSON file."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from ncutool.base.checks import RATES, is_rate
from ncutool.base.roofs import ROOFS
from ncutool.base.user_files import read_json, shown, text_problem
from ncutool_parsers.errors import UsageError
from ncutool_parsers.visible_text import visible

_FORMAT = "ncutool/ceilings/1"


class Measured(Struct, frozen=True):
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
    data = read_json(path, named)
    problem = _problem(data)
    if problem is not None:
        raise UsageError(f"{named}: {problem}")
    rate = data.get("bytes_per_s")
    return Measured(
        path=visible(path.name),
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
            return f"unknown key {shown(key)}; known are {', '.join(known)}"
        if key in ("device", "note") and (wrong := text_problem(key, value)):
            return wrong
    if data.get("schema", _FORMAT) != _FORMAT:
        return f"'schema' must be {_FORMAT!r}, not {shown(data['schema'])}"
    if "bytes_per_s" in data and not is_rate(data["bytes_per_s"]):
        given = shown(data["bytes_per_s"])
        return f"'bytes_per_s' must be a number above 0 {RATES} in byte/s, not {given}"
    rates = data.get("flop_per_s", {})
    if not isinstance(rates, dict):
        return f"'flop_per_s' must be an object of roofs, not {shown(rates)}"
    for roof, value in rates.items():
        if roof not in ROOFS:
            return f"'flop_per_s.{shown(roof)[1:-1]}' is no roof; known are {', '.join(ROOFS)}"
        if not is_rate(value):
            of = f"'flop_per_s.{roof}' must be a number above 0 {RATES} in FLOP/s"
            return f"{of}, not {shown(value)}"
    if "bytes_per_s" not in data and not rates:
        return "holds neither 'bytes_per_s' nor 'flop_per_s'"
    return None
