"""Times measured on an H20 by others: no floor is above one, and FLOP shares are the published.

The rows (Apache-2.0, by InferSim) lie beside the repository on some machines; they are skipped
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ncutool.devices.resolve import resolve
from ncutool.planning import planner
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.model import Experts, Matrix, Model, State
from ncutool.planning.llm.number_types import NUMBER_TYPES
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import decode_pass, work

_DECODE = ("dtype", "kv_dtype", "batch_size", "kv_len", "latency_us", "mfu")
_SAME = 0.01
"""Shares agree where they differ by a percentage point at most."""


@dataclass(frozen=True)
class Row:
    """One measured time with its floor, and the published share of the peak with the planner's."""

    what: str
    floor_us: float
    measured_us: float
    share: float | None = None
    published: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether the shares of the peak are one."""
        assert self.share is not None
        assert self.published is not None
        return abs(self.share - self.published) <= _SAME


@pytest.fixture(scope="module")
def measured(corpus: Path) -> Path:
    """The folder of measured rows."""
    folder = corpus / "measured" / "infersim"
    if not folder.is_dir():
        pytest.skip("no measured rows beside this checkout")
    return folder


def lines(path: Path, usual: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    """Rows by column; some files lack the line of headings."""
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").split() if line]
    names = list(usual) if rows[0][0] in ("bf16", "fp8") else rows.pop(0)
    for row in rows:
        yield dict(zip(names, row, strict=True))


def products(folder: Path) -> Iterator[Row]:
    """FP8 products of two matrices."""
    for line in lines(folder / "gemm" / "h20" / "data.csv"):
        m, k, n = (int(line[name]) for name in "mkn")
        us = float(line["latency_us"])
        plan = planner.gemm(m, n, k, dtype="fp8", devices=["H20"], time_ns=1e3 * us)
        place = plan.devices[0].place
        assert place.floor_ns is not None
        assert place.peak_flop_per_s is not None
        share = 1e6 * plan.flop / us / place.peak_flop_per_s
        yield Row(f"{m}x{k}x{n}", place.floor_ns / 1e3, us, share, float(line["mfu"]))


def decoding(folder: Path) -> Iterator[Row]:
    """Attention of one token of each sequence."""
    for path in sorted((folder / "mha" / "decode" / "h20").glob("*.csv")):
        heads, kv_heads, size = map(int, path.stem.split("-"))
        for line in lines(path, _DECODE):
            us = float(line["latency_us"])
            plan = planner.attention(
                batch=int(line["batch_size"]), heads=heads, kv_heads=kv_heads, seq=1,
                kv_seq=int(line["kv_len"]), head_dim=size, dtype=line["dtype"],
                kv_dtype=line["kv_dtype"], devices=["H20"],
            )  # fmt: skip
            place = plan.devices[0].place
            assert place.floor_ns is not None
            assert place.peak_flop_per_s is not None
            share = 1e6 * plan.flop / us / place.peak_flop_per_s
            what = f"{path.stem} {line['batch_size']} of {line['kv_len']}"
            yield Row(what, place.floor_ns / 1e3, us, share, float(line["mfu"]))


def latent(folder: Path) -> Iterator[Row]:
    """DeepSeek's latent attention: 128 heads on one vector of 576, whose first 512 are values."""
    for path in sorted((folder / "mla" / "decode" / "h20").glob("*.csv")):
        heads, values, rotary = map(int, path.stem.split("-"))
        for line in lines(path, _DECODE):
            us = float(line["latency_us"])
            plan = planner.attention(
                batch=int(line["batch_size"]), heads=heads, kv_heads=1, seq=1,
                kv_seq=int(line["kv_len"]), head_dim=values + rotary, v_head_dim=values,
                latent=True, dtype=line["dtype"], kv_dtype=line["kv_dtype"], devices=["H20"],
            )  # fmt: skip
            place = plan.devices[0].place
            assert place.floor_ns is not None
            assert place.peak_flop_per_s is not None
            share = 1e6 * plan.flop / us / place.peak_flop_per_s
            what = f"{path.stem} {line['batch_size']} of {line['kv_len']}"
            yield Row(what, place.floor_ns / 1e3, us, share, float(line["mfu"]))


def prompts(folder: Path) -> Iterator[Row]:
    """Causal attention of prompts; published shares count half of all pairs."""
    for path in sorted((folder / "mha" / "prefill" / "h20").glob("*.csv")):
        heads, kv_heads, size = map(int, path.stem.split("-"))
        for line in lines(path):
            us = float(line["latency_us"])
            plan = planner.attention(
                batch=1, heads=heads, kv_heads=kv_heads, seq=int(line["seq_len"]), head_dim=size,
                dtype=line["dtype"], causal=True, devices=["H20"],
            )  # fmt: skip
            place = plan.devices[0].place
            assert place.floor_ns is not None
            assert place.peak_flop_per_s is not None
            assert plan.halved_flop is not None
            share = 1e6 * plan.halved_flop / us / place.peak_flop_per_s
            yield Row(f"{path.stem} {line['seq_len']}", place.floor_ns / 1e3, us, share,
                      float(line["mfu"]))  # fmt: skip


