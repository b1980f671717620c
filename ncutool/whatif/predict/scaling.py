"""Operator calls as they would be at another batch or length, told from their shapes.

Weights stay. Every activation carries the batch once: in the dimension that equals it, or that is
a multiple of it (heads, flattened tokens). The length may stand in several: alone, with one token
more, in pairs, or flattened with the batch. What cannot be told is left without a call.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from ncutool.whatif.predict.sizes import PARAMETERS, Shape, Sizes, key, parameter_shapes
from ncutool.work.operators import OpCall, Tensor, TensorList, Work, model
from ncutool.work.operators.call import UnmodelledError
from ncutool.work.operators.tensor import Argument
from ncutool.work.roofs import MATRIX_FAMILIES

_BATCHED = ("bmm", "baddbmm")
"""Their first dimension is batch and heads, whatever the others equal."""
_PRODUCTS = ("mm", "addmm", "linear")


class Rescaled(Struct, frozen=True):
    """A call at other sizes; ``call`` is None where ``reason`` says why it cannot be told."""

    op: str
    call: OpCall | None
    reason: str | None = None


class Plan(Struct, frozen=True):
    """From which sizes to which, and what the calls say of flattened dimensions and weights."""

    old: Sizes
    new: Sizes
    weights: frozenset[Shape]
    flattened: dict[int, int | None]
    """Size of leading dimensions taken together -> the same after; None where two differ."""


def rescale(
    calls: Sequence[OpCall | None], old: Sizes, batch_scale: float = 1, length_scale: float = 1
) -> list[Rescaled]:
    """Return each call at ``batch_scale`` times the batch and ``length_scale`` times the length.

    Raises:
        ValueError: a size is not whole or not positive afterwards, the length is to change but is
            not known, or is also a dimension of weights, from which it cannot be told apart.
    """
    known = [call for call in calls if call is not None]
    plan = _plan(known, old, _scaled_sizes(old, batch_scale, length_scale))
    return [
        Rescaled("", None, "no shapes") if call is None else _rescaled(plan, call) for call in calls
    ]


def batch_grows(calls: Sequence[OpCall | None], old: Sizes) -> float | None:
    """Return by what matrix work grows when the batch doubles; None where there is none to tell it.

    It must be 2: else ``old.batch`` is not the batch.
    """
    return _grows(calls, rescale(calls, old, batch_scale=2))


def length_grows(calls: Sequence[OpCall | None], old: Sizes) -> float | None:
    """Return by what matrix work grows when the length doubles: 2 or more, for attention."""
    return _grows(calls, rescale(calls, old, length_scale=2))


def _grows(calls: Sequence[OpCall | None], rescaled: Sequence[Rescaled]) -> float | None:
    before = after = 0
    for call, new in zip(calls, rescaled, strict=True):
        if call is None or new.call is None:
            continue
        old_work, new_work = model(call), model(new.call)
        if isinstance(old_work, Work) and isinstance(new_work, Work):
            matrix = old_work.family in MATRIX_FAMILIES
            before += (old_work.flop or 0) if matrix else 0
            after += (new_work.flop or 0) if matrix else 0
    return after / before if before else None


def _scaled_sizes(old: Sizes, batch_scale: float, length_scale: float) -> Sizes:
    batch = _whole(old.batch, batch_scale, "batch")
    if length_scale == 1:
        return Sizes(batch, old.length)
    if old.length is None:
        raise ValueError("the sequence length cannot be told from the shapes: name it")
    return Sizes(batch, _whole(old.length, length_scale, "length"))


def _whole(size: int, scale: float, what: str) -> int:
    new = round(size * scale)
    if new < 1 or abs(new - size * scale) > 1e-6 * size:
        raise ValueError(f"a {what} of {size} times {scale:g} is not a whole number above 0")
    return new


def _plan(calls: Sequence[OpCall], old: Sizes, new: Sizes) -> Plan:
    weights = parameter_shapes(calls)
    if old.length != new.length and any(old.length in shape for shape in weights):
        raise ValueError(
            f"the length {old.length} is also a dimension of weights: it cannot be told apart"
        )
    plan = Plan(old, new, weights, {})
    flattened: dict[int, int | None] = {old.batch: new.batch}
    for call in calls:
        for shape in _activations(plan, call):
            for before, after in _leading(shape, _activation(plan, shape, call.base)):
                if flattened.setdefault(before, after) != after:
                    flattened[before] = None
    return Plan(old, new, weights, flattened)


def _activations(plan: Plan, call: OpCall) -> list[Shape]:
    """Return the shapes of three dimensions or more that are no weights."""
    weights = PARAMETERS.get(call.base, ())
    return [
        item.shape
        for index, item in enumerate(call.inputs)
        if isinstance(item, Tensor)
        and len(item.shape) >= 3
        and index not in weights
        and key(item.shape) not in plan.weights
    ]


def _leading(shape: Shape, scaled: Shape) -> list[tuple[int, int]]:
    """Return products of the first dimensions, before and after, where they changed."""
    pairs = []
    before = after = 1
    for old, new in zip(shape[:-1], scaled[:-1], strict=True):
        before, after = before * old, after * new
        if before != after and old != 1:
            pairs.append((before, after))
    return pairs


def _rescaled(plan: Plan, call: OpCall) -> Rescaled:
    if call.backend is not None:
        return Rescaled(call.name, None, "compiled kernels do not say which of their sizes grow")
    rescaled = _with_shapes(plan, call)
    modelled = isinstance(model(call), Work)
    if rescaled.call is not None and modelled and not isinstance(model(rescaled.call), Work):
        return Rescaled(call.name, None, "its model does not take the shapes that would result")
    return rescaled


def _with_shapes(plan: Plan, call: OpCall) -> Rescaled:
    weights = PARAMETERS.get(call.base, ())
    try:
        inputs = tuple(
            _argument(plan, call, item, index in weights) for index, item in enumerate(call.inputs)
        )
    except UnmodelledError as unclear:
        return Rescaled(call.name, None, unclear.reason)
    output = None if call.output_shape is None else _activation(plan, call.output_shape, call.base)
    parent = None if call.parent is None else _with_shapes(plan, call.parent).call
    return Rescaled(
        call.name, structs.replace(call, inputs=inputs, output_shape=output, parent=parent)
    )


def _argument(plan: Plan, call: OpCall, item: Argument, is_weight: bool) -> Argument:
    if isinstance(item, TensorList) and item.tensors is not None:
        return TensorList(tuple(_tensor(plan, call, tensor, False) for tensor in item.tensors))
    return _tensor(plan, call, item, is_weight) if isinstance(item, Tensor) else item


def _tensor(plan: Plan, call: OpCall, tensor: Tensor, is_weight: bool) -> Tensor:
    shape = tensor.shape
    if is_weight and not (call.base == "mm" and plan.flattened.keys() & shape[:1]):
        return tensor
    if not is_weight and call.base not in _PRODUCTS and key(shape) in plan.weights:
        if plan.old.batch in shape and plan.old.batch != plan.new.batch:
            raise UnmodelledError("a shape that may be a weight or an activation")
        return tensor
    scaled = _activation(plan, shape, call.base) if len(shape) >= 3 else _flat(plan, shape)
    return structs.replace(tensor, shape=scaled, strides=_strides(tensor, scaled))


def _activation(plan: Plan, shape: Shape, base: str) -> Shape:
    """Return a shape rescaled: the batch in one of its dimensions, the length in any."""
    place = _batch_place(plan.old.batch, shape, base)
    return tuple(
        size // plan.old.batch * plan.new.batch if index == place else _lengthened(plan, size)
        for index, size in enumerate(shape)
    )


def _batch_place(batch: int, shape: Shape, base: str) -> int | None:
    if base in _BATCHED and any(size % batch == 0 for size in shape[:1]):
        return 0
    if batch in shape:
        return shape.index(batch)
    if shape[:1] == (1,):
        return None  # broadcast over the batch, such as a table of positions
    return next((index for index, size in enumerate(shape[:2]) if size % batch == 0), None)


def _lengthened(plan: Plan, size: int) -> int:
    """Return a dimension that does not carry the batch, rescaled."""
    old, new = plan.old.length, plan.new.length
    if old is None or new is None or old == new:
        return size
    known = {
        old: new,
        old + 1: new + 1,
        old * old: new * new,
        old * (old + 1) // 2: new * (new + 1) // 2,
        old * (old - 1) // 2: new * (new - 1) // 2,
    }
    return known.get(size, size)


def _flat(plan: Plan, shape: Shape) -> Shape:
    """Return a matrix or vector rescaled: one dimension may be the batch, also flattened."""
    place = next((index for index, size in enumerate(shape) if size in plan.flattened), None)
    if place is None:
        return tuple(_lengthened(plan, size) for size in shape)
    new = plan.flattened[shape[place]]
    if new is None:
        raise UnmodelledError("a shape that may be several sizes flattened")
    return tuple(
        new if index == place else _lengthened(plan, size) for index, size in enumerate(shape)
    )


def _strides(tensor: Tensor, scaled: Shape) -> tuple[int, ...] | None:
    """Return dense strides in the old order of dimensions; expanded ones stay expanded.

    Those that are not one a dimension stay too: no model takes them.
    """
    if tensor.strides is None or scaled == tensor.shape or len(tensor.strides) != len(scaled):
        return tensor.strides
    strides = list(tensor.strides)
    step = 1
    for index in sorted(range(len(scaled)), key=lambda place: (strides[place], -place)):
        if tensor.strides[index]:
            strides[index] = step
            step *= scaled[index]
    return tuple(strides)
