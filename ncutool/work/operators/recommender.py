"""FBGEMM's operators on the sparse inputs of embeddings and on pooled ones.

Lists of lengths and permutations lie in device memory. What a trace records of them is counted
exactly, or as a lower bound that says so.
"""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.work.operators.call import Model, OpCall, Work, work_of
from ncutool.work.operators.tensor import Tensor

FAMILY = "indexing"
NO_PICKS = "lower bound of the bytes: how many indices the permutation picks is not recorded"


def _permute_pooled(call: OpCall) -> Work:
    """`permute_pooled_embs(x[B,D], offset_dims, permute, inv_offset_dims, inv_permute)`: whole
    blocks of columns change places, so all is read and written once. Backward alike."""
    x = call.tensor(0, 2)
    lists = tuple(call.optional(index) for index in (1, 2, 3))
    return work_of(FAMILY, 0, (x, *lists), (Tensor(x.shape, x.dtype),), dtype=x.dtype)


def _recat(call: OpCall) -> Work:
    """`recat_embedding_grad_output_mixed_D_batch(grad[B,D], dims, cumsum)`: the same elements by
    rank."""
    grad = call.tensor(0, 2)
    reads = (grad, call.optional(1), call.optional(2))
    return work_of(FAMILY, 0, reads, (Tensor((grad.numel,), grad.dtype),), dtype=grad.dtype)


def _bounds_check(call: OpCall) -> Work:
    """`bounds_check_indices(rows_per_table, indices, offsets, mode, warning)`: all are read, and
    only wrong indices written."""
    reads = tuple(call.tensor(index) for index in (0, 1, 2))
    return work_of(FAMILY, 0, reads, (), dtype=reads[1].dtype)


def _cumsum(call: OpCall) -> Work:
    """`asynchronous_complete_cumsum(x[N])`: N + 1 sums of whole numbers; [B,N] gives [B,N+1]."""
    x = call.tensor(0, 1)
    out = Tensor((*x.shape[:-1], x.shape[-1] + 1), x.dtype)
    return work_of("reduction", 0, (x,), (out,), dtype=x.dtype)


def _permute_sparse(call: OpCall) -> Work:
    """`permute_2D_sparse_data(permute[P], lengths[T,B], values, weights, count)` and its likes: no
    FLOP. P rows of lengths are written, and as many values as ``count`` says where it is given: a
    feature may be picked twice or not at all."""
    permute, lengths, values = call.tensor(0, 1), call.tensor(1, 1), call.tensor(2, 1)
    weights, count = call.optional(3), call.integer(4)
    picked = Tensor((permute.numel, *lengths.shape[1:]), lengths.dtype)
    moved = () if count is None or count < 0 else (count,)
    written = [Tensor(moved, item.dtype) for item in (values, weights) if moved and item]
    bound = work_of(
        FAMILY,
        0,
        (permute,),
        (picked, *written),
        dtype=values.dtype,
        remark=NO_PICKS,
        bytes_exactness="lower_bound",
    )
    return replace(bound, divisible=False)


_NODE = "torch::autograd::CppNode<{}>"
_PERMUTED = "fbgemm_gpu::PermutePooledEmbsFunction<&fbgemm_gpu::permute_pooled_embs_gpu> "

MODELS: dict[str, Model] = {
    "fbgemm::permute_pooled_embs": _permute_pooled,
    "fbgemm::permute_pooled_embs_auto_grad": _permute_pooled,
    _NODE.format(_PERMUTED): _permute_pooled,
    "fbgemm::recat_embedding_grad_output_mixed_D_batch": _recat,
    "fbgemm::bounds_check_indices": _bounds_check,
    "fbgemm::asynchronous_complete_cumsum": _cumsum,
    "fbgemm::permute_sparse_features": _permute_sparse,
    "fbgemm::permute_2D_sparse_data": _permute_sparse,
    "fbgemm::permute_1D_sparse_data": _permute_sparse,
}
