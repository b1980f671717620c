"""How long the rest of a batch takes, and what is told of that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.archive.tally import Tally, Work
from ncutool.commands.batch_progress import progress_line, rates


def tally(done: list[tuple[int, float]], files: int, size: int, seconds: float) -> Tally:
    """A batch that has done files of these bytes and seconds of work."""
    found = Tally(files, size, seconds=seconds)
    for bytes_, took in done:
        found.new += 1
        found.worked += 1
        found.done_bytes += bytes_
        found.worked_bytes += bytes_
        found.work.add(bytes_, took)
    return found


def test_time_left_counts_files_and_bytes() -> None:
    """Small files were done first: what is left are one small and one large one.

    Each file takes 1 s and a second more for every 100 bytes; two workers were busy.
    """
    found = tally([(0, 1.0), (100, 2.0), (200, 3.0)], files=5, size=1300, seconds=3.0)
    assert found.left_s == pytest.approx((2 * 1.0 + 1000 / 100) / 2)
    assert rates(found) == {"files_per_s": 1.0, "bytes_per_s": 100.0, "left_s": found.left_s}


def test_nothing_is_told_of_the_time_before_any_is_known() -> None:
    """No file is done, or none that a worker came to an end with."""
    assert tally([], files=3, size=10, seconds=0.0).left_s is None
    killed = tally([], files=3, size=10, seconds=5.0)
    killed.failed = killed.worked = 1
    assert killed.left_s is None
    assert progress_line(killed) == "1 of 3 files, 0 B of 10.0 B, 1 failed; 12.0 files/min, 0 B/s"


def test_a_slow_archive_is_told_in_minutes() -> None:
    """One file in 40 s is no row of zeros."""
    slow = tally([(2_000_000, 40.0)], files=2, size=4_000_000, seconds=40.0)
    said = "1 of 2 files, 2.00 MB of 4.00 MB, 0 failed; 1.5 files/min, 50.0 kB/s, 0:00:40 left"
    assert progress_line(slow) == said


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.floats(0.001, 3600)), min_size=1, max_size=30),
    st.integers(1, 10**6),
    st.integers(0, 10**15),
)
def test_whatever_files_took_more_never_takes_less(
    done: list[tuple[int, float]], files: int, size: int
) -> None:
    """Time is never negative, and grows with the files and with their bytes."""
    work = Work()
    for bytes_, seconds in done:
        work.add(bytes_, seconds)
    found = work.expected(files, size)
    assert found is not None
    assert found >= 0
    for more in (work.expected(files + 1, size), work.expected(files, size + 10**9)):
        assert more is not None
        assert more >= found
