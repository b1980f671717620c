"""The device table: the columns of a row, the rows of ncutool's own, those of a user's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ncutool.base import packaged
from ncutool.base.checks import LARGEST_BYTES, RATES, is_positive, is_rate
from ncutool.base.records import replace
from ncutool.base.roofs import ROOFS
from ncutool.base.thresholds import Threshold
from ncutool.base.user_files import read_toml, shown, text_problem
from ncutool_parsers.errors import UsageError
from ncutool_parsers.visible_text import visible

if TYPE_CHECKING:
    import polars as pl

VENDORS = ("nvidia", "amd")
LINKS = ("nvlink", "infinity_fabric", "pcie")
_TEXTS = (
    *("name", "compute_capability", "source", "confidence", "note", "vendor", "family"),
    "link_source",
)
_SIZES = ("sm_count", "memory_bytes", "l2_bytes", "last_level_cache_bytes", "memory_bus_bits")
_RATES = ("boost_clock_hz", "memory_transfers_per_s")
_PEAKS = ("peak_flop_per_s", "sparse_peak_flop_per_s", "link_bytes_per_s")
_LISTS = ("names", "short")
_REQUIRED = ("name", "memory_bytes", "peak_bytes_per_s", "peak_flop_per_s")
_SPARSE_AT_MOST = Threshold(
    2.001,
    "times the dense peak",
    "2:4 sparsity skips half of the products, so it never more than doubles a rate",
    "NVIDIA, whitepapers from Ampere on; a thousandth for rounded datasheets",
)

UNVERIFIED = "from memory or in conflict: verify before relying on it"
"""The `confidence` of a row of devices.toml without a source."""


@dataclass(frozen=True)
class Device:
    """One row of devices.toml, in SI units. Peaks are dense unless named otherwise."""

    name: str
    compute_capability: str
    sm_count: int | None
    memory_bytes: int
    peak_bytes_per_s: float
    peak_flop_per_s: dict[str, float]
    """Dense peak of each roof (names of :data:`ncutool.base.roofs.ROOFS`) the device has."""
    sparse_peak_flop_per_s: dict[str, float] = field(default_factory=dict)
    """With 2:4 structured sparsity; shown, never held against dense work."""
    l2_bytes: int | None = None
    last_level_cache_bytes: int | None = None
    """The largest cache before DRAM: L2, or Infinity Cache on AMD; take :attr:`cache_bytes`."""
    source: str = ""
    confidence: str = ""
    note: str = ""
    vendor: str = ""
    """``nvidia`` or ``amd``."""
    family: str = ""
    """The word in its name that its variants share, e.g. ``H100``."""
    names: tuple[str, ...] = ()
    """Names that captures record for exactly this device."""
    short: tuple[str, ...] = ()
    """Short forms that `--device` takes for it although a sibling fits them too."""
    origin: str = ""
    """Name of the user's file it comes from; empty for ncutool's own rows."""
    link_bytes_per_s: dict[str, float] = field(default_factory=dict)
    """Links to other devices of its machine by kind (:data:`LINKS`), all of one device together, in
    one direction: half of what data sheets name for both."""
    link_source: str = ""
    boost_clock_hz: float | None = None
    """The clock that its compute peaks are at, where they follow from it."""
    memory_bus_bits: int | None = None
    memory_transfers_per_s: float | None = None
    """Transfers on each line of the memory bus, which with its width give the bandwidth."""
    measured: tuple[str, ...] = ()
    """Peaks that measured rates have replaced: ``dram`` and names of roofs."""

    @property
    def is_unverified(self) -> bool:
        """Whether its figures rest on no source, or on sources that disagree."""
        return self.confidence == UNVERIFIED

    @property
    def cache_bytes(self) -> int | None:
        """Return the size (byte) of the last cache before DRAM; its L2 where no other is known."""
        return self.last_level_cache_bytes or self.l2_bytes

    @property
    def link_peak_bytes_per_s(self) -> float | None:
        """Return one direction (byte/s) of its fastest kind of links; None where none is known.

        Collectives are held against it.
        """
        return max(self.link_bytes_per_s.values(), default=None)

    def first_roof(self, roofs: Iterable[str]) -> str | None:
        """Return the first of `roofs` that the device has a peak for; None where it has none."""
        return next((roof for roof in roofs if roof in self.peak_flop_per_s), None)


@lru_cache(maxsize=1)
def load_devices() -> tuple[Device, ...]:
    """Return all devices that ncutool knows, in the order of devices.toml."""
    return tuple(_device(row) for row in packaged.table(__file__, "devices")["device"])


def load_file(path: Path) -> tuple[Device, ...]:
    """Read the devices of a user's file, in the format of ncutool's own devices.toml.

    Raises:
        UsageError: it cannot be read, or a key is missing, unknown or of a wrong kind; the
            message names the row and the key.
    """
    data = read_toml(path, f"--device-file {path}")
    rows = data.get("device")
    others = sorted(set(data) - {"device"})
    if others or not isinstance(rows, list) or not rows:
        what = f"unknown key {shown(others[0])}" if others else "holds no [[device]]"
        raise UsageError(f"--device-file {path}: {what}; every device is one [[device]] table")
    devices: list[Device] = []
    for number, row in enumerate(rows, start=1):
        problem = _problem(row) if isinstance(row, dict) else "is not a table"
        if problem is not None:
            raise UsageError(f"--device-file {path}: device {number}: {problem}")
        devices.append(replace(_device(row), origin=visible(path.name)))
    names = [device.name for device in devices]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise UsageError(f"--device-file {path}: two devices are named {shown(doubled)}")
    return tuple(devices)


def with_file(path: Path | None) -> tuple[Device, ...]:
    """Return the rows of a user's file and then ncutool's own that none of them replaces by name.

    Raises:
        UsageError: see :func:`load_file`.
    """
    if path is None:
        return load_devices()
    own = load_file(path)
    replaced = {device.name.casefold() for device in own}
    return own + tuple(row for row in load_devices() if row.name.casefold() not in replaced)


def _device(row: Mapping[str, Any]) -> Device:
    values = dict(row)
    for key in _LISTS:
        values[key] = tuple(values.get(key, ()))
    for key in _PEAKS:
        values[key] = {roof: float(peak) for roof, peak in values.get(key, {}).items()}
    values["peak_bytes_per_s"] = float(values["peak_bytes_per_s"])
    values.setdefault("sm_count", None)
    values.setdefault("compute_capability", "")
    return Device(**values)


def _problem(row: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a row, naming the key; None where nothing is."""
    known = {column.name for column in fields(Device)} - {"origin", "measured"}
    for key in row:
        if key not in known:
            return f"unknown key {shown(key)}; known are {', '.join(sorted(known))}"
    for key in _REQUIRED:
        if key not in row:
            return f"key {key!r} is missing"
    return _wrong_kind(row) or _wrong_peaks(row)


