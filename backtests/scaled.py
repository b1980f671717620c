"""A sweep's captures by `whatif`: of the other capture only its batch and length are used.

What is asked and how is answered by :func:`ncutool.whatif.ask`, which the command calls too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from ncutool import whatif
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.whatif import predict
from ncutool.whatif.predict import Interval, sizes
from ncutool_parsers.errors import CaptureError
from sweeps import Size, common, span


@dataclass(frozen=True)
class Scaled:
    """One capture at the sizes of another."""

    before: str
    after: str
    batch_scale: float
    length_scale: float
    result: whatif.Answer | None
    refused: str
    actual_ns: int
    actual_window_ns: int

    @property
    def kernel_time(self) -> Interval | None:
        """None where nothing was predicted."""
        return None if self.result is None else _interval(self.result.kernel_time)

    @property
    def window(self) -> Interval | None:
        """End to end; None where nothing was predicted."""
        found = None if self.result is None else self.result.end_to_end
        return None if found is None else _interval(found)

    @property
    def inside(self) -> bool | None:
        """Of the kernel time; None where nothing was predicted."""
        return None if self.kernel_time is None else self.actual_ns in self.kernel_time


def _interval(bounds: whatif.Bounds) -> Interval:
    return Interval(bounds.low_ns, bounds.high_ns)


def scaled(captures: Sequence[Size]) -> list[Scaled]:
    """Ask of each capture what every other one shows, and return an answer for each pair."""
    analyses = {one.name: read_and_analyse(one.path) for one in captures if one.path is not None}
    return [_pair(before, after, analyses) for before, after in permutations(captures, 2)]


def _pair(before: Size, after: Size, analyses: dict[str, Analysis]) -> Scaled:
    old, new = _sizes(before), _sizes(after)
    actual = after.time_ns, analyses[after.name].window_ns
    if isinstance(old, str) or isinstance(new, str):
        why = old if isinstance(old, str) else str(new)
        return Scaled(before.name, after.name, 1, 1, None, why, *actual)
    batch = new.batch / old.batch
    length = new.length / old.length if new.length and old.length else 1.0
    result, refused = _attempt(analyses[before.name], batch, length)
    return Scaled(before.name, after.name, batch, length, result, refused, *actual)


def _attempt(analysis: Analysis, batch: float, length: float) -> tuple[whatif.Answer | None, str]:
    try:
        return whatif.ask(analysis, batch_scale=batch, length_scale=length), ""
    except CaptureError as refusal:
        return None, refusal.problem


def _sizes(capture: Size) -> predict.Sizes | str:
    return sizes.find([run.call for run in capture.base.runs if run.call is not None])


def table(found: Sequence[Scaled]) -> list[str]:
    """A line a pair, kernel time and the window, and what was refused."""
    prefix = common(sorted({one.before for one in found}))
    lines = [
        f"{'from → to':16} {'batch ×':>8} {'length ×':>9} {'kernel time ms':>17} {'actual':>8}     "
        f"{'end to end ms':>17} {'actual':>8}"
    ]
    for one in found:
        name = f"{one.before[prefix:]} → {one.after[prefix:]}"
        if one.kernel_time is None or one.window is None:
            lines.append(f"{name:16} refused: {one.refused}")
            continue
        window = one.actual_window_ns
        lines.append(
            f"{name:16} {one.batch_scale:8.4g} {one.length_scale:9.4g} "
            f"{span(one.kernel_time):>17} {one.actual_ns / 1e6:8.2f} {_word(one.inside):4}"
            f"{span(one.window):>17} {window / 1e6:8.2f} {_off(one.window, window)}"
        )
    judged = [one.inside for one in found if one.inside is not None]
    lines.append(
        f"kernel time: {sum(judged)} of {len(judged)} inside, {len(found) - len(judged)} refused; "
        "end to end is shown, not judged: how far the host's times differ between recordings is "
        "known from this program"
    )
    return lines


def _word(inside: bool | None) -> str:
    return "in" if inside else "OUT"


def _off(window: Interval, actual_ns: int) -> str:
    """Inside, or by how much of the actual window it lies outside."""
    if actual_ns in window:
        return "in"
    end = window.high_ns if actual_ns > window.high_ns else window.low_ns
    return f"OUT by {100 * abs(actual_ns - end) / actual_ns:.0f} %"
