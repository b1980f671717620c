"""How the process ends: at once, but after all that waits for its end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ncutool.commands import leaving

_SAYS = "import atexit, sys; atexit.register(lambda: print('at the end'))\n"
_LEAVES = "from ncutool.commands.leaving import leave; leave(3)\n"


def ended(code: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that runs some code."""
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_what_is_registered_and_written_is_not_lost() -> None:
    """Functions for the end run, and what they write and was not yet written is."""
    assert ended(f"{_SAYS}print('before')\n{_LEAVES}") == (3, "before\nat the end\n", "")


def test_nothing_is_taken_apart() -> None:
    """An object that would say so when it goes says nothing."""
    goes = "class Goes:\n def __del__(self): print('taken apart')\nkept = Goes()\n"
    assert ended(goes + _LEAVES) == (3, "", "")
    assert ended(f"{goes}sys = __import__('sys'); sys.exit(3)") == (3, "taken apart\n", "")


@pytest.mark.parametrize(
    "watching",
    [
        "sys.setprofile(lambda *given: None)\n",
        "sys.settrace(lambda *given: None)\n",
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('done'))).start()\n",
    ],
    ids=["profiled", "traced", "a thread runs"],
)
def test_who_watches_sees_the_usual_end(watching: str) -> None:
    """A profiler writes what it saw, and a thread comes to its own end."""
    caught = "try:\n leave(3)\nexcept SystemExit as exit_:\n print('exit', exit_.code)\n raise\n"
    code, out, _ = ended(f"{_SAYS}from ncutool.commands.leaving import leave\n{watching}{caught}")
    assert code == 3
    assert out.splitlines()[0] == "exit 3"
    assert out.splitlines()[-1] == "at the end"
    assert ("done" in out) == ("Thread" in watching)


def test_a_closed_stdout_is_no_error() -> None:
    """There is nobody left to say it to."""
    assert ended(f"import sys; sys.stdout.close()\n{_LEAVES}") == (3, "", "")
    assert ended(f"import sys; sys.stdout = None\n{_LEAVES}") == (3, "", "")


def test_a_daemon_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python does not wait for it either."""
    import threading

    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread()])
    assert not leaving._others_run()
    waits = threading.Thread(target=lambda: None)
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), waits])
    assert leaving._others_run()
    waits.daemon = True
    assert not leaving._others_run()


def test_a_command_ends_so() -> None:
    """With the code that it is given, and its output whole in a pipe."""
    command = [sys.executable, "-m", "ncutool", "plan", "gemm", "64", "64", "64"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, check=True)
    assert done.stdout.endswith(b"}\n")
    assert subprocess.run([*command, "--nope"], capture_output=True, check=False).returncode == 2
