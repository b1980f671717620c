"""Look-ups by index: no FLOPs. A table is not read whole: at most one row an index, and each
distinct row once, so never more than the table holds."""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.work.operators.arithmetic import addition, is_complex
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.overloads import NO_SIGNATURE
from ncutool.work.operators.tensor import Tensor, TensorList, broadcast, is_floating

FAMILY = "indexing"
NO_INDEX_SHAPES = "index shapes are not recorded"
LIST_UNCOUNTED = "lower bound: without the indices, whose data type is not recorded"
NO_COUNT = "lower bound: without the result, whose size depends on the data"


def _picked(table: Tensor, elements: int) -> Tensor:
    """Return the part of ``table`` that ``elements`` look-ups read at most."""
    return Tensor((min(elements, table.numel),), table.dtype, element_bytes=table.element_bytes)


def _embedding(call: OpCall) -> Work:
    """`embedding(table[V,D], indices)`."""
    table, indices = call.tensor(0, 2), call.tensor(1)
    out = Tensor((*indices.shape, *table.shape[1:]), table.dtype)
    return work_of(FAMILY, 0, (_picked(table, out.numel), indices), (out,), dtype=table.dtype)


def _embedding_backward(call: OpCall) -> Work:
    """`embedding_dense_backward(grad[...,D], indices, num_weights, padding, scale)` writes the
    whole gradient table and adds up the rows."""
    grad, indices, rows = call.tensor(0, 1), call.tensor(1), call.integer(2)
    if rows is None or rows < 0:
        raise UnmodelledError("size of the embedding table not recorded")
    out = Tensor((rows, grad.shape[-1]), grad.dtype)
    flop = addition(grad.dtype) * grad.numel
    return work_of(FAMILY, flop, (grad, indices), (out,), dtype=grad.dtype)


def _index_select(call: OpCall) -> Work:
    """`index_select(x, dim, index, out)`."""
    x, index, dim = call.tensor(0, 1), call.tensor(2), call.integer(1)
    if dim is None and len(x.shape) > 1:
        raise UnmodelledError(f"dimension of {call.name} not recorded")
    if not -len(x.shape) <= (dim or 0) < len(x.shape):
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    axis = (dim or 0) % len(x.shape)
    out = Tensor((*x.shape[:axis], index.numel, *x.shape[axis + 1 :]), x.dtype)
    return work_of(FAMILY, 0, (_picked(x, out.numel), index), (out,), dtype=x.dtype)


def _gather(call: OpCall) -> Work:
    """`gather(x, dim, index, sparse_grad, out)`."""
    x, index = call.tensor(0), call.tensor(2)
    out = Tensor(index.shape, x.dtype)
    return work_of(FAMILY, 0, (_picked(x, out.numel), index), (out,), dtype=x.dtype)


def _take(call: OpCall) -> Work:
    """`take(x, index)`."""
    x, index = call.tensor(0), call.tensor(1)
    out = Tensor(index.shape, x.dtype)
    return work_of(FAMILY, 0, (_picked(x, out.numel), index), (out,), dtype=x.dtype)


def _index(call: OpCall) -> Work:
    """`index(x, indices)`: most traces record no shapes of the list of indices.

    Where they do, the tensors say where they lead only if none can be a mask, which has the sizes
    of what it masks, and none is left out. The bytes of the indices themselves are not counted: a
    list records no data types.
    """
    x, listed = call.tensor(0, 1), call.inputs[1] if len(call.inputs) > 1 else None
    if not isinstance(listed, TensorList) or listed.tensors is None:
        raise UnmodelledError(NO_INDEX_SHAPES)
    shapes = [each.shape for each in listed.tensors]
    masks = any(
        shape == x.shape[at : at + len(shape)]
        for shape in shapes
        for at in range(len(x.shape) - len(shape) + 1)
    )
    common = broadcast(*shapes)
    if masks or () in shapes or len(shapes) > len(x.shape) or common is None:
        raise UnmodelledError(NO_INDEX_SHAPES)
    out = Tensor((*common, *x.shape[len(shapes) :]), x.dtype)
    return work_of(
        FAMILY,
        0,
        (_picked(x, out.numel),),
        (out,),
        dtype=x.dtype,
        remark=LIST_UNCOUNTED,
        bytes_exactness="lower_bound",
    )


def _nonzero(call: OpCall) -> Work:
    """`nonzero(x)`: all is read; how many places are found is not recorded."""
    x = call.tensor(0, 1)
    bound = work_of(
        FAMILY, 0, (x,), (), dtype=x.dtype, remark=NO_COUNT, bytes_exactness="lower_bound"
    )
    return replace(bound, divisible=False)


def _masked_select(call: OpCall) -> Work:
    """`masked_select(x, mask)`: all of the mask is read; how much it selects is not recorded."""
    x, mask = call.tensor(0, 1), call.tensor(1, 1)
    bound = work_of(
        FAMILY, 0, (mask,), (), dtype=x.dtype, remark=NO_COUNT, bytes_exactness="lower_bound"
    )
    return replace(bound, divisible=False)


