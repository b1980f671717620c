"""Writes large traces from the shipped sample: the same workload over and over, never the same.

Each repetition is shifted in time, has its own correlation and operator ids, and takes its kernel
names and shapes from a cycle that is longer than any small cache, so that a reader that remembers
names and shapes is not flattered. With ``same`` it keeps the sample's own names and shapes instead,
as a program does that runs one layer over and over, and with ``stacks`` it also holds the Python
calls around each operator, as a profiler records them that was asked for stacks.
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
STACK = 5
"""Python calls around each operator: 17 for each launch, as in recorded traces."""
_OP = re.compile(
    r'  \{\n    "ph": "X", "cat": "cpu_op", "name": "[^"]*", '
    r'(?P<when>"pid": \d+, "tid": \d+,\s+"ts": [\d.]+, "dur": [\d.]+),'
)
_FRAME = (
    '  {{\n    "ph": "X", "cat": "python_function", '
    '"name": "torch/nn/modules/module.py({line}): _call_impl", {when},\n    "args": {{\n      '
    '"Python parent id": {line}, "Python id": {line}, "Ev Idx": {line}\n    }}\n  }},\n'
)
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

    def repetition(self, number: int, *, same: bool = False) -> bytes:
        """The events of one repetition."""
        turn = 0 if same else number
        shift = {
            "ts": STEP_US * number,
            "id": 100_000 * number,
            "op": 10_000 * number,
            "dim": 8 * (turn % SHAPES),
        }
        name = turn % NAMES
        values = tuple(name if kind == "name" else base + shift[kind] for kind, base in self.slots)
        return (self.events % values).encode()


def _with_stacks(events: str) -> str:
    def framed(op: re.Match[str]) -> str:
        frames = (_FRAME.format(line=1700 + depth, when=op["when"]) for depth in range(STACK))
        return "".join(frames) + op[0]

    return _OP.sub(framed, events)


def template(*, stacks: bool = False) -> Template:
    """The shipped sample as a template."""
    text = gzip.decompress(SAMPLE.read_bytes()).decode()
    opening = '"traceEvents": [\n'
    header, body = text.split(opening)
    events, tail = body.split(',\n  {\n    "name": "process_name"', 1)
    if stacks:
        events = _with_stacks(events)
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


def pieces(source: Template, size_bytes: int, *, same: bool = False) -> Iterator[bytes]:
    """The text of a trace of about ``size_bytes``."""
    yield source.header.encode()
    written = number = 0
    while written < size_bytes:
        piece = source.repetition(number, same=same) + b",\n"
        written += len(piece)
        number += 1
        yield piece
    yield source.tail.lstrip("\n").encode()


def write(target: Path, size_bytes: int, *, same: bool = False, stacks: bool = False) -> int:
    """Writes ``target`` and the same with `.gz` after it; gives the launches each holds."""
    from isal import igzip

    source = template(stacks=stacks)
    repetitions = -2
    packed_path = f"{target}.gz"
    with target.open("wb") as plain, igzip.IGzipFile(packed_path, "wb", 1) as packed:
        for piece in pieces(source, size_bytes, same=same):
            plain.write(piece)
            packed.write(piece)
            repetitions += 1
    return repetitions * source.launches
