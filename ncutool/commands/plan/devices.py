"""``ncutool plan devices``: devices side by side for an intensity or a language model."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.base.amounts import NUMBER
from ncutool.commands.options import DeviceFileOption, option, unfold
from ncutool.commands.plan import help_groups
from ncutool.commands.plan.answers import PriceOption, parse_prices, rooflines, write_answer
from ncutool.commands.plan.model_options import ModelOptions, ServingOptions
from ncutool.commands.writing import Output
from ncutool_parsers.errors import UsageError

GROUPS = help_groups.DEVICES


@unfold
def run(
    device: Annotated[
        list[str],
        typer.Argument(
            metavar="DEVICE...",
            help="Two or more; the first is the base. With a model each may bring a layout: "
            "2xh100-sxm, h200-sxm:tp=2,pp=2.",
        ),
    ],
    intensity: Annotated[
        float | None, option(words="A workload of so many FLOP/byte.", metavar="X"), NUMBER
    ] = None,
    dtype: Annotated[
        str | None,
        option(
            words="Of the arithmetic, with --intensity: bf16 if not given, fp8, ...",
            metavar="TYPE",
        ),
    ] = None,
    price: PriceOption = None,
    device_file: DeviceFileOption = None,
    *,
    model: ModelOptions,
    serving: ServingOptions,
    output: Output,
) -> None:
    """Compare devices for a workload: --intensity, or a model as in `ncutool plan llm`.

    Attainable throughput and its ratio to the first device; with --price, what an hour's price
    buys, and from which batch on a device gives more for it than the first.
    `ncutool whatif CAPTURE --on DEVICE --on DEVICE` compares them for a capture. -o NAME.html
    writes a page.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning.planner import compare_intensity, compare_model
    from ncutool.planning.planner.comparison_record import comparison_record, comparison_rows
    from ncutool.text.compared import intensity_sheet, model_sheet

    known = with_file(device_file)
    prices = parse_prices(price)
    ways = model.ways()
    if intensity is not None and ways:
        raise UsageError(f"--intensity and {ways[0]} are two workloads: give one of them")
    if dtype is not None and intensity is None:
        raise UsageError("--dtype goes with --intensity; a model has --weights and --activations")
    if intensity is not None:
        at = compare_intensity(device, intensity, dtype=dtype or "bf16", prices=prices, known=known)
        sheet, lines = intensity_sheet(at), rooflines(at.devices)
        write_answer(output, comparison_record(at), comparison_rows(at), sheet, lines, intensity)
        return
    described = model.describe()
    if described is None:
        raise UsageError(
            "no workload given: use --intensity, --preset, --config, --params or sizes"
        )
    decoded = compare_model(device, described, prices=prices, known=known, **serving.given())
    write_answer(
        output, comparison_record(decoded), comparison_rows(decoded), model_sheet(decoded),
        curves=decoded.curves,
    )  # fmt: skip
