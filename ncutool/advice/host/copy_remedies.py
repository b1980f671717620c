"""What is advised against each kind of copy."""

from __future__ import annotations

from dataclasses import dataclass, replace

_PINNED = "https://docs.pytorch.org/docs/stable/notes/cuda.html#use-pinned-memory-buffers"
_DDP = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html"
)
_ZERO = "https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html"
_GRAPH = "https://docs.pytorch.org/docs/stable/generated/torch.cuda.graph.html"
_COPY = "https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html"


@dataclass(frozen=True)
class Remedy:
    """What is said of one kind of copy."""

    title: str
    remedy: str
    link: str
    caveat: str
    code: str | None = None
    goes: bool = False
    """The remedy does away with the copy, and so with the wait before it at best."""


_HOST_CAVEAT = (
    "Where the next kernel needs the data at once, a copy cannot hide behind others and only "
    "becomes as fast as the link."
)
FROM_PAGEABLE = Remedy(
    "Copy input from pinned memory, beside the kernels",
    "Pin the host tensors (`pin_memory=True` of the DataLoader, or `.pin_memory()`) and copy with "
    "`non_blocking=True`, a batch ahead on a stream of its own, so that the copy runs beside "
    "kernels.",
    _PINNED,
    _HOST_CAVEAT,
    code='batch = batch.to("cuda", non_blocking=True)',
)
TO_PAGEABLE = Remedy(
    "Copy results to pinned memory without waiting",
    "Copy into a pinned tensor with `non_blocking=True` and wait on an event later, or keep the "
    "values on the device until the end of the step.",
    _PINNED,
    _HOST_CAVEAT,
    code="pinned.copy_(result, non_blocking=True); event.record()",
)
FROM_HOST = replace(
    FROM_PAGEABLE,
    remedy="Whether the host memory is pinned, this trace does not record. " + FROM_PAGEABLE.remedy,
)
TO_HOST = replace(
    TO_PAGEABLE,
    remedy="Whether the host memory is pinned, this trace does not record. " + TO_PAGEABLE.remedy,
)
FROM_PINNED = Remedy(
    "Copy input a batch ahead, beside the kernels",
    "The memory is pinned already: start the copy of the next batch on a stream of its own while "
    "the present one computes, and copy in fewer, larger pieces.",
    _PINNED,
    _HOST_CAVEAT,
)
TO_PINNED = Remedy(
    "Copy results beside the kernels",
    "The memory is pinned already: copy on a stream of its own and wait on an event later.",
    _PINNED,
    _HOST_CAVEAT,
)
PEER = Remedy(
    "Copy between devices beside the kernels",
    "Start the copies earlier on a stream of their own, or place both ends on one device.",
    _COPY,
    "Where the next kernel needs the data at once, nothing hides the copy.",
)
BUCKETS = Remedy(
    "Avoid the many small copies of data-parallel training",
    "`gradient_as_bucket_view=True` lets gradients live in the buckets instead of being copied "
    "in and out; `broadcast_buffers=False` drops the broadcast of buffers in every step where "
    "batch-norm statistics need not agree between ranks.",
    _DDP,
    "Copies that the model itself makes between equal tensors stay.",
    code="DistributedDataParallel(model, gradient_as_bucket_view=True, broadcast_buffers=False)",
    goes=True,
)
SYMMETRIC = Remedy(
    "Write into the symmetric buffer instead of copying in and out",
    "Let the kernel before the all-reduce write its output straight into the symmetric-memory "
    "buffer, and let the one behind it read from there.",
    "https://docs.pytorch.org/docs/stable/symmetric_memory.html",
    "If a buffer is used again before its reader is done, a copy is needed.",
    goes=True,
)
STATIC = Remedy(
    "Write into the graph's input buffers instead of copying",
    "Let the producer write straight into the graph's static input tensors (`out=`), or capture "
    "it in the same graph; keep what does not change between replays in place.",
    _GRAPH,
    "Inputs that must outlive the replay still need a copy.",
    code="torch.add(a, b, out=static_input)",
    goes=True,
)
LOOP = Remedy(
    "Avoid the many copies within the device",
    "Work in place or on views, copy many tensors with one `torch._foreach_copy_`, or write into "
    "the target with `out=`.",
    _COPY,
    "Copies that change layout or type do work that something has to do.",
    goes=True,
)
SINGLE = Remedy(
    "Avoid copies within the device",
    "Write into the target with `out=` or use a view, where the source is not needed afterwards.",
    _COPY,
    "Copies that keep an earlier value for the backward pass have to stay.",
    goes=True,
)
CLEAR = Remedy(
    "Avoid clearing many tensors one by one",
    "`optimizer.zero_grad(set_to_none=True)` frees gradients instead of clearing them; split "
    "reductions and products clear their own work space, which larger shapes avoid.",
    _ZERO,
    "Clearing inside a library's operators does not go with `set_to_none`.",
    code="optimizer.zero_grad(set_to_none=True)",
)
SET = Remedy(
    "Avoid the many memsets",
    "Allocate with `torch.empty` where all is written anyway; clear one buffer for all instead of "
    "each.",
    "https://docs.pytorch.org/docs/stable/generated/torch.empty.html",
    "Operators that add into their output need it cleared.",
)
