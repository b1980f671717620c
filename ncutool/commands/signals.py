"""``ncutool signals``: the regime from signals, without a profile."""

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
    from ncutool.devices.table import Device
    from ncutool.planning.llm import Plan
    from ncutool.planning.signals import Benchmark, Report, Series, TokenTime

_MOST_FILES = 256


def _option(*flags: str, words: str, metavar: str = "N") -> Any:
    return typer.Option(*flags, help=words, metavar=metavar, show_default=False)


Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE",
        help="Text of nvidia-smi dmon, dcgmi dmon or dcgm-exporter; - is stdin.",
        show_default=False,
    ),
]
Pairs = Annotated[
    list[str] | None,
    _option(
        "--batch",
        words="A batch and its throughput in items a second, all sequences together; give two or "
        "more, e.g. 8:1200 and 16:2300.",
        metavar="B:RATE",
    ),
]
TokenMs = Annotated[
    float | None,
    _option("--token-time-ms", words="A measured decode step, in ms.", metavar="T"),
]
ModelBytes = Annotated[
    float | None,
    _option("--model-bytes", words="Bytes a device reads in the step, e.g. 16e9.", metavar="BYTES"),
]
Preset = Annotated[
    str | None,
    _option(
        "--preset",
        words="A named model in place of --model-bytes; ncutool llm --presets lists them.",
        metavar="NAME",
    ),
]
Config = Annotated[
    Path | None,
    _option("--config", words="A Hugging Face config.json likewise.", metavar="FILE.json"),
]
Weights = Annotated[
    str, _option("--weights", words="Type of its weights, as of ncutool llm.", metavar="TYPE")
]
Kv = Annotated[str | None, _option("--kv", words="Type of its cache.", metavar="TYPE")]
Context = Annotated[
    int, _option("--context", words="Tokens each sequence attends to (4096).", metavar="TOKENS")
]
Sequences = Annotated[int, _option("--sequences", words="Sequences decoded together (1).")]
TensorParallel = Annotated[
    int, _option("--tensor-parallel", "--tp", words="Devices that share a layer (1).")
]
Flop = Annotated[
    float | None, _option("--flop", words="FLOPs of a benchmark's step.", metavar="FLOP")
]
Moved = Annotated[
    float | None,
    _option("--bytes", words="Bytes it reads and writes in device memory.", metavar="BYTES"),
]
Seconds = Annotated[float | None, _option("--seconds", words="Its time.", metavar="S")]
Dtype = Annotated[
    str,
    _option("--dtype", words="Data type of its arithmetic (bf16).", metavar="TYPE"),
]
DeviceName = Annotated[
    str | None,
    _option("--device", words="The device; `ncutool devices` lists them.", metavar="NAME"),
]


