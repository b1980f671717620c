"""Analyses made by hand, so that outputs are tested without a capture or a reader."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ncutool.advice.view.finding import Advice, Finding
from ncutool.analysis.analyse import Analysis
from ncutool.base import tables
from ncutool.companions.launch_work import Done
from ncutool.devices.resolve import Device, Resolution
from ncutool.roofline.partition import with_part
from ncutool.timeline.window import Timeline
from ncutool.work.repeats import WorkOfEach
from ncutool_parsers.capture import Capture, Notice
from ncutool_parsers.formats import NCU_REPORT, TORCH_TRACE
from ncutool_parsers.schema import LAUNCHES

H100 = Device(
    name="Test H100",
    compute_capability="9.0",
    sm_count=132,
    memory_bytes=80_000_000_000,
    peak_bytes_per_s=3.35e12,
    peak_flop_per_s={"fp32": 66.9e12, "bf16_tensor": 989e12, "fp16_tensor": 989e12},
    sparse_peak_flop_per_s={"bf16_tensor": 1979e12},
    source="data sheet",
)
HOSTILE_NAME = "evil</script><img src=x onerror=\"document.title='owned'\">\u202e`|\x1b[31m=1+1"

_WORK: tuple[dict[str, Any], ...] = (
    # op, kernel, dims, roof, flop, bytes, share of its roof, bound
    {"op": "aten::mm", "kernel": "sm90_xmma_gemm_bf16", "signature": "[8944,1024] × [1024,2816]",
     "dtype": "bf16", "roof": "bf16_tensor", "flop": 51.6e9, "bytes": 74.5e6, "pct": 62.0,
     "bound": "compute", "family": "gemm"},
    {"op": "aten::mul", "kernel": "vectorized_elementwise_kernel", "signature":
     "[16,559,1024] × [16,559,1]", "dtype": "fp32", "roof": "fp32", "flop": 9.16e6,
     "bytes": 73.3e6, "pct": 67.0, "bound": "memory", "family": "elementwise"},
    {"op": "aten::_flash_attention_forward", "kernel": "flash_fwd_kernel", "signature":
     "[16,559,16,64] × [16,559,16,64]", "dtype": "bf16", "roof": "bf16_tensor", "flop": 10.2e9,
     "bytes": 73.3e6, "pct": 19.0, "bound": "latency", "family": "attention"},
    {"op": "aten::add", "kernel": "vectorized_elementwise_kernel", "signature":
     "[16,559,1024] × [16,559,1024]", "dtype": "bf16", "roof": "fp32", "flop": 9.16e6,
     "bytes": 54.9e6, "pct": 82.0, "bound": "memory", "family": "elementwise"},
)  # fmt: skip


def torch_rows(launches: int = 60, *, seed: int = 0, gap_ns: int = 1_500) -> list[dict[str, Any]]:
    """Rows of a trace on the H100 above: GEMMs, elementwise work, unlinked kernels and copies."""
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    clock = 0
    for launch_id in range(launches):
        if launch_id % 10 == 8:
            row = _unmodelled_row(chance)
        elif launch_id % 20 == 9:
            row = _copy_row(chance)
        else:
            row = _modelled_row(_WORK[launch_id % len(_WORK)], chance)
        row |= {"launch_id": launch_id, "start_ns": clock, "op_id": launch_id}
        rows.append(_common_row("torch") | row)
        clock += row["duration_ns"] + chance.randrange(gap_ns * 2)
    return rows


def _common_row(source: str) -> dict[str, Any]:
    return {
        "capture": f"sample.{source}",
        "source": source,
        "category": "kernel",
        "compute_capability": "9.0",
        "stream": 7,
        "device": 0,
        "grid_x": 128, "grid_y": 1, "grid_z": 1, "block_x": 256, "block_y": 1, "block_z": 1,
        "flop_source": "none",
        "bytes_source": "none",
        "peak_source": "none",
        "bound": "unknown",
        "bound_reason": "nothing is known of its work",
    }  # fmt: skip


def _modelled_row(work: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    peak = H100.peak_flop_per_s[work["roof"]]
    intensity = work["flop"] / work["bytes"]
    attainable = min(peak, intensity * H100.peak_bytes_per_s)
    pct = work["pct"] * chance.uniform(0.95, 1.05)
    duration_ns = round(work["flop"] / (attainable * pct / 100) * 1e9)
    seconds = duration_ns / 1e9
    return {
        "kernel": work["kernel"],
        "kernel_full": f"void {work['kernel']}<4>(Params)",
        "op": work["op"],
        "signature": work["signature"],
        "family": work["family"],
        "dtype": work["dtype"],
        "duration_ns": duration_ns,
        "flop": work["flop"],
        "flop_source": "shape",
        "dram_bytes": work["bytes"],
        "bytes_source": "shape",
        "roof": work["roof"],
        "peak_flop_per_s": peak,
        "peak_bytes_per_s": H100.peak_bytes_per_s,
        "peak_source": "device_table",
        "achieved_flop_per_s": work["flop"] / seconds,
        "achieved_bytes_per_s": work["bytes"] / seconds,
        "intensity_flop_per_byte": intensity,
        "ridge_point_flop_per_byte": peak / H100.peak_bytes_per_s,
        "attainable_flop_per_s": attainable,
        "roofline_pct": 100 * work["flop"] / seconds / attainable,
        "roof_side": "memory" if intensity < peak / H100.peak_bytes_per_s else "compute",
        "bound": work["bound"],
        "bound_reason": f"{pct:.0f} % of the {work['bound']} roof",
    }


def _unmodelled_row(chance: random.Random) -> dict[str, Any]:
    return {
        "kernel": "triton_poi_fused_custom",
        "kernel_full": "triton_poi_fused_custom",
        "duration_ns": chance.randrange(3_000, 60_000),
        "missing_reason": "launched before the recording began",
    }


def _copy_row(chance: random.Random) -> dict[str, Any]:
    duration_ns = chance.randrange(2_000, 20_000)
    return {
        "kernel": "Memcpy HtoD",
        "kernel_full": "Memcpy HtoD (Pageable -> Device)",
        "category": "memcpy",
        "family": "copy",
        "stream": 13,
        "duration_ns": duration_ns,
        "flop": 0.0,
        "flop_source": "kernel_args",
        "dram_bytes": 65_536.0,
        "bytes_source": "kernel_args",
        "achieved_bytes_per_s": 65_536 / duration_ns * 1e9,
        "bound": "copy",
        "bound_reason": "a copy from the host",
    }


def ncu_rows(launches: int = 8, *, counters: bool = True) -> list[dict[str, Any]]:
    """Rows of a report: speeds of light, and FLOP counters where ``counters``."""
    rows = []
    for launch_id in range(launches):
        name = "sgemm_128x64" if launch_id % 2 else "softmax_kernel"
        row = _common_row("ncu") | {
            "launch_id": launch_id,
            "kernel": name,
            "kernel_full": f"void {name}<float>(float*, int)",
            "duration_ns": 40_000 + 10_000 * launch_id,
            "grid_x": 64 * (1 + launch_id % 3),
            "dram_bytes": 4e7,
            "bytes_source": "counter",
            "sm_sol_pct": 20.0 + 9 * launch_id,
            "memory_sol_pct": 85.0 - 8 * launch_id,
            "dram_sol_pct": 80.0 - 8 * launch_id,
            "sol_class": "High Memory Throughput" if launch_id < 3 else "Latency Issue",
            "bound": "memory" if launch_id < 3 else "latency" if launch_id < 5 else "compute",
            "bound_reason": "by the two speeds of light",
            "waves": 0.5 + launch_id,
        }
        if counters:
            row |= _counted(row, flop=2e7 * (1 + 40 * (launch_id % 2)))
        rows.append(row)
    return rows


def _counted(row: dict[str, Any], flop: float) -> dict[str, Any]:
    seconds = row["duration_ns"] / 1e9
    peak, peak_bytes = 51e12, 3.2e12
    intensity = flop / row["dram_bytes"]
    attainable = min(peak, intensity * peak_bytes)
    return {
        "flop": flop,
        "flop_source": "counter",
        "dtype": "fp32",
        "roof": "fp32",
        "peak_flop_per_s": peak,
        "peak_bytes_per_s": peak_bytes,
        "peak_source": "record",
        "achieved_flop_per_s": flop / seconds,
        "achieved_bytes_per_s": row["dram_bytes"] / seconds,
        "intensity_flop_per_byte": intensity,
        "ridge_point_flop_per_byte": peak / peak_bytes,
        "attainable_flop_per_s": attainable,
        "roofline_pct": 100 * flop / seconds / attainable,
        "roof_side": "memory" if intensity < peak / peak_bytes else "compute",
    }


def finding(number: int = 1, **changes: Any) -> Finding:
    """A finding that saves 1 to 2 ms of 50."""
    fields: dict[str, Any] = {
        "id": f"fuse-{number}",
        "rule": "fuse-add-norm",
        "kind": "fuse",
        "per": "window",
        "title": "Residual add + RMSNorm, nine kernels, in 48 places",
        "launches": (0, 1, 3),
        "kernels": ("vectorized_elementwise_kernel",),
        "duration_ns": 8_000_000,
        "saving_low_ns": 1_000_000,
        "saving_high_ns": 2_000_000,
        "saving_low_pct": 2.0,
        "saving_high_pct": 4.0,
        "grade": "certain",
        "evidence": ("Nine launches over [16,559,1024] take 168.1 µs a layer-half.",),
        "remedy": "`torch.compile` the decoder layer.",
        "alone_low_ns": 1_000_000,
        "alone_high_ns": 2_000_000,
    }
    return Finding(**(fields | changes))


def table(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows as the kernels table; columns that a row does not name are null."""
    known = tables.KERNELS.polars_schema()
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in known}, schema=known, strict=False
    )
    return with_part(tables.KERNELS.conform(frame))


