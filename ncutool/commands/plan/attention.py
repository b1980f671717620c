"""``ncutool plan attention``: an attention against the roofs of devices, fused and unfused."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from msgspec import Struct, structs

from ncutool.base.amounts import WHOLE
from ncutool.commands.options import DeviceFileOption, option, unfold
from ncutool.commands.plan import help_groups
from ncutool.commands.plan.answers import DeviceNames, TimeOption, rooflines, write_answer
from ncutool.commands.writing import Output


class AttentionOptions(Struct, frozen=True):
    """The attention: its sizes, its mask and its types."""

    heads: Annotated[int, option("--heads", words="Query heads.", metavar="N"), WHOLE]
    seq: Annotated[
        int, option("--seq", words="Queries of a sequence; 1 is decoding.", metavar="TOKENS"), WHOLE
    ]
    head_dim: Annotated[int, option("--head-dim", words="Size of a head.", metavar="N"), WHOLE]
    batch: Annotated[
        int, typer.Option(metavar="N", help="Sequences processed together."), WHOLE
    ] = 1
    kv_heads: Annotated[
        int | None,
        option(words="Key-value heads; as many as query heads if not given.", metavar="N"),
        WHOLE,
    ] = None
    context: Annotated[
        int | None,
        option(words="Tokens each sequence attends to; --seq if not given.", metavar="TOKENS"),
        WHOLE,
    ] = None
    v_head_dim: Annotated[
        int | None,
        option(words="Size of a value head; --head-dim if not given.", metavar="N"),
        WHOLE,
    ] = None
    causal: Annotated[bool, typer.Option("--causal", help="Each query sees no later key.")] = False
    align: Annotated[
        str,
        typer.Option(
            metavar="CORNER",
            help="Of a causal mask: bottom-right (FlashAttention, decoding) or top-left (PyTorch's "
            "is_causal); alike where --seq is --context.",
        ),
    ] = "bottom-right"
    window: Annotated[
        int | None,
        option(words="Keys a query sees, itself among them (with --causal).", metavar="TOKENS"),
        WHOLE,
    ] = None
    dtype: Annotated[
        str, typer.Option(metavar="TYPE", help="fp32 (CUDA cores), tf32, fp16, bf16, fp8.")
    ] = "bf16"
    kv_dtype: Annotated[
        str | None,
        option(words="Of keys and values in memory; --dtype if not given.", metavar="TYPE"),
    ] = None
    backward: Annotated[bool, typer.Option("--backward", help="The gradients instead.")] = False
    latent: Annotated[
        bool,
        typer.Option(
            "--latent",
            help="Values are the first --v-head-dim columns of the keys, stored and read once "
            "(DeepSeek decode: --heads 128 --kv-heads 1 --head-dim 576 --v-head-dim 512).",
        ),
    ] = False

    def given(self) -> dict[str, Any]:
        """Return the options by the parameters of :func:`ncutool.planning.planner.attention`."""
        found = structs.asdict(self)
        found["kv_seq"] = found.pop("context")
        return found


GROUPS = help_groups.ATTENTION


@unfold
def run(
    sizes: AttentionOptions,
    device: DeviceNames = None,
    time_us: TimeOption = None,
    device_file: DeviceFileOption = None,
    *,
    output: Output,
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

    plan = planner.attention(
        devices=device or (),
        time_ns=None if time_us is None else 1e3 * time_us,
        known=with_file(device_file),
        **sizes.given(),
    )
    lines = rooflines(on_device.place for on_device in plan.devices)
    write_answer(
        output, record(plan), rows(plan), attention_sheet(plan), lines, plan.intensity_flop_per_byte
    )
