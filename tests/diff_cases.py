"""Comparisons of every sort, made by hand: what each output must show without a capture."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from diff_factory import call, finding, kernel, report, set_otherwise, side, trace

from ncutool import diff

ROOF: dict[str, Any] = {
    "roof": "fp32", "peak_flop_per_s": 19.5e12, "peak_bytes_per_s": 1.55e12,
}  # fmt: skip
LONG = "void cutlass::device_kernel<at::native::(anonymous)::enable_3x_kernel_for_sm9x<" * 6
HOSTILE = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "{{ 7 * 7 }}",
    "\u202eabc", '"><svg onload=alert(1)>', "融合" * 40, "", "a\nb\tc",
)  # fmt: skip


def repeats() -> diff.Diff:
    """Five reports a side, in turn: one kernel slower, one faster, one the same."""
    chance = random.Random(3)

    def runs(factor: float, name: str) -> list[diff.Run]:
        return [
            report([
                kernel("steady", round(1e6 * chance.gauss(1, 0.002)), roofline_pct=55.0, **ROOF),
                kernel("work", round(2e6 * factor * chance.gauss(1, 0.002)),
                       roofline_pct=60 / factor, **ROOF),
                kernel("quick", round(9e5 * (2 - factor) * chance.gauss(1, 0.002)), flop=8e9,
                       bound="compute", roofline_pct=40.0, **ROOF),
            ], name=f"{name}-{at}.ncu-rep")
            for at in range(5)
        ]  # fmt: skip

    return diff.compare(side(*runs(1.0, "main")), side(*runs(1.08, "branch")), order="AB" * 5)


def moved() -> diff.Diff:
    """One report a side: a kernel leaves the compute roof, half its FLOPs gone."""
    before = [
        kernel("halo", 11_000, flop=None, bound="small_grid"),
        kernel("tendencies", 6_190_000, flop=2.28e10, dram_bytes=2.48e9, bound="compute",
               roofline_pct=55.5, **ROOF),
        kernel("step", 5_620_000, flop=3e8, dram_bytes=3.73e9, roofline_pct=74.4, **ROOF),
    ]  # fmt: skip
    after = [
        before[0] | {"duration_ns": 12_400},
        before[1] | {"duration_ns": 3_480_000, "flop": 9.3e9, "bound": "memory",
                     "roofline_pct": 80.7},
        before[2] | {"duration_ns": 5_590_000},
    ]  # fmt: skip
    found = (finding("tune-unfused", (1,), 0, 1_000_000), finding("tune-type", (1,), 0, 3_000_000))
    return diff.compare(
        side(report(before, name="weather-before.ncu-rep", findings=found)),
        side(report(after, name="weather-after.ncu-rep")),
    )


def fused() -> diff.Diff:
    """A trace of many launches, two of each layer merged to one; what is left over is idle."""

    def layer(n: int) -> list[dict[str, Any]]:
        return [
            call("mm", "[512,64] × [64,512]", "gemm", 60_000 + n, roofline_pct=60.0, **ROOF),
            call("pow", "[512,64]", "pow_kernel", 9_000, **ROOF),
            call("mul", "[512,64]", "mul_kernel", 8_000, **ROOF),
        ]

    def rewritten(n: int) -> list[dict[str, Any]]:
        return [layer(n)[0], call("norm", "[512,64]", "fused_norm", 7_000, **ROOF)]

    before = trace([row for n in range(30) for row in layer(n)], name="model.json.gz")
    after = trace(
        [row for n in range(30) for row in rewritten(n)], idle_ns=3_000, name="fused.json.gz"
    )
    return diff.compare(side(before), side(after))


def _batches(**more: Any) -> diff.Diff:
    sides = [
        side(trace([call("mm", f"[{rows},64] × [64,64]", "gemm", took, flop=rows * 1e6, **ROOF)],
                   batch=rows, name=f"model-b{rows}.json.gz"))
        for rows, took in ((16, 1_000_000), (64, 3_000_000))
    ]  # fmt: skip
    return diff.compare(*sides, **more)


def unlike() -> diff.Diff:
    """Stacks were recorded on one side, and it is compared all the same."""
    run = trace([call("mm", "[64,64]", "gemm", 1_000_000, **ROOF)], name="a.json.gz")
    other = trace([call("mm", "[64,64]", "gemm", 1_600_000, **ROOF)], name="b.json.gz")
    return diff.compare(side(run), side(set_otherwise(other, stacks=True)), force=True)


def hostile() -> diff.Diff:
    """Every name is one that should do harm."""
    rows = [call("relu", name, name, 90_000 * (at + 1)) for at, name in enumerate(HOSTILE)]
    rows.append(call("relu", LONG, LONG, 400_000, **ROOF))
    slow = [row | {"duration_ns": int(row["duration_ns"] * (1.5 if at % 2 else 0.5))}
            for at, row in enumerate(rows)]  # fmt: skip
    found = (finding(HOSTILE[0], (0,), 0, 50_000), finding(HOSTILE[1], (1,), 0, 80_000))
    return diff.compare(
        side(trace(rows, name=f"{HOSTILE[0]}.json", findings=found)),
        side(trace(slow, name=f"{LONG}.json")),
    )


def many() -> diff.Diff:
    """Two thousand groups, most of them slower."""
    rows = [call("mm", f"[{at},64] × [64,64]", f"gemm_{at}", 20_000 + at) for at in range(2_000)]
    slow = [row | {"duration_ns": int(row["duration_ns"] * (1.4 if at % 3 else 0.7))}
            for at, row in enumerate(rows)]  # fmt: skip
    return diff.compare(side(trace(rows, name="big-a.json")), side(trace(slow, name="big-b.json")))


def itself() -> diff.Diff:
    """A report against itself."""
    run = report([kernel("k", 50_000), kernel("l", 70_000)], name="one.ncu-rep")
    return diff.compare(side(run), side(run))


def untimed() -> diff.Diff:
    """Nothing is timed, nothing is counted."""
    row = kernel("k", 0, flop=None, dram_bytes=None, bound=None, sm_clock_hz=None)
    return diff.compare(side(report([row])), side(report([row])))


def empty() -> diff.Diff:
    """No launch on either side."""
    return diff.compare(side(report([])), side(report([])))


CASES: dict[str, Callable[[], diff.Diff]] = {
    "repeats": repeats,
    "moved": moved,
    "fused": fused,
    "other work": _batches,
    "other work, forced": lambda: _batches(force=True),
    "unlike, forced": unlike,
    "hostile": hostile,
    "many": many,
    "itself": itself,
    "untimed": untimed,
    "empty": empty,
}
