"""Devices with a layout of their own, as people write them: `2x h100-sxm`, `h200-sxm:tp=2,pp=2`."""

from __future__ import annotations

import re

from msgspec import Struct

from ncutool.planning.llm.deployment import Deployment
from ncutool_parsers.errors import UsageError

_COUNT = re.compile(r"\s*([0-9]{1,6})\s*[x×*]\s*(.+)", re.DOTALL)
_FIELDS = {
    "tp": "tensor_parallel",
    "ep": "expert_parallel",
    "dp": "data_parallel_attention",
    "pp": "pipeline_parallel",
}
_FORM = "NAME, COUNTxNAME or NAME:tp=N,ep=N,dp=N,pp=N, like 2xh100-sxm or h200-sxm:tp=2,pp=2"


class Side(Struct, frozen=True):
    """A device by name, and how it shares a model with others of its kind."""

    name: str
    deployment: Deployment | None
    """None where nothing was said."""


def parse_side(text: str) -> Side:
    """Return a device and its layout.

    Raises:
        UsageError: it is not written so.
    """
    name, colon, written = text.partition(":")
    counted = _COUNT.fullmatch(name)
    if colon and counted is not None:
        raise _wrong(text)
    if counted is not None:
        return Side(counted.group(2).strip(), Deployment(_count(text, counted.group(1))))
    if not colon:
        return Side(text.strip(), None)
    given: dict[str, int] = {}
    for part in written.split(","):
        key, equals, value = part.partition("=")
        field = _FIELDS.get(key.strip().lower())
        if not equals or field is None or field in given:
            raise _wrong(text)
        given[field] = _count(text, value.strip())
    return Side(name.strip(), Deployment(**given))


def _count(text: str, written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= 6 and int(written)):
        raise _wrong(text)
    return int(written)


def _wrong(text: str) -> UsageError:
    return UsageError(f"a device is written {_FORM}, not {text!r}")
