"""What a trace shows of the program that was recorded: what remedies are tied to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import polars as pl
from msgspec import Struct

from ncutool.work.kernel_facts import facts_of

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

_BACKWARD = r"_backward|Backward\d*$|autograd::"
_COMPILED = r"(?i)CompiledFunction|Torch-Compiled Region|^## Call CompiledFxGraph|TorchDynamo"
_DDP = r"DistributedDataParallel|(?i)^reducer::"
_FSDP = r"FullyShardedDataParallel|(?i)fsdp"
_VLLM = r"(?i)\bvllm::|_vllm_|^_C_custom_ar::"
_SGLANG = r"(?i)sglang|^sgl_kernel::"
_STEP = r"^ProfilerStep#\d+"


class Program(Struct, frozen=True):
    """Facts told by the names of operators, kernels and annotations."""

    amd: bool
    trains: bool
    """A backward pass was recorded."""
    compiled: bool
    """Kernels or operators of torch.compile were recorded."""
    optimizer: bool
    """An optimizer's step was annotated."""
    parallel: Literal["ddp", "fsdp"] | None
    server: Literal["vllm", "sglang"] | None
    tuned: frozenset[str]
    """Families of work for which a tuner tries kernels in the window."""
    steps: tuple[tuple[int, int], ...]
    """Start and end (ns) of each annotated profiler step on the host, in order."""


def shown(capture: Capture, kernels: Iterable[str], tuned: frozenset[str] = frozenset()) -> Program:
    """Return what ``capture`` shows; an absent sign is not evidence of absence.

    Args:
        kernels: names of those within the window.
        tuned: families of work for which a tuner tries kernels.
    """
    notes = capture.annotations.filter(~pl.col("on_device"))
    words = pl.concat([capture.signatures["op"], notes["name"]]).unique()
    steps = notes.filter(pl.col("name").str.contains(_STEP)).select("start_ns", "end_ns")
    return Program(
        amd=any(record.vendor == "amd" for record in capture.devices),
        trains=_any(words, _BACKWARD),
        compiled=_any(words, _COMPILED) or any(facts_of(name).compiled for name in kernels),
        optimizer=_any(words, r"^Optimizer\.step"),
        parallel="fsdp" if _any(words, _FSDP) else "ddp" if _any(words, _DDP) else None,
        server="vllm" if _any(words, _VLLM) else "sglang" if _any(words, _SGLANG) else None,
        tuned=tuned,
        steps=tuple(sorted(steps.unique().iter_rows())),
    )


def _any(names: pl.Series, pattern: str) -> bool:
    return bool(names.str.contains(pattern).any())
