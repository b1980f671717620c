"""FBGEMM's look-ups in many tables at once, forward and backward, of training and of inference.

The tables' widths lie in device memory. Only their sum and the largest are arguments, so they are
known where they are all alike; where they are not, additions have an upper bound. Which rows are
looked up, and how often one row is, no trace says: the bytes are at least the lists and the result.
Signatures grow at their ends from release to release; no more than their start is read.
"""

from __future__ import annotations

from ncutool.base.thresholds import IntThreshold
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.overloads import Arguments, read_start
from ncutool.work.operators.tensor import Tensor

FAMILY = "indexing"
NO_WIDTHS = "rows per bag and widths of the tables are not recorded"
NO_STEPS = "which rows are updated, and how, is not recorded"
LOWER_BOUND = "lower bound of the bytes: indices, offsets and the result, without the rows read"
GRADIENT_BOUND = "lower bound of the bytes: gradient, indices and offsets, without the rows updated"
UNLIKE = "upper bound of the FLOPs: the tables differ in width, each taken as the widest"
_NO_POOLING, _MEAN = 2, 1
_LEAST_RESULT = IntThreshold(
    2, "byte", "an element of the result at least", "FBGEMM: look-ups give 16 or 32 bits"
)
_STORED = "Tensor? dev_weights, Tensor? uvm_weights, Tensor? lxu_cache, Tensor? placements"
_OFFSETS = f"{_STORED}, Tensor? weights_offsets, Tensor D_offsets"
_HASHES = "Tensor? hash_size_cumsum, int total_hash_size_bits"
_LISTS = "Tensor indices, Tensor offsets, int pooling_mode"
_SPLIT = f"Tensor? placeholder, {_OFFSETS}, int total_D, int max_D, {_HASHES}, {_LISTS}"
_DENSE = (
    f"Tensor dev_weights, Tensor? weights_offsets, Tensor D_offsets, int total_D, int max_D, "
    f"{_HASHES}, {_LISTS}"
)
_LISTED = (
    f"Tensor? placeholder, Tensor[] weights, Tensor D_offsets, int total_D, int max_D, {_HASHES}, "
    f"{_LISTS}"
)
_FORWARD = f"{_OFFSETS}, int total_D, int max_D, {_LISTS}"
_UNPOOLED = f"{_STORED}, Tensor? weights_offsets, int D, Tensor indices, Tensor offsets"
_BACKWARD = f"Tensor grad, {_OFFSETS}, int max_D, {_HASHES}, {_LISTS}"
_NARROW = (
    "Tensor? dev_weights, Tensor? uvm_weights, Tensor? placements, Tensor? weights_offsets, "
    "Tensor? weights_tys, Tensor D_offsets, int total_D, int max_int2_D, int max_int4_D, "
    f"int max_int8_D, int max_float16_D, int max_float32_D, {_LISTS}"
)


def _looked_up(call: OpCall, signature: str, weighted_at: int | None) -> Work:
    """Model a pooled look-up whose first arguments are those of ``signature``."""
    arguments = read_start(call, signature)
    indices, offsets = arguments.tensor("indices", 1), arguments.tensor("offsets", 1)
    if len(indices.shape) != 1 or len(offsets.shape) != 1:
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    weights = arguments.optional("dev_weights")
    dtype = None if weights is None else weights.dtype
    scales = None if weighted_at is None else call.optional(weighted_at)
    out = _result(arguments, indices, offsets)
    flop, exact = _additions(arguments, indices, out, weighted=scales is not None)
    reads = (indices, offsets, scales)
    return work_of(
        FAMILY,
        flop,
        reads,
        (out,) if out is not None else (),
        dtype=dtype,
        remark=LOWER_BOUND if exact else f"{LOWER_BOUND}; {UNLIKE}",
        reason=NO_WIDTHS if flop is None else None,
        flop_exactness="exact" if exact else "upper_bound",
        bytes_exactness="lower_bound",
    )


def _width(arguments: Arguments) -> tuple[int | None, bool]:
    """Return the widest table, and whether all are that wide: then they add up to the sum."""
    widest, total = arguments.integer("max_D"), arguments.integer("total_D")
    tables = arguments.tensor("D_offsets", 1).shape[0] - 1
    alike = widest is not None and total is not None and tables * widest == total
    return widest, alike


def _result(arguments: Arguments, indices: Tensor, offsets: Tensor) -> Tensor | None:
    """Return the result, an element as small as one may be; None where its size is not known."""
    mode, total = arguments.integer("pooling_mode"), arguments.integer("total_D")
    tables = arguments.tensor("D_offsets", 1).shape[0] - 1
    if mode is None or total is None or tables < 1 or total < 0:
        return None
    if mode == _NO_POOLING:
        widest, alike = _width(arguments)
        elements = indices.numel * (widest or 0) if alike else 0
    else:
        elements = (offsets.numel - 1) // tables * total
    return Tensor((max(0, elements),), None, element_bytes=_LEAST_RESULT)


