"""What a worker does with one file: read it, analyse it, keep its rows or why there are none."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ncutool.archive import failures
from ncutool.archive.entries import Inbox, error_name
from ncutool.archive.inputs import Input, local_file
from ncutool.archive.naming import shown_metadata, shown_path
from ncutool.archive.settings import Settings
from ncutool.base.records import replace
from ncutool_parsers import memory
from ncutool_parsers.errors import RefusedError

if TYPE_CHECKING:
    from ncutool.analysis.request import Request
    from ncutool.archive.dataset import Dataset

_CHUNK = 2**20
_ID_DIGITS = 32


class Outcome(msgspec.Struct, frozen=True):
    """What became of one file: all that goes back to the run."""

    status: Literal["new", "known", "failed"]
    """Analysed; in the dataset already, by its content; or not analysed."""
    capture_id: str | None = None
    kind: str | None = None
    """Why it failed."""
    message: str | None = None
    seconds: float = 0.0
    memory_bytes: int = 0
    """What the worker holds after it."""


class Worker:
    """Analyses files for one run. It is made in the process that does the work."""

    def __init__(self, dataset: Dataset, run: str, settings: Settings) -> None:
        from ncutool.analysis.request import Request, redact_asked

        self._dataset = dataset
        self._inbox = Inbox(dataset, run)
        self._version = settings.analysis_version
        self._known: dict[str, tuple[str, str, tuple[str | None, ...]]] | None = None
        self._failed: frozenset[str] = frozenset()
        self._request = Request(
            whole_steps=settings.whole_steps,
            assume_device=settings.assume_device,
            device_file=None if settings.device_file is None else Path(settings.device_file),
            ceilings=None if settings.ceilings is None else Path(settings.ceilings),
            max_bytes=settings.max_bytes,
            redact=redact_asked(settings.redact),
        )
        self._redact = settings.redact is not None

    def analyse(self, source: Input) -> Outcome:
        """Analyse one file, write what came of it to the inbox, and say so in few words."""
        begin = time.perf_counter()
        hashed: list[str] = []
        try:
            capture_id = self._kept(source, hashed)
        except Exception as error:  # every failure is a row of the table of errors
            kind = failures.kind_of(error)
            message = failures.message_of(error, source, redact=self._redact)
            content_hash = hashed[0] if hashed else None
            row = failures.row_of(
                source, self._version, kind, message, content_hash, redact=self._redact
            )
            self._inbox.put_error(source.file_id, row)
            outcome = Outcome("failed", kind=kind, message=message)
        else:
            self._is_well(source)
            outcome = Outcome("new" if hashed else "known", capture_id)
        seconds = time.perf_counter() - begin
        return msgspec.structs.replace(outcome, seconds=seconds, memory_bytes=memory.held_bytes())

    def _kept(self, source: Input, hashed: list[str]) -> str:
        """Return the id of a capture that is kept now, or was before.

        Args:
            source: the file.
            hashed: gets the hash of the content, and loses it where the capture was known.
        """
        from ncutool.analysis.analyse import read_and_analyse
        from ncutool.archive.rows import rows_of

        most = self._request.max_bytes
        with ExitStack() as stack:
            path = stack.enter_context(local_file(source, most))
            before = _stamp(path)
            hashed.append(content_hash(path))
            beside = [
                (role, stack.enter_context(local_file(one, self._request.max_bytes)))
                for role, one in source.companions
            ]
            capture_id = _id(hashed[0], beside)
            if self._is_known(capture_id, source):
                hashed.clear()
                return capture_id
            analysis = read_and_analyse(path, _with(self._request, beside))
            rows = rows_of(analysis, source, capture_id, self._version)
            if _stamp(path) != before:
                raise RefusedError(path, "changed while it was read", "run again once it is whole")
        self._inbox.put_capture(capture_id, source.file_id, self._version, rows)
        return capture_id

    def _is_known(self, capture_id: str, source: Input) -> bool:
        """Whether the tables hold the capture, as it would be analysed now and under its name."""
        keys = self._dataset.described()
        if self._known is None:
            self._known, self._failed = _in_tables(self._dataset, keys)
        found = self._known.get(capture_id)
        path = shown_path(source.path, redact=self._redact)
        if found is None or found[0] != self._version or found[1] > path:
            return False
        said = shown_metadata(source.metadata, redact=self._redact)
        return found[1] < path or found[2] == tuple(said.get(k) for k in keys)

    def _is_well(self, source: Input) -> None:
        """Take back an error that the dataset holds of a file which is well now."""
        file_id = source.file_id
        waits = self._dataset.inbox(file_id[0]) / error_name(file_id)
        if file_id in self._failed or waits.exists():
            self._inbox.put_error(file_id, None)


def _id(content: str, beside: Sequence[tuple[str, Path]]) -> str:
    """Return what a capture is known by: the hash of its content and of what is read beside it."""
    if not beside:
        return content[:_ID_DIGITS]
    parts = [content, *(f"{role}={content_hash(path)}" for role, path in beside)]
    return sha256(" ".join(parts).encode()).hexdigest()[:_ID_DIGITS]


def _with(request: Request, beside: Sequence[tuple[str, Path]]) -> Request:
    """Return a request that names the captures to read beside, by its own fields."""
    fields: dict[str, Any] = {role: path for role, path in beside if role != "rank_trace"}
    fields["rank_trace"] = tuple(path for role, path in beside if role == "rank_trace")
    return replace(request, **fields)


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written to."""
    about = os.stat(path)
    return about.st_size, about.st_mtime_ns


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        RefusedError: it is no regular file.
        OSError: the system refuses.
    """
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):
        what = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe, a socket or a device"
        raise RefusedError(path, f"is {what}, not a file", "leave it out")
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _in_tables(
    dataset: Dataset, keys: tuple[str, ...]
) -> tuple[dict[str, tuple[str, str, tuple[str | None, ...]]], frozenset[str]]:
    """Return version, path and metadata of each capture that is there, and which files failed."""
    from ncutool.archive.dataset import scan

    captures = scan(dataset, "captures").select("capture_id", "analysis_version", "path", *keys)
    known = {row[0]: (row[1], row[2], row[3:]) for row in captures.collect().iter_rows()}
    failed = scan(dataset, "errors").select("file_id").collect()["file_id"]
    return known, frozenset(failed)
