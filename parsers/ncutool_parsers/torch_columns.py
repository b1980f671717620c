"""Trace events gathered into columns by kind; the events themselves are not kept.

What repeats from event to event (names, threads, geometry, an operator's arguments) becomes one
key, and an event keeps the key's number; only times and ids are stored per event.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from struct import error, pack
from typing import Generic, TypeVar

from ncutool_parsers.defaults import DEFAULT_MAX_EVENTS
from ncutool_parsers.torch_clock import Clock
from ncutool_parsers.torch_events import NO_ARGS, NOTHING, UNKNOWN, Args, Event

KERNELS, COPIES, SETS = 0, 1, 2
_LAUNCHES = {"kernel": KERNELS, "memcpy": COPIES, "memset": SETS}
_RUNTIMES = ("runtime", "driver")
"""What categories of calls end in: ``cuda_runtime``, ``xpu_runtime``, ``privateuse1_driver``."""

_OLD_ANNOTATIONS = (b'"ProfilerStep#', b'"enumerate(DataLoader)', b'"Optimizer.')
"""Before 2022 annotations were recorded as operators."""


Key = TypeVar("Key")
Identifier = int | str
Thread = tuple[Identifier, Identifier]
"""(pid, tid) as recorded."""
OpKey = bytes
"""The JSON texts of SIGNATURE, joined by NUL, which no JSON text holds."""
SIGNATURE = ("op", "dims", "types", "strides", "concrete", "backend", "kwargs")
"""Compiled kernels alone have the last two; without them the key is shorter."""
CallKey = bytes
"""The JSON texts of the name and of the launched kernel's, joined by NUL."""
AnnotationKey = tuple[Identifier, Identifier, bytes, bool]
"""pid, tid, JSON text of the name, and whether it is on the GPU timeline."""
_Id = Identifier
LaunchKey = tuple[
    int, _Id, _Id, _Id, _Id, int, int, _Id, bool, str, str, int, int, int, _Id, _Id, _Id, _Id, bytes
]
"""The fields of LAUNCH."""
LAUNCH = (
    *("category", "pid", "tid", "device", "stream", "registers", "shared_memory", "bytes", "graph"),
    *("collective", "dtype", "elements_in", "elements_out", "group_size"),
    *("group", "sequence", "source_rank", "target_rank", "shapes"),
)
"""Shapes are the JSON texts of grid, block, kind of copy and ranks of a group, joined by NUL."""


class Interner(dict[Key, int]):
    """Numbers distinct keys from 0 in the order they are first asked for."""

    def __missing__(self, key: Key) -> int:
        self[key] = number = len(self)
        return number


class Columns(Generic[Key]):
    """Times (microseconds), key and ids of the events of one kind, in columns of equal length."""

    def __init__(self, *ids: str) -> None:
        self.ts = array("d")
        self.dur = array("d")
        self.keys = Interner[Key]()
        self.key = array("i")
        """Number of each event's key."""
        self.thread = array("i")
        """Number of each event's thread; only of operators and calls, whose keys leave it out."""
        self.ids = {name: array("q") for name in ids}
        self.unusable = 0
        """Ids that were beyond 64 bits."""

    def __len__(self) -> int:
        return len(self.ts)

    def extend(self, events: list[Event], keys: list[int], *ids: list[int]) -> None:
        """Add the times of the events, the numbers of their keys and a list for every id.

        An integer that needs more than 63 bits is no id, and becomes UNKNOWN.
        """
        # packing is twice as fast as an array's own conversion from a list
        count = len(events)
        self.ts.frombytes(pack(f"{count}d", *[event.ts for event in events]))
        self.dur.frombytes(pack(f"{count}d", *[event.dur for event in events]))
        self.key.frombytes(pack(f"{count}i", *keys))
        for column, values in zip(self.ids.values(), ids, strict=True):
            try:
                column.frombytes(pack(f"{count}q", *values))
            except error:
                known = [v if abs(v) < 1 << 62 else UNKNOWN for v in values]
                self.unusable += sum(abs(v) >= 1 << 62 for v in values)
                column.frombytes(pack(f"{count}q", *known))


