"""What NVIDIA's reader said of a report, as the tables of a Capture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ncutool_parsers import ncu_samples, schema
from ncutool_parsers.capture import Capture, DeviceRecord, Notice, made_up
from ncutool_parsers.counting import counted_of
from ncutool_parsers.edge import (
    LARGEST_BLOCK,
    LARGEST_BYTES,
    LARGEST_COUNT,
    LARGEST_COUNTER,
    LARGEST_GRID,
    LARGEST_ID,
    LARGEST_VERSION,
    LONGEST_DEVICE,
    MOST_MULTIPROCESSORS,
    SMALLEST_COUNTER,
    Edge,
    is_counter,
    number_in,
)
from ncutool_parsers.errors import DamagedError, EmptyError
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.kernel_names import short_name
from ncutool_parsers.ncu_framing import Framing, Geometry
from ncutool_parsers.ncu_process import Report

_CATEGORIES = {0: "kernel", 1: "range", 2: "range", 3: "graph", 4: "graph"}
_SEVERITIES = {0: "none", 1: "ok", 2: "optimization", 3: "warning", 4: "error"}
_SPEEDUPS = {1: "local", 2: "global"}
_NAMED = 3
"""How many kernels a message names."""
_FAILED = (
    "its counters are not numbers: the collection failed for this launch, "
    "so nothing is known of its work or time"
)
_EMPTY = "it holds no metric: this part of the report is damaged or was never written"
_MARKUP = re.compile(
    r"@section:[^:@]*:([^@]*)@|@(?:sass|source):[^@]*:([^:@]*)@|@url:([^@]*?):https?:[^@]*@"
)
_PATH_LINE = re.compile(r"^\s*(?:/|[A-Za-z]:[\\/]|<built-in).*$", re.MULTILINE)
_PATH = re.compile(r"(?<![\w.:/])(?:/[\w.+-]+){2,}|\b[A-Za-z]:\\[^\s:]+")

Action = dict[str, Any]


def capture(path: Path, report: Report, framing: Framing, edge: Edge | None = None) -> Capture:
    """Return what NVIDIA's reader and the framing say of a report as a Capture.

    Args:
        edge: bounds the texts and numbers of the file.

    Raises:
        UnreadableError: NVIDIA's reader found nothing in it.
        EmptyError: no launch has a usable counter.
    """
    actions, edge = report.actions, edge or Edge()
    if not any(action["metrics"] for action in actions):
        raise DamagedError(
            path, "is damaged: NVIDIA's reader finds no launch in it", "copy or collect it again"
        )
    if not any(action["usable"] for action in actions):
        names = ", ".join(list(dict.fromkeys(_name(action, edge) for action in actions))[:_NAMED])
        raise EmptyError(
            path,
            f"has no usable counter: the collection of all its launches failed ({len(actions)}: "
            f"{names}), so neither their time nor any figure is known",
            "collect it again with `ncu --set full -o report PROGRAM` and look at ncu's messages",
        )
    counts = np.asarray(report.metric_counts, dtype=np.int64)
    where = ncu_samples.sampled(actions, edge)
    launches, metrics = _launches(actions, edge), _metrics(report, counts, edge)
    devices, rules = _devices(actions, edge), _rules(actions, edge)
    return Capture(
        path=path,
        format=NCU_REPORT,
        launches=launches,
        devices=devices,
        metrics=metrics,
        instructions=_instructions(actions, edge),
        samples=where.samples,
        sampled_lines=where.lines,
        listings=where.listings,
        rules=rules,
        notices=(*_notices(actions, report, framing), *edge.notices()),
        complete=not _damaged(actions, report, framing),
        tool_version=framing.version,
        synthetic=made_up(framing.private.get("command")),
        private={
            name: edge.text(text)
            for name, text in (framing.private | ncu_samples.source_lines(actions)).items()
        },
    )


def _launches(actions: Sequence[Action], edge: Edge) -> pl.DataFrame:
    rows = [_launch(launch_id, action, edge) for launch_id, action in enumerate(actions)]
    types = schema.LAUNCHES.polars_schema()
    frame = pl.DataFrame(rows, schema={name: types[name] for name in rows[0]})
    return schema.LAUNCHES.conform(frame)


def _name(action: Action, edge: Edge) -> str:
    """Return the short name of an action's kernel."""
    return short_name(_full_name(action, edge))


def _full_name(action: Action, edge: Edge) -> str:
    """Return the full name of an action's kernel."""
    return edge.text(next((name for name in action["names"] if name), "(unnamed)"))


