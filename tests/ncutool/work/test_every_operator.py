"""Every registered operator is named in a table of small calls, and has its figures."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from operator_calls import call, reason
from operator_rows import built
from operator_rows.every import TABLES
from operator_rows.refused import REFUSED

from ncutool.work.operators import REGISTRY, NoModel, Tensor, Work, model

UNKNOWABLE = {"aten::index": "index shapes are not recorded"}
"""Registered so that the reason is theirs: a call that records no more says not what it does."""


@pytest.mark.parametrize("table", TABLES)
def test_figures_are_those_worked_out_by_hand(table: str) -> None:
    """FLOPs and bytes of each row."""
    expected = {(name, arguments): (flop, size) for name, arguments, flop, size in TABLES[table]}
    assert len(expected) == len(TABLES[table]), "a row stands twice"
    assert {row: _figures(*row) for row in expected} == expected


def _figures(name: str, arguments: str) -> tuple[int | None, int | None] | str:
    work = model(built(name, arguments))
    return work.reason if isinstance(work, NoModel) else (work.flop, work.bytes)


@pytest.mark.parametrize("name", UNKNOWABLE)
def test_unknowable_operators_say_why(name: str) -> None:
    """No figure is made up for them."""
    assert reason(call(name, ([4, 4], "bf16"), ([4, 2], "bf16"))) == UNKNOWABLE[name]


def test_every_registered_operator_is_in_a_table() -> None:
    """An operator cannot be registered without figures that somebody worked out, nor a row stay
    behind when it goes."""
    named = {name for rows in TABLES.values() for name, *_ in rows} | UNKNOWABLE.keys()
    assert named == REGISTRY.keys()


def test_a_tensor_behind_the_arguments_is_the_result_and_is_not_read() -> None:
    """`out=` comes last, in a data type of its own: 6 elements of 8 bytes are written."""
    x = Tensor((2, 3), "int64")
    for name, arguments, flop, _ in TABLES["elementwise"]:
        call = built(name, arguments)
        if call.in_place:
            continue
        plain, given = model(call), model(replace(call, inputs=(*call.inputs, x)))
        assert isinstance(plain, Work), name
        assert isinstance(given, Work), name
        assert (given.flop, given.bytes_read) == (flop, plain.bytes_read), name
        assert (given.bytes_written, given.outputs) == (48, (x,)), name


def test_calls_that_do_not_fit_have_a_reason_and_no_figure() -> None:
    """A schema of another version, or a damaged record, is unknown and not wrong."""
    found = {row[:2]: _figures(*row[:2]) for row in REFUSED}
    wrong = {
        row[:2]: found[row[:2]]
        for row in REFUSED
        if not isinstance(found[row[:2]], str) or row[2] not in str(found[row[:2]])
    }
    assert wrong == {}
    assert len(found) == len(REFUSED), "a row stands twice"
