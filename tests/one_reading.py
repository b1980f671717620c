"""One reading of each capture, for tests of what is made of it.

A test of an output often asks twenty times for the same capture in other forms. Where it says so
(`pytest.mark.usefixtures("one_reading")`), commands that run in this process read and analyse each
file once, and share that. A test of reading, or that two runs agree, must not say so.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ncutool.analysis import analyse
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.request import Request

_MOST = 16
"""Analyses that are kept, those that were asked for last."""
_kept: OrderedDict[Hashable, Analysis] = OrderedDict()


@contextmanager
def shared() -> Iterator[None]:
    """Read each file once as long as this lasts."""
    original = analyse.read_and_analyse
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(analyse, "read_and_analyse", _remembering(original))
        yield


def _remembering(original: Callable[..., Analysis]) -> Callable[..., Analysis]:
    def read_and_analyse(path: Any, request: Request | None = None, **more: Any) -> Analysis:
        key = _key(path, request or Request())
        if key is None:
            return original(path, request, **more)
        if key not in _kept:
            _kept[key] = original(path, request, **more)
            if len(_kept) > _MOST:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]

    return read_and_analyse


def _key(path: Any, request: Request) -> Hashable | None:
    """Return what tells a reading from others; None where not everything that counts is known."""
    files = [path, request.ncu, request.capture_trace, *request.rank_trace]
    files += [request.device_file, request.ceilings]
    given = [one for one in files if one is not None]
    if not all(isinstance(one, str | os.PathLike) and Path(one).is_file() for one in given):
        return None
    states = [os.stat(one) for one in given]
    return (
        tuple((str(Path(one).resolve()), s.st_mtime_ns, s.st_size, s.st_ino)
              for one, s in zip(given, states, strict=True)),
        repr(request),
        os.environ.get("NCUTOOL_REDACT_KEY"),
    )  # fmt: skip
