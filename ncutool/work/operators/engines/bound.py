"""A recorded call with its arguments by name: the signature is chosen by how many there are.

A count that no version of the operator has is unknown, and so is a tensor where a number belongs.
A record that stops before the shortest signature does is read as far as it goes where all versions
agree on that part, nothing but tensors is in it, and their shapes hold against each other: a number
may belong to a version that is not known. The bytes are then a lower bound.
"""

from __future__ import annotations

from msgspec import Struct

from ncutool.work.operators.call import OpCall, UnmodelledError
from ncutool.work.operators.engines.table import Argument, Row, Version
from ncutool.work.operators.tensor import SCALAR_TYPES, Scalar, Tensor, TensorList


class Bound(Struct, frozen=True):
    """The arguments of one call by the names of its row."""

    call: OpCall
    row: Row
    version: Version
    places: dict[str, int]

    @property
    def cut(self) -> str | None:
        """Say where the record ends; None where it holds every argument."""
        recorded, known = len(self.call.inputs), len(self.version.arguments)
        if recorded >= known:
            return None
        return f"the record ends after argument {recorded} of {known}"

    @property
    def hides(self) -> bool:
        """Whether tensors that may be moved stand past the end of the record."""
        return any(
            argument.read or argument.written
            for argument in self.version.arguments[len(self.call.inputs) :]
            if argument.tensor
        )

    def optional(self, name: str) -> Tensor | None:
        """Return the tensor ``name``; None where it is absent or the version has none."""
        place = self.places.get(name)
        return None if place is None else self.call.optional(place)

    def tensor(self, name: str, rank: int = 0) -> Tensor:
        """Return the tensor ``name``, which has at least ``rank`` dimensions."""
        if name not in self.places:
            raise UnmodelledError(f"no shapes recorded for {self.call.name}")
        return self.call.tensor(self.places[name], rank)

    def ranked(self, name: str, rank: int) -> Tensor:
        """Return the tensor ``name``, which has exactly ``rank`` dimensions."""
        tensor = self.tensor(name, rank)
        if len(tensor.shape) != rank:
            raise self.mismatch()
        return tensor

    def has(self, name: str) -> bool:
        """Whether the version has an argument of this name."""
        return name in self.places

    def recorded(self, name: str) -> bool:
        """Whether the record reaches the argument ``name``."""
        return self.places.get(name, len(self.call.inputs)) < len(self.call.inputs)

    def integer(self, name: str) -> int | None:
        """Return the whole number ``name``; None where it was not recorded."""
        return self.call.integer(self.places[name]) if name in self.places else None

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Return the list of whole numbers ``name``; None where it was not recorded."""
        return self.call.integers(self.places[name]) if name in self.places else None

    def flag(self, name: str) -> bool | None:
        """Return the truth value ``name``, 0 and 1 too; None where it was not recorded."""
        if name not in self.places:
            return None
        number = self.call.integer(self.places[name])
        return self.call.flag(self.places[name]) if number is None else bool(number)

    def dtype(self, name: str) -> str | None:
        """Return the data type whose code the argument ``name`` holds."""
        code = self.integer(name)
        return None if code is None else SCALAR_TYPES.get(code)

    def absent(self, name: str) -> bool:
        """Whether the argument ``name`` was recorded as None."""
        return name in self.places and self.call.is_absent(self.places[name])

    def need_whole(self) -> None:
        """Raise where the record ends early and nothing in it proves the rest."""
        if self.cut is not None:
            raise UnmodelledError(f"{self.cut} of {self.call.name}")

    def mismatch(self) -> UnmodelledError:
        """Return the error of shapes that do not make this operator."""
        return UnmodelledError(f"shapes of {self.call.name} do not fit together")


def bind(call: OpCall, row: Row) -> Bound:
    """Return ``call`` with its arguments named; raise where no version of its signature fits."""
    recorded = len(call.inputs)
    possible = [each for each in row.versions if _length_fits(each, recorded)]
    if not possible and recorded < min(len(each.arguments) for each in row.versions):
        possible = _prefixed(row, recorded)
    if not possible:
        known = " or ".join(sorted({str(len(each.arguments)) for each in row.versions}, key=int))
        raise UnmodelledError(
            f"{call.name} was recorded with {recorded} arguments; known are {known}"
        )
    for each in possible:
        if _kinds_fit(call, each):
            return _whole(Bound(call, row, each, each.places))
    raise UnmodelledError(f"the recorded arguments are not those of {call.name}")


def _whole(bound: Bound) -> Bound:
    """Return ``bound``; raise where a tensor that every call has was recorded without its shape."""
    for argument, item in zip(bound.version.arguments, bound.call.inputs, strict=False):
        moved = argument.tensor and (argument.read or argument.written)
        if moved and not argument.optional and not isinstance(item, Tensor):
            raise UnmodelledError(f"no shapes recorded for {bound.call.name}")
    return bound


def _length_fits(version: Version, recorded: int) -> bool:
    known = len(version.arguments)
    return recorded >= known if version.open else recorded == known


def _prefixed(row: Row, recorded: int) -> list[Version]:
    """Return the first version where all begin with the same tensors, else none."""
    heads = {tuple(each.arguments[:recorded]) for each in row.versions}
    tensors_alone = all(argument.tensor for head in heads for argument in head)
    return [row.versions[0]] if len(heads) == 1 and tensors_alone else []


def _kinds_fit(call: OpCall, version: Version) -> bool:
    return all(
        _kind_fits(argument, item)
        for argument, item in zip(version.arguments, call.inputs, strict=False)
    )


def _kind_fits(argument: Argument, item: Tensor | TensorList | Scalar) -> bool:
    """Whether a recorded argument may be ``argument``; one that was not recorded may be any."""
    if isinstance(item, Scalar):
        return not argument.tensor or (item.kind == "" and item.value is None)
    return argument.tensor or (isinstance(item, TensorList) and item.tensors is None)
