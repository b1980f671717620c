"""What all calls of one operator on the same shapes by the same kernels have in common.

Patterns ask the same of thousands of calls; what they ask is told by a few hundred operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ncutool.advice.kinds import Kind
from ncutool.work.calls import plain_call
from ncutool.work.operators import OpCall, Work, model
from ncutool.work.operators.tensor import Tensor
from ncutool_parsers.capture import Capture

UNKNOWN = "?"
"""A launch of no recorded operator."""
BARRIER = "|"
"""Communication, or a copy from or to the host: nothing fuses across it."""
OTHER = "."

_SYMBOLS = {
    "a": "add __iadd__",
    "m": "mul __imul__",
    "d": "div",
    "u": "sub rsub",
    "p": "pow square",
    "M": "mean",
    "U": "sum",
    "r": "rsqrt",
    "q": "sqrt",
    "A": "addcmul",
    "V": "addcdiv",
    "i": "lerp",
    "c": "copy",
    "n": "neg",
    "k": "cat stack",
    "s": "_softmax softmax _safe_softmax",
    "Z": "_softmax_backward_data",
    "b": "bmm baddbmm",
    "g": "addmm mm linear _addmm_activation",
    "l": "native_layer_norm layer_norm",
    "S": "silu",
    "G": "gelu",
    "R": "relu clamp_min threshold relu6 hardtanh",
    "B": "native_batch_norm cudnn_batch_norm miopen_batch_norm _batch_norm_impl_index",
    "F": "masked_fill where",
    "f": "fill zero",
    "D": "native_dropout _fused_dropout",
    "t": "tanh",
    "x": "sigmoid",
    "e": "exp",
    "E": "erf",
    "v": "var",
    "C": "convolution cudnn_convolution miopen_convolution _convolution conv2d",
}
SYMBOL_OF = {name: symbol for symbol, names in _SYMBOLS.items() for name in names.split()}

_FACTORS = {"addmm": 1, "mm": 0, "linear": 0, "_addmm_activation": 1}
"""Operators that multiply by a matrix, and which input is multiplied."""

Key = tuple[tuple[int, ...], str | None]
"""Shape and data type, by which a tensor is known again."""


def key(tensor: Tensor) -> Key:
    """What ``tensor`` is known by."""
    return tensor.shape, tensor.dtype


class Said(NamedTuple):
    """What the signature of a call says."""

    symbol: str
    op: str
    in_place: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    native: bool
    numel: int
    full_bytes: int | None


NOTHING = Said(UNKNOWN, "", False, (), (), False, 0, None)


@dataclass(eq=False)
class Operation:
    """One operator on given shapes, by given kernels; or a kernel of no known operator.

    There is one of each, and nobody changes it, as with :class:`ncutool.advice.kinds.Kind`.
    """

    symbol: str
    op: str
    """Name without its namespace; the kernel's where there is no operator."""
    in_place: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    """Empty where no model says what comes out."""
    native: bool
    """One of the framework's own operators, which its compiler may take apart."""
    numel: int
    """Elements of its widest tensor."""
    full_bytes: int | None
    """Bytes of its widest tensor, in the narrower of its input and output types."""
    family: str | None
    signature: str | None
    flop: float | None
    moved: float | None
    """Compulsory bytes of the call."""
    blocks: int | None
    """Blocks of its longest launch."""
    roof: str | None
    """The roof that its work is held against, where that is known."""
    by_engine: bool
    """A copy or memset by the driver rather than a kernel."""

    @cached_property
    def factors(self) -> tuple[Tensor, Tensor] | None:
        """Activation and weight of a product with a two-dimensional weight."""
        index = _FACTORS.get(self.op)
        if index is None or len(self.inputs) < index + 2:
            return None
        activation, weight = self.inputs[index], self.inputs[index + 1]
        if len(weight.shape) != 2 or not activation.shape or not weight.numel:
            return None
        return activation, weight

    @cached_property
    def sizes(self) -> tuple[int, int, int] | None:
        """Rows, inner size and columns of such a product; None where its shapes do not fit."""
        if self.factors is None:
            return None
        activation, weight = self.factors
        inner, columns = weight.shape if self.op != "linear" else weight.shape[::-1]
        if activation.shape[-1] != inner or not activation.numel:
            return None
        return activation.numel // inner, inner, columns

    @cached_property
    def read(self) -> Counter[Key]:
        """How many tensors of each shape and type it reads."""
        return Counter(map(key, self.inputs))

    @cached_property
    def written(self) -> frozenset[Key]:
        """What it wrote, as far as shape and type of all of it are known."""
        if any(tensor.dtype is None for tensor in self.outputs):
            return frozenset()
        return frozenset(map(key, self.outputs))


def operation(said: Said, kinds: Sequence[Kind], longest: Kind, blocks: int | None) -> Operation:
    """Of the launches ``kinds``, of which ``longest`` names it and has so many ``blocks``."""
    return Operation(
        symbol=BARRIER if any(kind.barrier for kind in kinds) else said.symbol,
        op=said.op or longest.kernel,
        in_place=said.in_place,
        inputs=said.inputs,
        outputs=said.outputs,
        native=said.native,
        numel=said.numel,
        full_bytes=said.full_bytes,
        family=longest.family,
        signature=kinds[0].signature,
        flop=_known_sum([kind.flop for kind in kinds]),
        moved=_known_sum([kind.dram_bytes for kind in kinds]),
        blocks=blocks,
        roof=next((kind.roof for kind in kinds if kind.roof and kind.flop is not None), None),
        by_engine=all(kind.category != "kernel" for kind in kinds),
    )


def _known_sum(values: Sequence[float | None]) -> float | None:
    """The sum, None where nothing is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def said_of(capture: Capture, wanted: set[int]) -> dict[int, Said]:
    """What the signatures in ``wanted`` say."""
    columns = ("op", "input_dims", "input_types", "input_strides", "concrete_inputs")
    rows = capture.signatures.select("signature_id", *columns).rows()
    return {index: _said(plain_call(*texts)) for index, *texts in rows if index in wanted}


def _said(call: OpCall) -> Said:
    outputs = work.outputs if isinstance(work := model(call), Work) else ()
    tensors = (*call.tensors, *outputs)
    numel = max((tensor.numel for tensor in tensors), default=0)
    sizes = [item for tensor in tensors if (item := tensor.itemsize)]
    return Said(
        SYMBOL_OF.get(call.base, OTHER),
        call.name.rpartition("::")[2],
        call.in_place,
        call.tensors,
        outputs,
        call.name.startswith("aten::"),
        numel,
        numel * min(sizes) if sizes else None,
    )
