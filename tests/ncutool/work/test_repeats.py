"""Launches that repeat one another get what each of them would get by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from modelled_factory import ADD, BARE, MM, MM_BYTES, MM_FLOP, capture
from polars.testing import assert_frame_equal

from ncutool.base.tables import WORK
from ncutool.work import repeats, shapes
from ncutool_parsers import schema
from ncutool_parsers.capture import Capture

OUTER = ("aten::linear", "[[64, 32], [16, 32]]", '["c10::BFloat16", "c10::BFloat16"]', None)
OPERATORS = [MM, ADD, BARE, OUTER, ("vllm::unified_attention", "[[8, 4, 64]]", '["float"]', None)]


def repeated(
    launches: list[dict[str, Any]], signatures: list[int], parents: list[int | None]
) -> Capture:
    """A capture whose operator i has the signature and the parent at that place."""
    count = len(signatures)
    ops = pl.DataFrame(
        {
            "op_id": list(range(count)),
            "signature_id": signatures,
            "thread": [0] * count,
            "start_ns": list(range(count)),
            "end_ns": list(range(1, count + 1)),
            "parent_id": parents,
        },
        schema_overrides={"parent_id": pl.Int64},
    )
    return replace(capture(launches, OPERATORS), ops=schema.OPS.conform(ops))


@st.composite
def captures(draw: st.DrawFn) -> Capture:
    """Few kinds of launches, so that most are repeated; some share an operator."""
    count = draw(st.integers(1, 8))
    signatures = draw(st.lists(st.integers(0, len(OPERATORS) - 1), min_size=count, max_size=count))
    parents = [draw(st.none() | st.integers(0, i - 1)) if i else None for i in range(count)]
    launch = st.fixed_dictionaries(
        {
            "op_id": st.none() | st.integers(0, count - 1),
            "kernel_full": st.sampled_from(
                ["gemm_64x64", "ncclDevKernel_AllReduce", "splitKreduce_kernel", "add"]
            ),
            "duration_ns": st.sampled_from([None, 0, 100, 300]),
            "call_id": st.sampled_from([None, 0]),
            "category": st.sampled_from(["kernel", "kernel", "kernel", "memcpy", "memset"]),
            "copy_bytes": st.sampled_from([None, 4096]),
            "copy_kind": st.sampled_from([None, "DtoD", "HtoD"]),
            "graph_replay": st.sampled_from([None, True]),
            "collective_in_elements": st.sampled_from([None, None, 100]),
            "collective_out_elements": st.sampled_from([None, None, 800]),
            "collective_dtype": st.sampled_from([None, "BFloat16"]),
            "grid_x": st.sampled_from([1, 2, 3]),
        }
    )
    return repeated(draw(st.lists(launch, min_size=1, max_size=12)), signatures, parents)


@given(captures())
def test_each_gets_what_it_gets_by_itself(made: Capture) -> None:
    """The table is the one in which no launch stands for another."""
    rows = shapes._with_operators(made)
    assert_frame_equal(shapes.work(made), WORK.conform(shapes._of_each(rows, made)))


def test_one_stands_for_its_equals_alone() -> None:
    """Not for other names, nor other parents, nor for those that share their operator."""
    launches = [{"op_id": op} for op in (0, 1, 2, 3, 3)] + [{"op_id": 4, "kernel_full": "other"}]
    made = repeated(launches, [0, 0, 0, 0, 0, 3], [None, None, 5, None, None, None])
    first = repeats.first_of_kind(shapes._with_operators(made), made)
    assert first.to_list() == [0, 0, 2, 3, 4, 5]
    work = shapes.work(made)
    assert work["flop"].to_list() == [MM_FLOP] * 3 + [MM_FLOP / 2] * 2 + [MM_FLOP]
    assert work["dram_bytes"].to_list()[:2] == [MM_BYTES] * 2


@given(captures(), st.data())
def test_what_is_asked_for_is_that_of_the_table(made: Capture, data: st.DataObject) -> None:
    """Some columns, some launches: no other way to hold work gives other work."""
    work = shapes.by_kind(made)
    columns = data.draw(st.lists(st.sampled_from(work.table.columns), min_size=1, unique=True))
    assert_frame_equal(work.rows.select(columns).collect(), work.table.select(columns))
    chosen = work.launches.filter(
        pl.Series([data.draw(st.booleans()) for _ in work.launches], dtype=pl.Boolean)
    )
    some = work.table.filter(pl.col("launch_id").is_in(chosen.implode()))
    for held in (work, repeats.WorkOfEach(work.table)):
        assert_frame_equal(held.some(chosen), some)


def test_work_is_held_once_for_each_kind() -> None:
    """A thousand calls of two operators have the work of two."""
    made = repeated([{"op_id": op} for op in range(1000)], [0, 1] * 500, [None] * 1000)
    work = shapes.by_kind(made)
    assert (work.of_kinds.height, work.table.height) == (2, 1000)


def test_no_launches_are_no_rows() -> None:
    """A capture of calls alone has an empty table."""
    made = capture([{"op_id": 0}], [MM])
    made = replace(made, launches=made.launches.clear())
    assert shapes.work(made).to_dicts() == WORK.empty().to_dicts() == []
