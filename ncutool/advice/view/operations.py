"""What all calls of one operator on the same shapes by the same kernels have in common.

Patterns ask the same of thousands of calls; what they ask is told by a few hundred operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from ncutool.advice.view.kinds import Kind
from ncutool.work.calls import plain_call
from ncutool.work.operators import OpCall, Work, model
from ncutool.work.operators.tensor import Tensor, TensorList
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
    """Return what ``tensor`` is known by."""
    return tensor.shape, tensor.dtype


class Recorded(NamedTuple):
    """What the signature of a call says."""

    symbol: str
    op: str
    in_place: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    native: bool
    numel: int
    full_bytes: int | None
    factors: tuple[Tensor, Tensor] | None
    sizes: tuple[int, int, int] | None
    numels: tuple[int, ...]
    read: tuple[Key, ...]
    written: frozenset[Key]
    listed: int


NOTHING = Recorded(UNKNOWN, "", False, (), (), False, 0, None, None, None, (), (), frozenset(), 0)


class Operation(Struct, eq=False):
    """One operator on given shapes, by given kernels; or a kernel of no known operator.

    Its first fields are those of :class:`Recorded`. There is one of each, and nobody changes it, as
    with :class:`ncutool.advice.view.kinds.Kind`.
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
    factors: tuple[Tensor, Tensor] | None
    """Activation and weight of a product with a two-dimensional weight."""
    sizes: tuple[int, int, int] | None
    """Rows, inner size and columns of such a product; None where its shapes do not fit."""
    numels: tuple[int, ...]
    """Elements of each of ``inputs``."""
    read: tuple[Key, ...]
    """Shapes and data types of what it reads."""
    written: frozenset[Key]
    """What it wrote, as far as shape and type of all of it are known."""
    listed: int
    """Tensors in the list that it takes; 0 where it takes none."""
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


def single(recorded: Recorded, kind: Kind) -> Operation:
    """Return the operation of one launch."""
    roof = kind.roof if kind.flop is not None else None
    work = (kind.signature, kind.flop, kind.dram_bytes, kind.blocks, roof)
    return _made(recorded, kind, *work, kind.category != "kernel", kind.barrier)


def several(
    recorded: Recorded, kinds: Sequence[Kind], longest: Kind, blocks: int | None
) -> Operation:
    """Return the operation of the launches ``kinds``, of which ``longest`` names it and has so many
    ``blocks``."""
    roof = next((kind.roof for kind in kinds if kind.roof and kind.flop is not None), None)
    return _made(
        recorded,
        longest,
        kinds[0].signature,
        _known_sum([kind.flop for kind in kinds]),
        _known_sum([kind.dram_bytes for kind in kinds]),
        blocks,
        roof,
        all(kind.category != "kernel" for kind in kinds),
        any(kind.barrier for kind in kinds),
    )


def _made(
    recorded: Recorded,
    longest: Kind,
    signature: str | None,
    flop: float | None,
    moved: float | None,
    blocks: int | None,
    roof: str | None,
    by_engine: bool,
    barrier: bool,
) -> Operation:
    return Operation(
        BARRIER if barrier else recorded.symbol,
        recorded.op or longest.kernel,
        *recorded[2:],
        longest.family,
        signature,
        flop,
        moved,
        blocks,
        roof,
        by_engine,
    )


def _known_sum(values: Sequence[float | None]) -> float | None:
    """Return the sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def recorded_of(capture: Capture, wanted: set[int]) -> dict[int, Recorded]:
    """Return what the signatures in ``wanted`` say."""
    columns = ("op", "input_dims", "input_types", "input_strides", "concrete_inputs")
    rows = capture.signatures.select("signature_id", *columns).rows()
    return {index: _recorded(plain_call(*texts)) for index, *texts in rows if index in wanted}


def _recorded(call: OpCall) -> Recorded:
    inputs, op = call.tensors, call.name.rpartition("::")[2]
    lists = [item for item in call.inputs if isinstance(item, TensorList)]
    outputs = work.outputs if isinstance(work := model(call), Work) else ()
    numels = tuple([tensor.numel for tensor in inputs])
    numel = max((*numels, *(tensor.numel for tensor in outputs)), default=0)
    itemsizes = [item for tensor in (*inputs, *outputs) if (item := tensor.itemsize)]
    factors = _factors(op, inputs)
    known = all(tensor.dtype is not None for tensor in outputs)
    return Recorded(
        symbol=SYMBOL_OF.get(call.base, OTHER),
        op=op,
        in_place=call.in_place,
        inputs=inputs,
        outputs=outputs,
        native=call.name.startswith("aten::"),
        numel=numel,
        full_bytes=numel * min(itemsizes) if itemsizes else None,
        factors=factors,
        sizes=None if factors is None else _sizes(op, *factors),
        numels=numels,
        read=tuple(map(key, inputs)),
        written=frozenset(map(key, outputs)) if known else frozenset(),
        listed=next((len(item.tensors) for item in lists if item.tensors), 0),
    )


def _factors(op: str, inputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor] | None:
    index = _FACTORS.get(op)
    if index is None or len(inputs) < index + 2:
        return None
    activation, weight = inputs[index], inputs[index + 1]
    if len(weight.shape) != 2 or not activation.shape or not weight.numel:
        return None
    return activation, weight


def _sizes(op: str, activation: Tensor, weight: Tensor) -> tuple[int, int, int] | None:
    inner, columns = weight.shape if op != "linear" else weight.shape[::-1]
    if activation.shape[-1] != inner or not activation.numel:
        return None
    return activation.numel // inner, inner, columns
