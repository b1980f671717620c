"""``ncutool llm``: plans a language model on a device from datasheet figures alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from ncutool.commands import llm_options as options
from ncutool.commands.options import (
    CaptureTraceOption,
    DebugOption,
    DeviceFileOption,
    ForceOption,
    Format,
    FormatOption,
    MaxBytesOption,
    NoColorOption,
    OutputOption,
)
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.devices.resolve import Device
    from ncutool.planning.llm import Model, Plan

_PAGES = (".html", ".htm")


def run(
    context_: typer.Context,
    preset: options.Preset = None,
    config: options.Config = None,
    presets: options.Presets = False,
    device: options.DeviceName = None,
    weights: options.Weights = "native",
    kv: options.Kv = None,
    activations: options.Activations = None,
    tensor_parallel: options.TensorParallel = 1,
    batch: options.Batch = 1,
    context: options.Context = 4096,
    prompt: options.Prompt = None,
    batches: options.Batches = None,
    contexts: options.Contexts = None,
    memory_share: options.MemoryShare = 0.9,
    params: options.Params = None,
    layers: options.Layers = None,
    hidden: options.Hidden = None,
    heads: options.Heads = None,
    kv_heads: options.KvHeads = None,
    head_dim: options.HeadDim = None,
    mla: options.Mla = None,
    intermediate: options.Intermediate = None,
    vocab: options.Vocab = None,
    tied: options.Tied = False,
    window: options.Window = None,
    experts: options.Experts = None,
    experts_per_token: options.ExpertsPerToken = None,
    shared_experts: options.SharedExperts = None,
    expert_intermediate: options.ExpertIntermediate = None,
    against: options.Against = None,
    capture_trace: CaptureTraceOption = None,
    phase: options.Phase = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device_file: DeviceFileOption = None,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Predict a language model's decode and prefill on a device, before buying or profiling.

    Weights and KV cache against memory, speed of light, intensities, ridge point, the batch where
    compute binds and the batch that memory allows, swept over batch and context. The model is
    --preset, --config, sizes, or --params; sizes change a preset. -o plan.html writes a page.
    --against holds the plan against a trace. --format csv, jsonl and parquet give the batch
    sweep's rows, or those of a step's parts.
    """
    answer = _Answer(form, output, force=force, color=not no_color)
    if presets:
        return answer.presets()
    sizes = (layers, hidden, heads, kv_heads, head_dim, intermediate, vocab, window, experts,
             experts_per_token, shared_experts, expert_intermediate)  # fmt: skip
    model = _model(preset, config, params, sizes, mla, tied=tied, needed=against is None)
    types = {"weights": weights, "kv": kv, "activations": activations}
    shared = (device_file, types, (tensor_parallel, batch, context, prompt), (batches, contexts),
              memory_share)  # fmt: skip
    given = _given(context_, batch=batch, context=context, prompt=prompt)
    said = _Said(against, capture_trace, device_file, device, max_bytes, phase, given)
    return answer.give(model, said, lambda one, on: _planned(one, on, *shared))


class _Said(NamedTuple):
    """What was said of a capture to hold the plan against, if any."""

    capture: Path | None
    capture_run: Path | None
    device_file: Path | None
    device: str | None
    max_bytes: int
    phase: str | None
    lengths: dict[str, int | None]


