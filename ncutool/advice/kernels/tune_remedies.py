"""What is said of slow kernels, by cause: why, what to do, and what would make it wrong."""

from __future__ import annotations

from dataclasses import dataclass

from ncutool.advice.kernels.slow_kernels import FA3_SHARE
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.tables import Grade

_TUNABLE = "https://docs.pytorch.org/docs/stable/cuda.tunable.html"
_CHANNELS = "https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html"
_COMPILE = "https://docs.pytorch.org/docs/stable/generated/torch.compile.html"


@dataclass(frozen=True)
class Advised:
    """What is said of all launches with one cause."""

    title: str
    why: str
    """One sentence after the numbers."""
    remedy: str
    caveat: str
    code: str | None = None
    link: str | None = None
    grade: Grade = "possible"
    kept_share: float = 1.0
    """Share of the possible saving that is lost at worst."""


def advised(cause: str, about: Program) -> Advised:
    """The words for a cause of :mod:`ncutool.advice.kernels.slow_kernels`, tied to the program."""
    if cause in ("product", "narrow", "tiny", "misaligned", "old_product"):
        return _of_products(cause, about)
    if cause in ("layout", "patch", "convolution"):
        return _of_convolutions(cause, about)
    return _of_others(cause, about)


def _of_products(cause: str, about: Program) -> Advised:
    tunable = "PYTORCH_TUNABLEOP_ENABLED=1"
    other = "The library may have no faster kernel for these sizes on this device."
    if cause == "misaligned":
        return Advised(
            "Pad matrix products of odd sizes",
            "Their kernels are those for unaligned operands (align1, align2) or run on the CUDA "
            "cores although others run as TF32: a side or a stride is no multiple of 16 bytes.",
            "Pad the inner and outer sizes to multiples of 8 (of 4 in FP32) in the model; "
            "`torch.compile` pads some by itself. Slices of wider tensors need an aligned start "
            "too.",
            "Padding adds work and copies of its own; sizes that are even may still be misaligned "
            "by a slice.",
            code="x = torch.nn.functional.pad(x, (0, -x.shape[-1] % 8))",
            link="https://docs.nvidia.com/deeplearning/performance/"
            "dl-performance-matrix-multiplication/index.html",
        )
    if cause == "tiny":
        return Advised(
            "Replace batched products of tiny matrices",
            "One side of these matrices is at most 16 long, so most of each tile is padding.",
            "Compute all of it in one kernel (fused attention, `torch.compile`, or a Triton "
            "kernel), or swap the batch and the short dimension.",
            "A kernel of one's own is only worth it where these sizes stay.",
            link=_COMPILE,
        )
    if cause == "old_product":
        return Advised(
            "Use matrix products written for this GPU",
            "The kernels' names are of an older generation (sm80), which cannot use this GPU's "
            "warpgroup instructions.",
            "Update cuBLAS and PyTorch; align sizes to 16 bytes so that newer kernels apply; or "
            "`torch.compile(mode='max-autotune')`.",
            other,
            code="model = torch.compile(model, mode='max-autotune')",
            link=_COMPILE,
        )
    tuned = (
        f"Let PyTorch time the library's kernels (`{tunable}`), or "
        if about.amd
        else "Try `torch.compile(mode='max-autotune')`, or "
    )
    if cause == "narrow":
        return Advised(
            "Tune matrix products of few rows to the bandwidth",
            "They read weights for few rows, so the bandwidth is their limit and they stay below "
            "it.",
            tuned + "a kernel that splits K (split-K, stream-K) for so few rows.",
            other,
            code=f"{tunable}=1".replace("=1=1", "=1") if about.amd else None,
            link=_TUNABLE if about.amd else _COMPILE,
        )
    return Advised(
        "Tune slow matrix products",
        "Other products of this kind of device reach more; shapes, strides or the library's choice "
        "of kernel hold these.",
        tuned + "make sizes multiples of 64, or merge products that share an input.",
        other,
        code=tunable if about.amd else "model = torch.compile(model, mode='max-autotune')",
        link=_TUNABLE if about.amd else _COMPILE,
    )