def timeline_of(rows: Sequence[dict[str, Any]], **changes: Any) -> Timeline:
    """The window from the first start to the last end, with one gap before each late launch."""
    timed = [row for row in rows if row.get("start_ns") is not None]
    spans = sorted((row["start_ns"], row["start_ns"] + (row["duration_ns"] or 0)) for row in timed)
    gaps: list[dict[str, Any]] = []
    end, busy = (spans[0][0], 0) if spans else (0, 0)
    for index, (start, stop) in enumerate(spans):
        if start > end:
            cause = ("queue", "dispatch", "synchronize")[index % 3]
            gaps.append({
                "start_ns": end, "duration_ns": start - end, "cause": cause,
                "next_launch_id": index, "previous_end_ns": end, "device": 0,
            })  # fmt: skip
        busy += max(0, stop - max(start, end))
        end = max(end, stop)
    columns = dict.fromkeys(("start_ns", "duration_ns"), pl.Int64)
    gap_table = pl.DataFrame(
        gaps,
        schema={**columns, "cause": pl.String, "next_launch_id": pl.Int64,
                "previous_end_ns": pl.Int64, "device": pl.Int64},
    )  # fmt: skip
    begin = spans[0][0] if spans else 0
    fields: dict[str, Any] = {"start_ns": begin, "end_ns": end, "busy_ns": busy, "gaps": gap_table}
    return Timeline(**(fields | changes))


