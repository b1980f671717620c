"""A result put where it was asked for: in a file whole or not at all, in a stream as it comes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from ncutool.commands.ending import passing
from ncutool.commands.streams import kept
from ncutool_parsers.errors import OutputError

_STREAM = re.compile(r"/dev/(?:std(?P<name>out|err)|fd/(?P<fd>\d+))|/proc/self/fd/(?P<own>\d+)")
_STREAMS = {"out": 1, "err": 2}
_HARMLESS = ("/dev/null", "/dev/full", "/dev/tty")
"""Devices that a result may be written to: nothing is lost there that somebody keeps."""
_WHAT = {
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a device",
    stat.S_IFSOCK: "a socket",
}


def stream_of(path: Path) -> int | None:
    """Return the number of the open stream that a path names, as ``/dev/stdout``; else None."""
    if os.name != "posix" or (found := _STREAM.fullmatch(str(path))) is None:
        return None
    name = found["name"]
    return _STREAMS[name] if name else int(found["fd"] or found["own"])


def passes_on(path: Path) -> bool:
    """Whether what is written to a path is passed on and kept by nobody: a stream, a pipe, null."""
    if stream_of(path) is not None:
        return True
    try:
        kind = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(kind.st_mode) or (stat.S_ISCHR(kind.st_mode) and _is_harmless(kind))


def check(path: Path, *, over: bool) -> None:
    """Refuse a place that a result could not be written to.

    Args:
        over: whether a regular file that is there may be replaced.

    Raises:
        OutputError: it is a folder, a device, or a file that may not be replaced; or there is no
            folder for it, or none that may be written.
    """
    if passes_on(path):
        return
    try:
        there = _there(path)
    except OSError as error:
        raise _refused(path, error) from error
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise OutputError(f"{path}: is a folder; name a file in it")
    if there is not None and not stat.S_ISREG(there.st_mode):
        what = _WHAT.get(stat.S_IFMT(there.st_mode), "no regular file")
        raise OutputError(f"{path}: is {what}, which is never replaced; name a file")
    if there is not None and not over:
        raise OutputError(f"{path}: already exists; pass --force to overwrite it")
    folder = _real(path).parent
    if not folder.is_dir():
        raise OutputError(f"{path}: its folder does not exist; create it first")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{path}: its folder may not be written; choose another place")


def put(path: Path, parts: Iterable[bytes], *, over: bool) -> None:
    """Write a result to a place that :func:`check` accepts.

    A file gets its name when it is whole. Of two runs that write the same new file, the second is
    refused.

    Raises:
        OutputError: see :func:`check`; or the system refuses.
    """
    check(path, over=over)
    try:
        if passes_on(path):
            _pass_on(path, parts)
        else:
            _put_whole(_real(path), parts, over=over)
    except FileExistsError:
        raise OutputError(f"{path}: already exists; pass --force to overwrite it") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(path, error) from error


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse an output that is one of the files to read.

    Raises:
        OutputError: it is, by whatever name.
    """
    read = [file for file in map(_file, inputs) if file is not None]
    for output in outputs:
        file = None if passes_on(output) else _file(output)
        if file is not None and any(os.path.samestat(file, one) for one in read):
            raise OutputError(
                f"{output}: is a file that is to be read, which is never replaced; choose another "
                "place"
            )


def _pass_on(path: Path, parts: Iterable[bytes]) -> None:
    number = stream_of(path)
    descriptor = (
        os.open(path, os.O_WRONLY | os.O_NOCTTY) if number is None else os.dup(kept(number))
    )
    with os.fdopen(descriptor, "wb") as stream:
        for part in parts:
            stream.write(part)


def _put_whole(real: Path, parts: Iterable[bytes], *, over: bool) -> None:
    there = _there(real)
    with passing(real.parent) as new:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                file.write(part)
        # A file that is replaced keeps who may read it; a new one gets what the umask says.
        os.chmod(new, stat.S_IMODE(there.st_mode) if there is not None else 0o666 & ~_umask())
        if over:
            os.replace(new, real)
        else:
            _name(new, real)


def _name(new: Path, real: Path) -> None:
    """Give a file its name where no other has it.

    Raises:
        FileExistsError: another has it.
    """
    try:
        os.link(new, real)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(real):
            raise FileExistsError(real) from None
        os.replace(new, real)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _real(path: Path) -> Path:
    """Return the file that a link leads to: that is written, and the link stays."""
    return Path(os.path.realpath(path))


def _there(path: Path) -> os.stat_result | None:
    """Return what is there; None where nothing is, not even behind a link.

    Raises:
        OSError: links lead in a circle, the name is too long, and the like.
    """
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None


def _file(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _is_harmless(kind: os.stat_result) -> bool:
    devices = (_file(Path(one)) for one in _HARMLESS)
    return any(one is not None and one.st_rdev == kind.st_rdev for one in devices)


def _refused(path: Path, error: OSError) -> OutputError:
    why = error.strerror or type(error).__name__
    return OutputError(f"{path}: cannot be written ({why}); choose another place")
