"""Matrix products of every precision, a misaligned one with its padded twin, and copy and read.

Operations and bytes are counted by hand: with the times they give what the device reaches. Run on a
CPU with ``--tiny``, never on CUDA.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from workloads.workload import Report, Setting, Step, Workload

FULL = (Report("full", count=4),)
SIDE, TINY_SIDE = 4096, 64
ODD = (4096, 4097, 4095)
"""Rows, columns and depth of the misaligned product: its rows start at odd addresses."""
PADDED = (4096, 4104, 4096)
TINY_ODD, TINY_PADDED = (64, 33, 31), (64, 40, 32)
WIDTH = 2**29
"""Elements of the vectors that copy and read move, bfloat16: 1 GiB, far more than any L2."""


def _operands(setting: Setting, sides: tuple[int, int, int], dtype: torch.dtype) -> list[Tensor]:
    rows, columns, depth = sides
    shapes = ((rows, depth), (depth, columns))
    return [torch.randn(shape, device=setting.device, dtype=dtype) for shape in shapes]


def _flop(sides: tuple[int, int, int]) -> int:
    return 2 * sides[0] * sides[1] * sides[2]


def _square(setting: Setting) -> tuple[int, int, int]:
    side = setting.pick(SIDE, TINY_SIDE)
    return side, side, side


def half(setting: Setting, full: tuple[int, int, int], tiny: tuple[int, int, int]) -> Step:
    """A bfloat16 product of these sides."""
    sides = tiny if setting.tiny else full
    a, b = _operands(setting, sides, torch.bfloat16)
    return Step(lambda: a @ b, flop=_flop(sides))


def single(setting: Setting, tf32: bool) -> Step:
    """A float32 product, on tensor cores as TF32 or not; the switch is left as it was found."""
    sides = _square(setting)
    a, b = _operands(setting, sides, torch.float32)

    def run() -> None:
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        try:
            torch.mm(a, b)
        finally:
            torch.set_float32_matmul_precision(before)

    return Step(run, flop=_flop(sides))


def eighth(setting: Setting) -> Step:
    """An e4m3 product with one scale a tensor, bfloat16 out."""
    sides = _square(setting)
    a, b = _operands(setting, sides, torch.float32)
    left, right = a.to(torch.float8_e4m3fn), b.t().contiguous().to(torch.float8_e4m3fn).t()
    one = torch.ones((), device=setting.device)
    call = partial(
        torch._scaled_mm, left, right, scale_a=one, scale_b=one, out_dtype=torch.bfloat16
    )
    return Step(call, flop=_flop(sides))


def copy(setting: Setting) -> Step:
    """One vector copied into another."""
    source = torch.ones(setting.pick(WIDTH, 256), device=setting.device, dtype=torch.bfloat16)
    target = torch.empty_like(source)
    return Step(lambda: target.copy_(source), moved_bytes=2 * source.nbytes)


def read(setting: Setting) -> Step:
    """One vector summed up."""
    source = torch.ones(setting.pick(WIDTH, 256), device=setting.device, dtype=torch.bfloat16)
    return Step(lambda: source.sum(dtype=torch.float32), moved_bytes=source.nbytes)


_CUBE = (SIDE, SIDE, SIDE)
_TINY_CUBE = (TINY_SIDE, TINY_SIDE, TINY_SIDE)
_MM = ("aten::mm",)

WORKLOADS = [
    Workload(
        "gemm-bf16",
        "bf16 product, 4096 cubed",
        partial(half, full=_CUBE, tiny=_TINY_CUBE),
        _MM,
        reports=FULL,
    ),
    Workload(
        "gemm-misaligned",
        "bf16 product of odd sides, 4096 × 4097 × 4095",
        partial(half, full=ODD, tiny=TINY_ODD),
        _MM,
        reports=FULL,
    ),
    Workload(
        "gemm-padded",
        "the same padded to multiples of 8, operands stored so",
        partial(half, full=PADDED, tiny=TINY_PADDED),
        _MM,
        reports=FULL,
    ),
    Workload(
        "gemm-fp32",
        "fp32 product, 4096 cubed, TF32 off",
        partial(single, tf32=False),
        _MM,
        reports=FULL,
    ),
    Workload(
        "gemm-tf32",
        "fp32 product, 4096 cubed, TF32 on",
        partial(single, tf32=True),
        _MM,
        reports=FULL,
    ),
    Workload("gemm-fp8", "e4m3 product, 4096 cubed", eighth, ("aten::_scaled_mm",), reports=FULL),
    # no report: the driver copies, without a kernel that could be profiled
    Workload("copy", "1 GiB copied", copy, ("aten::copy_",)),
    Workload("read", "1 GiB summed up", read, ("aten::sum",), reports=FULL),
]
