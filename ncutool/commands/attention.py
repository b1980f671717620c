"""``ncutool attention``: an attention against the roofs of devices, fused and unfused."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ncutool.commands.options import (
    DebugOption,
    DeviceFileOption,
    ForceOption,
    FormatOption,
    NoColorOption,
    OutputOption,
)
from ncutool.commands.planned import Answer, DeviceNames, TimeOption, rooflines


def _option(flag: str, words: str, metavar: str = "N") -> Any:
    return typer.Option(flag, help=words, metavar=metavar, show_default=False)


Heads = Annotated[int, _option("--heads", "Query heads.")]
Seq = Annotated[int, _option("--seq", "Queries of a sequence; 1 is decoding.", "TOKENS")]
HeadDim = Annotated[int, _option("--head-dim", "Size of a head.")]
Batch = Annotated[int, typer.Option(metavar="N", help="Sequences.")]
KvHeads = Annotated[
    int | None, _option("--kv-heads", "Key-value heads; as many as query heads if not given.")
]
KvSeq = Annotated[
    int | None,
    _option("--kv-seq", "Keys of a sequence; as many as queries if not given.", "TOKENS"),
]
ValueHeadDim = Annotated[
    int | None, _option("--v-head-dim", "Size of a value head; --head-dim if not given.")
]
Causal = Annotated[bool, typer.Option("--causal", help="Each query sees no later key.")]
Align = Annotated[
    str,
    typer.Option(
        metavar="CORNER",
        help="Of a causal mask: bottom-right (FlashAttention, decoding) or top-left (PyTorch's "
        "is_causal); alike where --seq is --kv-seq.",
    ),
]
Window = Annotated[
    int | None,
    _option("--window", "Keys a query sees, itself among them (with --causal).", "TOKENS"),
]
MathTypeOption = Annotated[
    str, typer.Option(metavar="TYPE", help="fp32 (CUDA cores), tf32, fp16, bf16, fp8.")
]
KvType = Annotated[
    str | None,
    _option("--kv-dtype", "Of keys and values in memory; --dtype if not given.", "TYPE"),
]
Backward = Annotated[bool, typer.Option("--backward", help="The gradients instead.")]


def run(
    heads: Heads,
    seq: Seq,
    head_dim: HeadDim,
    batch: Batch = 1,
    kv_heads: KvHeads = None,
    kv_seq: KvSeq = None,
    v_head_dim: ValueHeadDim = None,
    causal: Causal = False,
    align: Align = "bottom-right",
    window: Window = None,
    dtype: MathTypeOption = "bf16",
    kv_dtype: KvType = None,
    backward: Backward = False,
    device: DeviceNames = None,
    time_us: TimeOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device_file: DeviceFileOption = None,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Hold an attention against devices: exact FLOPs, bytes, intensity, floor.

    A causal mask counts its pairs exactly; PyTorch's and FlashAttention's own countings stand
    beside. Fused reads queries, keys and values once and keeps no scores; unfused writes and reads
    them. Reads no capture; -o NAME.html writes a page.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning import planner
    from ncutool.planning.planner.record import record, rows
    from ncutool.text.planner import attention_sheet

    answer = Answer(form, output, force=force, color=not no_color)
    plan = planner.attention(
        batch=batch,
        heads=heads,
        kv_heads=kv_heads,
        seq=seq,
        kv_seq=kv_seq,
        head_dim=head_dim,
        v_head_dim=v_head_dim,
        causal=causal,
        align=align,
        window=window,
        dtype=dtype,
        kv_dtype=kv_dtype,
        backward=backward,
        devices=device or (),
        time_ns=None if time_us is None else 1e3 * time_us,
        known=with_file(device_file),
    )
    lines = rooflines(each.place for each in plan.devices)
    answer.write(
        record(plan), rows(plan), attention_sheet(plan), lines, plan.intensity_flop_per_byte
    )
