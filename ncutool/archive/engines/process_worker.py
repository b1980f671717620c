"""A worker process: takes jobs on standard input, answers on standard output, ends with its parent.

Started by :mod:`ncutool.archive.engines.processes`. A message is a length of four bytes and as many
bytes of MessagePack. It ends when its input does, in the midst of whatever it is doing: a parent
that died leaves no worker behind.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import sys
import threading
import traceback
from typing import IO

import msgspec

LENGTH_BYTES = 4
TEMPORARY = "TMPDIR"
"""The variable that Python takes the folder of temporary files from; a worker has its own."""


def send(stream: IO[bytes], message: msgspec.Struct) -> None:
    """Write a message whole."""
    content = msgspec.msgpack.encode(message)
    stream.write(len(content).to_bytes(LENGTH_BYTES, "little") + content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None at the end, or where it breaks off."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    size = int.from_bytes(head, "little")
    content = stream.read(size)
    return content if len(content) == size else None


def main() -> None:
    """Work until the input ends; whatever is raised ends the process."""
    try:
        _work()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        _leave_nothing()
        os._exit(1)  # the thread that listens would not let the interpreter end


def _work() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    messages: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()

    from ncutool.archive.engines.interface import Answer, Hands, Job, Setup
    from ncutool_parsers import memory

    setup = msgspec.msgpack.decode(messages.get(), type=Setup)
    memory.limit_to(setup.settings.max_memory)
    hands = Hands(setup)
    hands.load()
    send(answers, Answer(-1, "done"))
    jobs = msgspec.msgpack.Decoder(Job)
    while True:
        send(answers, hands.do(jobs.decode(messages.get())))


def _listen(stream: IO[bytes], messages: queue.Queue[bytes]) -> None:
    """Take messages as they come; at the end of the input, end this process and what it started."""
    while (message := receive(stream)) is not None:
        messages.put(message)
    _leave_nothing()
    if os.name == "posix" and os.getpid() == os.getpgrp():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def _leave_nothing() -> None:
    """Remove the folder of this worker's temporary files: its parent may be gone."""
    shutil.rmtree(os.environ[TEMPORARY], ignore_errors=True)
