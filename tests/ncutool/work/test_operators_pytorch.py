"""Figures that real runs of PyTorch 2.13 gave and the models once missed.

`make test-torch` finds such cases by drawing calls; these need no PyTorch.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operator_calls import call, reason, work

from ncutool.work.operators import OpCall, Tensor
from ncutool.work.operators.attention import attended_pairs
from ncutool.work.operators.tensor import promote

X = ([4, 6], "fp32")


@pytest.mark.parametrize(
    ("types", "numbers", "expected"),
    [
        ([("int64", 1), ("fp16", 0)], (), "fp16"),
        ([("int64", 1), ("fp16", 0), ("fp32", 0)], (), "fp32"),
        ([("bool", 1), ("int32", 0)], (), "int32"),
        ([("int64", 1), ("fp64", 0)], (), "fp32"),
        ([("fp16", 1), ("complex64", 0)], (), "complex32"),
        ([("bf16", 1), ("complex128", 0)], (), "complex64"),
        ([("fp64", 1), ("complex64", 1)], (), "complex128"),
        ([("complex64", 1), ("fp64", 0)], (), "complex64"),
        ([("uint8", 1), ("int8", 1)], (), "int16"),
        ([("bool", 1)], (2,), "int64"),
        ([("int32", 1)], (2,), "int32"),
        ([("int8", 1)], (2.5,), "fp32"),
        ([("fp64", 1)], ("1.+2.j",), "complex128"),
        ([("bool", 1)], (True,), "bool"),
        ([], (1, 2.5), "fp32"),
    ],
)
def test_promotion(
    types: list[tuple[str, int]], numbers: tuple[object, ...], expected: str
) -> None:
    """Tensors with and without dimensions and Python numbers, as `torch.result_type` has it."""
    tensors = tuple(Tensor((3,) * rank, dtype) for dtype, rank in types)
    assert promote(tensors, numbers) == expected


@pytest.mark.parametrize(
    ("built", "read", "written", "dtype"),
    [
        (call("aten::abs", ([5], "fp32")), 20, 20, "fp32"),
        (call("aten::clamp", ([5], "int64"), "0", "2.5"), 40, 20, "fp32"),
        (call("aten::add", ([5], "bool"), "2", "1"), 5, 40, "int64"),
        (call("aten::add", ([5], "int64"), ([5], "int64"), "0.5"), 80, 40, "int64"),
        (call("aten::addcmul", X, X, X, "0.5"), 288, 96, "fp32"),
        (call("aten::square", ([5], "bool")), 5, 40, "int64"),
        (call("aten::logit", ([5], "int8"), None), 5, 20, "fp32"),
        (call("aten::mish", X, X), 96, 96, "fp32"),
        (call("aten::hardswish_backward", X, X, X), 192, 96, "fp32"),
        (call("aten::where", ([5], "bool"), "1", "2"), 5, 40, "int64"),
        (call("aten::any", ([5], "uint8")), 5, 1, "uint8"),
        (call("aten::logsumexp", ([4, 6], "int64"), "[1]", "False"), 192, 16, "fp32"),
        (call("aten::linalg_vector_norm", X, "2", "[1]", "False", "7"), 96, 32, "fp64"),
    ],
    ids=lambda item: item.name if isinstance(item, OpCall) else str(item),
)
def test_bytes_and_result_type(built: OpCall, read: int, written: int, dtype: str) -> None:
    """Numbers promote, factors do not, and an `out=` tensor is not an input."""
    found = work(built)
    assert (found.bytes_read, found.bytes_written) == (read, written)
    assert found.outputs[0].dtype == dtype


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_cross_entropy_with_logits_reduces(kind: int) -> None:
    """Kept, averaged or summed: only the first writes a result an element."""
    found = work(call("aten::binary_cross_entropy_with_logits", X, X, None, None, str(kind)))
    assert found.outputs[0].shape == ((4, 6) if kind == 0 else ())
    assert found.bytes_written == (96 if kind == 0 else 4)


def test_stack_has_a_result() -> None:
    """Its new dimension is as long as the list."""
    parts = ([[2, 3], [2, 3], [2, 3], [2, 3]], "fp32")
    assert work(call("aten::stack", parts, "-1", list_element_bytes=4)).outputs[0].shape == (
        2,
        3,
        4,
    )


def test_statistics_of_norms_have_the_shape_pytorch_gives_them() -> None:
    """Layer norm keeps the rows' dimensions; group norm has one value a sample and group."""
    layer = work(
        call("aten::native_layer_norm", ([2, 5, 8], "bf16"), "[8]", ([8], "bf16"), None, "1e-05")
    )
    assert [item.shape for item in layer.outputs] == [(2, 5, 8), (2, 5, 1), (2, 5, 1)]
    group = work(
        call("aten::native_group_norm", ([2, 6, 4], "fp32"), None, None, "2", "6", "4", "3", "0.1")
    )
    assert [item.shape for item in group.outputs] == [(2, 6, 4), (2, 3), (2, 3)]