def _wrong_kind(row: Mapping[str, Any]) -> str | None:
    for key, value in row.items():
        if key in _TEXTS and (wrong := text_problem(key, value)):
            return wrong
        if key in _SIZES and not (
            is_positive(value) and isinstance(value, int) and value <= LARGEST_BYTES
        ):
            return f"{key!r} must be a whole number above 0 and no pebibyte, not {shown(value)}"
        if key in _RATES and not is_rate(value):
            return f"{key!r} must be a number above 0 {RATES}, not {shown(value)}"
        if key in _LISTS and not (
            isinstance(value, list)
            and all(isinstance(item, str) and text_problem(key, item) is None for item in value)
        ):
            return f"{key!r} must be a list of texts, not {shown(value)}"
    if not row["name"].strip():
        return "'name' must not be empty"
    if row.get("vendor", "nvidia") not in VENDORS:
        return f"'vendor' must be one of {', '.join(VENDORS)}, not {shown(row['vendor'])}"
    return None


def _wrong_peaks(row: Mapping[str, Any]) -> str | None:
    if not is_rate(row["peak_bytes_per_s"]):
        given = shown(row["peak_bytes_per_s"])
        return f"'peak_bytes_per_s' must be a number above 0 {RATES} in byte/s, not {given}"
    for key in _PEAKS:
        known, what, unit, example = (
            (LINKS, "kind of link", "byte/s", "nvlink = 450e9")
            if key == "link_bytes_per_s"
            else (ROOFS, "roof", "FLOP/s", "fp32 = 67e12")
        )
        peaks = row.get(key, {})
        if not isinstance(peaks, dict) or (key == "peak_flop_per_s" and not peaks):
            return f"{key!r} must be a table of at least one peak, e.g. {example}"
        for name, peak in peaks.items():
            if name not in known:
                return f"'{key}.{shown(name)[1:-1]}' is no {what}; known are {', '.join(known)}"
            if not is_rate(peak):
                of = f"'{key}.{name}' must be a number above 0 {RATES} in {unit}"
                return f"{of}, not {shown(peak)}"
    dense = row["peak_flop_per_s"]
    for roof, peak in row.get("sparse_peak_flop_per_s", {}).items():
        if roof not in dense or not dense[roof] <= peak <= _SPARSE_AT_MOST * dense[roof]:
            return (
                f"'sparse_peak_flop_per_s.{roof}' must be one to two times the dense peak in "
                f"'peak_flop_per_s.{roof}'"
            )
    return None


