"""The tables ncutool itself makes: work per launch, kernels (the public contract), findings."""

from __future__ import annotations

from typing import Literal, get_args

from ncutool.base.roofs import ROOFS
from ncutool_parsers.schema import Column, Table

FLOP_SOURCES = ("counter", "sass", "opcode", "pipe", "shape", "kernel_args", "joined", "none")
BYTES_SOURCES = ("counter", "cycles", "shape", "kernel_args", "joined", "none")
MISSING = (
    *("duration", "flop_counters", "core_counters", "tensor_counters", "half_counters"),
    *("contradiction", "dram_counters", "dram_on_chip", "failed"),
)
"""What a report lacks for a launch's FLOPs or bytes."""
EXACTNESS = ("exact", "lower_bound", "upper_bound", "estimate")
PEAK_SOURCES = ("record", "device_table", "device_file", "measured", "none")
BOUNDS = (
    "compute",
    "memory",
    "balanced",
    "below_compute_roof",
    "below_memory_roof",
    "latency",
    "small_grid",
    "cache",
    "communication",
    "copy",
    "unknown",
)
PARTS = (
    "on_roofline",
    "bytes_only",
    "flops_only",
    "helper",
    "copy",
    "communication",
    "no_figures",
)
"""What is known of a launch: the parts that every launch's time is divided into, each once."""
FAMILIES = (
    "gemm",
    "convolution",
    "attention",
    "normalization",
    "softmax",
    "elementwise",
    "reduction",
    "copy",
    "indexing",
    "optimizer",
    "collective",
    "triton",
    "other",
)
FindingKind = Literal[
    "fuse", "batch", "graph", "communication", "precision",
    "input", "allocator", "copy", "sync", "tune",
]  # fmt: skip
"""What a finding changes; the JSON Schema lists the same."""
FINDING_KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
SavingPer = Literal["window", "row", "sample"]
"""What a finding's saving is of."""
SAVINGS_PER: tuple[SavingPer, ...] = get_args(SavingPer)
Grade = Literal["certain", "likely", "possible"]
"""How sure a finding is."""
GRADES: tuple[Grade, ...] = get_args(Grade)

_SOL_COLUMNS = (
    Column("sm_sol_pct", "float", "NVIDIA's compute speed of light, as recorded (ncu)", "%"),
    Column("memory_sol_pct", "float", "NVIDIA's memory speed of light, as recorded (ncu)", "%"),
    Column("dram_sol_pct", "float", "DRAM share of its peak, as recorded (ncu)", "%"),
    Column("l2_sol_pct", "float", "L2 share of its peak, as recorded (ncu)", "%"),
    Column("l1_sol_pct", "float", "L1 share of its peak while active, as recorded (ncu)", "%"),
)
_SOL_UNITS = (
    Column(
        "sm_sol_unit",
        "str",
        "the pipe or other unit whose share `sm_sol_pct` is, e.g. `fma`, `tensor`, `issue`, from "
        "its breakdown; null where that does not tell (ncu)",
    ),
    Column(
        "memory_sol_level",
        "str",
        "the memory level whose share `memory_sol_pct` is: `dram`, `l2`, `l1` (with what shared "
        "memory it holds) or `shared`; null where its breakdown does not tell (ncu)",
    ),
)
_CACHE_PEAKS = (
    Column(
        "hardware_bytes_per_s",
        "float",
        "memory clock x bus width, beyond which no DRAM peak of the device can be real (ncu)",
        "byte/s",
    ),
    Column("l2_read_bytes", "float", "L2 to SM traffic, as NVIDIA's roofline takes L2's", "byte"),
    Column("l2_peak_bytes_per_s", "float", "the record's own L2 to SM peak (ncu)", "byte/s"),
    Column("l1_peak_bytes_per_s", "float", "the record's own L1 peak (ncu)", "byte/s"),
    Column(
        "memory_level",
        "str",
        "`l2` for chips without DRAM counters, whose roofline is that of L2; else `dram`; null "
        "without bytes (ncu)",
    ),
)
_KINDS_OF_WORK = (
    Column("tensor_flop", "float", "those of `flop` that the tensor cores did (ncu)", "FLOP"),
    Column(
        "int_op",
        "float",
        "integer thread instructions outside the tensor cores, a multiply-add as one; never part "
        "of `flop` (ncu)",
        "operation",
    ),
)
_NVIDIA_COLUMNS = (
    Column("sol_class", "str", "NVIDIA's bottleneck title, recomputed from the counters (ncu)"),
    Column("fp32_peak_pct", "float", "achieved share of the record's FP32 peak (ncu)", "%"),
    Column("fp64_peak_pct", "float", "achieved share of the record's FP64 peak (ncu)", "%"),
    Column("fp32_to_fp64", "float", "ratio of the record's FP32 and FP64 peaks (ncu)"),
    Column(
        "launch_rule",
        "str",
        "`Small Grid` or `Tail Effect`, as the report printed it or as NVIDIA's rule of that "
        "version has it; null where it prints neither or that is not known (ncu)",
    ),
    Column(
        "launch_rule_speedup_pct",
        "float",
        "NVIDIA's estimate for it, which is no bound: a partial wave costs at most "
        "1 - waves / ceil(waves)",
        "%",
    ),
)

