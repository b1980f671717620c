"""Host and device clocks over the workload's tree: when each call and launch begins and ends.

The host runs ahead of the device until it waits; a launch starts when the device is free and the
launch call has reached it. All times are integer nanoseconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import sample_device as device
from sample_ops import Call, Copy, Launch, Node, Recorder, Synchronize

HOST_NS = {
    "aten::as_strided": (300, 100),
    "aten::view": (500, 250),
    "aten::_unsafe_view": (500, 250),
    "aten::reshape": (600, 300),
    "aten::empty": (1500, 700),
    "aten::empty_strided": (1700, 900),
    "aten::empty_like": (2600, 900),
    "aten::result_type": (200, 100),
    "aten::transpose": (900, 500),
    "aten::t": (900, 400),
    "aten::select": (1000, 500),
    "aten::slice": (1100, 500),
    "aten::unbind": (1900, 700),
}
DEFAULT_HOST_NS = (3200, 1300)
"""Before the first child of an operator, and after its last."""
CALL_NS = {
    "cudaLaunchKernel": 3300,
    "cudaLaunchKernelExC": 5200,
    "cudaMemcpyAsync": 9500,
    "cudaStreamSynchronize": 1800,
    "cudaDeviceSynchronize": 2500,
}
BETWEEN_NS = 60
"""After an operator returns: what follows never starts in the nanosecond it ended in."""
PYTHON_NS = 3600
"""Interpreter time between two operators that no operator encloses."""
LAUNCH_LATENCY_NS = 5200
DEVICE_GAP_NS = 850
STREAM = 7


@dataclass(frozen=True)
class Slice:
    """Something with a beginning and an end; ``parent`` is the operator's id, 0 for none."""

    node: Node
    name: str
    start_ns: int
    end_ns: int
    parent: int
    correlation: int = 0


@dataclass
class Timed:
    """What happened when."""

    calls: list[Slice] = field(default_factory=list)
    """Operators and annotations, in order of start; their ids count from 1 in this order."""
    runtime: list[Slice] = field(default_factory=list)
    device: list[Slice] = field(default_factory=list)


class Clock:
    """Runs a recorded tree once; the same seed gives the same times."""

    def __init__(self, seed: int, start_ns: int) -> None:
        self.timed = Timed()
        self._random = random.Random(seed)
        self._host_ns = start_ns
        self._free_ns = 0
        self._correlation = 1000

    def run(self, recorder: Recorder, step: str) -> Timed:
        """Everything inside one profiler step of that name, and the wait at its end."""
        recorder.root.name = step
        self._call(recorder.root, 0)
        self._synchronize(Synchronize("cudaDeviceSynchronize"), 0)
        return self.timed

    def _call(self, call: Call, depth: int) -> None:
        before, after = HOST_NS.get(call.name, DEFAULT_HOST_NS)
        index = len(self.timed.calls)
        start = self._host_ns
        self.timed.calls.append(Slice(call, call.name, start, start, 0))
        self._spend(400 if call.is_annotation else before)
        for child in call.children:
            if call.is_annotation:
                self._spend(PYTHON_NS)
            self._node(child, index + 1)
        self._spend(400 if call.is_annotation else after)
        self.timed.calls[index] = Slice(call, call.name, start, self._host_ns, 0)
        self._spend(BETWEEN_NS)

    def _node(self, node: Node, parent: int) -> None:
        if isinstance(node, Call):
            self._call(node, parent)
        elif isinstance(node, Synchronize):
            self._synchronize(node, parent)
        elif isinstance(node, Copy):
            latency = 2100.0 if node.kind == "DtoH" else 1600.0
            self._start(node, "cudaMemcpyAsync", latency, parent)
        else:
            duration = device.duration_ns(node.kernel, device.BOOST)
            self._start(node, node.call, duration, parent)

    def _start(self, node: Launch | Copy, call: str, duration_ns: float, parent: int) -> None:
        self._correlation += 7
        start = self._host_ns
        self._spend(CALL_NS[call])
        runtime = Slice(node, call, start, self._host_ns, parent, self._correlation)
        self.timed.runtime.append(runtime)
        arrives = start + self._vary(LAUNCH_LATENCY_NS, 0.12)
        begins = max(arrives, self._free_ns + self._vary(DEVICE_GAP_NS, 0.15))
        self._free_ns = begins + self._vary(duration_ns, 0.02)
        name = node.kernel.name if isinstance(node, Launch) else _copy_name(node)
        self.timed.device.append(
            Slice(node, name, begins, self._free_ns, parent, self._correlation)
        )

    def _synchronize(self, node: Synchronize, parent: int) -> None:
        self._correlation += 7
        start = self._host_ns
        self._spend(CALL_NS[node.call])
        self._host_ns = max(self._host_ns, self._free_ns + self._vary(2600, 0.2))
        self.timed.runtime.append(
            Slice(node, node.call, start, self._host_ns, parent, self._correlation)
        )

    def _spend(self, nanoseconds: float) -> None:
        self._host_ns += self._vary(nanoseconds, 0.18)

    def _vary(self, nanoseconds: float, share: float) -> int:
        return round(nanoseconds * (1.0 + share * (2.0 * self._random.random() - 1.0)))


def _copy_name(copy: Copy) -> str:
    host = "Pageable" if copy.pageable else "Pinned"
    route = f"Device -> {host}" if copy.kind == "DtoH" else f"{host} -> Device"
    return f"Memcpy {copy.kind} ({route})"
