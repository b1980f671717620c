"""FLOPs and bytes of single operator calls, against figures worked out by hand."""

from __future__ import annotations

import pytest
from operator_calls import call, reason, work

from ncutool.work.operators import REGISTRY, OpCall, Tensor, Work
from ncutool.work.operators.attention import attended_pairs


def mm(m: int, n: int, k: int, dtype: str) -> OpCall:
    """A plain matrix product."""
    return call("aten::mm", ([m, k], dtype), ([k, n], dtype))


def flash(q: list[int], kv: list[int], causal: bool) -> OpCall:
    """`_scaled_dot_product_flash_attention` in [B,H,S,D], BF16."""
    tensors = ((q, "bf16"), (kv, "bf16"), (kv, "bf16"))
    return call("aten::_scaled_dot_product_flash_attention", *tensors, "0.", str(causal), "False")


def conv(x: list[int], weight: list[int], stride: int, padding: int, groups: int) -> OpCall:
    """`convolution` in two dimensions, BF16, without a bias."""
    return call(
        "aten::convolution",
        (x, "bf16"),
        (weight, "bf16"),
        None,
        f"[{stride}, {stride}]",
        f"[{padding}, {padding}]",
        "[1, 1]",
        "False",
        "[0, 0]",
        str(groups),
    )


