"""Calls at another batch or length, told from recorded shapes."""

from __future__ import annotations

from pathlib import Path

import pytest
from analysis_factory import H100
from hypothesis import assume, given
from hypothesis import strategies as st
from operator_calls import call

import sweeps
from ncutool.whatif import predict
from ncutool.whatif.predict import rates, sizes
from ncutool.whatif.predict.scaling import batch_grows, rescale
from ncutool.whatif.predict.sizes import Sizes
from ncutool.work.operators import REGISTRY, OpCall, Tensor, TensorList

BATCH, LENGTH = 4, 50


def model(batch: int = BATCH, length: int = LENGTH) -> list[OpCall]:
    """A layer with unfused attention of 3 heads of 8, hidden 24, and 96 in between."""
    hidden = ([batch, length, 24], "bf16")
    scores = ([batch * 3, length, length], "bf16")
    flat = ([batch * length, 24], "bf16")
    return [
        call("aten::native_layer_norm", hidden, "[24]", ([24], "bf16"), ([24], "bf16"), "1e-5"),
        call("aten::copy_", ([24, 96], "bf16"), ([24, 96], "fp32")),
        call("aten::addmm", ([96], "bf16"), flat, ([24, 96], "bf16")),
        call("aten::gelu", ([batch, length, 96], "bf16")),
        call("aten::bmm", ([batch * 3, length, 8], "bf16"), ([batch * 3, 8, length], "bf16")),
        call("aten::_softmax", scores, "-1", "False"),
        call("aten::cat", ([[batch, 1, 24], [batch, length, 24]], "")),
        call("aten::add", ([batch, length + 1, 24], "bf16"), ([1, length + 1, 24], "bf16")),
        call("aten::mul", ([batch, 24], "bf16"), ([24], "bf16")),
        *(call("aten::add", hidden, hidden, "1") for _ in range(4)),
    ]


def shapes(calls: list[OpCall | None]) -> list[list[tuple[int, ...]]]:
    assert None not in calls
    return [[tensor.shape for tensor in one.tensors] for one in calls if one is not None]


def rescaled(calls: list[OpCall], old: Sizes, batch: float, length: float) -> list[OpCall | None]:
    return [one.call for one in rescale(calls, old, batch, length)]


def test_batch_and_length_are_found() -> None:
    """The number that leads the activations, and the side of the square scores."""
    assert sizes.find(model()) == Sizes(BATCH, LENGTH)
    assert sizes.find(model(2, 7)) == Sizes(2, 7)


def test_the_batch_is_not_the_length_where_both_lead_alike() -> None:
    """[4,197,768] everywhere: attention's own operator says which of the two is the length."""
    heads = ([4, 12, 197, 64], "bf16")
    attention = call("aten::_scaled_dot_product_flash_attention", heads, heads, heads, "0.0")
    images = [call("aten::gelu", ([4, 197, 768], "bf16")) for _ in range(9)]
    assert sizes.find([*images, attention]) == Sizes(4, 197)
    assert sizes.find(images) == "4 and 197 lead the activations alike often: name the batch"


def test_sizes_that_shapes_do_not_tell_are_refused() -> None:
    """Matrices alone, and a batch of 1, say what to do."""
    assert "name the batch" in str(sizes.find([call("aten::relu", ([8, 16], "fp32"))]))
    ones = [call("aten::gelu", ([1, length, 64], "bf16")) for length in (5, 6, 7, 8)]
    assert "a batch of 1?" in str(sizes.find(ones))


@pytest.mark.parametrize(("batch", "length"), [(8, 50), (4, 100), (2, 75), (12, 10), (4, 50)])
def test_every_shape_becomes_that_of_the_other_size(batch: int, length: int) -> None:
    """The layer rescaled is the layer as it would have been recorded at that size."""
    found = rescaled(model(), Sizes(BATCH, LENGTH), batch / BATCH, length / LENGTH)
    assert shapes(found) == shapes(list(model(batch, length)))


