"""What opcodes compute: operations worked by hand for every family of instruction."""

from __future__ import annotations

import pytest

from ncutool.work import instructions
from ncutool.work.instructions import Executed, Matrix


def executed(opcode: str, warps: int = 1, threads: int | None = 32, **facts: bool) -> Executed:
    """One opcode's counts, as SASS gives them."""
    return Executed("sass", opcode, facts.get("moves", False), warps, threads)


def mix(*rows: Executed) -> instructions.Mix:
    """The operations of a launch."""
    found = instructions.mix(rows)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("opcode", "dtype", "operations"),
    [
        ("FADD", "fp32", 1),
        ("FMUL.FTZ", "fp32", 1),
        ("FFMA.FTZ", "fp32", 2),
        ("FADD32I", "fp32", 1),
        ("FADD2", "fp32", 2),
        ("FMUL2.FTZ", "fp32", 2),
        ("FFMA2", "fp32", 4),
        ("DADD", "fp64", 1),
        ("DMUL", "fp64", 1),
        ("DFMA.RP", "fp64", 2),
        ("HADD2.BF16_V2", "fp16", 2),
        ("HMUL2", "fp16", 2),
        ("HFMA2.MMA", "fp16", 4),
        ("HFMA2_32I", "fp16", 4),
    ],
)
def test_core_instructions(opcode: str, dtype: str, operations: int) -> None:
    """An FMA is two operations, a packed instruction both of its halves; threads are counted."""
    found = mix(executed(opcode, warps=2, threads=50)).cores
    assert found == {"fp32": 0.0, "fp64": 0.0, "fp16": 0.0, dtype: 50.0 * operations}


@pytest.mark.parametrize(
    "opcode",
    ["FSETP.GT.AND", "FSEL", "FRND.TRUNC", "F2FP.PACK_AB", "MUFU.RCP", "I2F", "FADDX", "HSETP2"],
)
def test_no_operations(opcode: str) -> None:
    """Comparisons, conversions and special functions are no operations, as NVIDIA counts."""
    found = mix(executed(opcode))
    assert (set(found.cores.values()), found.tensor, found.int_op) == ({0.0}, (), 0.0)


def test_moves_are_no_work() -> None:
    """A half instruction that only sets a constant is left out, and its amount kept."""
    found = mix(executed("HFMA2.MMA", moves=True), executed("HFMA2", threads=8))
    assert (found.cores["fp16"], found.half_moves, found.half_may_move) == (32.0, 128.0, False)
    assert mix(Executed("opcode_modifier", "HFMA2.MMA", None, 1, 32)).half_may_move


@pytest.mark.parametrize(
    ("opcode", "dtype", "operations"),
    [
        ("HMMA.884.F32.F32.STEP2", "fp16", 512),
        ("HMMA.1688.F32", "fp16", 2048),
        ("HMMA.16816.F16", "fp16", 4096),
        ("HMMA.16816.F32.BF16", "bf16", 4096),
        ("HMMA.1684.F32.TF32", "tf32", 1024),
        ("HMMA.1688.F32.TF32", "tf32", 2048),
        ("IMMA.8816.S8.S8.SAT", "int8", 2048),
        ("IMMA.8832.U4.S4", "int4", 4096),
        ("IMMA.16816.S8.U8", "int8", 4096),
        ("IMMA.16832.S8.S8.SAT", "int8", 8192),
        ("IMMA.16864.S4.S4", "int4", 16384),
        ("DMMA.884", "fp64", 512),
        ("DMMA.8x8x4", "fp64", 512),
        ("BMMA.168256.AND.POPC", "int1", 65536),
    ],
)
def test_matrix_instructions(opcode: str, dtype: str, operations: int) -> None:
    """2 M N K operations a warp, whatever its threads; a Volta step is 512."""
    (found,) = mix(executed(opcode, warps=10, threads=1)).tensor
    assert (found.dtype, found.flop, found.estimate) == (dtype, 10 * operations, False)


