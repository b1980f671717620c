"""Single calls, as measured rows and a plan both describe them: a family, a kind and a shape.

A row helps to estimate a call of the same family and kind on the same device whose sizes are near.
Its time is carried over by a reference, the same formula for both, so that only the ratio of two
like sizes matters.
"""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

from ncutool.base.limits import overlapped
from ncutool.devices.resolve import Device
from ncutool.planning.llm.number_types import NUMBER_TYPES

Family = Literal["product", "experts", "decode_attention", "latent_attention", "prompt_attention"]
FAMILIES: dict[Family, str] = {
    "product": "matrix products",
    "experts": "products of experts",
    "decode_attention": "attention of a token of each sequence",
    "latent_attention": "latent attention of a token of each sequence",
    "prompt_attention": "attention of a prompt",
}


class Call(Struct, frozen=True):
    """One call on one device."""

    family: Family
    kind: str
    """What must be the same: the roof, and types that are stored."""
    sizes: tuple[tuple[str, float], ...]
    """By name; what must be near."""
    floor_ns: float
    reference_ns: float
    """What times are carried over by: the floor, but for experts all those that can be read."""

    @property
    def place(self) -> tuple[float, ...]:
        """The binary logarithms of its sizes: a distance of 1 is a factor of two."""
        return tuple(math.log2(size) for _, size in self.sizes)


def _call(
    family: Family,
    device: Device,
    kind: tuple[str, ...],
    sizes: dict[str, float],
    work: tuple[float, float],
    reference_bytes: float | None = None,
) -> Call:
    flop, moved = work
    compute_ns = 1e9 * flop / device.peak_flop_per_s[kind[0]]

    def ns(size: float) -> float:
        taken: float = overlapped(compute_ns, 1e9 * size / device.peak_bytes_per_s)
        return taken

    reference = ns(moved if reference_bytes is None else reference_bytes)
    return Call(family, ", ".join(kind), tuple(sizes.items()), ns(moved), reference)


def product(
    device: Device, roof: str, stored: str, value_bytes: float, m: float, k: float, n: float
) -> Call:
    """Return a product of ``m`` rows with weights of ``k`` inputs and ``n`` outputs."""
    sizes = {"m": m, "k": k, "n": n}
    return _call(
        "product", device, (roof, f"weights {stored}"), sizes,
        (2 * m * k * n, value_bytes * k * n),
    )  # fmt: skip


class ExpertSizes(Struct, frozen=True):
    """Experts of one device and what is sent to them."""

    rows: float
    """All of them together."""
    experts: float
    """On this device."""
    fewest: float
    """That the rows may be sent to at least."""
    k: float
    n: float


def experts(device: Device, roof: str, stored: str, value_bytes: float, sizes: ExpertSizes) -> Call:
    """Return one product of each expert of a layer with the rows that are sent to it."""
    one = value_bytes * sizes.k * sizes.n
    named = {
        "rows an expert": sizes.rows / sizes.experts,
        "experts": sizes.experts,
        "k": sizes.k,
        "n": sizes.n,
    }
    return _call(
        "experts", device, (roof, f"weights {stored}"), named,
        (2 * sizes.rows * sizes.k * sizes.n, one * min(sizes.fewest, sizes.experts)),
        one * min(sizes.experts, sizes.rows),
    )  # fmt: skip


class AttentionSizes(Struct, frozen=True):
    """An attention of sequences that are alike."""

    sequences: float
    context: float
    heads: float
    kv_heads: float
    score_dim: float
    value_dim: float


def decode_attention(device: Device, roof: str, cache: str, sizes: AttentionSizes) -> Call:
    """Return the attention of one new token of each sequence to its cache."""
    pairs = sizes.sequences * sizes.context
    kept = sizes.kv_heads * (sizes.score_dim + sizes.value_dim)
    named = {
        "sequences": sizes.sequences,
        "context": sizes.context,
        "heads": sizes.heads,
        "kv heads": sizes.kv_heads,
        "head dim": sizes.score_dim,
    }
    return _call(
        "decode_attention", device, (roof, f"cache {cache}"), named,
        (2 * pairs * sizes.heads * (sizes.score_dim + sizes.value_dim),
         pairs * kept * NUMBER_TYPES[cache].bytes_per_value),
    )  # fmt: skip


def latent_attention(device: Device, roof: str, cache: str, sizes: AttentionSizes) -> Call:
    """Return the same on a compressed cache, whose first columns are the values."""
    pairs = sizes.sequences * sizes.context
    named = {
        "sequences": sizes.sequences,
        "context": sizes.context,
        "heads": sizes.heads,
        "values": sizes.value_dim,
        "rotary": sizes.score_dim - sizes.value_dim,
    }
    return _call(
        "latent_attention", device, (roof, f"cache {cache}"), named,
        (2 * pairs * sizes.heads * (sizes.score_dim + sizes.value_dim),
         pairs * sizes.score_dim * NUMBER_TYPES[cache].bytes_per_value),
    )  # fmt: skip


def prompt_attention(device: Device, roof: str, kept: str, sizes: AttentionSizes) -> Call:
    """Return the causal attention of whole prompts to themselves, keys and values read once."""
    tokens = sizes.context
    pairs = sizes.sequences * tokens * (tokens + 1) / 2
    named = {
        "sequences": sizes.sequences,
        "tokens": tokens,
        "heads": sizes.heads,
        "kv heads": sizes.kv_heads,
        "head dim": sizes.score_dim,
    }
    values = sizes.sequences * tokens * sizes.kv_heads * (sizes.score_dim + sizes.value_dim)
    return _call(
        "prompt_attention", device, (roof, f"cache {kept}"), named,
        (2 * pairs * sizes.heads * (sizes.score_dim + sizes.value_dim),
         values * NUMBER_TYPES[kept].bytes_per_value),
    )  # fmt: skip