@pytest.mark.parametrize(
    ("mask", "weight_read", "written"),
    [
        ("[True, True, True]", 12, 288 + 24),
        ("[True, False, False]", 12, 288),
        ("[False, True, False]", 0, 12),
        ("[False, False, True]", 0, 12),
    ],
)
def test_batch_norm_gradients_follow_the_mask(mask: str, weight_read: int, written: int) -> None:
    """The weight serves the input's gradient alone; each parameter's gradient on its own."""
    x, c = ([4, 3, 6], "fp32"), ([3], "fp32")
    found = work(
        call("aten::native_batch_norm_backward", x, x, c, c, c, c, c, "True", "1e-05", mask)
    )
    assert found.bytes_read == 2 * 288 + 24 + weight_read
    assert found.bytes_written == written


def test_scaled_product_without_a_result_type_keeps_its_operands() -> None:
    """An absent `out_dtype` is known; one that has a type but no value is not."""
    operands = (([16, 32], "fp8"), ([32, 48], "fp8"), ([1], "fp32"), ([1], "fp32"), None, None)
    assert work(call("aten::_scaled_mm", *operands, None, "False")).bytes_written == 16 * 48
    assert work(call("aten::_scaled_mm", *operands, "", "False")).bytes_written is None


QKV = [([2, 5, 3, 8], "bf16"), ([2, 7, 3, 8], "bf16"), ([2, 7, 3, 8], "bf16")]
OUT, KEPT, STATE = ([2, 5, 3, 8], "bf16"), ([2, 3, 5], "fp32"), ([2], "int64")


def test_the_window_counts_in_the_backward_pass_too() -> None:
    """`_flash_attention_backward` with keys from 2 before to 1 after, the last rows aligned."""
    rest = (None, None, "5", "7", "0.", "False", STATE, STATE, None, "2", "1")
    found = work(call("aten::_flash_attention_backward", OUT, *QKV, OUT, KEPT, *rest))
    pairs = attended_pairs(5, 7, left=2, right=1)
    assert found.flop == 2 * 2 * 3 * pairs * 5 * 8


@pytest.mark.parametrize(("kind", "bottom_right"), [("1", False), ("2", True)])
def test_the_mask_type_counts_in_the_backward_pass_too(kind: str, bottom_right: bool) -> None:
    """`_efficient_attention_backward`: causal from the first pair, or from the last."""
    rest = (None, None, "5", "7", KEPT, "0.", STATE, STATE, kind, "False", None, None)
    found = work(call("aten::_efficient_attention_backward", OUT, *QKV, None, OUT, *rest))
    pairs = attended_pairs(5, 7, causal=True, bottom_right=bottom_right)
    assert found.flop == 2 * 2 * 3 * pairs * 5 * 8


def test_attention_whose_lengths_lie_in_memory_has_no_figure() -> None:
    """`seqused_k` of flash and `window_size` of efficient attention leave the pairs unknown."""
    masked = (None, None, "5", "7", "0.", "True", "False", None, None, None)
    flash = (*masked, ([2], "int32"), None)
    assert "lengths" in reason(call("aten::_flash_attention_forward", *QKV, *flash))
    window = (None, None, None, "5", "7", "0.", "1", "True", None, None, "3")
    found = work(call("aten::_efficient_attention_forward", *QKV, *window))
    assert found.flop is None
    assert found.reason
    assert "window" in found.reason


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9)), min_size=1, max_size=4))
def test_distinct_elements(dimensions: list[tuple[int, int]]) -> None:
    """Never fewer than there are nor more than are indexed; exact in two dimensions of which one
    stride is a multiple of the other."""
    shape, strides = zip(*dimensions, strict=True)
    places = {
        sum(i * s for i, s in zip(index, strides, strict=True))
        for index in product(*(range(size) for size in shape))
    }
    tensor = Tensor(tuple(shape), "fp32", tuple(strides))
    assert len(places) <= tensor.stored <= tensor.numel
    low, high = min(strides), max(strides)
    if len(dimensions) <= 2 and (low == 0 or high % low == 0):
        assert tensor.stored == len(places)


@pytest.mark.parametrize(
    ("shape", "strides", "stored"),
    [
        ((3, 3), (3, 1), 9),
        ((3, 3), (1, 1), 5),
        ((3, 3), (2, 2), 5),
        ((4, 4), (3, 3), 7),
        ((2, 5, 3), (100, 2, 1), 22),
        ((4, 3), (0, 1), 3),
        ((3, 4), (10, 2), 12),
    ],
)
def test_windows_share_elements(
    shape: tuple[int, ...], strides: tuple[int, ...], stored: int
) -> None:
    """Sliding windows, stepped views and expanded dimensions, counted by hand."""
    assert Tensor(shape, "fp32", strides).stored == stored
