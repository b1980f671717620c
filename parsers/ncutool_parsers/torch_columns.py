"""Trace events gathered into columns by kind; the events themselves are not kept."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ncutool_parsers.torch_events import NO_ARGS, NOTHING, UNKNOWN, Args, Event

_LAUNCH_IDS = ("category", "name", "queue", "correlation", "external_id", "stream", "device")
_LAUNCH_DETAILS = (
    *("grid", "block", "registers", "shared_memory", "bytes", "kind", "graph_node"),
    *("collective", "dtype", "elements_in", "elements_out", "group_size"),
)

KERNELS, COPIES, SETS = 0, 1, 2
_LAUNCHES = {
    "kernel": KERNELS,
    "Kernel": KERNELS,
    "gpu_memcpy": COPIES,
    "Memcpy": COPIES,
    "gpu_memset": SETS,
    "Memset": SETS,
}
_OPS = ("cpu_op", "Operator")
_CALLS = ("cuda_runtime", "cuda_driver", "Runtime", "hip_runtime", "hip_driver")
_ANNOTATIONS = ("user_annotation", "gpu_user_annotation")
_PYTHON = ("python_function",)

_OLD_ANNOTATIONS = (b'"ProfilerStep#', b'"enumerate(DataLoader)', b'"Optimizer.')
"""Before 2022 annotations were recorded as operators."""


Key = TypeVar("Key")
Thread = tuple[int | str, int | str]
"""(pid, tid) as recorded."""


class Interner(dict[Key, int]):
    """Numbers distinct keys from 0 in the order they are first asked for."""

    def __missing__(self, key: Key) -> int:
        self[key] = number = len(self)
        return number


class Columns:
    """Times (microseconds) and integer columns of equal length, 8 bytes a value."""

    def __init__(self, *integers: str) -> None:
        self.ts = array("d")
        self.dur = array("d")
        self.integers = {name: array("q") for name in integers}

    def __len__(self) -> int:
        return len(self.ts)

    def extend(self, events: list[Event], **values: list[int]) -> None:
        """Add the times of the events and as many values to every integer column.

        An integer that needs more than 63 bits is no id or size, and becomes UNKNOWN.
        """
        self.ts.extend([event.ts for event in events])
        self.dur.extend([event.dur for event in events])
        for name, column in self.integers.items():
            try:
                column.extend(array("q", values[name]))
            except OverflowError:
                column.extend([v if abs(v) < 1 << 62 else UNKNOWN for v in values[name]])


class Collector:
    """Gathers events, piece by piece, into columns; nothing else of them is kept."""

    def __init__(self) -> None:
        self.names = Interner[bytes]()
        """JSON text of names of launches, calls and annotations."""
        self.shapes = Interner[bytes]()
        """JSON text of grids and blocks."""
        self.signatures = Interner[bytes]()
        """JSON texts of an operator's name and arguments, joined by NUL (see SIGNATURE)."""
        self.threads = Interner[Thread]()
        """(pid, tid) on the CPU."""
        self.queues = Interner[Thread]()
        """(pid, tid) on the GPU."""
        self.texts = Interner[str]()
        self.events = 0
        self.python_events = 0
        self.launches = Columns(*_LAUNCH_IDS, *_LAUNCH_DETAILS)
        self.ops = Columns("signature", "thread", "sequence_number", "external_id")
        self.calls = Columns("name", "thread", "correlation", "external_id", "kernel")
        self.annotations = Columns("name", "thread", "on_device")
        self._buckets: dict[str, list[Event]] = {}
        self._route: dict[str, Callable[[Event], None]] = {}
        for group in (tuple(_LAUNCHES), _OPS, _CALLS, _ANNOTATIONS, _PYTHON):
            for cat in group:
                self._buckets[cat] = []
                self._route[cat] = self._buckets[cat].append

    def add(self, events: list[Event]) -> None:
        """Take the events of one piece."""
        self.events += len(events)
        route = self._route.get
        for event in events:
            put = route(event.cat)
            if put is not None and event.ph == "X":
                put(event)
        for cat, bucket in self._buckets.items():
            if bucket:
                self._add(cat, bucket)
                bucket.clear()

    def _add(self, cat: str, events: list[Event]) -> None:
        if cat in _PYTHON:
            self.python_events += len(events)
        elif cat == "cpu_op":
            self._add_ops(events)
        elif cat == "Operator":
            self._add_old_ops(events)
        elif cat in _CALLS:
            self._add_calls(events)
        elif cat in _ANNOTATIONS:
            self._add_annotations(events, int(cat.startswith("gpu")))
        else:
            self._add_launches(events, _LAUNCHES[cat])

    def _add_ops(self, events: list[Event]) -> None:
        signatures, threads = self.signatures, self.threads
        args = [event.args or NO_ARGS for event in events]
        join, nothing = b"\0".join, NOTHING
        self.ops.extend(
            events,
            # the keys are hashed and compared in C; only compiled kernels have the two extra parts
            signature=[
                signatures[join((e.name, a.dims, a.types, a.strides, a.concrete))]
                if a.backend is nothing
                else signatures[
                    join((e.name, a.dims, a.types, a.strides, a.concrete, a.backend, a.kwargs))
                ]
                for e, a in zip(events, args, strict=True)
            ],
            thread=[threads[e.pid, e.tid] for e in events],
            sequence_number=[a.sequence_number for a in args],
            external_id=_external_ids(args),
        )

    def _add_old_ops(self, events: list[Event]) -> None:
        """Operators of 2020 and 2021: annotations among them, shapes under another key."""
        names = [bytes(event.name) for event in events]
        pairs = [
            (e, name.startswith(_OLD_ANNOTATIONS)) for e, name in zip(events, names, strict=True)
        ]
        self._add_annotations([event for event, note in pairs if note], on_device=0)
        events = [event for event, note in pairs if not note]
        for event in events:
            if event.args is not None and event.args.dims is NOTHING:
                event.args.dims = event.args.dims_old
        self._add_ops(events)

    def _add_calls(self, events: list[Event]) -> None:
        names, threads = self.names, self.threads
        args = [event.args or NO_ARGS for event in events]
        self.calls.extend(
            events,
            name=[names[bytes(e.name)] for e in events],
            thread=[threads[e.pid, e.tid] for e in events],
            correlation=[a.correlation for a in args],
            external_id=_external_ids(args),
            kernel=[UNKNOWN if a.kernel is NOTHING else names[bytes(a.kernel)] for a in args],
        )

    def _add_annotations(self, events: list[Event], on_device: int) -> None:
        threads = self.queues if on_device else self.threads
        self.annotations.extend(
            events,
            name=[self.names[bytes(e.name)] for e in events],
            thread=[threads[e.pid, e.tid] for e in events],
            on_device=[on_device] * len(events),
        )

    def _add_launches(self, events: list[Event], category: int) -> None:
        names, shapes, queues, texts = self.names, self.shapes, self.queues, self.texts
        args = [event.args or NO_ARGS for event in events]
        kinds = [a.kind for a in args] if category == COPIES else [NOTHING] * len(args)
        self.launches.extend(
            events,
            category=[category] * len(events),
            name=[names[bytes(e.name)] for e in events],
            queue=[queues[e.pid, e.tid] for e in events],
            correlation=[a.correlation for a in args],
            external_id=_external_ids(args),
            stream=_either([a.stream for a in args], [e.tid for e in events]),
            device=_either([a.device for a in args], [e.pid for e in events]),
            grid=[shapes[bytes(a.grid)] for a in args],
            block=[shapes[bytes(a.block)] for a in args],
            registers=[a.registers for a in args],
            shared_memory=[a.shared_memory for a in args],
            bytes=_either([a.bytes for a in args], [UNKNOWN] * len(args)),
            kind=[shapes[bytes(kind)] for kind in kinds],
            graph_node=[a.graph_node for a in args],
            collective=[texts[a.collective] for a in args],
            dtype=[texts[a.dtype] for a in args],
            elements_in=[a.elements_in for a in args],
            elements_out=[a.elements_out for a in args],
            group_size=[a.group_size for a in args],
        )


SIGNATURE = ("op", "dims", "types", "strides", "concrete", "backend", "kwargs")
"""Order of the texts in a key of ``Collector.signatures``; the last two may be left out."""


def _external_ids(args: Iterable[Args]) -> list[int]:
    return [a.external_id if a.external_id >= 0 else a.external_id_old for a in args]


def _either(first: Sequence[int | str], second: Sequence[int | str]) -> list[int]:
    """The number in each first id, else in the second, else UNKNOWN."""
    return [
        a if a.__class__ is int and a >= 0 else n if (n := _number(a)) >= 0 else _number(b)
        for a, b in zip(first, second, strict=True)
    ]


def _number(identifier: int | str) -> int:
    """The number in an id such as 7 or ``stream 7``; UNKNOWN without one."""
    if isinstance(identifier, int):
        return identifier if identifier >= 0 else UNKNOWN
    digits = identifier.rpartition(" ")[2]
    return int(digits) if digits.isdecimal() and digits.isascii() else UNKNOWN
