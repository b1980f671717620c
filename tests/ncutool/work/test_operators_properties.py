"""Properties that hold for every operator call, whatever a trace records."""

from __future__ import annotations

import json
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st
from operator_calls import TYPES, call, work

from ncutool.work.operators import REGISTRY, NoModel, Tensor, model, parse_call
from ncutool.work.operators.attention import attended_pairs
from ncutool.work.operators.tensor import broadcast

SHAPES = st.lists(st.integers(0, 6), max_size=5)
DTYPES = st.sampled_from(sorted(TYPES))
TRUTHS = ["True", "False", "[True]", "[True, True]", "[True, False, True]"]
LISTS = ["[1, 1]", "[2, 2]", "[0]", "[-1]", "[]", "[2.5]"]
VALUES = st.sampled_from(["", "0", "1", "-1", "99", "1e-05", "floor", *TRUTHS, *LISTS])
NAMES = st.sampled_from([*sorted(REGISTRY), "triton_poi_fused_add_0", "triton_red_fused_sum_1"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


@st.composite
def recorded(draw: st.DrawFn) -> tuple[str, str, str, str, str]:
    """A call with well-formed but arbitrary arguments: name, dims, types, strides, values."""
    count = draw(st.integers(0, 15))
    dims, types, strides, values = [], [], [], []
    for _ in range(count):
        kind = draw(st.sampled_from(["tensor", "tensor", "scalar", "list", "none"]))
        shape = draw(SHAPES) if kind == "tensor" else []
        nested = draw(st.lists(SHAPES, max_size=3)) if kind == "list" else shape
        dims.append(nested)
        types.append(
            {
                "tensor": TYPES[draw(DTYPES)],
                "scalar": "Scalar",
                "list": "TensorList",
                "none": "",
            }[kind]
        )
        strides.append([draw(st.integers(0, 9)) for _ in shape])
        values.append(draw(VALUES) if kind == "scalar" else "")
    texts = (json.dumps(item) for item in (dims, types, strides, values))
    return (draw(NAMES), *texts)  # type: ignore[return-value] # a generator of four texts


@given(recorded())
@settings(max_examples=600)
def test_no_call_raises_or_gives_a_negative_figure(text: tuple[str, str, str, str, str]) -> None:
    """Any arguments give figures that are at least 0, or a reason."""
    found = model(parse_call(*text))
    if isinstance(found, NoModel):
        assert found.reason
        return
    for figure in (found.flop, found.bytes_read, found.bytes_written):
        assert figure is None or figure >= 0
    if found.flop is None or found.bytes is None:
        assert found.reason


@given(NAMES, JSON, JSON, JSON, JSON)
@settings(max_examples=300)
def test_damaged_records_never_raise(
    name: str, dims: object, types: object, strides: object, values: object
) -> None:
    """Arguments of any JSON shape are read as far as they make sense."""
    found = model(parse_call(name, *(json.dumps(item) for item in (dims, types, strides, values))))
    assert isinstance(found, NoModel) or found.family


@given(st.text(max_size=20), st.text(max_size=20))
def test_text_that_is_no_json_is_not_recorded(dims: str, types: str) -> None:
    """A cut or garbled record counts as no record."""
    assert isinstance(model(parse_call("aten::mm", dims + "[", types + "[")), NoModel)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.data())
def test_stored_elements_never_exceed_the_product(shape: list[int], data: st.DataObject) -> None:
    """Distinct elements are at most the dense product, and at least one."""
    strides = tuple(data.draw(st.integers(-20, 20)) for _ in shape)
    assert 1 <= Tensor(tuple(shape), "fp32", strides).stored <= prod(shape)


@given(st.permutations([0, 1, 2]), st.lists(st.integers(1, 8), min_size=3, max_size=3))
def test_the_order_of_dimensions_in_memory_changes_nothing(
    order: list[int], shape: list[int]
) -> None:
    """A dense tensor counts the same however its dimensions lie in memory."""
    strides = [0, 0, 0]
    step = 1
    for axis in order:
        strides[axis], step = step, step * shape[axis]
    assert Tensor(tuple(shape), "bf16", tuple(strides)).stored == prod(shape)


@given(st.lists(st.integers(2, 8), min_size=2, max_size=4), st.data())
def test_an_expanded_dimension_is_read_once(shape: list[int], data: st.DataObject) -> None:
    """Expanding a dimension of an operand does not add to the bytes that are read."""
    axis = data.draw(st.integers(0, len(shape) - 1))
    small = [1 if i == axis else size for i, size in enumerate(shape)]
    dense = [prod(small[i + 1 :]) for i in range(len(small))]
    expanded = [0 if i == axis else step for i, step in enumerate(dense)]
    plain = [prod(shape[i + 1 :]) for i in range(len(shape))]
    whole = work(call("aten::mul", (shape, "fp32"), (shape, "fp32"), strides=[plain, expanded]))
    narrow = work(call("aten::mul", (shape, "fp32"), (small, "fp32"), strides=[plain, dense]))
    assert whole.bytes == narrow.bytes
    assert whole.flop == narrow.flop


@given(SHAPES, SHAPES)
def test_broadcasting_is_symmetric(one: list[int], other: list[int]) -> None:
    """The common shape does not depend on the order and takes either shape itself."""
    left, right = tuple(one), tuple(other)
    assert broadcast(left, right) == broadcast(right, left)
    assert broadcast(left, left) == left
    assert broadcast(left, ()) == left


@given(
    st.integers(0, 20),
    st.integers(0, 20),
    st.booleans(),
    st.booleans(),
    st.integers(-1, 8),
    st.integers(-1, 8),
)
def test_attended_pairs_agree_with_counting(
    queries: int, keys: int, causal: bool, bottom_right: bool, left: int, right: int
) -> None:
    """The closed form gives what counting pair by pair gives."""
    offset = keys - queries if bottom_right else 0
    ahead = 0 if causal else right
    counted = sum(
        1
        for i in range(queries)
        for j in range(keys)
        if (ahead < 0 or j <= i + offset + ahead) and (left < 0 or j >= i + offset - left)
    )
    found = attended_pairs(
        queries, keys, causal=causal, bottom_right=bottom_right, left=left, right=right
    )
    assert found == counted
