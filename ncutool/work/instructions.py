"""What instructions compute: the operations of a launch from the opcodes it executed.

CUDA-core operations are thread instructions with their predicate on: an FMA is two, packed
instructions count both halves (NVIDIA's own convention, section SpeedOfLight_RooflineChart; equal
to its counters on every record that has both). A warp's matrix instruction is 2 M N K operations,
with the shape in the opcode: ``HMMA.16816.F32.BF16`` multiplies 16 x 16 by 16 x 8. What cannot be
derived is said: the shape of ``UTC*MMA`` stands in a descriptor, and how 2:4 sparse instructions
are to be counted is not proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ncutool.base.thresholds import IntThreshold

WARP_THREADS = 32
_CORE = re.compile(r"(?P<type>[FDH])(?P<kind>ADD|MUL|FMA)(?P<packed>2?)(_?32I)?(\..*)?")
_OPERATIONS = {"ADD": 1, "MUL": 1, "FMA": 2}
_CORE_TYPES = {"F": "fp32", "D": "fp64", "H": "fp16"}
_TENSOR = re.compile(r"(?P<type>[HIDBQO])(?P<group>G?)MMA(?P<modifiers>(\.\w+)*)")
_UNKNOWN_TENSOR = re.compile(r"(?!HFMA2)\w*MMA(\..*)?")
_SHAPES = {
    "884": (8, 8, 4),
    "1684": (16, 8, 4),
    "1688": (16, 8, 8),
    "16816": (16, 8, 16),
    "16832": (16, 8, 32),
    "16864": (16, 8, 64),
    "168128": (16, 8, 128),
    "168256": (16, 8, 256),
    "8816": (8, 8, 16),
    "8832": (8, 8, 32),
    "88128": (8, 8, 128),
}
_SHAPE = re.compile(r"(\d+)x(\d+)x(\d+)")
_VOLTA_STEP = IntThreshold(
    512,
    "operation",
    "each of the four steps of a Volta HMMA.884 with FP32 sums",
    "NVIDIA, section SpeedOfLight_HierarchicalTensorRooflineChart: inst_executed_pipe_tensor x 512",
)
_WARPS_A_GROUP = IntThreshold(
    4, "warps", "a warpgroup: each of its warps counts one instruction for all", "NVIDIA, PTX ISA"
)
_UNPROVEN = frozenset("QO")
_INTEGER = re.compile(
    r"(IABS|IADD|IADD3|IADD32I|IDP|IDP4A|IMAD(?!\.MOV)|IMNMX|IMUL|IMUL32I|ISCADD|ISETP|LEA|LOP|"
    r"LOP3|LOP32I|PLOP3|SHF|SHL|SHR|POPC|FLO|BREV|BMSK|SGXT|VABSDIFF|VABSDIFF4|VIADD|VIMNMX)"
    r"(\..*)?"
)


class Executed(NamedTuple):
    """One row of :data:`ncutool_parsers.schema.INSTRUCTIONS` without its launch."""

    source: str
    opcode: str
    moves: bool | None
    warps: int
    threads: int | None


class Matrix(NamedTuple):
    """Tensor-core operations of one kind of instruction."""

    opcode: str
    dtype: str
    warps: int
    flop: float
    group: bool
    """A warp group's instruction (wgmma), which alone reaches Hopper's full rate."""
    narrow_sum: bool
    """It adds up in FP16, which some cards do at twice the rate of FP32."""
    estimate: bool
    """How the instruction is counted is not proven: to be believed only with other evidence."""


class Mix(NamedTuple):
    """Operations of one launch by its instructions."""

    source: str
    """``sass`` or ``opcode``, of :data:`ncutool.base.tables.FLOP_SOURCES`."""
    cores: dict[str, float]
    """FP32, FP64 and FP16 operations outside the tensor cores; FP16 without mere moves."""
    half_moves: float
    """FP16 operations that only set constants or convert, as NVIDIA would count them."""
    half_may_move: bool
    """Whether some of the FP16 operations may only set constants: the text is not known."""
    tensor: tuple[Matrix, ...]
    tensor_problem: str | None
    """Why the tensor operations are not known, though instructions for them ran."""
    int_op: float | None
    """Integer thread instructions; None where the opcodes do not tell."""
    whole_warps: bool
    """Threads were not counted: every warp instruction is taken for 32, an upper bound."""


def mix(executed: Iterable[Executed]) -> Mix | None:
    """Return the operations of a launch; None without instructions."""
    rows = list(executed)
    if not rows:
        return None
    cores = dict.fromkeys(_CORE_TYPES.values(), 0.0)
    half_moves, half_may_move, integers = 0.0, False, 0.0
    for row in rows:
        threads = row.warps * WARP_THREADS if row.threads is None else row.threads
        if core := _core(row.opcode):
            dtype, operations = core
            if row.moves:
                half_moves += operations * threads
            else:
                cores[dtype] += operations * threads
                half_may_move |= row.moves is None and dtype == "fp16" and threads > 0
        elif _INTEGER.fullmatch(row.opcode):
            integers += threads
    tensor, problem = _tensor(rows)
    modifiers = rows[0].source != "opcode"  # a bare IMAD may be a mere IMAD.MOV
    return Mix(
        source="sass" if rows[0].source == "sass" else "opcode",
        cores=cores,
        half_moves=half_moves,
        half_may_move=half_may_move,
        tensor=tensor,
        tensor_problem=problem,
        int_op=integers if modifiers else None,
        whole_warps=any(row.threads is None for row in rows),
    )


def _core(opcode: str) -> tuple[str, int] | None:
    """Return the data type and operations of one thread's instruction."""
    match = _CORE.fullmatch(opcode)
    if match is None:
        return None
    if match["type"] == "H":  # halves come in pairs only: HADD2, HMUL2, HFMA2
        return ("fp16", 2 * _OPERATIONS[match["kind"]]) if match["packed"] else None
    if match["type"] == "D" and match["packed"]:
        return None
    factor = 2 if match["packed"] else 1  # FADD2, FMUL2, FFMA2 from compute capability 10.0
    return _CORE_TYPES[match["type"]], factor * _OPERATIONS[match["kind"]]


