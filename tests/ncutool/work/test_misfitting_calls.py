"""Whatever arguments a registered operator is recorded with, its model answers and never raises."""

from __future__ import annotations

from math import prod
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from operator_calls import call
from operator_rows import built
from operator_rows.every import TABLES

from ncutool.work.operators import LARGEST, REGISTRY, NoModel, OpCall, Work, model, plugins
from ncutool.work.operators.tensor import Argument, Scalar, Tensor, TensorList
from ncutool.work.operators.windows import met

SIZES = st.sampled_from([0, 1, 2, 3, 7, 16, 1 << 20, 1 << 31, 1 << 40, 1 << 61])
SHAPES = st.lists(SIZES, max_size=6).map(
    lambda s: tuple(s) if prod(s) <= 1 << 62 else (2,) * len(s)
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 2, 3, -9_000_000, (1 << 63) - 1, -(1 << 63)]),
    st.sampled_from([0.5, 1e299, -1e299, "", "x", (), (0,), (1,), (-1,), (1, 1), (0, 0), (-2, 3)]),
    st.sampled_from([(1 << 62, 2), (2,) * 8, (1.5, 2.5), (True, False, True)]),
)
DTYPES = st.sampled_from(["fp32", "fp16", "bf16", "fp8", "int64", "bool", "complex64", None])


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """A tensor of any shape and strides that the reader lets through."""
    shape = draw(SHAPES)
    strides = st.lists(
        st.sampled_from([0, 1, -1, 7, 1 << 62]), min_size=len(shape), max_size=len(shape)
    ).map(tuple)
    return Tensor(shape, draw(DTYPES), draw(st.none() | strides))


ARGUMENTS: st.SearchStrategy[Argument] = st.one_of(
    tensors(),
    st.builds(Scalar, VALUES, st.sampled_from(["Scalar", ""])),
    st.builds(TensorList, st.none() | st.lists(st.builds(Tensor, SHAPES), max_size=4).map(tuple)),
)
EDITS = st.lists(
    st.tuples(st.sampled_from(["put", "insert", "delete", "end"]), st.integers(0, 11), ARGUMENTS),
    min_size=1,
    max_size=4,
)
ROWS = [built(name, arguments) for rows in TABLES.values() for name, arguments, *_ in rows]


def edited(recorded: OpCall, edits: list[tuple[str, int, Argument]]) -> OpCall:
    """Return a call with other arguments than it was recorded with."""
    inputs = list(recorded.inputs)
    for what, place, argument in edits:
        at = place % (len(inputs) + 1)
        if what == "insert":
            inputs.insert(at, argument)
        elif what == "end":
            inputs = inputs[:at]
        elif what == "delete":
            inputs[at : at + 1] = []
        else:
            inputs[at : at + 1] = [argument]
    return replace(recorded, inputs=tuple(inputs))


def check(answer: Work | NoModel, name: str) -> None:
    """Hold an answer to what every figure promises."""
    if isinstance(answer, NoModel):
        assert answer.reason, name
        return
    for figure in (answer.flop, answer.bytes_read, answer.bytes_written, answer.bytes):
        assert figure is None or (isinstance(figure, int) and 0 <= figure <= LARGEST), name
    assert all(size >= 0 for output in answer.outputs for size in output.shape), name
    assert answer.reason or None not in (answer.flop, answer.bytes), name


@settings(max_examples=40, deadline=None)
@given(EDITS)
def test_every_model_answers_whatever_it_is_called_with(
    edits: list[tuple[str, int, Argument]],
) -> None:
    """A figure is none, or a whole number that a launch can do; what is unknown says why."""
    assert {recorded.name for recorded in ROWS} >= REGISTRY.keys() - {"aten::index"}
    for recorded in ROWS:
        check(model(edited(recorded, edits)), recorded.name)


@pytest.mark.parametrize("error", [ZeroDivisionError, IndexError, TypeError, ValueError])
def test_a_model_that_fails_costs_its_figures_alone(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """The reason is one of the call, not of the program."""

    def failing(_: OpCall) -> Work:
        raise error("no such thing")

    monkeypatch.setitem(REGISTRY, "aten::mm", failing)
    answer = model(call("aten::mm", ([4, 4], "fp32"), ([4, 4], "fp32")))
    assert answer == NoModel("shapes do not fit aten::mm", "gemm")


@pytest.mark.parametrize(
    ("flop", "shape", "reason"),
    [
        (1 << 63, (2, 2), "sizes of my::op are more than one launch does"),
        (8, (2, -2), "shapes do not fit my::op"),
    ],
)
def test_figures_of_plugins_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch, flop: int, shape: tuple[int, ...], reason: str
) -> None:
    """A model of another package may be wrong in the same ways."""
    work = Work("gemm", flop, 8, 8, "fp32", (Tensor(shape, "fp32"),))
    brought = plugins.Plugin("mine", lambda _: work)
    loaded = SimpleNamespace(models={"my::op": brought}, problems=())
    monkeypatch.setattr(plugins, "load", lambda: loaded)
    assert model(call("my::op", ([2, 2], "fp32"))) == NoModel(reason, "gemm")


def test_windows_past_any_tensor_are_not_counted_one_by_one() -> None:
    """A negative window times a long result would count for hours."""
    x = Tensor((1, 1, 4), "fp32")
    assert met(x, (-2,), (1 << 62,), ((1,), (0,), (1,))) == x
    assert met(x, (1 << 62,), (0,), ((1,), (0,), (1,))) == x
