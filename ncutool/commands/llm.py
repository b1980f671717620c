"""``ncutool llm``: plans a language model on a device from datasheet figures alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ncutool.commands.options import (
    DebugOption,
    DeviceFileOption,
    ForceOption,
    Format,
    FormatOption,
    NoColorOption,
    OutputOption,
)
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.llm import Model, Plan

_PAGES = (".html", ".htm")


def _option(flag: str, words: str, metavar: str = "N") -> Any:
    return typer.Option(flag, help=words, metavar=metavar, show_default=False)


def run(
    preset: Annotated[
        str | None, _option("--preset", "A named model; --presets lists them.", "NAME")
    ] = None,
    config: Annotated[
        Path | None, _option("--config", "A Hugging Face config.json.", "FILE.json")
    ] = None,
    presets: Annotated[
        bool, typer.Option("--presets", help="List the named models with their sources.")
    ] = False,
    device: Annotated[
        str | None, _option("--device", "The device; `ncutool devices` lists them.", "NAME")
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            help="Type of the layers' weights: native (as published), bf16, fp16, fp8, int8, int4, "
            "mxfp4, nvfp4.",
            metavar="TYPE",
        ),
    ] = "native",
    kv: Annotated[
        str | None, _option("--kv", "Type of the KV cache: bf16, fp16, fp8, int8, int4.", "TYPE")
    ] = None,
    activations: Annotated[
        str | None,
        _option(
            "--activations", "Type of the layers' inputs; with narrow weights, the math's.", "TYPE"
        ),
    ] = None,
    tensor_parallel: Annotated[
        int, typer.Option("--tensor-parallel", "--tp", metavar="N", help="Devices a layer is on.")
    ] = 1,
    batch: Annotated[int, typer.Option(metavar="N", help="Sequences decoded together.")] = 1,
    context: Annotated[
        int, typer.Option(metavar="TOKENS", help="Tokens each sequence attends to.")
    ] = 4096,
    prompt: Annotated[
        int | None,
        _option("--prompt", "Length of the prompt; --context where not given.", "TOKENS"),
    ] = None,
    batches: Annotated[
        str | None, _option("--batches", "Rows of the batch sweep, e.g. 1,8,64.", "N,N,...")
    ] = None,
    contexts: Annotated[
        str | None, _option("--contexts", "Rows of the context sweep.", "N,N,...")
    ] = None,
    memory_share: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of a device's memory for weights and caches."),
    ] = 0.9,
    params: Annotated[
        float | None, _option("--params", "Parameter count alone, e.g. 8e9, in place of sizes.")
    ] = None,
    layers: Annotated[int | None, _option("--layers", "Layers.")] = None,
    hidden: Annotated[int | None, _option("--hidden", "Hidden size.")] = None,
    heads: Annotated[int | None, _option("--heads", "Query heads.")] = None,
    kv_heads: Annotated[int | None, _option("--kv-heads", "Key-value heads.")] = None,
    head_dim: Annotated[int | None, _option("--head-dim", "Size of a head.")] = None,
    intermediate: Annotated[
        int | None, _option("--intermediate", "Inner size of a feed-forward block.")
    ] = None,
    vocab: Annotated[int | None, _option("--vocab", "Size of the vocabulary.")] = None,
    tied: Annotated[
        bool, typer.Option("--tied", help="The head is the input table (with sizes).")
    ] = False,
    window: Annotated[
        int | None, _option("--window", "Tokens a layer with a sliding window attends to.")
    ] = None,
    experts: Annotated[int | None, _option("--experts", "Experts in a layer.")] = None,
    experts_per_token: Annotated[
        int | None, _option("--experts-per-token", "Experts a token is sent to.")
    ] = None,
    shared_experts: Annotated[
        int | None, _option("--shared-experts", "Experts every token passes besides.")
    ] = None,
    expert_intermediate: Annotated[
        int | None, _option("--expert-intermediate", "Inner size of an expert.")
    ] = None,
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
    --format csv, jsonl and parquet give the batch sweep's rows.
    """
    from ncutool.commands.writing import check_writable, choose_format, write_bytes
    from ncutool.device_table import with_file
    from ncutool.llm import plan

    page = output is not None and output.suffix.lower() in _PAGES and form is None
    chosen = Format.TABLE if page else choose_format(form, output)
    check_writable(output, force=force)
    color = not no_color and output is None
    if presets:
        write_bytes(_listed(chosen, color=color), output)
        return
    sizes = {
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim,
        "intermediate_size": intermediate,
        "vocab_size": vocab,
        "sliding_window": window,
        "num_local_experts": experts,
        "num_experts_per_tok": experts_per_token,
        "n_shared_experts": shared_experts,
        "moe_intermediate_size": expert_intermediate,
    }
    given = {name: value for name, value in sizes.items() if value is not None}
    model = _model(preset, config, params, given, tied=tied)
    if device is None:
        raise UsageError("no device given: name one with --device; ncutool devices lists them")
    swept = {} if batches is None else {"batches": _numbers("--batches", batches)}
    found = plan(
        model,
        device,
        weights=weights,
        kv=kv,
        activations=activations,
        tensor_parallel=tensor_parallel,
        batch=batch,
        context_tokens=context,
        prompt_tokens=prompt,
        contexts=None if contexts is None else _numbers("--contexts", contexts),
        usable_share=memory_share,
        known=with_file(device_file),
        **swept,
    )
    write_bytes(_page(found) if page else _content(found, chosen, color=color), output)
    if page:
        typer.echo(f"page: {output}")


def _model(
    preset: str | None,
    config: Path | None,
    params: float | None,
    sizes: dict[str, int],
    *,
    tied: bool,
) -> Model:
    """The one model that was described."""
    from ncutool import llm
    from ncutool.llm.described import counted, described

    ways = [
        flag
        for flag, value in (("--preset", preset), ("--config", config), ("--params", params))
        if value is not None
    ]
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} describe the model twice: give one of them")
    if preset is not None:
        return llm.preset(preset, sizes)
    if config is not None:
        return llm.read_config(config, sizes)
    if params is not None:
        return counted(params, sizes)
    if not sizes:
        raise UsageError("no model given: use --preset, --config, --params, or sizes")
    return described(sizes, tied=tied)


def _numbers(flag: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"{flag} takes whole numbers with commas between, not {text!r}")
    if len(parts) > 1000:
        raise UsageError(f"{flag} takes at most 1,000 numbers, not {len(parts):,}")
    return tuple(int(part[:12]) for part in parts)


def _listed(chosen: Format, *, color: bool) -> bytes:
    from ncutool import llm
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
    from ncutool.llm.record import record, rows

    if chosen is Format.JSON:
        return _json(record(plan))
    if chosen is Format.TABLE:
        from ncutool.text.llm import plan_text

        return plan_text(plan, color=color).encode()
    if chosen is Format.MD:
        from ncutool.text.llm import plan_markdown

        return plan_markdown(plan).encode()
    return _rows(rows(plan.batches), chosen)


def _rows(rows: list[dict[str, Any]], chosen: Format) -> bytes:
    """The batch sweep; only Parquet needs a table library."""
    import csv
    import io
    import json

    if chosen is Format.JSONL:
        return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()
    if chosen is Format.CSV:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return buffer.getvalue().encode()
    import polars as pl

    target = io.BytesIO()
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(target)
    return target.getvalue()


def _json(value: dict[str, Any]) -> bytes:
    import json

    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()


def _page(plan: Plan) -> bytes:
    from ncutool.page.llm import render_plan

    return render_plan(plan).encode()
