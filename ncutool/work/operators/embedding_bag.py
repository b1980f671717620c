"""Pooled embeddings of PyTorch: rows are looked up and added up a bag at a time."""

from __future__ import annotations

from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.overloads import read
from ncutool.work.operators.tensor import Tensor

FAMILY = "indexing"
LOWER_BOUND = "lower bound: without the lists kept for the backward pass"
_MAX = 2


def _forward(call: OpCall) -> Work:
    """`_embedding_bag(table[V,D], indices[N], offsets[B], scale_grad, mode, sparse, weights,
    include_last_offset, ...)`: one addition a look-up and element, two with weights; a maximum
    compares and has none. A row is read once however often it is looked up."""
    table, indices, offsets = call.tensor(0, 2), call.tensor(1, 1), call.tensor(2, 1)
    mode, weights, last = call.integer(4), call.optional(6), call.flag(7)
    if mode is None or last is None:
        raise UnmodelledError(f"mode of {call.name} not recorded")
    looked_up = indices.numel * table.shape[1]
    picked = Tensor((min(looked_up, table.numel),), table.dtype)
    bags = max(0, offsets.numel - int(last))
    out = Tensor((bags, table.shape[1]), table.dtype)
    flop = 0 if mode == _MAX else looked_up * (1 if weights is None else 2)
    reads = (picked, indices, offsets, weights)
    return work_of(
        FAMILY,
        flop,
        reads,
        (out,),
        dtype=table.dtype,
        remark=LOWER_BOUND,
        bytes_exactness="lower_bound",
    )


_COUNTS = "Tensor? bag_size, Tensor? maximum_indices, int num_weights, bool scale_grad, int mode"
_DENSE_BACKWARD = (
    f"Tensor grad, Tensor indices, Tensor bag_of, {_COUNTS}, Tensor? weights, int padding",
    f"Tensor grad, Tensor indices, Tensor offsets, Tensor bag_of, {_COUNTS}, Tensor? weights",
)
"""Signatures since PyTorch 1.10, which dropped the offsets, and before: as many arguments each."""


def _dense_backward(call: OpCall) -> Work:
    """`_embedding_bag_dense_backward(grad[B,D], indices[N], offset2bag[N], bag_size, max_indices,
    num_weights, ...)`: writes the whole gradient table and adds a row a look-up."""
    arguments = read(call, *_DENSE_BACKWARD)
    grad, indices = arguments.tensor("grad", 2), arguments.tensor("indices", 1)
    bag_of, rows = arguments.tensor("bag_of"), arguments.integer("num_weights")
    if rows is None or rows < 0:
        raise UnmodelledError("size of the embedding table not recorded")
    out = Tensor((rows, grad.shape[1]), grad.dtype)
    flop = indices.numel * grad.shape[1]
    return work_of(FAMILY, flop, (grad, indices, bag_of), (out,), dtype=grad.dtype)


MODELS: dict[str, Model] = {
    "aten::_embedding_bag": _forward,
    "aten::_embedding_bag_forward_only": _forward,
    "aten::_embedding_bag_dense_backward": _dense_backward,
}
