"""What a row's marks and expressions mean: shapes, operations, bytes, and the model `count`."""

from __future__ import annotations

import re

from ncutool.work.exactness import Exactness
from ncutool.work.operators.call import UnmodelledError, Work, work_of
from ncutool.work.operators.engines.bound import Bound
from ncutool.work.operators.tensor import ITEMSIZE, Tensor

_SHAPED = re.compile(r"(?P<name>\w+)(?:(?P<sign>[/*@])(?P<by>\w+|\*))?(?::(?P<dtype>=?\w+))?$")
_TERM = re.compile(r"(?P<sign>[+-]?)\s*(?P<each>\d*)\s*(?P<what>[A-Za-z_]\w*(?:[/*]\w+)?)")
UNKNOWN = "?"


def count(bound: Bound) -> Work:
    """Count operations per element and the bytes of the marked tensors."""
    check(bound)
    return work(bound, operations(bound))


def check(bound: Bound) -> None:
    """Raise where recorded shapes do not hold what the row's `fits` say, and where a record that
    ends early leaves nothing to hold."""
    held = [rule for rule in map(str.split, bound.row.fits) if not _lacks_either(bound, rule)]
    if not held:
        bound.need_whole()
    for left_text, sign, right_text in held:
        left, right = shaped(bound, left_text), shaped(bound, right_text)
        fits = {
            "=": left.shape == right.shape,
            "#": left.numel == right.numel,
            "|": left.numel == right.shape[-1] if right.shape else False,
        }[sign]
        if not fits:
            raise bound.mismatch()


def _lacks_either(bound: Bound, rule: list[str]) -> bool:
    return _lacks(bound, rule[0]) or _lacks(bound, rule[2])


def _lacks(bound: Bound, text: str) -> bool:
    """Whether an optional tensor of a rule, or one past the end of the record, is not there."""
    match = _SHAPED.match(text)
    return match is None or bound.optional(match["name"]) is None


def shaped(bound: Bound, text: str) -> Tensor:
    """Return the tensor that ``text`` spells, e.g. `x/128:fp32`."""
    match = _SHAPED.match(text)
    if match is None:
        raise ValueError(f"engines.toml: {text!r} is no shape")
    tensor = bound.tensor(match["name"])
    shape, by = tensor.shape, match["by"]
    if by is not None and not shape:
        raise bound.mismatch()
    if by == "*":
        shape = shape[:-1]
    elif by is not None:
        factor = int(by) if by.isdigit() else bound.integer(by)
        if not factor:
            raise bound.mismatch()
        lasts = {"*": shape[-1] * factor, "/": -(-shape[-1] // factor), "@": factor}
        shape = (*shape[:-1], lasts[match["sign"]])
    return Tensor(shape, _dtype(bound, match["dtype"] or match["name"]))


def _dtype(bound: Bound, word: str) -> str | None:
    """Return the data type ``word``, that of the argument ``word``, or the coded `=word`."""
    if word.startswith("="):
        return bound.dtype(word[1:])
    if word in ITEMSIZE:
        return word
    tensor = bound.optional(word)
    return None if tensor is None else tensor.dtype


def operations(bound: Bound) -> int | None:
    """Return the row's `flop` for this call."""
    text = bound.row.flop
    if text in (UNKNOWN, "0"):
        return 0 if text == "0" else None
    result = 0
    for match in _TERM.finditer(text):
        known = not _lacks(bound, match["what"])
        amount = int(match["each"] or 1) * (shaped(bound, match["what"]).numel if known else 0)
        result += -amount if match["sign"] == "-" else amount
    if result < 0:
        raise bound.mismatch()
    return result


def own_results(bound: Bound) -> tuple[Tensor, ...]:
    """Return the row's `results`, which belong to signatures without a written argument."""
    if any(argument.written for argument in bound.version.arguments):
        return ()
    return tuple(shaped(bound, text) for text in bound.row.results)


def result_dtype(bound: Bound) -> str | None:
    """Return the data type of a product's result, which no argument holds."""
    row = bound.row
    if row.result.startswith("=") and bound.absent(row.result[1:]):
        return _dtype(bound, row.absent) if row.absent else None
    dtype = _dtype(bound, row.result) if row.result else None
    # the result of an 8-bit factor is wider, and how wide its own data type does not tell
    return None if row.result == "a" and dtype is not None and ITEMSIZE[dtype] == 1 else dtype


def work(
    bound: Bound,
    flop: int | None,
    results: tuple[Tensor, ...] = (),
    *,
    reads: tuple[Tensor | None, ...] | None = None,
    writes: tuple[Tensor | None, ...] | None = None,
    dtype: str | None = None,
    remark: str | None = None,
    reason: str | None = None,
    flops: Exactness | None = None,
    size: Exactness | None = None,
) -> Work:
    """Return the work of a call: what its row marks as read and written, and ``results``."""
    row = bound.row
    made = (*results, *own_results(bound))
    read = _marked(bound, written=False) if reads is None else reads
    written = _marked(bound, written=True) if writes is None else writes
    exactness = size or row.bytes
    remarks = [remark or row.remark, bound.cut]
    return work_of(
        row.family,
        flop,
        read,
        (*written, *made),
        dtype=dtype or math_dtype(bound),
        outputs=_outputs(written, made),
        remark="; ".join(each for each in remarks if each) or None,
        reason=reason or row.reason,
        flop_exactness=flops or row.flops,
        bytes_exactness=_of_cut(exactness) if bound.hides else exactness,
    )


def _of_cut(exactness: Exactness) -> Exactness:
    """Return how sure bytes are where further arguments may have been read or written."""
    return "lower_bound" if exactness in ("exact", "lower_bound") else "estimate"


def _outputs(written: tuple[Tensor | None, ...], made: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(Tensor(each.shape, each.dtype) for each in (*written, *made) if each is not None)


def _marked(bound: Bound, *, written: bool) -> tuple[Tensor, ...]:
    found = (
        bound.optional(argument.name)
        for argument in bound.version.arguments
        if argument.tensor and (argument.written if written else argument.read)
    )
    return tuple(tensor for tensor in found if tensor is not None)


def math_dtype(bound: Bound) -> str | None:
    """Return the data type of the arithmetic."""
    if bound.row.dtype:
        return _dtype(bound, bound.row.dtype)
    read = _marked(bound, written=False)
    if not read:
        raise UnmodelledError(f"no shapes recorded for {bound.call.name}")
    return read[0].dtype
