"""FBGEMM's operators on tables of embeddings and on their sparse inputs.

Lists of lengths and permutations lie in device memory: how many rows a pooled look-up adds up, and
how wide each table is, a trace does not record. What it does record is counted exactly, or as a
lower bound that says so.
"""

from __future__ import annotations

from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.tensor import Tensor

FAMILY = "indexing"
NO_TABLES = "rows per bag and widths of the tables are not recorded"
NO_PICKS = "how many indices the permutation picks is not recorded"
LOWER_BOUND = "lower bound: indices and offsets, without rows read and results"
GRADIENT_BOUND = "lower bound: the gradient alone, without the rows updated"
_INDICES, _OFFSETS = "indices", "offsets"
_LOOKUPS: dict[str, dict[str, int]] = {
    "split_embedding_codegen_lookup": {_INDICES: 11, _OFFSETS: 12},
    "dense_embedding_codegen_lookup": {_INDICES: 7, _OFFSETS: 8},
}
"""Position of the two lists in the schema: `split…(placeholder, dev_weights, uvm_weights,
lxu_cache, placements, weights_offsets, D_offsets, total_D, max_D, hash_size_cumsum,
total_hash_size_bits, indices, offsets, …)`, `dense…(dev_weights, weights_offsets, D_offsets,
total_D, max_D, hash_size_cumsum, total_hash_size_bits, indices, offsets, …)`."""


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
    """`permute_sparse_features(permute[P], lengths[T,B], indices, weights)`: no FLOP. A feature
    may be picked twice or not at all, so how many indices move is not known."""
    permute = call.tensor(0, 1)
    return Work(FAMILY, 0, None, None, dtype=permute.dtype, reason=NO_PICKS)


def _lookup(call: OpCall) -> Work:
    """Model a pooled look-up: rows are added up, so it has FLOPs, but how many is not recorded."""
    base = call.base
    at = next((places for name, places in _LOOKUPS.items() if base.startswith(name)), None)
    if at is None:
        raise UnmodelledError(f"no model for {call.name}")
    indices, offsets = call.optional(at[_INDICES]), call.optional(at[_OFFSETS])
    if indices is None or offsets is None or len(indices.shape) != 1 or len(offsets.shape) != 1:
        raise UnmodelledError(f"no shapes recorded for {call.name}")
    weights = call.optional(1 if base.startswith("split") else 0)
    dtype = None if weights is None else weights.dtype
    return work_of(
        FAMILY,
        None,
        (indices, offsets),
        (),
        dtype=dtype,
        remark=LOWER_BOUND,
        reason=NO_TABLES,
        bytes_exactness="lower_bound",
    )


def _lookup_backward(call: OpCall) -> Work:
    """Model the autograd node of a pooled look-up: `(grad[B,total_D])`; it sorts the indices and
    updates the rows."""
    grad = call.tensor(0, 2)
    return work_of(
        FAMILY,
        None,
        (grad,),
        (),
        dtype=grad.dtype,
        remark=GRADIENT_BOUND,
        reason=NO_TABLES,
        bytes_exactness="lower_bound",
    )


_OPTIMIZERS = (
    *("sgd", "adagrad", "rowwise_adagrad", "rowwise_weighted_adagrad", "adam", "lamb"),
    *("lars_sgd", "partial_rowwise_adam", "partial_rowwise_lamb", "none"),
)
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
    "fbgemm::dense_embedding_codegen_lookup_function": _lookup,
    _NODE.format("SplitLookupFunction_Dense_Op"): _lookup_backward,
    **{f"fbgemm::split_embedding_codegen_lookup_{o}_function": _lookup for o in _OPTIMIZERS},
    **{_NODE.format(f"SplitLookupFunction_{o}_Op"): _lookup_backward for o in _OPTIMIZERS},
}
