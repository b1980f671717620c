"""The kernels that PyTorch launches for the workload's operators on an H100, and their work.

Names and launch geometry follow PyTorch's and cuBLAS's public sources; the work is each operator's
compulsory traffic and its arithmetic. Efficiencies are plausible guesses, not measurements.
"""

from __future__ import annotations

from math import ceil

from sample_ops import Kernel, Tensor

SM_COUNT = 132
_AT = "at::native::"
_ITERATOR = "at::TensorIteratorBase&"


def vectorized(functor: str, output: Tensor, *inputs: Tensor, **fp32: float) -> Kernel:
    """An elementwise kernel over contiguous tensors; ``fp32``: instructions per element."""
    array = f"std::array<char*, {1 + len(inputs)}ul>"
    name = (
        f"void {_AT}vectorized_elementwise_kernel<4, {functor}, {array} >(int, {functor}, {array})"
    )
    return _elementwise(name, 512, 24, 0.88, output, inputs, fp32)


def strided(functor: str, output: Tensor, *inputs: Tensor, **fp32: float) -> Kernel:
    """An elementwise kernel over strided or broadcast tensors."""
    body = (
        f"{_AT}gpu_kernel_impl_nocast<{functor} >({_ITERATOR}, {functor} const&)::{{lambda(int)#1}}"
    )
    name = f"void {_AT}elementwise_kernel<128, 4, {body}>(int, {body})"
    return _elementwise(name, 512, 18, 0.76, output, inputs, fp32)


def _elementwise(
    name: str,
    per_block: int,
    registers: int,
    efficiency: float,
    output: Tensor,
    inputs: tuple[Tensor, ...],
    fp32: dict[str, float],
) -> Kernel:
    return Kernel(
        name,
        (ceil(output.elements / per_block), 1, 1),
        (128, 1, 1),
        registers,
        float(sum(each.nbytes for each in inputs)),
        float(output.nbytes),
        efficiency,
        fadd=fp32.get("fadd", 0.0) * output.elements,
        fmul=fp32.get("fmul", 0.0) * output.elements,
        ffma=fp32.get("ffma", 0.0) * output.elements,
    )


def binary(verb: str, dtype: str) -> str:
    """The functor of `mul` or `add` of two tensors."""
    if verb == "add":
        return f"{_AT}CUDAFunctor_add<{dtype}>"
    functor = f"{_AT}binary_internal::MulFunctor<float>"
    return f"{_AT}BinaryFunctor<{dtype}, {dtype}, {dtype}, {functor} >"


def unary(verb: str, argument: str) -> str:
    """The functor of a unary operator such as `rsqrt`."""
    return f"{_AT}{verb}_kernel_cuda({_ITERATOR})::{{lambda({argument})#1}}"


def mean(source: Tensor, output: Tensor) -> Kernel:
    """The mean over the last dimension."""
    op = f"{_AT}ReduceOp<float, {_AT}MeanOps<float, float, float, float>, unsigned int, float, 4>"
    return Kernel(
        f"void {_AT}reduce_kernel<512, 1, {op} >({op})",
        (ceil(output.elements / 16), 1, 1),
        (32, 16, 1),
        32,
        float(source.nbytes),
        float(output.nbytes),
        0.82,
        16,
        fadd=float(source.elements),
        fmul=float(output.elements),
    )


def cat(output: Tensor, parts: list[Tensor]) -> Kernel:
    """Concatenation of ``parts``."""
    opaque = f"{_AT}(anonymous namespace)::OpaqueType<2u>"
    space = f"{_AT}(anonymous namespace)::"
    name = (
        f"void {space}CatArrayBatchedCopy<{opaque}, unsigned int, 4, 64, 64>({opaque}*, "
        f"{space}CatArrInputTensorMetadata<{opaque}, unsigned int, 64, 64>, "
        f"{space}TensorSizeStride<unsigned int, 4u>, int, unsigned int)"
    )
    read = float(sum(part.nbytes for part in parts))
    return Kernel(
        name, (2 * SM_COUNT, len(parts), 1), (512, 1, 1), 25, read, float(output.nbytes), 0.62
    )


def gather(output: Tensor, indices: Tensor) -> Kernel:
    """Rows of an embedding table."""
    space = f"{_AT}(anonymous namespace)::"
    name = (
        f"void {space}indexSelectLargeIndex<c10::BFloat16, long, unsigned int, 2, 2, -2, true>"
        "(at::cuda::detail::TensorInfo<c10::BFloat16, unsigned int>, "
        "at::cuda::detail::TensorInfo<c10::BFloat16 const, unsigned int>, "
        "at::cuda::detail::TensorInfo<long const, unsigned int>, int, int, unsigned int, "
        "unsigned int, long)"
    )
    blocks = min(ceil(output.elements / 128), 8 * SM_COUNT)
    read = float(output.nbytes + indices.nbytes)
    return Kernel(name, (blocks, 1, 1), (128, 1, 1), 32, read, float(output.nbytes), 0.55)