@given(st.integers(2, 9), st.integers(31, 47), st.integers(1, 5))
def test_there_and_back_changes_nothing(batch: int, length: int, factor: int) -> None:
    """Larger and then smaller by the same factor gives every call as it was."""
    # These are sizes of weights or the length: shapes of the larger batch do not tell them apart.
    assume(batch * factor not in (24, 96, length, length + 1))
    calls = model(batch, length)
    more = rescale(calls, Sizes(batch, length), factor)
    back = rescale([one.call for one in more], Sizes(batch * factor, length), 1 / factor)
    assert [one.call for one in back] == calls


def test_weights_stay_and_their_casts_do_too() -> None:
    """A [24,96] weight is the same at every batch, also where it is copied before its product."""
    found = rescaled(model(), Sizes(BATCH, LENGTH), 6, 1)
    assert found[1] == model()[1]
    product = found[2]
    assert product is not None
    assert product.tensors[2].shape == (24, 96)
    assert product.tensors[1].shape == (6 * BATCH * LENGTH, 24)


def test_what_may_be_a_weight_or_an_activation_is_left_open() -> None:
    """[16,24] is a weight here, and would be the activation of a batch of 16 there."""
    calls = [
        call("aten::gelu", ([16, 50, 24], "bf16")),
        call("aten::mm", ([800, 24], "bf16"), ([24, 16], "bf16")),
        call("aten::mul", ([16, 24], "bf16"), ([16, 24], "bf16")),
    ]
    found = rescale(calls, Sizes(16), 2)
    assert found[2].call is None
    assert found[2].reason == "a shape that may be a weight or an activation"
    assert [one.reason for one in found[:2]] == [None, None]
    assert rescale([None], Sizes(16), 2)[0].reason == "no shapes"


@pytest.mark.parametrize(
    ("old", "batch", "length", "message"),
    [
        (Sizes(4, 50), 0.3, 1, "not a whole number"),
        (Sizes(4, 50), 0, 1, "not a whole number"),
        (Sizes(4, 50), -1, 1, "not a whole number"),
        (Sizes(4, 50), 1, 0.013, "not a whole number"),
        (Sizes(4), 1, 2, "length cannot be told"),
        (Sizes(4, 24), 1, 2, "also a dimension of weights"),
    ],
)
def test_impossible_sizes_are_refused(
    old: Sizes, batch: float, length: float, message: str
) -> None:
    """Fractions of a sample, an unknown length, and one that weights have too."""
    with pytest.raises(ValueError, match=message):
        rescale(list(model()), old, batch, length)


def test_expanded_and_permuted_tensors_stay_so() -> None:
    """An expanded mask costs no more; a permuted tensor keeps its order in memory."""
    mask = Tensor((4, 3, 50, 50), "bf16", (2500, 0, 50, 1))
    turned = Tensor((50, 4, 24), "bf16", (24, 1200, 1))
    one = OpCall("aten::add", (mask, turned))
    (found,) = rescale([one], Sizes(4, 50), 2)
    assert found.call is not None
    assert found.call.tensors[0] == Tensor((8, 3, 50, 50), "bf16", (2500, 0, 50, 1))
    assert found.call.tensors[1] == Tensor((50, 8, 24), "bf16", (24, 1200, 1))


def test_a_number_that_work_does_not_grow_with_is_not_the_batch() -> None:
    """8 leads most activations but no product: the doubled batch is refused, with the figure."""
    calls = [call("aten::gelu", ([8, rows, 24], "bf16")) for rows in range(50, 59)]
    calls.append(call("aten::mm", ([77, 24], "bf16"), ([24, 96], "bf16")))
    runs = tuple(
        predict.Run(one.name, one, "elementwise", "elementwise", None, 1, 5_000) for one in calls
    )
    with pytest.raises(ValueError, match=r"matrix work would grow 1\.00 times"):
        predict.at_scale(predict.Base(H100, runs), batch_scale=4)


