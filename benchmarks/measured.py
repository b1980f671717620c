"""What `bench.py` measures inside a process: `python measured.py KIND PATH`.

Prints the CPU seconds it took from after the imports, of all threads, and the launches it saw. What
the whole process took, start and imports included, is for the one who started it to ask.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

BUFFER_BYTES = 256 * 1024
_BETWEEN = re.compile(rb"\}\s*,\s*\{\s*(?=\"ph\")")
"""What lies between two events: once in a trace's own layout, it is the same throughout."""


def floor(path: Path) -> tuple[float, int]:
    """Inflate as a stream and decode the fields the reader uses; keep nothing."""
    import msgspec
    from isal import igzip

    from ncutool_parsers.torch_events import Event

    decoder = msgspec.json.Decoder(list[Event])
    buffer = bytearray(4 * BUFFER_BYTES)
    view = memoryview(buffer)
    began = time.process_time()
    with igzip.IGzipFile(path, "rb") as stream:
        opening = b'"traceEvents": ['
        filled = stream.readinto(view[:BUFFER_BYTES])
        start = buffer.index(opening) + len(opening) - 1
        first = _BETWEEN.search(buffer, start, filled)
        assert first is not None, f"{path}: no two events in the first {BUFFER_BYTES} bytes"
        between = first[0]
        while True:
            last = buffer.rfind(between, start, filled)
            if last < 0:
                break
            comma = last + between.index(b",")
            buffer[comma] = ord("]")
            decoder.decode(view[start : comma + 1])
            rest = filled - comma - 1
            view[1 : rest + 1] = bytes(view[comma + 1 : filled])
            buffer[0] = ord("[")
            start = 0
            filled = rest + 1
            filled += stream.readinto(view[filled : filled + BUFFER_BYTES])
    return time.process_time() - began, 0


def load_reader() -> None:
    """Imported before the clock starts, as in a long-lived process."""
    import isal.igzip  # noqa: F401
    import numpy  # noqa: F401
    import polars  # noqa: F401

    import ncutool_parsers.torch_notices
    import ncutool_parsers.torch_tables
    import ncutool_parsers.torch_trace  # noqa: F401


def read(path: Path) -> tuple[float, int]:
    """The reader: a file becomes tables."""
    load_reader()
    import ncutool_parsers

    began = time.process_time()
    capture = ncutool_parsers.read(path)
    return time.process_time() - began, capture.launches.height


def tables(path: Path) -> tuple[float, int]:
    """Reading as advice needs it: a file becomes the kernels table and the timeline."""
    return _advised(path, findings=False)[0], 0


def advice(path: Path) -> tuple[float, int]:
    """What findings add: from the kernels table and the timeline to the ranked list."""
    return _advised(path, findings=True)[1], 0


def _advised(path: Path, *, findings: bool) -> tuple[float, float]:
    """Seconds to the tables, and from there to the findings where they are asked for."""
    load_reader()
    from ncutool import advice as advising
    from ncutool.analysis.devices import recorded_device
    from ncutool.companions import launch_work
    from ncutool.devices import resolve
    from ncutool.roofline import place
    from ncutool.timeline import window as timeline
    from ncutool.work import counters
    from ncutool_parsers import read as read_capture
    from ncutool_parsers.interface import ReadOptions

    options = ReadOptions(metrics=counters.WANTED, instructions=True)
    began = time.process_time()
    capture = read_capture(path, options)
    device = resolve.resolve(recorded_device(capture)).device
    kernels = place.place(capture, launch_work.work_of(capture).work, device)
    window = timeline.build(capture)
    placed = time.process_time()
    if findings:
        advising.advise(kernels, capture, window, device)
    return placed - began, time.process_time() - placed


def table_alone(path: Path) -> tuple[float, int]:
    """The kernels table of a report, without the counters and samples of its inside."""
    return _of_report(path, inside_too=False)


def inside(path: Path) -> tuple[float, int]:
    """The same with them, and the table of the inside."""
    return _of_report(path, inside_too=True)


def _of_report(path: Path, *, inside_too: bool) -> tuple[float, int]:
    """Seconds of processors, those of the reader's own process included, and launches."""
    from ncutool.inside import hot
    from ncutool.inside.table import table
    from ncutool.roofline import place
    from ncutool.work import (
        cache_counters,
        counters,
        occupancy_counters,
        pipe_counters,
        stall_counters,
    )
    from ncutool_parsers import read as read_capture
    from ncutool_parsers.interface import ReadOptions

    rooms = (cache_counters, occupancy_counters, pipe_counters, stall_counters)
    own = {f"(?:{pattern})" for room in rooms for pattern in room.WANTED}
    kept = [one for one in counters.PATTERNS if inside_too or one not in own]
    began = sum(os.times()[:4])
    options = ReadOptions(metrics="|".join(kept), instructions=True, samples=inside_too)
    capture = read_capture(path, options)
    placed = place.place(capture, counters.work(capture), None)
    if inside_too:
        table(capture, placed, hot.of_capture(capture))
    return sum(os.times()[:4]) - began, placed.height


MEASURES = {
    "floor": floor,
    "read": read,
    "tables": tables,
    "advice": advice,
    "counters": table_alone,
    "inside": inside,
}


def main() -> None:
    """Measure the kind of work that the command line names."""
    kind, path = sys.argv[1:]
    seconds, launches = MEASURES[kind](Path(path))
    print(f"{seconds:.6f} {launches}")


if __name__ == "__main__":
    main()
