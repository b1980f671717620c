"""What is mutated: small captures that the project makes itself, and pieces of the corpus."""

from __future__ import annotations

import copy
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
_MOST_LAUNCHES = 60
_MOST_EVENTS = 1_500
_LARGEST_REPORT = 300_000

Document = dict[str, Any]


@cache
def trace_names() -> tuple[str, ...]:
    """The names of the traces, in one order always."""
    return (*_MADE, *sorted(path.name for path in _corpus("torch").glob("*.json.gz")))


def trace(name: str) -> Document:
    """A trace to be changed."""
    return copy.deepcopy(_trace(name))


@cache
def reports() -> dict[str, bytes]:
    """The reports by their names, in one order always."""
    few = launches()
    found = {"one": report_bytes(few[:1]), "five": report_bytes(few[:5], command="python a.py")}
    for path in sorted(_corpus("ncu").glob("*rep*")):
        if path.is_file() and path.stat().st_size <= _LARGEST_REPORT:
            found[path.name] = path.read_bytes()
    return found


@cache
def _trace(name: str) -> Document:
    return _MADE[name]() if name in _MADE else _window(_read(_corpus("torch") / name), 0)


def _corpus(kind: str) -> Path:
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


def _rank() -> Document:
    with tempfile.TemporaryDirectory() as folder:
        return _read(job_factory.write(Path(folder), job_factory.Plan(ranks=2, steps=3))[0])


def _planted() -> Document:
    with tempfile.TemporaryDirectory() as folder:
        return _read(planted.trace(Path(folder)))


def _read(path: Path) -> Document:
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    document = json.loads(data.decode("utf-8", "replace"), strict=False)
    return document if isinstance(document, dict) else {"traceEvents": document}


def _window(document: Document, half: int) -> Document:
    """A piece of a trace with few launches and what happened around them, from one half of it."""
    events = [one for one in document["traceEvents"] if isinstance(one, dict)]
    times = sorted(float(one["ts"]) for one in events if one.get("cat") in _LAUNCHES)
    if not times:
        return {**document, "traceEvents": events[:_MOST_EVENTS]}
    times = times[half * len(times) // 2 :]
    start, end = times[0], times[min(len(times), _MOST_LAUNCHES) - 1]
    before = (end - start) / 10 + 100
    kept = [one for one in events if "ts" not in one or start - before <= float(one["ts"]) <= end]
    return {**document, "traceEvents": kept[:_MOST_EVENTS]}


_MADE: dict[str, Callable[[], Document]] = {
    "small": _small,
    "decoder": lambda: _window(_decoder(), 0),
    "decode": lambda: _window(_decoder(), 1),
    "rank": _rank,
    "planted": _planted,
}
