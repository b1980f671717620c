"""``ncutool plan signals``: the regime from signals, without a profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ncutool.base.amounts import BYTES, FLOP, MILLISECONDS, NUMBER, SECONDS
from ncutool.commands.options import DeviceFileOption, Format, option, unfold
from ncutool.commands.plan import help_groups
from ncutool.commands.plan.model_options import (
    BatchOption,
    ConfigOption,
    ContextOption,
    KvOption,
    PlannedDevice,
    PresetOption,
    TensorParallelOption,
    WeightsOption,
)
from ncutool.commands.writing import Output
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.devices.resolve import Device
    from ncutool.planning.llm import Plan
    from ncutool.planning.signals import Benchmark, Report, Series, TokenTime

_MOST_FILES = 256


class TokenOptions(Struct, frozen=True):
    """A measured decode step, and what tells its bytes."""

    token_time_ms: Annotated[
        float | None, option(words="A measured decode step, in ms.", metavar="T"), MILLISECONDS
    ] = None
    model_bytes: Annotated[
        float | None,
        option(words="Bytes a device reads in the step, e.g. 16GB.", metavar="BYTES"),
        BYTES,
    ] = None
    preset: PresetOption = None
    config: ConfigOption = None
    weights: WeightsOption = "native"
    kv: KvOption = None
    context: ContextOption = 4096
    batch: BatchOption = 1
    tensor_parallel: TensorParallelOption = 1

    def ways(self) -> list[str]:
        """Return the options that were given to tell the bytes."""
        given = {
            "--model-bytes": self.model_bytes, "--preset": self.preset, "--config": self.config
        }  # fmt: skip
        return [flag for flag, value in given.items() if value is not None]

    def plan(self, device: str | None, known: tuple[Device, ...]) -> Plan:
        """Return the plan of the model that is named in place of its bytes.

        Raises:
            UsageError: no device is named, or the model is not known.
        """
        from ncutool.planning import llm

        if device is None:
            raise UsageError(f"{self.ways()[0]} needs --device; ncutool devices lists them")
        return llm.plan(
            llm.preset(self.preset or "") if self.config is None else llm.read_config(self.config),
            device,
            weights=self.weights,
            kv=self.kv,
            tensor_parallel=self.tensor_parallel,
            batch=self.batch,
            context_tokens=self.context,
            batches=(self.batch,),
            contexts=(self.context,),
            known=known,
        )


class BenchmarkOptions(Struct, frozen=True):
    """A benchmark's step."""

    flop: Annotated[
        float | None, option(words="FLOPs of a benchmark's step.", metavar="FLOP"), FLOP
    ] = None
    bytes_: Annotated[
        float | None,
        option("--bytes", words="Bytes it reads and writes in device memory.", metavar="BYTES"),
        BYTES,
    ] = None
    seconds: Annotated[float | None, option(words="Its time.", metavar="S"), SECONDS] = None
    dtype: Annotated[
        str, option(words="Data type of its arithmetic.", metavar="TYPE", show_default=True)
    ] = "bf16"


GROUPS = help_groups.SIGNALS


@unfold
def run(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Text of nvidia-smi dmon, dcgmi dmon or dcgm-exporter; - is stdin.",
            show_default=False,
        ),
    ] = None,
    throughput: Annotated[
        list[str] | None,
        option(
            words="A batch and its throughput in items a second, all sequences together; give two "
            "or more, e.g. 8:1200 and 16:2300.",
            metavar="B:RATE",
        ),
    ] = None,
    device: PlannedDevice = None,
    device_file: DeviceFileOption = None,
    *,
    token: TokenOptions,
    benchmark: BenchmarkOptions,
    output: Output,
) -> None:
    """Tell the regime (compute, memory, latency, idle) from signals, without a profile.

    From any of: samples of nvidia-smi dmon, dcgmi dmon or dcgm-exporter; two batches with their
    throughput; a token time and the model's bytes; a benchmark's FLOPs, bytes and seconds. Says
    how sure it is, which numbers and boundaries it rests on, and what would tell more.
    """
    from ncutool.devices.table import with_file
    from ncutool.planning.signals import classify

    chosen = output.choose(Format.TABLE, Format.JSON, Format.MD)
    known = with_file(device_file)
    pairs = [_pair(text) for text in throughput or ()]
    report = classify(
        _read(files or []),
        batches=pairs,
        token_time=_token(token, lambda: token.plan(device, known)),
        benchmark=_benchmark(benchmark),
        device=device,
        known=known,
    )
    output.write(_content(report, chosen, color=output.color))


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
    """Return batch and items a second of a text like `8:1200`."""
    wrong = UsageError(f"--throughput takes a batch and its rate, e.g. 8:1200, not {text[:60]!r}")
    parts = text.split(":")
    if len(parts) != 2:
        raise wrong
    try:
        batch, throughput = (float(NUMBER.read("--throughput", part)) for part in parts)
    except UsageError:
        raise wrong from None
    return batch, throughput


def _benchmark(given: BenchmarkOptions) -> Benchmark | None:
    from ncutool.planning.signals import Benchmark

    if given.seconds is None:
        if given.flop is not None or given.bytes_ is not None:
            raise UsageError("--flop and --bytes need --seconds, the time of a step")
        return None
    return Benchmark(1e9 * given.seconds, given.flop, given.bytes_, given.dtype)


def _token(given: TokenOptions, plan: Callable[[], Plan]) -> TokenTime | None:
    """Return the token time with the bytes of its step; None where no time was given.

    Args:
        given: the measured time, and exactly one option that tells the bytes.
        plan: plans the model that was named in their place.

    Raises:
        UsageError: a time without a way to its bytes or with two, or a way without a time.
    """
    from ncutool.planning.signals import TokenTime

    ways = given.ways()
    if given.token_time_ms is None:
        if ways:
            raise UsageError(f"{ways[0]} needs --token-time-ms, the time it is held against")
        return None
    if len(ways) != 1:
        raise UsageError(
            "--token-time-ms needs one of --model-bytes, --preset and --config"
            + (f", not {' and '.join(ways)}" if ways else "")
        )
    if given.model_bytes is not None:
        return TokenTime(1e6 * given.token_time_ms, given.model_bytes)
    from ncutool.planning.signals.token_time import of_plan

    return of_plan(plan(), 1e6 * given.token_time_ms)


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
