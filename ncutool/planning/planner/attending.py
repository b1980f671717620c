"""An attention on devices: exact pairs, other conventions beside them, fused against unfused.

FLOPs and bytes are those of ncutool's operator models for the call that PyTorch would make.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.checks import check_name
from ncutool.devices.resolve import Device
from ncutool.planning.planner.attention_calls import (
    ALIGNMENTS,
    Attention,
    attended_keys,
    call_of,
    check,
    unfused_work,
    value_bytes,
)
from ncutool.planning.planner.calls import worked
from ncutool.planning.planner.number_types import (
    ATTENTION_TYPES,
    CACHE_TYPES,
    MathType,
    math_type,
)
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
from ncutool.work.operators import Work

_VECTOR = ("fp32",)


class Unfused(Struct, frozen=True):
    """Scores written out: a product, a softmax and a product, each a kernel of its own."""

    flop: int
    """Of the two products: all pairs, no mask saves any."""
    softmax_flop: int
    """Five an element, a convention; not in ``flop``, as the fused count leaves them out too."""
    bytes: int
    score_bytes: int
    """Of that, the scores and their softmax: each written once and read once."""
    intensity_flop_per_byte: float


class AttentionOnDevice(Struct, frozen=True):
    """The attention on one device."""

    place: Place
    unfused_floor_ns: float | None
    """The three kernels one after the other, each at its floor."""
    measured: Measured | None


class AttentionPlan(Struct, frozen=True):
    """FLOPs and compulsory bytes of a fused attention, and what other countings say."""

    attention: Attention
    operator: str
    pairs: int
    """(query, key) pairs a head that the mask admits."""
    flop: int
    full_flop: int
    """All pairs, mask or not: PyTorch's ``flop_counter``."""
    halved_flop: int | None
    """Half of that: what FlashAttention's benchmarks count for a causal mask."""
    bytes_read: int
    bytes_written: int
    bytes: int
    """Queries, attended keys and values once, and the result; no scores."""
    intensity_flop_per_byte: float
    unfused: Unfused | None
    devices: tuple[AttentionOnDevice, ...]
    notes: tuple[str, ...]


def attention(
    *,
    batch: int,
    heads: int,
    seq: int,
    head_dim: int,
    kv_heads: int | None = None,
    kv_seq: int | None = None,
    v_head_dim: int | None = None,
    causal: bool = False,
    align: str = "bottom-right",
    window: int | None = None,
    dtype: str = "bf16",
    kv_dtype: str | None = None,
    backward: bool = False,
    latent: bool = False,
    devices: Sequence[str | Device] = (),
    time_ns: float | None = None,
    known: tuple[Device, ...] | None = None,
) -> AttentionPlan:
    """Hold a scaled dot-product attention against the roofs of devices.

    >>> from ncutool.planning import planner
    >>> found = planner.attention(batch=8, heads=64, kv_heads=8, seq=1, kv_seq=4096, head_dim=128)
    >>> found.flop, found.bytes
    (1073741824, 134479872)

    Args:
        kv_heads: ``heads`` where None; fewer are shared by groups of query heads.
        kv_seq: ``seq`` where None.
        v_head_dim: ``head_dim`` where None.
        align, window: see :class:`Attention`.
        kv_dtype: type that keys and values are stored in; ``dtype`` where None.
        backward: the gradients, scores computed again.
        latent: whether values are the first ``v_head_dim`` columns of the keys, read once.
        devices: rows of the device table or names; the usual ones where empty.
        time_ns: a measured time, on the one device named.
        known: devices to choose from by name, ncutool's own where None.

    Raises:
        UsageError: a name is not known, heads do not divide, or a size is out of range.
    """
    kind = math_type(dtype, ATTENTION_TYPES)
    wanted = Attention(
        batch, heads, heads if kv_heads is None else kv_heads, seq,
        seq if kv_seq is None else kv_seq, head_dim,
        head_dim if v_head_dim is None else v_head_dim, causal, align, window, dtype,
        check_name("key and value type", kv_dtype or kind.element, CACHE_TYPES), backward, latent,
    )  # fmt: skip
    check_time(time_ns, devices)
    check(wanted)
    return _planned(wanted, kind, named_devices(devices, known), time_ns)


