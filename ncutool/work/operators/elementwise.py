"""Elementwise operators: one operation per arithmetic step or library function and element.

Bytes: every input by its distinct elements, the broadcast result once; the in-place form reads
and writes its first argument. FLOPs of integer or boolean arithmetic are a known 0. Complex numbers
take several real operations each; where it is not said how many, the FLOPs are unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ncutool.work.operators.arithmetic import addition, is_complex, multiplication
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.overloads import NO_SIGNATURE
from ncutool.work.operators.tensor import (
    REAL,
    Scalar,
    Tensor,
    TensorList,
    broadcast,
    is_floating,
    promote,
)

FAMILY = "elementwise"
Result = Literal["promote", "float", "bool", "first"]


class Pointwise(Struct, frozen=True):
    """How one elementwise operator counts."""

    flop_per_element: int
    arguments: int
    """Arguments of its schema; a tensor after them is the `out=` result."""
    result: Result = "promote"
    factors: tuple[int, ...] = ()
    """Arguments whose value scales or shapes the result without promoting its data type."""
    operands: int | None = None
    """Arguments that may be tensors; all of them where None."""


def _group(
    names: str,
    flop_per_element: int,
    arguments: int,
    result: Result = "promote",
    factors: tuple[int, ...] = (),
    operands: int | None = None,
) -> dict[str, Pointwise]:
    rule = Pointwise(flop_per_element, arguments, result, factors, operands)
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, Pointwise] = {
    **_group("add sub rsub", 1, 3, factors=(2,), operands=2),
    **_group("mul fmod remainder floor_divide maximum minimum fmax fmin clamp_min clamp_max", 1, 2),
    **_group("bitwise_and bitwise_or bitwise_xor __and__ __or__ __xor__", 0, 2),
    **_group("__lshift__ __rshift__ bitwise_left_shift bitwise_right_shift", 0, 2),
    **_group("div true_divide atan2 xlogy hypot copysign", 1, 2, "float"),
    **_group("eq ne lt le gt ge", 1, 2, "bool"),
    **_group("logical_and logical_or logical_xor", 0, 2, "bool"),
    **_group("logical_not isnan isinf isfinite", 0, 1, "bool"),
    **_group("bitwise_not", 0, 1, "first"),
    **_group("neg abs relu sign floor ceil trunc round sgn frac", 1, 1, "first"),
    **_group("square", 1, 1),
    **_group("exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal", 1, 1, "float"),
    **_group("sin cos tan asin acos atan sinh cosh tanh erf erfc erfinv lgamma", 1, 1, "float"),
    **_group("sigmoid silu", 4, 1, "float"),  # neg, exp, add, divide
    **_group("hardsigmoid", 4, 1, "first"),  # add, two bounds, divide
    **_group("hardswish", 5, 1, "first"),  # the same, times x
    **_group("relu6", 2, 1, "first"),
    **_group("hardtanh", 2, 3, "first", operands=1),
    **_group("clamp", 2, 3),
    **_group("nan_to_num", 0, 4, "first", operands=1),
    **_group("pow", 1, 2),
    **_group("leaky_relu", 1, 2, "first", operands=1),
    **_group("threshold", 1, 3, "first", operands=1),
    **_group("elu", 3, 4, "first", operands=1),
    **_group("mish", 4, 1, "first"),
    **_group("softplus", 4, 3, "first", operands=1),
    **_group("logit", 3, 2, "float", factors=(1,), operands=1),  # subtract, divide, log
    **_group("addcmul addcdiv", 3, 4, factors=(3,), operands=3),
    **_group("lerp", 3, 3, factors=(2,)),
    **_group("where", 0, 3),
    **_group("masked_fill", 0, 3, "first"),
    **_group("tril triu", 0, 2, "first", operands=1),
    **_group("flip", 0, 2, "first", operands=1),
    **_group("roll", 0, 3, "first", operands=1),
    **_group("threshold_backward", 1, 3, factors=(2,), operands=2),
    **_group("sigmoid_backward tanh_backward", 3, 2),
    **_group("silu_backward", 9, 2),  # the sigmoid again, then g·s·(1 + x·(1 − s))
    **_group("hardtanh_backward", 2, 4, factors=(2, 3), operands=2),
    **_group("hardswish_backward", 3, 2),  # g·(x/3 + 1/2)
    **_group("leaky_relu_backward", 1, 4, factors=(2, 3), operands=2),
    **_group("native_dropout_backward", 2, 3, "first", operands=2),
    **_group("mse_loss_backward", 3, 4, operands=3),
}
"""Base name -> rule; `aten::` and the in-place underscore are stripped."""


COMPLEX: dict[str, int] = {
    **dict.fromkeys(("add", "sub", "rsub", "neg"), addition("complex64")),
    "mul": multiplication("complex64"),
    "abs": 4,  # two squares, their sum and its root
}
"""Base name -> real operations of one complex element."""


def _pointwise(call: OpCall) -> Work:
    """Any operator of :data:`RULES`."""
    return pointwise(call, RULES[call.base])


def _division(call: OpCall) -> Work:
    """`div(a, b)`, and `div(a, b, rounding_mode)`: rounded quotients of integers are integers."""
    rule, further = RULES[call.base], call.inputs[2:]
    rounds = bool(further) and isinstance(further[0], Scalar)
    if not rounds:
        return pointwise(call, rule)
    if call.text(2) is None and not call.is_absent(2):
        raise UnmodelledError(f"rounding mode of {call.name} not recorded")
    rounded = rule if call.text(2) is None else Pointwise(2, 3, "promote", (2,), 2)
    return pointwise(call, replace(rounded, arguments=3, factors=(2,), operands=2))


def _round(call: OpCall) -> Work:
    """`round(x)`, and `round(x, decimals)`: scaled, rounded and scaled back."""
    if len(call.inputs) > 1 and isinstance(call.inputs[1], Scalar):
        return pointwise(call, Pointwise(3, 2, "first", operands=1))
    return pointwise(call, RULES[call.base])


def _logit(call: OpCall) -> Work:
    """`logit(x, eps)`: held between eps and 1 - eps first where eps is given."""
    bounds = 0 if call.is_absent(1) or len(call.inputs) < 2 else 2
    rule = RULES[call.base]
    return pointwise(call, replace(rule, flop_per_element=rule.flop_per_element + bounds))


def _has_signature(call: OpCall, rule: Pointwise) -> bool:
    """Whether the call's arguments are those of ``rule``, with or without a result behind them."""
    operands = rule.arguments if rule.operands is None else rule.operands
    numbers, further = call.inputs[operands : rule.arguments], call.inputs[rule.arguments :]
    if any(isinstance(item, TensorList) for item in call.inputs):
        return False
    if any(isinstance(item, Tensor) for item in numbers):
        return False
    return len(further) <= (0 if call.in_place else 1) and all(
        isinstance(item, Tensor) for item in further
    )


