"""torch.profiler (Kineto) traces of every era: .json and .json.gz, Chrome trace format.

Importing this module is cheap; what reading needs is imported when something is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ncutool_parsers.capture import Capture, Notice
from ncutool_parsers.counting import counted
from ncutool_parsers.errors import DamagedError, EmptyError, NotACaptureError, UnreadableError
from ncutool_parsers.formats import TORCH_TRACE
from ncutool_parsers.interface import ReadOptions

if TYPE_CHECKING:
    from ncutool_parsers.gzip_stream import ByteStream
    from ncutool_parsers.json_repair import Repair
    from ncutool_parsers.json_stream import EventStream
    from ncutool_parsers.torch_columns import Collector
    from ncutool_parsers.torch_events import Event


class TorchTraceReader:
    """Reads what ``torch.profiler`` exports with ``export_chrome_trace``."""

    format = TORCH_TRACE

    def accepts(self, head: bytes) -> bool:
        """Whether the decompressed start of a file is that of a JSON object or array."""
        return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")

    def read(self, path: Path, options: ReadOptions) -> Capture:
        """Return the capture; see :class:`ncutool_parsers.interface.Reader`."""
        from ncutool_parsers import memory
        from ncutool_parsers.gzip_stream import ByteStream
        from ncutool_parsers.json_repair import Repair
        from ncutool_parsers.json_stream import (
            LONGEST_EVENT,
            EventStream,
            NotATraceError,
            TooLongError,
        )
        from ncutool_parsers.torch_columns import Collector, TooManyError

        collector, repair = Collector(options.max_events), Repair()
        with ByteStream(path, options) as source:
            stream = EventStream(source)
            try:
                _collect(stream, collector, repair)
            except NotATraceError:
                raise _not_a_trace(path, source) from None
            except TooManyError:
                raise UnreadableError(
                    path,
                    f"holds more than {options.max_events:,} events",
                    "raise the limit with --max-events if the file is trusted, or record fewer "
                    "steps",
                ) from None
            except TooLongError:
                raise NotACaptureError(
                    path,
                    f"holds an event of more than {LONGEST_EVENT} bytes, or so many without an "
                    "event",
                    "give what torch.profiler's export_chrome_trace wrote",
                ) from None
        capture = _capture(path, source, stream, collector, repair, options)
        del collector, repair, stream
        memory.give_back()
        return capture


def _collect(stream: EventStream, collector: Collector, repair: Repair) -> None:
    """Decode the document piece by piece; a piece that is not strict JSON goes to ``repair``."""
    from ncutool_parsers.torch_events import EventDecoder

    clock, decoder = collector.clock, EventDecoder()

    def decode_strictly(piece: memoryview) -> list[Event] | Exception:
        try:
            events = decoder.decode(piece)
        except (ValueError, RecursionError) as reason:
            return reason
        if clock.needs_text(piece, events):
            clock.read_again(piece, events)
        return events

    for piece in stream.pieces():
        base = clock.base_us
        events = decode_strictly(piece)
        if isinstance(events, Exception) and (shorter := stream.shortened()) is not None:
            piece, events = shorter, decode_strictly(shorter)
        if isinstance(events, Exception):
            events = repair.decode(piece, stream, events, clock)
        if clock.base_us != base:
            collector.move_origin(clock.base_us - base)
        collector.add(events)
        del events  # before the next ones are made: their memory is used again while in the cache


def _capture(
    path: Path,
    source: ByteStream,
    stream: EventStream,
    collector: Collector,
    repair: Repair,
    options: ReadOptions,
) -> Capture:
    from ncutool_parsers import torch_members, torch_notices
    from ncutool_parsers.edge import Edge
    from ncutool_parsers.torch_launches import devices_used
    from ncutool_parsers.torch_tables import build

    members, ended = torch_members.read(stream)
    complete = stream.closed and ended and source.damage is None and not repair.lost
    if not len(collector.launches) and (options.launches_required or not len(collector.calls)):
        raise _empty(path, collector, complete, stream.bare_list)
    edge = Edge.of(options)
    rank, world_size = torch_members.rank_and_world(members, edge)
    devices = torch_members.devices(members, devices_used(collector.launches.keys), edge)
    base_time_ns = torch_members.base_time_ns(members, edge)
    private = torch_members.private_names(members, edge)
    capabilities = {
        d.ordinal: d.compute_capability for d in devices if d.compute_capability is not None
    }
    recorded = len(collector.launches)
    tables = build(collector, rank, capabilities, edge)
    left_out = bool(edge.lists or edge.nested)  # shapes were recorded, and are not kept
    if options.launches_required and tables.launches.is_empty():
        raise EmptyError(
            path,
            f"holds {recorded} GPU kernels and copies, none with a usable start",
            "record the trace again",
        )
    notices = [
        *torch_notices.processes(tables),
        *_of_the_end(source, stream, collector, repair, ended),
        *torch_notices.repaired(repair),
        *(
            notice
            for notice in torch_notices.about(tables, collector.python_events, bool(repair.lost))
            if notice.code != "no_shapes" or not left_out
        ),
        *edge.notices(),
    ]
    return Capture(
        path=path,
        format=TORCH_TRACE,
        launches=tables.launches,
        devices=devices,
        signatures=tables.signatures,
        ops=tables.ops,
        calls=tables.calls,
        annotations=tables.annotations,
        overheads=tables.overheads,
        notices=tuple(notices),
        complete=complete,
        origin_ns=tables.origin_ns + collector.clock.base_us * 1000 + base_time_ns,
        clock_step_ns=1000 if tables.whole_microseconds else 1,
        shapes_recorded=tables.shapes_recorded or left_out,
        processes=tables.processes,
        ops_recorded_share=tables.ops_recorded_share,
        python_events=collector.python_events,
        rank=rank if tables.processes == 1 else None,
        world_size=world_size,
        synthetic=torch_members.is_synthetic(members),
        private=private,
    )


def _of_the_end(
    source: ByteStream, stream: EventStream, collector: Collector, repair: Repair, ended: bool
) -> list[Notice]:
    """Return the notice of a file that is cut short, if it is."""
    from ncutool_parsers import torch_notices

    if not stream.closed or source.damage is not None:
        cut = (source.damage, source.is_gzip, stream.offset, collector.events)
        return [torch_notices.truncated(*cut)]
    return [] if ended else [torch_notices.no_end(bool(repair.lost))]


def _not_a_trace(path: Path, source: ByteStream) -> UnreadableError:
    """Return the error of a document without a list of events."""
    if source.damage is not None:
        return DamagedError(path, f"cannot be read: {source.damage}", "copy the file again")
    return NotACaptureError(
        path,
        "has no list of traceEvents: other JSON, or a trace cut short before it",
        "give what torch.profiler's export_chrome_trace wrote",
    )


def _empty(
    path: Path, collector: Collector, complete: bool, bare_list: bool
) -> EmptyError | UnreadableError:
    """Return the error of a trace without launches, with its likeliest cause."""
    if not collector.events and complete and bare_list:
        return NotACaptureError(
            path,
            "is a JSON list without trace events",
            "give what torch.profiler's export_chrome_trace wrote",
        )
    if not complete:
        return EmptyError(
            path,
            f"is cut short: no GPU kernel among its {counted(collector.events, 'whole event')}",
            "copy or record the trace again",
        )
    if len(collector.ops):
        return EmptyError(
            path,
            "holds CPU operators but no GPU kernels",
            "record with activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA] on a GPU",
        )
    return EmptyError(
        path,
        f"holds no GPU kernels among its {counted(collector.events, 'event')}",
        "record with ProfilerActivity.CUDA while the GPU works",
    )
