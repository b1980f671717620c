"""Runs one operator under torch.profiler and reads the call back from the exported trace."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from ncutool.work.operators import OpCall, Tensor, Work, model, parse_call

DTYPE_NAMES = {
    torch.float64: "fp64",
    torch.float32: "fp32",
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.float8_e4m3fn: "fp8",
    torch.float8_e5m2: "fp8",
    torch.complex32: "complex32",
    torch.complex64: "complex64",
    torch.complex128: "complex128",
    torch.int64: "int64",
    torch.int32: "int32",
    torch.int16: "int16",
    torch.int8: "int8",
    torch.uint8: "uint8",
    torch.uint64: "uint64",
    torch.bool: "bool",
}
"""PyTorch's data types -> our names, written down apart from the table under test."""


@dataclass(frozen=True)
class Recorded:
    """One operator call: what the trace says of it, and what it returned."""

    name: str
    arguments: Mapping[str, Any]
    """`args` of its event."""
    result: Any
    """None where the CPU has no kernel for it: the profiler records the call all the same."""

    def call(self, list_element_bytes: int | None = None, parent: OpCall | None = None) -> OpCall:
        """The call as ncutool reads it."""
        texts = (
            json.dumps(self.arguments[key])
            for key in ("Input Dims", "Input type", "Input Strides", "Concrete Inputs")
        )
        return parse_call(self.name, *texts, parent=parent, list_element_bytes=list_element_bytes)

    def work(self, list_element_bytes: int | None = None) -> Work:
        """The call's work, which must be known."""
        found = model(self.call(list_element_bytes))
        assert isinstance(found, Work), (self.name, found, self.arguments)
        return found


def export(path: Path, function: Any) -> Any:
    """Profile ``function`` with shapes, export the trace to ``path`` and return the result."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        result = function()
    profiler.export_chrome_trace(str(path))
    return result


def record(operator: Any, *args: Any, may_fail: bool = False, **kwargs: Any) -> Recorded:
    """The outermost event that calling ``operator``, an overload of `torch.ops`, leaves.

    ``may_fail`` lets calls pass that have no kernel here; the profiler has seen them by then.
    """
    result = None

    def run() -> None:
        nonlocal result
        with suppress(*((RuntimeError, TypeError) if may_fail else ())):
            result = operator(*args, **kwargs)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        export(path, run)
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    name = operator._schema.name
    mine = [item for item in events if item.get("cat") == "cpu_op" and item["name"] == name]
    first = min(mine, key=lambda item: float(item["ts"]))
    return Recorded(name, first["args"], result)


def results(value: Any) -> tuple[torch.Tensor, ...]:
    """All tensors of a result, in order."""
    if isinstance(value, torch.Tensor):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(tensor for item in value for tensor in results(item))
    return ()


def described(value: Any) -> list[tuple[tuple[int, ...], str]]:
    """Shape and data type of every tensor of a result."""
    return [(tuple(item.shape), DTYPE_NAMES[item.dtype]) for item in results(value)]


def claimed(outputs: tuple[Tensor, ...]) -> list[tuple[tuple[int, ...], str | None]]:
    """The same of a model's outputs."""
    return [(item.shape, item.dtype) for item in outputs]
