"""Windows in which the host, its input or other ranks cost the time, made by hand."""

from __future__ import annotations

from typing import Any

from trace_factory import H100, Trace, kernels, window

from ncutool.advice.batch import batch
from ncutool.advice.fuse import chains, fuse
from ncutool.advice.host import (
    allocator,
    communication,
    copies,
    input_pipeline,
    launch,
    synchronization,
)
from ncutool.advice.price import rank
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Adviser, Draft, Finding
from ncutool.devices.resolve import Device
from ncutool_parsers.capture import Capture

US = 1_000
MS = 1_000_000

MI300X = Device(
    name="AMD MI300X",
    compute_capability="9.4",
    sm_count=304,
    memory_bytes=206_000_000_000,
    peak_bytes_per_s=5.3e12,
    peak_flop_per_s={"fp32": 163.4e12, "bf16_tensor": 1307e12},
    link_bytes_per_s={"infinity_fabric": 448e9},
)
A100 = Device(
    name="A100 40GB SXM",
    compute_capability="8.0",
    sm_count=108,
    memory_bytes=40_000_000_000,
    peak_bytes_per_s=1.555e12,
    peak_flop_per_s={"fp32": 19.5e12, "bf16_tensor": 312e12},
    link_bytes_per_s={"nvlink": 300e9},
)


def seen(capture: Capture, device: Device = H100) -> Context:
    """What advice sees of a capture."""
    return context(kernels(capture, device), capture, window(capture), device)


def drafted(view: Context) -> list[Draft]:
    """Everything that is drafted of a window, whatever kind."""
    fused = fuse.drafts(view, frozenset())
    advisers: tuple[Adviser, ...] = (
        chains, batch, launch, communication, copies, input_pipeline, allocator, synchronization,
    )  # fmt: skip
    given = [adviser.drafts(view, fused.claimed) for adviser in advisers]
    return [draft for one in (fused, *given) for draft in one.drafts]


def found(capture: Capture, device: Device = H100) -> tuple[Finding, ...]:
    """Findings of every kind, in order."""
    view = seen(capture, device)
    return rank.ranked(view, drafted(view)).findings


def of_kind(findings: tuple[Finding, ...], kind: str) -> Finding:
    """The one finding of a kind."""
    (one,) = [finding for finding in findings if finding.kind == kind]
    return one


class Program:
    """A host that launches and a device that follows; times in nanoseconds.

    ``launch`` spends host time and then starts the kernel once the device is free.
    """

    def __init__(self) -> None:
        self.trace = Trace()
        self.host = 0
        self.device = 0

    def launch(
        self, duration: int, *, host: int = 8 * US, op: str = "aten::mm", **more: Any
    ) -> int:
        """A kernel called ``host`` ns after the last one, on one stream."""
        begin, self.host = self.host, self.host + host
        number = self.trace.op(op, begin, self.host)
        start = max(self.host + 2 * US, self.device + 1 * US)
        self.device = start + duration
        return self.trace.kernel(
            start, duration, called=(self.host - 4 * US, self.host), op_id=number, **more
        )

    def copy(self, kind: str, duration: int, size: int, **more: Any) -> int:
        """A copy that the host waits for, as pageable ones are."""
        number = self.trace.op("aten::copy_", self.host, max(self.host, self.device) + duration)
        start = max(self.host + 2 * US, self.device + 1 * US)
        end = start + duration
        launch_id = self.trace.kernel(
            start,
            duration,
            called=(self.host + US, end + US),
            call="cudaMemcpyAsync",
            category="memcpy",
            kernel="Memcpy",
            copy_kind=kind,
            copy_bytes=size,
            op_id=number,
            **({"copy_pageable": True} | more),
        )
        self.device, self.host = end, end + 2 * US
        return launch_id

    def call(self, name: str, duration: int) -> None:
        """A call that keeps the host."""
        self.trace.call(name, self.host, self.host + duration)
        self.host += duration

    def synchronize(self) -> None:
        """Wait for the device."""
        end = max(self.host, self.device) + 5 * US
        self.trace.call("cudaStreamSynchronize", self.host, end)
        self.host = end

    def load(self, duration: int, name: str) -> None:
        """Loading input, annotated."""
        self.annotate(name, duration)
        self.host += duration

    def annotate(self, name: str, duration: int) -> None:
        """An annotation of the host from now on."""
        self.trace.annotations.append(
            {"name": name, "on_device": False, "thread": 0,
             "start_ns": self.host, "end_ns": self.host + duration}
        )  # fmt: skip
