"""What is known of a kernel by its name alone: its kind of work and its data type, no figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base.tables import FAMILIES
from ncutool.work.named_kinds import Named, columns, named

KNOWN = {
    "void marlin_moe_wna16::Marlin<__nv_bfloat16, 1125899906909960l, 256>(x)": ("gemm", "bf16"),
    "void marlin::Marlin<half, 256, 4, 16, 4, 4, true, 8>(x)": ("gemm", "fp16"),
    "_matmul_ogs_NNT_bf16xbf16xmxfp4_128x128x128x1_swiglu": ("gemm", "bf16"),
    "void deep_gemm::sm90_fp8_gemm_1d2d_impl<x>": ("gemm", "fp8"),
    "void deep_gemm::sm100_bf16_gemm_impl<x>": ("gemm", "bf16"),
    "nvjet_tst_128x64_64x6_2x1_v_bz_TNN": ("gemm", "bf16"),
    "nvjet_sm103_tst_128x64": ("gemm", "bf16"),
    "nvjet_hsh_128x64": ("gemm", "fp16"),
    "nvjet_qqtst_128x64": ("gemm", "fp8"),
    "nvjet_sss_128x64": ("gemm", None),
    "cutlass3x_sm90_tensorop_s64x128x16gemm_bf16_bf16_f32_bf16_bf16_128x128x64": ("gemm", "bf16"),
    "cutlass3x_sm90_tensorop_s64x128x32gemm_e4m3_e4m3_f32_bf16_bf16_128x128": ("gemm", "fp8"),
    "cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<cutlass::half_t>>": (
        "gemm",
        "fp16",
    ),
    # operands of two types and a result of a third: a name without grammar does not say which
    "cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<cutlass::float_e4m3_t, "
    "cutlass::bfloat16_t>>": ("gemm", None),
    "bmm_Bfloat16_MxE2m1MxE4m3_Fp32_t128": ("gemm", "fp8"),
    "bmm_E2m1_E2m1E2m1_Fp32_bA16": ("gemm", "fp4"),
    "fmhaSm100fKernel_QkvE4m3OBfloat16H128PagedKvCausal": ("attention", "fp8"),
    "fmhaSm100aKernel_QkvBfloat16OBfloat16": ("attention", "bf16"),
    "fmha_cutlassF_f16_aligned_64x64_rf_sm80(x)": ("attention", "fp16"),
    "void flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, cutlass::half_t>>(y)": (
        "attention",
        "fp16",
    ),
    "cutlass::device_kernel<flash::enable_sm90<flash::FlashAttnFwdSm90<cutlass::bfloat16_t>>>": (
        "attention",
        "bf16",
    ),
    "at::native::multi_tensor_apply_kernel<at::native::FusedOptimizerTensorListMetadata<4>, "
    "at::native::FusedAdamMathFunctor<c10::BFloat16, 4>>": ("optimizer", "bf16"),
    "multi_tensor_apply_kernel<TensorListMetadata<4>, AdamFunctor<float, float, int>, float>": (
        "optimizer",
        "fp32",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_names_of_libraries_say_family_and_type(name: str) -> None:
    """By the grammar of each library's names."""
    assert named(name) == KNOWN[name]


@pytest.mark.parametrize(
    "name",
    [
        "my_kernel",
        "at::native::vectorized_elementwise_kernel<4, Marlin<half>>",
        "multi_tensor_apply_kernel<TensorListMetadata<2>, ScaleFunctor<float, float>>",
        "submarlin::copy",
        "my_nvjet_like",
        "triton_poi_fused_add_0",
        "ampere_sgemm_128x64_tn",
    ],
)
def test_other_names_say_nothing(name: str) -> None:
    """Neither a part of a word nor a name of another library is evidence."""
    assert named(name) == Named()


@given(st.text(max_size=60))
def test_no_name_raises(name: str) -> None:
    """Whatever a file holds, the answer is a family of the closed list or none."""
    found = named(name)
    assert found.family is None or found.family in FAMILIES
    assert columns([name, name]).height == 1
