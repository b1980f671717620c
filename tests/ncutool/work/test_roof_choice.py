"""Which roof a launch is held against."""

from __future__ import annotations

import pytest

from ncutool.base.roofs import ROOFS
from ncutool.work.kernel_facts import facts_of
from ncutool.work.roofs import AMBIGUOUS, roof_of


@pytest.mark.parametrize(
    ("family", "dtype", "kernel", "expected"),
    [
        ("gemm", "bf16", "nvjet_tst_128x64_64x6_2x1_v_bz_TNN", "bf16_tensor"),
        ("gemm", "fp16", "ampere_fp16_s16816gemm_fp16_128x64_ldg8_f2f_tn", "fp16_tensor"),
        ("gemm", "fp8", "sm90_xmma_gemm_e4m3bf16_e4m3f32_f32_tn_n", "fp8_tensor"),
        ("gemm", "int8", "cutlass_80_tensorop_i16832gemm", "int8_tensor"),
        ("attention", "bf16", "void pytorch_flash::flash_fwd_kernel<>", "bf16_tensor"),
        ("gemm", "fp32", "ampere_sgemm_128x64_tn", "fp32"),
        ("gemm", "fp32", "volta_sgemm_32x32_sliced1x4_tn", "fp32"),
        ("gemm", "fp32", "cutlass_80_simt_sgemm_128x32_8x5_nn_align1", "fp32"),
        ("gemm", "fp32", "void gemmSN_TN_kernel<float, 128, 16>", "fp32"),
        ("gemm", "fp32", "cutlass_80_tensorop_s1688gemm_128x128_16x4_nt_align1", "tf32_tensor"),
        (
            "convolution",
            "fp32",
            "sm80_xmma_fprop_implicit_gemm_indexed_tf32f32_tf32f32_f32_nhwckrsc",
            "tf32_tensor",
        ),
        ("convolution", "fp32", "volta_scudnn_128x64_relu_interior_nn_v1", "fp32"),
        ("convolution", None, "volta_scudnn_128x64_relu_interior_nn_v1", "fp32"),
        ("gemm", "bf16", "void gemvx::kernel<int, int, __nv_bfloat16>", "fp32"),
        ("convolution", "bf16", "conv_depthwise2d_forward_kernel", "fp32"),
        ("attention", "bf16", "scaled_dot_product_flash_fwd_kernel<bf16>", "bf16_tensor"),
        ("attention", "fp16", "attention_with_gemv_and_dot_product", "fp16_tensor"),
        ("elementwise", "bf16", "void at::native::vectorized_elementwise_kernel<4>", "fp32"),
        ("softmax", "fp64", "softmax_warp_forward", "fp64"),
        ("gemm", "fp64", "cutlass_80_tensorop_d884gemm_64x64_16x4_nn_align1", "fp64_tensor"),
        ("elementwise", "int64", "vectorized_elementwise_kernel", None),
        ("collective", "bf16", "ncclDevKernel_AllReduce", None),
    ],
)
def test_roof_by_data_type_and_name(
    family: str, dtype: str | None, kernel: str, expected: str | None
) -> None:
    """The data type decides; for fp32 the kernel's name does."""
    roof, _ = roof_of(family, dtype, kernel, compute_capability="9.0", vendor="nvidia")
    assert roof == expected
    assert roof is None or roof in ROOFS


def test_fp32_without_a_telling_name_has_no_roof() -> None:
    """TF32 or FP32 is not guessed, and the remark says so."""
    assert roof_of("gemm", "fp32", "mystery_kernel", compute_capability="9.0", vendor="nvidia") == (
        None,
        AMBIGUOUS,
    )


def test_chips_without_tf32_leave_no_doubt() -> None:
    """On a V100 an fp32 product can only run on the CUDA cores."""
    assert (
        roof_of("gemm", "fp32", "mystery", compute_capability="7.0", vendor="nvidia")[0] == "fp32"
    )


def test_fp32_on_amd() -> None:
    """From MI300 on both units have one rate; on MI200 the matrix cores are twice as fast."""
    kernel = "Cijk_Ailk_Bljk_SB_MT64x64x16_MI16x16x1"
    assert roof_of("gemm", "fp32", kernel, compute_capability="9.4", vendor="amd")[0] == "fp32"
    assert roof_of("gemm", "fp32", kernel, compute_capability="9.0", vendor="amd")[0] is None


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("void splitKreduce_kernel<32, 16, int, float, float>", True),
        ("void cublasLt::splitKreduce_kernel<32, 16>", True),
        ("cask_cudnn::computeOffsetsKernel(cask_cudnn::ComputeOffsetsParams)", True),
        ("void cudnn::ops::nchwToNhwcKernel<float, float>", True),
        ("batched_transpose_32x32_half", True),
        ("void at::native::elementwise_kernel<128, 2>", True),
        ("ampere_sgemm_128x64_tn", False),
        ("void cudnn::winograd_nonfused::winogradForwardData4x4<float, float>", False),
        ("void cudnn::cnn::wgrad_alg0_engine<float, 128, 5, 5, 3>", False),
        ("Cijk_Alik_Bljk_BBS_BH_MT128x224x64_MI16x16x1", False),
    ],
)
def test_helpers_are_told_from_the_work(kernel: str, expected: bool) -> None:
    """Split-K sums, layout changes and bias copies help; stages of the work do not."""
    assert (facts_of(kernel).role is not None) is expected


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("CatArrayBatchedCopy_contig<at::native::(anonymous namespace)::OpaqueType<2u>, int>", 2),
        ("CatArrayBatchedCopy<float, unsigned int, 2, 64, 64>(float*)", 4),
        ("CatArrayBatchedCopy<long, unsigned int, 2, 64, 64>(long*)", 8),
        (
            "multi_tensor_apply_kernel<TensorListMetadata<2>, "
            "at::native::BinaryOpListAlphaFunctor<c10::Half, 2, 2, 0>, std::plus<float>, float>",
            2,
        ),
        ("elementwise_kernel<direct_copy_kernel_cuda(x)::{lambda(c10::BFloat16)#1}>", 2),
        ("vectorized_elementwise_kernel<4, FillFunctor<float>>", None),
    ],
)
def test_element_size_of_lists(kernel: str, expected: int | None) -> None:
    """A concatenation's or optimizer's kernel name shows the size of its elements."""
    assert facts_of(kernel).element_bytes == expected