def _index_put(call: OpCall) -> Work:
    """`index_put_(x, indices, values, accumulate)`: what the values alone show, a lower bound.

    Values of one element are broadcast over an unknown number of places.
    """
    x, values, accumulate = call.tensor(0), call.tensor(2), call.flag(3)
    if values.numel <= 1:
        raise UnmodelledError(NO_INDEX_SHAPES)
    touched = Tensor((values.numel,), x.dtype)
    reads = (values, touched) if accumulate else (values,)
    flop = addition(x.dtype) * values.numel if accumulate and is_floating(x.dtype) else 0
    return work_of(
        FAMILY,
        flop,
        reads,
        (touched,),
        dtype=x.dtype,
        outputs=(Tensor(x.shape, x.dtype),),
        remark=f"lower bound: {NO_INDEX_SHAPES}",
        flop_exactness="lower_bound" if flop else "exact",
        bytes_exactness="lower_bound",
    )


def _scatter(call: OpCall) -> Work:
    """`scatter_(x, dim, index, src or value)` overwrites, `scatter_add_` adds, and so does a fifth
    argument `reduce`; out of place the whole tensor is copied first."""
    x, index, source = call.tensor(0), call.tensor(2), call.optional(3)
    if len(call.inputs) > 6 or (call.optional(4) is not None and call.in_place):
        raise UnmodelledError(f"{call.name} with arguments like these {NO_SIGNATURE}")
    reduces = len(call.inputs) > 4 and call.optional(4) is None
    adds = "add" in call.base or reduces
    touched = Tensor((min(index.numel, x.numel),), x.dtype)
    values = None if source is None else Tensor((index.numel,), source.dtype)
    flop = addition(x.dtype) * index.numel if adds and is_floating(x.dtype) else 0
    if reduces and is_complex(x.dtype):
        raise UnmodelledError(f"real operations of {call.base} on complex numbers are not counted")
    reads: tuple[Tensor | None, ...] = (index, values, touched if adds else None)
    out = Tensor(x.shape, x.dtype)
    if call.in_place:
        return work_of(FAMILY, flop, reads, (touched,), dtype=x.dtype, outputs=(out,))
    return work_of(FAMILY, flop, (index, values, x), (out,), dtype=x.dtype)


def _index_rows(call: OpCall) -> Work:
    """`index_add_(x, dim, index, source, alpha)` and `index_copy_(x, dim, index, source)`."""
    x, index, source = call.tensor(0), call.tensor(2), call.tensor(3)
    adds = call.base == "index_add"
    touched = Tensor((min(source.numel, x.numel),), x.dtype)
    flop = addition(x.dtype) * source.numel if adds and is_floating(x.dtype) else 0
    out = Tensor(x.shape, x.dtype)
    if call.in_place:
        reads = (index, source, touched if adds else None)
        return work_of(FAMILY, flop, reads, (touched,), dtype=x.dtype, outputs=(out,))
    return work_of(FAMILY, flop, (index, source, x), (out,), dtype=x.dtype)


def _topk(call: OpCall) -> Work:
    """`topk(x, k, dim, largest, sorted)`: reading once is the least it does."""
    x, k, dim = call.tensor(0, 1), call.integer(1), call.integer(2)
    if k is None or dim is None or not -len(x.shape) <= dim < len(x.shape):
        raise UnmodelledError(f"size of the result of {call.name} not recorded")
    axis = dim % len(x.shape)
    shape = (*x.shape[:axis], k, *x.shape[axis + 1 :])
    writes = (Tensor(shape, x.dtype), Tensor(shape, "int64"))
    remark = "lower bound: one pass over the input"
    return work_of(
        FAMILY, 0, (x,), writes, dtype=x.dtype, remark=remark, bytes_exactness="lower_bound"
    )


def _sort(call: OpCall) -> Work:
    """`sort(x, ...)`: reading and writing once is the least it does."""
    x = call.tensor(0, 1)
    writes = (Tensor(x.shape, x.dtype), Tensor(x.shape, "int64"))
    remark = "lower bound: one pass over the data"
    return work_of(
        FAMILY, 0, (x,), writes, dtype=x.dtype, remark=remark, bytes_exactness="lower_bound"
    )


MODELS: dict[str, Model] = {
    "aten::embedding": _embedding,
    "aten::embedding_dense_backward": _embedding_backward,
    "aten::index_select": _index_select,
    "aten::gather": _gather,
    "aten::take": _take,
    "aten::index": _index,
    "aten::nonzero": _nonzero,
    "aten::masked_select": _masked_select,
    "aten::_index_put_impl_": _index_put,
    "aten::index_put_": _index_put,
    "aten::scatter": _scatter,
    "aten::scatter_": _scatter,
    "aten::scatter_add": _scatter,
    "aten::scatter_add_": _scatter,
    "aten::index_add": _index_rows,
    "aten::index_add_": _index_rows,
    "aten::index_copy": _index_rows,
    "aten::index_copy_": _index_rows,
    "aten::topk": _topk,
    "aten::sort": _sort,
}
