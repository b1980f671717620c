"""Arguments are read by the signature that a call has, never at a fixed place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operator_calls import call, reason, work
from operator_rows import built

from ncutool.work.operators import (
    NoModel,
    OpCall,
    Work,
    attention,
    attention_backward,
    convolution,
    model,
    product_arguments,
)
from ncutool.work.operators.overloads import NO_SIGNATURE, read

MATRIX, SQUARE = "bf16[8,1024] bf16[1024,2048]", "bf16[2,3] bf16[3,4]"
QKV = "fp32[25,196,16,80] " * 3
BIAS = "fp32[25,16,196,196]"
ONE_TENSOR = 25 * 196 * 16 * 80 * 4


@pytest.mark.parametrize(
    ("name", "arguments", "flop", "size"),
    [
        # fp32 results of bf16 operands: 4 bytes an element
        ("aten::mm", f"{MATRIX} 6", 2 * 8 * 1024 * 2048, 16384 + 4194304 + 65536),
        ("aten::mm", "bf16[4096,128] bf16[128,8192] 6", 2 * 4096 * 128 * 8192, 137363456),
        ("aten::mm", f"{SQUARE} 6 fp32[2,4]", 48, 12 + 24 + 32),
        ("aten::mm", f"{SQUARE} bf16[2,4]", 48, 12 + 24 + 16),
        ("aten::bmm", "bf16[5,2,3] bf16[5,3,4] 6", 240, 60 + 120 + 160),
        # beta moves by one: it is 0 in the first, alpha is in the second
        ("aten::addmm", f"bf16[4] {SQUARE} 6 0 1", 48, 12 + 24 + 32),
        ("aten::addmm", f"bf16[4] {SQUARE} 6 1 0", 48, 8 + 12 + 24 + 32),
        ("aten::addmm", f"bf16[4] {SQUARE} 0 1", 48, 12 + 24 + 16),
        ("aten::addmm", f"bf16[4] {SQUARE} 6 1 1 fp32[2,4]", 48, 8 + 12 + 24 + 32),
        ("aten::_addmm_activation", f"bf16[4] {SQUARE} 1 1 True fp32[2,4]", 48, 8 + 12 + 24 + 32),
        ("aten::baddbmm", "bf16[4] bf16[5,2,3] bf16[5,3,4] 6 1 1", 240, 8 + 60 + 120 + 160),
        # the result of a product of rank 1 is no operand
        ("aten::addr", "bf16[2,3] bf16[2] bf16[3] 1 1 fp32[2,3]", 12, 12 + 4 + 6 + 24),
        ("aten::addr", "bf16[2,3] bf16[2] bf16[3] 0 1", 12, 4 + 6 + 12),
        # scales and the type of the result changed places after PyTorch 2.2
        (
            "aten::_scaled_mm",
            "fp8[2,3] fp8[3,4] fp32[2] fp32[4] - - 15 False",
            48,
            6 + 12 + 24 + 16,
        ),
        (
            "aten::_scaled_mm",
            "fp8[2,3] fp8[3,4] - 15 fp32[2] fp32[4] - False",
            48,
            6 + 12 + 24 + 16,
        ),
        # attention with a bias before and after a second length came in
        (
            "aten::_efficient_attention_forward",
            f"{QKV} {BIAS} - - - 0. 0 False - - -",
            2 * 25 * 16 * 196 * 196 * 160,
            4 * ONE_TENSOR + 61465600,
        ),
        (
            "aten::_efficient_attention_forward",
            f"{QKV} {BIAS} - - - - 0. 0 False - - -",
            2 * 25 * 16 * 196 * 196 * 160,
            4 * ONE_TENSOR + 61465600,
        ),
    ],
)
def test_overloads_and_versions_are_told_apart(
    name: str, arguments: str, flop: int, size: int
) -> None:
    """The same operator with arguments of other numbers and kinds."""
    found = work(built(name, arguments))
    assert (found.flop, found.bytes) == (flop, size)


def test_a_result_type_that_was_not_recorded_leaves_the_bytes_unknown() -> None:
    """`out_dtype` is there, its value is not."""
    found = model(built("aten::mm", f"{MATRIX} 99"))
    assert isinstance(found, Work)
    assert (found.flop, found.bytes) == (2 * 8 * 1024 * 2048, None)
    assert found.reason == "result data type of mm not recorded"


@pytest.mark.parametrize(
    ("layout", "flop", "size"),
    [
        (
            "bf16[4096,2048] bf16[2048,1024] int32[8] - -",
            17179869184,
            2 * 10485760 + 2 * 33554432 + 32,
        ),
        ("bf16[8,64,32] bf16[8,32,16] - - -", 2 * 8 * 64 * 32 * 16, 2 * (16384 + 4096 + 8192)),
        ("bf16[64,32] bf16[8,32,16] int32[8] - -", 2 * 64 * 32 * 16, None),
        ("bf16[8,64,32] bf16[32,16] int32[8] - -", 2 * 64 * 32 * 16, None),
    ],
)
def test_grouped_products_by_the_ranks_of_their_operands(
    layout: str, flop: int, size: int | None
) -> None:
    """Rows, columns or the inner dimension fall into groups; without groups it is batched."""
    found = work(built("aten::_grouped_mm", layout))
    assert (found.flop, found.bytes) == (flop, size)
    narrow = layout.replace("bf16", "fp8").split()
    scaled = built(
        "aten::_scaled_grouped_mm", " ".join([*narrow[:2], "fp32[4]", "fp32[4]", narrow[2]])
    )
    assert work(scaled).flop == flop


@pytest.mark.parametrize(
    ("name", "arguments", "flop"),
    [
        ("aten::mm", "complex64[512,512] complex64[512,512]", 8 * 512**3),
        ("aten::bmm", "complex64[2,3,4] complex64[2,4,5]", 8 * 120),
        ("aten::dot", "complex64[7] complex64[7]", 56),
        ("aten::mv", "complex64[3,7] complex64[7]", 168),
        ("aten::ger", "complex64[3] complex64[7]", 126),
        ("aten::mul", "complex64[5] complex64[5]", 30),
        ("aten::add", "complex64[5] complex64[5] 1", 10),
        ("aten::sum", "complex64[5] -", 8),
        ("aten::cumsum", "complex64[5] 0 -", 10),
        ("aten::linalg_vector_norm", "complex64[5] 2 [0] False -", 20),
    ],
)
def test_complex_numbers_take_several_operations(name: str, arguments: str, flop: int) -> None:
    """A multiply-add is 8 real operations, a multiplication 6, an addition 2."""
    assert work(built(name, arguments)).flop == flop


@pytest.mark.parametrize("name", ["exp", "div", "tanh", "addcmul", "reciprocal"])
def test_functions_of_complex_numbers_have_bytes_only(name: str) -> None:
    """How many real operations a division or a function takes is not said."""
    arguments = {"div": "complex64[5] complex64[5]", "addcmul": "complex64[5] " * 3 + "1"}
    found = work(built(f"aten::{name}", arguments.get(name, "complex64[5]")))
    assert found.flop is None
    assert found.bytes
    assert found.reason == f"real operations of {name} on complex numbers are not counted"


SIGNED = sorted(
    {
        f"aten::{base}"
        for table in (
            attention._SDPA,
            attention_backward._SIGNATURES,
            convolution._SIGNATURES,
            product_arguments.SIGNATURES,
        )
        for base in table
    }
    | {
        "aten::_flash_attention_forward",
        "aten::_efficient_attention_forward",
        "aten::upsample_bilinear2d",
        "aten::upsample_nearest3d_backward",
    }
)
ARGUMENTS = st.sampled_from(
    [([4, 4], "bf16"), ([2, 4, 4, 4], "bf16"), ([2], "int32"), "0", "1.5", "True", None]
)


@given(st.sampled_from(SIGNED), st.lists(ARGUMENTS, min_size=21, max_size=24))
def test_a_call_of_a_length_that_is_not_known_has_no_figure(
    name: str, arguments: list[tuple[list[int], str] | str | None]
) -> None:
    """No signature is that long: it is a version that nobody has read."""
    assert NO_SIGNATURE in reason(call(name, *arguments))


DENSE = "bf16[2,3,4,8] bf16[2,5,4,8] bf16[2,5,4,8]"
WHOLE = {
    "aten::_flash_attention_forward": f"{DENSE} - - 3 5 0. True False - -1 0 - -",
    "aten::_efficient_attention_forward": f"{DENSE} bf16[2,4,3,5] - - 3 5 0. 1 False - - -",
}


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_an_argument_more_or_less_gives_no_shifted_reading(name: str, data: st.DataObject) -> None:
    """Where one of the numbers goes or another comes in, there are the same figures or none."""
    full = WHOLE[name].split()
    place = data.draw(st.integers(3, len(full) - 1))
    changed = [*full[:place], *full[place + 1 :]]
    if data.draw(st.booleans()):
        changed = [*full[:place], data.draw(st.sampled_from(["-", "7", "True"])), *full[place:]]
    whole, found = model(built(name, " ".join(full))), model(built(name, " ".join(changed)))
    assert isinstance(whole, Work)
    assert isinstance(found, NoModel) or found.flop in (None, whole.flop)


def test_nothing_but_tensors_may_be_left_off() -> None:
    """Operands alone are read; a number behind them is of a version that is not known."""
    assert work(built("aten::addmm", f"bf16[4] {SQUARE}")).flop == 48
    assert NO_SIGNATURE in reason(built("aten::addmm", f"bf16[4] {SQUARE} 1"))


def test_names_that_a_signature_lacks_are_absent() -> None:
    """A signature without an argument reads like one where it is None."""
    plain = read(OpCall("f", built("f", "bf16[2] 3").inputs), "Tensor x, int n")
    assert (plain.integer("n"), plain.optional("out"), "out" in plain) == (3, None, False)
    assert plain.is_absent("out")