_JOIN_COLUMNS = (
    Column("modelled_flop", "float", "what the shapes say, where flop was measured (join)", "FLOP"),
    Column(
        "modelled_bytes",
        "float",
        "compulsory traffic, where dram_bytes was measured (join)",
        "byte",
    ),
    Column(
        "flop_measured_over_modelled",
        "float",
        "of the launch's whole operator: its kernels' measured FLOPs / those of its shapes (join)",
    ),
    Column(
        "bytes_measured_over_modelled",
        "float",
        "of the launch's whole operator: its kernels' measured DRAM bytes / compulsory (join)",
    ),
    Column("join_note", "str", "which of a report's launches gave the counters, or why none did"),
)

_EXACTNESS = (
    Column(
        "flop_exactness",
        "str",
        "`exact` (counted, or what the shapes require), `lower_bound`, `upper_bound`, or "
        "`estimate` (rests on an assumption that `remark` names); null where flop is",
    ),
    Column("bytes_exactness", "str", "the same of dram_bytes"),
)

_TRIAL = Column(
    "trial",
    "bool",
    "launched by a tuner that tried several kernels on one call of its operator (torch)",
)
_SHAPES = Column(
    "shapes",
    "list[list[int]]",
    "the shapes that `signature` shows, as numbers; of a list of tensors its first",
)

WORK = Table(
    "work",
    "FLOPs and bytes of each launch and where each figure came from; one row per launch.",
    (
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column("op", "str", "innermost operator that launched it (torch)"),
        Column("signature", "str", "its shapes, short, e.g. `[8944,1024] × [1024,2816]`"),
        _SHAPES,
        Column("family", "str", "kind of work, one of " + ", ".join(FAMILIES)),
        Column("dtype", "str", "data type of the math"),
        Column("flop", "float", "operations of this launch", "FLOP"),
        Column("flop_source", "str", "one of " + ", ".join(FLOP_SOURCES), nullable=False),
        *_KINDS_OF_WORK,
        Column("dram_bytes", "float", "DRAM traffic (ncu) or compulsory traffic (torch)", "byte"),
        Column("bytes_source", "str", "one of " + ", ".join(BYTES_SOURCES), nullable=False),
        *_EXACTNESS,
        Column("l2_bytes", "float", "L2 traffic, where counted", "byte"),
        Column("l1_bytes", "float", "L1 traffic, where counted", "byte"),
        *_CACHE_PEAKS,
        Column("roof", "str", "the compute roof it is held against, one of " + ", ".join(ROOFS)),
        Column(
            "missing_reason", "str", "why flop or dram_bytes is null; null where both are known"
        ),
        Column("missing", "list[str]", "the same as codes (ncu), of " + ", ".join(MISSING)),
        Column("remark", "str", "what qualifies the figures, e.g. `causal`, `lower bound`"),
        _TRIAL,
        Column("peak_flop_per_s", "float", "the record's own peak of `roof` (ncu)", "FLOP/s"),
        Column("peak_bytes_per_s", "float", "the record's own DRAM peak (ncu)", "byte/s"),
        Column("waves", "float", "waves per multiprocessor (ncu)"),
        *_SOL_COLUMNS,
        *_SOL_UNITS,
        *_NVIDIA_COLUMNS,
        *_JOIN_COLUMNS,
    ),
)

