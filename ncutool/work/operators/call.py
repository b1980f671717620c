"""One operator call, the work it stands for, and the ways in which that cannot be known."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ncutool.work.exactness import Exactness
from ncutool.work.operators.tensor import Argument, Scalar, Tensor, TensorList

NO_DTYPES = "no data types recorded"


class UnmodelledError(Exception):
    """Raised inside a model where the call does not say enough; never leaves this package."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class OpCall(Struct, frozen=True):
    """One operator call as recorded, with what its surroundings add."""

    name: str
    inputs: tuple[Argument, ...]
    parent: OpCall | None = None
    """The operator that called it, where that is known."""
    list_element_bytes: int | None = None
    """Element size of its list arguments, told by the name of the kernel it launched."""
    output_shape: tuple[int, ...] | None = None
    """Shape of its result, told by the backward operator tied to it."""
    backend: str | None = None
    """`triton` for compiled kernels."""
    step: str | None = None
    """The serving engine's annotation of the step that it belongs to."""

    @property
    def base(self) -> str:
        """Name without namespace and without the underscore of the in-place form."""
        name = self.name.rpartition("::")[2]
        return name[:-1] if self.in_place else name

    @property
    def in_place(self) -> bool:
        """Whether it overwrites its first argument (`aten::add_`)."""
        return self.name.endswith("_") and not self.name.endswith("__")

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All tensor arguments in order, without those inside lists."""
        return tuple(item for item in self.inputs if isinstance(item, Tensor))

    def optional(self, index: int) -> Tensor | None:
        """Return the tensor at ``index``, or None where there is none."""
        item = self.inputs[index] if index < len(self.inputs) else None
        return item if isinstance(item, Tensor) else None

    def tensor(self, index: int, rank: int = 0) -> Tensor:
        """Return the tensor at ``index``, which has at least ``rank`` dimensions."""
        argument = self.optional(index)
        if argument is None or len(argument.shape) < rank:
            raise UnmodelledError(f"no shapes recorded for {self.name}")
        return argument

    def tensor_list(self, index: int) -> tuple[Tensor, ...]:
        """Return the tensors of the list at ``index``, with their element size if it is known."""
        item = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(item, TensorList) or item.tensors is None:
            raise UnmodelledError(f"no shapes recorded for {self.name}")
        return tuple(
            Tensor(each.shape, each.dtype, each.strides, self.list_element_bytes)
            for each in item.tensors
        )

    def is_absent(self, index: int) -> bool:
        """Whether the argument at ``index`` was recorded as None: with neither type nor value."""
        item = self.inputs[index] if index < len(self.inputs) else None
        return isinstance(item, Scalar) and item.value is None and item.kind in ("", "None")

    def text(self, index: int) -> str | None:
        """Return the text at ``index``; None where it was not recorded."""
        value = self._value(index)
        return value if isinstance(value, str) else None

    def flag(self, index: int) -> bool | None:
        """Return the truth value at ``index``; None where it was not recorded."""
        value = self._value(index)
        return value if isinstance(value, bool) else None

    def integer(self, index: int) -> int | None:
        """Return the whole number at ``index``; None where it was not recorded."""
        value = self._value(index)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def number(self, index: int) -> float | None:
        """Return the number at ``index``; None where it was not recorded."""
        value = self._value(index)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)

    def integers(self, index: int) -> tuple[int, ...] | None:
        """Return the list of whole numbers at ``index``; a single number is a list of one."""
        value = self._value(index)
        if isinstance(value, tuple):
            return tuple(int(item) for item in value)
        single = self.integer(index)
        return None if single is None else (single,)

    def numbers(self, index: int) -> tuple[float, ...] | None:
        """Return the list of numbers at ``index``; None where it was not recorded."""
        value = self._value(index)
        return tuple(float(item) for item in value) if isinstance(value, tuple) else None

    def flags(self, index: int) -> tuple[bool, ...] | None:
        """Return the list of truth values at ``index``; None where it was not recorded."""
        value = self._value(index)
        return tuple(bool(item) for item in value) if isinstance(value, tuple) else None

    def _value(self, index: int) -> object:
        item = self.inputs[index] if index < len(self.inputs) else None
        return item.value if isinstance(item, Scalar) else None


class Work(Struct, frozen=True):
    """FLOPs and compulsory bytes of one call: each distinct input read once, each output once."""

    family: str
    """One of :data:`ncutool.base.tables.FAMILIES`."""
    flop: int | None
    bytes_read: int | None
    bytes_written: int | None
    dtype: str | None = None
    """Data type of the math."""
    outputs: tuple[Tensor, ...] = ()
    """Shapes and data types of the results (a trace does not record them)."""
    remark: str | None = None
    reason: str | None = None
    """Why ``flop`` or the bytes are None."""
    flop_exactness: Exactness = "exact"
    bytes_exactness: Exactness = "exact"
    divisible: bool = True
    """Whether the bytes may be shared out over the kernels of a call: not where they are a bound
    for all of them together and say nothing of each."""

    @property
    def bytes(self) -> int | None:
        """Bytes read and written."""
        if self.bytes_read is None or self.bytes_written is None:
            return None
        return self.bytes_read + self.bytes_written


class NoModel(Struct, frozen=True):
    """The call's work is not known, and why."""

    reason: str
    family: str = "other"


Model = Callable[[OpCall], Work]
"""Raises :class:`UnmodelledError` where the call does not say enough."""


def total(*parts: int | None) -> int | None:
    """Return the sum, or None where a part is unknown."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def work_of(
    family: str,
    flop: int | None,
    reads: tuple[Tensor | None, ...],
    writes: tuple[Tensor | None, ...],
    *,
    dtype: str | None = None,
    outputs: tuple[Tensor, ...] | None = None,
    remark: str | None = None,
    reason: str | None = None,
    flop_exactness: Exactness = "exact",
    bytes_exactness: Exactness = "exact",
    extra_read: int = 0,
    extra_written: int = 0,
) -> Work:
    """Return the work of reading and writing tensors once each; absent ones cost nothing."""
    read = total(extra_read, *(tensor.read_bytes for tensor in reads if tensor is not None))
    written = total(extra_written, *(tensor.write_bytes for tensor in writes if tensor is not None))
    known = read is not None and written is not None
    produced = outputs
    if produced is None:
        produced = tuple(tensor for tensor in writes if tensor is not None)
    return Work(
        family,
        flop,
        read,
        written,
        dtype=dtype,
        outputs=produced,
        remark=remark,
        reason=reason or (None if known else NO_DTYPES),
        flop_exactness=flop_exactness,
        bytes_exactness=bytes_exactness,
    )
