"""Small traces made by hand: kernels, the calls that launched them, the operators around."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from ncutool.advice.view.context import Context, context
from ncutool.devices.resolve import Device
from ncutool.roofline import place
from ncutool.timeline.window import Timeline, build
from ncutool.work import shapes
from ncutool_parsers import schema
from ncutool_parsers.capture import Capture
from ncutool_parsers.formats import TORCH_TRACE

H100 = Device(
    name="Test H100",
    compute_capability="9.0",
    sm_count=132,
    memory_bytes=80_000_000_000,
    peak_bytes_per_s=3.35e12,
    peak_flop_per_s={"fp32": 66.9e12, "bf16_tensor": 989e12, "fp16_tensor": 989e12},
)

Shape = Sequence[int]


@dataclass
class Trace:
    """Collects rows; ``capture()`` gives the tables. Times in nanoseconds."""

    launches: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    ops: list[dict[str, Any]] = field(default_factory=list)
    signatures: dict[tuple[Any, ...], int] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    overheads: list[dict[str, Any]] = field(default_factory=list)

    def call(self, name: str, start: int, end: int, thread: int = 0) -> int:
        """A runtime call; its number."""
        row = {"name": name, "start_ns": start, "end_ns": end, "thread": thread}
        self.calls.append(row | {"call_id": len(self.calls), "correlation": len(self.calls)})
        return len(self.calls) - 1

    def op(
        self,
        name: str,
        start: int,
        end: int,
        dims: Sequence[Shape] = (),
        types: Sequence[str] = (),
        thread: int = 0,
    ) -> int:
        """An operator call with its shapes; its number."""
        texts = (
            (json.dumps(list(map(list, dims))), json.dumps(list(types))) if dims else (None,) * 2
        )
        number = self.signatures.setdefault((name, *texts), len(self.signatures))
        row = {"signature_id": number, "thread": thread, "start_ns": start, "end_ns": end}
        self.ops.append(row | {"op_id": len(self.ops)})
        return len(self.ops) - 1

    def kernel(self, start: int | None, duration: int | None, **more: Any) -> int:
        """A kernel, or with ``category`` a copy; ``called=(start, end)`` makes its launch call."""
        called = more.pop("called", None)
        if called is not None:
            name = more.pop("call", "cudaLaunchKernel")
            start_of_call, end_of_call = called
            more["call_id"] = self.call(name, start_of_call, end_of_call, more.pop("thread", 0))
        row = {"category": "kernel", "kernel": "kernel", "kernel_full": "kernel()", "stream": 7,
               "device": 0, "graph_replay": False} | more  # fmt: skip
        row |= {"launch_id": len(self.launches), "start_ns": start, "duration_ns": duration}
        self.launches.append(row)
        return len(self.launches) - 1

    def capture(self, **more: Any) -> Capture:
        """The capture so far."""
        names = [
            {"signature_id": number, "op": key[0], "input_dims": key[1], "input_types": key[2]}
            for key, number in self.signatures.items()
        ]
        return Capture(
            path=Path("hand-made.json"),
            format=TORCH_TRACE,
            launches=_table(schema.LAUNCHES, self.launches),
            calls=_table(schema.CALLS, self.calls),
            ops=_table(schema.OPS, self.ops),
            signatures=_table(schema.SIGNATURES, names),
            annotations=_table(schema.ANNOTATIONS, self.annotations),
            overheads=_table(schema.OVERHEADS, self.overheads),
            **more,
        )


def _table(table: schema.Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return table.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else table.empty()


def window(capture: Capture) -> Timeline:
    """The timeline of a capture that has one."""
    timeline = build(capture)
    assert timeline is not None
    return timeline


def kernels(capture: Capture, device: Device | None = H100) -> pl.DataFrame:
    """The kernels table of a hand-made capture."""
    return place.place(capture, shapes.work(capture), device)


BF16 = "c10::BFloat16"
Step = tuple[str, Sequence[Shape], Sequence[str], int]
"""Operator, dims, types, duration in ns."""
FULL = (16, 512, 1024)
ROW = (16, 512, 1)
RMS_NORM: list[Step] = [
    ("aten::add", [FULL, FULL], [BF16, BF16], 18_000),
    ("aten::copy_", [FULL, FULL], ["float", BF16], 29_000),
    ("aten::pow", [FULL, []], ["float", "Scalar"], 27_000),
    ("aten::mean", [FULL, []], ["float", "ScalarList"], 12_000),
    ("aten::add", [ROW, []], ["float", "Scalar"], 2_000),
    ("aten::rsqrt", [ROW], ["float"], 2_000),
    ("aten::mul", [FULL, ROW], ["float", "float"], 40_000),
    ("aten::copy_", [FULL, FULL], [BF16, "float"], 18_000),
    ("aten::mul", [(1024,), FULL], [BF16, BF16], 17_000),
]
"""RMSNorm with a residual sum, as an eager framework launches it."""
FORWARD: list[Step] = [
    ("aten::copy_", [(512,), (512,)], ["c10::Half", "float"], 6_000),
    ("aten::copy_", [(512, 128), (512, 128)], ["c10::Half", "float"], 9_000),
    ("aten::copy_", [(58, 4, 128), (58, 4, 128)], ["c10::Half", "float"], 8_000),
    ("aten::addmm", [(512,), (232, 128), (128, 512)], ["c10::Half"] * 3, 11_000),
]
"""A layer under autocast: casts of bias, weight and activation, then the product."""


def updates(count: int) -> list[Step]:
    """An SGD step over ``count`` parameters of different sizes."""
    steps: list[Step] = []
    for index in range(count):
        shape = (64 + index, 64)
        steps.append(("aten::mul_", [shape, []], ["float", "Scalar"], 3_000))
        steps.append(("aten::add_", [shape, shape, []], ["float", "float", "Scalar"], 3_000))
    return steps


def run(steps: Sequence[Step], *, trace: Trace | None = None, gap: int = 1_000) -> Trace:
    """The steps one after another on one stream, the host well ahead."""
    trace = trace or Trace()
    clock = max((row["start_ns"] + row["duration_ns"] + gap for row in trace.launches), default=0)
    for name, dims, types, duration in steps:
        host = -2_000_000 + 1_000 * len(trace.launches)
        op = trace.op(name, host, host + 900, dims, types)
        trace.kernel(clock, duration, called=(host + 100, host + 200), op_id=op,
                     kernel_full=f"{name}()", kernel=name)  # fmt: skip
        clock += duration + gap
    return trace


def view(capture: Capture) -> Context:
    """What advice sees of a capture on the test H100."""
    return context(kernels(capture), capture, window(capture), H100)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Launches on two streams, some unlinked, some zero-length, calls of two threads."""
    trace = Trace()
    clock = draw(st.integers(0, 1000))
    for _ in range(draw(st.integers(1, 12))):
        clock += draw(st.integers(0, 200_000))
        more: dict[str, Any] = {"stream": draw(st.sampled_from([1, 2]))}
        if draw(st.booleans()):
            called = clock - draw(st.integers(0, 300_000))
            more |= {"called": (called, called + draw(st.integers(0, 250_000)))}
            more |= {"thread": draw(st.sampled_from([0, 1]))}
        if draw(st.integers(0, 4)) == 0:
            more |= {"category": "memcpy", "copy_kind": "HtoD"}
        trace.kernel(clock, draw(st.sampled_from([0, 1, 5_000, 90_000])), **more)
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(-1000, 2_000_000))
        name = draw(st.sampled_from(["cudaMalloc", "cudaStreamSynchronize", "cudaMemcpyAsync"]))
        trace.call(name, start, start + draw(st.integers(0, 1_500_000)), draw(st.integers(0, 1)))
    return trace