def pointwise(call: OpCall, rule: Pointwise) -> Work:
    """Return the work of ``call`` under ``rule``."""
    inputs = tuple(t for t in call.inputs[: rule.arguments] if isinstance(t, Tensor))
    if not inputs or (call.base == "where" and len(call.inputs) < 3):
        raise UnmodelledError(f"no shapes recorded for {call.name}")
    if not _has_signature(call, rule):
        raise UnmodelledError(f"{call.name} with arguments like these {NO_SIGNATURE}")
    given = tuple(t for t in call.inputs[rule.arguments :] if isinstance(t, Tensor))
    shape = broadcast(*(tensor.shape for tensor in inputs))
    if shape is None:
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    compute = _compute_dtype(call, inputs, rule)
    if call.in_place:
        if broadcast(shape, inputs[0].shape) != inputs[0].shape:
            raise UnmodelledError(f"shapes of {call.name} do not fit together")
        out = Tensor(inputs[0].shape, inputs[0].dtype)
    elif given:
        out = Tensor(shape, given[-1].dtype)
    else:
        out = Tensor(shape, _result_dtype(call, compute, inputs, rule))
    reads, remark = _distinct(call, inputs)
    each = _operations(call, compute, rule)
    flop = None if each is None else each * out.numel
    reason = (
        None
        if each is not None
        else (f"real operations of {call.base} on complex numbers are not counted")
    )
    return work_of(FAMILY, flop, reads, (out,), dtype=compute, remark=remark, reason=reason)


def _operations(call: OpCall, compute: str | None, rule: Pointwise) -> int | None:
    """Return the real operations of one element; None where complex arithmetic is not said."""
    if not is_floating(compute) or rule.flop_per_element == 0:
        return 0
    return COMPLEX.get(call.base) if is_complex(compute) else rule.flop_per_element


def _compute_dtype(call: OpCall, inputs: tuple[Tensor, ...], rule: Pointwise) -> str | None:
    """Return the data type of the arithmetic; a condition or mask takes no part in it."""
    if rule.result == "first":
        return inputs[0].dtype
    if call.base == "where":
        inputs = tuple(t for t in call.inputs[1:3] if isinstance(t, Tensor))
    compute = promote(inputs, tuple(_promoting(call, rule)))
    if rule.result == "float" and compute is not None and not is_floating(compute):
        return "fp32"
    return "int64" if call.base == "square" and compute == "bool" else compute