def _launch(launch_id: int, action: Action, edge: Edge) -> Action:
    """Return one row of `launches`."""
    facts = action["facts"]
    geometry: Geometry = action.get("geometry", Geometry())
    duration = action["duration"]
    full = _full_name(action, edge)
    row: Action = {
        "launch_id": launch_id,
        "category": _CATEGORIES.get(action["workload"], "range"),
        "kernel": short_name(full),
        "kernel_full": full,
        "stream": edge.number(_to_int(facts.get("launch__stream_id"), geometry.stream), LARGEST_ID),
        "device": edge.number(_to_int(facts.get("launch__device_id")), LARGEST_COUNT),
        "compute_capability": _capability(facts),
        "duration_ns": edge.duration(duration),
        "nvtx": None if action["nvtx"] is None else edge.text(action["nvtx"]),
        "error": None if action["usable"] else _FAILED if action["metrics"] else _EMPTY,
        "registers_per_thread": edge.number(
            _to_int(facts.get("launch__registers_per_thread")), LARGEST_COUNT
        ),
        "shared_memory_bytes": edge.number(_shared_memory(facts), LARGEST_BYTES),
    }
    block = _sizes(facts, "block", geometry.block)
    grid = _sizes(facts, "grid", geometry.grid)
    if grid is None and block is not None and geometry.grid is not None:
        # The oldest reports record threads where later ones record blocks.
        blocks = [threads // size for threads, size in zip(geometry.grid, block, strict=True)]
        grid = blocks if math.prod(blocks) == facts.get("launch__grid_size") else None
    for name, sizes, most in (("grid", grid, LARGEST_GRID), ("block", block, LARGEST_BLOCK)):
        if sizes and not (0 < min(sizes) <= max(sizes) <= most[0] and math.prod(sizes) <= most[1]):
            sizes, edge.numbers = None, edge.numbers + 1
        row |= {f"{name}_{axis}": sizes[i] if sizes else None for i, axis in enumerate("xyz")}
    return row


def _sizes(facts: Action, kind: str, recorded: Sequence[int] | None) -> Sequence[int] | None:
    """Return three sizes from the metrics, or those recorded beside them if the totals agree."""
    sizes = [_to_int(facts.get(f"launch__{kind}_dim_{axis}")) or 0 for axis in "xyz"]
    if all(sizes):
        return sizes
    if recorded and all(recorded) and math.prod(recorded) == facts.get(f"launch__{kind}_size"):
        return recorded
    return None


def _to_int(value: float | str | None, default: int | None = None) -> int | None:
    return int(value) if isinstance(value, float) else default


def _shared_memory(facts: Action) -> int | None:
    """Return bytes of shared memory a block; older reports hold its two parts alone."""
    if (total := _to_int(facts.get("launch__shared_mem_per_block"))) is not None:
        return total
    parts = [_to_int(facts.get(f"launch__shared_mem_per_block_{n}")) for n in ("static", "dynamic")]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _capability(facts: Action) -> str | None:
    recorded = [facts.get(f"device__attribute_compute_capability_{n}") for n in _PARTS]
    parts = [number_in(part, LARGEST_VERSION) for part in recorded]
    return None if None in parts else f"{parts[0]}.{parts[1]}"


_PARTS = ("major", "minor")


def _devices(actions: Sequence[Action], edge: Edge) -> tuple[DeviceRecord, ...]:
    """Return one record per device ordinal and name, in order of appearance.

    Launches without an ordinal count only where none has one.
    """
    records: dict[tuple[int | None, object], DeviceRecord] = {}
    for action in actions:
        facts = action["facts"]
        name = facts.get("device__attribute_display_name")
        ordinal = number_in(facts.get("launch__device_id"), LARGEST_COUNT)
        if name is not None:
            records.setdefault((ordinal, name), _device(ordinal or 0, facts, edge))
    numbered = {key: record for key, record in records.items() if key[0] is not None}
    return tuple((numbered or records).values())


def _device(ordinal: int, facts: Action, edge: Edge) -> DeviceRecord:
    def attribute(name: str) -> float | None:
        value = facts.get(f"device__attribute_{name}")
        return value if isinstance(value, float) and value > 0 else None

    def hertz(*names: str) -> float | None:  # NVIDIA's attributes of clocks are in kHz
        kilohertz = next((value for name in names if (value := attribute(name))), None)
        return None if kilohertz is None else kilohertz * 1e3

    name = facts.get("device__attribute_display_name")
    return DeviceRecord(
        ordinal=ordinal,
        name=edge.text(name, LONGEST_DEVICE) if isinstance(name, str) and name else None,
        compute_capability=_capability(facts),
        sm_count=edge.number(_to_int(attribute("multiprocessor_count")), MOST_MULTIPROCESSORS, 1),
        memory_bytes=edge.number(_to_int(attribute("total_memory")), LARGEST_BYTES),
        l2_bytes=edge.number(_to_int(attribute("l2_cache_size")), LARGEST_BYTES),
        max_sm_clock_hz=hertz("max_gpu_frequency_khz", "clock_rate"),
        memory_clock_hz=hertz("memory_clock_rate"),
        memory_bus_bits=edge.number(_to_int(attribute("global_memory_bus_width")), LARGEST_COUNT),
        vendor="nvidia",
    )


def _metrics(
    report: Report, counts: np.ndarray[Any, np.dtype[np.int64]], edge: Edge
) -> pl.DataFrame:
    """Return table `metrics` from flat ids and values, of which each launch has ``counts``.

    What no counter can be (:func:`ncutool_parsers.edge.is_counter`) is left out and counted.
    """
    names = pl.Series("metric", report.metric_names, dtype=pl.String)
    ids = pl.Series(np.frombuffer(report.metric_ids, dtype=np.intc).astype(np.uint32))
    frame = pl.DataFrame(
        {
            "launch_id": np.repeat(np.arange(len(counts), dtype=np.int64), counts),
            "metric": names.gather(ids),
            "value": pl.Series(np.frombuffer(report.values, dtype=np.float64)),
        },
        schema=schema.METRICS.polars_schema(),
    )
    value = frame["value"]
    usable = (value == 0) | value.is_between(SMALLEST_COUNTER, LARGEST_COUNTER)
    if usable.all():
        return frame
    edge.numbers += int((~usable).sum())
    return frame.filter(usable)


def _instructions(actions: Sequence[Action], edge: Edge) -> pl.DataFrame:
    mixes = ((i, action.get("instructions")) for i, action in enumerate(actions))
    rows = [(i, mix["source"], *row) for i, mix in mixes if mix for row in mix["rows"]]
    rows = edge.rows(rows)
    return pl.DataFrame(rows, schema=schema.INSTRUCTIONS.polars_schema(), orient="row")


def _rules(actions: Sequence[Action], edge: Edge) -> pl.DataFrame:
    rows = []
    for launch_id, action in enumerate(actions):
        for rule in action["rules"]:
            title, message = (edge.text(plain_text(rule[part])) for part in ("title", "message"))
            if not (title or message or rule["speedup"]):
                continue
            kind, speedup = rule["speedup"] or (0, None)
            if speedup is not None and not is_counter(speedup):
                kind, speedup, edge.numbers = 0, None, edge.numbers + 1
            severity = _SEVERITIES.get(rule["type"], "none")
            named = (rule["rule"], rule["section"] or None, severity, title, message)
            rows.append((launch_id, *named, _SPEEDUPS.get(kind), speedup))
    return pl.DataFrame(rows, schema=schema.RULES.polars_schema(), orient="row")


def plain_text(text: str) -> str:
    """Return a rule's text without NVIDIA's link mark-up and paths of the machine it ran on."""
    text = _MARKUP.sub(lambda match: match[1] or match[2] or match[3] or "", text)
    text = _PATH_LINE.sub("", text)
    return " ".join(_PATH.sub("(path)", text).split())


def _damaged(actions: Sequence[Action], report: Report, framing: Framing) -> bool:
    """Whether a launch holds nothing, is missing, or cannot be decoded."""
    holes = any(action["metrics"] == 0 for action in actions)
    return holes or len(actions) < framing.actions or "Can't parse" in report.reader_errors


def _notices(actions: Sequence[Action], report: Report, framing: Framing) -> tuple[Notice, ...]:
    notices = []
    holes = sum(action["metrics"] == 0 for action in actions)
    missing = max(0, framing.actions - len(actions))
    if _damaged(actions, report, framing):
        lost = f"{holes} of its launches hold no metric" if holes else "a part cannot be decoded"
        absent = f" and {missing} cannot be read at all" if missing else ""
        text = f"The report is damaged: {lost}{absent}; figures cover the rest only."
        notices.append(Notice("damaged", text, "error"))
    failed = [i for i, action in enumerate(actions) if not action["usable"] and action["metrics"]]
    if failed:
        which = ", ".join(map(str, failed[:5])) + (", ..." if len(failed) > 5 else "")
        verb = "launch" if len(failed) == 1 else "launches"
        notices.append(
            Notice(
                "failed_launches",
                f"{len(failed)} of {len(actions)} launches carry no usable counter, because their "
                f"collection failed ({verb} {which}); they are listed without figures.",
            )
        )
    notices += _text_notices(actions)
    if report.code_failed:
        text = (
            "NVIDIA's reader fails on the code embedded in this report: the launches' instructions "
            "were not read, so work that no counter has stays unknown."
        )
        notices.append(Notice("code_unreadable", text))
    untimed = sum(action["usable"] and action["duration"] is None for action in actions)
    if untimed:
        notices.append(
            Notice(
                "no_duration",
                f"{counted_of(untimed, len(actions), 'launch', 'carry')} no duration: collect with "
                "`--section SpeedOfLight` for times and everything that rests on them.",
            )
        )
    return tuple(notices)


def _text_notices(actions: Sequence[Action]) -> list[Notice]:
    """Return notices of instructions whose text is missing or does not fit their counts."""
    mixes = [mix for action in actions if (mix := action.get("instructions"))]
    notices = []
    missing = sum(mix["text"] == "missing" for mix in mixes)
    if missing:
        text = (
            f"{counted_of(missing, len(actions), 'launch', 'have')} counts per instruction but not "
            "their SASS (no code embedded, or too much of it to read in parts): their instructions "
            "are known by opcode only."
        )
        notices.append(Notice("no_sass_text", text, "info"))
    contradicting = sum(mix["text"] == "contradicts" for mix in mixes)
    if contradicting:
        text = (
            f"{counted_of(contradicting, len(actions), 'launch', 'have')} SASS that does not fit "
            "the report's own instruction counts: it was left out for them."
        )
        notices.append(Notice("sass_contradicts", text))
    return notices