KERNELS = Table(
    "kernels",
    "The public contract: one row per launch, from every format. Columns are added, never renamed.",
    (
        Column("capture", "str", "file name of the capture", nullable=False),
        Column("source", "str", "`ncu` or `torch`", nullable=False),
        Column("launch_id", "int", "order in the capture, from 0", nullable=False),
        Column("category", "str", "`kernel`, `memcpy`, `memset`, `range`, `graph`", nullable=False),
        Column("kernel", "str", "short readable name", nullable=False),
        Column("kernel_full", "str", "full demangled name", nullable=False),
        Column("op", "str", "innermost operator that launched it (torch)"),
        Column("op_id", "int", "which call of it (torch)"),
        Column("signature", "str", "the operator's shapes, short"),
        _SHAPES,
        Column("family", "str", "kind of work, one of " + ", ".join(FAMILIES)),
        Column("stream", "int", "stream as recorded"),
        Column("rank", "int", "rank of the process in the job"),
        Column("device", "int", "device ordinal as recorded"),
        Column("compute_capability", "str", "e.g. `9.0`"),
        Column("grid_x", "int", "blocks in x"),
        Column("grid_y", "int", "blocks in y"),
        Column("grid_z", "int", "blocks in z"),
        Column("block_x", "int", "threads per block in x"),
        Column("block_y", "int", "threads per block in y"),
        Column("block_z", "int", "threads per block in z"),
        Column("start_ns", "int", "start, from the first launch's start; null for ncu", "ns"),
        Column("duration_ns", "int", "duration; null where it was not collected", "ns"),
        Column("dtype", "str", "data type of the math"),
        Column("flop", "float", "operations of the launch", "FLOP"),
        Column("flop_source", "str", "one of " + ", ".join(FLOP_SOURCES), nullable=False),
        *_KINDS_OF_WORK,
        Column("dram_bytes", "float", "DRAM traffic (ncu) or compulsory traffic (torch)", "byte"),
        Column("bytes_source", "str", "one of " + ", ".join(BYTES_SOURCES), nullable=False),
        *_EXACTNESS,
        Column("missing_reason", "str", "why flop or dram_bytes is null"),
        Column("remark", "str", "what qualifies the figures"),
        Column("l2_bytes", "float", "L2 traffic, where counted", "byte"),
        Column("l1_bytes", "float", "L1 traffic, where counted", "byte"),
        *_CACHE_PEAKS,
        *_SOL_COLUMNS,
        Column("roof", "str", "the compute roof it is held against"),
        Column("peak_flop_per_s", "float", "that roof", "FLOP/s"),
        Column("peak_bytes_per_s", "float", "the DRAM roof", "byte/s"),
        Column(
            "peak_source",
            "str",
            "`record` (the report's own clocks), `device_table`, `device_file` (--device-file), "
            "`measured` (--ceilings, one of its two peaks at least), `none`",
            nullable=False,
        ),
        Column("achieved_flop_per_s", "float", "flop / duration", "FLOP/s"),
        Column("achieved_bytes_per_s", "float", "dram_bytes / duration", "byte/s"),
        Column(
            "intensity_flop_per_byte",
            "float",
            "flop / dram_bytes; flop / l2_read_bytes where `memory_level` is `l2`",
            "FLOP/byte",
        ),
        Column("l2_intensity_flop_per_byte", "float", "flop / l2_read_bytes", "FLOP/byte"),
        Column("l1_intensity_flop_per_byte", "float", "flop / l1_bytes", "FLOP/byte"),
        Column("ridge_point_flop_per_byte", "float", "where the two roofs meet", "FLOP/byte"),
        Column("attainable_flop_per_s", "float", "min(peak, intensity × bandwidth)", "FLOP/s"),
        Column("roofline_pct", "float", "achieved / attainable; of bandwidth where flop is 0", "%"),
        Column("roof_side", "str", "`memory` or `compute`: side of the ridge point it lies on"),
        Column("bound", "str", "what holds it, one of " + ", ".join(BOUNDS), nullable=False),
        Column(
            "limiting_level",
            "str",
            "the memory level or the pipe that holds it: `memory_sol_level` or `sm_sol_unit` of "
            "the larger speed of light, where NVIDIA's rule SOLBottleneck says L1 also of shared "
            "memory; null where it is not known or `bound` names no limit",
        ),
        Column("limiting_detail", "str", "`shared` where `l1` is above all shared memory"),
        Column("bound_reason", "str", "one sentence with the numbers it rests on", nullable=False),
        Column(
            "part",
            "str",
            "what is known of it: `on_roofline` (FLOPs and bytes), `bytes_only` (no FLOPs, or "
            "unknown ones), `flops_only`, `helper` (its operator's work is on other kernels), "
            "`copy`, `communication`, `no_figures`; the parts divide the launch time",
            nullable=False,
        ),
        Column("flag", "str", "what is implausible about its figures and the likely cause"),
        *_NVIDIA_COLUMNS,
        Column("waves", "float", "waves per multiprocessor (ncu)"),
        Column("graph_replay", "bool", "launched by replaying a CUDA/HIP graph (torch)"),
        _TRIAL,
        Column("nvtx", "str", "innermost NVTX range or annotation"),
        Column("error", "str", "why this launch carries no counters"),
        *_SOL_UNITS,
        *_JOIN_COLUMNS,
    ),
)