def _promoting(call: OpCall, rule: Pointwise) -> Iterator[object]:
    """Python numbers that take part in the type promotion: a factor such as `alpha` does not."""
    for index, item in enumerate(call.inputs[: rule.arguments]):
        if isinstance(item, Scalar) and index not in rule.factors:
            yield item.value


def _result_dtype(
    call: OpCall, compute: str | None, inputs: tuple[Tensor, ...], rule: Pointwise
) -> str | None:
    if rule.result == "bool":
        return "bool" if inputs[0].dtype is not None else None
    if call.base == "abs" and compute is not None:
        return REAL.get(compute, compute)  # the length of a complex number
    return compute


def _distinct(call: OpCall, inputs: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], str | None]:
    """Return the inputs without a tensor that is read twice, and a remark.

    `isnan(x)` and `square(x)` run `ne(x, x)`, `mul(x, x)`. Without the parent's word equal shapes
    prove nothing and both are counted. The gradient of a mean is an expanded tensor, as small as
    what its autograd node was given.
    """
    parent = call.parent
    if parent is not None and "MeanBackward" in parent.base and call.base in ("div", "mul"):
        small = parent.optional(0)
        if small is not None and small.numel < inputs[0].numel:
            return (small, *inputs[1:]), None
    if len(inputs) == 2 and inputs[0] == inputs[1] and inputs[0].shape:
        if parent is not None and parent.base in ("isnan", "square", "isfinite", "isinf"):
            return inputs[:1], f"both operands are one tensor ({parent.name})"
        if call.base in ("ne", "eq"):
            return inputs, "both operands may be one tensor: then a third fewer bytes"
    return inputs, None


def _gelu(call: OpCall) -> Work:
    """`gelu(x, approximate, out)`: 5 steps by erf, 9 by tanh. Older ones had no `approximate`."""
    steps = 9 if call.text(1) == "tanh" else 5
    arguments = 1 if call.optional(1) is not None else 2
    return pointwise(call, Pointwise(steps, arguments, "float", operands=1))


def _gelu_backward(call: OpCall) -> Work:
    """`gelu_backward(grad, x, approximate, grad_input)`: g·(Φ(x) + x·φ(x)), 11 steps by erf and 18
    by tanh. Releases before 1.12 had no `approximate`."""
    arguments = 2 if call.optional(2) is not None else 3
    steps = 18 if call.text(2) == "tanh" else 11
    return pointwise(call, Pointwise(steps, arguments, operands=2))


def _dropout(call: OpCall) -> Work:
    """`native_dropout(x, p, train)`: the result and a mask of bytes."""
    x = call.tensor(0)
    out, mask = Tensor(x.shape, x.dtype), Tensor(x.shape, "bool" if x.dtype else None)
    return work_of(FAMILY, 2 * x.numel, (x,), (out, mask), dtype=x.dtype)


def _fused_dropout(call: OpCall) -> Work:
    """`_fused_dropout(x, p)`: the same."""
    return _dropout(call)


def _mse_loss(call: OpCall) -> Work:
    """`mse_loss(x, target, reduction)`: subtract, square and, unless kept, add up."""
    x, target = call.tensor(0), call.tensor(1)
    if call.integer(2) is None:
        raise UnmodelledError(f"reduction of {call.name} not recorded")
    kept = call.integer(2) == 0
    out = Tensor(x.shape if kept else (), x.dtype)
    return work_of(FAMILY, (2 if kept else 3) * x.numel, (x, target), (out,), dtype=x.dtype)


def _cross_entropy_with_logits(call: OpCall) -> Work:
    """`binary_cross_entropy_with_logits(x, target, weight, pos_weight, reduction)`."""
    kind = call.integer(4)
    if kind is None:
        raise UnmodelledError(f"reduction of {call.name} not recorded")
    work = pointwise(call, Pointwise(8, 5, factors=(4,), operands=4))
    if kind == 0 or work.flop is None:
        return work
    out = Tensor((), work.outputs[0].dtype)
    return replace(work, bytes_written=out.write_bytes, outputs=(out,))


MODELS: dict[str, Model] = {
    **{f"aten::{name}": _pointwise for name in RULES},
    **{f"aten::{name}_": _pointwise for name in RULES if not name.endswith("_")},
    **{f"aten::{name}{form}": _division for name in ("div", "true_divide") for form in ("", "_")},
    **{f"aten::round{form}": _round for form in ("", "_")},
    **{f"aten::logit{form}": _logit for form in ("", "_")},
    "aten::gelu": _gelu,
    "aten::gelu_": _gelu,
    "aten::gelu_backward": _gelu_backward,
    "aten::native_dropout": _dropout,
    "aten::_fused_dropout": _fused_dropout,
    "aten::mse_loss": _mse_loss,
    "aten::binary_cross_entropy_with_logits": _cross_entropy_with_logits,
}
