"""A matrix product on devices: its FLOPs and bytes by the operator models, floors and tiles."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ncutool.base.checks import check_name, check_size
from ncutool.devices.resolve import Device
from ncutool.planning.planner.calls import worked
from ncutool.planning.planner.number_types import RESULT_TYPES, MathType, math_type
from ncutool.planning.planner.placing import (
    Measured,
    Place,
    cache_note,
    check_time,
    check_work,
    measured,
    named_devices,
    place,
)
from ncutool.planning.planner.tiling import USUAL_TILES, Tiling, check_tile, tiling
from ncutool.work.operators import OpCall, Scalar, Tensor
from ncutool_parsers.errors import UsageError

_ABSENT = Scalar()


class GemmOnDevice(Struct, frozen=True):
    """The product on one device."""

    place: Place
    tile: Tiling | None
    """At the tile asked for; None where the device's number of SMs is not known."""
    tiles: tuple[Tiling, ...]
    """At each usual tile."""
    measured: Measured | None


class GemmPlan(Struct, frozen=True):
    """``batch`` products of [M,K] with [K,N]."""

    m: int
    n: int
    k: int
    batch: int
    dtype: str
    out_dtype: str
    bias: bool
    operator: str
    """The operator whose model gave the figures."""
    flop: int
    """``2·batch·M·N·K``; a bias adds none, by PyTorch's convention."""
    bytes_read: int
    bytes_written: int
    bytes: int
    """Compulsory traffic: each operand read once, the result written once."""
    intensity_flop_per_byte: float
    devices: tuple[GemmOnDevice, ...]
    notes: tuple[str, ...]


def gemm(
    m: int,
    n: int,
    k: int,
    *,
    batch: int = 1,
    dtype: str = "bf16",
    out_dtype: str | None = None,
    bias: bool = False,
    devices: Sequence[str | Device] = (),
    tile: tuple[int, int] = (128, 128),
    time_ns: float | None = None,
    known: tuple[Device, ...] | None = None,
) -> GemmPlan:
    """Hold a product [M,K] x [K,N] against the roofs of devices.

    >>> from ncutool.planning import planner
    >>> found = planner.gemm(4096, 4096, 4096, devices=["H100 SXM"])
    >>> found.flop, found.bytes, round(found.devices[0].place.floor_ns)
    (137438953472, 100663296, 138911)

    Args:
        batch: products of this size, each with operands of its own.
        dtype: a name of :data:`ncutool.planning.planner.number_types.MATH_TYPES`.
        out_dtype: of the result; the usual one for ``dtype`` where None.
        bias: whether a vector of N is added.
        devices: rows of the device table or names; the usual ones where empty.
        tile: rows and columns a multiprocessor computes at a time: an assumption.
        time_ns: a measured time, on the one device named.
        known: devices to choose from by name, ncutool's own where None.

    Raises:
        UsageError: a name is not known, or a size or a combination is out of range.
    """
    kind = math_type(dtype)
    for what, value in (("M", m), ("N", n), ("K", k), ("the number of products", batch)):
        check_size(what, value)
    check_time(time_ns, devices)
    check_tile(tile)
    result = check_name("result type", out_dtype or kind.result, RESULT_TYPES)
    call, times = _call((m, n, k), batch, kind, result, bias=bias)
    work = worked(call)
    assert work.flop is not None
    assert work.bytes_read is not None
    assert work.bytes_written is not None
    flop = times * work.flop
    check_work(flop)
    read, written = times * work.bytes_read, times * work.bytes_written
    held = []
    for device in named_devices(devices, known):
        placed = place(flop, read + written, kind.roofs, f"{kind.name} products", device)
        held.append(_on(device, placed, (m, n, batch, tile), flop, read + written, time_ns))
    return GemmPlan(
        m, n, k, batch, kind.name, result, bias, call.name, flop, read, written, read + written,
        flop / (read + written), tuple(held),
        tuple(_notes(kind, (m, n), read + written, held, time_ns)),
    )  # fmt: skip


