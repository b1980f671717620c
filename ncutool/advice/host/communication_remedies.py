"""What is advised against exposed communication, by what communicates and why."""

from __future__ import annotations

from ncutool.advice.view.program import Program

_DDP = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html"
)
_FSDP = "https://docs.pytorch.org/docs/stable/fsdp.html"
_NCCL = "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html"
_RCCL = "https://rocm.docs.amd.com/projects/rccl/en/latest/how-to/rccl-usage-tips.html"


def remedy(what: Program, kinds: set[str], *, transport: bool) -> str:
    """Return what to do, by kind of collective and of program; the links come first where they are
    slow."""
    parts = []
    if transport:
        parts.append(
            "Measure the links with nccl-tests (rccl-tests on AMD) and read the transport in the "
            "log of `NCCL_DEBUG=INFO`: `P2P` is direct, `SHM` and `NET` are not; look for "
            "`NCCL_P2P_DISABLE`, ACS, IOMMU and containers that hide the peers"
        )
    if what.parallel == "fsdp":
        parts.append(
            "Prefetch the next layer's parameters (`backward_prefetch=BACKWARD_PRE`, "
            "`forward_prefetch=True`)"
        )
    elif what.trains and kinds & {"all_reduce", "reduce_scatter"}:
        parts.append(
            "Start gradient buckets earlier: a smaller `bucket_cap_mb` hides more behind the "
            "backward pass, `gradient_as_bucket_view=True` saves copies, `static_graph=True` where "
            "the graph does not change; a larger batch per GPU gives more to hide it behind"
        )
    elif "all_reduce" in kinds:
        parts.append(
            "Between the layers of a tensor-parallel model nothing else can run: use a one-shot or "
            "multimem all-reduce for small messages, fuse it with the norm behind it, or use "
            "fewer ranks per model"
        )
    if "expert dispatch and combine" in kinds:
        parts.append("Run two micro-batches in turn, so that one computes while the other sends")
    if kinds & {"all_to_all", "send and receive"}:
        parts.append(
            "Start the exchange of the next batch before the present one computes (TorchRec: "
            "`TrainPipelineSparseDist`), and balance what each rank holds"
        )
    if not parts:
        parts.append("Start it earlier on a stream of its own, and wait for it where it is used")
    return ". ".join(parts) + "."


def brief(what: Program, kinds: set[str], *, transport: bool) -> str:
    """Return the first of it on one line; empty for the rule's."""
    if transport:
        return ""
    if what.parallel == "fsdp":
        return "Prefetch the next layer's parameters (`backward_prefetch=BACKWARD_PRE`)."
    if what.trains and kinds & {"all_reduce", "reduce_scatter"}:
        return "Start gradient buckets earlier: try a smaller `bucket_cap_mb`."
    if "all_reduce" in kinds:
        return "Use a one-shot all-reduce, fuse it with the norm behind, or use fewer ranks."
    if "expert dispatch and combine" in kinds:
        return "Run two micro-batches in turn: one computes while the other sends."
    if kinds & {"all_to_all", "send and receive"}:
        return "Start the next batch's exchange before the present one computes."
    return ""


def code(what: Program, *, transport: bool) -> str | None:
    """Return one line of it, where there is one."""
    if transport:
        return "NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,GRAPH"
    if what.parallel == "ddp":
        return "DistributedDataParallel(model, bucket_cap_mb=10, gradient_as_bucket_view=True)"
    return None


def link(what: Program, *, transport: bool) -> str:
    """Return where it is documented."""
    if transport or not what.trains:
        return _RCCL if what.amd else _NCCL
    return _FSDP if what.parallel == "fsdp" else _DDP
