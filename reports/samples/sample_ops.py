"""A tree of operator calls and launches, as a profiler would record them.

Operators record their own arguments and nest as PyTorch's do; a launch carries what the clock and
the counters of the synthetic samples need to know of its kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

ITEM_BYTES = {"c10::BFloat16": 2, "float": 4, "double": 8, "long int": 8}
DTYPE_CODES = {"c10::BFloat16": 15, "float": 6, "long int": 4}
"""PyTorch's number of each scalar type, as `Concrete Inputs` shows it."""


@dataclass(frozen=True)
class Tensor:
    """Shape, strides in elements, and the name PyTorch gives the data type."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str
    offset: int = 0

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the distinct elements: a dimension of stride 0 counts once."""
        sizes = (size for size, stride in zip(self.shape, self.strides, strict=True) if stride)
        return prod(sizes) * ITEM_BYTES[self.dtype]

    def dense(self, *shape: int, dtype: str | None = None) -> Tensor:
        """A new contiguous tensor of ``shape``."""
        return dense(shape, dtype or self.dtype)


def dense(shape: tuple[int, ...], dtype: str = "c10::BFloat16") -> Tensor:
    """A contiguous tensor."""
    strides = tuple(prod(shape[position + 1 :]) for position in range(len(shape)))
    return Tensor(shape, strides, dtype)


def scalar_tensor(dtype: str) -> Tensor:
    """A tensor without dimensions, as a Python number becomes in `aten::add`."""
    return Tensor((), (), dtype)


@dataclass(frozen=True)
class Kernel:
    """A kernel's launch geometry and the work of one launch of it."""

    name: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    registers: int
    read_bytes: float
    written_bytes: float
    memory_efficiency: float = 0.85
    """Share of the DRAM peak it reaches when DRAM holds it."""
    shared_bytes: int = 0
    tensor_ops: float = 0.0
    """Operations on the tensor cores, of whole tiles as the hardware counts them."""
    tensor_path: str = ""
    """`hgmma` (Hopper's own instructions) or `hmma` (those of Ampere)."""
    tensor_efficiency: float = 0.70
    fadd: float = 0.0
    fmul: float = 0.0
    ffma: float = 0.0
    """FP32 thread instructions of the whole launch."""

    @property
    def threads(self) -> int:
        return prod(self.grid) * prod(self.block)


Argument = Tensor | list[Tensor] | tuple[int, ...] | int | float | bool | None


@dataclass(frozen=True)
class Launch:
    """A runtime call and the kernel it starts."""

    kernel: Kernel
    call: str = "cudaLaunchKernel"


@dataclass(frozen=True)
class Copy:
    """A copy between host and device: `HtoD` or `DtoH`, pinned or pageable."""

    kind: str
    nbytes: int
    pageable: bool


@dataclass(frozen=True)
class Synchronize:
    """The host waits for the stream."""

    call: str = "cudaStreamSynchronize"


@dataclass
class Call:
    """An operator call, or an annotation if ``is_annotation``."""

    name: str
    inputs: tuple[Argument, ...] = ()
    children: list[Node] = field(default_factory=list)
    is_annotation: bool = False


Node = Call | Launch | Copy | Synchronize


class Recorder:
    """Builds the tree: operators open and close as the workload runs."""

    def __init__(self) -> None:
        self.root = Call("", is_annotation=True)
        self._open = [self.root]

    @contextmanager
    def op(self, name: str, *inputs: Argument) -> Iterator[None]:
        """An operator around what the block records."""
        with self._within(Call(name, inputs)):
            yield

    @contextmanager
    def annotation(self, name: str) -> Iterator[None]:
        """A user annotation around what the block records."""
        with self._within(Call(name, is_annotation=True)):
            yield

    @contextmanager
    def _within(self, call: Call) -> Iterator[None]:
        self._open[-1].children.append(call)
        self._open.append(call)
        yield
        self._open.pop()

    def leaf(self, name: str, *inputs: Argument) -> None:
        """An operator that records nothing inside."""
        self._open[-1].children.append(Call(name, inputs))

    def add(self, node: Launch | Copy | Synchronize) -> None:
        """A launch, a copy or a wait inside the open operator."""
        self._open[-1].children.append(node)


def recorded(argument: Argument) -> tuple[object, str, object, str]:
    """Dims, type, strides and concrete text of one argument, as Kineto writes them."""
    if argument is None:
        return [], "", [], ""
    if isinstance(argument, Tensor):
        return list(argument.shape), argument.dtype, list(argument.strides), ""
    if isinstance(argument, list):
        dims = [list(each.shape) for each in argument]
        return dims, "TensorList", [list(each.strides) for each in argument], ""
    if isinstance(argument, tuple):
        return [], "ScalarList", [], str(list(argument))
    text = str(argument)
    return [], "Scalar", [], text.removesuffix("0") if isinstance(argument, float) else text