def _of_convolutions(cause: str, about: Program) -> Advised:
    if cause == "layout":
        return Advised(
            "Keep convolutions in channels_last: they change layouts",
            "These kernels only change the layout of a convolution's tensors (NCHW to NHWC and "
            "back).",
            "Put the model and its input into `torch.channels_last` once: "
            "`model.to(memory_format=torch.channels_last)`.",
            "An operator without a channels_last form changes the layout back.",
            code="model = model.to(memory_format=torch.channels_last)",
            link=_CHANNELS,
            grade="likely",
            kept_share=0.5,
        )
    if cause == "patch":
        return Advised(
            "Compute the patch embedding as a matrix product",
            "A convolution with so large a kernel is a matrix product over patches that do not "
            "overlap, where its stride is its size.",
            "Unfold the patches with `reshape` and `permute` and use `torch.nn.Linear`, or keep "
            "the input in `channels_last`.",
            "Only right where the stride equals the kernel size.",
        )
    choice = "MIOPEN_FIND_MODE=NORMAL" if about.amd else "torch.backends.cudnn.benchmark = True"
    return Advised(
        "Tune slow convolutions",
        "They stay far below both roofs: few images, an unfit layout, or the library's choice of "
        "algorithm.",
        f"Let the library measure its algorithms (`{choice}`), use `channels_last`, and more "
        "images at once where memory allows.",
        "Small images and few channels leave little to gain.",
        code=choice,
        link=_CHANNELS,
    )


def _of_others(cause: str, about: Program) -> Advised:
    compiled = "`torch.compile`" if not about.compiled else "a Triton kernel"
    if cause in ("old_attention", "attention"):
        old = cause == "old_attention"
        return Advised(
            "Use attention written for this GPU" if old else "Tune slow attention kernels",
            "The kernel is of FlashAttention 2 or older (mma.sync); this GPU's own reach about "
            f"{units.percent(100 * FA3_SHARE)} of the tensor peak."
            if old
            else "It stays far below both roofs: short sequences, an odd head size or a mask.",
            "Use cuDNN's attention (`SDPBackend.CUDNN_ATTENTION`), or on Hopper FlashAttention 3 "
            "(`flash_attn_interface`)."
            if old
            else "Try the other backends of `scaled_dot_product_attention`, and pad head sizes to "
            "64 or 128.",
            "Masks, dropout or head sizes may rule the faster kernels out.",
            code="with torch.nn.attention.sdpa_kernel(SDPBackend.CUDNN_ATTENTION):"
            if old
            else None,
            link="https://docs.pytorch.org/docs/stable/generated/"
            "torch.nn.attention.sdpa_kernel.html",
        )
    if cause == "embedding":
        return Advised(
            "Speed up the backward pass of embeddings",
            "How many rows are updated is not recorded, so half of the time is a guess, no figure "
            "of the device.",
            "Deduplicate indices, shard hot tables, use `torch.float16` tables or a fused "
            "optimizer of FBGEMM.",
            "Where the rows updated fill the bandwidth already there is nothing to gain.",
        )
    titles = {
        "copy": "Speed up or avoid slow copies",
        "rows": "Speed up slow reductions and normalisations",
        "elementwise": "Speed up slow elementwise kernels",
        "indexing": "Speed up slow indexing",
    }
    why = {
        "copy": "Transposing and concatenating copies read or write memory in small pieces.",
        "rows": "They stay below half of the bandwidth: short or very long rows, few blocks, or "
        "strided input.",
        "elementwise": "They stay below half of the bandwidth: strided or broadcast operands, or "
        "casts, which are not vectorised.",
        "indexing": "Rows are gathered from places that are not neighbours.",
    }
    remedy = {
        "copy": "Ask the producer for the layout that the consumer needs, or write into the "
        f"result's slices; {compiled} fuses the copy into its neighbours.",
        "rows": f"{compiled} writes one kernel over contiguous rows; reduce over the innermost "
        "dimension.",
        "elementwise": f"Make operands contiguous and of one type, or fuse them ({compiled}).",
        "indexing": "Sort or group the indices, and gather whole rows.",
    }
    return Advised(
        titles[cause],
        why[cause],
        remedy[cause],
        "The pattern of access may allow no more.",
        link=_COMPILE,
    )
