"""What ``ncu`` printed of launches, as the tables of a Capture."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ncutool_parsers import ncu_text_values as values
from ncutool_parsers import schema
from ncutool_parsers.capture import Capture, DeviceRecord, Notice
from ncutool_parsers.counting import counted
from ncutool_parsers.edge import (
    LARGEST_BLOCK,
    LARGEST_BYTES,
    LARGEST_COUNT,
    LARGEST_GRID,
    LARGEST_ID,
    LONGEST_DEVICE,
    MOST_MULTIPROCESSORS,
    Edge,
    is_counter,
)
from ncutool_parsers.errors import EmptyError, UnreadableError
from ncutool_parsers.formats import NCU_TEXT
from ncutool_parsers.kernel_names import short_name
from ncutool_parsers.ncu_tables import plain_text
from ncutool_parsers.ncu_text_found import Found, Launch
from ncutool_parsers.ncu_text_read import DURATIONS, Asked, Losses, Read, read_launch, together
from ncutool_parsers.ncu_text_values import Marks, Printed

_NAME = "device__attribute_display_name"
_SHOWN = 3
_UNUSABLE = "nothing that is printed of it is a number: its collection failed, or it was cut out"
_PROPERTY = re.compile(r"(launch|device|profiler|numa)__.*")
_PRINT_AGAIN = "print the report again with `ncu --import REPORT --csv --page raw`"


def capture(path: Path, found: Found, wanted: str | None, edge: Edge | None = None) -> Capture:
    """Return what was found in a text as a Capture.

    Args:
        path: the text.
        found: its launches as they stand there.
        wanted: regular expression that a counter's whole name must match; None for all.
        edge: bounds the texts and numbers of the file.

    Raises:
        UnreadableError: its numbers contradict each other on the decimal mark.
        EmptyError: nothing that is printed of any launch is understood.
    """
    launches = together(found.launches)
    texts = {one.text for launch in launches for one in launch.values}
    marks = values.marks_of(text.strip() for text in texts if values.is_number(text.strip()))
    if marks is None:
        raise UnreadableError(
            path,
            "has numbers with decimal points and others with decimal commas, so that none is sure",
            f"{_PRINT_AGAIN} in one locale",
        )
    losses = Losses()
    asked, edge = Asked(wanted), edge or Edge()
    read = [read_launch(launch, marks, losses, asked) for launch in launches]
    edge.numbers += losses.impossible
    if not any(one.numbers for one in read):
        raise EmptyError(path, "holds no value of a metric that is known by name", _PRINT_AGAIN)
    tables = _launches(launches, read, edge), _rules(launches, marks, edge)
    devices = _devices(launches, read, edge)
    return Capture(
        path=path,
        format=NCU_TEXT,
        launches=tables[0],
        devices=devices,
        metrics=_metrics(read, wanted),
        rules=tables[1],
        notices=(*_notices(found, read, losses), *edge.notices()),
        complete=not (found.cut or found.damaged or found.long_lines),
        private={"host": edge.text(", ".join(sorted(found.hosts)))} if found.hosts else {},
    )


def _launches(launches: Sequence[Launch], read: Sequence[Read], edge: Edge) -> pl.DataFrame:
    rows = [_row(i, *pair, edge) for i, pair in enumerate(zip(launches, read, strict=True))]
    types = schema.LAUNCHES.polars_schema()
    frame = pl.DataFrame(rows, schema={name: types[name] for name in rows[0]})
    return schema.LAUNCHES.conform(frame)


def _row(launch_id: int, launch: Launch, read: Read, edge: Edge) -> dict[str, Any]:
    """Return one row of `launches`."""
    full = edge.text(launch.name)
    duration = next((d for name in DURATIONS if (d := read.numbers.get(name)) is not None), None)
    usable = any(not _PROPERTY.fullmatch(name) for name in read.numbers)
    row: dict[str, Any] = {
        "launch_id": launch_id,
        "category": "kernel",
        "kernel": short_name(full),
        "kernel_full": full,
        "stream": edge.number(launch.stream, LARGEST_ID),
        "device": edge.number(launch.device, LARGEST_COUNT),
        "compute_capability": launch.capability or _capability(read.numbers),
        "duration_ns": edge.duration(None if duration is None else duration.value),
        "error": None if usable else _UNUSABLE,
        "registers_per_thread": edge.number(
            _exact(read.numbers, "launch__registers_per_thread"), LARGEST_COUNT
        ),
        "shared_memory_bytes": edge.number(_shared_memory(read.numbers), LARGEST_BYTES),
    }
    limits = {"grid": LARGEST_GRID, "block": LARGEST_BLOCK}
    for kind, printed in (("grid", launch.grid), ("block", launch.block)):
        sizes = printed or _dims(read.numbers, kind)
        one, every = limits[kind]
        if sizes and not (0 < min(sizes) <= max(sizes) <= one and math.prod(sizes) <= every):
            sizes, edge.numbers = None, edge.numbers + 1
        row |= {f"{kind}_{axis}": sizes[i] if sizes else None for i, axis in enumerate("xyz")}
    return row


def _dims(numbers: Mapping[str, Printed], kind: str) -> tuple[int, ...] | None:
    found = [_exact(numbers, f"launch__{kind}_dim_{axis}") for axis in "xyz"]
    known = tuple(one for one in found if one)
    return known if len(known) == len(found) else None


def _exact(numbers: Mapping[str, Printed], name: str) -> int | None:
    """Return a whole number that is printed in full; None where it is rounded."""
    printed = numbers.get(name)
    if printed is None or printed.within >= 0.5 or not printed.value.is_integer():
        return None
    return int(printed.value)


def _shared_memory(numbers: Mapping[str, Printed]) -> int | None:
    """Return bytes of shared memory a block; None where they are printed rounded."""
    if (total := _exact(numbers, "launch__shared_mem_per_block")) is not None:
        return total
    names = [f"launch__shared_mem_per_block_{name}" for name in ("static", "dynamic", "driver")]
    if names[2] not in numbers:  # releases that do not print the driver's part count without it
        names.pop()
    parts = [_exact(numbers, name) for name in names]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _capability(numbers: Mapping[str, Printed]) -> str | None:
    parts = [_exact(numbers, f"device__attribute_compute_capability_{n}") for n in _PARTS]
    return None if None in parts else f"{parts[0]}.{parts[1]}"


_PARTS = ("major", "minor")


def _devices(
    launches: Sequence[Launch], read: Sequence[Read], edge: Edge
) -> tuple[DeviceRecord, ...]:
    """Return one record a device, in order of appearance."""
    records: dict[tuple[int | None, str | None], DeviceRecord] = {}
    for launch, one in zip(launches, read, strict=True):
        name = one.texts.get(_NAME)
        capability = launch.capability or _capability(one.numbers)
        if name is not None or capability is not None or launch.device is not None:
            key = (launch.device, name)
            records.setdefault(key, _device(launch.device, name, capability, one.numbers, edge))
    named = {key: record for key, record in records.items() if key[1] is not None}
    return tuple((named or records).values())


def _device(
    ordinal: int | None,
    name: str | None,
    capability: str | None,
    numbers: Mapping[str, Printed],
    edge: Edge,
) -> DeviceRecord:
    def attribute(*names: str) -> int | None:
        found = (_exact(numbers, f"device__attribute_{one}") for one in names)
        return next((value for value in found if value), None)

    def hertz(*names: str) -> float | None:  # NVIDIA's attributes of clocks are in kHz
        kilohertz = attribute(*names)
        return None if kilohertz is None else kilohertz * 1e3

    return DeviceRecord(
        ordinal=edge.number(ordinal, LARGEST_COUNT) or 0,
        name=edge.text(re.sub(r" \(\d+\)$", "", name), LONGEST_DEVICE) if name else None,
        compute_capability=capability,
        sm_count=edge.number(
            attribute("multiprocessor_count") or _exact(numbers, "launch__sm_count"),
            MOST_MULTIPROCESSORS,
            1,
        ),
        memory_bytes=edge.number(attribute("total_memory"), LARGEST_BYTES),
        l2_bytes=edge.number(attribute("l2_cache_size"), LARGEST_BYTES),
        max_sm_clock_hz=hertz("max_gpu_frequency_khz", "clock_rate"),
        memory_clock_hz=hertz("memory_clock_rate"),
        memory_bus_bits=edge.number(attribute("global_memory_bus_width"), LARGEST_COUNT),
        vendor="nvidia",
    )


def _metrics(read: Sequence[Read], wanted: str | None) -> pl.DataFrame:
    pattern = re.compile(wanted) if wanted is not None else None
    rows = [
        (launch_id, metric, printed.value)
        for launch_id, one in enumerate(read)
        for metric, printed in one.numbers.items()
        if pattern is None or pattern.fullmatch(metric)
    ]
    return pl.DataFrame(rows, schema=schema.METRICS.polars_schema(), orient="row")


def _rules(launches: Sequence[Launch], marks: Marks, edge: Edge) -> pl.DataFrame:
    rows = []
    for launch_id, launch in enumerate(launches):
        for rule in launch.rules:
            speedup = values.number(rule.speedup, marks) if rule.speedup else None
            kind = rule.kind if rule.kind in ("local", "global") else None
            pct = None if speedup is None or kind is None else speedup.value
            if pct is not None and not is_counter(pct):
                kind, pct, edge.numbers = None, None, edge.numbers + 1
            name, text = edge.text(rule.name), edge.text(plain_text(rule.text))
            section = None if rule.section is None else edge.text(rule.section)
            row = (name, section, rule.severity, None, text, kind, pct)
            rows.append((launch_id, *row))
    return pl.DataFrame(rows, schema=schema.RULES.polars_schema(), orient="row")


def _notices(found: Found, read: Sequence[Read], losses: Losses) -> Iterator[Notice]:
    """Yield what must be known of printed figures."""
    text = "The figures are as printed, rounded, and none that is computed from them is exact"
    off = [100 * d.within / d.value for one in read if (d := _duration(one)) and d.value > 0]
    if off and max(off) > 0:
        text += f"; times lie within {_percent(max(off))} of the measured ones"
    again = "`ncu --import REPORT --csv --page raw --print-units base` prints more of them."
    yield Notice("printed_values", f"{text}. {again}")
    if losses.coarse:
        yield Notice(
            "coarse_values",
            f"{losses.coarse} rates are printed with too few digits to compute with (such as 0.01 "
            "per cycle): they are taken for not collected.",
        )
    if losses.contrary:
        yield Notice(
            "contrary_values",
            f"{losses.contrary} metrics are printed with two values of one launch that do not "
            "agree: they are left out.",
        )
    if losses.units:
        named = ", ".join(f"{unit!r}"[:_MAX_UNIT] for unit in list(losses.units)[:_SHOWN])
        text = f"Values without a unit, or in one that is not known, were left out: {named}."
        yield Notice("unknown_units", text)
    if losses.labels:
        count = len(losses.labels)
        yield Notice(
            "unknown_labels",
            f"{counted(count, 'row')} of the tables left out: which metric the label stands for is "
            "not known for sure. The page raw has the metrics' names.",
            "info",
        )
    lost = found.damaged + found.long_lines
    if found.cut or lost:
        parts = ["it ends within a row"] * found.cut
        parts += [f"{counted(lost, 'row')} too long or not to be taken apart"] * bool(lost)
        yield Notice("damaged", f"The text is damaged: {' and '.join(parts)}.", "error")
    if found.summaries:
        yield Notice("summaries", "Tables that sum launches up were left out.", "info")
    if found.problems:
        yield Notice("ncu_says", f"ncu printed: {plain_text(found.problems[-1])[:_MAX_PROBLEM]}")


_MAX_UNIT = 24
_MAX_PROBLEM = 300


def _duration(one: Read) -> Printed | None:
    return next((d for name in DURATIONS if (d := one.numbers.get(name)) is not None), None)


def _percent(share: float) -> str:
    return f"{share:.2g} %" if share >= 0.01 else "0.01 %"