def _planned(
    wanted: Attention, kind: MathType, devices: Sequence[Device], time_ns: float | None
) -> AttentionPlan:
    call = call_of(wanted, kind)
    work = worked(call)
    if wanted.latent:
        assert work.bytes_read is not None
        work = replace(work, bytes_read=work.bytes_read - value_bytes(wanted))
    full = worked(call_of(replace(wanted, causal=False, window=None), kind)).flop
    moved = work.bytes
    assert work.flop is not None
    assert full is not None
    assert moved is not None
    check_work(full)
    width = wanted.head_dim + wanted.v_head_dim
    if wanted.backward:
        width = 3 * wanted.head_dim + 2 * wanted.v_head_dim
    fused_only = wanted.backward or wanted.latent or kind.element == "fp8"
    parts = None if fused_only else unfused_work(wanted, kind)
    held = tuple(_on(device, kind, (work.flop, moved), parts, time_ns) for device in devices)
    return AttentionPlan(
        attention=wanted,
        operator=call.name,
        pairs=work.flop // (2 * wanted.batch * wanted.heads * width),
        flop=work.flop,
        full_flop=full,
        halved_flop=full // 2 if wanted.causal and wanted.window is None else None,
        bytes_read=work.bytes_read or 0,
        bytes_written=work.bytes_written or 0,
        bytes=moved,
        intensity_flop_per_byte=work.flop / moved,
        unfused=None if parts is None else _summed(parts),
        devices=held,
        notes=tuple(_notes(wanted, kind, moved, held, time_ns)),
    )


def _summed(parts: tuple[Work, Work, Work]) -> Unfused:
    first, softmax, last = parts
    flop = (first.flop or 0) + (last.flop or 0)
    moved = sum(part.bytes or 0 for part in parts)
    return Unfused(flop, softmax.flop or 0, moved, 2 * (softmax.bytes or 0), flop / moved)


def _on(
    device: Device,
    kind: MathType,
    figures: tuple[int, int],
    parts: tuple[Work, Work, Work] | None,
    time_ns: float | None,
) -> AttentionOnDevice:
    flop, moved = figures
    placed = place(flop, moved, kind.roofs, f"{kind.name} products", device)
    floor: float | None = None
    if parts is not None:
        floors = [
            place(part.flop or 0, part.bytes or 0, roofs, kind.name, device).floor_ns
            for part, roofs in zip(parts, (kind.roofs, _VECTOR, kind.roofs), strict=True)
        ]
        known = [each for each in floors if each is not None]
        floor = sum(known) if len(known) == len(floors) else None
    return AttentionOnDevice(placed, floor, measured(flop, moved, placed, time_ns))


def _notes(
    wanted: Attention,
    kind: MathType,
    moved: int,
    held: Sequence[AttentionOnDevice],
    time_ns: float | None,
) -> list[str]:
    notes = [
        "a floor: each operand once through DRAM and every FLOP at the dense peak; softmax is not "
        "in the FLOPs"
    ]
    if wanted.seq == 1 and not wanted.backward:
        group = wanted.heads // wanted.kv_heads
        notes.append(
            f"decoding: each of {wanted.batch} sequences reads its own keys, so that the intensity "
            f"stays near that of {group} query head{'s' * (group > 1)} a key-value head, whatever "
            "the batch"
        )
    if wanted.latent:
        notes.append(
            f"latent: values are the first {wanted.v_head_dim:,} of the {wanted.head_dim:,} "
            "columns of the keys, stored and read once"
        )
    if wanted.causal and wanted.seq != wanted.kv_seq and wanted.window is None:
        other = ALIGNMENTS[1 - ALIGNMENTS.index(wanted.align)]
        work = worked(call_of(replace(wanted, align=other), kind))
        notes.append(
            f"the mask is aligned {wanted.align}; {other} ("
            + ("PyTorch's is_causal" if other == "top-left" else "FlashAttention")
            + f") would be {work.flop:,} FLOP"
        )
    if attended_keys(wanted) < wanted.kv_seq and not wanted.backward:
        notes.append(
            f"only {attended_keys(wanted):,} of {wanted.kv_seq:,} keys are attended to, and read"
        )
    if kind.element == "fp8" and not wanted.backward:
        notes.append("the result is counted in fp8; a kernel that gives bf16 writes twice that")
    notes += cache_note(moved, [each.place for each in held], time_ns)
    if any(((each.measured and each.measured.roofline_pct) or 0) > 100 for each in held):
        notes.append(
            "the measured time is under the floor: check the time, the sizes, the data type and "
            "the device, or the operands came from a cache"
        )
    return notes
