"""Reads one report with NVIDIA's ``ncu_report``, in a process of its own that ends afterwards.

NVIDIA's reader never gives memory back and may crash or hang on a damaged file, so it never
runs in the caller's process. Run as ``python ncu_worker.py REPORT REGEX PACKAGE_FOLDER PARTS``,
with the standard library alone; it writes frames to standard output: one byte of kind, a u32
length, and that many bytes. ``PARTS`` is ``instructions`` where those are wanted too, ``opcodes``
where they are without the samples of warps, else empty. Two more arguments may follow: the bytes of
memory that it may have (empty for any), and the process that it ends with.

==== ===============================================================================
kind content
==== ===============================================================================
a    JSON: one action (names, workload, identity metrics, rules, NVTX, instructions, samples)
n    JSON: list of metric names that the ids go on to use, in order of id
i    int32 ids of the metrics of the action that follows, as native integers
v    float64 values of the same metrics
z    empty; nothing follows
==== ===============================================================================
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sys
from array import array
from collections.abc import Callable, Iterator
from typing import Any

Emit = Callable[[bytes, bytes], None]

IDENTITY = re.compile(
    r"launch__((grid|block)_(dim_[xyz]|size)|stream_id|context_id|device_id|"
    r"registers_per_thread|shared_mem_per_block(_static|_dynamic)?)|"
    r"device__attribute_(display_name|compute_capability_(major|minor)|multiprocessor_count|"
    r"memory_clock_rate|global_memory_bus_width|l2_cache_size|max_gpu_frequency_khz|clock_rate|"
    r"total_memory)"
)
"""Read from every action whatever the caller asks for: they make the `launches` table."""
_DURATION = "gpu__time_duration.sum"
_OLD_DURATION = "gpu__time_duration"
_NS_PER_UNIT = {"": 1.0, "ns": 1.0, "nsecond": 1.0, "us": 1e3, "usecond": 1e3}
_NOT_COLLECTED = re.compile(
    r"(launch|device|profiler|numa|nvlink|c2clink|nvlrx|nvltx|pmsampling|breakdown)[_:].*|"
    r"smsp?__maximum_.*|.*\.peak_sustained(\.|$).*|derived__sm__.*|lts__gcomp_.*"
)
"""Properties, limits and peaks: a launch whose collection failed has numbers for them too."""
_PROPERTY = re.compile(r"(launch|device)__.*")
_STRING, _UNKNOWN = 2, 0  # ncu_report's IMetric.ValueKind
_FUNCTION, _DEMANGLED, _MANGLED = 0, 1, 2  # ncu_report's IAction.NameBase
_PER_PC = ("inst_executed", "thread_inst_executed_true")
_PER_OPCODE = {
    "opcode_modifier": (
        "sass__inst_executed_per_opcode_with_modifier_all",
        "sass__thread_inst_executed_true_per_opcode_with_modifier_all",
    ),
    "opcode": (
        "sass__inst_executed_per_opcode",
        "sass__thread_inst_executed_true_per_opcode",
    ),
}
"""Warp instructions, and thread instructions with their predicate on, instanced by opcode."""
_NO_TEXT = "???"
_SAMPLES = "smsp__pcsamp_sample_count"
_SAMPLES_STALLED = "smsp__pcsamp_warps_issue_stalled_"
_NOT_ISSUED = "_not_issued"
_ISSUED = "selected"
"""Samples of warps that issue: no reason to wait."""
_HOT = 16
"""Instructions, and source lines, that are told of a launch: those with most samples."""
_LINE_LENGTH = 200
"""Characters that are told of a source line."""
_COUNT_LIMIT = 2**62
_PR_SET_PDEATHSIG = 1


class Collector:
    """Turns actions of ``ncu_report`` into frames."""

    def __init__(
        self, pattern: str | None, emit: Emit, instructions: bool = False, samples: bool = True
    ) -> None:
        self._wanted = re.compile(pattern) if pattern is not None else None
        self._emit = emit
        texts = Texts()
        self._mixes = Mixes(texts) if instructions else None
        self._samples = Samples(texts) if instructions and samples else None
        self._ids: dict[str, int] = {}
        """Metric name -> id, or -1 for one that nobody asked for."""
        self._named = 0

    def action(self, action: Any) -> None:
        """Emit one action: new metric names, ids, values, and the facts about it."""
        names = action.metric_names()
        usable = _usable(action, names)
        facts: dict[str, float | str] = {}
        ids, values, fresh = array("i"), array("d"), []
        for name in names:
            identity = self._ids.get(name)
            if identity is None:
                identity = self._number(name)
                if identity >= 0:
                    fresh.append(name)
            wanted, fact = identity >= 0, IDENTITY.fullmatch(name) is not None
            if not (wanted or fact) or not (usable or _PROPERTY.fullmatch(name)):
                continue
            value = _value(action.metric_by_name(name))
            if value is None:
                continue
            if fact:
                facts[name] = value
            if wanted and not isinstance(value, str):
                ids.append(identity)
                values.append(value)
        if fresh:
            self._emit(b"n", _json(fresh))
        self._emit(b"i", ids.tobytes())
        self._emit(b"v", values.tobytes())
        summary = {
            "workload": int(action.workload_type()),
            "names": [action.name(base) or "" for base in (_DEMANGLED, _FUNCTION, _MANGLED)],
            "metrics": len(names),
            "usable": usable,
            "duration": _duration(action, names),
            "facts": facts,
            "rules": list(_rules(action)),
            "nvtx": _innermost_range(action.nvtx_state()),
        }
        if self._mixes is not None and usable:
            summary["instructions"] = self._mixes.of(action, names)
        if self._samples is not None and usable:
            summary["samples"] = self._samples.of(action, names)
        self._emit(b"a", _json(summary))

    def _number(self, name: str) -> int:
        if self._wanted is not None and self._wanted.fullmatch(name) is None:
            self._ids[name] = -1
            return -1
        self._ids[name] = self._named
        self._named += 1
        return self._ids[name]


class Texts:
    """The texts of instructions, by kernel name and addresses: disassembling is slow, and launches
    of one kernel share its code."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[int, ...]], tuple[int, list[str | None]]] = {}

    def of(self, action: Any, addresses: tuple[int, ...]) -> tuple[int, list[str | None]]:
        """Return the number of a code, counted from 0, and the text of each of its addresses."""
        key = (action.name(_MANGLED) or "", addresses)
        if key not in self._known:
            texts = [action.sass_by_pc(address) for address in addresses]
            self._known[key] = (len(self._known), texts)
        return self._known[key]