_VALUE = (
    Column("metric", "str", "a column of `inside` or `kernels`, or what was counted"),
    Column("value", "float", "what it was in this launch"),
    Column("unit", "str", "of value and threshold; empty for a count"),
    Column("compare", "str", "`>=`, `>` or `<`: how the value lies to the threshold"),
    Column("threshold", "float", "what it was held against; null where against nothing"),
    Column("launch_id", "int", "the launch that it is of"),
    Column("offset", "int", "the instruction that it is of, from the first of its kernel", "byte"),
)
_PATH = (
    Column(
        "figures",
        "list[record]",
        "the evidence as values: what was counted, and what it was held against (ncu)",
        nullable=False,
        fields=_VALUE,
    ),
    Column("cap", "str", "why it saves no more than `alone_high_ns` (ncu)"),
    Column(
        "also",
        "list[record]",
        "what else would shorten the same launches, of which the finding saves most: no savings "
        "of one launch add up (ncu)",
        nullable=False,
        fields=(
            Column("rule", "str", "its code", nullable=False),
            Column("what", "str", "one line", nullable=False),
            Column("alone_high_ns", "int", "what it saves at most, done alone", "ns", False),
            Column("why", "str", "its numbers", nullable=False),
        ),
    ),
    Column(
        "excluded",
        "list[record]",
        "what was ruled out for the launch that it saves most of, and the value that rules it out "
        "(ncu)",
        nullable=False,
        fields=(
            Column("rule", "str", "code of what is not advised; null where there is no rule"),
            Column("what", "str", "what one might do", nullable=False),
            Column("why", "str", "why not", nullable=False),
            *_VALUE,
        ),
    ),
)

SENTENCES = ("bound_reason", "flag")
"""Columns of :data:`KERNELS` that are written to be read, each row's with its own numbers."""

FIGURES = Table(
    "figures",
    "What is told of all launches at once: the kernels table without its sentences.",
    (
        *(column for column in KERNELS.columns if column.name not in SENTENCES),
        Column("flagged", "bool", "whether `flag` says something", nullable=False),
    ),
)

FINDINGS = Table(
    "findings",
    "Ranked advice, surest saving first; of a report the kernel with most time first, one finding "
    "a launch. Savings of the window never add up to more than the time there is.",
    (
        Column("id", "str", "stable within one result, e.g. `fuse-1`", nullable=False),
        Column(
            "rule",
            "str",
            "stable code of what found it, e.g. `fuse-rmsnorm`: docs/rules",
            nullable=False,
        ),
        Column("kind", "str", "one of " + ", ".join(FINDING_KINDS), nullable=False),
        Column(
            "per",
            "str",
            "`window`: the window gets so much shorter; `row`, `sample`: it stays as long and does "
            "more of them, so that as many as now take so much less",
            nullable=False,
        ),
        Column("title", "str", "one line", nullable=False),
        Column("launches", "list[int]", "launch_id of every launch concerned", nullable=False),
        Column("kernels", "list[str]", "their distinct short names", nullable=False),
        Column("duration_ns", "int", "their time now", "ns", nullable=False),
        Column(
            "saving_low_ns",
            "int",
            "what it saves at least after the findings before it",
            "ns",
            nullable=False,
        ),
        Column(
            "saving_high_ns",
            "int",
            "what it saves at most after the findings before it",
            "ns",
            nullable=False,
        ),
        Column("saving_low_pct", "float", "the same, of the window", "%", nullable=False),
        Column("saving_high_pct", "float", "the same, of the window", "%", nullable=False),
        Column("grade", "str", "one of " + ", ".join(GRADES), nullable=False),
        Column("evidence", "list[str]", "sentences with numbers", nullable=False),
        Column("remedy", "str", "what to do, concretely", nullable=False),
        Column("alone_low_ns", "int", "what it saves at least, done alone", "ns", nullable=False),
        Column("alone_high_ns", "int", "what it saves at most, done alone", "ns", nullable=False),
        Column(
            "overlaps", "list[str]", "findings that claim the same launches or gaps", nullable=False
        ),
        Column("code", "str", "a line of code or a setting that does it"),
        Column("link", "str", "documentation of what the remedy names"),
        Column("caveat", "str", "what would make the finding wrong"),
        *_PATH,
    ),
)