BIG = [8192, 4096]
GOLDEN = {
    "G1 square": (mm(4096, 4096, 4096, "bf16"), 137438953472, 100663296),
    "G2 large square": (mm(8192, 8192, 8192, "bf16"), 1099511627776, 402653184),
    "G3 one row": (mm(1, 4096, 4096, "bf16"), 33554432, 33570816),
    "G4 16 rows": (mm(16, 4096, 4096, "bf16"), 536870912, 33816576),
    "G5 256 rows": (mm(256, 4096, 4096, "bf16"), 8589934592, 37748736),
    "G6 addmm": (
        call(
            "aten::addmm",
            ([1024], "bf16"),
            ([8944, 1024], "bf16"),
            ([1024, 1024], "bf16"),
            "1",
            "1",
        ),
        18756927488,
        38733824,
    ),
    "G7 up-projection": (mm(4096, 14336, 4096, "bf16"), 481036337152, 268435456),
    "G8 fp8": (
        call(
            "aten::_scaled_mm",
            ([8192, 8192], "fp8"),
            ([8192, 8192], "fp8"),
            ([], "fp32"),
            ([], "fp32"),
            None,
            None,
            "15",
            "False",
        ),
        1099511627776,
        268435456,
    ),
    "G9 bmm": (
        call("aten::bmm", ([512, 64, 128], "bf16"), ([512, 128, 64], "bf16")),
        536870912,
        20971520,
    ),
    "G10 int8": (
        call("aten::_int_mm", ([768, 768], "int8"), ([768, 768], "int8")),
        905969664,
        3538944,
    ),
    "G11 int8": (
        call("aten::_int_mm", ([384, 384], "int8"), ([384, 384], "int8")),
        113246208,
        884736,
    ),
    "G12 fp32": (mm(4096, 4096, 4096, "fp32"), 137438953472, 201326592),
    "A1 full": (flash([1, 32, 4096, 128], [1, 32, 4096, 128], False), 274877906944, 134217728),
    "A2 causal, grouped": (
        flash([1, 32, 4096, 128], [1, 8, 4096, 128], True),
        137472507904,
        83886080,
    ),
    "A3 decode": (flash([8, 64, 1, 128], [8, 8, 4096, 128], False), 1073741824, 134479872),
    "A4 in [B,S,H,D]": (
        call(
            "aten::_flash_attention_forward",
            *(([16, 559, 16, 64], "bf16"),) * 3,
            None,
            None,
            "559",
            "559",
            "0.",
            "True",
            "False",
        ),
        10257694720,
        73269248,
    ),
    "A5 backward": (
        call(
            "aten::_scaled_dot_product_flash_attention_backward",
            *(([1, 32, 4096, 128], "bf16"),) * 5,
            ([1, 32, 4096], "fp32"),
            None,
            None,
            "4096",
            "4096",
            "0.",
            "True",
            ([2], "int64"),
            None,
            None,
        ),
        343681269760,
        268959744,
    ),
    "E1 add": (call("aten::add", (BIG, "bf16"), (BIG, "bf16"), "1"), 33554432, 201326592),
    "E2 add a vector": (
        call("aten::add", (BIG, "bf16"), ([4096], "bf16"), "1"),
        33554432,
        134225920,
    ),
    "E3 times a number": (
        call("aten::mul", ([1, 559, 64], "fp32"), ([], "fp64")),
        35776,
        286208,
    ),
    "E4 cast": (call("aten::copy_", (BIG, "fp32"), (BIG, "bf16"), "False"), 0, 201326592),
    "E5 softmax": (
        call("aten::_softmax", ([32, 32, 1024, 1024], "bf16"), "-1", "False"),
        5368709120,
        4294967296,
    ),
    "E6 layer norm": (
        call(
            "aten::native_layer_norm",
            (BIG, "bf16"),
            "[4096]",
            ([4096], "bf16"),
            ([4096], "bf16"),
            "1e-05",
        ),
        268435456,
        134299648,
    ),
    "E7 RMS norm": (
        call("aten::rms_norm", (BIG, "bf16"), "[4096]", ([4096], "bf16"), None),
        167772160,
        134225920,
    ),
    "E8 sum": (
        call("aten::sum", ([4096, 65536], "fp32"), "[-1]", "False", None),
        268431360,
        1073758208,
    ),
    "E9 embedding": (
        call("aten::embedding", ([128256, 4096], "bf16"), ([8192], "int64"), "-1", "False"),
        0,
        134283264,
    ),
    "E10 fused AdamW": (
        call(
            "aten::_fused_adamw_",
            *(([[10**9]], ""),) * 4,
            None,
            ([[]], ""),
            list_element_bytes=4,
        ),
        14000000000,
        28000000000,
    ),
    "E11 SwiGLU": (
        call("_C::silu_and_mul", ([4096, 14336], "bf16"), ([4096, 28672], "bf16")),
        293601280,
        352321536,
    ),
    "C1 3x3": (conv([32, 64, 56, 56], [64, 64, 3, 3], 1, 1, 1), 7398752256, 25763840),
    "C2 depthwise": (conv([32, 512, 28, 28], [512, 1, 3, 3], 1, 1, 512), 231211008, 51389440),
    "C3 7x7 stride 2": (
        conv([256, 3, 224, 224], [64, 3, 7, 7], 2, 3, 1),
        60423143424,
        488130944,
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_cases(case: str) -> None:
    """FLOPs and bytes are the integers worked out by hand."""
    built, flop, moved = GOLDEN[case]
    found = work(built)
    assert found.flop == flop
    assert found.bytes == moved
    assert found.reason is None


def test_every_model_belongs_to_a_known_family() -> None:
    """The registry names only families that the published table lists."""
    from ncutool.base.tables import FAMILIES
    from ncutool.work.operators import FAMILY_OF

    assert set(FAMILY_OF) == set(REGISTRY)
    assert set(FAMILY_OF.values()) <= set(FAMILIES)


@pytest.mark.parametrize(
    ("queries", "keys", "options", "expected"),
    [
        (1, 1, {"causal": True}, 1),
        (1, 4096, {"causal": True}, 4096),
        (4, 4, {"causal": True}, 10),
        (3, 5, {"causal": True}, 3 + 4 + 5),
        (3, 5, {"causal": True, "bottom_right": False}, 1 + 2 + 3),
        (5, 3, {"causal": True}, 1 + 2 + 3),
        (5, 3, {"causal": True, "bottom_right": False}, 1 + 2 + 3 + 3 + 3),
        (4, 4, {"causal": True, "left": 1}, 1 + 2 + 2 + 2),
        (4, 4, {"left": 1, "right": 1}, 2 + 3 + 3 + 2),
        (4, 4, {}, 16),
    ],
)
def test_attended_pairs(
    queries: int, keys: int, options: dict[str, bool | int], expected: int
) -> None:
    """Masks are counted exactly, also with unequal lengths and windows, never as a half."""
    assert attended_pairs(queries, keys, **options) == expected  # type: ignore[arg-type] # mixed kinds


@pytest.mark.parametrize(
    ("built", "flop", "moved"),
    [
        pytest.param(
            call("aten::add_", (BIG, "bf16"), (BIG, "fp32"), "1"),
            33554432,
            33554432 * (2 + 4 + 2),
            id="in place keeps its own data type",
        ),
        pytest.param(
            call("aten::clamp_min", ([64], "fp32"), "0", ([64], "fp32")),
            64,
            512,
            id="a tensor after the arguments is the result",
        ),
        pytest.param(
            call("aten::nan_to_num", ([64], "fp32"), None, None, None, ([64], "fp32")),
            0,
            512,
            id="out= after absent arguments",
        ),
        pytest.param(
            call("aten::fill_", ([64], "fp32"), "0."), 0, 256, id="fill writes and does not read"
        ),
        pytest.param(
            call("aten::amax", ([100000, 2], "fp32"), "[1]", "False"),
            100000,
            1200000,
            id="a reduction over one dimension",
        ),
        pytest.param(
            call("aten::max", ([1000000], "fp32"), ([1000000], "fp32")),
            1000000,
            12000000,
            id="max of two tensors is elementwise",
        ),
        pytest.param(
            call(
                "aten::baddbmm",
                ([4, 8, 16], "bf16"),
                ([4, 8, 32], "bf16"),
                ([4, 32, 16], "bf16"),
                "1",
                "1",
            ),
            2 * 4 * 8 * 16 * 32,
            2 * (4 * 8 * 16 + 4 * 8 * 32 + 4 * 32 * 16 + 4 * 8 * 16),
            id="baddbmm reads its addend",
        ),
        pytest.param(
            call(
                "aten::baddbmm",
                ([4, 8, 16], "bf16"),
                ([4, 8, 32], "bf16"),
                ([4, 32, 16], "bf16"),
                "0",
                "1",
            ),
            2 * 4 * 8 * 16 * 32,
            2 * (4 * 8 * 32 + 4 * 32 * 16 + 4 * 8 * 16),
            id="with beta 0 the addend is not read",
        ),
        pytest.param(
            call("aten::mean", ([16, 64], "fp32"), "[-1]", "True", None),
            16 * 64,
            4 * (16 * 64 + 16),
            id="mean divides once a result",
        ),
        pytest.param(
            call("aten::lt", ([256], "fp32"), "0.5"), 256, 256 * 5, id="comparisons give bytes"
        ),
        pytest.param(
            call("aten::add", ([256], "int64"), ([256], "int64"), "1"),
            0,
            256 * 24,
            id="integer arithmetic is no FLOP",
        ),
        pytest.param(
            call("aten::cat", ([[16, 32], [16, 32]], ""), "-1", list_element_bytes=2),
            0,
            2 * 2 * 1024,
            id="cat with the element size of its kernel",
        ),
        pytest.param(
            call("aten::gather", ([32, 64], "bf16"), "0", ([65536, 64], "int64"), "False"),
            0,
            32 * 64 * 2 + 65536 * 64 * (8 + 2),
            id="gather reads no more than its table",
        ),
        pytest.param(
            call("_C::fused_add_rms_norm", (BIG, "bf16"), (BIG, "bf16"), ([4096], "bf16"), "1"),
            6 * 33554432,
            4 * 2 * 33554432 + 8192,
            id="add and RMS norm read two and write two",
        ),
    ],
)
def test_byte_models(built: OpCall, flop: int, moved: int) -> None:
    """Cases that other tools count wrongly have the figures of the definition."""
    found = work(built)
    assert (found.flop, found.bytes) == (flop, moved)


def test_isnan_reads_its_tensor_once() -> None:
    """`ne(x, x)` under `aten::isnan` reads one tensor; two tensors of one shape are two."""
    x = ([1024], "fp32")
    alone = work(call("aten::ne", x, x))
    within = work(call("aten::ne", x, x, parent=call("aten::isnan", x)))
    assert alone.bytes == 1024 * 9
    assert within.bytes == 1024 * 5
    assert "one tensor" in (within.remark or "")


def test_expanded_batch_is_read_once() -> None:
    """A weight expanded over the batch with stride 0 counts once in a bmm."""
    built = call(
        "aten::bmm",
        ([8, 4, 16], "bf16"),
        ([8, 16, 32], "bf16"),
        strides=[[64, 16, 1], [0, 32, 1]],
    )
    assert work(built).bytes == 2 * (8 * 4 * 16 + 16 * 32 + 8 * 4 * 32)


def convolution_backward(mask: str) -> Work:
    """The gradients of C1 that ``mask`` asks for."""
    return work(
        call(
            "aten::convolution_backward",
            ([32, 64, 56, 56], "bf16"),
            ([32, 64, 56, 56], "bf16"),
            ([64, 64, 3, 3], "bf16"),
            "[64]",
            "[1, 1]",
            "[1, 1]",
            "[1, 1]",
            "False",
            "[0, 0]",
            "1",
            mask,
        )
    )


def test_convolution_backward_follows_its_mask() -> None:
    """Each gradient costs one forward pass, and only those asked for are counted."""
    forward = 7398752256
    image, weight = 2 * 32 * 64 * 56 * 56, 2 * 64 * 64 * 9
    assert convolution_backward("[True, True, False]").flop == 2 * forward
    assert convolution_backward("[True, False, False]").flop == forward
    assert convolution_backward("[False, True, False]").flop == forward
    assert convolution_backward("[True, True, False]").bytes == 3 * image + 2 * weight
    assert convolution_backward("[False, True, False]").bytes == 2 * image + weight


def test_grouped_gradient_of_the_weight() -> None:
    """The weight's gradient of a grouped convolution costs what its forward pass does."""
    built = call(
        "aten::convolution_backward",
        ([32, 512, 28, 28], "bf16"),
        ([32, 512, 28, 28], "bf16"),
        ([512, 1, 3, 3], "bf16"),
        "[0]",
        "[1, 1]",
        "[1, 1]",
        "[1, 1]",
        "False",
        "[0, 0]",
        "512",
        "[False, True, False]",
    )
    assert work(built).flop == 231211008


def test_transposed_convolution_counts_its_input_positions() -> None:
    """A transposed convolution applies its filter once an input position."""
    built = call(
        "aten::convolution",
        ([2, 16, 8, 8], "fp32"),
        ([16, 4, 2, 2], "fp32"),
        None,
        "[2, 2]",
        "[0, 0]",
        "[1, 1]",
        "True",
        "[0, 0]",
        "1",
    )
    found = work(built)
    assert found.outputs == (Tensor((2, 4, 16, 16), "fp32"),)
    assert found.flop == 2 * 16 * 4 * 4 * 2 * 64


def test_convolution_in_one_and_three_dimensions() -> None:
    """The rank comes from the shapes."""
    one = call(
        "aten::conv1d", ([2, 4, 10], "fp32"), ([8, 4, 3], "fp32"), None, "[1]", "[1]", "[1]", "1"
    )
    three = call(
        "aten::conv3d",
        ([2, 4, 6, 6, 6], "fp32"),
        ([8, 4, 3, 3, 3], "fp32"),
        None,
        "[1]",
        "[1]",
        "[1]",
        "1",
    )
    assert work(one).flop == 2 * 2 * 10 * 8 * 4 * 3
    assert work(three).flop == 2 * 2 * 216 * 8 * 4 * 27


def test_old_convolutions_need_their_surroundings() -> None:
    """Without stride and padding the result is unknown until a backward call proves it."""
    arguments = (([32, 64, 56, 56], "fp32"), ([64, 64, 3, 3], "fp32"))
    assert "padding" in reason(call("aten::cudnn_convolution", *arguments))
    proved = call("aten::cudnn_convolution", *arguments, output_shape=(32, 64, 56, 56))
    assert work(proved).flop == 7398752256
    wrong = call("aten::cudnn_convolution", *arguments, output_shape=(32, 99, 56, 56))
    assert "padding" in reason(wrong)


def test_gradient_of_the_weight_takes_the_filter_from_its_caller() -> None:
    """`cudnn_convolution_backward_weight` does not record its filter; the operator above does."""
    image, filters = ([32, 64, 56, 56], "fp32"), ([64, 64, 3, 3], "fp32")
    caller = call("aten::cudnn_convolution_backward", image, image, filters)
    arguments = (None, image, image)
    alone = call("aten::cudnn_convolution_backward_weight", *arguments)
    below = call("aten::cudnn_convolution_backward_weight", *arguments, parent=caller)
    assert "filter" in reason(alone)
    assert work(below).flop == 7398752256


def test_unrecorded_causal_flag_leaves_flops_unknown() -> None:
    """Half or full is not guessed: bytes are known, FLOPs are not."""
    tensors = (([1, 8, 64, 64], "bf16"),) * 3
    found = work(call("aten::_scaled_dot_product_flash_attention", *tensors))
    assert found.flop is None
    assert found.bytes == 4 * 2 * 8 * 64 * 64
    assert found.reason == "causal flag not recorded"


def packed(tokens: int) -> Work:
    """Four packed sequences of at most 128 tokens, causal."""
    tensors = (([tokens, 8, 64], "bf16"),) * 3
    ends = ([5], "int32")
    return work(
        call(
            "aten::_flash_attention_forward",
            *tensors,
            ends,
            ends,
            "128",
            "128",
            "0.",
            "True",
            "False",
        )
    )


def test_packed_sequences_count_only_where_all_are_longest() -> None:
    """tokens = sequences × longest proves every length; otherwise FLOPs stay unknown."""
    assert packed(512).flop == 2 * 8 * 4 * (128 * 129 // 2) * 128
    assert packed(500).flop is None
    assert packed(500).bytes == 4 * 2 * 500 * 8 * 64


def test_without_data_types_flops_are_known_and_bytes_are_not() -> None:
    """The 2020 traces record shapes without data types."""
    from ncutool.work.operators import model, parse_call

    found = model(parse_call("aten::mm", "[[8, 16], [16, 32]]", "[]"))
    assert isinstance(found, Work)
    assert found.flop == 2 * 8 * 16 * 32
    assert found.bytes is None
    assert found.reason == "no data types recorded"


@pytest.mark.parametrize(
    ("built", "why"),
    [
        (call("aten::frobnicate", ([4], "fp32")), "no model for aten::frobnicate"),
        (call("aten::mm", ([4, 5], "fp32"), ([6, 7], "fp32")), "do not fit"),
        (call("aten::add", ([4], "fp32"), ([5], "fp32")), "do not fit"),
        (call("aten::mm"), "no shapes recorded"),
        (call("aten::index", ([4, 4], "fp32"), None), "index shapes"),
        (call("vllm::moe_forward", ([4, 4], "bf16")), "no shapes recorded"),
        (call("aten::cat", None, "0"), "no shapes recorded"),
    ],
)
def test_what_cannot_be_known_has_a_reason(built: OpCall, why: str) -> None:
    """An unknown operator or shapes that do not fit give a reason, not a figure."""
    assert why in reason(built)


def test_list_without_element_size_has_no_bytes() -> None:
    """A tensor list records no data type; without its kernel's word the bytes are unknown."""
    found = work(call("aten::cat", ([[16, 32], [16, 32]], ""), "0"))
    assert found.flop == 0
    assert found.bytes is None


def triton(name: str, *arguments: tuple[list[int], str] | str) -> Work:
    """The work of a compiled kernel."""
    return work(call(name, *arguments, backend="triton"))


def test_compiled_pointwise_kernel() -> None:
    """Pointers once each, and one operation an element for each operator in the name."""
    found = triton("triton_poi_fused_add_cos_sin_0", *(([10, 10], "fp32"),) * 3, "100")
    assert found.flop == 300
    assert found.bytes == 1200
    assert (found.flop_exactness, found.bytes_exactness) == ("lower_bound", "lower_bound")


def test_compiled_kernel_reads_only_what_it_visits() -> None:
    """A slice of a larger tensor counts as much as the kernel visits."""
    found = triton("triton_poi_fused_clone_slice_1", ([100, 64], "bf16"), ([10, 64], "bf16"), "640")
    assert found.bytes == 2 * 640 * 2


def test_compiled_in_place_kernel_writes_back() -> None:
    """Where the last pointer cannot be the result, the first one is, and counts twice."""
    found = triton("triton_poi_fused_addmm_gelu_3", ([8, 64], "bf16"), ([64], "bf16"), "512")
    assert found.bytes == 2 * (2 * 512 + 64)


def test_compiled_matrix_template_is_not_guessed() -> None:
    """A Triton matrix template has no model."""
    built = call("triton_tem_fused_mm_0", ([8, 8], "bf16"), backend="triton")
    assert "no model" in reason(built)
