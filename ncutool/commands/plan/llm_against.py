"""``ncutool plan llm --against CAPTURE``: the plan held against what a trace shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ncutool.commands.options import Format
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.request import Request
    from ncutool.commands.writing import Output
    from ncutool.devices.resolve import Device
    from ncutool.planning.llm import Model, Plan
    from ncutool.planning.llm.comparison import Asked
    from ncutool_parsers import Place

_ROWS = (Format.CSV, Format.JSONL, Format.PARQUET)


def write_comparison(
    capture: Path | Place,
    request: Request,
    model: Model | None,
    plan_on: Callable[[Model, Device], Plan],
    asked: Asked,
    output: Output,
) -> None:
    """Hold the plan of a model against a capture, and write how they compare.

    Where nothing was compared, stderr says why and the exit code is 1.

    Args:
        capture: a trace of decode steps or a prefill.
        request: how to read it; cut to whole steps.
        model: the model; without one, the error says which presets have the capture's shapes.
        plan_on: makes the plan for the capture's device.
        asked: what the user says of the capture.
        output: where to, and how.

    Raises:
        CaptureError: the capture cannot be read.
        UsageError: no model was given, the device is not known, or the form is a page.
    """
    from ncutool.commands.reading import analyse_file, say_notices

    if output.is_page:
        raise UsageError("--against writes no page: use another ending, or --format")
    form = output.choose()
    analysis = analyse_file(capture, request, output)
    say_notices(analysis, only_errors=True)
    if model is None:
        raise _no_model(analysis)
    plan = plan_on(model, _device_of(analysis))
    compared, why = content(plan, analysis, asked, form, color=output.color)
    output.write(compared)
    if why is not None:
        from ncutool.base.untrusted import printable

        typer.echo(f"ncutool: {printable(why)}", err=True)
        raise typer.Exit(1)


def _device_of(analysis: Analysis) -> Device:
    """Return the device to plan for: the one named, else the capture's own.

    Raises:
        UsageError: the capture's is not known.
    """
    device = analysis.resolution.device
    if device is None:
        raise UsageError(f"{analysis.capture.name}: its device is unknown; name it with --device")
    return device


def asked(
    phase: str | None, *, batch: int | None, context: int | None, prompt: int | None
) -> Asked:
    """Return what was said of the capture on the command line.

    Raises:
        UsageError: the phase is neither decode nor prefill.
    """
    from ncutool.planning.observed import Asked

    if phase == "decode":
        return Asked("decode", batch, context, prompt)
    if phase not in (None, "prefill"):
        raise UsageError(f"--phase is decode or prefill, not {phase!r}")
    return Asked(None if phase is None else "prefill", batch, context, prompt)


def _no_model(analysis: Analysis) -> UsageError:
    """Return what to say where no model was given: which presets have the capture's shapes."""
    from ncutool.planning.llm.matching import candidates
    from ncutool.planning.observed import observe

    observed = observe(analysis)
    presets = candidates(observed.products, _device_of(analysis), observed.steps)
    hint = "; ".join(presets) if presets else "none of the presets has the capture's shapes"
    return UsageError(
        f"no model given to hold against {observed.capture}: use --preset, --config or sizes; "
        f"by the shapes of its products: {hint}"
    )


def content(
    plan: Plan, analysis: Analysis, said: Asked, form: Format, *, color: bool
) -> tuple[bytes, str | None]:
    """Return the comparison in one form, and why nothing was compared where nothing was.

    Raises:
        UsageError: nothing was compared, and rows of it were asked for.
    """
    from ncutool.commands.plan import answers
    from ncutool.planning.llm.against_record import record, rows
    from ncutool.planning.observed import compare, observe
    from ncutool.text.against import against_sheet

    compared = compare(plan, observe(analysis), said)
    why = None
    if compared.problems:
        presets = f"; {'; '.join(compared.fitting)} would fit" if compared.fitting else ""
        why = f"not compared: {compared.problems[0]}{presets}"
    if why is not None and form in _ROWS:
        raise UsageError(why)
    sheet = against_sheet(compared)
    return answers.content(record(compared), rows(compared), sheet, form, color=color), why
