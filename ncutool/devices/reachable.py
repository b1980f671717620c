"""How much of its peaks a device reaches: every share that is assumed where none was measured.

Datasheet peaks are never reached. Rows differ because their questions do: what the best kernels
reach (a ceiling), what a well written kernel of one kind reaches, what it reaches at worst.
"""

from __future__ import annotations

from ncutool.base.thresholds import Threshold, ThresholdTable

_CARDS = (
    "best DRAM share of kernels of at least 20 µs on eleven NVIDIA cards, V100 to H100: 77 to 96 %"
)
_PEAK = "share of peak"

# What the best launches reach: ceilings, and which of two peaks binds a launch near the ridge.
MEMORY_SHARE = Threshold(0.85, _PEAK, "DRAM bandwidth reached where too little is seen", _CARDS)
MEMORY_FLOOR_SHARE = Threshold(
    0.80, _PEAK, "a best below this means slow kernels, not a slow device", _CARDS
)
TENSOR_SHARE = Threshold(
    0.70, _PEAK, "tensor peak that large matrix products reach", "H100 in BF16: 64 to 79 %"
)
AMD_TENSOR_SHARE = Threshold(0.45, _PEAK, "the same on AMD", "MI300X: 44 %")
VECTOR_SHARE = Threshold(
    0.90, _PEAK, "CUDA-core peak that large matrix products reach", "A100 in FP32: 91 to 96 %"
)
COMPUTE_BEST = Threshold(
    0.90, _PEAK, "a counted launch hardly exceeds this of a compute peak", "as VECTOR_SHARE"
)
MEMORY_BEST = Threshold(
    0.92,
    _PEAK,
    "a counted launch hardly exceeds this of the DRAM peak: more than MEMORY_SHARE, since a "
    "report's peak is that of its own clocks",
    _CARDS,
)

ABOVE_DATASHEET_PCT = Threshold(
    110.0,
    "%",
    "of a datasheet's FLOP/s: what lies between can be a boost clock, what is beyond is an error",
    "judgement: an H100 SXM's highest clock is 8 % above that of its datasheet figure",
)

# What a good kernel of one kind reaches, at best and at worst.
ACHIEVABLE_SHARE = Threshold(
    0.6,
    _PEAK,
    "DRAM bandwidth that a fused kernel reaches at least",
    "judgement: NVIDIA's threshold for a memory-bound launch",
)
MEMORY_USUAL = Threshold(
    0.60,
    _PEAK,
    "DRAM bandwidth of a launch whose report shows no better",
    "NVIDIA's threshold for a memory-bound launch",
)
FUSED_ATTENTION: ThresholdTable[str, tuple[float, float]] = ThresholdTable(
    {"forward": (0.35, 0.20), "backward": (0.30, 0.12)},
    _PEAK,
    "tensor peak that attention fused anew reaches, at best and at worst; whatever the heads and "
    "the GPU, so less than FA3_SHARE",
    "judgement, tried on eager attention of the traces in the back-tests",
)
FA3_SHARE = Threshold(
    0.4,
    _PEAK,
    "tensor peak that attention written for its GPU reaches, causal or not",
    "FlashAttention 2 on A100 and 3 on Hopper, in traces",
)
AMD_ATTENTION_SHARE = Threshold(
    0.35, _PEAK, "the same on AMD", "MI300X, in traces of ROCm's own attention"
)
ATTENTION_BACKWARD_SHARE = Threshold(
    0.7,
    "share of the forward pass's",
    "what of it a backward pass reaches",
    "FlashAttention 2 on A100 and 3 on Hopper, in traces",
)
LOW_TENSOR_SHARE = Threshold(
    0.5, _PEAK, "tensor peak that large products reach at worst", "judgement, below H100's 64 %"
)
AMD_LOW_TENSOR_SHARE = Threshold(
    0.3, _PEAK, "the same on AMD, whose libraries reach less", "judgement, below MI300X's 44 %"
)
CONVOLUTION_LOW_SHARE = Threshold(
    0.25, _PEAK, "the same of convolutions, which reach less", "judgement, tried on traces of A100"
)
KIND_SHARES: ThresholdTable[str, tuple[float, float]] = ThresholdTable(
    {
        "vectorized": (0.65, 0.95),
        "unrolled": (0.55, 0.85),
        "strided": (0.35, 0.85),
        "concatenation": (0.15, 0.85),
        "memcpy": (0.75, 0.85),
        "elementwise": (0.45, 0.95),
        "copy": (0.20, 0.85),
        "normalization": (0.25, 0.85),
        "softmax": (0.20, 0.85),
        "reduction": (0.25, 0.85),
        "indexing": (0.10, 0.85),
        "gemm": (0.25, 0.85),
        "convolution": (0.20, 0.85),
        "attention": (0.15, 0.85),
        "triton": (0.45, 0.85),
        "other": (0.10, 0.95),
    },
    "share of the roofline time",
    "lowest and highest share by kind of kernel when launching no longer matters; `other` is for "
    "any kind not listed and for a call whose work is only guessed from its arguments",
    "captures other than the back-tests predict (V100, A100, H100, MI300X): of each family, what "
    "a capture's operators above 10 µs reach together (captures with at least 1 ms and three "
    "operators of it), rounded outward to 0.05; the highest is never below what clean streaming "
    "kernels reach",
)


def default_flop_share(roof: str, vendor: str) -> Threshold:
    """Return the share of a compute peak (0 to 1) that large products reach elsewhere.

    Args:
        roof: a name of :data:`ncutool.base.roofs.ROOFS`.
        vendor: `nvidia`, `amd` or empty.
    """
    if not roof.endswith("_tensor"):
        return VECTOR_SHARE
    return AMD_TENSOR_SHARE if vendor == "amd" else TENSOR_SHARE
