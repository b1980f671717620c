"""The spellings in which networks write norms, rotary embeddings, activations and attention."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest
from trace_factory import BF16, Step, Trace, run, view

from ncutool.advice.fuse import fuse
from ncutool.advice.view.finding import Draft
from ncutool_parsers.capture import Capture

X = (16, 512, 1024)
ROW = (16, 512, 1)
HEADS = (16, 16, 512, 64)
HALF = (16, 16, 512, 32)
SIZE = 2 * 16 * 512 * 1024
F = "float"


def drafts(steps: list[Step]) -> tuple[Draft, ...]:
    """What the known patterns make of one sequence."""
    return fuse.drafts(view(run(steps).capture()), frozenset()).drafts


def one(name: str, *shapes: tuple[int, ...], dtype: str = BF16, ns: int = 60_000) -> Step:
    """One call on tensors of one type."""
    return f"aten::{name}", list(shapes), [dtype] * len(shapes), ns


SPELLINGS: dict[str, tuple[str, list[Step]]] = {
    "layer norm by its variance": (
        "LayerNorm written out",
        [
            one("mean", X),
            one("var", X),
            one("sub", X, ROW),
            one("add", ROW),
            one("sqrt", ROW),
            one("div", X, ROW),
            one("mul", X, (1024,)),
            one("add", X, (1024,)),
        ],
    ),
    "layer norm by squares": (
        "LayerNorm written out",
        [
            one("mean", X),
            one("sub", X, ROW),
            one("pow", X),
            one("mean", X),
            one("add", ROW),
            one("rsqrt", ROW),
            one("mul", X, ROW),
            one("mul", X, (1024,)),
            one("add", X, (1024,)),
        ],
    ),
    "root mean square by a root": (
        "RMSNorm",
        [
            one("mul", X, X),
            one("mean", X),
            one("add", ROW),
            one("sqrt", ROW),
            one("div", X, ROW),
            one("mul", X, (1024,)),
        ],
    ),
    "rotary embedding in halves": (
        "rotary embedding",
        [
            one("mul", HALF, HALF),
            one("mul", HALF, HALF),
            one("sub", HALF, HALF),
            one("mul", HALF, HALF),
            one("mul", HALF, HALF),
            one("add", HALF, HALF),
            ("aten::cat", [HEADS], [BF16], 60_000),
        ],
    ),
    "rotary embedding, interleaved": (
        "rotary embedding",
        [
            one("mul", HEADS, HEADS),
            one("neg", HALF),
            ("aten::stack", [HEADS], [BF16], 60_000),
            one("mul", HEADS, HEADS),
            one("add", HEADS, HEADS),
        ],
    ),
    "rotary embedding in complex numbers": (
        "rotary embedding",
        [
            ("aten::copy_", [HEADS, HEADS], [F, BF16], 60_000),
            one("mul", HALF, (512, 32), dtype="c10::complex<float>"),
            ("aten::copy_", [HEADS, HEADS], [BF16, F], 60_000),
        ],
    ),
    "GELU with tanh": (
        "GELU written out",
        [
            one("mul", X),
            one("pow", X),
            one("mul", X),
            one("add", X, X),
            one("mul", X),
            one("tanh", X),
            one("add", X),
            one("mul", X, X),
        ],
    ),
    "GELU with erf": (
        "GELU written out",
        [one("div", X), one("erf", X), one("add", X), one("mul", X, X), one("mul", X)],
    ),
    "GeGLU with a product between": (
        "SwiGLU",
        [
            one("gelu", (8192, 4096)),
            one("mm", (8192, 1024), (1024, 4096)),
            one("mul", (8192, 4096), (8192, 4096)),
        ],
    ),
    "norm, sigmoid gate": (
        "normalisation and the activation after it",
        [
            one("native_layer_norm", X, (1024,), (1024,)),
            one("sigmoid", X),
            one("mul", X, X),
        ],
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(spelling: str) -> None:
    """Each is found as one place that takes over every launch but a kept product."""
    name, steps = SPELLINGS[spelling]
    found = [draft for draft in drafts(steps) if draft.title == f"Fuse {name} in one place"]
    assert len(found) == 1
    kept = [place for place, step in enumerate(steps) if step[0] == "aten::mm"]
    assert found[0].launches == tuple(n for n in range(len(steps)) if n not in kept)
    assert sum(found[0].best) <= sum(found[0].worst) < 60_000 * len(steps)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_counter_and_a_weight_cast_between_hide_no_pattern(spelling: str) -> None:
    """A sum of single elements after the first call changes nothing but the launch numbers."""
    name, steps = SPELLINGS[spelling]
    counter: Step = ("aten::add", [(), ()], ["long int", "long int"], 1_000)
    found = drafts([steps[0], counter, *steps[1:]])
    (draft,) = [draft for draft in found if draft.title == f"Fuse {name} in one place"]
    assert 1 not in draft.launches


def test_a_written_out_norm_moves_input_and_result() -> None:
    """2 × 16.8 MB at 3.35 TB/s."""
    (draft,) = drafts(SPELLINGS["layer norm by squares"][1])
    assert sum(draft.best) == round(2 * SIZE / 3.35e12 * 1e9)


def test_the_backward_pass_of_attention_is_one_place() -> None:
    """Four products around the gradient of the softmax; its two pointwise calls go with them."""
    q, k, scores = (96, 1024, 64), (96, 64, 1024), (96, 1024, 1024)
    steps = [
        one("bmm", k, scores, ns=900_000),
        one("bmm", q, k, ns=900_000),
        one("_softmax_backward_data", scores, scores, ns=800_000),
        one("mul", scores, ns=500_000),
        one("bmm", scores, q, ns=900_000),
        one("bmm", k, scores, ns=900_000),
    ]
    (draft,) = drafts(steps)
    assert draft.title.startswith("Fuse backward pass of attention")
    flop = 1.25 * 4 * 2 * 96 * 1024 * 1024 * 64
    assert sum(draft.best) == round(flop / (0.30 * 989e12) * 1e9)


def test_the_mean_of_attention_weights_goes_with_attention() -> None:
    """A mask added before, a cast of the scores between and their mean after all belong to it."""
    q, k, scores = (96, 1024, 64), (96, 64, 1024), (96, 1024, 1024)
    steps = [
        one("add", scores, (96, 1, 1024), ns=300_000),
        one("baddbmm", scores, q, k, ns=900_000),
        one("_softmax", scores, ns=800_000),
        one("bmm", scores, q, ns=900_000),
        one("mm", (4096, 768), (768, 768), ns=90_000),
        one("mean", scores, ns=400_000),
    ]
    draft = drafts(steps)[0]
    assert draft.launches == (0, 1, 2, 3, 5)


def strided(capture: Capture, target: list[int], source: list[int]) -> Capture:
    """The capture with strides on its only signature."""
    text = json.dumps([target, source])
    return replace(capture, signatures=capture.signatures.with_columns(input_strides=pl.lit(text)))


def test_a_copy_to_another_layout_may_go() -> None:
    """[16,512,16,64] from a transposed tensor: nothing at best, a copy at 60 % of the peak at
    worst; a copy that keeps the order of dimensions is none."""
    shape = (16, 512, 16, 64)
    steps: list[Step] = [("aten::copy_", [shape, shape], [BF16, BF16], 29_300)]
    capture = run(steps).capture()
    dense = [512 * 16 * 64, 16 * 64, 64, 1]
    (draft,) = fuse.drafts(
        view(strided(capture, dense, [512 * 16 * 64, 64, 512 * 64, 1])), frozenset()
    ).drafts
    assert draft.title == "Avoid copies to another layout in one place"
    assert draft.best == (0,)
    assert draft.worst == (round(2 * SIZE / (0.6 * 3.35e12) * 1e9),)
    assert fuse.drafts(view(strided(capture, dense, dense)), frozenset()).drafts == ()


def test_casts_of_activations_join_their_neighbours() -> None:
    """Of each cast about a third stays at worst; few of them are no certain pattern."""
    mm = one("mm", (4096, 1024), (1024, 1024))
    cast: Step = ("aten::copy_", [(4096, 1024), (4096, 1024)], [F, BF16], 20_000)
    draft = drafts([mm, cast] * 9)[0]
    assert draft.title == "Fuse casts of activations into their neighbours in 9 places"
    assert (draft.grade, sum(draft.best), sum(draft.worst)) == ("certain", 0, 9 * 7_000)
    assert drafts([mm, cast])[0].grade == "likely"


def test_a_cast_within_attention_may_go_without_fusing_it() -> None:
    """Both findings claim it; the ledger pays it once."""
    q, k, scores = (96, 1024, 64), (96, 64, 1024), (96, 1024, 1024)
    steps = [
        one("bmm", q, k, ns=900_000),
        one("_softmax", scores, ns=800_000),
        ("aten::copy_", [scores, scores], [BF16, F], 200_000),
        one("bmm", scores, q, ns=900_000),
    ]
    attention, casts = drafts(steps)
    assert attention.launches == (0, 1, 2, 3)
    assert casts.launches == (2,)


def test_a_padded_copy_is_one_certain_place() -> None:
    """Fill 3072 wide, copy 2880 into it."""
    steps = [one("fill_", (888, 3072)), one("copy_", (888, 2880), (888, 2880))]
    (draft,) = drafts(steps)
    assert (draft.title, draft.grade) == ("Fuse pad by fill and copy in one place", "certain")


def test_zero_durations_give_nothing() -> None:
    """Clocks of one microsecond record them; no time of theirs can be saved."""
    for _, steps in SPELLINGS.values():
        still = [(name, dims, types, 0) for name, dims, types, _ in steps]
        assert (
            fuse.drafts(
                view(run([*still, one("mm", (64, 64), (64, 64))]).capture()), frozenset()
            ).drafts
            == ()
        )


def test_a_pattern_refuted_by_shapes_hides_none_behind_it() -> None:
    """An addition that is no residual before a norm that has one."""
    steps = [one("add", (4, 1024)), *SPELLINGS["root mean square by a root"][1]]
    (draft,) = drafts(steps)
    assert draft.launches == tuple(range(1, 7))


def test_the_order_of_rows_changes_nothing() -> None:
    """Launches in any order in the tables give the same drafts."""
    trace = Trace()
    for _, steps in SPELLINGS.values():
        run(steps, trace=trace)
    capture = trace.capture()
    mixed = replace(capture, launches=capture.launches.reverse(), ops=capture.ops.reverse())
    assert (
        fuse.drafts(view(mixed), frozenset()).drafts
        == fuse.drafts(view(capture), frozenset()).drafts
    )