def analysis(
    rows: Sequence[dict[str, Any]],
    *,
    device: Device | None = H100,
    findings: Sequence[Finding] = (),
    notices: Sequence[Notice] = (),
    headline: str = "Elementwise work takes half of the time.",
    timeline: Timeline | None = None,
    name: str = "sample",
    **capture: Any,
) -> Analysis:
    """An analysis of these rows; a trace gets a timeline unless one is given."""
    form = NCU_REPORT if rows and rows[0]["source"] == "ncu" else TORCH_TRACE
    how = (
        "name 'Test H100' and 132 SMs"
        if device
        else "no known device; pass --assume-device NAME (ncutool devices lists them)"
    )
    if timeline is None and form is TORCH_TRACE and rows:
        timeline = timeline_of(rows)
    suffix = ".ncu-rep" if form is NCU_REPORT else ".json.gz"
    analysis = Analysis(
        capture=Capture(Path(f"{name}{suffix}"), form, LAUNCHES.empty(), **capture),
        resolution=Resolution(device, how),
        datasheet=device,
        work=Done(WorkOfEach(tables.WORK.empty()), None, None, ()),
    )
    return with_parts(
        analysis,
        kernels=table(rows),
        timeline=timeline,
        advice=Advice(findings=tuple(findings)),
        notices=tuple(notices),
        headline=headline,
        ceilings=(),
    )


def with_parts(analysis: Analysis, **parts: Any) -> Analysis:
    """A copy with parts that are given and not computed."""
    made = copy.copy(analysis)
    vars(made).update(parts)
    return made


