"""``ncutool compare-devices``: devices side by side for an intensity, a model or a capture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ncutool.commands import llm_options as options
from ncutool.commands.options import (
    DebugOption,
    DeviceFileOption,
    ForceOption,
    FormatOption,
    MaxBytesOption,
    NoColorOption,
    OutputOption,
)
from ncutool.commands.planned import Answer, rooflines
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    from ncutool.devices.table import Device
    from ncutool.planning.llm import Model
    from ncutool.planning.planner.comparison_record import Comparison
    from ncutool.text.sheet import Sheet

Compared = Annotated[
    list[str], typer.Argument(metavar="DEVICE...", help="Two or more; the first is the base.")
]
Intensity = Annotated[
    float | None,
    typer.Option(metavar="X", help="A workload of so many FLOP/byte.", show_default=False),
]
_PLANNED = (
    "weights", "kv", "activations", "tensor_parallel", "batch", "context_tokens", "prompt_tokens",
    "usable_share",
)  # fmt: skip
"""Options of :func:`ncutool.planning.llm.plan`, in the order they are given."""
MathTypeOption = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE", help="Of the arithmetic, with --intensity: bf16 if not given, fp8, ..."
    ),
]
Capture = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The launches of a capture.", show_default=False),
]
MeasuredOn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The capture's own device, where it does not say.",
        show_default=False,
    ),
]
Prices = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="NAME=PRICE",
        help="Price of one device an hour, in any currency; once for each.",
        show_default=False,
    ),
]


def run(
    device: Compared,
    intensity: Intensity = None,
    dtype: MathTypeOption = None,
    capture: Capture = None,
    measured_on: MeasuredOn = None,
    preset: options.Preset = None,
    config: options.Config = None,
    params: options.Params = None,
    layers: options.Layers = None,
    kv_heads: options.KvHeads = None,
    head_dim: options.HeadDim = None,
    weights: options.Weights = "native",
    kv: options.Kv = None,
    activations: options.Activations = None,
    tensor_parallel: options.TensorParallel = 1,
    batch: options.Batch = 1,
    context: options.Context = 4096,
    prompt: options.Prompt = None,
    memory_share: options.MemoryShare = 0.9,
    price: Prices = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device_file: DeviceFileOption = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare devices for a workload: --intensity, --capture, or a model as in `ncutool llm`.

    Attainable throughput and its ratio to the first device; with --price, what an hour's price
    buys, and from which batch on a device gives more for it than the first. A capture's launches
    are rescaled by what binds each; its bounds and what is not known are said. -o NAME.html
    writes a page.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning.planner.comparison_record import comparison_record, comparison_rows

    answer = Answer(form, output, force=force, color=not no_color)
    known = with_file(device_file)
    prices = _prices(price or [])
    given: dict[str, object] = {"--intensity": intensity, "--capture": capture}
    given |= {"--preset": preset, "--config": config, "--params": params}
    _check_ways(given, dtype)
    found: Comparison
    lines: list[tuple[str, float, float]] = []
    if intensity is not None:
        found, sheet, lines = _intensity(device, intensity, dtype or "bf16", prices, known)
    elif capture is not None:
        where = (capture, measured_on, device_file, max_bytes)
        found, sheet = _capture(device, where, prices, known)
    else:
        model = _model(preset, config, params, (layers, kv_heads, head_dim))
        lengths = (tensor_parallel, batch, context, prompt, memory_share)
        planned = dict(zip(_PLANNED, (weights, kv, activations, *lengths), strict=True))
        found, sheet = _decoded(device, model, planned, prices, known)
    answer.write(comparison_record(found), comparison_rows(found), sheet, lines, intensity)


def _check_ways(given: dict[str, object], dtype: str | None) -> None:
    ways = [flag for flag, value in given.items() if value is not None]
    if not ways:
        raise UsageError(
            "no workload given: use --intensity, --capture, --preset, --config or --params"
        )
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} are two workloads: give one of them")
    if dtype is not None and ways != ["--intensity"]:
        raise UsageError("--dtype goes with --intensity; a model has --weights and --activations")


def _prices(given: list[str]) -> dict[str, float]:
    """Prices by the names they were given for."""
    found: dict[str, float] = {}
    for text in given:
        name, equals, written = text.rpartition("=")
        wrong = f"--price takes NAME=PRICE, like h100-sxm=2.5, not {text!r}"
        if not equals or not name.strip():
            raise UsageError(wrong)
        try:
            found[name.strip()] = float(written)
        except ValueError:
            raise UsageError(wrong) from None
    return found


def _intensity(
    names: list[str],
    intensity: float,
    dtype: str,
    prices: dict[str, float],
    known: tuple[Device, ...],
) -> tuple[Comparison, Sheet, list[tuple[str, float, float]]]:
    from ncutool.planning.planner import compare_intensity
    from ncutool.text.compared import intensity_sheet

    found = compare_intensity(names, intensity, dtype=dtype, prices=prices, known=known)
    return found, intensity_sheet(found), rooflines(found.devices)


def _capture(
    names: list[str],
    where: tuple[Path, str | None, Path | None, int],
    prices: dict[str, float],
    known: tuple[Device, ...],
) -> tuple[Comparison, Sheet]:
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.planning.planner import compare_capture
    from ncutool.planning.planner.comparing import priced, several
    from ncutool.text.compared import capture_sheet

    priced(prices, several(names, known), known)  # a wrong name is said before a long read
    path, measured_on, device_file, max_bytes = where
    analysis = analyse_file(path, measured_on, max_bytes, device_file=device_file)
    say_notices(analysis, only_errors=True)
    own = analysis.resolution.device
    found = compare_capture(names, analysis.kernels, own, prices=prices, known=known)
    return found, capture_sheet(found)


def _model(
    preset: str | None,
    config: Path | None,
    params: float | None,
    sizes: tuple[int | None, int | None, int | None],
) -> Model:
    from ncutool.planning import llm
    from ncutool.planning.llm.described import counted

    names = ("num_hidden_layers", "num_key_value_heads", "head_dim")
    given = {name: v for name, v in zip(names, sizes, strict=True) if v is not None}
    if preset is not None:
        return llm.preset(preset, given)
    if config is not None:
        return llm.read_config(config, given)
    assert params is not None
    return counted(params, given)


def _decoded(
    names: list[str],
    model: Model,
    planned: dict[str, Any],
    prices: dict[str, float],
    known: tuple[Device, ...],
) -> tuple[Comparison, Sheet]:
    from ncutool.planning.planner import compare_model
    from ncutool.text.compared import model_sheet

    found = compare_model(names, model, prices=prices, known=known, **planned)
    return found, model_sheet(found)
