"""Where results go: files whole or not at all, streams as they come, and nothing else."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch_factory import small, write

from ncutool.commands import ending, main, placing, streams
from ncutool.commands.writing import Output
from ncutool_parsers import sniff
from ncutool_parsers.errors import OutputError, RefusedError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices and pipes of Unix")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A sound trace of one launch."""
    return write(tmp_path / "capture.json", small())


def run(*arguments: str, **given: object) -> subprocess.CompletedProcess[bytes]:
    """Run ncutool in a process of its own."""
    command = [sys.executable, "-m", "ncutool", *arguments]
    return subprocess.run(command, capture_output="stdout" not in given, check=False, **given)  # type: ignore[call-overload, no-any-return]  # as subprocess takes them


def last(said: bytes) -> bytes:
    """The last line on stderr that tells of no peaks, of which this small trace says nothing."""
    lines = [line for line in said.splitlines() if not line.startswith(b"ncutool: No peaks:")]
    return lines[-1] if lines else b""


def left(folder: Path) -> list[str]:
    """Names in a folder."""
    return sorted(one.name for one in folder.iterdir())


def test_null_takes_everything_and_stays() -> None:
    """The null device needs no --force, and no file comes in its place."""
    null = Path(os.devnull)
    Output(path=null).write(b"x")
    assert stat.S_ISCHR(null.stat().st_mode)


def test_named_pipe_is_written_into(tmp_path: Path) -> None:
    """Whoever reads a pipe gets the result, and the pipe stays."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    Output(path=pipe, force=True).write([b"ab", b"c"])
    reader.join()
    assert got == [b"abc"]
    assert left(tmp_path) == ["pipe"]


def test_a_socket_is_never_replaced(tmp_path: Path) -> None:
    """--force replaces regular files alone."""
    import socket

    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(place))
        with pytest.raises(OutputError, match="is a socket, which is never replaced"):
            Output(path=place, force=True).write(b"x")
    assert left(tmp_path) == ["s"]


def test_a_block_device_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's disk is written to."""
    kind = os.stat_result((stat.S_IFBLK | 0o600, *os.stat(tmp_path)[1:]))
    monkeypatch.setattr(placing, "_there", lambda path: kind)
    with pytest.raises(OutputError, match="is a block device, which is never replaced"):
        placing.check(tmp_path / "sda", over=True)


