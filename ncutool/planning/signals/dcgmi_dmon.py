"""`dcgmi dmon -e 1001,1002,...` as it prints: one row an entity, ratios from 0 to 1."""

from __future__ import annotations

import re

from ncutool.planning.signals.dcgm_fields import BY_TAG
from ncutool.planning.signals.series import Collector, Series, number

KIND = "dcgmi dmon"
_ENTITY = re.compile(r"(?:(GPU|GPU-I|GPU-CI)\s+)?([0-9]{1,6})(?:\s+|$)", re.IGNORECASE)
_OTHER_ENTITY = re.compile(r"(?:Switch|Link|CPU|CPU Core|ConnectX)\b", re.IGNORECASE)


def heading(line: str) -> list[str] | None:
    """Return the tags of a heading; None where the line is none.

    A heading of nvidia-smi begins with `gpu` too and has names in small letters, one of them
    (`smocc`) a tag but for that.
    """
    words = line[1:].split() if line.startswith("#") else []
    if not words or words[0].upper() not in ("ENTITY", "GPU"):
        return None
    return words[1:] if words[0].upper() == "ENTITY" or set(words[1:]) & set(BY_TAG) else None


def parse(text: str, source: str) -> Series:
    """Return the samples of a `dcgmi dmon`; rows of switches and links are passed over.

    Args:
        source: the file's name, for messages.
    """
    collector = Collector()
    tags: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.casefold() == "id":
            continue
        if line.startswith("#"):
            tags = heading(line) or tags
            continue
        entity = _ENTITY.match(line)
        row = line[entity.end() :].split() if entity else []
        if entity is None or len(row) != len(tags):
            collector.skipped += not _OTHER_ENTITY.match(line)
            continue
        name = f"{(entity[1] or 'GPU').upper()} {int(entity[2])}"
        if not collector.add(name, _values(tags, row)):
            collector.skipped += 1
    return collector.series(source, KIND)


def _values(tags: list[str], row: list[str]) -> list[tuple[str, float | None]]:
    values = []
    for tag, cell in zip(tags, row, strict=True):
        each = BY_TAG.get(tag)
        if each is not None:
            value = number(cell)
            values.append((each.signal, None if value is None else each.percent * value))
    return values
