"""Rows of measured times: each a call, and how long it took on which device."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ncutool.base.checks import LARGEST
from ncutool.base.user_files import shown
from ncutool.devices.resolve import Device
from ncutool.planning.llm.number_types import NUMBER_TYPES
from ncutool.planning.llm.usual import calls
from ncutool.planning.llm.usual.calls import AttentionSizes, Call, ExpertSizes, Family
from ncutool_parsers.errors import UsageError

_LONGEST_US = 1e12


class Row(Struct, frozen=True):
    """One measured time."""

    call: Call
    device: str
    time_ns: float
    where: str
    """File and line."""

    @property
    def stretch(self) -> float:
        """Measured time over the reference: at most a little below 1, often far above."""
        return self.time_ns / self.call.reference_ns


class Line(Struct, frozen=True):
    """A line of a table, by column."""

    where: str
    cells: dict[str, str]

    def fail(self, what: str) -> UsageError:
        """Return the error that says where and what."""
        return UsageError(f"--efficiency {self.where}: {what}")

    def number(self, name: str, *, most: float = LARGEST) -> float:
        """Return a number above 0.

        Raises:
            UsageError: it is missing or something else.
        """
        text = self.cells.get(name, "")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not 0 < value <= most:
            raise self.fail(f"{name} must be a number above 0, not {shown(text)}")
        return value

    def time_ns(self, *names: str) -> float:
        """Return the time of the first of these columns that is there; they are in microseconds."""
        name = next((one for one in names if self.cells.get(one)), names[0])
        return 1e3 * self.number(name, most=_LONGEST_US)

    def type_name(self, *names: str, default: str | None = None) -> str:
        """Return the type that the first of these columns names.

        Raises:
            UsageError: none does and there is no default, or it is not known.
        """
        for name in names:
            if text := self.cells.get(name, "").strip().lower():
                if text not in NUMBER_TYPES:
                    raise self.fail(f"no type {shown(text)}; known are {', '.join(NUMBER_TYPES)}")
                return text
        if default is None:
            raise self.fail(f"no {names[0]}: say the type of the arithmetic, e.g. bf16 or fp8")
        return default

    def roof(self, device: Device, *types: str) -> str:
        """Return the roof of the narrowest of some types.

        Raises:
            UsageError: the device has none.
        """
        narrowest = min(types, key=lambda name: NUMBER_TYPES[name].value_bits)
        found = device.first_roof(NUMBER_TYPES[narrowest].roofs)
        if found is None:
            raise self.fail(f"{device.name} has no peak for {narrowest} arithmetic")
        return found


def product(line: Line, device: Device) -> Call:
    """Read a product: m, k, n, dtype and the type of the weights, dtype where none is named."""
    math = line.type_name("dtype")
    stored = line.type_name("weights", default=math)
    sizes = (line.number("m"), line.number("k"), line.number("n"))
    size = NUMBER_TYPES[stored].bytes_per_value
    return calls.product(device, line.roof(device, math), stored, size, *sizes)


def experts(line: Line, device: Device) -> Call:
    """Read a product of the experts of a device: rows, experts, per_token, k, n, dtype."""
    math = line.type_name("dtype")
    stored = line.type_name("weights", default=math)
    sizes = ExpertSizes(
        line.number("rows"), line.number("experts"),
        # Rows can always be sent to few experts: without a count to one.
        line.number("per_token") if line.cells.get("per_token") else 1.0,
        line.number("k"), line.number("n"),
    )  # fmt: skip
    size = NUMBER_TYPES[stored].bytes_per_value
    return calls.experts(device, line.roof(device, math), stored, size, sizes)


def decode_attention(line: Line, device: Device) -> Call:
    """Read an attention of one token of each sequence."""
    return _attention(line, device, calls.decode_attention, line.number("context"))


def prompt_attention(line: Line, device: Device) -> Call:
    """Read a causal attention of prompts to themselves."""
    return _attention(line, device, calls.prompt_attention, line.number("tokens"))


def _attention(
    line: Line,
    device: Device,
    make: Callable[[Device, str, str, AttentionSizes], Call],
    context: float,
) -> Call:
    math = line.type_name("dtype")
    cache = line.type_name("kv_dtype", default=math)
    size = line.number("head_dim")
    value = line.number("v_head_dim") if line.cells.get("v_head_dim") else size
    sizes = AttentionSizes(
        line.number("sequences") if line.cells.get("sequences") else 1.0, context,
        line.number("heads"), line.number("kv_heads"), size, value,
    )  # fmt: skip
    return make(device, line.roof(device, math, cache), cache, sizes)


def latent_attention(line: Line, device: Device) -> Call:
    """Read a latent attention: values are the first columns of what is cached."""
    math = line.type_name("dtype")
    cache = line.type_name("kv_dtype", default=math)
    values, rotary = line.number("values"), line.number("rotary")
    sizes = AttentionSizes(
        line.number("sequences"), line.number("context"), line.number("heads"), 1.0,
        values + rotary, values,
    )  # fmt: skip
    return calls.latent_attention(device, line.roof(device, math, cache), cache, sizes)


READERS: dict[Family, Callable[[Line, Device], Call]] = {
    "product": product,
    "experts": experts,
    "decode_attention": decode_attention,
    "latent_attention": latent_attention,
    "prompt_attention": prompt_attention,
}
COLUMNS: dict[Family, tuple[str, ...]] = {
    "product": ("m", "k", "n"),
    "experts": ("rows", "experts", "k", "n"),
    "decode_attention": ("sequences", "context", "heads", "kv_heads", "head_dim"),
    "latent_attention": ("sequences", "context", "heads", "values", "rotary"),
    "prompt_attention": ("tokens", "heads", "kv_heads", "head_dim"),
}
"""Columns that a row of a family must have, besides device, dtype and time_us."""