def _given(context: typer.Context, /, **values: int | None) -> dict[str, int | None]:
    """Of options, the values that were on the command line; None for what is a default."""
    return {name: value if _is_given(context, name) else None for name, value in values.items()}


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was on the command line, and is not its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _planned(
    model: Model,
    device: str | Device | None,
    device_file: Path | None,
    types: dict[str, str | None],
    lengths: tuple[int, int, int, int | None],
    sweeps: tuple[str | None, str | None],
    memory_share: float,
) -> Plan:
    """The plan.

    Args:
        lengths: devices that share a layer, batch, context and prompt.
        sweeps: the rows asked for of batch and context.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning.llm import plan
    from ncutool.planning.llm.planning import USUAL_BATCHES

    if device is None:
        raise UsageError("no device given: name one with --device; ncutool devices lists them")
    tensor_parallel, batch, context, prompt = lengths
    batches, contexts = sweeps
    return plan(
        model,
        device,
        weights=types["weights"] or "native",
        kv=types["kv"],
        activations=types["activations"],
        tensor_parallel=tensor_parallel,
        batch=batch,
        context_tokens=context,
        prompt_tokens=prompt,
        batches=USUAL_BATCHES if batches is None else _numbers("--batches", batches),
        contexts=None if contexts is None else _numbers("--contexts", contexts),
        usable_share=memory_share,
        known=with_file(device_file),
    )


class _Answer:
    """Where and how the result is written; refuses early what could not be."""

    def __init__(
        self, form: Format | None, output: Path | None, *, force: bool, color: bool
    ) -> None:
        from ncutool.commands.writing import check_writable, choose_format

        self.output = output
        self.is_page = output is not None and output.suffix.lower() in _PAGES and form is None
        self.form = Format.TABLE if self.is_page else choose_format(form, output)
        self.color = color and output is None
        check_writable(output, force=force)

    def presets(self) -> None:
        """The named models."""
        self._write(_listed(self.form, color=self.color))

    def give(
        self,
        model: Model | None,
        said: _Said,
        plan_of: Callable[[Model, Device | str | None], Plan],
    ) -> None:
        """The plan, or the plan held against a capture."""
        if model is None or said.capture is not None:
            return self.against(model, said, plan_of)
        if said.phase is not None or said.capture_run is not None:
            raise UsageError("--phase and --capture-trace say more of a trace: give --against too")
        return self.plan(plan_of(model, said.device))

    def plan(self, plan: Plan) -> None:
        """The plan, or its page."""
        if not self.is_page:
            self._write(_content(plan, self.form, color=self.color))
            return
        from ncutool.page.llm import render_plan

        self._write(render_plan(plan).encode())
        typer.echo(f"page: {self.output}")

    def against(
        self,
        model: Model | None,
        said: _Said,
        plan_of: Callable[[Model, Device | str | None], Plan],
    ) -> None:
        """The plan held against a capture."""
        from ncutool.commands import llm_against

        if self.is_page:
            raise UsageError("--against writes no page: use another ending, or --format")
        asked = llm_against.asked(said.phase, said.lengths)
        analysis = llm_against.read(*said[:5])
        if model is None:
            raise llm_against.fitting(analysis)
        plan = plan_of(model, llm_against.device_of(analysis))
        made = llm_against.content(plan, analysis, asked, self.form, color=self.color)
        llm_against.finish(self._write, made)

    def _write(self, content: bytes) -> None:
        from ncutool.commands.writing import write_bytes

        write_bytes(content, self.output)


def _model(
    preset: str | None,
    config: Path | None,
    params: float | None,
    given: tuple[int | None, ...],
    mla: str | None,
    *,
    tied: bool,
    needed: bool,
) -> Model | None:
    """The one model that was described; ``given`` are the sizes in the order of OPTIONS.

    None where nothing describes one and none is needed.
    """
    from ncutool.planning import llm
    from ncutool.planning.llm.described import OPTIONS, counted, described

    pairs = zip(OPTIONS, given, strict=True)
    sizes = {name: value for name, value in pairs if value is not None}

    ways = [
        flag
        for flag, value in (("--preset", preset), ("--config", config), ("--params", params))
        if value is not None
    ]
    if mla is not None and ways:
        raise UsageError(f"--mla describes a model by its sizes: leave out {ways[0]}")
    if tied and ways:
        raise UsageError(f"--tied describes a model by its sizes: leave out {ways[0]}")
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} describe the model twice: give one of them")
    if preset is not None:
        return llm.preset(preset, sizes)
    if config is not None:
        return llm.read_config(config, sizes)
    if params is not None:
        return counted(params, sizes)
    if not sizes and not needed and mla is None:
        return None
    if not sizes:
        raise UsageError("no model given: use --preset, --config, --params, or sizes")
    return described(sizes | _latent(mla), tied=tied)


def _latent(mla: str | None) -> dict[str, int]:
    from ncutool.planning.llm.described import LATENT

    if mla is None:
        return {}
    numbers = _numbers("--mla", mla)
    if not len(LATENT) - 1 <= len(numbers) <= len(LATENT):
        raise UsageError(f"--mla takes 4 or 5 numbers, not {len(numbers)}")
    return dict(zip(LATENT, numbers, strict=False))


def _numbers(flag: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"{flag} takes whole numbers with commas between, not {text!r}")
    if len(parts) > 1000:
        raise UsageError(f"{flag} takes at most 1,000 numbers, not {len(parts):,}")
    return tuple(int(part[:12]) for part in parts)


def _listed(chosen: Format, *, color: bool) -> bytes:
    from ncutool.planning import llm
    from ncutool.text.llm import presets_text

    models = [llm.preset(name) for name in llm.preset_names()]
    if chosen is Format.TABLE:
        return presets_text(models, color=color).encode()
    if chosen is not Format.JSON:
        raise UsageError(f"--presets gives a table or JSON, not {chosen.value}")
    return _json(
        {
            "schema": "ncutool/llm-presets/1",
            "presets": [
                {
                    "name": model.name,
                    "parameters": model.parameters,
                    "active_parameters": model.active_parameters,
                    "attention": model.attention,
                    "source": model.source,
                }
                for model in models
            ],
        }
    )


def _content(plan: Plan, chosen: Format, *, color: bool) -> bytes:
    from ncutool.planning.llm.record import record, rows

    if chosen is Format.JSON:
        return _json(record(plan))
    if chosen is Format.TABLE:
        from ncutool.text.llm import plan_text

        return plan_text(plan, color=color).encode()
    if chosen is Format.MD:
        from ncutool.text.llm import plan_markdown

        return plan_markdown(plan).encode()
    from ncutool.commands.writing import plain_rows

    return plain_rows(rows(plan.batches), chosen)


def _json(value: dict[str, Any]) -> bytes:
    import json

    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()
