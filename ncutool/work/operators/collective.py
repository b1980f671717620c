"""Communication between devices: bytes from its metadata, no FLOPs, never on a compute roof."""

from __future__ import annotations

from ncutool.work.operators.tensor import COLLECTIVE_DTYPES, ITEMSIZE

FAMILY = "collective"
REASON = "communication"
OPERATOR = (
    r"^(record_param_comms|_?c10d(_functional)?::|nccl:|symm_mem::|vllm::all_reduce|_C_custom_ar::)"
)
"""Operators that communicate (a regular expression on their names)."""

_ALL_REDUCE = ("allreduce", "all_reduce", "allreduce_coalesced")
_GATHER = ("_allgather_base", "allgather", "all_gather", "all_gather_into_tensor_coalesced")
_SCATTER = ("_reduce_scatter_base", "reduce_scatter", "reduce_scatter_tensor_coalesced")
_ALL_TO_ALL = ("all_to_all", "all_to_allv", "alltoall", "alltoall_base")
_LARGEST_RATE = 1e15
"""Byte/s; links of one device carry a thousandth, so that what claims more is damaged text."""
_ONE_WAY = ("broadcast", "reduce", "send", "recv")


def bandwidth(
    name: str,
    dtype: str | None,
    in_elements: int | None,
    out_elements: int | None,
    ranks: int | None,
    duration_ns: int | None,
) -> tuple[float, float] | None:
    """Algorithm and bus bandwidth in byte/s, by the conventions of nccl-tests (PERFORMANCE.md).

    algbw = size / time, size being the whole array: what each rank holds afterwards of a gather,
    and before of the others. busbw = algbw × the share that must cross a link: 2(n−1)/n of an
    all-reduce, (n−1)/n of gather, scatter and all-to-all, 1 of broadcast, reduce, send and
    receive. The time of a launch includes waiting for the other ranks, so both are at least that.
    None where the metadata do not say enough, or what no link carries.
    """
    size = ITEMSIZE.get(COLLECTIVE_DTYPES.get(dtype or "", ""))
    elements = out_elements if name in _GATHER else in_elements
    factor = _bus_factor(name, ranks)
    if size is None or not elements or factor is None or not duration_ns:
        return None
    algorithm = elements * size / duration_ns * 1e9
    if algorithm > _LARGEST_RATE:
        return None
    return algorithm, factor * algorithm


def _bus_factor(name: str, ranks: int | None) -> float | None:
    if name in _ONE_WAY:
        return 1.0
    if ranks is None or ranks < 1:
        return None
    if name in _ALL_REDUCE:
        return 2 * (ranks - 1) / ranks
    if name in (*_GATHER, *_SCATTER, *_ALL_TO_ALL):
        return (ranks - 1) / ranks
    return None


def bandwidth_remark(
    name: str,
    dtype: str | None,
    in_elements: int | None,
    out_elements: int | None,
    ranks: int | None,
    duration_ns: int | None,
) -> str | None:
    """`algbw 4.9 GB/s, busbw 8.5 GB/s at least (allreduce of 8 ranks, waiting included)`."""
    rates = bandwidth(name, dtype, in_elements, out_elements, ranks, duration_ns)
    if rates is None:
        return None
    algorithm, bus = (f"{rate / 1e9:.3g} GB/s" for rate in rates)
    of_ranks = f" of {ranks} ranks" if ranks else ""
    return f"algbw {algorithm}, busbw {bus} at least ({name}{of_ranks}, waiting included)"


def message_bytes(
    dtype: str | None, in_elements: int | None, out_elements: int | None
) -> int | None:
    """Bytes that one rank reads and writes in its own memory: input once, output once."""
    size = ITEMSIZE.get(COLLECTIVE_DTYPES.get(dtype or "", ""))
    if size is None or in_elements is None or out_elements is None:
        return None
    return (in_elements + out_elements) * size
