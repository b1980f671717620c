"""Kernels that Inductor compiled: the call is named after the kernel and lists its pointers.

Every pointer argument counts once, read or written; which of them are both is not recorded, so
an in-place argument makes the bytes a lower bound. A pointer that holds more elements than the
kernel visits is read in part: it counts what the kernel visits at most once a pointer.
FLOPs come from the operators that the kernel's name lists, one each and element, and are a lower
bound: a name lists an operator once however often it was fused.
"""

from __future__ import annotations

from math import prod

from ncutool.work.operators.call import NO_DTYPES, OpCall, UnmodelledError, Work, total
from ncutool.work.operators.elementwise import RULES
from ncutool.work.operators.tensor import Tensor, is_floating

FAMILY = "triton"
LOWER_BOUND = "lower bound: pointer arguments once each, operators of the name once each"
_REDUCTIONS = (
    "sum",
    "mean",
    "amax",
    "amin",
    "prod",
    "_softmax",
    "_log_softmax",
    "native_layer_norm",
    "native_group_norm",
    "_native_batch_norm_legit",
    "linalg_vector_norm",
    "var_mean",
    "var",
)


def is_compiled(call: OpCall) -> bool:
    """Whether ``call`` is a kernel that Inductor compiled with Triton."""
    return call.name.startswith("triton_")


def compiled(call: OpCall) -> Work:
    """Return the work of a pointwise (`poi`), reduction (`red`, `per`) kernel.

    Raises:
        UnmodelledError: another kind (a matrix template), or its sizes are not recorded.
    """
    from ncutool.work.kernel_facts import facts_of  # its patterns are many: planners need none

    facts, pointers = facts_of(call.name), call.tensors
    if facts.fused is None or facts.compiled not in ("poi", "red", "per") or not pointers:
        raise UnmodelledError("no model for this Triton kernel")
    sizes = tuple(
        value
        for index in range(len(call.inputs))
        if (value := call.integer(index)) is not None and value >= 0
    )
    visited = _visited(facts.compiled, sizes, pointers)
    if visited is None:
        raise UnmodelledError("sizes of the Triton kernel not recorded")
    counted = [_visible(pointer, visited) for pointer in pointers]
    if _overwrites_first(facts.compiled, pointers, visited):
        counted.append(counted[0])
    dtype = pointers[-1].dtype
    flop = _flop_per_element(facts.fused, facts.compiled) * visited
    flop = flop if any(is_floating(pointer.dtype) for pointer in pointers) else 0
    return Work(
        FAMILY,
        flop,
        total(*counted),
        0,
        dtype=dtype,
        remark=LOWER_BOUND,
        reason=None if None not in counted else NO_DTYPES,
        flop_exactness="lower_bound",
        bytes_exactness="lower_bound",
    )


def _visited(kind: str, sizes: tuple[int, ...], pointers: tuple[Tensor, ...]) -> int | None:
    """Elements the kernel walks over: xnumel (·ynumel) pointwise, xnumel·rnumel for reductions.

    Kernels of dynamic shapes take further numbers beside their sizes. Two or more numbers count
    as sizes only where a pointer holds exactly their product.
    """
    if not sizes or len(sizes) > 4:
        return None
    elements = prod(sizes)
    if len(sizes) == 1:
        return elements if kind == "poi" else None
    return elements if any(pointer.numel == elements for pointer in pointers) else None


def _overwrites_first(kind: str, pointers: tuple[Tensor, ...], visited: int) -> bool:
    """Whether a pointwise kernel surely writes back its first pointer.

    Inductor passes in-place pointers first and pure results last. A pointwise result holds what
    the kernel visits, so a last pointer of another size is no result.
    """
    return kind == "poi" and pointers[0].numel == visited != pointers[-1].numel


def _visible(pointer: Tensor, visited: int) -> int | None:
    if pointer.itemsize is None:
        return None
    return min(pointer.stored, visited) * pointer.itemsize


def _flop_per_element(operators: str, kind: str) -> int:
    """Arithmetic operators that the name lists: all of a pointwise kernel's, and only the
    reductions of the others, whose remaining operators may act on the few results."""
    names = _split(operators)
    if kind == "poi":
        return sum(
            1
            for name in names
            if name == "gelu" or (name in RULES and RULES[name].flop_per_element)
        )
    return sum(1 for name in names if name in _REDUCTIONS)


def _split(operators: str) -> list[str]:
    """`add_native_layer_norm_mul` -> known operator names, longest first."""
    names: list[str] = []
    words = operators.split("_")
    while words:
        ends = range(len(words), 0, -1)
        end = next((end for end in ends if "_".join(words[:end]) in _KNOWN), None)
        if end is not None:
            names.append("_".join(words[:end]))
        words = words[end or 1 :]
    return names


_KNOWN = frozenset((*RULES, *_REDUCTIONS, "gelu", "_to_copy", "addmm"))
