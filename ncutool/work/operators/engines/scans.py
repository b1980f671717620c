"""State-space layers: selective scans, the chunked form of Mamba 2, and short causal convolutions.

A scan's step costs, per channel and state: the decay Δ·A and its exponential, the decayed state,
the input Δu·B and its addition, the output's product and its addition: seven operations.
"""

from __future__ import annotations

from ncutool.work.operators.call import UnmodelledError, Work
from ncutool.work.operators.engines.bound import Bound
from ncutool.work.operators.engines.figures import check, work
from ncutool.work.operators.tensor import Tensor

NO_STATE = "the size of the state is not recorded"
NO_ACTIVATION = "whether an activation is applied is not recorded"
STATES = "lower bound: without the states of the sequences"
CHUNKED = "estimate: the chunked form, causal within a chunk"
_STEP = 7
_SIGMOID = 4
_SOFTPLUS = 4


def selective_scan(bound: Bound) -> Work:
    """`(u, delta, A[D,N], B, C, D, z, delta_bias, delta_softplus, ...)`: the result lands in z, or
    in delta where there is none. Which states are kept the device knows."""
    u = bound.tensor("u", 2)
    if not bound.recorded("A"):
        raise UnmodelledError(NO_STATE)
    decay, z = bound.ranked("A", 2), bound.optional("z")
    softplus = bound.flag("softplus")
    channels, state = decay.shape
    if channels not in u.shape or u.shape != bound.tensor("delta", 2).shape:
        raise bound.mismatch()
    each = _STEP * state + 1 + (2 if bound.optional("D") is not None else 0)
    each += 1 if bound.optional("delta_bias") is not None else 0
    each += _SOFTPLUS if softplus else 0
    each += _SIGMOID + 1 if z is not None else 0
    named = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias", "starts")
    return work(
        bound,
        u.numel * each,
        reads=tuple(bound.optional(name) for name in named),
        writes=(Tensor(u.shape, u.dtype),),
        dtype="fp32" if u.dtype else None,
        remark=STATES,
        size="lower_bound",
    )


def chunk_scan(bound: Bound) -> Work:
    """Mamba 2: `(x[B,L,H,P], dt, A, B[B,L,G,N], C, chunk_size, ...)`.

    Within a chunk C·Bᵀ of each group and its product with x, causal; between chunks the states,
    made and used: 2·pairs·(G·N + H·P) + 4·L·H·P·N for each sample.
    """
    x, b = bound.ranked("x", 4), bound.ranked("B", 4)
    chunk = bound.integer("chunk_size")
    if not chunk:
        raise UnmodelledError("the chunk size is not recorded")
    batch, length, heads, width = x.shape
    groups, state = b.shape[2:4]
    if b.shape[:2] != x.shape[:2] or heads % max(groups, 1):
        raise bound.mismatch()
    whole, rest = divmod(length, chunk)
    pairs = whole * (chunk * (chunk + 1) // 2) + rest * (rest + 1) // 2
    inside = 2 * pairs * (groups * state + heads * width)
    flop = batch * (inside + 4 * length * heads * width * state)
    return work(
        bound,
        flop,
        (Tensor(x.shape, x.dtype),),
        dtype=x.dtype,
        flops="estimate",
        size="lower_bound",
        remark=CHUNKED,
    )


def causal_convolution(bound: Bound) -> Work:
    """`x` by `weight[D,W]`, one filter a channel: 2·W operations an element, and an activation
    where the flag `silu` says so."""
    check(bound)
    x, weight, silu = bound.tensor("x", 2), bound.ranked("weight", 2), bound.flag("silu")
    if weight.shape[0] not in x.shape:
        raise bound.mismatch()
    flop = None
    if silu is not None:
        flop = x.numel * (2 * weight.shape[1] + (_SIGMOID if silu else 0))
    return work(bound, flop, reason=None if flop is not None else NO_ACTIVATION)
