"""Resizing of images and volumes: nearest elements are copied, others are weighted sums.

A weighted sum counts its products and sums: 3 operations in one dimension, 9 in two, 21 in three,
35 of a bicubic one. The arithmetic of places and of a cubic's weights is not counted. The sizes
of the result stand in `Concrete Inputs`, or the factors from which PyTorch works them out.
"""

from __future__ import annotations

from math import prod

from ncutool.base.thresholds import IntThreshold
from ncutool.work.exactness import Exactness
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.overloads import Arguments, read
from ncutool.work.operators.tensor import Tensor

FAMILY = "elementwise"
COPIES = "copy"
NO_WEIGHTS = "lower bound of the FLOPs: without the arithmetic of weights and places"
LARGER_PLACES = "upper bound of the bytes: which elements a smaller result skips depends on places"
_AXES = {"1d": ("scales",), "2d": ("scales_h", "scales_w"), "3d": ("d", "scales_h", "scales_w")}
_CONVENTION = "convention: its products and sums, without those of weights and places"
_CUBIC = IntThreshold(35, "FLOP per element", "4 x 4 places weighted and added up", _CONVENTION)
_CUBIC_BACKWARD = IntThreshold(
    48, "FLOP per element", "the same backward: two products and a sum a place", _CONVENTION
)


def _kind(base: str) -> tuple[str, int]:
    """Return the way an operator interpolates (`nearest`, `linear`, `cubic`), and its rank."""
    way = "nearest" if "nearest" in base else "cubic" if "cubic" in base else "linear"
    return way, int(next(axis for axis in _AXES if axis in base)[0])


def _signatures(base: str) -> tuple[str, ...]:
    """Return the signatures of an operator: sizes and a factor an axis, with a result, or both as
    lists (`vec`)."""
    way, rank = _kind(base)
    aligned = "" if way == "nearest" else ", bool align_corners"
    axes = "".join(f", float? {axis}" for axis in _AXES[f"{rank}d"])
    sizes = "Tensor x, int[] output_size"
    lists = "Tensor x, int[]? output_size"
    if base.endswith("_backward"):
        sizes, lists = f"{sizes}, int[] input_size", f"{lists}, int[] input_size"
    plain = f"{sizes}{aligned}{axes}"
    return (plain, f"{plain}, Tensor out", f"{lists}{aligned}, float[]? scale_factors")


def _result_sizes(arguments: Arguments, x: Tensor, rank: int) -> tuple[int, ...]:
    """Return the spatial sizes of the result: as given, or sizes times factors, rounded down."""
    sizes = arguments.integers("output_size")
    factors = arguments.numbers("scale_factors")
    if sizes is None and factors is not None and len(factors) == rank:
        sizes = tuple(int(size * factor) for size, factor in zip(x.shape[2:], factors, strict=True))
    if sizes is None or len(sizes) != rank or min(sizes) < 0 or len(x.shape) != rank + 2:
        raise UnmodelledError(f"output size of {arguments.call.name} not recorded")
    return sizes


def _forward(call: OpCall) -> Work:
    """Model `upsample_*(x[N,C,*], output_size, ...)`."""
    arguments = read(call, *_signatures(call.base))
    way, rank = _kind(call.base)
    x = arguments.tensor("x", 3)
    sizes = _result_sizes(arguments, x, rank)
    out = Tensor((*x.shape[:2], *sizes), x.dtype)
    read_part, bytes_exactness = _read_part(x, sizes, way, smooth=call.base.endswith("_aa"))
    steps = {"nearest": 0, "linear": 3 * (2**rank - 1), "cubic": _CUBIC}[way]
    bound = way == "cubic" or call.base.endswith("_aa")
    remarks = [NO_WEIGHTS if bound else None]
    remarks += [LARGER_PLACES if bytes_exactness != "exact" else None]
    return work_of(
        COPIES if way == "nearest" else FAMILY,
        steps * out.numel,
        (read_part,),
        (out,),
        dtype=x.dtype,
        remark="; ".join(remark for remark in remarks if remark) or None,
        flop_exactness="lower_bound" if bound else "exact",
        bytes_exactness=bytes_exactness,
    )


def _read_part(
    x: Tensor, sizes: tuple[int, ...], way: str, *, smooth: bool
) -> tuple[Tensor, Exactness]:
    """Return the part of the input that is read, and how sure that is: a smaller result skips
    elements, except where it is smoothed over all of them."""
    taps = {"nearest": 1, "linear": 2, "cubic": 4}[way]
    most = tuple(
        size if smooth or wanted >= size else min(size, taps * wanted)
        for size, wanted in zip(x.shape[2:], sizes, strict=True)
    )
    if most == x.shape[2:] and (smooth or all(w >= s for w, s in zip(sizes, most, strict=True))):
        return x, "exact"
    # The strides stay: what was expanded is still read once.
    part = Tensor((*x.shape[:2], *most), x.dtype, x.strides, element_bytes=x.element_bytes)
    return part, "exact" if way == "nearest" else "upper_bound"


def _backward(call: OpCall) -> Work:
    """Model `upsample_*_backward(grad[N,C,*], output_size, input_size, ...)`: each element of the
    gradient is added to the places that it came from, weighted where there are several."""
    arguments = read(call, *_signatures(call.base))
    way, rank = _kind(call.base)
    grad, sizes = arguments.tensor("x", 3), arguments.integers("input_size")
    if sizes is None or len(sizes) != rank + 2 or min(sizes) < 0 or sizes[:2] != grad.shape[:2]:
        raise UnmodelledError(f"input size of {call.name} not recorded")
    steps = {"nearest": 1, "linear": 2**rank * (rank + 1), "cubic": _CUBIC_BACKWARD}[way]
    bound = way == "cubic" or "_aa" in call.base
    return work_of(
        FAMILY,
        steps * prod(grad.shape),
        (grad,),
        (Tensor(sizes, grad.dtype),),
        dtype=grad.dtype,
        remark=NO_WEIGHTS if bound else None,
        flop_exactness="lower_bound" if bound else "exact",
    )


_NAMES = (
    *(f"upsample_nearest{rank}d" for rank in (1, 2, 3)),
    *(f"_upsample_nearest_exact{rank}d" for rank in (1, 2, 3)),
    *("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d"),
    *("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"),
)

MODELS: dict[str, Model] = {
    **{f"aten::{name}": _forward for name in _NAMES},
    **{f"aten::{name}_backward": _backward for name in _NAMES},
}
