"""A whole capture at another batch or sequence length, from itself alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ncutool.base.thresholds import Threshold
from ncutool.whatif.predict.interval import Interval, Prediction, total
from ncutool.whatif.predict.model import Wanted, predict
from ncutool.whatif.predict.operators import Base
from ncutool.whatif.predict.scaling import batch_grows, length_grows, rescale
from ncutool.whatif.predict.sizes import Sizes, find

_OFF = Threshold(0.05, "times", "doubled sizes must double matrix work this nearly", "judgement")


@dataclass(frozen=True)
class AtScale:
    """What the operators of a capture take at other sizes."""

    old: Sizes
    predictions: tuple[Prediction, ...]
    """One a run of the base, in its order."""
    untold: dict[str, int]
    """Why calls could not be rescaled -> the time that they take now, in ns. They are predicted
    to change as nine of ten others do."""

    @property
    def kernel_time(self) -> Interval:
        """The time of all kernels together, as an interval."""
        return total(self.predictions)


def at_scale(
    base: Base, batch_scale: float = 1, length_scale: float = 1, sizes: Sizes | None = None
) -> AtScale:
    """Predict the operators at ``batch_scale`` times the batch and ``length_scale`` times the
    length, on the same device and with the same software.

    Args:
        sizes: batch and length of the capture; found in its shapes where None.

    Raises:
        ValueError: the sizes cannot be told from the shapes, a size would not be whole, or the
            work would not grow with the batch, or with a length that was not named.
    """
    calls = [run.call for run in base.runs]
    old = find([call for call in calls if call is not None]) if sizes is None else sizes
    if isinstance(old, str):
        raise ValueError(old)
    grown = batch_grows(calls, old)
    if batch_scale != 1 and grown is not None and abs(grown - 2) > _OFF:
        raise ValueError(
            f"with a batch of {old.batch} doubled, matrix work would grow {grown:.2f} times: "
            "that is not the batch, or not of all of the program"
        )
    if length_scale != 1 and sizes is None:
        grown = length_grows(calls, old)
        if grown is not None and grown < 2 - _OFF:
            raise ValueError(
                f"with a length of {old.length} doubled, matrix work would grow {grown:.2f} times: "
                "that is not the length of all of the program (decoding beside prefill?)"
            )
    rescaled = rescale(calls, old, batch_scale, length_scale)
    wanted = [Wanted(run.op, new.call) for run, new in zip(base.runs, rescaled, strict=True)]
    untold: Counter[str] = Counter()
    for run, new in zip(base.runs, rescaled, strict=True):
        if new.reason is not None:
            untold[new.reason] += run.duration_ns
    predictions = predict(base, wanted, list(range(len(wanted))))
    return AtScale(old, tuple(predictions), dict(untold.most_common()))