def _additions(
    arguments: Arguments, indices: Tensor, out: Tensor | None, *, weighted: bool
) -> tuple[int | None, bool]:
    """Return the additions of a look-up, and whether they are exact: a row and index, two with
    weights, and a division an element of a mean."""
    mode = arguments.integer("pooling_mode")
    widest, alike = _width(arguments) if "max_D" in arguments else (None, False)
    if mode == _NO_POOLING:
        return 0, True
    if mode is None or widest is None or widest < 0:
        return None, True
    divisions = out.numel if mode == _MEAN and out is not None else 0
    return indices.numel * widest * (2 if weighted else 1) + divisions, alike


def _split(call: OpCall) -> Work:
    """`split_embedding_codegen_lookup_*_function(placeholder, weights, ...)`."""
    return _looked_up(call, _SPLIT, 14)


def _listed(call: OpCall) -> Work:
    """`split_embedding_codegen_lookup_*_function_pt2(placeholder, [weights], ...)`."""
    return _looked_up(call, _LISTED, 10)


def _dense(call: OpCall) -> Work:
    """`dense_embedding_codegen_lookup_function(weights, ...)`."""
    return _looked_up(call, _DENSE, 10)


def _unweighted(call: OpCall) -> Work:
    """`split_embedding_codegen_forward_unweighted_cuda(weights, ...)`."""
    return _looked_up(call, _FORWARD, None)


def _weighted(call: OpCall) -> Work:
    """`split_embedding_codegen_forward_weighted_cuda(weights, ..., pooling_mode, scales, ...)`."""
    return _looked_up(call, _FORWARD, 11)


def _narrow(call: OpCall) -> Work:
    """`int_nbit_split_embedding_codegen_lookup_function(weights, ...)`, of 2 to 32 bits."""
    return _looked_up(call, _NARROW, None)


def _unpooled(call: OpCall) -> Work:
    """`split_embedding_nobag_codegen_forward_unweighted_cuda(weights, ..., D, indices, ...)`: a row
    an index, nothing added."""
    arguments = read_start(call, _UNPOOLED)
    indices, offsets = arguments.tensor("indices", 1), arguments.tensor("offsets", 1)
    width, weights = arguments.integer("D"), arguments.optional("dev_weights")
    elements = indices.numel * max(0, width or 0)
    return work_of(
        FAMILY,
        0,
        (indices, offsets),
        (Tensor((elements,), None, element_bytes=_LEAST_RESULT),),
        dtype=None if weights is None else weights.dtype,
        remark=LOWER_BOUND,
        bytes_exactness="lower_bound",
    )


def _updated(call: OpCall) -> Work:
    """`split_embedding_backward_codegen_*_exact_cuda(grad, weights, ...)`: sorts the indices and
    updates rows by an optimizer's rule."""
    arguments = read_start(call, _BACKWARD)
    grad = arguments.tensor("grad", 2)
    indices, offsets = arguments.tensor("indices", 1), arguments.tensor("offsets", 1)
    return _gradient((grad, indices, offsets), grad)


def _node(call: OpCall) -> Work:
    """Model the autograd node of a pooled look-up: `(grad[B,total_D])`; it sorts the indices and
    updates the rows."""
    grad = call.tensor(0, 2)
    return _gradient((grad,), grad)


def _gradient(reads: tuple[Tensor, ...], grad: Tensor) -> Work:
    return work_of(
        FAMILY,
        None,
        reads,
        (),
        dtype=grad.dtype,
        remark=GRADIENT_BOUND,
        reason=NO_STEPS,
        bytes_exactness="lower_bound",
    )


OPTIMIZERS = (
    *("sgd", "adagrad", "rowwise_adagrad", "rowwise_weighted_adagrad", "adam", "lamb"),
    *("lars_sgd", "partial_rowwise_adam", "partial_rowwise_lamb", "none", "approx_sgd"),
    *("rowwise_adagrad_with_counter", "rowwise_adagrad_with_weight_decay"),
    *("approx_rowwise_adagrad", "approx_rowwise_adagrad_with_counter"),
    *("approx_rowwise_adagrad_with_weight_decay", "ensemble_rowwise_adagrad"),
)
_NODE = "torch::autograd::CppNode<{}>"

MODELS: dict[str, Model] = {
    "fbgemm::dense_embedding_codegen_lookup_function": _dense,
    "fbgemm::split_embedding_codegen_forward_unweighted_cuda": _unweighted,
    "fbgemm::split_embedding_codegen_forward_weighted_cuda": _weighted,
    "fbgemm::split_embedding_nobag_codegen_forward_unweighted_cuda": _unpooled,
    "fbgemm::int_nbit_split_embedding_codegen_lookup_function": _narrow,
    _NODE.format("SplitLookupFunction_Dense_Op"): _node,
    **{f"fbgemm::split_embedding_codegen_lookup_{o}_function": _split for o in OPTIMIZERS},
    **{f"fbgemm::split_embedding_codegen_lookup_{o}_function_pt2": _listed for o in OPTIMIZERS},
    **{
        f"fbgemm::split_embedding_backward_codegen_{o}_{kind}_exact_cuda": _updated
        for o in OPTIMIZERS
        for kind in ("unweighted", "weighted")
    },
    **{
        _NODE.format(f"Split{kind}LookupFunction_{o}_Op{form}"): _node
        for o in OPTIMIZERS
        for kind in ("", "NoBag")
        for form in ("", "_pt2")
    },
}
