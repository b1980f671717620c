"""Launches of two runs that do the same: each made pair has one right answer."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from diff_factory import call, kernel, report, trace
from hypothesis import given
from hypothesis import strategies as st

from ncutool.diff.aligning import MOST_CELLS, increasing
from ncutool.diff.match import Match, by_kind, match
from ncutool.diff.naming import relation
from ncutool.diff.sides import Run

LAYER = [
    call("mm", "[8,64] × [64,64]", "gemm_64x64"),
    call("add", "[8,64] × [8,64]", "add_kernel", 5_000),
    call("relu", "[8,64]", "relu_kernel", 6_000),
    call("mm", "[8,64] × [64,32]", "gemm_64x64"),
]


def kinds(before: Run, after: Run) -> dict[str, int]:
    """The kinds of match that occur, with their numbers."""
    return {kind: count for kind, count in by_kind(match(before, after).matches).items() if count}


def only(before: Run, after: Run, kind: str) -> Match:
    """The one match of a kind."""
    (found,) = [one for one in match(before, after).matches if one.kind == kind]
    return found


def test_a_run_against_itself_matches_exactly() -> None:
    """Alike launches are one match, whatever their number."""
    found = match(trace(LAYER * 3), trace(LAYER * 3)).matches
    assert [(one.kind, one.before, one.after) for one in found] == [
        ("exact", (0, 4, 8), (0, 4, 8)),
        ("exact", (1, 5, 9), (1, 5, 9)),
        ("exact", (2, 6, 10), (2, 6, 10)),
        ("exact", (3, 7, 11), (3, 7, 11)),
    ]


def test_a_renamed_kernel_is_told_by_its_operator_and_shapes() -> None:
    """Another name for the same operator on the same shapes at the same place."""
    renamed = [LAYER[0], LAYER[1] | {"kernel_full": "my_add", "kernel": "my_add"}, *LAYER[2:]]
    found = only(trace(LAYER), trace(renamed), "renamed")
    assert (found.before, found.after) == ((1,), (1,))
    assert found.evidence == "same operator, shapes and position; another kernel name"


def test_a_renamed_kernel_of_a_report_is_told_by_grid_and_neighbours() -> None:
    """Reports have no operators: the place and the grid tell, and the FLOPs are named."""
    before = report([kernel("first"), kernel("second"), kernel("third")])
    after = report([kernel("first"), kernel("other"), kernel("third")])
    found = only(before, after, "renamed")
    assert found.evidence == "same grid, block and neighbours; another kernel name, as many FLOP"
    worked = report([kernel("first"), kernel("other", flop=2e9), kernel("third")])
    assert only(before, worked, "renamed").evidence.endswith("another kernel name, other FLOP")


def test_another_kernel_on_another_grid_is_new_and_the_old_one_gone() -> None:
    """Nothing tells that it does the same, so that nothing is guessed."""
    before = report([kernel("first"), kernel("second"), kernel("third")])
    after = report([kernel("first"), kernel("other", grid_x=99), kernel("third")])
    assert kinds(before, after) == {"exact": 2, "new": 1, "gone": 1}


def test_an_autotune_variant_is_another_tile() -> None:
    """A tuner took another tile of the same generator's kernel."""
    tuned = LAYER[0] | {"kernel_full": "ampere_bf16_s16816gemm_bf16_64x64_ldg8_stages_64x6_tn"}
    other = LAYER[0] | {"kernel_full": "ampere_bf16_s16816gemm_bf16_128x64_ldg8_stages_32x6_tn"}
    found = only(trace([tuned, *LAYER[1:3]]), trace([other, *LAYER[1:3]]), "variant")
    assert found.evidence == "same operator, shapes and position; another variant of the kernel"


def test_a_template_change_keeps_the_template() -> None:
    """Other template arguments that are no numbers."""
    first, second = (LAYER[1] | {"kernel_full": f"void add<{kind}>(int)"} for kind in ("A", "B"))
    assert kinds(trace([LAYER[0], first]), trace([LAYER[0], second])) == {"exact": 1, "template": 1}


def test_one_kernel_split_in_two_within_its_call() -> None:
    """The same call of the operator launches two kernels."""
    parts = [
        LAYER[3] | {"kernel_full": "gemm_splitk", "op_id": 3, "flop": 5e8},
        LAYER[3] | {"kernel_full": "splitk_reduce", "op_id": 3, "flop": 5e8},
    ]
    found = only(trace(LAYER), trace([*LAYER[:3], *parts]), "split")
    assert (found.before, found.after) == ((3,), (3, 4))
    assert found.evidence == (
        "the call of the same operator and shapes at the same position launches 2 instead of 1"
    )


def test_one_kernel_of_a_report_split_in_two() -> None:
    """Between the same two neighbours two kernels stand where one stood."""
    before = report([kernel("a"), kernel("work"), kernel("b")])
    parts = [kernel("work_one", grid_x=8), kernel("work_two", grid_x=9)]
    found = only(before, report([kernel("a"), *parts, kernel("b")]), "split")
    assert (found.before, found.after) == ((1,), (1, 2))
    assert found.evidence == "2 instead of 1 between the same two neighbours"


