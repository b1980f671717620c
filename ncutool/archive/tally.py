"""How far a batch is, and how long the rest of it takes."""

from __future__ import annotations

from msgspec import Struct, field


class Work(Struct):
    """What files took a worker, each a fixed time and one for its bytes: a line through them all.

    An archive has files of all sizes in any order, so that neither files nor bytes alone tell how
    long the rest takes.
    """

    files: int = 0
    bytes: float = 0.0
    seconds: float = 0.0
    _squares: float = 0.0
    _products: float = 0.0

    def add(self, bytes_: int, seconds: float) -> None:
        """Count a file of so many bytes that took a worker so many seconds."""
        self.files += 1
        self.bytes += bytes_
        self.seconds += seconds
        self._squares += float(bytes_) * bytes_
        self._products += bytes_ * seconds

    def expected(self, files: int, bytes_: int) -> float | None:
        """Return the seconds of work that such files take; None before any is known."""
        if not self.files:
            return None
        each, per_byte = self._line()
        return each * files + per_byte * bytes_

    def _line(self) -> tuple[float, float]:
        """Return the seconds of a file and of a byte that fit best; neither is below 0."""
        spread = self.files * self._squares - self.bytes**2
        if spread <= 0:
            return self.seconds / self.files, 0.0
        per_byte = (self.files * self._products - self.bytes * self.seconds) / spread
        each = (self.seconds - per_byte * self.bytes) / self.files
        if per_byte < 0:
            return self.seconds / self.files, 0.0
        return (each, per_byte) if each >= 0 else (0.0, self.seconds / self.bytes)


class Tally(Struct):
    """How far a batch is; the same object is told again and again."""

    files: int
    """All that the batch is about."""
    bytes: int
    known: int = 0
    """Files that an earlier run, or another of the same content, has brought in."""
    new: int = 0
    alike: int = 0
    """Files of this run whose content another of it has: they are one capture."""
    failed: int = 0
    """Files that could not be analysed, those of earlier runs included."""
    failed_now: int = 0
    done_bytes: int = 0
    """Bytes of files that are done, however."""
    worked: int = 0
    """Files that workers looked at, whatever came of it."""
    worked_bytes: int = 0
    publishing: bool = False
    seconds: float = 0.0
    """Since the batch began."""
    work: Work = field(default_factory=Work)
    """What files took, of which the time that is left is told."""
    stopped: bool = False
    """More files failed than were allowed to."""
    kinds: dict[str, int] = field(default_factory=dict)
    """How many files failed of which kind."""

    @property
    def done(self) -> int:
        """Files that are done, however."""
        return self.known + self.new + self.failed

    @property
    def left_s(self) -> float | None:
        """Seconds until the rest is done, as workers were busy so far; None where not known."""
        files, bytes_ = self.files - self.done, max(0, self.bytes - self.done_bytes)
        if not files:
            return 0.0
        work = self.work.expected(files, bytes_)
        if work is None or self.work.seconds <= 0:
            return None
        return work * self.seconds / self.work.seconds
