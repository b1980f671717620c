"""How a command ends before its time: by a signal, and what it then takes away with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ncutool.commands import parent_notes

_ENDING = ("SIGTERM", "SIGHUP")
_passing: set[Path] = set()
"""Files that have not got their final name yet."""


class Ended(KeyboardInterrupt):
    """A signal asks the command to end; whatever lets go at an interrupt lets go at it too."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)

    @property
    def exit_code(self) -> int:
        """What a shell says of a program that the signal ended."""
        return 128 + self.number

    def __str__(self) -> str:
        return f"ended by {signal.Signals(self.number).name}"


@contextmanager
def at_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise :class:`Ended`, and remove passing files in the end.

    A signal that is ignored stays so: `nohup` asks for that. Threads other than the main one cannot
    be told of signals, so that nothing is changed there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: Any) -> None:
        raise Ended(number)

    before = {}
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sweep()


@contextmanager
def passing(folder: Path) -> Iterator[Path]:
    """Yield a name in a folder that no file has, and remove what has it afterwards."""
    path = folder / f".ncutool-{os.getpid()}-{os.urandom(6).hex()}.tmp"
    _passing.add(path)
    parent_notes.note(parent_notes.WRITES, str(path.absolute()))
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        _passing.discard(path)


def sweep() -> None:
    """Remove the passing files that an interrupt in the midst of their removal left."""
    while _passing:
        with suppress(OSError):
            _passing.pop().unlink(missing_ok=True)
