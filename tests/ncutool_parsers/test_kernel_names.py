"""Short kernel names: what is dropped, what stays, and that nothing makes them fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool_parsers.kernel_names import short_name

_ADD = "at::native::CUDAFunctor_add<float>"
_LAMBDA = "::{lambda()#3}::operator()() const::{lambda()#12}::operator()() const::{lambda(float)#1}"
_COPY = "at::native::direct_copy_kernel_cuda(at::TensorIteratorBase&)" + _LAMBDA
_MUL = "at::native::binary_internal::MulFunctor<float>"
_SM90 = "cutlass::gemm::MainloopSm90TmaGmma<4, cute::tuple<cute::C<2>, cute::C<1>, cute::C<1> > >"


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        (
            f"void at::native::vectorized_elementwise_kernel<4, {_ADD}, at::detail::Array<char*, 3>"
            f" >(int, {_ADD}, at::detail::Array<char*, 3>)",
            "vectorized_elementwise_kernel<CUDAFunctor_add>",
        ),
        (
            f"void at::native::elementwise_kernel<128, 2, at::native::gpu_kernel_impl_nocast<"
            f"{_COPY}>(at::TensorIteratorBase&, {_COPY} const&)::{{lambda(int)#1}}>(int, float)",
            "elementwise_kernel<direct_copy_kernel_cuda>",
        ),
        (
            f"void at::native::unrolled_elementwise_kernel<at::native::AUnaryFunctor<float, {_MUL}>"
            ", std::array<char*, 2ul> >(int)",
            "unrolled_elementwise_kernel<MulFunctor>",
        ),
        (
            "void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::MeanOps"
            "<float, float>, unsigned int, float, 4> >(at::native::ReduceOp<float>)",
            "reduce_kernel<MeanOps>",
        ),
        (
            "void multi_tensor_apply_kernel<TensorListMetadata<4>, AdamFunctor<float>, float>(int)",
            "multi_tensor_apply_kernel<AdamFunctor>",
        ),
        (
            "void cutlass::Kernel<cutlass_80_tensorop_s1688gemm_256x64_32x3_nt_align1>"
            "(cutlass_80_tensorop_s1688gemm_256x64_32x3_nt_align1::Params)",
            "Kernel<cutlass_80_tensorop_s1688gemm_256x64_32x3_nt_align1>",
        ),
        (
            "void cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<cute::tuple<int, int>"
            f", CollectiveMma<{_SM90}, cute::tuple<cute::C<128>, cute::C<256>, cute::C<64>>>>>(P)",
            "device_kernel<GemmUniversal 128x256x64>",
        ),
        (
            "void flash_fwd_kernel<Flash_fwd_kernel_traits<(int)64, (int)128, (int)64, (int)4>>(P)",
            "flash_fwd_kernel<64x128x64>",
        ),
        (
            "std::enable_if<(((8)>(0)))&&vllm::_typeConvert<c10::BFloat16>::exists, void>::type "
            "vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>(c10::BFloat16*, long)",
            "fused_add_rms_norm_kernel",
        ),
        ("std::enable_if<true, void>::type internal::gemvx::kernel<int>(P<int>)", "gemvx::kernel"),
        (
            "void (anonymous namespace)::softmax_warp_forward<float, 10, true>(float*, int)",
            "softmax_warp_forward",
        ),
        ("bool ns::operator<(A const&, A const&)", "operator<"),
        ("void ns::Functor::operator()<int>(int) const", "Functor::operator()"),
        ("mathKernel1(float *)", "mathKernel1"),
        (
            "ncclKernel_AllReduce_RING_LL_Sum_float(ncclWorkElem)",
            "ncclKernel_AllReduce_RING_LL_Sum_float",
        ),
        ("triton_poi_fused_add_mul_0", "triton_poi_fused_add_mul_0"),
        (
            "nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT",
            "nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT",
        ),
        (
            "Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT64x96x128_MI16x16x1_SN_LDSB1_K1",
            "Cijk_Alik_Bljk_BBS_BH_MT64x96x128",
        ),
        ("attn_fwd.kd", "attn_fwd"),
        ("_Z9addKernelPiPKiS1_", "addKernel"),
        ("_ZN2ck12_GLOBAL__N_121kernel_grouped_conv_fINS_3RowE", "kernel_grouped_conv_f"),
        ("_ZN7cutlass6KernelINS_9GemmShapeILi128ELi64ELi32EEE", "Kernel<128x64x32>"),
    ],
)
def test_known_names(full: str, expected: str) -> None:
    """Names of real libraries keep what tells their launches apart."""
    assert short_name(full) == expected


@settings(max_examples=300, deadline=None)
@given(st.text("ab:<>(){}[], *&_1operatorlambda-", max_size=60) | st.text(max_size=30))
def test_never_fails(full: str) -> None:
    """Unbalanced brackets and any other text give a name; no text gives words that say so."""
    assert short_name(full)
    assert full.strip() or short_name(full) == "(no name)"


@settings(max_examples=100, deadline=None)
@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,200}", fullmatch=True))
def test_plain_names_are_kept(name: str) -> None:
    """A C identifier that is neither mangled nor Tensile's comes back as it is."""
    if not name.startswith(("_Z", "Cijk_")):
        assert short_name(name) == name


def test_deep_nesting_is_cheap() -> None:
    """Brackets nested thousands deep neither recurse nor take quadratic time for long."""
    assert short_name("k<" * 5000) == "k<k>"
    assert short_name("void k" + "(" * 5000 + ")" * 5000 + "(int)") == "k"