def grouped(folder: Path, phase: str) -> Iterator[Row]:
    """FP8 products of the experts of a device, up and down, held against the planner's terms."""
    device = resolve(None, "H20").device
    assert device is not None
    fp8 = NUMBER_TYPES["fp8"]
    size = "batch_size_per_gpu" if phase == "decode" else "seq_len_per_gpu"
    for line in lines(folder / "grouped_gemm" / phase / "h20" / "data.csv"):
        hidden, inner = int(line["hidden_size"]), int(line["intermediate_size"])
        experts, chosen = int(line["num_local_experts"]), int(line["topk"])
        rows = int(line[size]) * chosen  # of this device: as many go as come
        for name, sides in (("up", (hidden, 2 * inner)), ("down", (inner, hidden))):
            one = Matrix(name, "experts", *sides, experts, 1, "none", fp8, "fp8")
            model = Model("experts", (one,), (), 0, 0, experts=Experts(experts, 1, 1))
            setup = Setup(model, device, "native", NUMBER_TYPES["bf16"], None, Deployment())
            done = work(setup, decode_pass(rows, 1))
            us = float(line[f"{name}_proj_us"])
            peak = device.peak_flop_per_s["fp8_tensor"]
            what = f"{phase} {name} {experts} experts, {rows} rows"
            yield Row(what, done.floor_ns / 1e3, us, 1e6 * done.flop / us / peak,
                      float(line[f"{name}_mfu"]))  # fmt: skip


def recurrent(folder: Path) -> Iterator[Row]:
    """A step of the gated delta rule: each state read and written in 16 bits at least."""
    device = resolve(None, "H20").device
    assert device is not None
    for path in sorted((folder / "gdn" / "decode" / "h20").glob("*.csv")):
        _, _, key_dim, heads, value_dim = map(int, path.stem.split("-"))
        values = heads * key_dim * value_dim
        model = Model("state", (), (), 0, 0, states=(State(1, values, 6 * values, heads),))
        setup = Setup(model, device, "native", NUMBER_TYPES["bf16"])
        for line in lines(path):
            done = work(setup, decode_pass(int(line["batchsize"]), 100))
            yield Row(path.stem, done.floor_ns / 1e3, float(line["gdn_update"]))


def test_no_product_is_faster_than_its_floor(measured: Path) -> None:
    """402 products; every share of the peak is the published one."""
    found = list(products(measured))
    assert len(found) == 402
    assert [row for row in found if row.floor_us > row.measured_us] == []
    assert [row for row in found if not row.agrees] == []


def test_no_attention_is_faster_than_its_floor(measured: Path) -> None:
    """416 of grouped heads, 41 latent and 25 of prompts. One published share, 0.165, is not that
    of its own time: 2 · 64 · 32 · 8,192 · 256 FLOPs in 639 µs are 0.091 of 148 TFLOP/s."""
    rows = {kind.__name__: list(kind(measured)) for kind in (decoding, latent, prompts)}
    assert {name: len(found) for name, found in rows.items()} == {
        "decoding": 416, "latent": 41, "prompts": 25,
    }  # fmt: skip
    every = [row for found in rows.values() for row in found]
    assert [row for row in every if row.floor_us > row.measured_us] == []
    assert [row.what for row in every if not row.agrees] == ["32-4-128 64 of 8192"]


_FEWER_ROWS = {
    "decode": ["decode up 1 experts, 4096 rows"],
    "prefill": ["prefill up 5 experts, 49152 rows", "prefill down 5 experts, 49152 rows"],
}


@pytest.mark.parametrize("phase", ["decode", "prefill"])
def test_no_experts_are_faster_than_their_floor(measured: Path, phase: str) -> None:
    """Up- and down-projections of the experts of one device, read as few of them as may be.

    How many rows a device was sent is recorded as a rounded mean. In three of 852 times that many
    rows would take more than the peak, and the published share of that same time says that it did
    11 to 21 % less.
    """
    found = list(grouped(measured, phase))
    assert len(found) == {"decode": 532, "prefill": 320}[phase]
    above = [row for row in found if row.floor_us > row.measured_us]
    assert [row.what for row in above] == _FEWER_ROWS[phase]
    assert all(row.published is not None and row.published < 1 < (row.share or 0) for row in above)


def test_no_state_is_updated_faster_than_its_floor(measured: Path) -> None:
    """Each sequence's state of 32 or 64 heads of 128 × 128."""
    found = list(recurrent(measured))
    assert len(found) == 16
    assert [row for row in found if row.floor_us > row.measured_us] == []
