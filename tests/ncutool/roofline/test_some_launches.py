"""Rows that are made for themselves are those of the whole table."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from modelled_factory import ADD, BARE, MM, capture
from polars.testing import assert_frame_equal
from trace_factory import H100

from ncutool.analysis.analyse import analyse
from ncutool.base.tables import SENTENCES
from ncutool.roofline import place
from ncutool.roofline.coverage import NEEDED
from ncutool.work import repeats, shapes

BIG = ("aten::add", "[[4096, 4096], [4096, 4096]]", '["float", "float"]', None)
LAUNCH = st.fixed_dictionaries(
    {
        "op_id": st.none() | st.integers(0, 3),
        "kernel_full": st.sampled_from(["gemm_64x64", "ncclDevKernel_AllReduce", "splitKreduce"]),
        "duration_ns": st.sampled_from([None, 0, 1, 2, 100, 60_000]),
        "category": st.sampled_from(["kernel", "kernel", "memcpy"]),
        "copy_bytes": st.sampled_from([None, 1 << 30]),
        "copy_kind": st.sampled_from(["DtoD", "HtoD"]),
        "device": st.sampled_from([None, 0, 1]),
        "grid_x": st.sampled_from([None, 1, 500]),
        "grid_y": st.just(1),
        "grid_z": st.just(1),
    }
)
DEVICES = st.sampled_from([(H100, None), (None, None), (None, {0: H100, 1: None})])


@settings(max_examples=25)
@given(st.lists(LAUNCH, min_size=1, max_size=12), st.data(), DEVICES, st.sampled_from([1, 1000]))
def test_rows_and_counts_are_those_of_the_table(
    launches: list[dict[str, Any]], data: st.DataObject, devices: Any, clock_step_ns: int
) -> None:
    """In any order, with flags that rest on all launches and parts that rest on an operator's."""
    made = capture(launches, [MM, ADD, BARE, BIG])
    object.__setattr__(made, "clock_step_ns", clock_step_ns)
    held: repeats.Held = shapes.by_kind(made)
    if data.draw(st.booleans()):
        held = repeats.WorkOfEach(held.table)
    device, others = devices
    whole = place.place(made, held.table, device, others)
    outline = place.outline(made, held, device, others)
    assert outline["flagged"].sum() == whole["flag"].count()
    assert_frame_equal(place.columns_of(made, held, device, others, NEEDED), whole.select(NEEDED))
    figures, told = place.figures(made, held, device, others)
    assert_frame_equal(told, outline, check_dtypes=False)
    assert figures["flagged"].to_list() == whole["flag"].is_not_null().to_list()
    texts = pl.col(pl.Categorical).cast(pl.String)
    assert_frame_equal(figures.drop("flagged").with_columns(texts), whole.drop(SENTENCES))
    numbers = data.draw(st.lists(st.integers(0, len(launches) - 1), unique=True))
    wanted = pl.Series("launch_id", numbers, dtype=pl.Int64)
    some = place.place_some(made, held, device, others, wanted, outline)
    assert_frame_equal(some, whole[numbers] if numbers else whole.clear())


def test_an_analysis_gives_rows_without_the_table() -> None:
    """And coverage, and the notice of flags, that are those of the table."""
    launches = [{"op_id": 3, "duration_ns": 1}, {"op_id": 0, "duration_ns": 9_000}]
    made = capture(launches, [MM, ADD, BARE, BIG])
    brief, whole = analyse(made), analyse(made)
    rows = brief.rows(pl.Series([1, 0]))
    assert "kernels" not in brief.__dict__
    assert_frame_equal(rows, whole.kernels[[1, 0]])
    assert brief.coverage == whole.coverage
    assert "kernels" not in brief.__dict__
    told = [notice.text for notice in brief.table_notices if notice.code == "above_peak"]
    assert told == ["1 launch lies above 100 % of a peak; each says its likely cause."]
    assert [notice.text for notice in whole.notices if notice.code == "above_peak"] == told
    assert whole.table_notices == brief.table_notices
    assert "_outline" not in whole.__dict__
