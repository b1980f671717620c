"""The table of engine operators: how a signature is chosen, what a cut record leaves, and what is
said of figures that a record does not determine."""

from __future__ import annotations

import pytest
from operator_calls import reason, work
from operator_rows import built
from operator_rows.engines import CALLS

from ncutool.work.operators import OpCall, Work
from ncutool.work.operators.engines import COUNTED
from ncutool.work.operators.engines.table import Row as Known
from ncutool.work.operators.engines.table import rows, version


def _first(name: str) -> OpCall:
    """The first call of ``name`` in the tables worked out by hand."""
    return built(name, next(arguments for each, arguments, *_ in CALLS if each == name))


def test_the_table_is_whole() -> None:
    """Each operator stands once, with a source and a model that there is."""
    names = [name for row in rows() for name in row.names]
    assert len(names) == len(set(names)) >= 150
    assert {row.model for row in rows()} == set(COUNTED)
    assert [row.names for row in rows() if not row.source] == []


def test_a_row_needs_a_family_that_the_tables_have() -> None:
    """A misspelt family is an error of the table, not a family."""
    with pytest.raises(ValueError, match=r"engines\.toml"):
        Known(("a::b",), (version("x"),), "here", "elementwisely")


def test_marks_say_what_happens_to_an_argument() -> None:
    """Read, written, both, neither, and plain values."""
    found = version("x out! residual& pool~ bias? eps= ...")
    assert found.open
    assert [(each.name, each.read, each.written, each.optional) for each in found.arguments] == [
        ("x", True, False, False),
        ("out", False, True, False),
        ("residual", True, True, False),
        ("pool", False, False, False),
        ("bias", True, False, True),
        ("eps", False, False, True),
    ]


def test_a_cut_record_says_where_it_ends() -> None:
    """Queries, keys and values of three, without the mask: bytes are at least theirs."""
    found = work(
        built("flash_attn::_flash_attn_forward", "bf16[2,3,4,8] bf16[2,5,2,8] bf16[2,5,2,8]")
    )
    assert (found.flop, found.reason) == (None, "causal flag not recorded")
    assert (found.bytes, found.bytes_exactness) == (1408, "lower_bound")
    assert found.remark == "the record ends after argument 3 of 11"


def test_keys_that_may_lie_in_pages_are_not_counted() -> None:
    """Four dimensions are samples or pages: the argument that tells was not recorded."""
    found = work(built("flash_attn_3::fwd", "bf16[2,3,4,8] bf16[9,5,2,8] bf16[9,5,2,8]"))
    assert (found.bytes, found.bytes_exactness) == (768, "lower_bound")
    assert found.reason == "whether keys and values lie in pages is not recorded"


def test_lengths_on_the_device_leave_an_upper_bound_of_bytes() -> None:
    """`seqused_k` says how many keys of each sample count: at most all are read."""
    text = (
        "bf16[2,3,4,8] bf16[2,5,2,8] bf16[2,5,2,8] - - - - - - - - int32[2] - - - - - - - - - - -"
    )
    found = work(built("flash_attn_3::fwd", f"{text} 0.35 True -1 -1 0 0.0 False - 1 - 0"))
    assert (found.flop, found.reason) == (None, "sequence lengths are not recorded")
    assert (found.bytes, found.bytes_exactness) == (1408, "upper_bound")


@pytest.mark.parametrize(
    ("name", "arguments", "dtype"),
    [
        (
            "_C::cutlass_scaled_fp4_mm",
            "bf16[2,16] uint8[2,16] uint8[16,16] fp8[2,2] fp8[16,2] fp32[1]",
            "fp4",
        ),
        (
            "vllm::fp8_gemm_nt_op",
            "fp8[2,32] fp32[2,1] fp8[16,32] fp32[16,1] bf16[2,16] False",
            "fp8",
        ),
        ("bitsandbytes::int8_linear_matmul", "int8[2,32] int8[16,32]", "int8"),
        ("_C::awq_gemm", "fp16[2,32] int32[32,2] fp16[2,16] int32[2,2] 8", "fp16"),
        ("_C::ggml_mul_mat_a8", "uint8[16,18] fp16[2,32] 2 16", None),
        (
            "tex_ts::te_gemm_ts",
            "uint8[16,32] fp32[3] 0 6 1 uint8[2,32] fp32[3] 0 6 0 bf16[2,16] fp32[0] 5 fp32[0]"
            " bf16[0] 5 bf16[0] 0 uint8[99] 99 0 0",
            "fp8",
        ),
    ],
)
def test_the_arithmetic_has_the_type_of_the_product(
    name: str, arguments: str, dtype: str | None
) -> None:
    """Packed weights of 16-bit products are 16-bit arithmetic; 4-bit factors are FP4."""
    assert work(built(name, arguments)).dtype == dtype