class Mixes:
    """The instructions that actions executed, by opcode.

    A text that does not fit the report's own sums by opcode is not believed.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._parsed: dict[int, list[tuple[str, bool] | None]] = {}

    def of(self, action: Any, names: tuple[str, ...]) -> dict[str, Any] | None:
        """Return source, rows and state of the text of one action; None where nothing is counted.

        A row is opcode, whether it only moves (None where unknown), and how often warps and
        threads (None where not counted) executed it.
        """
        held = frozenset(names)
        summed = _by_opcode(action, held)
        rows, text = self._by_text(action, held)
        if rows is not None and summed is not None and not _agree(rows, summed):
            rows, text = None, "contradicts"
        if rows is not None:
            return {"source": "sass", "rows": rows, "text": text}
        return {**summed, "text": text} if summed is not None else None

    def _by_text(self, action: Any, held: frozenset[str]) -> tuple[list[Any] | None, str]:
        """Return the rows by counts per address and the instructions' text, and its state."""
        warps = _instances(action, held, _PER_PC[0])
        if warps is None:
            return None, "not counted"
        threads = _instances(action, held, _PER_PC[1])
        code, texts = self._texts.of(action, tuple(warps))
        if code not in self._parsed:
            self._parsed[code] = [parse_instruction(text) for text in texts]
        rows: dict[tuple[str, bool], list[int]] = {}
        for (pc, count), parsed in zip(warps.items(), self._parsed[code], strict=True):
            if count == 0:
                continue
            if parsed is None:
                return None, "missing"
            row = rows.setdefault(parsed, [0, 0])
            row[0] += count
            row[1] += threads.get(pc, 0) if threads is not None else 0
        counted = threads is not None
        return [[*key, n, of if counted else None] for key, (n, of) in rows.items()], "read"


