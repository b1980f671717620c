"""Baselines: a side kept as a small file of tables and facts, which compares like a capture.

The file is gzipped JSON of what :class:`ncutool.diff.sides.Run` holds: no host names, no paths, no
command lines, nothing of the capture but what comparing needs.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any

import polars as pl

from ncutool.base.records import fields_of
from ncutool.diff.sides import SCHEMA, DeviceFacts, FindingFacts, Run, Settings, Side, Window
from ncutool_parsers.errors import CaptureError, UsageError

FORMAT = "ncutool/baseline/1"
ENDING = ".baseline.json.gz"
FOLDER = Path(".ncutool") / "baselines"
MAX_BYTES = 1 << 30
"""A baseline that expands past this is refused."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEAD = f'{{"format": "{FORMAT}"'.encode()


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Return where the baseline of a name lies.

    Raises:
        UsageError: the name could leave the folder, or no file could be called so.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name!r} is no name for a baseline: letters, digits, dots, dashes and underscores, "
            "at most 100"
        )
    return folder / f"{name}{ENDING}"


def dump(side: Side) -> bytes:
    """Return the file of a side; the same side gives the same bytes."""
    whole = {"format": FORMAT, "runs": [_run(run) for run in side.runs]}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
    return gzip.compress(text.encode(), mtime=0)


def _run(run: Run) -> dict[str, Any]:
    facts = {
        "name": run.name,
        "device": fields_of(run.device),
        "settings": fields_of(run.settings),
        "window": None if run.window is None else fields_of(run.window),
        "findings": [fields_of(one) for one in run.findings],
        "started_ns": run.started_ns,
        "batch": run.batch,
        "length": run.length,
    }
    return facts | {"launches": run.launches.to_dict(as_series=False)}


_DAMAGED = (
    *(ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError),
    pl.exceptions.PolarsError,
)
"""What reading a file of the right form and other content raises."""


def is_baseline(path: Path) -> bool:
    """Return whether a file is a baseline; only its first bytes are read."""
    try:
        if not path.is_file():  # a pipe would wait for a writer, and be read empty
            return False
        with gzip.open(path, "rb") as file:
            return file.read(len(_HEAD)) == _HEAD
    except (OSError, EOFError, zlib.error):
        return False


def load(path: Path, max_bytes: int = MAX_BYTES) -> Side:
    """Read a baseline.

    Raises:
        CaptureError: it cannot be read, or is damaged or too large.
    """
    try:
        with gzip.open(path, "rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise CaptureError(path.name, "the baseline is too large", "save it again")
        whole = json.loads(data)
        if whole["format"] != FORMAT:
            raise ValueError("another format")
        return Side(tuple(_read(run) for run in whole["runs"]))
    except (OSError, EOFError, zlib.error) as error:
        raise CaptureError(path.name, "the baseline cannot be read", "save it again") from error
    except _DAMAGED as error:
        raise CaptureError(path.name, "the baseline is damaged", "save it again") from error


def _read(run: dict[str, Any]) -> Run:
    findings = tuple(
        FindingFacts(**{**one, "launches": tuple(one["launches"])}) for one in run["findings"]
    )
    return Run(
        name=str(run["name"]),
        launches=pl.DataFrame(run["launches"], schema=SCHEMA),
        device=DeviceFacts(**run["device"]),
        settings=Settings(**run["settings"]),
        window=None if run["window"] is None else Window(**run["window"]),
        findings=findings,
        started_ns=run["started_ns"],
        batch=run["batch"],
        length=run["length"],
    )
