"""Writes large traces from the shipped sample: the same workload over and over, never the same.

Each repetition is shifted in time, has its own correlation and operator ids, and takes its kernel
names and shapes from a cycle that is longer than any small cache, so that a reader that remembers
names and shapes is not flattered.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAMPLE = (
    Path(__file__).parent.parent
    / "reports/samples/decoder-layer-synthetic/decoder-layer-synthetic.json.gz"
)
NAMES, SHAPES = 97, 61
"""Lengths of the cycles of names and shapes; they share no factor."""
STEP_US = 10_000
_SLOT = re.compile(
    r'(?P<ts>(?<="ts": )\d+)|(?P<id>(?<="correlation": )\d+|(?<="id": )\d+)'
    r'|(?P<op>(?<="External id": )\d+)|(?P<dim>(?<=\[4, )1024(?=, )|(?<="grid": \[)\d{4,})'
    r"|(?P<name>(?<=_kernel<)|(?<=nvjet_tst_)|(?<=CatArrayBatchedCopy<))"
)


@dataclass(frozen=True)
class Template:
    """The sample cut into fixed text and the numbers that each repetition changes."""

    header: str
    events: str
    tail: str
    slots: tuple[tuple[str, int], ...]
    launches: int

    def repetition(self, number: int) -> bytes:
        """The events of one repetition."""
        shift = {
            "ts": STEP_US * number,
            "id": 100_000 * number,
            "op": 10_000 * number,
            "dim": 8 * (number % SHAPES),
        }
        name = number % NAMES
        values = tuple(name if kind == "name" else base + shift[kind] for kind, base in self.slots)
        return (self.events % values).encode()


def template() -> Template:
    """The shipped sample as a template."""
    text = gzip.decompress(SAMPLE.read_bytes()).decode()
    opening = '"traceEvents": [\n'
    header, body = text.split(opening)
    events, tail = body.split(',\n  {\n    "name": "process_name"', 1)
    slots: list[tuple[str, int]] = []

    def slot(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        slots.append((kind, int(match[0] or 0)))
        return "%d, " if kind == "name" else "%d"

    return Template(
        header + opening,
        _SLOT.sub(slot, events.replace("%", "%%")),
        '\n  {\n    "name": "process_name"' + tail,
        tuple(slots),
        events.count('"cat": "kernel"') + events.count('"cat": "gpu_memcpy"'),
    )


def pieces(source: Template, size_bytes: int) -> Iterator[bytes]:
    """The text of a trace of about ``size_bytes``."""
    yield source.header.encode()
    written = number = 0
    while written < size_bytes:
        piece = source.repetition(number) + b",\n"
        written += len(piece)
        number += 1
        yield piece
    yield source.tail.lstrip("\n").encode()


def write(target: Path, size_bytes: int) -> int:
    """Writes ``target`` and the same with `.gz` after it; gives the launches each holds."""
    from isal import igzip

    source = template()
    repetitions = -2
    packed_path = f"{target}.gz"
    with target.open("wb") as plain, igzip.IGzipFile(packed_path, "wb", 1) as packed:
        for piece in pieces(source, size_bytes):
            plain.write(piece)
            packed.write(piece)
            repetitions += 1
    return repetitions * source.launches
