"""Tiny torch.profiler traces, written the way each era and tool writes them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]

LAYOUTS = ("kineto", "indented", "compact")


def event(cat: str, name: str, ts: float, dur: float | None, **more: Any) -> Event:
    """A complete event; ``pid``, ``tid`` and ``args`` may be given."""
    made: Event = {"ph": "X", "cat": cat, "name": name}
    made |= {"pid": more.get("pid", 10), "tid": more.get("tid", 1), "ts": ts}
    if dur is not None:
        made["dur"] = dur
    made["args"] = more.get("args", {})
    return made


def op(name: str, ts: float, dur: float, external_id: int, **more: Any) -> Event:
    """A CPU operator; keyword arguments beside pid and tid become its args."""
    place = {key: more.pop(key) for key in ("pid", "tid") if key in more}
    args = {"External id": external_id, **more.pop("args", {}), **more}
    return event("cpu_op", name, ts, dur, args=args, **place)


def call(ts: float, dur: float, correlation: int, name: str = "cudaLaunchKernel") -> Event:
    """A runtime call."""
    return event("cuda_runtime", name, ts, dur, args={"cbid": 211, "correlation": correlation})


def kernel(name: str, ts: float, dur: float | None, correlation: int, **args: Any) -> Event:
    """A kernel on device 0, stream 7."""
    more = {"device": 0, "stream": 7, "correlation": correlation, **args}
    return event("kernel", name, ts, dur, pid=0, tid=7, args=more)


def small() -> list[Event]:
    """Two operators, one inside the other, and the kernel and copy that they launch."""
    dims = {"Input Dims": [[2, 3], [3, 4]], "Input type": ["float", "float"]}
    return [
        op("aten::linear", 100.0, 50.0, 1, args=dims),
        op("aten::mm", 110.0, 30.0, 2, args=dims),
        call(120.0, 5.0, 7),
        kernel("void gemm<float>(float*)", 130.5, 10.25, 7, grid=[4, 2, 1], block=[128, 1, 1]),
        op("aten::copy_", 160.0, 20.0, 3),
        call(165.0, 4.0, 8, "cudaMemcpyAsync"),
        event(
            "gpu_memcpy",
            "Memcpy HtoD (Pageable -> Device)",
            170.0,
            2.5,
            pid=0,
            tid=7,
            args={"device": 0, "stream": 7, "correlation": 8, "bytes": 4096},
        ),
    ]


def text(events: list[Event], layout: str = "kineto", top: dict[str, Any] | None = None) -> str:
    """The document: as Kineto writes it, or as json.dumps does, indented or on one line."""
    members = {"schemaVersion": 1} if top is None else top
    document = {**members, "traceEvents": events}
    if layout == "indented":
        return json.dumps(document, indent=2)
    if layout == "compact":
        return json.dumps(document)
    before = json.dumps(members, indent=2)[:-1].rstrip()
    comma = "," if members else ""
    body = ",\n".join(_kineto(event) for event in events)
    return f'{before}{comma}\n  "traceEvents": [\n{body}\n  ]\n}}\n'


def _kineto(event: Event) -> str:
    args = event.get("args")
    pairs = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in event.items() if k != "args"]
    lines = [", ".join(pairs[:5])] + ([", ".join(pairs[5:])] if pairs[5:] else [])
    if args is not None:
        inner = ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in args.items())
        lines.append(f'"args": {{\n      {inner}\n    }}')
    return "  {\n    " + ",\n    ".join(lines) + "\n  }"


def write(path: Path, events: list[Event], layout: str = "kineto", **top: Any) -> Path:
    """Write a trace, compressed where the path ends in .gz; its path."""
    data = text(events, layout, {"schemaVersion": 1, **top}).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