def argmax(source: Tensor, output: Tensor) -> Kernel:
    """The index of the largest element of each row."""
    op = f"{_AT}ReduceOp<c10::BFloat16, {_AT}ArgMaxOps<c10::BFloat16>, unsigned int, long, 4>"
    name = f"void {_AT}reduce_kernel<512, 1, {op} >({op})"
    return Kernel(
        name, (output.elements, 1, 1), (512, 1, 1), 40, float(source.nbytes), 8.0 * 4, 0.5, 4096
    )


def gemm(left: Tensor, right: Tensor, output: Tensor, bias: Tensor | None) -> Kernel:
    """A cuBLAS matrix product on Hopper's tensor cores; few rows give a skinny, swapped tile."""
    rows, inner = left.shape
    columns = right.shape[1]
    skinny = rows <= 64
    tile_m, tile_n = (8, 64) if skinny else (128, 256)
    tiles_m, tiles_n = ceil(rows / tile_m), ceil(columns / tile_n)
    shape = "64x8_64x16_4x1_v" if skinny else "128x256_64x4_1x2_h"
    suffix = "_bias" if bias is not None else ""
    read = left.nbytes + right.nbytes + (bias.nbytes if bias is not None else 0)
    blocks = tiles_m * tiles_n if skinny else min(tiles_m * tiles_n, SM_COUNT)
    return Kernel(
        f"nvjet_tst_{shape}_bz_coopA{suffix}_TNN",
        (blocks, 1, 1),
        (384, 1, 1),
        168,
        float(read),
        float(output.nbytes),
        0.78,
        213_000,
        tensor_ops=2.0 * tiles_m * tile_m * tiles_n * tile_n * inner,
        tensor_path="hgmma",
        ffma=float(output.elements if bias is not None else 0),
    )


def _flash_traits(tile: str) -> str:
    """The template argument of FlashAttention 2 for head dimension, tile and warps ``tile``."""
    inner = f"pytorch_flash::Flash_kernel_traits<{tile}, cutlass::bfloat16_t>"
    outer = "pytorch_flash::Flash_fwd_kernel_traits"
    return f"{outer}<{tile}, false, false, cutlass::bfloat16_t, {inner} >"


def flash(query: Tensor, key: Tensor, output: Tensor, causal: bool) -> Kernel:
    """FlashAttention 2 forward over ``[batch, tokens, heads, head_dim]``; tiles of 128 × 64."""
    batch, tokens, heads, dim = query.shape
    keys = key.shape[1]
    rows = ceil(tokens / 128) * 128
    pairs = (rows * keys + rows * 128) / 2 if causal else rows * keys
    traits = _flash_traits("128, 128, 64, 4")
    flags = f"false, {str(causal).lower()}, false, false, true, true, false"
    scores = float(batch * heads * pairs)
    return Kernel(
        f"void pytorch_flash::flash_fwd_kernel<{traits}, {flags}>(pytorch_flash::Flash_fwd_params)",
        (ceil(tokens / 128), batch, heads),
        (128, 1, 1),
        255,
        float(query.nbytes + 2 * key.nbytes),
        float(output.nbytes + 4 * batch * heads * tokens),
        0.80,
        81_920,
        tensor_ops=4.0 * dim * scores,
        tensor_path="hmma",
        tensor_efficiency=0.55,
        fadd=scores,
        fmul=scores,
        ffma=scores,
    )


def flash_split(query: Tensor, key: Tensor, splits: int) -> tuple[Kernel, Kernel]:
    """FlashAttention 2 for few queries: the split kernel and the one that combines its parts."""
    batch, tokens, heads, dim = query.shape
    keys = key.shape[1]
    traits = _flash_traits("128, 64, 128, 4")
    partial = 4.0 * splits * batch * heads * tokens * (dim + 1)
    scores = float(batch * heads * 64 * ceil(keys / 128) * 128)
    params = "(pytorch_flash::Flash_fwd_params)"
    flags = "false, false, false, false, false, true, true, false"
    split = Kernel(
        f"void pytorch_flash::flash_fwd_splitkv_kernel<{traits}, {flags}>{params}",
        (1, splits, batch * heads),
        (128, 1, 1),
        255,
        float(query.nbytes + 2 * key.nbytes),
        partial,
        0.60,
        81_920,
        tensor_ops=4.0 * dim * scores,
        tensor_path="hmma",
        tensor_efficiency=0.55,
        fadd=scores,
        fmul=scores,
        ffma=scores,
    )
    combine = Kernel(
        f"void pytorch_flash::flash_fwd_splitkv_combine_kernel<{traits}, 4, 3, true>{params}",
        (ceil(batch * heads * tokens / 4), 1, 1),
        (128, 1, 1),
        48,
        partial,
        float(query.nbytes),
        0.40,
        144,
        ffma=float(batch * heads * tokens * dim * splits),
    )
    return split, combine