def test_compiled_kernels_are_left_open() -> None:
    """A Triton kernel's sizes are compiled in; its name does not say which of them is the batch."""
    one = OpCall("triton_poi_fused_add_0", (Tensor((4, 50, 24), "bf16"),), backend="triton")
    (found,) = rescale([one], Sizes(4), 2)
    assert found.call is None
    assert "compiled" in str(found.reason)


def test_a_capture_at_scale_says_what_it_could_not_tell() -> None:
    """Twice the batch takes longer, never over twice; a kernel without shapes is named."""
    runs = []
    for one in model(64, 500):
        demand = rates.demand(one)
        assert demand is not None
        time = 4_000 + round(demand.time_ns(H100, None) / 0.6)
        runs.append(predict.Run(one.name, one, "elementwise", "elementwise", "fp32", 1, time))
    runs.append(predict.Run("custom", None, "other", "other", None, 1, 5_000))
    base = predict.Base(H100, tuple(runs), {"elementwise": (4_000.0, 4_000.0)})
    found = predict.at_scale(base, batch_scale=2)
    assert found.old == Sizes(64, 500)
    assert found.untold == {"no shapes": 5_000}
    now = sum(run.duration_ns for run in runs)
    assert now < found.kernel_time.middle_ns < 2 * now
    with pytest.raises(ValueError, match="name the batch"):
        predict.at_scale(predict.Base(H100, ()), batch_scale=2)


def test_the_sweep_is_reached_from_its_smaller_captures(corpus: Path) -> None:
    """Batch 4 at four times the batch and 66/58 of the length has the work of batch 16 as it was
    recorded, in every call that could be told, which is nearly all."""
    names = ("b004", "b016")
    paths = [corpus / f"torch/a100-particle-transformer-{name}.json.gz" for name in names]
    small, large = sweeps.sizes(paths)
    calls = [run.call for run in small.base.runs]
    found = rescale(calls, Sizes(4, 58), 4, 66 / 58)
    places = predict.align([run.op for run in small.base.runs], [run.op for run in large.base.runs])
    told = 0
    for place, run in zip(places, large.base.runs, strict=True):
        one = None if place is None else found[place].call
        if one is None or run.call is None:
            continue
        told += 1
        assert rates.demand(one) == rates.demand(run.call), (one, run.call)
    assert told >= 0.98 * len(large.base.runs)


_shapes = st.lists(st.sampled_from((0, 1, 2, 4, 8, 50, 200)), max_size=5).map(tuple)
_tensors = st.builds(
    Tensor, _shapes, st.sampled_from(("bf16", "fp32")), st.none() | _shapes, st.none()
)
_odd_calls = st.builds(
    OpCall,
    st.sampled_from(sorted(REGISTRY)).map("aten::{}".format),
    st.lists(_tensors | st.builds(TensorList, st.lists(_tensors).map(tuple)), max_size=4).map(
        tuple
    ),
    output_shape=st.none() | _shapes,
)


@given(st.lists(_odd_calls, min_size=1, max_size=4), st.sampled_from((1, 2, 4)))
def test_whatever_rank_shapes_have_each_call_gets_an_answer(
    calls: list[OpCall], batch: int
) -> None:
    old = Sizes(batch, LENGTH)
    assert len(rescale(calls, old, batch_scale=2)) == len(calls)
    assert len(rescale(calls, Sizes(batch, None), batch_scale=2)) == len(calls)
    sizes.find(calls)
    batch_grows(calls, old)


@pytest.mark.parametrize(
    "name", ["aten::mm", "aten::bmm", "aten::addmm", "aten::linear", "aten::add"]
)
def test_a_tensor_without_dimensions_stays_as_it_is(name: str) -> None:
    scalar = Tensor((), "bf16")
    (answer,) = rescale(
        [OpCall(name, (scalar, scalar, scalar), output_shape=())], Sizes(4, None), 2
    )
    assert answer.call is not None
    assert [tensor.shape for tensor in answer.call.tensors] == [(), (), ()]
    assert answer.call.output_shape == ()