def test_links_are_followed_and_stay(tmp_path: Path) -> None:
    """The file that a link leads to is written."""
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    Output(path=tmp_path / "link", force=True).write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_circle_of_links_is_one_line(tmp_path: Path) -> None:
    """Links that lead to one another are refused, read or written."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OutputError, match=r"a: cannot be written \(Too many levels"):
        Output(path=tmp_path / "a", force=True).write(b"x")
    with pytest.raises(RefusedError, match=r"a: cannot be opened \(Too many levels"):
        sniff(tmp_path / "a")


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    """What replaces a file may be read by no more people than the file."""
    target = tmp_path / "out.json"
    target.write_bytes(b"old")
    target.chmod(0o600)
    Output(path=target, force=True).write(b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_of_two_runs_the_second_is_refused(tmp_path: Path) -> None:
    """A file that came while the result was made is not replaced without --force."""
    target = tmp_path / "out.json"

    def parts() -> Iterator[bytes]:
        yield b"mine"
        target.write_bytes(b"theirs")

    with pytest.raises(OutputError, match="already exists"):
        Output(path=target).write(parts())
    assert target.read_bytes() == b"theirs"
    assert left(tmp_path) == ["out.json"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """What cannot be written whole changes nothing."""
    target = tmp_path / "out.json"
    target.write_bytes(b"old")

    def parts() -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"out\.json: cannot be written \(No space left"):
        Output(path=target, force=True).write(parts())
    assert target.read_bytes() == b"old"
    assert left(tmp_path) == ["out.json"]


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    """The file that passes for it has a short name."""
    target = tmp_path / ("n" * 250 + ".json")
    Output(path=target).write(b"x")
    assert target.read_bytes() == b"x"


@pytest.mark.parametrize("how", ["itself", "link", "hard link", "archive"])
def test_what_is_read_is_never_replaced(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """--force does not write over the capture, by whatever name."""
    before, output, named = capture.read_bytes(), tmp_path / "other.json", str(capture)
    if how == "itself":
        output = capture
    elif how == "link":
        output.symlink_to(capture)
    elif how == "hard link":
        output.hardlink_to(capture)
    else:
        output, named = capture, f"{capture}::member"
    assert main(["kernels", named, "-f", "json", "-o", str(output), "--force"]) == 1
    assert "is a file that is to be read, which is never replaced" in capsys.readouterr().err
    assert capture.read_bytes() == before


def test_companions_are_not_replaced_either(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an option names is read too."""
    other = write(tmp_path / "other.json", small())
    asked = ["findings", str(capture), "--rank-trace", str(other), "-o", str(other), "--force"]
    assert main(asked) == 1
    assert "is never replaced" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_are_no_captures(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are refused before they are opened: a pipe would wait for its writer."""
    place = Path("/dev/zero")
    if kind == "pipe":
        place = tmp_path / "pipe"
        os.mkfifo(place)
    assert main(["kernels", str(place)]) == 1
    assert f"ncutool: {place}: is a {kind}" in capsys.readouterr().err


def test_page_on_stdout(capture: Path) -> None:
    """Where the page goes to stdout the summary goes to stderr."""
    done = run("report", str(capture), "-o", "/dev/stdout")
    assert done.returncode == 0
    assert done.stdout.startswith(b"<!doctype html>")
    assert done.stdout.rstrip().endswith(b"</html>")
    assert b"launch" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("asked", [["kernels"], ["findings"], ["--help"], ["schema"]])
def test_a_full_stdout_is_one_line(capture: Path, asked: list[str]) -> None:
    """The command says so and fails; Python adds nothing."""
    named = [] if asked[0] in ("--help", "schema") else [str(capture)]
    with open("/dev/full", "wb") as full:
        done = run(*asked, *named, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert last(done.stderr) == (
        b"ncutool: stdout: cannot be written (No space left on device); give it another place"
    )


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [(">&-", 1, b"ncutool: stdout: is closed"), ("2>&-", 0, b""), ("2>/dev/full", 0, b"")],
)
def test_closed_streams(capture: Path, closed: str, code: int, said: bytes) -> None:
    """A result that has no place is an error; what cannot be said is not said."""
    shell = f'exec "{sys.executable}" -m ncutool kernels "{capture}" -f json {closed}'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, check=False)
    assert done.returncode == code
    assert last(done.stderr).startswith(said)
    assert b"Traceback" not in done.stderr
    assert (b'"kernels"' in done.stdout) == (code == 0)


def test_a_reader_that_goes_away_is_no_error(capture: Path) -> None:
    """As with `head`."""
    reading, writing = os.pipe()
    os.close(reading)
    done = run("kernels", str(capture), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, last(done.stderr)) == (0, b"")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_encodings_of_few_letters(capture: Path, encoding: str) -> None:
    """Whatever stdout cannot spell is spelt otherwise."""
    asked = ["report", str(capture), "-o", "/dev/null"]
    done = run(*asked, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert b"bug" not in done.stderr
    assert b"launch" in done.stdout


def test_spelling() -> None:
    """Signs are spelt; letters without a spelling are marks."""
    import codecs

    codecs.register_error("test-spelt", streams.spell)
    assert "5 µs → 6 ≥ 漢…".encode("ascii", "test-spelt") == b"5 us -> 6 >= ?..."


@pytest.fixture
def _signals_end() -> Iterator[None]:
    """Both signals end a process, also where the tests themselves run under `nohup`."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


ENDING = (signal.SIGTERM, signal.SIGHUP)


@pytest.mark.usefixtures("_signals_end")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_leave_nothing(tmp_path: Path, name: str) -> None:
    """A signal in the midst of writing ends in an exit code that tells it, and no file."""
    number = getattr(signal, name)

    def parts() -> Iterator[bytes]:
        yield b"half"
        os.kill(os.getpid(), number)
        yield b"rest"

    with pytest.raises(ending.Ended, match=f"ended by {name}") as ended, ending.at_signals():
        Output(path=tmp_path / "out.json").write(parts())
    assert ended.value.exit_code == 128 + number
    assert left(tmp_path) == []
    assert signal.getsignal(number) is signal.SIG_DFL


def test_ignored_signals_stay_ignored() -> None:
    """`nohup` asks for a command that outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending.at_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_an_interrupted_removal_left_goes_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second signal, in the midst of cleaning up, leaves no file either."""
    with ending.at_signals():
        path = _interrupted_while_removing(tmp_path, monkeypatch)
        assert path.exists()
    assert left(tmp_path) == []


def _interrupted_while_removing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def interrupted(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    passing = ending.passing(folder)
    path = passing.__enter__()
    path.write_bytes(b"half")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", interrupted)
        with pytest.raises(ending.Ended):
            passing.__exit__(None, None, None)
    return path