@pytest.mark.parametrize(
    ("name", "flops", "size"),
    [
        ("_C_cache_ops::concat_and_cache_mla", "exact", "upper_bound"),
        ("_moe_C::moe_permute", "exact", "upper_bound"),
        ("_C::cutlass_moe_mm", "upper_bound", "exact"),
        ("vllm::gdn_attention_core", "exact", "lower_bound"),
        ("_C::selective_scan_fwd", "exact", "lower_bound"),
        ("mamba_ssm::ssm_chunk_scan_combined_fwd", "estimate", "lower_bound"),
        ("ChunkGatedDeltaRuleFunction", "estimate", "lower_bound"),
        ("_C::paged_attention_v1", "exact", "lower_bound"),
        ("_flashmla_C::sparse_decode_fwd", "upper_bound", "lower_bound"),
        ("aiter::fmoe_g1u1", "upper_bound", "exact"),
        ("sgl_kernel::sgl_per_tensor_quant_fp8", "upper_bound", "exact"),
    ],
)
def test_bounds_say_that_they_are(name: str, flops: str, size: str) -> None:
    """What depends on routing, padding or lengths is a bound, with a remark or a reason."""
    found = work(_first(name))
    assert (found.flop_exactness, found.bytes_exactness) == (flops, size)
    assert found.remark or found.reason


def test_a_partial_rotation_moves_at_most_the_whole_heads() -> None:
    """Where the result is the input, the part that is not rotated stays."""
    heads = "bf16[3,2,8] bf16[3,1,8]"
    text = f"{heads} {heads} int32[3] 4 False 1.0 10000.0"
    assert work(built("flashinfer::apply_rope_pos_ids", text)).bytes_exactness == "upper_bound"


EQUIVALENTS = (
    ("_C::cutlass_scaled_mm", "aten::mm", "fp8[2,32] fp8[32,16]"),
    ("sglang::deep_gemm_fp8_fp8_bf16_nt", "aten::linear", "fp8[2,32] fp8[16,32]"),
    ("_C::cutlass_scaled_fp4_mm", "aten::linear", "bf16[2,32] bf16[16,32]"),
    ("_C::gptq_gemm", "aten::linear", "fp16[2,32] fp16[16,32]"),
    ("_C::marlin_gemm", "aten::linear", "bf16[2,32] bf16[16,32]"),
    ("bitsandbytes::gemm_4bit", "aten::linear", "bf16[2,32] bf16[16,32]"),
    ("sgl_kernel::bmm_fp8", "aten::bmm", "fp8[3,2,32] fp8[3,32,16]"),
    ("tex_ts::te_gemm_ts", "aten::linear", "bf16[2,32] bf16[16,32]"),
    ("_C::cutlass_moe_mm", "aten::_grouped_mm", "fp8[2,32] fp8[3,32,16] int32[3]"),
    ("_C::rms_norm", "aten::rms_norm", "bf16[2,8] [8] bf16[8] -"),
    ("flashinfer::layernorm", "aten::native_layer_norm", "bf16[2,8] [8] bf16[8] bf16[8] 1e-06"),
    (
        "flash_attn::_flash_attn_forward",
        "aten::_flash_attention_forward",
        "bf16[2,3,4,8] bf16[2,5,2,8] bf16[2,5,2,8] - - 3 5 0. True False - -1 -1 - -",
    ),
    (
        "flash_attn::_flash_attn_varlen_forward",
        "aten::_flash_attention_forward",
        "bf16[6,4,8] bf16[10,2,8] bf16[10,2,8] int32[3] int32[3] 3 5 0. True False - -1 -1 - -",
    ),
    (
        "flash_attn::_flash_attn_backward",
        "aten::_flash_attention_backward",
        "bf16[2,3,4,8] bf16[2,3,4,8] bf16[2,5,2,8] bf16[2,5,2,8] bf16[2,3,4,8] fp32[2,4,3] - - 3 5"
        " 0. True - - - -1 -1",
    ),
)
"""Engine operator, PyTorch's of the same mathematics, which runs of PyTorch check, and its call."""


