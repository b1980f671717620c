"""One kind of trace event as numpy columns in integer nanoseconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ncutool_parsers.intervals import Bools, Ints
from ncutool_parsers.torch_columns import Columns


class Rows:
    """Events of one kind; those without a usable start are left out and counted."""

    def __init__(self, columns: Columns) -> None:
        data: dict[str, Ints] = {
            name: np.frombuffer(c, np.int64) for name, c in columns.integers.items()
        }
        starts, durations = np.frombuffer(columns.ts), np.frombuffer(columns.dur)
        usable = np.isfinite(starts)
        self.dropped = int(len(usable) - usable.sum())
        if self.dropped:
            starts, durations = starts[usable], durations[usable]
            data = {name: values[usable] for name, values in data.items()}
        self.no_duration: Bools = ~(durations >= 0)
        """Duration absent or negative; it counts as 0 in ``duration``."""
        durations = np.where(self.no_duration, 0.0, durations)
        self.whole_microseconds = bool((starts % 1 == 0).all() and (durations % 1 == 0).all())
        self.start: Ints = nanoseconds(starts)
        self.duration: Ints = nanoseconds(durations)
        self.data = data

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, name: str) -> Ints:
        return self.data[name]

    @property
    def end(self) -> Ints:
        """End of each event."""
        return self.start + self.duration

    def reorder(self, order: Ints) -> None:
        """Put the rows in another order, in place."""
        self.start, self.duration = self.start[order], self.duration[order]
        self.no_duration = self.no_duration[order]
        self.data = {name: values[order] for name, values in self.data.items()}


def nanoseconds(microseconds: npt.NDArray[np.float64]) -> Ints:
    """Exact for whole numbers and thousandths, as the two parts are converted apart."""
    whole = np.floor(microseconds)
    part = np.rint((microseconds - whole) * 1000)
    return whole.astype(np.int64) * 1000 + part.astype(np.int64)