def to_frame(devices: tuple[Device, ...]) -> pl.DataFrame:
    """Return a row a device: peaks per roof, bandwidths (byte/s), sizes (byte), and sources."""
    import polars as pl

    def column(kind: Any, read: Callable[[Device], object]) -> pl.Series:
        return pl.Series([read(device) for device in devices], dtype=kind)

    def texts(*names: str) -> dict[str, pl.Series]:
        return {name: column(pl.String, attrgetter(name)) for name in names}

    def counts(*names: str) -> dict[str, pl.Series]:
        return {name: column(pl.Int64, attrgetter(name)) for name in names}

    def rates(attribute: str, names: Iterable[str], ending: str) -> dict[str, pl.Series]:
        tables = [getattr(device, attribute) for device in devices]
        return {
            f"{name}_{ending}": pl.Series([table.get(name) for table in tables], dtype=pl.Float64)
            for name in names
        }

    roofs = [roof for roof in ROOFS if any(roof in device.peak_flop_per_s for device in devices)]
    return pl.DataFrame(
        {
            **texts("name", "compute_capability"),
            **counts("sm_count", "memory_bytes"),
            "peak_bytes_per_s": column(pl.Float64, attrgetter("peak_bytes_per_s")),
            **rates("peak_flop_per_s", roofs, "flop_per_s"),
            "sparse": column(pl.String, _sparsity),
            **texts("confidence", "source", "note", "vendor"),
            **counts("l2_bytes", "last_level_cache_bytes"),
            **rates("sparse_peak_flop_per_s", roofs, "sparse_flop_per_s"),
            "names": column(pl.List(pl.String), lambda device: list(device.names)),
            "origin": column(pl.String, lambda device: device.origin or "ncutool"),
            **rates("link_bytes_per_s", LINKS, "bytes_per_s"),
            "link_source": column(pl.String, lambda device: device.link_source or None),
        }
    )


def _sparsity(device: Device) -> str:
    """Return what 2:4 sparsity makes of the dense peaks, e.g. `2×, fp4 1.37×`, or `none`."""
    factors = {
        roof.removesuffix("_tensor"): peak / device.peak_flop_per_s[roof]
        for roof, peak in device.sparse_peak_flop_per_s.items()
    }
    if not factors:
        return "none"
    others = [f"{name} {factor:.3g}×" for name, factor in factors.items() if factor != 2]
    return ", ".join(["2×", *others])
