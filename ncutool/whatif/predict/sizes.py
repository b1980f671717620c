"""Which numbers in recorded shapes are the batch and the sequence length, as far as they tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from ncutool.base.thresholds import Threshold
from ncutool.work.operators import OpCall, Tensor, TensorList
from ncutool.work.operators.attention import LENGTH_AT

Shape = tuple[int, ...]

PARAMETERS: dict[str, tuple[int, ...]] = {
    "addmm": (0, 2),
    "mm": (1,),
    "linear": (1, 2),
    "convolution": (1, 2),
    "_convolution": (1, 2),
    "cudnn_convolution": (1, 2),
    "miopen_convolution": (1, 2),
    "conv2d": (1, 2),
    "native_layer_norm": (2, 3),
    "layer_norm": (2, 3),
    "native_batch_norm": (1, 2, 3, 4),
    "cudnn_batch_norm": (1, 2, 3, 4),
    "miopen_batch_norm": (1, 2, 3, 4),
    "native_group_norm": (1, 2),
    "rms_norm": (2,),
    "embedding": (0,),
}
"""Operator -> positions of its weights, which no batch changes."""
SQUARE = ("_softmax", "softmax")
"""Operators over attention scores, whose last two dimensions are both the length."""
MAJORITY = Threshold(
    0.6, "share of activations", "those that a number must lead to be the batch", "judgement"
)
CLEAR = Threshold(
    0.9, "share of the first", "a second number that occurs more often leaves it open", "judgement"
)


class Sizes(Struct, frozen=True):
    """The batch, and the sequence length where it is known, as numbers in shapes."""

    batch: int
    length: int | None = None


def find(calls: Sequence[OpCall]) -> Sizes | str:
    """Return the batch and length of the calls, or one sentence why they cannot be told."""
    weights = parameter_shapes(calls)
    shapes = [
        shape
        for call in calls
        for shape, is_weight in _shapes(call)
        if len(shape) >= 3 and not is_weight and key(shape) not in weights
    ]
    if not shapes:
        return "no operator has an activation of three dimensions or more: name the batch"
    length = _length(calls)
    counts = Counter(size for shape in shapes for size in set(shape[:2]) if size > 1)
    ranked = counts.most_common(2)
    if not ranked or ranked[0][1] < MAJORITY * len(shapes):
        return "no number leads most of the activations' shapes (a batch of 1?): name the batch"
    alike = [size for size, count in ranked if count > CLEAR * ranked[0][1]]
    if len(alike) > 1:
        alike = [size for size in alike if size != length]
    if len(alike) > 1:
        return f"{alike[0]} and {alike[1]} lead the activations alike often: name the batch"
    return Sizes(alike[0], length)


def _length(calls: Iterable[OpCall]) -> int | None:
    """Return the most frequent length of attention.

    It is told by its scores where these are square, or by its queries where one operator does it
    all.
    """
    lengths: Counter[int] = Counter()
    for call in calls:
        first = call.optional(0)
        shape = () if first is None else first.shape
        if call.base in SQUARE and len(shape) >= 3 and shape[-1] == shape[-2] > 1:
            lengths[shape[-1]] += 1
        elif call.base in LENGTH_AT and len(shape) == 4 and shape[LENGTH_AT[call.base]] > 1:
            lengths[shape[LENGTH_AT[call.base]]] += 1  # one query is a step of decoding, no length
    return lengths.most_common(1)[0][0] if lengths else None


def parameter_shapes(calls: Iterable[OpCall]) -> frozenset[Shape]:
    """Return the shapes of weights as :func:`key` gives them."""
    return frozenset(
        key(shape) for call in calls for shape, is_weight in _shapes(call) if is_weight and shape
    )


def key(shape: Shape) -> Shape:
    """Return a shape sorted and without dimensions of 1: a transposed weight is the same."""
    return tuple(sorted(size for size in shape if size != 1))


def _shapes(call: OpCall) -> Iterator[tuple[Shape, bool]]:
    weights = PARAMETERS.get(call.base, ())
    for index, item in enumerate(call.inputs):
        if isinstance(item, Tensor):
            yield item.shape, index in weights
        elif isinstance(item, TensorList):
            yield from ((tensor.shape, False) for tensor in item.tensors or ())
