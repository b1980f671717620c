"""Every workload, and which of them are the same work before and after a change."""

from __future__ import annotations

from workloads import experts, generation, inference, pointwise, products, training
from workloads.workload import Pair, Workload

ALL: dict[str, Workload] = {
    each.name: each
    for module in (products, pointwise, experts, inference, training, generation)
    for each in module.WORKLOADS
}


def _inference() -> list[Pair]:
    pairs = []
    for batch in (f"b{each:02d}" for each in inference.BATCHES):
        prefill, decode = f"prefill-{batch}", f"decode-{batch}"
        pairs += [
            Pair(f"{decode}: a CUDA graph", f"{decode}-eager", f"{decode}-graph", ("graph",)),
            Pair(
                f"{decode}: a CUDA graph of compiled layers",
                f"{decode}-compiled",
                f"{decode}-compiled-graph",
                ("graph",),
            ),
            Pair(f"{decode}: compiled layers", f"{decode}-eager", f"{decode}-compiled", ("fuse",)),
            Pair(
                f"{prefill}: compiled layers", f"{prefill}-eager", f"{prefill}-compiled", ("fuse",)
            ),
            Pair(f"{prefill}: a CUDA graph", f"{prefill}-eager", f"{prefill}-graph", ("graph",)),
        ]
    return pairs


_NARROW = "fuse names more than the optimizer here: put the id of its finding once it is known"

PAIRS: tuple[Pair, ...] = (
    Pair("elementwise chain compiled", "chain-eager", "chain-compiled", ("fuse",)),
    Pair("attention through SDPA", "attention-written-out", "attention-sdpa", ("fuse",)),
    Pair("fp32 product on TF32", "gemm-fp32", "gemm-tf32", ("precision",)),
    Pair("bf16 product in fp8", "gemm-bf16", "gemm-fp8", ("precision",)),
    Pair("odd product padded", "gemm-misaligned", "gemm-padded", ("tune",)),
    Pair("AdamW foreach", "optimizer-unfused", "optimizer-foreach", ("fuse",)),
    Pair("AdamW fused", "optimizer-unfused", "optimizer-fused", ("fuse",)),
    Pair("AdamW fused after foreach", "optimizer-foreach", "optimizer-fused", ("fuse",)),
    Pair("training, AdamW foreach", "train-unfused", "train-foreach", (), _NARROW),
    Pair("training, AdamW fused", "train-unfused", "train-fused", (), _NARROW),
    Pair("experts on their tokens only", "moe-every", "moe-grouped", ("batch",)),
    Pair("experts in equal batches", "moe-loop", "moe-bmm", ("batch", "sync")),
    Pair("experts in one grouped product", "moe-loop", "moe-grouped", ("batch", "sync")),
    *_inference(),
)

SWEEPS: dict[str, str] = {
    "prefill of a decoder by batch": "prefill-b*-eager",
    "decode of a decoder by batch": "decode-b*-eager",
}
"""Name -> pattern of the workloads that are one program at several sizes."""
