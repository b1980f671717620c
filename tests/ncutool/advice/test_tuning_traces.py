"""Precision and tuning on real traces, against what an engineer concluded from them by hand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from ncutool.advice.kernels import precision, tune
from ncutool.advice.price import rank
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Finding
from ncutool.analysis import devices
from ncutool.devices import resolve
from ncutool.roofline import place
from ncutool.timeline import window as timeline
from ncutool.work import shapes
from ncutool_parsers import read


@lru_cache(maxsize=2)
def view(path: Path) -> Context:
    """What advice sees of a real trace."""
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the corpus")
    capture = read(path)
    device = resolve.resolve(devices.recorded_device(capture)).device
    window = timeline.build(capture)
    assert window is not None
    table = place.place(capture, shapes.work(capture), device)
    return context(table, capture, window, device)


def found(corpus: Path, name: str) -> dict[str, Finding]:
    """Findings of precision and tuning alone, by title."""
    seen = view(corpus / "torch" / f"{name}.json.gz")
    advice = rank.ranked(
        seen, [*precision.drafts(seen, frozenset()).drafts, *tune.drafts(seen, frozenset()).drafts]
    )
    return {one.title: one for one in advice.findings}


def overlaps(finding: Finding, low_us: float, high_us: float) -> bool:
    """Whether the two intervals meet, alone."""
    return finding.alone_low_ns <= 1e3 * high_us and finding.alone_high_ns >= 1e3 * low_us


def test_fp32_products_on_tf32_are_the_top_of_the_switch_transformer(corpus: Path) -> None:
    """By hand: 474 to 525 ms of 764, likely; no bandwidth claim from a tensor read twice."""
    every = found(corpus, "a100-switch-transformer")
    first = next(iter(every.values()))
    assert first.title == "Run FP32 matrix products on the tensor cores (TF32)"
    assert first.grade == "likely"
    assert overlaps(first, 474_000, 524_700)
    assert first.saving_low_ns > 0.6 * 764_201_000


def test_fallbacks_beside_tf32_are_not_a_matter_of_precision(corpus: Path) -> None:
    """The recommender allows TF32; odd sizes fall back: at most 5.3 ms by hand for these alone."""
    every = found(corpus, "a100-recommender-train")
    assert not [title for title in every if "tensor cores" in title]
    assert every["Pad matrix products of odd sizes"].grade == "possible"
    assert overlaps(every["Speed up the backward pass of embeddings"], 0, 29_485)


@pytest.mark.parametrize(("batch", "casts"), [("b004", 110), ("b128", 107)])
def test_weight_casts_of_autocast(corpus: Path, batch: str, casts: int) -> None:
    """By hand: about 107 launches of just under 1 ms, certain; 5.95 ms with their host time."""
    finding = found(corpus, f"a100-particle-transformer-{batch}")[
        "Convert the weights to fp16 once, not at every call"
    ]
    assert (finding.grade, len(finding.launches)) == ("certain", casts)
    assert 977_000 <= finding.duration_ns <= 1_020_000
    assert 977_000 <= finding.alone_high_ns <= 6_200_000


def test_attention_for_hopper(corpus: Path) -> None:
    """By hand: 0 to 2,985 µs at 400 TFLOP/s, the ten unlinked launches included."""
    finding = found(corpus, "h100-qwen1.5-0.5b-prefill")["Use attention written for this GPU"]
    assert len(finding.launches) == 34
    assert finding.alone_high_ns == pytest.approx(2_985_000, rel=0.02)


def test_products_at_their_roof_are_left_alone(corpus: Path) -> None:
    """60 to 69 % of the BF16 peak is what this device reaches; grids of 120 blocks persist."""
    assert "Tune slow matrix products" not in found(corpus, "h100-qwen1.5-0.5b-prefill")
    (refused,) = tune.drafts(
        view(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz"), frozenset()
    ).declined
    assert len(refused.launches) == 168


def test_convolutions_of_volta_go_to_fp16_when_the_host_allows(corpus: Path) -> None:
    """By hand: 34 ms by replay today, up to a quarter of the window after the host's part."""
    finding = found(corpus, "v100-resnet50-2021")[
        "Run FP32 convolutions on the tensor cores (FP16 autocast)"
    ]
    assert overlaps(finding, 34_193, 250_000)
    assert finding.saving_low_pct < 5


def test_small_products_of_vision_transformers_are_not_called_slow(corpus: Path) -> None:
    """11 % of the peak in 8 µs is the launch and the grid; the patch convolution is slow."""
    every = found(corpus, "h100-vit-inference")
    assert list(every) == ["Compute the patch embedding as a matrix product"]


def test_eight_bit_weights_in_decoding(corpus: Path) -> None:
    """By hand: 0 to 2.9 ms of a step of 10.45 ms, possible."""
    every = found(corpus, "mi300x-sglang-qwen3-8b-decode-graph")
    finding = every["Keep the weights of products with few rows in 8 bits"]
    assert (finding.grade, finding.saving_low_ns) == ("possible", 0)
    assert 2_400_000 <= finding.saving_high_ns <= 2_900_000
