"""Attention held against devices: worked cases, conventions, masks, and the unfused form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.planning import planner
from ncutool_parsers.errors import UsageError

DEVICES = ("H100 SXM 80GB", "A100 80GB SXM", "B200 180GB", "AMD MI300X")
GOLDEN: dict[str, tuple[dict[str, Any], int, int, int, tuple[float, ...]]] = {
    "A1": (
        {"batch": 1, "heads": 32, "seq": 4096, "head_dim": 128},
        274877906944, 274877906944, 134217728, (277.823, 881.019, 122.168, 210.248),
    ),
    "A2 causal, grouped": (
        {"batch": 1, "heads": 32, "kv_heads": 8, "seq": 4096, "head_dim": 128, "causal": True},
        137472507904, 274877906944, 83886080, (138.945, 440.617, 61.099, 105.15),
    ),
    "A3 decode": (
        {"batch": 8, "heads": 64, "kv_heads": 8, "seq": 1, "kv_seq": 4096, "head_dim": 128},
        1073741824, 1073741824, 134479872, (40.143, 65.954, 17.529, 25.374),
    ),
    "A4": (
        {"batch": 16, "heads": 16, "seq": 559, "head_dim": 64, "causal": True},
        10257694720, 20478754816, 73269248, (21.871, 35.934, 9.55, 13.824),
    ),
    "A5 backward": (
        {
            "batch": 1, "heads": 32, "seq": 4096, "head_dim": 128, "causal": True,
            "backward": True,
        },
        343681269760, 687194767360, 268959744, (347.363, 1101.543, 152.747, 262.874),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GOLDEN)
def test_worked_attentions(case: str) -> None:
    """Exact FLOPs, those without a mask, exact bytes, and floors to a nanosecond."""
    options, flop, full, moved, floors_us = GOLDEN[case]
    found = planner.attention(**options, devices=DEVICES)
    assert (found.flop, found.full_flop, found.bytes) == (flop, full, moved)
    for each, expected in zip(found.devices, floors_us, strict=True):
        assert each.place.floor_ns == pytest.approx(1e3 * expected, abs=0.51)


def test_conventions_stand_beside_each_other() -> None:
    """S (S + 1) / 2 exact pairs; PyTorch counts S², FlashAttention's benchmarks S² / 2."""
    found = planner.attention(batch=2, heads=4, seq=100, head_dim=8, causal=True)
    assert found.pairs == 5050
    assert found.flop == 4 * 2 * 4 * 8 * 5050
    assert found.full_flop == 4 * 2 * 4 * 8 * 10_000
    assert found.halved_flop == 4 * 2 * 4 * 8 * 5_000
    open_ = planner.attention(batch=2, heads=4, seq=100, head_dim=8)
    assert (open_.flop, open_.halved_flop) == (found.full_flop, None)


def test_decode_intensity_is_that_of_the_group() -> None:
    """Query heads a key-value head, in bf16, at any batch: about 1, 4 and 8."""
    for group in (1, 4, 8):
        for batch in (1, 64):
            found = planner.attention(
                batch=batch, heads=64, kv_heads=64 // group, seq=1, kv_seq=32768, head_dim=128
            )
            assert found.intensity_flop_per_byte == pytest.approx(group, rel=1e-3)


def test_narrow_keys_are_fewer_bytes() -> None:
    """An fp8 cache under bf16 queries halves what is read of it and leaves the FLOPs."""
    shape: dict[str, Any] = {"batch": 1, "heads": 8, "seq": 1, "kv_seq": 1000, "head_dim": 64}
    wide = planner.attention(**shape)
    narrow = planner.attention(**shape, kv_dtype="fp8")
    assert wide.bytes - narrow.bytes == 2 * 1000 * 8 * 64
    assert wide.flop == narrow.flop


def _pairs(queries: int, keys: int, *, align: str, window: int | None) -> tuple[int, int]:
    """Pairs and keys of a causal mask, counted one by one."""
    offset = keys - queries if align == "bottom-right" else 0
    admitted = [
        (i, j)
        for i in range(queries)
        for j in range(keys)
        if j <= i + offset and (window is None or j > i + offset - window)
    ]
    return len(admitted), len({j for _, j in admitted})


@given(st.integers(1, 30), st.integers(0, 20), st.integers(1, 40))
def test_a_window_counts_its_pairs_and_reads_its_keys(queries: int, more: int, window: int) -> None:
    """Pairs and keys are those counted one by one over the mask."""
    keys = queries + more
    found = planner.attention(
        batch=1, heads=1, seq=queries, kv_seq=keys, head_dim=8, causal=True, window=window,
        devices=["t4"], dtype="fp16",
    )  # fmt: skip
    pairs, read = _pairs(queries, keys, align="bottom-right", window=window)
    assert found.pairs == pairs
    assert found.bytes == 2 * 8 * (2 * queries + 2 * read)


