"""A tuner's trials within one call: each did the whole work, or nobody knows."""

from __future__ import annotations

import polars as pl
import pytest
from trace_factory import BF16, H100, Trace, kernels, window

from ncutool import advice
from ncutool.work import shapes
from ncutool.work.trials import multiplies, products_of
from ncutool_parsers.capture import Capture

TILES = ("32x32x64", "64x64x64", "128x128x64", "256x128x64")
SIDE, US = 4096, 1000
WHOLE = 2.0 * SIDE**3
Called = tuple[str, list[tuple[int, ...]], list[str]]
MM: Called = ("aten::mm", [(SIDE, SIDE), (SIDE, SIDE)], [BF16, BF16])
NUMBERS = ["ScalarList"] * 3 + ["Scalar"] * 4
CONVOLUTION: Called = (
    "aten::cudnn_convolution",
    [(8, 64, 56, 56), (64, 64, 3, 3), *[()] * 7],
    [BF16, BF16, *NUMBERS],
)


def tuned(names: list[str], op: Called = MM, repeats: int = 5) -> Capture:
    """One call that launches each kernel ``repeats`` times, and one more call of the last."""
    trace = Trace()
    inside = trace.op(op[0], 0, 100 * US, op[1], op[2])
    later = trace.op(op[0], 110 * US, 115 * US, op[1], op[2])
    tried = [name for name in names for _ in range(repeats)]
    for index, name in enumerate([*tried, names[-1]]):
        owner = inside if index < len(tried) else later
        at = index * US if owner == inside else 111 * US
        trace.kernel(
            (200 + 600 * index) * US,
            500 * US,
            op_id=owner,
            kernel=name,
            kernel_full=name,
            called=(at, at + 10),
        )
    return trace.capture()


def tensile(tile: str) -> str:
    """A product of hipBLASLt by its tile."""
    return f"Cijk_Alik_Bljk_BBS_BH_MT{tile}_MI16x16x1"


def test_each_trial_did_the_whole_work() -> None:
    """Four kernels five times each: 20 trials, and the call that uses what was found."""
    work = shapes.work(tuned([tensile(tile) for tile in TILES]))
    assert work["flop"].to_list() == [WHOLE] * 21
    assert work["flop_exactness"].to_list() == ["exact"] * 21
    assert work["trial"].to_list() == [True] * 20 + [None]
    assert work["remark"][0].startswith("a tuner's trial: 20 launches of 4 kernels")
    assert work["remark"][20] is None


@pytest.mark.parametrize(
    "names",
    [
        [tensile(TILES[0])],
        [tensile(TILES[0]), "splitKreduce_kernel<32>"],
        [tensile(TILES[0]), tensile(TILES[1])],
        ["Im2d2Col_v2", tensile(TILES[0])],
        [tensile(TILES[0]), "at::native::vectorized_elementwise_kernel<4>", "fill", "memcpy_like"],
    ],
)
def test_parts_and_repetitions_are_no_trials(names: list[str]) -> None:
    """A batch taken sample by sample, helpers, and two kernels share the work of their call."""
    work = shapes.work(tuned(names))
    assert work["trial"].null_count() == work.height
    assert work["flop"].sum() == 2 * WHOLE


def test_trials_of_convolutions_have_no_figures() -> None:
    """An algorithm may be several kernels, so that no launch need have done all of it."""
    names = [f"sm80_xmma_fprop_implicit_gemm_bf16_tilesize{size}" for size in ("64x64", "128x64")]
    names += ["implicit_convolve_sgemm<float, 1024>", "cudnn::winograd::winogradForward4x4<x>"]
    work = shapes.work(tuned(names, CONVOLUTION, repeats=1))
    tried, used = work.head(4), work.row(4, named=True)
    assert tried["trial"].to_list() == [True] * 4
    assert tried["flop"].null_count() == 4
    assert set(tried["missing_reason"]) == {
        "a tuner's trial: which part of the call's work it did is not known"
    }
    assert used["trial"] is None


def test_nobody_advises_on_trials() -> None:
    """They are declined with a word, and no finding speaks of them; the used kernel may be one."""
    capture = tuned([tensile(tile) for tile in TILES])
    table = kernels(capture, H100)
    given = advice.advise(table, capture, window(capture), H100)
    trials = set(table.filter(pl.col("trial"))["launch_id"])
    assert len(trials) == 20
    for finding in given.findings:
        assert not trials & set(finding.launches), finding.title
        assert "TUNABLEOP" not in f"{finding.remedy}{finding.code}"
    declined = [one for one in given.declined if "a tuner tries" in one.what]
    assert [set(one.launches) for one in declined] == [trials]
    unseen = [one for one in given.could_not_look if set(one.launches) & trials]
    assert [(set(one.launches), one.collect) for one in unseen] == [
        (trials, "record again once the tuning is done, or with what the tuner found")
    ]


@pytest.mark.parametrize(
    ("op", "count"),
    [
        ("aten::mm", 1),
        ("aten::_scaled_mm", 1),
        ("aten::cudnn_convolution", 1),
        ("aten::convolution_backward", 2),
        ("aten::miopen_convolution_backward", 2),
        ("aten::_grouped_mm", 0),
        ("vllm::inplace_fused_experts", 0),
        ("aten::add", 0),
    ],
)
def test_products_of_one_call(op: str, count: int) -> None:
    """A gradient of a convolution takes two; of mixtures of experts nothing is said."""
    assert products_of(op) == count


def test_helpers_do_not_multiply() -> None:
    """What prepares or finishes a product is no alternative to it."""
    assert multiplies(tensile(TILES[0]))
    for name in ("splitKreduce_kernel", "Im2d2Col_v2", "winogradForwardData4x4<float, float>"):
        assert not multiplies(name)
