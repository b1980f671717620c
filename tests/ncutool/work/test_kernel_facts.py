"""What the names of kernels say, by names of public libraries and frameworks."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.advice.kernels.precision import is_fp32_product
from ncutool.work import kernel_facts
from ncutool.work.exchanges import collective_of
from ncutool.work.kernel_facts import column, facts_of
from ncutool.work.roofs import roof_of

TABLE = """
ampere_sgemm_128x64_tn
    library=cublas generation=80 units=simt tensor_dtype=fp32 tile=128x64 names_product
    part=products
sgemm_largek_lds64
    units=simt names_product part=products
void cudnn::detail::dgrad_alg1_engine<float, 128, 6, 7, 3, 3, 5, false, true>(int, int)
    library=cudnn units=simt tensor_dtype=fp32 names_product
void cudnn::cnn::wgrad_alg0_engine<float, 128, 5, 5, 3, 3, 3, false, 512>(int)
    library=cudnn units=simt tensor_dtype=fp32 names_product
sm86_xmma_gemm_f32f32_f32f32_f32_nn_n_tilesize128x128x8_ffma_execute_kernel__5x_cublas
    library=cublas generation=86 units=simt mentions_mma tile=128x128 names_product
    part=products
sm80_xmma_fprop_implicit_gemm_indexed_tf32f32_tf32f32_f32_nhwckrsc_nchw_tilesize128x128x16
    library=cudnn generation=80 units=tensor mentions_mma dtype=tf32 tile=128x128 names_product
    part=products
void cutlass::Kernel2<cutlass_80_tensorop_s1688gemm_128x128_16x4_nt_align1>(Params)
    library=cutlass generation=80 units=tensor mentions_mma dtype=tf32 tile=128x128 alignment=1
    names_product part=products
void cutlass::Kernel2<cutlass_75_tensorop_bf16_s1688gemm_bf16_128x128_nn_align1>(Params)
    library=cutlass generation=75 units=tensor mentions_mma dtype=bf16 halves tile=128x128
    alignment=1 names_product part=products
void cutlass::Kernel2<cutlass_80_simt_sgemm_128x32_8x5_nn_align1>(Params)
    library=cutlass generation=80 units=simt tile=128x32 alignment=1 names_product part=products
void cutlass::Kernel2<cutlass_80_tensorop_d884gemm_64x64_16x4_nn_align1>(Params)
    library=cutlass generation=80 units=tensor mentions_mma dtype=fp64 tile=64x64 alignment=1
    names_product part=products
volta_dgemm_128x64_nt
    library=cublas generation=70 units=simt dtype=fp64 tile=128x64 names_product part=products
volta_fp16_s884gemm_fp16_128x128_ldg8_f2f_tn
    library=cublas generation=70 units=tensor mentions_mma dtype=fp16 halves tile=128x128
    names_product part=products
ampere_fp16_s16816gemm_fp16_128x64_ldg8_f2f_tn
    library=cublas generation=80 units=tensor mentions_mma dtype=fp16 halves tile=128x64
    names_product part=products
ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_nn
    library=cublas generation=80 units=tensor mentions_mma dtype=bf16 halves tile=128x128
    names_product part=products
sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1__5x_cublas
    library=cublas generation=90 mentions_mma dtype=bf16 halves tile=128x128 names_product
    persistent part=products
nvjet_tst_128x64_64x6_2x1_v_bz_TNN
    library=cublas generation=90 units=tensor tile=128x64 persistent part=products
void gemvNSP_kernel<float, float, float, float, 1, 32, 4, 1024>
    product=vector part=products
void gemmSN_TN_kernel<float, 128, 16, 2, 4, 4, 4, true>
    units=simt names_product product=narrow part=products
void splitKreduce_kernel<32, 16, int, float, float, float, float, true>
    role=helper part=products
void cudnn::ops::nchwToNhwcKernel<__half, __half, float, false, true>(x)
    library=cudnn halves role=layout
