"""Batching's findings on real traces against what an engineer concluded by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ncutool.advice.batch import batch
from ncutool.advice.fuse import fuse
from ncutool.advice.price import rank
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Declined, Finding
from ncutool.analysis.analyse import read_and_analyse
from ncutool.analysis.request import Request


def seen(corpus: Path, name: str, capture_run: str | None = None) -> tuple[Context, frozenset[int]]:
    """A trace as advice sees it, and the launches that fusions have."""
    folder = corpus / "torch"
    run = None if capture_run is None else folder / f"{capture_run}.json.gz"
    result = read_and_analyse(folder / f"{name}.json.gz", Request(capture_trace=run))
    assert result.timeline is not None
    view = context(result.kernels, result.capture, result.timeline, result.resolution.device)
    return view, fuse.drafts(view, frozenset()).claimed


def findings(corpus: Path, name: str, capture_run: str | None = None) -> tuple[Finding, ...]:
    """Batching's findings, as if nothing else were found."""
    view, taken = seen(corpus, name, capture_run)
    return tuple(
        one
        for draft in batch.drafts(view, taken).drafts
        for one in rank.ranked(view, [draft]).findings
    )


DECODE = ("mi300x-sglang-qwen3-8b-decode-graph", "mi300x-sglang-qwen3-8b-capture")
BY_HAND = [
    # trace, capture run, words of the title, saving by hand from .. to in µs, lowest high end
    ("h100-qwen1.5-0.5b-prefill", None, "same input", 0, 700, 302),
    ("h100-vit-inference", None, "same input", 0, 1_160, 134),
    ("h100-vit-inference", None, "about 6 times", 0, 6_350, 6_100),
    ("a100-switch-transformer", None, "each expert", 0, 277_800, 277_600),
    ("mi300x-resnet-ddp-train", None, "each device", 0, 55_288, 40_000),
    ("a100-particle-transformer-b004", None, "about 6 times", 0, 26_700, 25_000),
    (DECODE[0], None, "narrow tiles", 0, 5_782, 2_856),
    (*DECODE, "more rows", 0, 5_782, 2_856),
]


@pytest.mark.parametrize(("name", "capture_run", "words", "low", "high", "least"), BY_HAND)
def test_a_saving_lies_where_the_hand_put_it(
    name: str, capture_run: str | None, words: str, low: int, high: int, least: int, corpus: Path
) -> None:
    """The high end lies within the hand's range, the low end does not promise beyond it."""
    (one,) = [one for one in findings(corpus, name, capture_run) if words in one.title]
    assert low <= one.alone_low_ns / 1e3 <= high
    assert least <= one.alone_high_ns / 1e3 <= high


def declined(corpus: Path, name: str) -> tuple[Declined, ...]:
    """What merging is refused."""
    return batch.drafts(*seen(corpus, name)).declined


def test_merging_gate_and_up_is_declined(corpus: Path) -> None:
    """12 and 12 waves become 24: the 24 linked layers gain nothing."""
    (one,) = declined(corpus, "h100-qwen1.5-0.5b-prefill")
    assert "24 waves of blocks, apart 24" in one.why
    assert "24 places" in one.what


TRAPS = ["a100-recommender-train", "v100-dlrm-8rank-rank0", "mi300x-resnet-ddp-train"]


@pytest.mark.parametrize("name", TRAPS)
def test_training_has_no_weights_to_share(name: str, corpus: Path) -> None:
    """Products of a backward pass read activations."""
    assert not any("more rows" in one.title for one in findings(corpus, name))


def test_persistent_kernels_are_no_small_grids(corpus: Path) -> None:
    """Their 120 blocks on 132 multiprocessors are meant."""
    view, taken = seen(corpus, "h100-qwen1.5-0.5b-prefill")
    small = [one for one in batch.drafts(view, taken).drafts if one.title.startswith("Fill")]
    launches = {launch for draft in small for launch in draft.launches}
    names = dict(view.kernels.select("launch_id", "kernel_full").iter_rows())
    assert not any("sm90_xmma" in names[launch] for launch in launches)
