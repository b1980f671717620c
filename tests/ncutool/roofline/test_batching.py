"""Time against batch: golden figures, and what must hold at every shape."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.devices.resolve import resolve
from ncutool.roofline.batching import Decode, Product, Rates, free_growth, rates, weight_crossover

H100 = Rates(989.4e12, 3.35e12)
SQUARE = Product(inner=4096, columns=4096, weight_itemsize=2, activation_itemsize=2)


@pytest.mark.parametrize(
    ("rows", "us"),
    [
        (1, 10.021),
        (8, 10.055),
        (64, 10.329),
        (256, 11.268),
        (345, 11.704),
        (512, 17.364),
        (1024, 34.728),
    ],
)
def test_the_table_of_a_square_product_on_h100(rows: int, us: float) -> None:
    """bf16, K = N = 4096: memory up to the crossover at 345 rows, arithmetic from there on."""
    assert round(1e6 * SQUARE.seconds(rows, H100), 3) == us


@pytest.mark.parametrize(
    ("inner", "columns", "rows"),
    [(4096, 4096, 345.1), (8192, 28672, 309.7), (4096, 14336, 325.5), (1024, 1024, 698.0)],
)
def test_crossovers_on_h100(inner: int, columns: int, rows: float) -> None:
    """The smaller the weights, the more activations count and the later arithmetic limits."""
    product = Product(inner, columns, 2, 2)
    assert round(product.crossover(H100), 1) == rows


def test_small_products_never_cross() -> None:
    """Where activations alone keep the memory busy, no batch makes arithmetic the limit."""
    assert Product(256, 256, 2, 2).crossover(H100) == math.inf


@pytest.mark.parametrize(("itemsize", "share"), [(2, 1), (1, 0.5), (0.5, 0.25)])
def test_narrow_weights_cross_earlier(itemsize: float, share: float) -> None:
    """Were activations free: the ridge for two bytes, half and a quarter of it for one and 0.5."""
    assert weight_crossover(itemsize, H100) == pytest.approx(share * H100.ridge)


PARAMETERS = 8_030_261_248
LLAMA = Decode(PARAMETERS, 2 * PARAMETERS, context=8192, cache_bytes=131_072)


@pytest.mark.parametrize(("batch", "tokens"), [(1, 195.5), (16, 1612.5), (64, 2528.9)])
def test_throughput_of_an_8b_model(batch: int, tokens: float) -> None:
    """bf16 on H100 with 8,192 tokens of context."""
    assert round(LLAMA.tokens_per_s(batch, H100), 1) == tokens


def test_limits_of_an_8b_model() -> None:
    """The cache's reads limit the throughput; weights equal caches at half of it; 64 sequences
    need more than an 80-GB card has."""
    assert round(LLAMA.limit_tokens_per_s(H100), 1) == 3119.9
    half = LLAMA.half_batch()
    assert LLAMA.tokens_per_s(half, H100) == pytest.approx(LLAMA.limit_tokens_per_s(H100) / 2)
    assert LLAMA.needed_bytes(64) == pytest.approx(84.8e9, rel=1e-3)
    assert LLAMA.largest_batch(80e9) == 52
    assert LLAMA.needed_bytes(52) <= 0.9 * 80e9 < LLAMA.needed_bytes(53)


def test_weights_that_do_not_fit_leave_no_batch() -> None:
    """A 24-GB card cannot hold weights of 140 GB, whatever the cache."""
    assert Decode(70e9, 140e9, 100, 1000).largest_batch(24e9) == 0
    assert Decode(1e9, 2e9, 0, 1000).largest_batch(24e9) == math.inf
    assert Decode(1e9, 2e9, 0, 1000).half_batch() == math.inf


def test_rates_are_shares_of_a_devices_peaks() -> None:
    """A roof that the device lacks gives None rather than a division by zero."""
    device = resolve(None, "MI300X").device
    assert device is not None
    found = rates(device, "bf16_tensor", flop_share=0.5, bytes_share=0.85, launch_s=5e-6)
    assert found is not None
    assert found.flop_per_s == pytest.approx(0.5 * device.peak_flop_per_s["bf16_tensor"])
    assert found.bytes_per_s == pytest.approx(0.85 * device.peak_bytes_per_s)
    assert rates(device, "no such roof") is None


def test_a_device_that_waits_has_room() -> None:
    """16.2 % busy: six times the work fits; a full device has none to give."""
    assert free_growth(7_560, 1_225) == pytest.approx(6.17, abs=0.01)
    assert free_growth(100, 120) == 1.0
    assert free_growth(100, 0) == math.inf


SIZES = st.integers(1, 20_000)
ITEMSIZES = st.sampled_from([0.5, 1.0, 2.0, 4.0])
PRODUCTS = st.builds(Product, SIZES, SIZES, ITEMSIZES, ITEMSIZES)
RATES = st.builds(Rates, st.floats(1e12, 5e15), st.floats(1e11, 8e12), st.floats(0, 1e-5))


@given(PRODUCTS, RATES, st.integers(1, 100_000), st.integers(1, 100_000))
def test_more_rows_take_longer_and_each_less(
    product: Product, at: Rates, one: int, other: int
) -> None:
    """Time never falls with the batch, time per row never grows."""
    few, many = sorted((one, other))
    short, long = product.seconds(few, at), product.seconds(many, at)
    assert short <= long * (1 + 1e-12)
    assert long / many <= short / few * (1 + 1e-12)


@given(PRODUCTS, RATES)
def test_the_curves_cross_at_the_crossover(product: Product, at: Rates) -> None:
    """There both take equally long; where it is infinite, memory limits at any batch."""
    rows = product.crossover(at)
    if math.isinf(rows):
        assert product.moved(1e9) / at.bytes_per_s >= product.flop(1e9) / at.flop_per_s * (1 - 1e-9)
        return
    assert rows >= weight_crossover(product.weight_itemsize, at) * (1 - 1e-12)
    assert product.moved(rows) / at.bytes_per_s == pytest.approx(
        product.flop(rows) / at.flop_per_s, rel=1e-6
    )


@given(
    st.builds(
        Decode, st.floats(1e8, 1e12), st.floats(1e8, 2e12), st.floats(1, 1e6), st.floats(1, 1e7)
    ),
    RATES,
    st.floats(1, 1e5),
    st.floats(1e9, 1e12),
)
def test_decoding_stays_below_its_limit(
    model: Decode, at: Rates, batch: float, memory: float
) -> None:
    """Throughput grows with the batch, never past the limit; the largest batch fits."""
    assert model.tokens_per_s(batch, at) <= model.limit_tokens_per_s(at) * (1 + 1e-9)
    assert model.tokens_per_s(batch, at) <= model.tokens_per_s(2 * batch, at) * (1 + 1e-9)
    largest = model.largest_batch(memory)
    assert largest == 0 or model.needed_bytes(largest) <= 0.9 * memory * (1 + 1e-9)