void cudnn::winograd_nonfused::winogradForwardData4x4<float, float>(x)
    library=cudnn units=simt tensor_dtype=fp32 transformed
void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<128, 128, 64>>(x)
    library=flash_attention generation=80 mentions_mma persistent part=attention
void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<x>(y)
    library=flash_attention generation=80 mentions_mma backward persistent part=attention
void cutlass::device_kernel<flash::enable_sm90<flash::FlashAttnFwdSm90<x>>>(y)
    library=flash_attention generation=90 mentions_mma persistent part=attention
fmha_cutlassF_bf16_aligned_64x64_rf_sm80(PyTorchMemEffAttention::AttentionKernel<x>)
    library=memory_efficient generation=80 dtype=bf16 halves tile=64x64 persistent
    part=attention
cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_3_64x128x128_kernel0_0
    library=cudnn generation=90 units=tensor mentions_mma tile=64x128 names_product persistent
    part=attention
Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT16x16x256_MI16x16x1_SN_LDSB0
    library=tensile dtype=bf16 tile=16x16 part=products
Cijk_Ailk_Bljk_HHS_BH_MT256x128x64_MI16x16x16x1_SN
    library=tensile dtype=fp16 tile=256x128 part=products
Cijk_Ailk_Bljk_SB_MT64x64x16_MI16x16x1
    library=tensile tile=64x64 part=products
igemm_fwd_gtcx3_nhwc_fp16_bx0_ex1_bt128x128x32
    library=miopen halves names_product part=products
MIOpenBatchNormFwdTrainSpatial
    library=miopen part=rest
void ck::kernel_gemm_xdl_cshuffle_v3<x>
    library=composable_kernel names_product part=products
triton_poi_fused_add_mul_3
    library=inductor compiled=poi fused=add_mul
triton_red_fused_native_layer_norm_12
    library=inductor compiled=red fused=native_layer_norm part=rest
triton_tem_fused_addmm_7
    library=inductor compiled=tem fused=addmm
triton_mm
    persistent
_sgemm_lora_a_kernel
    names_product part=products
void marlin::Marlin<half, 256, 4, 16, 4, 4, true, 8>(x)
    library=marlin halves
void deep_gemm::sm90_fp8_gemm_1d2d_impl<x>
    library=deep_gemm generation=90 names_product persistent part=products
fused_moe_kernel
    part=experts
_ZN4vllm25paged_attention_v2_kernelIttLi128ELi16ELi128EEE
    part=attention
void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>(x)
    dtype=bf16 communicates
void flashinfer::BatchDecodeWithPagedKVCacheKernel<x>
    mentions_mma persistent
ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)
    library=nccl dtype=bf16 halves persistent communicates
ncclKernel_SendRecv_RING_SIMPLE_Sum_int8_t(ncclWorkElem)
    library=nccl dtype=int8 persistent communicates
rccl_main_kernel
    library=rccl persistent communicates
void deep_ep::internode_ll::dispatch<x>
    communicates
void deep_ep::layout::get_dispatch_layout<x>
    -
ncclSymDevKernel_AllReduce_RSxLD_AGxST_sum_bf16(ncclSymDevArgs)
    library=nccl dtype=bf16 halves persistent communicates
ncclSymkDevKernel_AllGather_LLMC(ncclSymkDevWorkArgs4K const*)
    library=nccl persistent communicates part=rest
void nvshmemi_collectives<int>(int)
    library=nvshmem communicates
void flashinfer::trtllm_allreduce_fusion::allreduce_fusion_kernel_oneshot_lamport<x>(y)
    mentions_mma persistent communicates
void c10d::(anonymous namespace)::two_shot_all_reduce_kernel_inplace<x>(y)
    persistent communicates part=rest
mscclKernel_Sum_float_Simple(x)
    communicates
rcclGenericKernel<1, false>(ncclDevKernelArgsStorage<4096ul>)
    library=rccl persistent communicates