@pytest.mark.parametrize(
    ("opcode", "dtype", "operations"),
    [
        ("HGMMA.64x256x16.F32.BF16", "bf16", 2 * 64 * 256 * 16 / 4),
        ("HGMMA.64x128x8.F32.TF32", "tf32", 2 * 64 * 128 * 8 / 4),
        ("QGMMA.64x128x32.F32.E4M3.E4M3", "fp8", 2 * 64 * 128 * 32 / 4),
        ("IGMMA.64x64x32.S8.S8", "int8", 2 * 64 * 64 * 32 / 4),
        ("QMMA.16832.F32.E4M3.E5M2", "fp8", 8192),
        ("OMMA.16864.F32", "fp4", 16384),
    ],
)
def test_unproven_instructions_are_estimates(opcode: str, dtype: str, operations: float) -> None:
    """Warp-group and narrow instructions have a rule that no record has confirmed: marked so."""
    (found,) = mix(executed(opcode)).tensor
    assert (found.dtype, found.flop, found.estimate) == (dtype, operations, True)
    assert found.group is ("GMMA" in opcode)


@pytest.mark.parametrize(
    ("opcode", "reason"),
    [
        ("UTCHMMA.2CTA", "its shape stands in a descriptor"),
        ("UTCQMMA", "its shape stands in a descriptor"),
        ("HMMA.SP.16832.F32", "2:4 sparse"),
        ("HMMA", "does not say its shape"),
        ("IMMA.16832", "does not say its data type"),
        ("QMMA.16832.F32.E2M1.E2M1", "does not say its data type"),
        ("HMMA.884.F16.F16.STEP1", "its steps does is not proven"),
    ],
)
def test_underivable_instructions(opcode: str, reason: str) -> None:
    """What an opcode does not tell is a reason, never a number; unexecuted code is no problem."""
    found = mix(executed(opcode))
    assert found.tensor == ()
    assert found.tensor_problem is not None
    assert found.tensor_problem.startswith(f"{opcode}: ")
    assert reason in found.tensor_problem
    assert mix(executed(opcode, warps=0, threads=0)).tensor_problem is None


def test_sums_in_half_precision() -> None:
    """The first type behind the shape is that of the sums; some cards do FP16 ones faster."""
    found = [instructions.matrix_work(f"HMMA.16816.{sums}", 1) for sums in ("F16", "F32")]
    assert [isinstance(m, Matrix) and m.narrow_sum for m in found] == [True, False]


def test_integer_operations_stay_apart() -> None:
    """Integer instructions count for themselves; moves, branches and tensor work are not among."""
    rows = [executed(o) for o in ("IMAD.WIDE.U32", "IADD3.X", "LOP3.LUT", "ISETP.GT.U32.AND")]
    rows += [executed(o) for o in ("IMAD.MOV.U32", "BRA", "IMMA.16832.S8.S8", "UIADD3", "I2F")]
    found = mix(*rows)
    assert (found.int_op, set(found.cores.values())) == (4 * 32, {0.0})
    assert mix(Executed("opcode", "IMAD", None, 1, 32)).int_op is None


def test_threads_not_counted() -> None:
    """Without thread counts a warp is taken for 32 threads, which is said to be a bound."""
    found = mix(executed("FFMA", warps=3, threads=None))
    assert (found.cores["fp32"], found.whole_warps) == (3 * 32 * 2, True)


def test_no_instructions() -> None:
    """No rows: nothing is known."""
    assert instructions.mix([]) is None


def test_sources() -> None:
    """Text x counts is `sass`; the report's sums by opcode are `opcode`, with modifiers or not."""
    kinds = ("sass", "opcode_modifier", "opcode")
    found = [mix(Executed(kind, "EXIT", None, 1, 32)).source for kind in kinds]
    assert found == ["sass", "opcode", "opcode"]