class _Buckets(dict[str, Callable[[Event], None] | None]):
    """What takes an event of each category, made when the category is first met.

    None takes those of no use. Of one kind every device has a category of its own: CUDA's copies
    are ``gpu_memcpy``, and a vendor's that PyTorch does not know come as ``mlu_memcpy``.
    """

    def __init__(self) -> None:
        self.used: list[tuple[str, str, list[Event]]] = []
        """Kind, category and events of each category that is used."""

    def __missing__(self, cat: str) -> Callable[[Event], None] | None:
        kind = _kind(cat.lower())
        if kind is None:
            self[cat] = None
            return None
        bucket: list[Event] = []
        self.used.append((kind, cat.lower(), bucket))
        self[cat] = put = bucket.append
        return put


class _Takers(dict[type, Callable[[Event], None] | None]):
    """What takes an event of each type: the bucket of the category that a type stands for.

    Asking for the type is faster than asking the event for its category.
    """

    def __init__(self, buckets: _Buckets) -> None:
        self._buckets = buckets
        self.others: list[Event] = []
        """Events of the type that stands for no category."""

    def __missing__(self, kind: type[Event]) -> Callable[[Event], None] | None:
        self[kind] = put = self.others.append if kind is Event else self._buckets[kind.cat]
        return put


def _kind(cat: str) -> str | None:
    """Return what the events of a category are, None where they are not used."""
    if cat in ("kernel", "cpu_op", "operator", "overhead", "python_function"):
        return cat
    if cat.endswith("user_annotation"):
        return "user_annotation"
    last = cat.rpartition("_")[2]
    if last in _RUNTIMES:
        return "call"
    return last if last in _LAUNCHES else None


class TooManyError(Exception):
    """The file holds more events than are to be read."""