class Samples:
    """Where warps were found when they were sampled: instructions and source lines, hottest first.

    Only the file names of sources are told, never their folders.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._told: set[int] = set()
        self._sources: dict[tuple[str, int], tuple[str, int] | None] = {}
        self._paths: dict[str, str] = {}
        self._held: dict[str, dict[str, list[str]]] = {}

    def of(self, action: Any, names: tuple[str, ...]) -> dict[str, Any] | None:
        """Return the samples of one action; None where none were taken.

        ``total`` are all of them, ``code`` the number of the listing that the addresses are of,
        ``listing`` its addresses and texts where it was not told before. A row of ``rows`` is
        address, samples, the main stall, its samples, file and line (None where not recorded); one
        of ``lines`` file, line, samples, the main stall, its samples and the line's own text (None
        where the report holds no source).
        """
        held = frozenset(names)
        reasons = {
            name[len(_SAMPLES_STALLED) :]: action.metric_by_name(name)
            for name in names
            if name.startswith(_SAMPLES_STALLED) and not name.endswith(_NOT_ISSUED)
        }
        at = _counts(action.metric_by_name(_SAMPLES)) if _SAMPLES in held else {}
        if not sum(at.values()):
            at = {}
            for metric in reasons.values():
                for address, count in _counts(metric).items():
                    at[address] = at.get(address, 0) + count
        total = sum(at.values())
        if not total:
            return None
        stalls = _Stalls(reasons, at)
        hottest = sorted(at, key=lambda address: (-at[address], address))[:_HOT]
        rows = [
            [address, at[address], *stalls.main([address]), *(self._source(action, address))]
            for address in hottest
            if at[address]
        ]
        executed = _instances(action, held, _PER_PC[0])
        listed = tuple(executed if executed else sorted(at))
        code, texts = self._texts.of(action, listed)
        found = {
            "total": total,
            "code": code,
            "rows": rows,
            "lines": self._lines(action, at, stalls),
        }
        if code not in self._told:
            self._told.add(code)
            found["listing"] = [[a, t] for a, t in zip(listed, texts, strict=True)]
        return found

    def _lines(self, action: Any, at: dict[int, int], stalls: _Stalls) -> list[list[Any]]:
        lines: dict[tuple[str, int], list[int]] = {}
        for address, count in at.items():
            file, line = self._source(action, address)
            if count and file is not None and line is not None:
                lines.setdefault((file, line), []).append(address)
        summed = {line: sum(at[address] for address in its) for line, its in lines.items()}
        hottest = sorted(summed, key=lambda line: (-summed[line], line))[:_HOT]
        return [
            [*line, summed[line], *stalls.main(lines[line]), self._text(action, *line)]
            for line in hottest
        ]

    def _text(self, action: Any, file: str, line: int) -> str | None:
        kernel = action.name(_MANGLED) or ""
        if kernel not in self._held:
            sources = action.source_files()
            self._held[kernel] = {path: sources[path].splitlines() for path in sources}
        texts = self._held[kernel].get(self._paths[file], [])
        return texts[line - 1].strip()[:_LINE_LENGTH] if 0 < line <= len(texts) else None

    def _source(self, action: Any, address: int) -> tuple[str | None, int | None]:
        key = (action.name(_MANGLED) or "", address)
        if key not in self._sources:
            info = action.source_info(address)
            path = info.file_name() if info is not None else ""
            name = re.split(r"[/\\]", path)[-1]
            self._paths[name] = path
            self._sources[key] = (name, int(info.line())) if name else None
        return self._sources[key] or (None, None)


class _Stalls:
    """Samples by reason, read only at the addresses that are asked for."""

    def __init__(self, reasons: dict[str, Any], at: dict[int, int]) -> None:
        self._reasons = {name: one for name, one in reasons.items() if one.num_instances()}
        self._positions: dict[str, dict[int, int]] = {}
        self._at = at

    def main(self, addresses: list[int]) -> tuple[str | None, int]:
        """Return the reason for which most warps waited there, and its samples."""
        sums = {
            name: sum(self._count(name, address) for address in addresses)
            for name in self._reasons
            if name != _ISSUED
        }
        most = max(sums, key=lambda name: sums[name], default=None)
        return (most, sums[most]) if most is not None and sums[most] else (None, 0)

    def _count(self, name: str, address: int) -> int:
        metric = self._reasons[name]
        if name not in self._positions:
            ids = metric.correlation_ids()
            self._positions[name] = {
                ids.as_uint64(position): position for position in range(metric.num_instances())
            }
        position = self._positions[name].get(address)
        return 0 if position is None else int(metric.as_uint64(position))


def _counts(metric: Any) -> dict[int, int]:
    """Return the counts of a metric by address; empty where it has none."""
    size = metric.num_instances()
    if not size or not metric.has_correlation_ids():
        return {}
    ids = metric.correlation_ids()
    if ids.kind() == _STRING:
        return {}
    counts: dict[int, int] = {}
    for position in range(size):
        count = metric.as_uint64(position)
        if count > _COUNT_LIMIT:
            return {}
        address = ids.as_uint64(position)
        counts[address] = counts.get(address, 0) + count
    return counts


def parse_instruction(text: str | None) -> tuple[str, bool] | None:
    """Return opcode with modifiers, and whether it only sets or converts; None if unknown.

    Compilers set constants with ``HFMA2.MMA R1, -RZ, RZ, 0, 0`` and widen halves with
    ``HADD2.F32 R1, -RZ, R2.H0_H0``: nothing is computed, though NVIDIA's counters count it.
    """
    if not text or _NO_TEXT in text:
        return None
    words = text.split(None, 1)
    if words and words[0].startswith("@"):
        words = words[1].split(None, 1) if len(words) > 1 else []
    if not words:
        return None
    opcode = words[0].rstrip(";")
    if not opcode.startswith(("HFMA2", "HADD2.F32")):
        return opcode, False
    sources = words[1].split(",")[1:3] if len(words) > 1 else []
    zeros = [source.strip(" -|;").partition(".")[0] in ("RZ", "URZ") for source in sources]
    return opcode, any(zeros) if opcode.startswith("HADD2") else len(zeros) == 2 and all(zeros)


def _by_opcode(action: Any, held: frozenset[str]) -> dict[str, Any] | None:
    """Return source and rows of the report's own sums by opcode, those with modifiers first."""
    for source, (warp_metric, thread_metric) in _PER_OPCODE.items():
        warps = _instances(action, held, warp_metric)
        if warps is None:
            continue
        threads = _instances(action, held, thread_metric)
        rows = [
            [str(opcode), None, count, None if threads is None else threads.get(opcode, 0)]
            for opcode, count in warps.items()
        ]
        return {"source": source, "rows": rows}
    return None


