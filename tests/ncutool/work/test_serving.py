"""Operators of serving engines, pooled embeddings and the rarer list operators, by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ncutool.work.operators import NoModel, Work, model, parse_call

FP8, BF16 = "c10::Float8_e4m3fn", "c10::BFloat16"


def found(
    name: str,
    dims: list[Any],
    types: list[str],
    concrete: dict[int, str] | None = None,
    element_bytes: int | None = None,
) -> Work | NoModel:
    """The model's answer; ``concrete`` gives the recorded values by position."""
    values = [(concrete or {}).get(index, "") for index in range(len(dims))]
    return model(
        parse_call(
            name,
            json.dumps(dims),
            json.dumps(types),
            None,
            json.dumps(values),
            list_element_bytes=element_bytes,
        )
    )


@pytest.mark.parametrize(
    ("name", "dims", "types", "concrete", "flop", "size"),
    [
        # out[8,16] = a[8,32] · b[32,16]: 2·8·16·32; 1-byte operands, BF16 result, fp32 scales
        (
            "_C::cutlass_scaled_mm",
            [[8, 16], [8, 32], [32, 16], [8, 1], [1, 16], []],
            [BF16, FP8, FP8, "float", "float", ""],
            {},
            8192,
            2 * 128 + 256 + 512 + 4 * 24,
        ),
        (
            "sgl_kernel::fp8_scaled_mm",
            [[8, 32], [32, 16], [8, 1], [1, 16], [], []],
            [FP8, FP8, "float", "float", "Scalar", ""],
            {4: "15"},
            8192,
            256 + 512 + 4 * 24 + 2 * 128,
        ),
        (
            "fbgemm::f8f8bf16_rowwise",
            [[8, 32], [16, 32], [8], [16], [], []],
            [FP8, FP8, "float", "float", "", "Scalar"],
            {},
            8192,
            256 + 512 + 4 * 24 + 2 * 128,
        ),
        # 4-bit weights [256,64]: 8 in a word of 32 bits; scales and zeros [64/32,256,2]
        (
            "aten::_weight_int4pack_mm",
            [[8, 64], [32, 1, 32, 2], [], [2, 256, 2]],
            [BF16, "int", "Scalar", BF16],
            {2: "32"},
            2 * 8 * 256 * 64,
            2 * 8 * 64 + 4 * 2048 + 2 * 1024 + 2 * 8 * 256,
        ),
        # 2 heads of 4 queries on 4 keys, causal: 10 pairs · 2·2·(8 + 8)
        (
            "flash_attn::_flash_attn_forward",
            [[1, 4, 2, 8], [1, 4, 1, 8], [1, 4, 1, 8], *[[]] * 8],
            [BF16, BF16, BF16, *["Scalar"] * 6, "", "Scalar"],
            {5: "True", 6: "-1", 7: "-1"},
            2 * 2 * 10 * 16,
            2 * (64 + 32 + 32 + 64),
        ),
        # 6 look-ups of 4 fp32 in a table of 10 rows, 3 bags, added up
        (
            "aten::_embedding_bag",
            [[10, 4], [6], [3], [], [], [], [], [], []],
            ["float", "long int", "long int", "Scalar", "Scalar", "Scalar", "", "Scalar", "Scalar"],
            {3: "False", 4: "0", 5: "False", 7: "False", 8: "-1"},
            24,
            4 * 24 + 8 * 6 + 8 * 3 + 4 * 12,
        ),
        (
            "aten::_embedding_bag_dense_backward",
            [[3, 4], [6], [6], [3], [3], [], [], [], [], []],
            ["float", *["long int"] * 4, *["Scalar"] * 3, "", "Scalar"],
            {5: "10"},
            24,
            4 * 12 + 8 * 12 + 4 * 40,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "::" in value else "",
)
def test_figures_by_hand(
    name: str,
    dims: list[Any],
    types: list[str],
    concrete: dict[int, str],
    flop: int,
    size: int,
) -> None:
    """FLOPs and compulsory bytes of small calls, worked out beside each case."""
    work = found(name, dims, types, concrete)
    assert isinstance(work, Work), work
    assert (work.flop, work.bytes) == (flop, size)


EXPERTS: list[Any] = [[5, 8], [4, 12, 8], [4, 8, 6], [5, 2], [5, 2]]
EXPERT_TYPES = [BF16, BF16, BF16, "float", "int"]


def test_a_mixture_of_experts_has_flops_and_no_bytes() -> None:
    """5 tokens through 2 experts each: 2·5·2·8·(12 + 6); which weights are read is unknown."""
    work = found("vllm::inplace_fused_experts", EXPERTS, EXPERT_TYPES)
    assert isinstance(work, Work)
    assert (work.flop, work.bytes) == (2880, None)
    assert work.reason == "which experts are active is not recorded"


def test_experts_of_whole_numbers_have_no_type_of_arithmetic() -> None:
    """Eight-bit weights are multiplied in 8 bits or in 16, and a flag among the arguments tells."""
    types = [BF16, "signed char", "signed char", *EXPERT_TYPES[3:]]
    work = found("sglang::outplace_fused_experts", EXPERTS, types)
    assert isinstance(work, Work)
    assert (work.flop, work.dtype) == (2880, None)
    assert work.reason == "which experts are active is not recorded"


def test_experts_on_other_devices_leave_nothing_known() -> None:
    """A map of experts among the arguments: some tokens go elsewhere."""
    dims, types = [*EXPERTS, [16]], [*EXPERT_TYPES, "int"]
    answer = found("vllm::inplace_fused_experts", dims, types)
    assert isinstance(answer, NoModel)
    assert "not recorded" in answer.reason


def test_a_layer_of_experts_without_its_weights_is_bounded_by_its_tokens() -> None:
    """vLLM's wrapper takes tokens and router logits only: they and the result, no FLOPs."""
    answer = found("vllm::moe_forward", [[888, 3072], [888, 128], []], [BF16, BF16, ""])
    assert isinstance(answer, Work)
    assert (answer.family, answer.flop) == ("other", None)
    assert answer.bytes == 2 * 888 * (3072 + 128 + 3072)
    assert answer.bytes_exactness == "lower_bound"
    assert answer.reason is not None
    assert "weights" in answer.reason


def test_paged_attention_is_bounded_by_its_queries_and_result() -> None:
    """[888,8,64] in FP8 and BF16: the cache is not counted, the FLOPs are unknown."""
    dims = [[888, 8, 64], [888, 1, 64], [888, 1, 64], [888, 8, 64], [], [], []]
    types = [FP8, BF16, BF16, BF16, "", "", ""]
    work = found("vllm::unified_attention_with_output", dims, types)
    assert isinstance(work, Work)
    assert (work.flop, work.bytes) == (None, 3 * 888 * 8 * 64)
    assert work.reason == "sequence lengths are not recorded"
    assert work.bytes_exactness == "lower_bound"


def test_grouped_scaled_products_count_every_row_once() -> None:
    """[10,8] by groups of [3,8,16]: 2·10·8·16 however the rows fall; the bytes are unknown."""
    work = found("aten::_scaled_grouped_mm", [[10, 8], [3, 8, 16]], [FP8, FP8])
    assert isinstance(work, Work)
    assert (work.flop, work.bytes) == (2560, None)


@pytest.mark.parametrize(
    ("name", "dims"),
    [
        ("_C::cutlass_scaled_mm", [[8, 16], [8, 32], [31, 16]]),
        ("sgl_kernel::fp8_scaled_mm", [[8, 32], [16, 32], [8], [16]]),
        ("fbgemm::f8f8bf16_rowwise", [[8, 32], [32, 16]]),
        ("vllm::inplace_fused_experts", [[5, 8], [4, 12, 7], [4, 8, 6], [5, 2], [5, 2]]),
        ("flash_attn::_flash_attn_forward", [[1, 4, 3, 8], [1, 4, 2, 8], [1, 4, 2, 8]]),
    ],
)
def test_shapes_that_do_not_fit_are_unknown(name: str, dims: list[list[int]]) -> None:
    """Another version's order of arguments gives no figure rather than a wrong one."""
    answer = found(name, dims, [BF16] * len(dims))
    assert isinstance(answer, NoModel)
    assert "fit" in answer.reason


@pytest.mark.parametrize(
    ("name", "lists", "flop", "size"),
    [
        ("aten::_fused_adagrad_", 3, 7 * 10, 5 * 4 * 10),
        ("aten::_foreach_norm", 1, 20, 4 * 10 + 4 * 2),
        ("aten::_foreach_zero_", 1, 0, 4 * 10),
        ("aten::_foreach_pow", 1, 10, 2 * 4 * 10),
        ("aten::_amp_foreach_non_finite_check_and_unscale_", 1, 10, 2 * 4 * 10),
    ],
)
def test_operators_on_lists(name: str, lists: int, flop: int, size: int) -> None:
    """Two fp32 tensors of 4 and 6 elements in each list."""
    work = found(name, [[[4], [6]]] * lists, ["TensorList"] * lists, element_bytes=4)
    assert isinstance(work, Work)
    assert (work.flop, work.bytes) == (flop, size)
