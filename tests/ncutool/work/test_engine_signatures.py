"""How a signature of the engines' table is chosen, whatever a call records."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from operator_rows import Row, built
from operator_rows.engines import CALLS

from ncutool.work.operators import NoModel, Scalar, Tensor, model
from ncutool.work.operators.engines.table import Row as Known
from ncutool.work.operators.engines.table import rows

KNOWN: dict[str, Known] = {name: row for row in rows() for name in row.names}


@given(st.sampled_from(CALLS), st.integers(1, 9))
def test_a_count_of_arguments_that_no_version_has_is_unknown(row: Row, more: int) -> None:
    """A longer signature is another version, whatever its first arguments look like."""
    name, arguments, *_ = row
    known = KNOWN.get(name)
    if known is None or known.versions[0].open:
        return
    call = built(name, arguments)
    longer = replace(call, inputs=(*call.inputs, *(Scalar(1, "Scalar"),) * more))
    counts = {len(each.arguments) for each in known.versions}
    if len(longer.inputs) in counts or len(call.inputs) not in counts:
        return
    answer = model(longer)
    assert isinstance(answer, NoModel)
    assert f"recorded with {len(longer.inputs)} arguments; known are" in answer.reason


@given(st.sampled_from(CALLS), st.data())
def test_a_tensor_for_a_number_is_another_signature(row: Row, data: st.DataObject) -> None:
    """Position alone proves nothing: the kinds of all arguments must be those of the version."""
    name, arguments, *_ = row
    call = built(name, arguments)
    places = [
        index
        for index, item in enumerate(call.inputs)
        if isinstance(item, Scalar) and item.kind == "Scalar"
    ]
    if name not in KNOWN or KNOWN[name].versions[0].open or not places:
        return
    place = data.draw(st.sampled_from(places))
    inputs = list(call.inputs)
    inputs[place] = Tensor((3, 5, 7), "bf16")
    answer = model(replace(call, inputs=tuple(inputs)))
    if isinstance(answer, NoModel):
        assert answer.reason
        return
    others = [each for each in KNOWN[name].versions if len(each.arguments) == len(inputs)]
    assert any(each.arguments[place].tensor for each in others), name


@given(st.sampled_from(CALLS), st.data())
def test_a_cut_record_never_says_more_than_the_whole(row: Row, data: st.DataObject) -> None:
    """Where a record ends early the bytes are no exact figure larger than the true one, and FLOPs
    are those of the whole call or unknown."""
    name, arguments, flop, size = row
    call = built(name, arguments)
    kept = data.draw(st.integers(1, max(len(call.inputs) - 1, 1)))
    answer = model(replace(call, inputs=call.inputs[:kept]))
    if isinstance(answer, NoModel):
        assert answer.reason
        return
    if answer.flop is not None and answer.flop_exactness == "exact" and flop is not None:
        assert answer.flop <= flop
    if answer.bytes is not None and size is not None and answer.bytes_exactness == "lower_bound":
        assert answer.bytes <= size


@given(st.sampled_from(CALLS), st.data())
@settings(max_examples=400)
def test_changed_shapes_and_values_give_figures_or_a_reason(row: Row, data: st.DataObject) -> None:
    """Whatever stands in a record, nothing is raised, and nothing is below zero."""
    call = built(*row[:2])
    inputs = list(call.inputs)
    place = data.draw(st.integers(0, len(inputs) - 1))
    shapes = st.lists(st.sampled_from((0, 1, 2, 3, 8, 16, 32)), max_size=5).map(tuple)
    kinds = st.sampled_from((None, "bf16", "fp4", "int32", "uint8"))
    values = st.sampled_from((None, 0, 1, -1, 2.5, True, "name", (1, 2)))
    inputs[place] = data.draw(
        st.builds(Tensor, shapes, kinds)
        | st.builds(Scalar, values, st.sampled_from(("", "Scalar")))
    )
    found = model(replace(call, inputs=tuple(inputs)))
    if isinstance(found, NoModel):
        assert found.reason
        return
    figures = (found.flop, found.bytes_read, found.bytes_written)
    assert all(figure is None or figure >= 0 for figure in figures)
    assert found.reason or (found.flop is not None and found.bytes is not None)