def _instances(action: Any, held: frozenset[str], name: str) -> dict[Any, int] | None:
    """Return counts of an instanced metric by address or opcode; None if they are not complete.

    They are complete where they add up to the metric's own value.
    """
    if name not in held:
        return None
    metric = action.metric_by_name(name)
    size = metric.num_instances()
    if not size or not metric.has_correlation_ids():
        return None
    ids = metric.correlation_ids()
    read = ids.as_string if ids.kind() == _STRING else ids.as_uint64
    counts: dict[Any, int] = {}
    for position in range(size):
        key, count = read(position), metric.as_uint64(position)
        if count > _COUNT_LIMIT:
            return None
        counts[key] = counts.get(key, 0) + count
    whole = _value(metric)
    complete = isinstance(whole, float) and math.isclose(sum(counts.values()), whole, rel_tol=1e-6)
    return counts if complete else None


def _agree(rows: list[Any], summed: dict[str, Any]) -> bool:
    """Whether the text gives the report's own sums by opcode.

    Modifiers are compared for matrix instructions alone, whose shape they say: versions of the
    disassembler spell others differently.
    """
    totals: list[dict[str, int]] = []
    for mix in (rows, summed["rows"]):
        total: dict[str, int] = {}
        for opcode, _, count, _ in mix:
            key = opcode.partition(".")[0]
            if key.endswith("MMA") and summed["source"] == "opcode_modifier":
                key = opcode
            total[key] = total.get(key, 0) + count
        totals.append({key: count for key, count in total.items() if count})
    return totals[0] == totals[1]


