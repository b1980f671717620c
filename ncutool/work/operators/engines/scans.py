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
NO_ORDER = "whether heads or tokens come first is not recorded"
CHUNKED = "estimate: the chunked form, causal within a chunk"
_CHUNK = 64
_STEP = 7
_SIGMOID = 4
_SOFTPLUS = 4


def selective_scan(bound: Bound) -> Work:
    """`(u, delta, A[D,N], B, C, D, z, delta_bias, delta_softplus, ...)`: the result lands in z, or
    in delta where there is none. Which states are kept the device knows."""
    u = bound.tensor("u", 2)
    if not bound.recorded("A"):
        raise UnmodelledError(NO_STATE)
    decay, gate = bound.ranked("A", 2), bound.optional("z")
    softplus = bound.flag("softplus")
    channels, state = decay.shape
    if channels not in u.shape or u.shape != bound.tensor("delta", 2).shape:
        raise bound.mismatch()
    weight, bias = bound.optional("D"), bound.optional("delta_bias")
    if any(each is not None and each.shape != (channels,) for each in (weight, bias)):
        raise bound.mismatch()
    if gate is not None and gate.shape != u.shape:
        raise bound.mismatch()
    each = _STEP * state + 1
    if softplus is not None:
        each += 2 if weight is not None else 0
        each += 1 if bias is not None else 0
        each += _SOFTPLUS if softplus else 0
        each += _SIGMOID + 1 if gate is not None else 0
    named = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias", "starts")
    return work(
        bound,
        u.numel * each,
        reads=tuple(bound.optional(name) for name in named),
        writes=(Tensor(u.shape, u.dtype),),
        dtype="fp32" if u.dtype else None,
        remark=STATES,
        flops="lower_bound" if softplus is None else None,
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
    pairs = _pairs_in_chunks(length, chunk)
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


def _pairs_in_chunks(length: int, chunk: int) -> int:
    """Return the causal pairs of a sequence that is cut into chunks."""
    whole, rest = divmod(length, chunk)
    return whole * (chunk * (chunk + 1) // 2) + rest * (rest + 1) // 2


def delta_rule(bound: Bound) -> Work:
    """`(q[B,T,H,K], k, v[B,T,HV,V], g[B,T,HV], beta, scale, initial?, ...)`, in chunks of 64.

    Within a chunk k·kᵀ, its inverse's products with k and v, q·kᵀ and the product with the new v;
    between chunks what the state takes, gives and corrects: 2·pairs·(3·K + 2·V) + 6·T·K·V for each
    head of the values. In an older version of as many arguments the last says that heads come
    before tokens; sequences of their own lengths never did.
    """
    q, k, v = bound.ranked("q", 4), bound.ranked("k", 4), bound.ranked("v", 4)
    gate, beta = bound.ranked("g", 3), bound.ranked("beta", 3)
    heads, of_values = k.shape[2], v.shape[2]
    if q.shape != k.shape or q.shape[:2] != v.shape[:2] or not heads or of_values % heads:
        raise bound.mismatch()
    if not gate.shape == beta.shape == v.shape[:3]:
        raise bound.mismatch()
    states, last, order = bound.optional("initial"), bound.flag("last"), bound.flag("ambiguous")
    if states is not None and states.shape[1:] != (of_values, k.shape[3], v.shape[3]):
        raise bound.mismatch()
    ends = bound.optional("ends")
    flop = None
    if order is False or ends is not None:
        each = 2 * _pairs_in_chunks(v.shape[1], _CHUNK) * (3 * k.shape[3] + 2 * v.shape[3])
        each += 6 * v.shape[1] * k.shape[3] * v.shape[3]
        flop = v.shape[0] * of_values * each
    results = [Tensor(v.shape, q.dtype)]
    if last:
        count = v.shape[0] if ends is None else ends.numel - 1
        results.append(Tensor((count, of_values, k.shape[3], v.shape[3]), "fp32"))
    return work(
        bound,
        flop,
        tuple(results),
        dtype=q.dtype,
        flops="estimate" if flop is not None else None,
        size="lower_bound",
        reason=None if flop is not None else NO_ORDER,
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
