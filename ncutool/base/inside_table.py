"""The table of what a report knows of the inside of each launch."""

from __future__ import annotations

from ncutool_parsers.schema import Column, Table

_FILL = (
    Column("waves", "float", "how often its blocks fill all multiprocessors"),
    Column("registers_per_thread", "int", "registers of a thread"),
    Column("shared_memory_bytes", "int", "shared memory of a block", "byte"),
    Column("blocks_by_registers", "int", "blocks on a multiprocessor that registers allow"),
    Column("blocks_by_shared_memory", "int", "the same, by shared memory"),
    Column("blocks_by_blocks", "int", "the same, by the number of blocks"),
    Column("blocks_by_warps", "int", "the same, by the warps of a block"),
    Column("blocks_by_barriers", "int", "the same, by barriers"),
    Column("occupancy_theoretical_pct", "float", "warps that fit, of those that could", "%"),
    Column("occupancy_achieved_pct", "float", "warps that were there, of those that could", "%"),
    Column(
        "occupancy_limiters",
        "list[str]",
        "what bounds the theoretical occupancy, of `registers`, `shared_memory`, `blocks`, "
        "`warps`, `barriers`; empty where nothing does",
    ),
)
_ISSUE = (
    Column("issue_active_pct", "float", "cycles in which a scheduler issues", "%"),
    Column("eligible_warps", "float", "warps a scheduler could choose from in a cycle"),
    Column("active_warps", "float", "warps a scheduler holds"),
    Column("cycles_between_issues", "float", "cycles between two instructions of a warp", "cycle"),
    Column("stall_top", "str", "what warps wait for most, NVIDIA's name, e.g. `long_scoreboard`"),
    Column("stall_top_cycles", "float", "of the cycles between two instructions", "cycle"),
    Column("stall_top_pct", "float", "the same, of all of them", "%"),
    Column("stalls", "list[str]", "every reason to wait, largest first"),
    Column("stalls_cycles", "list[float]", "cycles of each of `stalls`, in its order", "cycle"),
    Column("stalls_pct", "list[float]", "the same, of all between two instructions", "%"),
    Column("threads_per_instruction", "float", "of 32 threads of a warp, those that execute it"),
)
_MEMORY = (
    Column("l1_hit_pct", "float", "sectors found in the first-level cache", "%"),
    Column("l2_hit_pct", "float", "sectors found in the second-level cache", "%"),
    Column("global_load_sectors_per_request", "float", "32-byte sectors a warp's load touches"),
    Column("global_store_sectors_per_request", "float", "the same of its stores"),
    Column("excess_sectors", "float", "sectors beyond what its global accesses need", "sector"),
    Column("excess_sectors_pct", "float", "the same, of all sectors at that level", "%"),
    Column("local_sectors", "float", "sectors of local memory, into which registers spill"),
    Column("local_pct", "float", "the same, of all global and local sectors of L1", "%"),
    Column("local_instructions", "float", "loads and stores of local memory by warps"),
    Column("shared_load_conflicts", "float", "passes that conflicts of banks add to shared loads"),
    Column(
        "shared_load_conflict_ways",
        "float",
        "passes a shared load takes where some conflict, as NVIDIA's rule prints it; 1 where none "
        "does",
    ),
    Column("shared_store_conflicts", "float", "the same of shared stores"),
    Column("shared_store_conflict_ways", "float", "the same of shared stores"),
    Column("shared_excess_pct", "float", "passes through L1 that conflicts add, of all", "%"),
)
_COMPUTE = (
    Column("pipe_top", "str", "the busiest pipe, NVIDIA's name, e.g. `fma`"),
    Column("pipe_top_pct", "float", "how much of what it can do it does", "%"),
    Column("pipes", "list[str]", "every pipe, busiest first"),
    Column("pipes_pct", "list[float]", "how busy each of `pipes` is, in its order", "%"),
    Column(
        "pipes_of",
        "str",
        "what these are of: `active` cycles of the multiprocessors, or all `elapsed` ones where "
        "the report holds only those",
    ),
    Column("fma_dtype", "str", "the type that most floating-point instructions compute in"),
    Column("fma_share_pct", "float", "fused multiply-adds among them", "%"),
    Column("fp_ceiling_pct", "float", "of the peak, what that mix can reach at most", "%"),
)
_LIMIT = (
    Column(
        "limiting_level",
        "str",
        "the unit whose share is the larger speed of light, whatever it reaches: `dram`, `l2`, "
        "`l1`, or a pipe; null where the breakdown does not tell",
    ),
    Column("limiting_detail", "str", "`shared` where that is L1, busy with shared memory"),
    Column("limiting_pct", "float", "the larger speed of light", "%"),
)
_HOT = (
    Column("samples", "int", "how often its warps were sampled"),
    Column("hot_instruction", "str", "where most were found: SASS; null without its text"),
    Column("hot_offset", "int", "the same, from the first instruction of the kernel", "byte"),
    Column("hot_pct", "float", "samples at it, of all", "%"),
    Column("hot_stall", "str", "what most of its warps waited for, NVIDIA's name"),
    Column("hot_file", "str", "name of its source file, where -lineinfo recorded it"),
    Column("hot_line", "int", "its line in that file"),
    Column("hot_load", "str", "the load that wrote the operand it waits for: SASS"),
    Column("hot_load_sure", "bool", "false where a branch lies between: that load is probable"),
    Column("hot_lines", "list[str]", "source lines with most samples, `file:line`, hottest first"),
    Column("hot_lines_pct", "list[float]", "samples at each of them, of all", "%"),
)
INSIDE = Table(
    "inside",
    "What a report knows of the inside of each launch; one row per launch. A null has its reason "
    "in `missing`.",
    (
        Column("launch_id", "int", "row of `kernels`", nullable=False),
        Column("kernel", "str", "short readable name", nullable=False),
        Column("duration_ns", "int", "duration; null where it was not collected", "ns"),
        *_FILL,
        *_ISSUE,
        *_MEMORY,
        *_COMPUTE,
        *_LIMIT,
        *_HOT,
        Column("missing", "list[str]", "what is not known, and why"),
        Column("missing_sections", "list[str]", "sections of Nsight Compute that would tell it"),
    ),
)
HOT = tuple(column.name for column in _HOT)
"""The columns of where its warps were found."""
