"""What a trace's operators must do, computed again with sizes that remember how they were used.

The model is the one that made the table (:mod:`ncutool.work.operators`), whoever wrote it; its
own documentation is the formula in words.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from ncutool.explain.explanation import Input
from ncutool.explain.traced import Leaf, leaf, traced
from ncutool.work import shapes
from ncutool.work.operators import (
    OpCall,
    Scalar,
    Tensor,
    TensorList,
    Work,
    collective,
    model,
    model_of,
)

if TYPE_CHECKING:
    from ncutool.work.operators.tensor import Argument

COPY_SOURCE = "recorded size × how often a copied byte crosses this device's DRAM"
MESSAGE_SOURCE = "NCCL metadata: what goes in and comes out on this rank"
_SHOWN_LISTS = 6
_ROLE = re.compile(r":\w+:(?=`)")
"""Mark-up of documentation that means nothing to a reader of plain text."""


class Modelled(Struct, frozen=True):
    """The work of one operator call, with formulas."""

    work: Work | None
    """None where there is no model, or the call does not say enough."""
    inputs: tuple[Input, ...]
    """Its recorded arguments."""
    source: str
    """The model's own words."""


class _Shown(Tensor, frozen=True):
    """A tensor whose sizes are traced; dense ones have as many stored elements as indexed."""

    @property
    def stored(self) -> int:
        """As :attr:`Tensor.stored`, without the detour by strides where they change nothing."""
        elements = super().stored
        return self.numel if elements == self.numel else elements


def operator_work(call: OpCall, op_id: int) -> Modelled:
    """Return the work of an operator call, with formulas.

    Args:
        op_id: which call it is, for its arguments' place.
    """
    if call.parent is not None and model(replace(call, parent=None)) == model(call):
        call = replace(call, parent=None)  # its caller's arguments say nothing more
    work = model(_traced_call(call))
    where = f"recorded for {call.name}, operator call {op_id}"
    return Modelled(
        work=work if isinstance(work, Work) else None,
        inputs=tuple(_inputs(call, where)),
        source=_words(call),
    )


def _traced_call(call: OpCall) -> OpCall:
    return replace(
        call,
        inputs=tuple(_traced_argument(item) for item in call.inputs),
        parent=None if call.parent is None else _traced_call(call.parent),
        output_shape=None if call.output_shape is None else _sizes(call.output_shape),
    )


def _traced_argument(item: Argument) -> Argument:
    if isinstance(item, Tensor):
        return _Shown(_sizes(item.shape), item.dtype, item.strides, item.element_bytes)
    if isinstance(item, TensorList) and item.tensors is not None:
        return TensorList(
            tuple(
                _Shown(_sizes(tensor.shape), tensor.dtype, tensor.strides, tensor.element_bytes)
                for tensor in item.tensors
            )
        )
    return item


def _sizes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(traced(size, Leaf(size)) for size in shape)


def _inputs(call: OpCall, where: str) -> list[Input]:
    """Return the recorded arguments in words."""
    inputs = []
    for number, item in enumerate(call.inputs):
        name = f"argument {number}"
        if isinstance(item, Tensor):
            inputs.append(Input(name, _tensor(item), where))
        elif isinstance(item, TensorList) and item.tensors:
            shown = ", ".join(_tensor(tensor) for tensor in item.tensors[:_SHOWN_LISTS])
            rest = len(item.tensors) - _SHOWN_LISTS
            more = f" and {rest} more tensors" if rest > 0 else ""
            inputs.append(Input(name, f"{shown}{more}", where))
        elif isinstance(item, Scalar) and item.value is not None:
            inputs.append(Input(name, str(item.value), where))
    if call.list_element_bytes is not None:
        element_size = f"{call.list_element_bytes} bytes"
        inputs.append(Input("element size of its lists", element_size, "told by the kernel's name"))
    if call.output_shape is not None:
        shape = ",".join(str(size) for size in call.output_shape)
        inputs.append(Input("result", f"[{shape}]", "told by the backward operator"))
    if call.parent is not None:
        inputs += _inputs(replace(call.parent, parent=None), f"{where}'s caller {call.parent.name}")
    return inputs


def results(work: Work) -> tuple[Input, ...]:
    """Return an operator's results in words: their shapes are inferred, not recorded."""
    return tuple(
        Input(f"result {number}", _tensor(tensor), "follows from the arguments")
        for number, tensor in enumerate(work.outputs)
    )


def _tensor(tensor: Tensor) -> str:
    text = f"[{','.join(str(size) for size in tensor.shape)}]"
    if tensor.dtype is not None:
        text += f" {tensor.dtype}"
    if tensor.strides is not None and tensor.stored != tensor.numel:
        text += f" strides [{','.join(str(step) for step in tensor.strides)}]"
    return text


def _words(call: OpCall) -> str:
    """Return what the model's documentation says: its own first paragraph, then its module's."""
    known = model_of(call)
    if known is None:
        return f"no model for {call.name}"
    own = inspect.getdoc(known) if inspect.isfunction(known) else None
    module = inspect.getmodule(known)
    family = inspect.getdoc(module) if module is not None else None
    parts = [_paragraph(text) for text in (own, family) if text]
    return " ".join(parts) or f"model of {call.name}"


def _paragraph(text: str) -> str:
    return _ROLE.sub("", " ".join(text.split("\n\n")[0].split()))


def share(
    whole: Any, launch_id: int, members: list[tuple[int, int | None, float]], name: str
) -> Any:
    """Return what one launch carries of its operator's work (:mod:`ncutool.work.shapes`).

    Args:
        whole: the operator's figure.
        members: its main kernels: launch, duration and what each carries, in any order.
        name: of the figure.
    """
    if len(members) < 2:
        return whole
    own = next(value for number, _, value in members if number == launch_id)
    times = {
        number: leaf(ns or 0, f"duration_ns of launch {number}", "the trace")
        for number, ns, _ in members
    }
    total = sum(times.values())
    part = times[launch_id] / total if total else 1 / traced(len(members), Leaf(len(members)))
    mine = (whole * part) // 1
    if mine == own:
        return mine
    others = sum(
        leaf(value, f"{name} of launch {number}", "carried by its other kernels")
        for number, _, value in members
        if number != launch_id
    )
    return whole - others


def copy_bytes(launch: dict[str, Any]) -> Any:
    """Return the DRAM bytes of a copy or memset; None where its size or kind was not recorded."""
    size = launch["copy_bytes"]
    passes = 1 if launch["category"] == "memset" else shapes.DRAM_PASSES.get(launch["copy_kind"])
    if size is None or passes is None:
        return None
    return leaf(size, "bytes of the copy", "recorded in the trace") * passes


def message_bytes(launch: dict[str, Any]) -> Any:
    """Return the bytes of a collective's buffers; None where the metadata leaves them out."""
    counts = [
        None if launch[column] is None else leaf(launch[column], name, "NCCL metadata of the trace")
        for column, name in (
            ("collective_in_elements", "elements in"),
            ("collective_out_elements", "elements out"),
        )
    ]
    return collective.message_bytes(launch["collective_dtype"], *counts)
