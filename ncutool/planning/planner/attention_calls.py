"""The operator calls that an attention stands for, fused and unfused."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.checks import LARGEST, check_name, check_size
from ncutool.planning.planner.calls import worked
from ncutool.planning.planner.number_types import MathType
from ncutool.work.operators import OpCall, Scalar, Tensor, Work
from ncutool_parsers.errors import UsageError

ALIGNMENTS = ("bottom-right", "top-left")
_ABSENT = Scalar()


class Attention(Struct, frozen=True):
    """What is attended to what."""

    batch: int
    heads: int
    kv_heads: int
    seq: int
    kv_seq: int
    head_dim: int
    v_head_dim: int
    causal: bool
    align: str
    """Where a causal mask or a window of unequal lengths is anchored: ``bottom-right`` (last query
    to last key, FlashAttention and decoding) or ``top-left`` (first to first, PyTorch's
    ``is_causal``)."""
    window: int | None
    """Keys a query attends to, itself among them; None is all."""
    dtype: str
    kv_dtype: str
    backward: bool
    latent: bool = False
    """Whether values are the first columns of the keys, stored and read once (DeepSeek's MLA)."""


def check(wanted: Attention) -> None:
    """Raise a UsageError where sizes, heads, alignment or window do not go together."""
    sizes = {
        "the batch": wanted.batch,
        "heads": wanted.heads,
        "key-value heads": wanted.kv_heads,
        "the sequence": wanted.seq,
        "the key sequence": wanted.kv_seq,
        "the head size": wanted.head_dim,
        "the value head size": wanted.v_head_dim,
    }
    for what, value in sizes.items():
        check_size(what, value)
    if wanted.heads % wanted.kv_heads:
        raise UsageError(
            f"{wanted.heads} query heads do not divide among {wanted.kv_heads} key-value heads"
        )
    check_name("alignment", wanted.align, ALIGNMENTS)
    if wanted.latent and (wanted.backward or wanted.v_head_dim > wanted.head_dim):
        raise UsageError(
            "latent attention has values of at most the keys' size (--v-head-dim), and no backward "
            "pass here"
        )
    if wanted.window is None:
        return
    if not 1 <= wanted.window <= LARGEST:
        raise UsageError(f"the window must be a whole number from 1, not {wanted.window}")
    if not wanted.causal or wanted.align != "bottom-right":
        raise UsageError("a window goes with a causal mask aligned at the bottom right")
    if wanted.seq > wanted.kv_seq:
        raise UsageError("a window needs a key for every query: the key sequence is too short")


def attended_keys(wanted: Attention) -> int:
    """Return how many keys some query attends to; the others are never read."""
    if wanted.window is not None:
        return min(wanted.kv_seq, wanted.seq + wanted.window - 1)
    if wanted.causal and wanted.align == "top-left":
        return min(wanted.kv_seq, wanted.seq)
    return wanted.kv_seq


def call_of(wanted: Attention, kind: MathType) -> OpCall:
    """Return the call that PyTorch would make, on the keys that are attended to.

    Backward keeps all keys: each gets a gradient, if only a zero.
    """
    keys = wanted.kv_seq if wanted.backward else attended_keys(wanted)
    if wanted.causal and wanted.align == "top-left" and wanted.seq != wanted.kv_seq:
        return _scaled_dot_product(wanted, kind, keys)
    q = Tensor((wanted.batch, wanted.seq, wanted.heads, wanted.head_dim), kind.element)
    k = Tensor((wanted.batch, keys, wanted.kv_heads, wanted.head_dim), wanted.kv_dtype)
    v = Tensor((wanted.batch, keys, wanted.kv_heads, wanted.v_head_dim), wanted.kv_dtype)
    left = Scalar(-1 if wanted.window is None else wanted.window - 1)
    masked = (Scalar(0.0), Scalar(wanted.causal))
    none = (_ABSENT, _ABSENT, Scalar(wanted.seq), Scalar(keys))
    if not wanted.backward:
        window = (left, Scalar(-1), _ABSENT, _ABSENT)
        rest = (*none, *masked, Scalar(False), _ABSENT, *window)
        return OpCall("aten::_flash_attention_forward", (q, k, v, *rest))
    out = Tensor((*q.shape[:-1], wanted.v_head_dim), kind.element)
    sums = Tensor((wanted.batch, wanted.heads, wanted.seq), "fp32")
    given = (out, q, k, v, out, sums, *none, *masked)
    more = (_ABSENT, _ABSENT, _ABSENT, left, Scalar(-1))
    return OpCall("aten::_flash_attention_backward", (*given, *more))


def value_bytes(wanted: Attention) -> int:
    """Return the bytes of the values that are attended to, were they stored beside the keys."""
    values = Tensor(
        (wanted.batch, attended_keys(wanted), wanted.kv_heads, wanted.v_head_dim), wanted.kv_dtype
    )
    assert values.itemsize is not None
    return values.numel * values.itemsize


def _scaled_dot_product(wanted: Attention, kind: MathType, keys: int) -> OpCall:
    q = Tensor((wanted.batch, wanted.heads, wanted.seq, wanted.head_dim), kind.element)
    k = Tensor((wanted.batch, wanted.kv_heads, keys, wanted.head_dim), wanted.kv_dtype)
    v = Tensor((wanted.batch, wanted.kv_heads, keys, wanted.v_head_dim), wanted.kv_dtype)
    masked = (Scalar(0.0), Scalar(wanted.causal))
    name = "aten::_scaled_dot_product_flash_attention"
    if not wanted.backward:
        return OpCall(name, (q, k, v, *masked, Scalar(False), _ABSENT))
    out = Tensor((*q.shape[:-1], wanted.v_head_dim), kind.element)
    sums = Tensor((wanted.batch, wanted.heads, wanted.seq), "fp32")
    none = (_ABSENT, _ABSENT, Scalar(wanted.seq), Scalar(keys))
    rest = (_ABSENT, _ABSENT, _ABSENT)
    return OpCall(f"{name}_backward", (out, q, k, v, out, sums, *none, *masked, *rest))


def unfused_work(wanted: Attention, kind: MathType) -> tuple[Work, Work, Work]:
    """Product, softmax and product over all pairs. Query heads of a group share their keys, so
    that their rows stand below each other."""
    rows = wanted.heads // wanted.kv_heads * wanted.seq
    lead, element = wanted.batch * wanted.kv_heads, kind.element
    q = Tensor((lead, rows, wanted.head_dim), element)
    keys = Tensor((lead, wanted.head_dim, wanted.kv_seq), wanted.kv_dtype)
    values = Tensor((lead, wanted.kv_seq, wanted.v_head_dim), wanted.kv_dtype)
    scores = Tensor((lead, rows, wanted.kv_seq), element)
    return (
        worked(OpCall("aten::bmm", (q, keys))),
        worked(OpCall("aten::_softmax", (scores, Scalar(-1), Scalar(False)))),
        worked(OpCall("aten::bmm", (scores, values))),
    )
