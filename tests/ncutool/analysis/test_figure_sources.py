"""No figure without a source and no gap without a reason: on random records and on real ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_calls import TYPES
from trace_factory import Trace, kernels

from ncutool.analysis.analyse import read_and_analyse
from ncutool.base.tables import BYTES_SOURCES, FLOP_SOURCES
from ncutool.roofline import place
from ncutool.work import counters
from ncutool.work.operators import REGISTRY
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import EmptyError
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.schema import INSTRUCTIONS, LAUNCHES, METRICS

FIGURES = {"flop": ("flop_source", FLOP_SOURCES), "dram_bytes": ("bytes_source", BYTES_SOURCES)}


def check(table: pl.DataFrame) -> None:
    """A null figure has source `none` and a reason; a figure has a source, and is a number."""
    for row in table.iter_rows(named=True):
        for figure, (column, allowed) in FIGURES.items():
            assert row[column] in allowed, row
            assert (row[figure] is None) == (row[column] == "none"), row
            if row[figure] is None:
                assert row["missing_reason"] or row["error"], row
            else:
                assert row[figure] >= 0, row
        assert row["tensor_flop"] is None or 0 <= row["tensor_flop"] <= row["flop"], row
        assert row["peak_source"] != "none" or row["roofline_pct"] is None, row
        numbers = [value for value in row.values() if isinstance(value, float)]
        assert all(map(math.isfinite, numbers)), row


def names() -> list[str]:
    """Metrics of every kind that the counters read."""
    core = "s{}__sass_thread_inst_executed_op_{}_pred_on.sum{}"
    operations = [f"{t}{kind}" for t in "fdh" for kind in ("add", "mul", "fma")]
    paths = ["src_fp16_bf16_tf32_dst_fp32", "src_int8", "src_fp64", "src_fp8_sparsity_off"]
    paths += [f"src_{t}_dst_fp32" for t in ("bf16", "tf32", "fp16")]
    paths += [f"src_{t}_sparsity_off" for t in ("bf16_dst_fp32", "int8", "tf32_dst_fp32")]
    paths += ["op_hgmma_src_bf16_dst_fp32_sparsity_off", "op_hmma_src_fp16_dst_fp32_sparsity_on"]
    return [
        "gpu__time_duration.sum",
        "sm__cycles_elapsed.avg.per_second",
        "smsp__cycles_elapsed.avg.per_second",
        "gpc__cycles_elapsed.avg.per_second",
        "device__attribute_multiprocessor_count",
        "device__attribute_global_memory_bus_width",
        "launch__waves_per_multiprocessor",
        "sm__throughput.avg.pct_of_peak_sustained_elapsed",
        "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed",
        "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
        "dram__cycles_active.avg.pct_of_peak_sustained_elapsed",
        *(f"dram__bytes{part}.sum" for part in ("", "_read", "_write")),
        *(f"dram__bytes.sum.{part}" for part in ("per_second", "peak_sustained")),
        "dram__cycles_elapsed.avg.per_second",
        "lts__lts2xbar_cycles_active.sum.per_second",
        "lts__lts2xbar_cycles_active.sum.peak_sustained",
        "lts__cycles_elapsed.avg.per_second",
        "l1tex__lsu_writeback_active_mem_lg.sum",
        "l1tex__lsu_writeback_active_mem_lg.sum.peak_sustained",
        "l1tex__cycles_elapsed.avg.per_second",
        "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed",
        "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active",
        "sm__inst_executed_pipe_tensor_op_hmma.avg.pct_of_peak_sustained_active",
        *(core.format("msp", operation, ".per_cycle_elapsed") for operation in operations),
        *(core.format("m", operation, ".peak_sustained") for operation in operations),
        *(f"sm__ops_path_tensor_{path}.sum" for path in paths),
        *(f"sm__ops_path_tensor_{path}.sum.peak_sustained" for path in paths),
    ]


OPCODES = [
    *("FFMA", "FADD.FTZ", "DFMA", "HFMA2.MMA", "HADD2.F32", "IMAD", "EXIT", "FFMA2", "HMMA"),
    *("HMMA.16816.F32.BF16", "IMMA.16832.S8.S8", "HGMMA.64x256x16.F32", "UTCHMMA", "DMMA.884"),
]
VALUES = st.sampled_from([0.0, 1e-9, 0.5, 4.0, 40.0, 99.0, 130.0, 1e6, 1e9, 5e12])
COUNTS = st.integers(0, 10**12)
METRIC_SETS = st.one_of(
    st.dictionaries(st.sampled_from(names()), VALUES),
    st.fixed_dictionaries(dict.fromkeys(names(), VALUES)),
    st.fixed_dictionaries(
        dict.fromkeys(names()[:11], VALUES), optional=dict.fromkeys(names()[11:], VALUES)
    ),
)


@st.composite
def launches(draw: st.DrawFn) -> dict[str, Any]:
    """A launch of a report: device, time, counters and instructions, any of them missing."""
    source = draw(st.sampled_from(["sass", "opcode_modifier", "opcode"]))
    rows = draw(st.lists(st.tuples(st.sampled_from(OPCODES), COUNTS, COUNTS), max_size=6))
    threads = draw(st.booleans())
    moves = st.booleans() if source == "sass" else st.none()
    return {
        "capability": draw(
            st.sampled_from(["6.1", "7.0", "7.5", "8.0", "8.6", "8.7", "9.0", "10.0", "12.1", None])
        ),
        "duration_ns": draw(st.sampled_from([None, 0, 1, 1000, 10**9])),
        "kernel": draw(st.sampled_from(["k", "ampere_bf16_s16816gemm_bf16_128x64", "flash_fwd"])),
        "error": draw(st.sampled_from([None, None, None, "the collection failed"])),
        "metrics": draw(METRIC_SETS),
        "instructions": [
            (source, opcode, draw(moves), warps, of if threads else None)
            for opcode, warps, of in rows
        ],
    }


def report(found: list[dict[str, Any]]) -> Capture:
    """A capture of these launches."""
    rows = [
        {
            "launch_id": launch_id,
            "category": "kernel",
            "kernel": one["kernel"],
            "kernel_full": one["kernel"],
            **{key: one[key] for key in ("duration_ns", "error")},
            "compute_capability": one["capability"],
        }
        for launch_id, one in enumerate(found)
    ]
    metrics = [(i, *pair) for i, one in enumerate(found) for pair in one["metrics"].items()]
    executed = [(i, *row) for i, one in enumerate(found) for row in one["instructions"]]
    return Capture(
        path=Path("r.ncu-rep"),
        format=NCU_REPORT,
        launches=LAUNCHES.conform(pl.from_dicts(rows, infer_schema_length=None)),
        metrics=pl.DataFrame(metrics, schema=METRICS.polars_schema(), orient="row"),
        instructions=pl.DataFrame(executed, schema=INSTRUCTIONS.polars_schema(), orient="row"),
    )


@given(st.lists(launches(), min_size=1, max_size=4))
@settings(max_examples=400, deadline=None)
def test_random_reports(found: list[dict[str, Any]]) -> None:
    """Any counters and instructions: a sourced figure or a reason, and numbers all finite."""
    capture = report(found)
    check(place.place(capture, counters.work(capture), None))


SHAPES = st.lists(st.lists(st.integers(0, 64), max_size=4), max_size=4)
OPERATORS = st.sampled_from([*sorted(REGISTRY), "aten::nothing_known", "triton_poi_fused_add_0"])


@given(
    st.lists(
        st.tuples(
            OPERATORS,
            SHAPES,
            st.sampled_from(sorted(TYPES.values())),
            st.sampled_from([0, 1, 5_000]),
            st.sampled_from(["kernel", "kernel", "memcpy", "memset"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_random_traces(steps: list[tuple[str, list[list[int]], str, int, str, bool]]) -> None:
    """Any operators with any shapes, copies, unlinked launches: the same."""
    trace = Trace()
    for step, (operator, dims, dtype, duration, category, linked) in enumerate(steps):
        start = step * 10_000
        op = trace.op(operator, start, start + 5_000, dims, [dtype] * len(dims))
        link = {"op_id": op, "called": (start + 100, start + 200)} if linked else {}
        trace.kernel(start + 300, duration, category=category, **link)
    check(kernels(trace.capture(shapes_recorded=True)))


def test_real_captures(corpus: Path) -> None:
    """Every launch of every real report and trace."""
    checked = 0
    for path in sorted([*(corpus / "ncu").glob("*rep*"), *(corpus / "torch").glob("*.json.gz")]):
        try:
            table = read_and_analyse(path).kernels
        except EmptyError:
            continue
        check(table)
        checked += 1
    assert checked >= 40