def _on(
    device: Device,
    placed: Place,
    sizes: tuple[int, int, int, tuple[int, int]],
    flop: int,
    moved: int,
    time_ns: float | None,
) -> GemmOnDevice:
    m, n, batch, tile = sizes
    count = device.sm_count
    if count is None:
        return GemmOnDevice(placed, None, (), measured(flop, moved, placed, time_ns))
    return GemmOnDevice(
        placed,
        tiling(m, n, batch, tile, count, placed),
        tuple(tiling(m, n, batch, each, count, placed) for each in USUAL_TILES),
        measured(flop, moved, placed, time_ns),
    )


def _call(
    sizes: tuple[int, int, int], batch: int, kind: MathType, result: str, *, bias: bool
) -> tuple[OpCall, int]:
    """Return the operator call, and how many of it there are."""
    if kind.packed > 1 or kind.scaled or (kind.element == "fp8" and batch == 1):
        if bias and batch > 1:
            raise UsageError(f"a bias of a batch is not modelled for {kind.name}: leave one out")
        return _scaled(sizes, kind, result, bias=bias), batch
    m, n, k = sizes
    lead = (batch,) if batch > 1 else ()
    a, b = Tensor((*lead, m, k), kind.element), Tensor((*lead, k, n), kind.element)
    out = Tensor((*lead, m, n), result)
    if bias:
        shared = Tensor((n,), result)
        if batch > 1:
            shared = Tensor((batch, m, n), result, strides=(0, 0, 1))
        name = "aten::baddbmm" if batch > 1 else "aten::addmm"
        return OpCall(name, (shared, a, b, Scalar(1), Scalar(1), out)), 1
    if kind.element == "int8" and batch == 1 and result == "int32":
        return OpCall("aten::_int_mm", (a, b)), 1
    return OpCall("aten::bmm" if batch > 1 else "aten::mm", (a, b, out)), 1


def _scaled(sizes: tuple[int, int, int], kind: MathType, result: str, *, bias: bool) -> OpCall:
    m, n, k = sizes
    unit = max(kind.packed, kind.scaled)
    if k % unit:
        raise UsageError(f"K must be a multiple of {unit} for {kind.name}, not {k}")
    a = Tensor((m, k // kind.packed), kind.element)
    b = Tensor((k // kind.packed, n), kind.element)
    scales: tuple[Tensor, Tensor] = (Tensor((), "fp32"), Tensor((), "fp32"))
    if kind.scaled:
        groups = k // kind.scaled
        scales = (Tensor((m, groups), "e8m0"), Tensor((n, groups), "e8m0"))
    added = Tensor((n,), result) if bias else _ABSENT
    out = Tensor((m, n), result)
    return OpCall("aten::_scaled_mm", (a, b, *scales, added, _ABSENT, _ABSENT, Scalar(False), out))


def _notes(
    kind: MathType,
    area: tuple[int, int],
    moved: int,
    held: Sequence[GemmOnDevice],
    time_ns: float | None,
) -> list[str]:
    notes = [
        "a floor: each operand once through DRAM and every FLOP at the dense peak; no launch time"
    ]
    if kind.name == "fp32":
        notes.append("fp32 is held against the CUDA cores; with TF32 allowed, ask for tf32")
    if kind.element in ("fp8", "fp4") and not kind.scaled:
        notes.append("scales are not counted: one of a tensor is 4 bytes")
    if kind.scaled:
        notes.append(f"a one-byte scale for each {kind.scaled} values along K is counted")
    if 1 in area:
        notes.append("a matrix with a vector: libraries take CUDA cores, and memory binds it")
    notes += cache_note(moved, [each.place for each in held], time_ns)
    if any(each.tile is not None for each in held):
        notes.append(
            "times in tiles are estimates and no floors: libraries choose their own tile, and "
            "those that divide K too (split-K, stream-K) lose less; none is given for fewer tiles "
            "than multiprocessors"
        )
    for each in held:
        if each.measured is not None and (each.measured.roofline_pct or 0) > 100:
            notes.append(
                "the measured time is under the floor: check the time, the sizes, the data type "
                "and the device, or the operands came from a cache"
            )
    return notes
