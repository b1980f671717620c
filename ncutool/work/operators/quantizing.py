"""FBGEMM's changes between floating point and narrow formats.

Formats by row keep a scale and an offset beside each row, and pad rows: what is known without that
is a lower bound of the bytes. A plain change of format has no FLOP, as a cast has none; a scale by
row costs a comparison and a multiplication an element.
"""

from __future__ import annotations

from ncutool.base.thresholds import IntThreshold
from ncutool.work.operators.call import Model, OpCall, Work, work_of
from ncutool.work.operators.tensor import Tensor

FAMILY = "elementwise"
ROWS = "lower bound of the bytes: without the scales and the padding of rows"
_LEAST_FLOAT = IntThreshold(
    2, "byte", "an element of a floating-point result at least", "FBGEMM: 16 or 32 bits"
)
_SIDE_BYTES = IntThreshold(
    12,
    "byte",
    "of a narrow row that hold no values, at most",
    "FBGEMM: a scale and an offset of 4 bytes each, and padding to 4",
)


def _cast(wide: int) -> Model:
    """Return the model of changing every element to one of ``wide`` bytes."""

    def model(call: OpCall) -> Work:
        x = call.tensor(0)
        out = Tensor(x.shape, None, element_bytes=wide)
        return work_of(FAMILY, 0, (x,), (out,), dtype=x.dtype)

    return model


def _by_rows(call: OpCall) -> Work:
    """`FloatTo*RowwiseQuantized(x[N,K], ...)`: the largest of a row scales it to 8 bits."""
    x = call.tensor(0, 1)
    out = Tensor(x.shape, None, element_bytes=1)
    return work_of(
        FAMILY,
        2 * x.numel,
        (x,),
        (out,),
        dtype=x.dtype,
        remark=ROWS,
        bytes_exactness="lower_bound",
    )


def _from_rows(call: OpCall) -> Work:
    """`*RowwiseQuantizedToFloat(x[N,K+8], ...)`: each value times the scale of its row."""
    x = call.tensor(0, 2)
    values = (*x.shape[:-1], max(0, x.shape[-1] - _SIDE_BYTES))
    out = Tensor(values, None, element_bytes=_LEAST_FLOAT)
    return work_of(
        FAMILY,
        out.numel,
        (x,),
        (out,),
        dtype="fp32",
        remark=ROWS,
        flop_exactness="lower_bound",
        bytes_exactness="lower_bound",
    )


MODELS: dict[str, Model] = {
    "fbgemm::FloatToHFP8Quantized": _cast(1),
    "fbgemm::HFP8QuantizedToFloat": _cast(4),
    "fbgemm::FloatToBfloat16Quantized": _cast(2),
    "fbgemm::Bfloat16QuantizedToFloat": _cast(4),
    "fbgemm::FloatToFP8RowwiseQuantized": _by_rows,
    "fbgemm::FloatToFused8BitRowwiseQuantized": _by_rows,
    "fbgemm::FP8RowwiseQuantizedToFloat": _from_rows,
    "fbgemm::Fused8BitRowwiseQuantizedToFloat": _from_rows,
}
