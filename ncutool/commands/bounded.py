"""How much memory a command may take, and one sentence where it takes more.

What it holds is looked at many times a second, since a library that gets no memory from the system
may abort the process with words of its own. Where the system limits it too (``ulimit -v``), or the
user does, the command runs in a child of this process, which says in its place how it ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from _thread import interrupt_main
from collections.abc import Callable
from contextlib import suppress

from ncutool.commands import parent_notes
from ncutool_parsers import memory

OPTION = "--max-memory"
_LOOK_S = 0.02
_GRACE_S = 3.0
"""How long an interrupted command may take to let go of what it holds."""
_FAR_PAST = 1.25
"""So many times the limit, and it is ended at once."""
_UNUSED = 768 * 2**20
"""Bytes that libraries and threads reserve and never use: not held against the limit."""
_THREADS = "2"
"""Of polars, under a limit of addresses: each thread reserves some."""
_CRASHES = (
    *(signal.SIGABRT, signal.SIGSEGV, signal.SIGILL, signal.SIGFPE),
    *(getattr(signal, name) for name in ("SIGBUS", "SIGTRAP", "SIGKILL") if hasattr(signal, name)),
)
_NO_MEMORY = ("can't start new thread", "failed to map segment", "Cannot allocate memory")
"""What Python says where it gets no memory for something other than an object."""
_POLARS_LIBRARY = "plr"
_TOO_LITTLE = 512 * 2**20
"""Bytes of addresses in which polars cannot be loaded: whatever fails there fails for want of them.
"""


class _State:
    """What is known of the command that runs."""

    def __init__(self) -> None:
        self.path = ""
        """The capture that was read last."""
        self.most: int | None = None
        self.is_asked = False
        """The limit is the user's and not a share of the machine's."""
        self.is_child = False
        """A parent waits for this process, and says how it ended."""
        self.is_over = False
        self.stop: threading.Event | None = None


_now = _State()


def hold(path: str, most: int | None) -> None:
    """Let the command hold no more memory from here on.

    Args:
        path: the capture that is read next, for the error.
        most: bytes; None for three quarters of the machine's.
    """
    _now.path, _now.is_asked = path, most is not None
    _now.most = most or memory.reader_bytes()
    parent_notes.note(parent_notes.READS, path)
    if _now.is_child and most is not None:
        memory.limit_to(most + most // 4 + _UNUSED)
    if _now.stop is None and threading.current_thread() is threading.main_thread():
        _now.stop = threading.Event()
        threading.Thread(target=_watch, args=(_now.stop,), daemon=True).start()


def release() -> None:
    """Look no more: the command has ended."""
    if _now.stop is not None:
        _now.stop.set()
    _now.stop, _now.most, _now.is_over, _now.path = None, None, False, ""


def hear_no_more() -> None:
    """Ignore further signals in a child that ends by one: its parent may send it a second time."""
    if _now.is_child:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)


def excess(error: BaseException) -> str | None:
    """Return what to say of an error that means too little memory; None of every other."""
    if _now.is_over or isinstance(error, MemoryError):
        return _sentence()
    return _sentence() if _limited() and _means_no_memory(error) else None


def _means_no_memory(error: BaseException) -> bool:
    if not isinstance(error, Exception):  # polars's panics have a class that cannot be imported
        return type(error).__name__ == "PanicException"
    allowed = _allowed()
    if isinstance(error, ImportError) or (allowed is not None and allowed < _TOO_LITTLE):
        return True
    if isinstance(error, NameError):  # polars goes on where its library could not be loaded
        return getattr(error, "name", None) == _POLARS_LIBRARY
    said = str(error)
    return isinstance(error, (RuntimeError, OSError)) and any(word in said for word in _NO_MEMORY)


def _watch(stop: threading.Event) -> None:
    """Interrupt the command once it holds more than it may; end it where that takes too long."""
    since: float | None = None
    while not stop.wait(_LOOK_S):
        try:
            most, held = _now.most, memory.held_bytes()
        except MemoryError:  # the command gets none either, and says so
            return
        if most is None or held <= most:
            continue
        if since is None:
            _now.is_over, since = True, time.monotonic()
            _interrupt()
        elif held > _FAR_PAST * most or time.monotonic() - since > _GRACE_S:
            _end()


def _interrupt() -> None:
    usual = (signal.SIG_DFL, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) not in usual:
            interrupt_main(number)
            return


def _end() -> None:
    """End the process in the midst of what it does."""
    from ncutool.commands import ending, streams

    ending.sweep()
    with suppress(OSError):
        said = _sentence()
        os.write(streams.kept(2), f"ncutool: {said}\n".encode("utf-8", "replace"))
    os._exit(1)


def _sentence() -> str:
    from ncutool.base.untrusted import printable

    named = f"{printable(_now.path, 300)}:" if _now.path else "the command"
    return f"{named} takes more memory than {_limit()}"


def _limit() -> str:
    """Return the limit that holds, and what to do about it."""
    if _now.most is not None and _now.is_asked:
        return f"the limit of {_now.most:,} bytes; raise {OPTION} if you trust it"
    if (allowed := _allowed()) is not None:
        return f"the {allowed:,} bytes that ulimit allows here; raise that limit"
    if _now.most is not None:
        return (
            f"{_now.most:,} bytes, three quarters of this machine's; record fewer steps, use a "
            f"larger machine, or raise {OPTION}"
        )
    return "there is; record fewer steps, lower --max-bytes, or use a larger machine"


def _allowed() -> int | None:
    """Return the bytes that the system lets this process have; None where it sets no limit."""
    if sys.platform != "linux":
        return None
    import resource

    limits = (resource.getrlimit(which)[0] for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    known = [one for one in limits if one != resource.RLIM_INFINITY]
    return min(known, default=None)


def _limited() -> bool:
    return (_now.most is not None and _now.is_asked) or _allowed() is not None


def in_a_child(arguments: list[str], run: Callable[[], int]) -> int | None:
    """Run a command in a child of this process where memory is limited; None where it is not."""
    if sys.platform != "linux":
        return None
    is_asked = any(word.startswith(OPTION) for word in arguments)
    allowed = _allowed()
    if not is_asked and allowed is None:
        return None
    if allowed is not None:
        os.environ.setdefault("POLARS_MAX_THREADS", _THREADS)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    waited = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    heard, tell = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        print(f"ncutool: cannot start ({error.strerror}); raise ulimit", file=sys.stderr)
        return 1
    if not child:
        os.close(heard)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _become_child(tell, quiet="--debug" not in arguments)
        _leave(run)
    os.close(tell)
    status = _waited(child, waited)
    notes = parent_notes.said(heard)
    _remove_passing(notes, child)
    if os.WIFEXITED(status) and (parent_notes.ENDED, "") in notes:
        return os.WEXITSTATUS(status)
    return _died(status, notes)


def _become_child(tell: int, *, quiet: bool) -> None:
    """End with the parent; keep what libraries print about their memory from the user."""
    from ncutool.commands import streams

    _now.is_child = True
    parent_notes.go_to(tell)
    with suppress(ImportError, OSError, AttributeError, MemoryError):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if quiet:
        memory.leave_no_core()
        warnings.simplefilter("ignore")
        threading.excepthook = lambda told: None  # what a thread lacked, the command lacks too
        streams.keep_from_libraries()


def _leave(run: Callable[[], int]) -> None:
    """Run the command and end the process with its code, whatever is raised."""
    code = 1
    try:
        code = run()
        sys.stderr.flush()
        parent_notes.note(parent_notes.ENDED, "")
    except KeyboardInterrupt:  # before or after the part that says so
        code = 130
        parent_notes.note(parent_notes.ENDED, "")
    finally:
        os._exit(code)


def _waited(child: int, waited: set[signal.Signals]) -> int:
    """Wait for the child; what is sent to this process alone is sent on to it."""
    while True:
        info = signal.sigwaitinfo(waited)
        if info.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
        elif info.si_code <= 0:  # a process sent it; a terminal sends to both
            with suppress(ProcessLookupError):
                os.kill(child, info.si_signo)


def _remove_passing(notes: list[tuple[str, str]], child: int) -> None:
    """Remove what a child was writing when it ended."""
    for kind, path in notes:
        if kind == parent_notes.WRITES and f".ncutool-{child}-" in path:
            with suppress(OSError):
                os.unlink(path)


def _died(status: int, notes: list[tuple[str, str]]) -> int:
    """Say how a child ended that could not say it; return the exit code."""
    from ncutool.base.untrusted import printable

    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    if number is not None and number not in _CRASHES:
        return 128 + number
    read = [path for kind, path in notes if kind == parent_notes.READS]
    named = f"{printable(read[-1], 300)}:" if read else "the command"
    how = "" if number is None else f" with {signal.Signals(number).name}"
    allowed = _allowed()
    limit = OPTION if allowed is None else f"ulimit ({allowed:,} bytes)"
    print(
        f"ncutool: {named} ended{how} under a limit of memory, as libraries do that get none; "
        f"raise {limit}",
        file=sys.stderr,
    )
    return 1