def collect(
    context: Any,
    pattern: str | None,
    emit: Emit,
    instructions: bool = False,
    samples: bool = True,
) -> None:
    """Emit every action of every range of an ``ncu_report.IContext``, one at a time."""
    collector = Collector(pattern, emit, instructions, samples)
    for number in range(context.num_ranges()):
        report_range = context.range_by_idx(number)
        for position in range(report_range.num_actions()):
            collector.action(report_range.action_by_idx(position))
    emit(b"z", b"")


def _json(content: object) -> bytes:
    """Return JSON without lone surrogates, which damaged names may hold."""
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _value(metric: Any) -> float | str | None:
    """Return a metric's value; None where it has none, is NaN or is infinite."""
    kind = metric.kind()
    if kind == _STRING:
        return str(metric.as_string())
    if kind == _UNKNOWN:  # as_double() would give a plausible 0.0
        return None
    value = float(metric.as_double())
    return value if math.isfinite(value) else None


def _usable(action: Any, names: tuple[str, ...]) -> bool:
    """Whether the collection worked: the duration, or else some counter, is a number."""
    if _DURATION in names:
        return _value(action.metric_by_name(_DURATION)) is not None
    return any(
        isinstance(_value(action.metric_by_name(name)), float)
        for name in names
        if _NOT_COLLECTED.fullmatch(name) is None
    )


def _duration(action: Any, names: tuple[str, ...]) -> float | None:
    """Return the duration in ns; the oldest reports name it differently and vary its unit."""
    for name in (_DURATION, _OLD_DURATION):
        if name in names:
            metric = action.metric_by_name(name)
            value = _value(metric)
            scale = _NS_PER_UNIT.get(metric.unit() or "")
            return value * scale if isinstance(value, float) and scale is not None else None
    return None


def _rules(action: Any) -> Iterator[dict[str, Any]]:
    """Yield what each of NVIDIA's rules printed, with its estimated speed-up as (kind, %)."""
    for rule in action.rule_results():
        if not rule.has_rule_message():
            continue
        message = rule.rule_message()
        speedup = rule.speedup_estimation() if rule.has_speedup_estimation() else None
        if speedup is not None and not math.isfinite(speedup["speedup"]):
            speedup = None
        yield {
            "rule": rule.rule_identifier(),
            "section": rule.section_identifier(),
            "type": int(message["type"]),
            "title": message["title"],
            "message": message["message"],
            "speedup": None if speedup is None else [int(speedup["type"]), speedup["speedup"]],
        }


def _innermost_range(state: Any) -> str | None:
    """Return the innermost push/pop range of the first domain with one, else a start/end range."""
    if state is None:
        return None
    domains = [state.domain_by_id(number) for number in state.domains()]
    for ranges in ("push_pop_ranges", "start_end_ranges"):
        for domain in domains:
            open_ranges = getattr(domain, ranges)() if domain is not None else ()
            if open_ranges:
                return str(open_ranges[-1])
    return None


def _bind(most: str, parent: str) -> None:
    """Take no more memory than so many bytes, and end with the process that started this one."""
    if sys.platform != "linux":
        return
    import ctypes
    import resource

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it ended before it could be told of
        os._exit(1)
    if most:
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([int(most), *known]), hard))


def main(arguments: list[str]) -> None:
    """Read the report that the arguments name and end the process, whatever it left behind."""
    path, pattern, package_folder, also, *bounds = arguments
    if bounds:
        _bind(*bounds)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that native code prints gets between the frames

    def emit(kind: bytes, content: bytes) -> None:
        output.write(kind + len(content).to_bytes(4, "little") + content)

    sys.path.append(package_folder)
    import ncu_report

    report, sampled = ncu_report.load_report(path), also == "instructions"
    collect(report, pattern or None, emit, bool(also), sampled)
    output.flush()
    os._exit(0)  # NVIDIA's destructors have nothing to add


if __name__ == "__main__":
    main(sys.argv[1:])
