"""Calls whose shapes leave open whether they grow: neither weights nor anything with the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from ncutool.whatif import predict
from ncutool.whatif.predict import rates, scaling, sizes
from ncutool.work.operators import OpCall, Tensor, TensorList


class Undecided(Enum):
    """Why a call may grow or not; the value is the reason in words."""

    MAY_GROW = "may grow or not: no batch in its shapes"
    COLLECTIVE = "may grow or not: a collective"
    UNMODELLED = "may grow or not: no model of its work"
    MAY_LENGTHEN = "may grow or not: attention over a cache"


def undecided(
    runs: Sequence[predict.Run], old: predict.Sizes, batch_scale: float, length_scale: float
) -> list[Undecided | None]:
    """Return the reason why each operator's growth is open; None where its shapes tell.

    A list of indices is as long as the batch makes it, and yet no dimension of it equals the
    batch; a collective carries gradients or activations.
    """
    calls = [run.call for run in runs]
    known = [call for call in calls if call is not None]
    weights = sizes.parameter_shapes(known)
    grown = scaling.rescale(calls, old, batch_scale=2)
    asked = scaling.rescale(calls, old, batch_scale, length_scale)
    reasons: list[Undecided | None] = []
    for run, doubled, new in zip(runs, grown, asked, strict=True):
        call = run.call
        if run.family == "collective":
            reasons.append(Undecided.COLLECTIVE)
        elif call is None or new.call is None:
            reasons.append(None)
        elif _unmodelled(call):
            reasons.append(Undecided.UNMODELLED)
        elif new.call != call:
            reasons.append(None)
        elif run.family == "attention" and length_scale != 1:
            reasons.append(Undecided.MAY_LENGTHEN)
        elif doubled.call == call and _holds_more(call, weights, old.batch):
            reasons.append(Undecided.MAY_GROW)
        else:
            reasons.append(None)
    return reasons


def _unmodelled(call: OpCall) -> bool:
    """Whether only the bytes of its arguments or a bound of its work is known, of which most may be
    weights while its arithmetic grows. PyTorch's own operators without a model move memory
    (indexing, sorting)."""
    demand = rates.demand(call)
    own = call.name.startswith("aten::")
    return demand is not None and not demand.modelled and not own


def _holds_more(call: OpCall, weights: frozenset[sizes.Shape], batch: int) -> bool:
    """Whether a tensor of the call that is no weight has at least an element a sample."""
    return any(
        tensor.numel >= batch and sizes.key(tensor.shape) not in weights
        for tensor in _activations(call)
    )


def _activations(call: OpCall) -> Iterator[Tensor]:
    weights = sizes.PARAMETERS.get(call.base, ())
    for index, item in enumerate(call.inputs):
        if isinstance(item, Tensor) and index not in weights:
            yield item
        elif isinstance(item, TensorList):
            yield from item.tensors or ()


def extent(batch_scale: float, length_scale: float) -> tuple[float, float]:
    """Least and most that anything may grow by: not at all, with the batch, with the length or
    with its square, or with both."""
    lengths = (1.0, length_scale, length_scale * length_scale)
    ends = [batch * length for batch in (1.0, batch_scale) for length in lengths]
    return min(ends), max(ends)
