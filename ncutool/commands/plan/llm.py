"""``ncutool plan llm``: plans a language model on a device from datasheet figures alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from ncutool.analysis.request import Request
from ncutool.commands.options import (
    CaptureTraceOption,
    DeviceFileOption,
    Format,
    Limits,
    option,
    unfold,
)
from ncutool.commands.plan import help_groups
from ncutool.commands.plan.answers import SHEETS, json_text, sheet_content
from ncutool.commands.plan.drawn import is_drawn, write_drawn
from ncutool.commands.plan.model_options import (
    ModelOptions,
    PlannedDevice,
    ServingOptions,
    parse_numbers,
)
from ncutool.commands.plan.way_options import QuestionOptions, WayOptions
from ncutool.commands.writing import Output
from ncutool_parsers import Place
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.devices.resolve import Device
    from ncutool.planning.llm import Model, Plan


GROUPS = help_groups.LLM


class SweepOptions(Struct, frozen=True):
    """The rows of the sweeps over batch and context; the usual ones where not given."""

    batches: Annotated[
        str | None, option(words="Rows of the batch sweep, e.g. 1,8,64.", metavar="N,...")
    ] = None
    contexts: Annotated[str | None, option(words="Rows of the context sweep.", metavar="N,...")] = (
        None
    )


class TraceOptions(Struct, frozen=True):
    """A trace to hold the plan against."""

    against: Annotated[
        Path | Place | None,
        option(
            words="A trace of a decode step or a prefill to hold the plan against.",
            metavar="CAPTURE",
        ),
    ] = None
    capture_trace: CaptureTraceOption = None
    phase: Annotated[
        str | None,
        option(
            words="What the trace of --against shows, where it does not tell: decode or prefill.",
            metavar="PHASE",
        ),
    ] = None


@unfold
def run(
    context_: typer.Context,
    presets: Annotated[
        bool, typer.Option("--presets", help="List the named models with their sources.")
    ] = False,
    device: PlannedDevice = None,
    device_file: DeviceFileOption = None,
    *,
    sweeps: SweepOptions,
    trace: TraceOptions,
    model: ModelOptions,
    serving: ServingOptions,
    questions: QuestionOptions,
    further: WayOptions,
    limits: Limits,
    output: Output,
) -> None:
    """Predict a language model's decode and prefill on a device, before buying or profiling.

    Weights and KV cache against memory, speed of light, intensities, ridge point, the batch where
    compute binds and the batch that memory allows, swept over batch and context. The model is
    --preset, --config, sizes, or --params; sizes change a preset. -o plan.html writes a page.
    --against holds the plan against a trace. --format csv, jsonl and parquet give the batch
    sweep's rows, or those of a step's parts.
    """
    form = Format.TABLE if is_drawn(output) else output.choose()
    if presets:
        output.write(_listed(output))
        return
    described = model.describe()
    plan_on = partial(_plan, sweeps=sweeps, device_file=device_file, asked=(questions, further))
    if trace.against is not None:
        request = Request(
            capture_trace=trace.capture_trace,
            whole_steps=True,
            assume_device=device,
            device_file=device_file,
            **limits.limits(),
        )
        _hold_against(trace, request, described, plan_on, serving, context_, output)
        return
    if described is None:
        raise UsageError("no model given: use --preset, --config, --params, or sizes")
    if trace.phase is not None or trace.capture_trace is not None:
        raise UsageError("--phase and --capture-trace say more of a trace: give --against too")
    _write(plan_on(described, device, serving), form, output)


def _write(plan: Plan, form: Format, output: Output) -> None:
    if not is_drawn(output):
        output.write(_content(plan, form, color=output.color))
        return
    from ncutool.page.llm import picture_of, render_plan

    write_drawn(output, lambda: render_plan(plan), lambda both: picture_of(plan, both=both))


def _hold_against(
    trace: TraceOptions,
    request: Request,
    described: Model | None,
    plan_on: Callable[[Model, Device | str | None, ServingOptions], Plan],
    serving: ServingOptions,
    context: typer.Context,
    output: Output,
) -> None:
    """Hold a plan against a trace, and write what comes of it."""
    from ncutool.commands.plan import llm_against

    given = {
        name: getattr(serving, name) if _is_given(context, name) else None
        for name in ("batch", "context", "prompt")
    }
    # A trace is of one device: of a batch that is said, each group and stage has as much.
    groups = serving.data_parallel_attention * serving.pipeline_parallel
    of_all = replace(serving, batch=max(1, (given["batch"] or 1) * groups))
    assert trace.against is not None
    llm_against.write_comparison(
        trace.against,
        request,
        described,
        lambda model, device: plan_on(model, device, of_all),
        llm_against.asked(trace.phase, **given),
        output,
    )


def _is_given(context: typer.Context, name: str) -> bool:
    """Return whether an option was on the command line, and is not its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _plan(
    model: Model,
    device: Device | str | None,
    serving: ServingOptions,
    *,
    sweeps: SweepOptions,
    device_file: Path | None,
    asked: tuple[QuestionOptions, WayOptions],
) -> Plan:
    """Return the plan of a model on a device.

    Args:
        asked: what else is asked of the plan.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning.llm import plan
    from ncutool.planning.llm.planning import USUAL_BATCHES

    if device is None:
        raise UsageError("no device given: name one with --device; ncutool devices lists them")
    batches, contexts = sweeps.batches, sweeps.contexts
    questions, further = asked
    known = with_file(device_file)
    return plan(
        model,
        device,
        batches=USUAL_BATCHES if batches is None else parse_numbers("--batches", batches),
        contexts=None if contexts is None else parse_numbers("--contexts", contexts),
        known=known,
        output_tokens=questions.output_tokens,
        price_per_hour=questions.price,
        wanted=questions.wanted(),
        ways=further.ways(),
        measured=further.measured(known),
        **serving.given(),
    )


def _listed(output: Output) -> bytes:
    """Return the named models, as a table or JSON."""
    from ncutool.planning import llm
    from ncutool.text.llm import presets_text

    models = [llm.preset(name) for name in llm.preset_names()]
    if output.choose(Format.TABLE, Format.JSON) is Format.TABLE:
        return presets_text(models, color=output.color).encode()
    presets: list[dict[str, Any]] = [
        {
            "name": model.name,
            "parameters": model.parameters,
            "active_parameters": model.active_parameters,
            "attention": model.attention,
            "source": model.source,
        }
        for model in models
    ]
    return json_text({"schema": "ncutool/llm-presets/1", "presets": presets})


def _content(plan: Plan, form: Format, *, color: bool) -> bytes:
    """Return a plan in one form; what the others hold is not worked out."""
    if form in SHEETS:
        from ncutool.text.llm import plan_sheet

        return sheet_content(plan_sheet(plan), form, color=color)
    from ncutool.planning.llm.record import record, rows

    if form is Format.JSON:
        return json_text(record(plan))
    from ncutool.commands.writing import plain_rows

    return plain_rows(rows(plan.batches), form)
