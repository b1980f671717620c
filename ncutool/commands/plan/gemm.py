"""``ncutool plan gemm M N K``: a matrix product against the roofs of devices before it exists."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.base.amounts import WHOLE
from ncutool.commands.options import DeviceFileOption, option, unfold
from ncutool.commands.plan import help_groups
from ncutool.commands.plan.answers import DeviceNames, TimeOption, rooflines, write_answer
from ncutool.commands.writing import Output

GROUPS = help_groups.GEMM


@unfold
def run(
    m: Annotated[int, typer.Argument(metavar="M", help="Rows of the first operand."), WHOLE],
    n: Annotated[int, typer.Argument(metavar="N", help="Columns of the second."), WHOLE],
    k: Annotated[int, typer.Argument(metavar="K", help="The dimension they share."), WHOLE],
    products: Annotated[
        int,
        typer.Option(metavar="B", help="Products of this size, each with its own operands."),
        WHOLE,
    ] = 1,
    dtype: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            help="fp64, fp32 (CUDA cores), tf32, fp16, bf16, fp8, int8, fp4, mxfp8, mxfp4, nvfp4.",
        ),
    ] = "bf16",
    out_dtype: Annotated[
        str | None, option(words="Of the result; the usual one if not given.", metavar="TYPE")
    ] = None,
    bias: Annotated[bool, typer.Option("--bias", help="Add a vector of N.")] = False,
    device: DeviceNames = None,
    tile: Annotated[
        str, typer.Option(metavar="MxN", help="Tile that a multiprocessor computes at a time.")
    ] = "128x128",
    time_us: TimeOption = None,
    device_file: DeviceFileOption = None,
    *,
    output: Output,
) -> None:
    """Hold the product [M,K] × [K,N] against devices: FLOPs, bytes, intensity, floor, tiles.

    Bytes are compulsory: each operand read once, the result written once. Tiles and waves say
    what is lost where the sizes do not divide; the tile is an assumption. Reads no
    capture; -o NAME.html writes a page.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning import planner
    from ncutool.planning.planner.record import record, rows
    from ncutool.planning.planner.tiling import parse_tile
    from ncutool.text.planner import gemm_sheet

    plan = planner.gemm(
        m,
        n,
        k,
        batch=products,
        dtype=dtype,
        out_dtype=out_dtype,
        bias=bias,
        devices=device or (),
        tile=parse_tile(tile),
        time_ns=None if time_us is None else 1e3 * time_us,
        known=with_file(device_file),
    )
    lines = rooflines(on_device.place for on_device in plan.devices)
    write_answer(
        output, record(plan), rows(plan), gemm_sheet(plan), lines, plan.intensity_flop_per_byte
    )