@pytest.mark.parametrize(("name", "like", "arguments"), EQUIVALENTS)
def test_an_engine_does_the_work_of_pytorchs_equivalent(
    name: str, like: str, arguments: str
) -> None:
    """Packing, paging and fusing move other bytes and leave the operations as they are."""
    assert work(_first(name)).flop == work(built(like, arguments)).flop


def test_fused_activations_do_the_work_of_their_parts() -> None:
    """SiLU of one half, and its product with the other."""
    silu = work(built("aten::silu", "bf16[2,8]")).flop
    product = work(built("aten::mul", "bf16[2,8] bf16[2,8]")).flop
    assert silu is not None
    assert product is not None
    assert work(_first("_C::silu_and_mul")).flop == silu + product


REFUSED = (
    ("_C::rms_norm", "bf16[2,8] bf16[2,8] bf16[9] 1e-06", "do not fit together"),
    ("_C::rms_norm", "bf16[2,8] bf16[2,8] - 1e-06", "no shapes recorded"),
    ("_C::rms_norm", "bf16[2,8] bf16[2,8] 3 1e-06", "are not those of"),
    ("sgl_kernel::bmm_fp8",
     "fp8[3,2,32] fp8[2,32,16] bf16[3,2,16] fp32[1] fp32[1] uint8[9] 0 0", "fit"),
    ("_C::cutlass_scaled_fp4_mm",
     "bf16[2,16] uint8[2,16] uint8[16,32] fp8[2,2] fp8[16,2] fp32[1]", "fit"),
    ("_C::awq_gemm", "fp16[2,32] int32[32,3] fp16[2,16] int32[2,2] 8", "fit"),
    ("_C::allspark_w8a16_gemm",
     "bf16[2,32] uint8[32,16] bf16[1,16] - 16 -1 132 90 0", "9 arguments; known are 11"),
    ("_moe_C::moe_permute", "bf16[4,2,8] bf16[4,8]", "ends after argument 2 of 11"),
    ("vllm::unified_mla_attention_with_output",
     "bf16[6,4,12] bf16[5,32] bf16[6,1,8] bf16[6,32]", "fit"),
    ("bitsandbytes::gemv_4bit", "bf16[1,32] uint8[256,1] [16,64] fp32[8] fp32[16] 64", "fit"),
    ("_C::cutlass_moe_mm", "bf16[2,16] fp8[2,32] fp8[3,32,8] fp32[2] fp32[3] int32[4] int32[3,3]"
     " int64[3] int64[3] int64[3]", "fit"),
    ("tex_ts::te_gemm_ts", "uint8[64,64] fp32[1] uint8[64,64]", "3 arguments; known are 22"),
    ("flash_attn::_flash_attn_forward",
     "bf16[2,3,4,8] bf16[2,5,2,8] bf16[2,5,2,8] 0. 0.35 True -1", "7 arguments; known are 11"),
    ("mamba_ssm::selective_scan", "bf16[2,4,5]", "the size of the state is not recorded"),
    ("mamba_ssm::ssm_chunk_scan_combined_fwd",
     "bf16[1,5,2,8] fp32[1,5,2] fp32[2] bf16[1,5,1,3] bf16[1,5,1,3] - - - - - - - False -",
     "the chunk size is not recorded"),
    ("ChunkGatedDeltaRuleFunction",
     "bf16[1,2,70,4] bf16[1,2,70,4] bf16[1,70,2,8] fp32[1,70,2] bf16[1,70,2] 0.5 - True - False",
     "fit"),
    ("SelectiveScanFn",
     "bf16[2,4,5] bf16[2,4,5] fp32[4,3] bf16[2,3,5] bf16[2,3,5] fp32[4] fp32[4]", "fit"),
    ("_C::fused_qk_norm_rope",
     "bf16[3,40] 2 1 1 8 1e-06 bf16[8] bf16[8] bf16[99,8] True int64[3]", "fit"),
    ("sgl_kernel::concat_mla_k", "bf16[3,2,24] bf16[3,2,16] - ", "no shapes recorded"),
    ("_C_cache_ops::reshape_and_cache",
     "bf16[3,2,4] bf16[3,2,4] bf16[9,16,2,4] bf16[9,16,2,4] int64[4] fp8 1.0 1.0", "fit"),
    ("trtllm::fp4_quantize", "bf16[2,32] - - False True", "fit"),
    ("_moe_C::moe_sum", "bf16[1,8] bf16[4,8]", "fit"),
    ("_moe_C::moe_wna16_gemm", "bf16[2,32] bf16[2,2,17] uint8[3,16,16] bf16[3,16,2] - - int32[8]"
     " int32[8] int32[1] 2 8 64 64 4", "fit"),
    ("aiter::fmoe", "bf16[2,32] bf16[2,32] bf16[3,10,32] bf16[3,31,10] int32[8] fp32[8] int32[4]"
     " int32[1] 2 0", "fit"),
    ("aiter::fmoe", "bf16[2,32] bf16[2,32] bf16[3,10,32] bf16[3,32,10] int32[8] fp32[8] int32[4]"
     " int32[1] - 0", "how many experts a token takes"),
    ("aiter::ck_moe_stage2", "bf16[2,2,10] bf16[3,20,32] bf16[3,32,11] int32[8] int32[4] int32[1]"
     " bf16[2,32] 2 name - - 32 -", "fit"),
    ("_flashmla_C::sparse_prefill_fwd", "bf16[2,4,40] bf16[99,1,40] int32[2,1,16] 0.1 -",
     "the width of the values"),
    ("_flashmla_C::sparse_prefill_fwd", "bf16[2,4,40] bf16[99,1,40] int32[3,1,16] 0.1 32", "fit"),
    ("trtllm::noaux_tc_op", "fp32[4,8] fp32[4,8] 2 1 - 1.0", "fit"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "words"), REFUSED)
