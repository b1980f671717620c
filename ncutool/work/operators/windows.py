"""Filters and pooling windows that slide over a tensor: which of its places they meet."""

from __future__ import annotations

from functools import lru_cache

from ncutool.work.operators.tensor import Tensor

_MOST_PLACES = 1 << 20
"""Places that are counted one by one; a window and result past it are nobody's."""


def met(
    x: Tensor,
    window: tuple[int, ...],
    result: tuple[int, ...],
    settings: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
) -> Tensor:
    """Return the part of ``x`` that windows meet: a stride longer than they are steps over the
    rest.

    Args:
        x: a tensor whose last dimensions are slid over.
        window: its sizes.
        result: as many positions of it.
        settings: stride, padding and dilation, one for each dimension.
    """
    rank = len(window)
    steps, pads, gaps = settings
    sizes = tuple(
        _places(size, window[i], result[i], steps[i], pads[i], gaps[i])
        for i, size in enumerate(x.shape[-rank:])
    )
    if sizes == x.shape[-rank:]:
        return x
    # The strides stay: what was expanded is still read once.
    return Tensor((*x.shape[:-rank], *sizes), x.dtype, x.strides, element_bytes=x.element_bytes)


@lru_cache(maxsize=1 << 12)
def _places(size: int, window: int, count: int, step: int, pad: int, gap: int) -> int:
    """Return how many of ``size`` places a window meets at ``count`` positions."""
    fitting = 0 <= window <= _MOST_PLACES and 0 <= count <= _MOST_PLACES
    if not fitting or window * count > _MOST_PLACES:
        return size
    places = {i * step + k * gap - pad for i in range(count) for k in range(window)}
    return sum(1 for place in places if 0 <= place < size)