@given(st.integers(1, 25), st.integers(1, 25), st.sampled_from(["bottom-right", "top-left"]))
def test_an_alignment_counts_its_pairs(queries: int, keys: int, align: str) -> None:
    """Causal masks of unequal lengths, aligned at either corner, counted one by one."""
    found = planner.attention(
        batch=1, heads=1, seq=queries, kv_seq=keys, head_dim=8, causal=True, align=align,
        devices=["t4"], dtype="fp16",
    )  # fmt: skip
    assert found.pairs == _pairs(queries, keys, align=align, window=None)[0]


def test_the_other_alignment_is_told() -> None:
    """100 queries on 150 keys: 5,050 pairs from the top left, 10,050 to the bottom right."""
    found = planner.attention(
        batch=1, heads=1, seq=100, kv_seq=150, head_dim=8, causal=True, align="top-left"
    )
    assert found.pairs == 5050
    assert any("bottom-right (FlashAttention) would be 321,600 FLOP" in n for n in found.notes)


def test_unfused_writes_and_reads_the_scores() -> None:
    """Scores and their softmax once written and once read each; no mask saves any FLOP."""
    found = planner.attention(
        batch=2, heads=8, kv_heads=2, seq=64, head_dim=32, causal=True, devices=["h100-sxm"]
    )
    apart = found.unfused
    assert apart is not None
    scores = 2 * 8 * 64 * 64
    assert apart.score_bytes == 4 * 2 * scores
    assert apart.bytes == 4 * 2 * scores + 2 * (2 * 2 * 8 * 64 * 32 + 2 * 2 * 2 * 64 * 32)
    assert apart.flop == found.full_flop
    assert apart.softmax_flop == 5 * scores
    assert apart.intensity_flop_per_byte < found.intensity_flop_per_byte
    held = found.devices[0]
    assert held.unfused_floor_ns is not None
    assert held.place.floor_ns is not None
    assert held.unfused_floor_ns > held.place.floor_ns


def test_a_measured_time_gives_its_share() -> None:
    """A real flash kernel: 113.4 µs for A4 are 90.5 TFLOP/s of exact pairs, 19.3 % of the roof."""
    found = planner.attention(
        batch=16, heads=16, seq=559, head_dim=64, causal=True, devices=["h100-sxm"],
        time_ns=113_400,
    )  # fmt: skip
    reached = found.devices[0].measured
    assert reached is not None
    assert reached.achieved_flop_per_s == pytest.approx(90.456e12, rel=1e-4)
    assert reached.roofline_pct == pytest.approx(19.287, abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kv_heads": 3}, "8 query heads do not divide among 3"),
        ({"seq": 10**9, "heads": 10**3, "kv_heads": 8}, "more than one launch does"),
        ({"kv_heads": 0}, "key-value heads must be"),
        ({"batch": -1}, "the batch must be"),
        ({"seq": 0}, "the sequence must be"),
        ({"head_dim": 0}, "the head size must be"),
        ({"dtype": "int8"}, "no data type 'int8'"),
        ({"kv_dtype": "fp7"}, "no key and value type 'fp7'"),
        ({"align": "middle", "causal": True}, "no alignment 'middle'"),
        ({"window": 4}, "a window goes with a causal mask"),
        ({"window": 0, "causal": True}, "the window must be"),
        ({"window": 4, "causal": True, "kv_seq": 5}, "too short"),
        ({"devices": ["abacus"]}, "no device named"),
        ({"time_ns": 1.0}, "one device"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], said: str) -> None:
    """What cannot be is said, naming the value."""
    shape: dict[str, Any] = {"batch": 1, "heads": 8, "seq": 16, "head_dim": 32}
    with pytest.raises(UsageError, match=said):
        planner.attention(**{**shape, **changes})


def test_latent_attention_reads_its_values_with_its_keys() -> None:
    """DeepSeek decoding: 128 heads on one vector of 576, whose first 512 columns are values."""
    sizes: dict[str, Any] = {
        "batch": 64,
        "heads": 128,
        "kv_heads": 1,
        "seq": 1,
        "kv_seq": 4096,
        "head_dim": 576,
    }
    found = planner.attention(**sizes, v_head_dim=512, latent=True, devices=["H20"])
    apart = planner.attention(**sizes, v_head_dim=512, devices=["H20"])
    assert found.flop == apart.flop == 2 * 64 * 128 * 4096 * (576 + 512)
    queries, results = 64 * 128 * 576 * 2, 64 * 128 * 512 * 2
    assert found.bytes == queries + results + 64 * 4096 * 576 * 2
    assert apart.bytes - found.bytes == 64 * 4096 * 512 * 2
    assert found.unfused is None
    wrongs: list[dict[str, Any]] = [{"v_head_dim": 600}, {"v_head_dim": 512, "backward": True}]
    for wrong in wrongs:
        with pytest.raises(UsageError, match="latent"):
            planner.attention(**sizes, latent=True, **wrong)
