"""What of the device's memory the capture is known to need: a lower bound, never a fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.work.operators import OpCall, Tensor, TensorList
from ncutool_parsers.errors import CaptureError

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device


@dataclass(frozen=True)
class Memory:
    """What is known of memory."""

    device_bytes: int | None
    """Of the device that the answer is of; None where it is not known."""
    at_least_bytes: int | None
    """The tensors of the operator with the largest: they exist at the same time. None without
    shapes."""
    said: str
    """One sentence."""


def check(name: str, calls: Iterable[OpCall], device: Device | None) -> Memory:
    """Return what the calls need at least, against ``device``.

    Raises:
        CaptureError: not even that fits.
    """
    size = max((_bytes(call) for call in set(calls)), default=0)
    room = device.memory_bytes if device is not None and device.memory_bytes else None
    if device is not None and room is not None and size > room:
        raise CaptureError(
            name,
            f"one operator's tensors alone take {units.data(size)}, and {device.name} has "
            f"{units.data(room)}",
            "it does not fit",
        )
    if not size:
        sentence = (
            "Whether memory suffices is not known: the capture does not tell what it occupies."
        )
        return Memory(room, None, sentence)
    of = f" of the {units.data(room)} of {device.name}" if device is not None and room else ""
    sentence = (
        f"At least {units.data(size)}{of} are needed, for the largest operator's tensors; whether "
        "all of the program fits is not known."
    )
    return Memory(room, size, sentence)


def _bytes(call: OpCall) -> int:
    """Return the bytes of a call's known tensors, expanded dimensions counted once."""
    lists = [item.tensors or () for item in call.inputs if isinstance(item, TensorList)]
    tensors: list[Tensor] = [
        *call.tensors,
        *(tensor for tensor_list in lists for tensor in tensor_list),
    ]
    distinct = set(tensors)  # the same shapes may be the same tensor twice
    return sum(tensor.read_bytes or 0 for tensor in distinct)
