"""Counts, by element, the memory that one operator reads and writes on the CPU.

Every tensor argument is read and every result written; what the schema marks as written
(`add_`'s first argument, `out=`) is written, and also read unless it is an `out=`. Addresses
count once, however many elements or arguments lie on them.

A caller may name arguments that are not read although they are passed, or written although the
schema does not say so. Neither is believed: the operator is run again and again with other
values in them, and the result must never, respectively the memory must, change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from torch_differential.recording import described, results

_TRIES = 12
"""Values tried in an argument that is said not to be read."""


@dataclass(frozen=True)
class Traffic:
    """Distinct bytes read and written, and the results."""

    read: int
    read_0_dim: int
    """Part of ``read`` that lies in tensors without dimensions."""
    read_per_argument: int
    """As ``read`` without 0-dim tensors, memory shared by two arguments counted for each."""
    written: int
    outputs: list[tuple[tuple[int, ...], str]]


def observe(
    operator: Any,
    *args: Any,
    not_read: tuple[str, ...] = (),
    also_written: tuple[str, ...] = (),
    **kwargs: Any,
) -> Traffic:
    """Run ``operator``, an overload of `torch.ops`, on copies of its arguments, and count.

    Raises:
        AssertionError: an argument of ``not_read`` has a bearing on the result, or one of
            ``also_written`` stays as it was.
    """
    arguments = _arguments(operator, args, kwargs)
    trial = _Trial(operator, args, kwargs)
    read: list[torch.Tensor] = []
    written: list[torch.Tensor] = []
    for index, (schema, tensor) in enumerate(arguments):
        if schema.is_write or schema.name in also_written:
            written.append(tensor)
        if schema.name in also_written:
            assert trial.changes(index), f"{operator} leaves {schema.name} as it was"
        if schema.name in not_read:
            assert not trial.reads(index, schema.is_write), f"{operator} reads {schema.name}"
        elif not schema.is_out:
            read.append(tensor)
    result, copies = trial.run()
    owned = {_storage(tensor) for tensor in copies}
    fresh = [tensor for tensor in results(result) if _storage(tensor) not in owned]
    dimensioned = [tensor for tensor in read if tensor.dim()]
    return Traffic(
        read=distinct_bytes(read),
        read_0_dim=distinct_bytes([tensor for tensor in read if not tensor.dim()]),
        read_per_argument=sum(distinct_bytes([tensor]) for tensor in dimensioned),
        written=distinct_bytes(fresh) + distinct_bytes(written),
        outputs=described(result),
    )


def _arguments(operator: Any, args: Any, kwargs: Any) -> list[tuple[Any, torch.Tensor]]:
    """Each tensor passed, with the argument of the schema that it is (or lies in)."""
    found: list[tuple[Any, torch.Tensor]] = []
    schema = {item.name: item for item in operator._schema.arguments}
    for item, value in zip(operator._schema.arguments, args, strict=False):
        found += [(item, tensor) for tensor in _tensors(value)]
    for name, value in kwargs.items():
        found += [(schema[name], tensor) for tensor in _tensors(value)]
    return found


def distinct_bytes(tensors: list[torch.Tensor]) -> int:
    """Bytes of the union of the memory that the tensors' elements lie on."""
    places: dict[int, list[npt.NDArray[np.int64]]] = {}
    for tensor in tensors:
        places.setdefault(_storage(tensor), []).append(_addresses(tensor))
    return sum(len(np.unique(np.concatenate(group))) for group in places.values())


def _addresses(tensor: torch.Tensor) -> npt.NDArray[np.int64]:
    """Byte addresses within the storage of every element."""
    offsets: npt.NDArray[np.int64] = np.array([int(tensor.storage_offset())], dtype=np.int64)
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        offsets = np.add.outer(offsets, np.arange(size) * stride).reshape(-1)
    width = int(tensor.element_size())
    addresses: npt.NDArray[np.int64] = np.add.outer(offsets * width, np.arange(width)).reshape(-1)
    return addresses


def _storage(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return _tensors(tuple(value.values()))
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _copied(value: Any, copies: list[torch.Tensor]) -> Any:
    """``value`` with each tensor in memory of its own, of the same layout."""
    if isinstance(value, torch.Tensor):
        storage = value.untyped_storage().clone()
        copy = torch.empty(0, dtype=value.dtype)
        copy.set_(storage, value.storage_offset(), value.shape, value.stride())
        copies.append(copy)
        return copy
    if isinstance(value, dict):
        return {key: _copied(item, copies) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(item, copies) for item in value)
    return value


def fill(tensor: torch.Tensor, seed: int) -> None:
    """Other values throughout the tensor's memory; integers are never 0."""
    generator = torch.Generator().manual_seed(seed)
    flat = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
    if tensor.dtype == torch.bool:
        flat.copy_(torch.randint(0, 2, flat.shape, generator=generator))
    elif tensor.dtype.is_floating_point or tensor.dtype.is_complex:
        flat.copy_((torch.rand(flat.shape, generator=generator) - 0.5) * 6)
        if tensor.dtype.is_complex:
            flat.mul_(1 + 0.5j)
    else:
        flat.copy_(torch.randint(1, 7, flat.shape, generator=generator))


def _bits(tensors: list[torch.Tensor]) -> list[bytes]:
    """The values as they lie in memory: equal even where they are not numbers."""
    packed = (item.clone(memory_format=torch.contiguous_format).reshape(-1) for item in tensors)
    return [bytes(item.view(torch.uint8).numpy()) for item in packed if item.numel()]


@dataclass(frozen=True)
class _Trial:
    """One call, run again and again with other values in its arguments."""

    operator: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self, *, values: dict[int, int] | None = None) -> tuple[Any, list[torch.Tensor]]:
        """Result and arguments after a run on copies; ``values`` is argument -> seed."""
        copies: list[torch.Tensor] = []
        args, kwargs = _copied(self.args, copies), _copied(self.kwargs, copies)
        for item, seed in (values or {}).items():
            fill(copies[item], seed)
        torch.default_generator.manual_seed(1)  # torch.manual_seed notes a traceback each time
        return self.operator(*args, **kwargs), copies

    def reads(self, item: int, written: bool) -> bool:
        """Whether other values in argument ``item`` change what comes out."""
        first = self._outcome(item, 0, written)
        return any(self._outcome(item, seed, written) != first for seed in range(1, _TRIES))

    def _outcome(self, item: int, seed: int, written: bool) -> list[bytes]:
        result, copies = self.run(values={item: 1000 + seed})
        mine = _storage(copies[item])
        seen = [tensor for tensor in results(result) if _storage(tensor) != mine]
        seen += [tensor for index, tensor in enumerate(copies) if index != item or written]
        return _bits(seen)

    def changes(self, item: int) -> bool:
        """Whether a run changes the values of argument ``item``."""
        before: list[torch.Tensor] = []
        _copied((self.args, self.kwargs), before)
        _, after = self.run()
        return _bits([before[item]]) != _bits([after[item]])