def trace(launches: int = 60, **changes: Any) -> Analysis:
    """A trace with everything: findings, a timeline, gaps in coverage."""
    fields: dict[str, Any] = {"findings": [finding(1), finding(2, kind="batch", grade="likely")]}
    return analysis(torch_rows(launches), **(fields | changes))


def many_groups(launches: int, groups: int) -> Analysis:
    """A trace of so many launches, in about so many groups of unlike shapes, sizes and places."""
    chance = random.Random(1)
    rows = torch_rows(launches)
    size = [2 ** chance.uniform(-6, 6) for _ in range(groups)]
    reach = [chance.uniform(0.5, 1.2) for _ in range(groups)]
    clock = 0
    for row in rows:
        group = chance.randrange(groups)
        row |= {"start_ns": clock, "kernel": f"{row['kernel']}_{group % 40}"}
        if row.get("signature"):
            row["signature"] = f"[{group + 1},{row['signature'][1:]}"
        _resize(row, size[group], reach[group])
        clock += row["duration_ns"] + chance.randrange(3_000)
    return analysis(rows, findings=[finding(1, launches=tuple(range(0, launches, 7)))])


def _resize(row: dict[str, Any], size: float, reach: float) -> None:
    """Makes a launch so many times longer for the same work a byte, and slower by ``reach``."""
    for name in ("flop", "dram_bytes"):
        if row.get(name):
            row[name] *= size
    row["duration_ns"] = max(1, round(row["duration_ns"] * size / reach))
    for name in ("achieved_flop_per_s", "achieved_bytes_per_s", "roofline_pct"):
        if row.get(name):
            row[name] *= reach


def report(launches: int = 8, *, counters: bool = True, **changes: Any) -> Analysis:
    """A report of Nsight Compute, with or without FLOP counters."""
    return analysis(ncu_rows(launches, counters=counters), **changes)


def unknown_device(launches: int = 40) -> Analysis:
    """A trace on a device that no table knows: no peaks, no roofs, no bounds."""
    unknown = ("roof", "peak_flop_per_s", "peak_bytes_per_s", "ridge_point_flop_per_byte",
               "attainable_flop_per_s", "roofline_pct", "roof_side")  # fmt: skip
    rows = [
        {name: value for name, value in row.items() if name not in unknown}
        | {"bound": "unknown", "peak_source": "none", "bound_reason": "the device is unknown"}
        for row in torch_rows(launches)
    ]
    return analysis(rows, device=None)


def everything_null(launches: int = 3) -> Analysis:
    """Launches of which only the name is known: no time, no work, no place."""
    rows = [
        {
            "capture": "sample", "source": "torch", "launch_id": launch_id, "category": "kernel",
            "kernel": "kernel", "kernel_full": "kernel", "flop_source": "none",
            "bytes_source": "none", "peak_source": "none", "bound": "unknown",
            "bound_reason": "nothing is known of it",
        }
        for launch_id in range(launches)
    ]  # fmt: skip
    return analysis(rows, device=None)


def zero_durations() -> Analysis:
    """Clocks too coarse for the launches: every one took 0 ns."""
    rates = ("achieved_flop_per_s", "achieved_bytes_per_s", "roofline_pct")
    unknowable = {**dict.fromkeys(rates), "duration_ns": 0, "bound": "unknown"}
    return analysis([row | unknowable for row in torch_rows(12)])


def hostile() -> Analysis:
    """Names, notices and findings that try to leave their place."""
    rows = [
        row | {"kernel": HOSTILE_NAME, "op": HOSTILE_NAME, "signature": HOSTILE_NAME,
               "kernel_full": HOSTILE_NAME, "nvtx": HOSTILE_NAME, "flag": HOSTILE_NAME,
               "bound_reason": HOSTILE_NAME}
        for row in torch_rows(20)
    ]  # fmt: skip
    return analysis(
        rows,
        name=HOSTILE_NAME.replace("/", "\N{DIVISION SLASH}"),
        headline=HOSTILE_NAME,
        findings=[
            finding(title=HOSTILE_NAME, evidence=(HOSTILE_NAME,), remedy=f"`{HOSTILE_NAME}`")
        ],
        notices=[Notice("truncated", HOSTILE_NAME, "error")],
        private={"host": "secret-host", "user path": "secret-user"},
    )
