"""What a command does that may take little memory: one sentence, exit 1, and nothing left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch_factory import small, write

from ncutool.commands import bounded, main
from ncutool_parsers import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")

MIB = 2**20
ADDRESSES = (60, 250, 450, 700)
"""Of MiB: Python alone, where polars loads, where it starts, where it works or nearly."""


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A sound trace of one launch."""
    return write(tmp_path / "capture.json", small())


def under(limit: int, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ncutool in so many bytes of addresses, with core files allowed."""
    code = (
        "import os, resource as r, sys; "
        "r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2); "
        f"r.setrlimit(r.RLIMIT_AS, ({limit}, {limit})); "
        "os.execv(sys.executable, [sys.executable, '-m', 'ncutool', *sys.argv[1:]])"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=False, cwd=cwd,
    )  # fmt: skip


@pytest.mark.parametrize("megabytes", ADDRESSES)
def test_no_limit_of_addresses_ends_in_an_abort(capture: Path, megabytes: int) -> None:
    """A result, or one line that says that memory is what lacked."""
    done = under(megabytes * MIB, "findings", str(capture), cwd=capture.parent)
    assert done.returncode in (0, 1)
    if done.returncode:
        (line,) = done.stderr.splitlines()
        assert re.search(
            r"^ncutool: .*(takes more memory than the [\d,]+ bytes that ulimit allows here; raise "
            r"that limit|under a limit of memory, as libraries do that get none; raise ulimit "
            r"\([\d,]+ bytes\))$",
            line,
        )
    assert sorted(one.name for one in capture.parent.iterdir()) == ["capture.json"]


def test_limit_of_the_user_holds(tmp_path: Path) -> None:
    """The line names the file and the option."""
    capture = write(tmp_path / "capture.json", small())
    done = subprocess.run(
        [sys.executable, "-m", "ncutool", "findings", str(capture), "--max-memory", "1000000"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"ncutool: {capture}: takes more memory than the limit of 1,000,000 bytes; raise "
        "--max-memory if you trust it\n"
    )


def test_a_child_that_lacks_memory_for_its_end_is_told_of_once(tmp_path: Path) -> None:
    """It has said why; its parent, which hears of no proper end, says nothing more."""
    capture = write(tmp_path / "capture.json", small())
    code = (
        "import gc, sys\n"
        "from ncutool.commands import main\n"
        "def lacks():\n    raise MemoryError\n"
        "gc.freeze = lacks\n"
        "from ncutool.commands import streams\n"
        "streams.finish = lacks\n"
        "sys.exit(main())\n"
    )
    command = ["findings", str(capture), "--max-memory", "1000000"]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("ncutool: ")]
    assert len(said) == 1
    assert "takes more memory than the limit of 1,000,000 bytes" in said[0]


def test_a_generous_limit_changes_nothing(capture: Path) -> None:
    """The result is the same as without one."""
    command = [sys.executable, "-m", "ncutool", "findings", str(capture), "--format", "json"]
    without = subprocess.run(command, capture_output=True, check=True)
    within = subprocess.run([*command, "--max-memory", "2000000000"], capture_output=True,
                            check=True)  # fmt: skip
    assert within.stdout == without.stdout
    assert within.stderr == without.stderr


def test_the_share_of_the_machine_is_held_without_being_asked(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three quarters of what the machine or the container has."""
    monkeypatch.setattr(memory, "machine_bytes", lambda: 4 * 2**30)
    monkeypatch.setattr(memory, "held_bytes", lambda: 4 * 2**30)
    monkeypatch.setattr(bounded, "_FAR_PAST", 10)
    monkeypatch.setattr(bounded, "_LOOK_S", 0.0)
    reader = "ncutool.analysis.analyse.read_and_analyse"
    monkeypatch.setattr(reader, lambda *a, **b: time.sleep(30))
    assert main(["findings", str(capture)]) == 1
    assert capsys.readouterr().err == (
        f"ncutool: {capture}: takes more memory than 3,221,225,472 bytes, three quarters of this "
        "machine's; record fewer steps, use a larger machine, or raise --max-memory\n"
    )


PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from ncutool.commands import bounded, ending, parent_notes

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever starts the tests may ignore it

def run():
    parent_notes.note(parent_notes.READS, "the/capture")
    with ending.passing(Path(sys.argv[2])) as new:
        new.write_bytes(b"half")
        if sys.argv[1] == "abort":
            os.abort()
        with ending.at_signals():
            try:
                print("ready", flush=True)
                time.sleep(60)
            except KeyboardInterrupt as error:
                return getattr(error, "exit_code", 130)

sys.exit(bounded.in_a_child(["--max-memory"], run))
"""


def test_an_abort_of_a_library_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """What a library says on stderr is not shown, and the half-written file goes."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "abort", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "ncutool: the/capture: ended with SIGABRT under a limit of memory, as libraries do that "
        "get none; raise --max-memory\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_signals_reach_the_child(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """Whoever ends the command ends what works for it."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sleep", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(30) == code
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_killed_leaves_no_child(tmp_path: Path) -> None:
    """The child ends too: its end of the pipe closes."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sleep", str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
        assert process.stdout.read() == b""


def test_no_limit_costs_no_child() -> None:
    """Nothing is forked where nothing is limited."""
    assert bounded.in_a_child(["findings", "x"], lambda: 7) is None