mscclppAllReduce6<x>(y)
    persistent communicates
void tensorrt_llm::lamport_style_one_shot_all_reduce_norm_kernel<x>(y)
    persistent communicates part=rest
void c10d::symmetric_memory::barrier_kernel(x)
    communicates
void allreduce_config_parser(x)
    persistent
rcclKernel_AllReduce
    library=rccl persistent communicates
ncclKernelsInit
    library=nccl persistent
gemm_nccl_tail
    names_product persistent part=products
void my_copy_kernel<ncclDevKernel_AllReduce>(x)
    persistent part=rest
triton_poi_fused_all_reduce_add_0
    library=inductor compiled=poi fused=all_reduce_add persistent
scaled_dot_product_flash_fwd_kernel<bf16>
    library=flash_attention generation=80 mentions_mma dtype=bf16 halves persistent
    part=attention
dot_product_attention_kernel<x>
    part=attention
void cublas::dot_product<float>(x)
    library=cublas product=vector
void at::native::vectorized_elementwise_kernel<4, at::native::AddFunctor<float>, x>(int)
    library=pytorch tensor_dtype=fp32 role=helper walk=vectorized part=rest
at::native::unrolled_elementwise_kernel<direct_copy_kernel_cuda(x)::{lambda(c10::BFloat16)#1}>
    library=pytorch dtype=bf16 element_bytes=2 role=helper walk=unrolled part=rest
void at::native::elementwise_kernel<128, 4, x>(int)
    library=pytorch role=helper walk=strided part=rest
void at::native::CatArrayBatchedCopy_contig<at::native::OpaqueType<2u>, unsigned int, 2>
    library=pytorch element_bytes=2 role=helper walk=concatenation part=rest
at::native::multi_tensor_apply_kernel<x, at::native::BinaryOpListAlphaFunctor<c10::Half, 2>>
    library=pytorch halves element_bytes=2 role=helper
Memcpy DtoD (Device -> Device)
    walk=memcpy within_device
Memcpy HtoD (Pinned -> Device)
    -
Memset (Device)
    within_device
my_kernel
    -
"""
"""A name, and beneath it all that it says: a bare word is True, `-` is nothing at all."""


def _parsed(table: str) -> dict[str, dict[str, object]]:
    names: dict[str, dict[str, object]] = {}
    for line in table.strip("\n").splitlines():
        if not line.startswith(" "):
            facts = names.setdefault(line, {})
            continue
        for word in line.split():
            fact, is_value, text = word.partition("=")
            if word != "-":
                facts[fact] = _value(fact, text) if is_value else True
    return names


def _value(fact: str, text: str) -> object:
    if fact == "tile":
        columns, rows = text.split("x")
        return int(columns), int(rows)
    return int(text) if text.isdecimal() else text


NAMES = _parsed(TABLE)


@pytest.mark.parametrize("name", NAMES)
def test_all_that_a_name_says(name: str) -> None:
    """Every fact that is listed, and none beside: a name that is silent gives no evidence."""
    facts = facts_of(name)
    said = {fact: getattr(facts, fact) for fact in kernel_facts.FACTS}
    assert {fact: value for fact, value in said.items() if value is not None} == NAMES[name]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("void cudnn::detail::dgrad_alg1_engine<float, 128, 6, 7, 3, 3, 5, false>", "convolution"),
        ("sgemm_largek_lds64", "gemm"),
        ("sm86_xmma_gemm_f32f32_f32f32_f32_nn_n_tilesize32x32x8_ffma_execute_kernel", "gemm"),
        ("ampere_sgemm_128x64_tn", "gemm"),
        (
            "void cudnn::cnn::wgrad_alg0_engine<float, 128, 5, 5, 3, 3, 3, false, 512>",
            "convolution",
        ),
    ],
)
def test_roof_and_precision_finding_agree(name: str, family: str) -> None:
    """What the finding calls FP32 on the CUDA cores is held against their FP32 roof."""
    assert is_fp32_product(facts_of(name))
    assert roof_of(family, "fp32", name, compute_capability="8.0", vendor="nvidia") == (
        "fp32",
        None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_finding_without_the_roof(name: str) -> None:
    """The finding never speaks of a kernel that is held against another roof than FP32."""
    if is_fp32_product(facts_of(name)):
        roof, _ = roof_of("gemm", "fp32", name, compute_capability="9.0", vendor="nvidia")
        assert roof == "fp32"


@pytest.mark.parametrize(
    "name",
    [
        "_sgemm_lora_a_kernel",  # a segmented product of any data type
        "sgemm",  # anybody's kernel, on any units
        "volta_fp16_sgemm_fp16_128x32_nn",  # 16-bit data
        "void gemmSN_TN_kernel<float, 128, 16, 2, 4, 4, 4, true>",
        "cutlass_80_tensorop_s1688gemm_128x128_16x4_nt_align1",
        "volta_dgemm_128x64_nt",
        "my_kernel",
    ],
)
def test_what_tensor_cores_cannot_take_over(name: str) -> None:
    """No finding on FP32 products by a name that says something else, or nothing."""
    assert not is_fp32_product(facts_of(name))


def test_double_precision_without_recorded_type_is_not_held_against_fp32() -> None:
    """`simt_dgemm` runs on the CUDA cores too, but in FP64."""
    name = "cutlass_80_simt_dgemm_128x128_8x4_nn_align1"
    assert roof_of("gemm", None, name, compute_capability="8.0", vendor="nvidia") == (None, None)
    assert roof_of("gemm", "fp64", name, compute_capability="8.0", vendor="nvidia")[0] == "fp64"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ncclDevKernel_AllGather_RING_LL", "all_gather"),
        ("ncclKernel_ReduceScatter_RING_LL_Sum_float", "reduce_scatter"),
        ("_allgather_base", "all_gather"),
        ("nccl:all_to_all", "all_to_all"),
        ("vllm::cross_device_reduce_1stage", "all_reduce"),
        ("send", "send and receive"),
        ("ncclDevKernel_Reduce_Sum_f32", "reduce"),
        ("barrier", None),
    ],
)
def test_collectives_by_name(text: str, expected: str | None) -> None:
    """Kernels, annotations and metadata spell one exchange in many ways."""
    assert collective_of(text) == expected


def test_a_column_of_facts() -> None:
    """One value a row, null where the name says nothing or there is no name."""
    names = ["volta_sgemm_32x32_nt", None, "my_kernel", "volta_sgemm_32x32_nt"]
    frame = pl.DataFrame({"name": names}, schema={"name": pl.String})
    frame = frame.select(
        units=column(pl.col("name"), "units"),
        generation=column(pl.col("name"), "generation"),
        helps=column(pl.col("name"), "communicates"),
    )
    assert frame.to_dict(as_series=False) == {
        "units": ["simt", None, None, "simt"],
        "generation": [70, None, None, 70],
        "helps": [None, None, None, None],
    }
    assert frame.schema == {"units": pl.String, "generation": pl.Int64, "helps": pl.Boolean}


_PIECES = st.sampled_from(
    ["sgemm", "_MT", "128x", "9" * 5000, "OpaqueType<", "<float", "multi_tensor_apply_kernel<",
     "Functor<", "triton_poi_fused_", "Cijk_", "sm90_", "_align1", "\x00", "é", "::", "("]
)  # fmt: skip


@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=40).map("".join)))
def test_no_name_breaks_it(name: str) -> None:
    """Names are untrusted: whatever they hold, facts come out, and the same ones again."""
    kept, anew = facts_of(name), kernel_facts._facts_of.__wrapped__(name)
    for fact in kernel_facts.FACTS:
        assert getattr(kept, fact) == getattr(anew, fact) == getattr(kept, fact)
