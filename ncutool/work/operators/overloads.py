"""Signatures of operators: which argument of a call is which, by overload and by version.

One name stands for several signatures. Overloads add a result (`out`) or a data type
(`out_dtype`) among the arguments, and releases of PyTorch add, move and remove arguments. Reading
an argument at a fixed place then reads another one without noticing. A call is therefore read by
the signature that it has in number and in kind of arguments; where it has none, nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct

from ncutool.work.operators.call import OpCall, UnmodelledError
from ncutool.work.operators.tensor import DTYPES, Argument, Scalar, Tensor, TensorList

NO_SIGNATURE = "is not a signature of it that is known"


class Parameter(Struct, frozen=True):
    """One argument of a signature, as PyTorch's schema language writes it."""

    kind: str
    name: str

    @property
    def is_tensor(self) -> bool:
        """Whether it is a single tensor, required or optional."""
        return self.kind in ("Tensor", "Tensor?")

    def fits(self, argument: Argument, *, typed: bool = True) -> bool:
        """Whether ``argument`` may be this one: by its kind, and by its value where recorded.

        A single number that is required has a kind of its own wherever kinds are recorded.
        """
        if self.kind == "Tensor":
            return isinstance(argument, Tensor)
        if self.kind == "Tensor?":
            return isinstance(argument, Tensor) or _is_absent(argument)
        if self.kind == "Tensor[]":
            return isinstance(argument, TensorList) or (
                isinstance(argument, Scalar) and argument.kind in ("", "GenericList", "TensorList")
            )
        if isinstance(argument, Tensor):  # some traces record numbers so
            return self.kind.startswith("Scalar") and not argument.shape and "Type" not in self.kind
        if not isinstance(argument, Scalar):
            return False
        if argument.value is None:
            required = typed and self.kind in _SINGLE
            return argument.kind != "" if required else True
        return _VALUE[self.kind.removesuffix("?")](argument.value)


@lru_cache(maxsize=1024)
def parameters(declared: str) -> tuple[Parameter, ...]:
    """Return the parameters of a text such as `Tensor self, Tensor mat2, ScalarType out_dtype`."""
    pairs = (part.split() for part in declared.split(","))
    return tuple(Parameter(kind, name) for kind, name in pairs)


class Arguments:
    """The arguments of a call by their names in the signature that it has."""

    def __init__(self, call: OpCall, names: tuple[str, ...]) -> None:
        self.call = call
        self._places = MappingProxyType({name: index for index, name in enumerate(names)})

    def __contains__(self, name: str) -> bool:
        """Whether the signature has an argument ``name`` that the call goes as far as."""
        return name in self._places

    def _at(self, name: str) -> int:
        """Return the place of an argument, past the end where the signature has none of it."""
        return self._places.get(name, len(self.call.inputs))

    def tensor(self, name: str, rank: int = 0) -> Tensor:
        """Return the tensor ``name``, which has at least ``rank`` dimensions."""
        return self.call.tensor(self._at(name), rank)

    def optional(self, name: str) -> Tensor | None:
        """Return the tensor ``name``; None where there is none."""
        return self.call.optional(self._at(name))

    def tensor_list(self, name: str) -> tuple[Tensor, ...]:
        """Return the tensors of the list ``name``."""
        return self.call.tensor_list(self._at(name))

    def is_absent(self, name: str) -> bool:
        """Whether ``name`` was given as None, or the signature has no such argument."""
        return name not in self or self.call.is_absent(self._at(name))

    def flag(self, name: str) -> bool | None:
        """Return the truth value ``name``; None where it was not recorded."""
        return self.call.flag(self._at(name))

    def integer(self, name: str) -> int | None:
        """Return the whole number ``name``; None where it was not recorded."""
        return self.call.integer(self._at(name))

    def number(self, name: str) -> float | None:
        """Return the number ``name``; None where it was not recorded."""
        return self.call.number(self._at(name))

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Return the whole numbers ``name``; None where they were not recorded."""
        return self.call.integers(self._at(name))

    def numbers(self, name: str) -> tuple[float, ...] | None:
        """Return the numbers ``name``; None where they were not recorded."""
        return self.call.numbers(self._at(name))

    def flags(self, name: str) -> tuple[bool, ...] | None:
        """Return the truth values ``name``; None where they were not recorded."""
        return self.call.flags(self._at(name))

    def text(self, name: str) -> str | None:
        """Return the text ``name``; None where it was not recorded."""
        return self.call.text(self._at(name))


def read(call: OpCall, *signatures: str) -> Arguments:
    """Return the arguments of ``call`` by the first of ``signatures`` that it has.

    Signatures of one length that a call may have both must read alike. A call that leaves off the
    end of its arguments is read only as far as all signatures agree, and only where nothing but
    tensors is there: anything else may belong to a version that is not known.

    Raises:
        UnmodelledError: the call has none of the signatures.
    """
    known = tuple(parameters(signature) for signature in signatures)
    count = len(call.inputs)
    for signature in known:
        if len(signature) == count and _fit(call, signature):
            return Arguments(call, tuple(item.name for item in signature))
    starts = {signature[:count] for signature in known if len(signature) > count}
    names = {tuple(item.name for item in start) for start in starts}
    tensors_alone = all(item.is_tensor for start in starts for item in start)
    if count and len(names) == 1 and tensors_alone and any(_fit(call, one) for one in starts):
        return Arguments(call, names.pop())
    raise _unread(call)


def read_start(call: OpCall, signature: str) -> Arguments:
    """Return the arguments of ``call`` that ``signature`` names, the first ones.

    For operators whose signatures grow at their ends from release to release while their start
    stays: what follows is not read.

    Raises:
        UnmodelledError: the call does not begin with arguments of these kinds.
    """
    known = parameters(signature)
    start = OpCall(call.name, call.inputs[: len(known)])
    if len(start.inputs) < len(known) or not _fit(start, known):
        raise _unread(call)
    return Arguments(call, tuple(item.name for item in known))


def _unread(call: OpCall) -> UnmodelledError:
    """Return why a call is not read: sizes of a tensor are damaged, or its signature is unknown."""
    if any(isinstance(item, Scalar) and item.kind in DTYPES for item in call.inputs):
        return UnmodelledError(f"no shapes recorded for {call.name}")
    count = len(call.inputs)
    return UnmodelledError(f"{call.name} with {count} arguments like these {NO_SIGNATURE}")


def _fit(call: OpCall, signature: tuple[Parameter, ...]) -> bool:
    typed = any(isinstance(argument, Scalar) and argument.kind for argument in call.inputs)
    pairs = zip(signature, call.inputs, strict=True)
    return all(item.fits(given, typed=typed) for item, given in pairs)


def _is_absent(argument: Argument) -> bool:
    """Whether it was given as None, or as a tensor that is undefined: both are recorded alike."""
    return isinstance(argument, Scalar) and argument.value is None and argument.kind in ("", "None")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_whole(value: object) -> bool:
    items = value if isinstance(value, tuple) else (value,)
    return all(_is_whole(item) for item in items)


_SINGLE = ("bool", "int", "float", "Scalar", "ScalarType")
_VALUE: dict[str, Callable[[object], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": _is_whole,
    "ScalarType": _is_whole,
    "float": _is_number,
    "Scalar": lambda value: not isinstance(value, tuple),
    "str": lambda value: isinstance(value, str),
    "int[]": _are_whole,
    "float[]": lambda value: isinstance(value, tuple) or _is_number(value),
    "bool[]": lambda value: isinstance(value, tuple),
    "any": lambda value: True,
}
"""Kind of an argument that is no tensor -> whether a recorded value may be one."""
