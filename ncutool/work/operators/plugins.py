"""Models of operators that other installed packages bring: entry points `ncutool.operators`.

An entry point names a mapping from operator name to model. They are loaded once, when the first
operator is modelled; whatever fails in one costs its own operators and is said in a notice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.tables import FAMILIES
from ncutool.work.operators.call import Model, NoModel, OpCall, UnmodelledError, Work

GROUP = "ncutool.operators"
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What code of others may raise; interrupts and exits pass through."""


class Plugin(Struct, frozen=True):
    """One operator's model and the entry point it came from."""

    source: str
    model: Model


class Plugins(Struct, frozen=True):
    """What the installed packages bring."""

    models: dict[str, Plugin]
    problems: tuple[str, ...]
    """One sentence each, for a notice."""


@lru_cache(maxsize=1)
def load() -> Plugins:
    """Return the models of all entry points of the group, in order of their names."""
    models: dict[str, Plugin] = {}
    problems: list[str] = []
    if not may_bring(sys.path):
        return Plugins(models, ())
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            models_of_point = point.load()
        except _FAILURES as error:
            problems.append(
                f"Operator models of {point.name!r} ({point.value}) cannot be loaded: "
                f"{_said(error)}; its operators stay without a model."
            )
            continue
        if not isinstance(models_of_point, Mapping) or not all(
            isinstance(name, str) and callable(model) for name, model in models_of_point.items()
        ):
            problems.append(
                f"Operator models of {point.name!r} ({point.value}) are no mapping from operator "
                "name to function; its operators stay without a model."
            )
            continue
        for name, model in models_of_point.items():
            if name in models:
                problems.append(
                    f"{name} is modelled by {models[name].source!r} and by {point.name!r}; the "
                    "first is used."
                )
            models.setdefault(name, Plugin(point.name, model))
    return Plugins(models, tuple(problems))


def may_bring(path: Iterable[str]) -> bool:
    """Whether a package installed on ``path`` may have an entry point of the group.

    Python's own search parses what every package brings of any kind, which takes longer than
    reading a small capture. Where packages may lie elsewhere than in folders, the answer is yes.
    """
    if any(
        hasattr(finder, "find_distributions")
        for finder in sys.meta_path
        if finder is not PathFinder
    ):
        return True
    return any(map(_folder_may_bring, dict.fromkeys(path)))


def _folder_may_bring(folder: str) -> bool:
    try:
        names = os.listdir(folder or ".")
    except NotADirectoryError:
        return True
    except OSError:
        return False
    for name in names:
        if name.lower().endswith(".egg"):
            return True
        if name.lower().endswith((".dist-info", ".egg-info")):
            try:
                points = Path(folder, name, "entry_points.txt").read_bytes()
            except OSError:
                continue
            if GROUP.encode() in points:
                return True
    return False


def evaluate(plugin: Plugin, call: OpCall) -> Work | NoModel:
    """Return the work of ``call`` by another package's model, or why it cannot be used."""
    try:
        work = plugin.model(call)
    except UnmodelledError as error:
        return NoModel(error.reason)
    except _FAILURES as error:
        return NoModel(f"the model of plugin {plugin.source!r} failed: {_said(error)}")
    wrong = _wrong(work)
    if wrong is not None:
        return NoModel(f"the model of plugin {plugin.source!r} {wrong}")
    origin = f"model of plugin {plugin.source!r}"
    return replace(work, remark=f"{work.remark}; {origin}" if work.remark else origin)


def _wrong(answer: object) -> str | None:
    """Return what a plugin's answer lacks to be shown as a figure."""
    if not isinstance(answer, Work):
        return f"returned {type(answer).__name__}, not Work"
    if answer.family not in FAMILIES:
        return f"returned the unknown family {answer.family!r}"
    for name in ("flop", "bytes_read", "bytes_written"):
        value = getattr(answer, name)
        if value is not None and (not isinstance(value, int) or value < 0):
            return f"returned {value!r} as {name}, which must be a whole number or None"
    if (answer.flop is None or answer.bytes is None) and not answer.reason:
        return "returned an unknown figure without a reason"
    return None


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