def test_two_kernels_merged_by_fusion() -> None:
    """A compiled kernel stands where two operators stood, in every layer: one match."""
    fused = call("fused", "[8,64] × [8,64]", "triton_poi_fused_add_relu_0", 6_000)
    compiled = [LAYER[0], fused, LAYER[3]]
    found = only(trace(LAYER * 4), trace(compiled * 4), "merged")
    assert found.before == (1, 2, 5, 6, 9, 10, 13, 14)
    assert found.after == (1, 4, 7, 10)
    assert found.evidence == "1 instead of 2 between the same two neighbours"


def test_fusion_in_some_places_leaves_the_others_exact() -> None:
    """Launches that are still there match; those that were fused are in the merge."""
    fused = call("fused", "[8,64] × [8,64]", "triton_poi_fused_add_relu_0", 6_000)
    after = [*LAYER, *LAYER, LAYER[0], fused, LAYER[3]]
    found = match(trace(LAYER * 3), trace(after)).matches
    by_name = {(one.kind, len(one.before), len(one.after)) for one in found}
    assert by_name == {("exact", 3, 3), ("exact", 2, 2), ("merged", 2, 1)}


def test_new_shapes_are_matched_by_operator_and_position() -> None:
    """The same operators on other sizes."""
    larger = [row | {"signature": str(row["signature"]).replace("8,", "16,")} for row in LAYER]
    assert kinds(trace(LAYER), trace(larger)) == {"reshaped": 4}


def test_a_repeat_less_is_exact_with_fewer_launches() -> None:
    """Nothing took the place of the last layer's launches."""
    found = match(trace(LAYER * 3), trace(LAYER * 2)).matches
    assert {(one.kind, len(one.before), len(one.after)) for one in found} == {("exact", 3, 2)}


def test_a_kernel_that_one_side_alone_has() -> None:
    """Nothing stands in its place."""
    after = trace([*LAYER, call("sum", "[8,64]", "reduce_kernel", 9_000)])
    assert only(trace(LAYER), after, "new").after == (4,)
    assert only(after, trace(LAYER), "gone").before == (4,)


def test_other_programs_do_not_match() -> None:
    """Two captures that share nothing are not merged into each other."""
    other = [call("tanh", "[3]", "tanh_kernel"), call("sin", "[3]", "sin_kernel")]
    assert kinds(trace(LAYER), trace(other)) == {"new": 2, "gone": 4}


def test_a_template_name_spelled_by_another_tool_is_the_same() -> None:
    """The spelling of Nsight Compute against that of CUPTI."""
    assert relation("void f<(int)4, (bool)1>(T1)", "void f<4, true>(float*)") == "same"


@given(st.permutations(range(8)))
def test_shuffled_launches_of_a_report_change_nothing(order: list[int]) -> None:
    """Where each kernel on its grid is launched equally often, order tells nothing."""
    rows = [kernel(f"kernel_{at % 5}", 1_000 * (at + 1), grid_x=1 + at % 3) for at in range(8)]
    found = match(report(rows), report([rows[at] for at in order])).matches
    assert {one.kind for one in found} == {"exact"}
    durations = [rows[at]["duration_ns"] for at in order]
    for one in found:
        ours = sorted(rows[launch]["duration_ns"] for launch in one.before)
        assert ours == sorted(durations[launch] for launch in one.after)


@given(st.integers(0, 10_000))
def test_every_launch_is_in_one_match(seed: int) -> None:
    """Whatever two sequences look like, none is lost and none counted twice."""
    chance = random.Random(seed)
    sides = []
    for _ in range(2):
        rows = []
        for _ in range(chance.randrange(1, 12)):
            shape = f"[{chance.randrange(1, 3)}]"
            op, name = chance.choice(("mm", "add", "relu")), f"k{chance.randrange(4)}"
            rows.append(call(op, shape, name, op_id=chance.randrange(6)))
        sides.append(trace(rows))
    found = match(*sides).matches
    for at, run in enumerate(sides):
        ids = [launch for one in found for launch in ((one.before, one.after)[at])]
        assert sorted(ids) == list(range(run.launches.height))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("kernel_v1", "kernel_v2", "variant"),
        ("void add<A>(int)", "void add<B>(int)", "template"),
        ("softmax", "layer_norm", "other"),
        ("gemm", "gemm", "same"),
    ],
)
def test_names_are_related(before: str, after: str, wanted: str) -> None:
    """Numbers make a variant, arguments a template, all else tells nothing."""
    assert relation(before, after) == wanted


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), unique=True))
def test_anchors_are_in_order_on_both_sides(pairs: list[tuple[int, int]]) -> None:
    """Of pairs that cross each other as many stay as can."""
    kept = increasing({first: (first, second) for first, second in pairs}.values())
    assert set(kept) <= set(pairs)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(kept))


def test_the_longest_chain_is_kept() -> None:
    """One pair crosses four."""
    assert increasing([(0, 9), (1, 1), (2, 2), (3, 3), (4, 4)]) == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_long_runs_are_aligned_piece_by_piece() -> None:
    """Three thousand layers, of which every other one was fused: too long for one table."""
    fused = call("fused", "[8,64]", "triton_poi_fused_add_relu_0", 6_000)
    head = [call("sin", f"[{at}]", "sin_kernel") for at in range(3)]
    before = [*head, *LAYER * 3_000]
    after = [*head, *[*LAYER, LAYER[0], fused, LAYER[3]] * 1_500]
    assert len(before) * len(after) > MOST_CELLS
    found = match(trace(before), trace(after))
    assert found.notes == ()
    merged = [one for one in found.matches if one.kind == "merged"]
    assert [(len(one.before), len(one.after)) for one in merged] == [(3_000, 1_500)]