def run(
    files: Files = None,
    pairs: Pairs = None,
    token_ms: TokenMs = None,
    model_bytes: ModelBytes = None,
    preset: Preset = None,
    config: Config = None,
    weights: Weights = "native",
    kv: Kv = None,
    context: Context = 4096,
    sequences: Sequences = 1,
    tensor_parallel: TensorParallel = 1,
    flop: Flop = None,
    moved: Moved = None,
    seconds: Seconds = None,
    dtype: Dtype = "bf16",
    device: DeviceName = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device_file: DeviceFileOption = None,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Tell the regime (compute, memory, latency, idle) from signals, without a profile.

    From any of: samples of nvidia-smi dmon, dcgmi dmon or dcgm-exporter; two batches with their
    throughput; a token time and the model's bytes; a benchmark's FLOPs, bytes and seconds. Says
    how sure it is, which numbers and boundaries it rests on, and what would tell more.
    """
    from ncutool.commands.writing import check_writable, choose_format, write_bytes
    from ncutool.devices.table import with_file
    from ncutool.planning.signals import classify

    chosen = choose_format(form, output)
    if chosen not in (Format.TABLE, Format.JSON, Format.MD):
        raise UsageError(f"signals gives a table, JSON or Markdown, not {chosen.value}")
    check_writable(output, force=force)
    known = with_file(device_file)
    batches = [_pair(each) for each in pairs or ()]
    benchmark = _benchmark(flop, moved, seconds, dtype)
    sizes = (context, sequences, tensor_parallel)
    model = (model_bytes, preset, config, weights, kv)
    token = _token(token_ms, model, sizes, device, known)
    report = classify(
        _read(files or []),
        batches=batches,
        token_time=token,
        benchmark=benchmark,
        device=device,
        known=known,
    )
    write_bytes(_content(report, chosen, color=not no_color and output is None), output)


def _read(files: list[Path]) -> list[Series]:
    import sys

    from ncutool.planning.signals.reading import MOST_BYTES, parse, read

    if len(files) > _MOST_FILES:
        raise UsageError(f"at most {_MOST_FILES} files at a time, not {len(files):,}")
    names = [str(path) for path in files]
    if names.count("-") > 1:
        raise UsageError("stdin (-) can be read once")
    return [
        parse(sys.stdin.buffer.read(MOST_BYTES + 1), "stdin") if str(path) == "-" else read(path)
        for path in files
    ]


def _pair(text: str) -> tuple[float, float]:
    """`8:1200`."""
    parts = text.split(":")
    try:
        batch, throughput = (float(part) for part in parts)
    except ValueError:
        raise UsageError(
            f"--batch takes a batch and its throughput, e.g. 8:1200, not {text[:60]!r}"
        ) from None
    return batch, throughput


def _benchmark(
    flop: float | None, moved: float | None, seconds: float | None, dtype: str
) -> Benchmark | None:
    from ncutool.planning.signals import Benchmark

    if seconds is None:
        if flop is not None or moved is not None:
            raise UsageError("--flop and --bytes need --seconds, the time of a step")
        return None
    return Benchmark(1e9 * seconds, flop, moved, dtype)


def _token(
    token_ms: float | None,
    model: tuple[float | None, str | None, Path | None, str, str | None],
    sizes: tuple[int, int, int],
    device: str | None,
    known: tuple[Device, ...],
) -> TokenTime | None:
    """The token time with its bytes: given, or of a planned model."""
    from ncutool.planning.signals import TokenTime

    model_bytes, preset, config, *types = model
    given = (("--model-bytes", model_bytes), ("--preset", preset), ("--config", config))
    ways = [flag for flag, value in given if value is not None]
    if token_ms is None:
        if ways:
            raise UsageError(f"{ways[0]} needs --token-time-ms, the time it is held against")
        return None
    if len(ways) != 1:
        raise UsageError(
            "--token-time-ms needs one of --model-bytes, --preset and --config"
            + (f", not {' and '.join(ways)}" if ways else "")
        )
    if model_bytes is not None:
        return TokenTime(1e6 * token_ms, model_bytes)
    if device is None:
        raise UsageError(f"{ways[0]} needs --device; ncutool devices lists them")
    from ncutool.planning.signals.token_time import of_plan

    return of_plan(_plan(preset, config, types, sizes, device, known), 1e6 * token_ms)


def _plan(
    preset: str | None,
    config: Path | None,
    types: list[Any],
    sizes: tuple[int, int, int],
    device: str,
    known: tuple[Device, ...],
) -> Plan:
    """The plan of the one model that was named, without its sweeps."""
    from ncutool.planning import llm

    context, sequences, tensor_parallel = sizes
    weights, kv = types
    return llm.plan(
        llm.preset(preset or "") if config is None else llm.read_config(config),
        device,
        weights=weights,
        kv=kv,
        tensor_parallel=tensor_parallel,
        batch=sequences,
        context_tokens=context,
        batches=(sequences,),
        contexts=(context,),
        known=known,
    )


def _content(report: Report, chosen: Format, *, color: bool) -> bytes:
    if chosen is Format.JSON:
        import json

        from ncutool.planning.signals.record import record

        text = json.dumps(record(report), ensure_ascii=False, allow_nan=False, indent=2)
        return (text + "\n").encode("utf-8", "backslashreplace")
    from ncutool.text.signals import report_markdown, report_text

    if chosen is Format.MD:
        return report_markdown(report).encode()
    return report_text(report, color=color).encode()