def _tensor(rows: list[Executed]) -> tuple[tuple[Matrix, ...], str | None]:
    matrices, problems = [], []
    for row in rows:
        if row.warps == 0 or not _UNKNOWN_TENSOR.fullmatch(row.opcode):
            continue
        matrix = matrix_work(row.opcode, row.warps)
        if isinstance(matrix, str):
            problems.append(matrix)
        else:
            matrices.append(matrix)
    return tuple(matrices), "; ".join(dict.fromkeys(problems)) or None


def matrix_work(opcode: str, warps: int) -> Matrix | str:
    """Count what ``warps`` executions of a matrix instruction do, or say why it is unknown."""
    match = _TENSOR.fullmatch(opcode)
    if match is None:
        return f"{opcode}: its shape stands in a descriptor, not in the instruction"
    modifiers = match["modifiers"].split(".")[1:]
    kind, group = match["type"], bool(match["group"])
    if "SP" in modifiers:
        return f"{opcode}: how 2:4 sparse instructions are counted is not proven"
    shape = next((s for m in modifiers if (s := _shape(m)) is not None), None)
    if shape is None:
        return f"{opcode}: the report does not say its shape"
    dtype = _dtype(kind, modifiers)
    if dtype is None:
        return f"{opcode}: the report does not say its data type"
    operations: float = 2 * shape[0] * shape[1] * shape[2]
    sums = next((m for m in modifiers if _shape(m) is None), "")
    if kind == "H" and shape == _SHAPES["884"]:
        if sums != "F32":
            return f"{opcode}: how many operations each of its steps does is not proven"
        operations = _VOLTA_STEP
    if group:
        operations /= _WARPS_A_GROUP  # each of the group's four warps counts it once
    return Matrix(
        opcode=opcode,
        dtype=dtype,
        warps=warps,
        flop=operations * warps,
        group=group,
        narrow_sum=kind == "H" and sums == "F16",
        estimate=group or kind in _UNPROVEN,
    )


def _shape(modifier: str) -> tuple[int, int, int] | None:
    if modifier in _SHAPES:
        return _SHAPES[modifier]
    match = _SHAPE.fullmatch(modifier)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _dtype(kind: str, modifiers: list[str]) -> str | None:
    """Return the data type of the sources."""
    if kind == "H":
        return next((m.lower() for m in modifiers if m in ("BF16", "TF32")), "fp16")
    if kind == "I":
        narrow = [m for m in modifiers if m in ("S4", "U4")]
        wide = [m for m in modifiers if m in ("S8", "U8")]
        return "int4" if narrow and not wide else "int8" if wide and not narrow else None
    if kind == "Q":
        wide = [m for m in modifiers if m in ("E4M3", "E5M2")]
        return "fp8" if wide else None
    return {"D": "fp64", "B": "int1", "O": "fp4"}[kind]