def test_what_is_not_this_operator_has_no_figures(name: str, arguments: str, words: str) -> None:
    """Shapes are held against each other."""
    assert words in reason(built(name, arguments))


def test_a_function_whose_last_flag_has_two_meanings_has_no_flop() -> None:
    """In one version it asks for normalisation, in another it says that heads come first."""
    call = built(
        "ChunkGatedDeltaRuleFunction",
        "bf16[1,70,2,4] bf16[1,70,2,4] bf16[1,70,2,8] fp32[1,70,2] bf16[1,70,2] 0.5 - False - True",
    )
    assert work(call).reason == "whether heads or tokens come first is not recorded"


def test_a_scan_of_which_tensors_alone_are_recorded_has_lower_bounds() -> None:
    """Older versions of PyTorch record no numbers and nothing absent of a Python function."""
    call = built("SelectiveScanFn", "bf16[2,4,5] bf16[2,4,5] fp32[4,3] bf16[2,3,5] bf16[2,3,5]")
    found = work(call)
    assert (found.flop, found.flop_exactness) == (40 * 22, "lower_bound")
    assert (found.bytes, found.bytes_exactness) == (408, "lower_bound")


def test_packed_weights_without_recorded_sizes_have_a_lower_bound_of_bytes() -> None:
    """The activations, the words and the scales are moved whatever the sizes."""
    call = built(
        "_C::gptq_marlin_gemm",
        "bf16[2,32] - int32[2,32] bf16[2,16] - - - - int32[99] 1 - - - True False True False",
    )
    found = work(call)
    assert (found.flop, found.bytes, found.bytes_exactness) == (None, 448, "lower_bound")
    assert found.reason == "sizes of the packed weights are not recorded"


def test_the_routing_leaves_the_bytes_of_experts_unknown() -> None:
    """Weights are read for active experts alone, and which are active is on the device."""
    found = work(_first("_C::cutlass_moe_mm"))
    assert isinstance(found, Work)
    assert found.reason == "which experts are active is not recorded"
    assert found.remark == "upper bound: rows of experts on other devices are not computed"