class Collector:
    """Gathers events, piece by piece, into columns; nothing else of them is kept."""

    def __init__(self, max_events: int = DEFAULT_MAX_EVENTS) -> None:
        self.clock = Clock()
        self._max_events = max_events
        self.events = 0
        self.python_events = 0
        self.names = Interner[bytes]()
        """JSON text of names of launches."""
        self.threads = Interner[Thread]()
        """Threads of operators and calls."""
        self.launches = Columns[LaunchKey]("name", "correlation", "external_id")
        self.ops = Columns[OpKey]("external_id", "event_index")
        self.calls = Columns[CallKey]("correlation", "external_id")
        self.annotations = Columns[AnnotationKey]()
        self.overheads = Columns[AnnotationKey]()
        self._buckets = _Buckets()
        self._takers = _Takers(self._buckets)

    def move_origin(self, shift_us: int) -> None:
        """Count the times gathered so far from a later moment."""
        kinds = (self.launches, self.ops, self.calls, self.annotations, self.overheads)
        for columns in kinds:
            columns.ts = array("d", [time - shift_us for time in columns.ts])

    def add(self, events: list[Event]) -> None:
        """Take the complete events ("ph": "X") of one piece; unused categories are left out.

        Raises:
            TooManyError: they are more than were to be taken.
        """
        self.events += len(events)
        if self.events > self._max_events:
            raise TooManyError
        buckets, takers = self._buckets, self._takers
        for event in events:
            put = takers[type(event)]
            if put is not None:
                put(event)
        for event in takers.others:
            put = buckets[event.cat]
            if put is not None and event.ph == "X":
                put(event)
        takers.others.clear()
        for kind, cat, bucket in buckets.used:
            if bucket:
                self._add(kind, cat, bucket)
                bucket.clear()

    def _add(self, kind: str, cat: str, events: list[Event]) -> None:
        """Take events of one category, of which ``kind`` says what they are."""
        if kind == "python_function":
            self.python_events += len(events)
        elif kind == "cpu_op":
            self._add_ops(events)
        elif kind == "operator":
            self._add_old_ops(events)
        elif kind == "call":
            self._add_calls(events)
        elif kind == "user_annotation":
            _add_notes(self.annotations, events, on_device=cat != kind)
        elif kind == "overhead":
            _add_notes(self.overheads, events, on_device=False)
        else:
            self._add_launches(events, _LAUNCHES[kind])

    # The keys are joined, hashed and compared in C: that is what reading fast rests on.

    def _add_ops(self, events: list[Event]) -> None:
        keys, join, nothing = self.ops.keys, b"\0".join, NOTHING
        args = [event.args or NO_ARGS for event in events]
        self.ops.extend(
            events,
            [
                keys[join((e.name, a.dims, a.types, a.strides, a.concrete))]
                if a.backend is nothing
                else keys[
                    join((e.name, a.dims, a.types, a.strides, a.concrete, a.backend, a.kwargs))
                ]
                for e, a in zip(events, args, strict=True)
            ],
            _external_ids(args),
            [a.event_index for a in args],
        )
        self.ops.thread.extend(self._threads(events))

    def _threads(self, events: list[Event]) -> array[int]:
        """Return the number of each event's thread, which in most pieces is the same for all."""
        threads, first = self.threads, events[0] if events else None
        if first is None or _differ(events, first.pid, first.tid):
            return array("i", [threads[event.pid, event.tid] for event in events])
        return array("i", [threads[first.pid, first.tid]]) * len(events)

    def _add_old_ops(self, events: list[Event]) -> None:
        """Add operators of 2020 and 2021: annotations among them, shapes under another key."""
        names = [bytes(event.name) for event in events]
        pairs = [
            (e, name.startswith(_OLD_ANNOTATIONS)) for e, name in zip(events, names, strict=True)
        ]
        notes = [event for event, note in pairs if note]
        _add_notes(self.annotations, notes, on_device=False)
        events = [event for event, note in pairs if not note]
        for event in events:
            if event.args is not None and event.args.dims is NOTHING:
                event.args.dims = event.args.dims_old
        self._add_ops(events)

    def _add_calls(self, events: list[Event]) -> None:
        keys, join = self.calls.keys, b"\0".join
        args = [event.args or NO_ARGS for event in events]
        self.calls.extend(
            events,
            [keys[join((e.name, a.kernel))] for e, a in zip(events, args, strict=True)],
            [a.correlation for a in args],
            _external_ids(args),
        )
        self.calls.thread.extend(self._threads(events))

    def _add_launches(self, events: list[Event], category: int) -> None:
        """Add kernels, copies or memsets; a key holds the fields of LAUNCH in their order."""
        names, keys, join = self.names, self.launches.keys, b"\0".join
        args = [event.args or NO_ARGS for event in events]
        self.launches.extend(
            events,
            [
                keys[
                    category,
                    e.pid,
                    e.tid,
                    a.device,
                    a.stream,
                    a.registers,
                    a.shared_memory,
                    a.bytes,
                    a.graph_node > 0,
                    a.collective,
                    a.dtype,
                    a.elements_in,
                    a.elements_out,
                    a.group_size,
                    a.group,
                    a.sequence,
                    a.source_rank,
                    a.target_rank,
                    join((a.grid, a.block, a.kind, a.group_ranks)),
                ]
                for e, a in zip(events, args, strict=True)
            ],
            [names[join((e.name,))] for e in events],
            [a.correlation for a in args],
            _external_ids(args),
        )


def _add_notes(columns: Columns[AnnotationKey], events: list[Event], *, on_device: bool) -> None:
    """Add events of which only thread, name and times count: annotations, overhead."""
    keys = columns.keys
    columns.extend(events, [keys[e.pid, e.tid, bytes(e.name), on_device] for e in events])


def _differ(events: list[Event], pid: Identifier, tid: Identifier) -> bool:
    """Whether some event is of another thread."""
    for event in events:  # noqa: SIM110 - a generator would take three times as long
        if event.tid != tid or event.pid != pid:
            return True
    return False


def _external_ids(args: Iterable[Args]) -> list[int]:
    """Return each event's External id; old traces spell its key in lower case."""
    return [a.external_id if a.external_id >= 0 else a.external_id_old for a in args]
