"""What is mutated: small captures that the project makes itself, and pieces of the corpus."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import job_factory
import planted
import torch_factory as made

from make_samples import SEED, START_NS
from report_writer import report_bytes
from sample_clock import Clock
from sample_model import Workload
from sample_report import launches
from sample_trace import trace_text

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = REPOSITORY.parent / "shared" / "corpus"
_LAUNCHES = ("kernel", "gpu_memcpy", "gpu_memset")
_PIECES = (12, 12, 20, 20, 30, 60)
"""Launches of the pieces that are cut of a long trace, from places all over it: most are small,
since what an answer costs rises with them and what can go wrong hardly does."""
_MOST_EVENTS = 700
_WHOLE_LAUNCHES = 12
_LARGEST_REPORT = 300_000

Document = dict[str, Any]


@cache
def trace_names() -> tuple[str, ...]:
    """The names of the traces, in one order always: of the long ones, of each of their pieces."""
    long = (*_LONG, *sorted(path.name for path in corpus("torch").glob("*.json.gz")))
    pieces = (f"{name}#{piece}" for name in long for piece in range(len(_PIECES)))
    return (*_MADE, *pieces)


def trace(name: str) -> Document:
    """A trace to be changed."""
    document: Document = json.loads(_trace(name))
    return document


def whole() -> Document:
    """A trace that other captures are read with."""
    return _window(_decoder(), 0, _WHOLE_LAUNCHES)


@cache
def reports() -> dict[str, bytes]:
    """The reports by their names, in one order always."""
    few = launches()
    found = {"one": report_bytes(few[:1]), "five": report_bytes(few[:5], command="python a.py")}
    for path in sorted(corpus("ncu").glob("*rep*")):
        if path.is_file() and path.stat().st_size <= _LARGEST_REPORT:
            found[path.name] = path.read_bytes()
    return found


@cache
def _trace(name: str) -> str:
    """The text of a trace: reading it again is the fastest way to a copy that can be changed."""
    long, _, piece = name.partition("#")
    return json.dumps(_MADE[name]()) if name in _MADE else _pieces(long)[int(piece)]


@cache
def _pieces(name: str) -> tuple[str, ...]:
    document = _LONG[name]() if name in _LONG else _read(corpus("torch") / name)
    count = len(_PIECES)
    made = (_window(document, place / count, most) for place, most in enumerate(_PIECES))
    return tuple(json.dumps(one) for one in made)


def corpus(kind: str) -> Path:
    """The folder of real captures; one that does not exist where they are not wanted."""
    wanted = os.environ.get("FUZZ_CORPUS", str(CORPUS))
    return Path(wanted or os.devnull) / kind


def _small() -> Document:
    device = {"id": 0, "name": "NVIDIA H100 80GB HBM3", "computeMajor": 9, "computeMinor": 0,
              "numSms": 132, "totalGlobalMem": 85_045_084_160}  # fmt: skip
    return {"schemaVersion": 1, "deviceProperties": [device], "traceEvents": made.small()}


@cache
def _decoder() -> Document:
    timed = Clock(SEED, START_NS).run(Workload().run(), "ProfilerStep#2")
    document: Document = json.loads(trace_text(timed, "decoder.json"))
    return document


@cache
def ranks() -> tuple[Document, ...]:
    """The two ranks of a job."""
    with tempfile.TemporaryDirectory() as folder:
        plan = job_factory.Plan(ranks=2, steps=3)
        return tuple(_read(path) for path in job_factory.write(Path(folder), plan))


def _planted() -> Document:
    with tempfile.TemporaryDirectory() as folder:
        return _read(planted.trace(Path(folder)))


def _read(path: Path) -> Document:
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    document = json.loads(data.decode("utf-8", "replace"), strict=False)
    return document if isinstance(document, dict) else {"traceEvents": document}


def _window(document: Document, place: float, most: int) -> Document:
    """A piece of a trace: few launches and what happened around them, from a place of it (0 to 1)
    on."""
    events = [one for one in document["traceEvents"] if isinstance(one, dict)]
    times = sorted(float(one["ts"]) for one in events if one.get("cat") in _LAUNCHES)
    if not times:
        return {**document, "traceEvents": events[:_MOST_EVENTS]}
    times = times[int(place * len(times)) :]
    start, end = times[0], times[min(len(times), most) - 1]
    before = (end - start) / 10 + 100
    kept = [one for one in events if "ts" not in one or start - before <= float(one["ts"]) <= end]
    return {**document, "traceEvents": kept[:_MOST_EVENTS]}


_MADE: dict[str, Callable[[], Document]] = {
    "small": _small,
    "rank": lambda: ranks()[0],
    "planted": _planted,
}
_LONG: dict[str, Callable[[], Document]] = {"decoder": _decoder}
