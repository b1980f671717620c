"""Plain data with sentences in it, made ready to be given: rounded, and free of captured names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ncutool.diagnose.quoted import Names

_SHOWN_DIGITS = 6


class Prose(str):
    """A sentence that may quote names of the capture, which are taken out of it."""

    __slots__ = ()


class Exact(float):
    """A figure that is given with all its digits."""


def prose(text: str | None) -> Prose | None:
    """Return a sentence that may quote names; None and an empty one are None."""
    return Prose(text) if text else None


def ready(value: Any, names: Names) -> Any:
    """Return data with the names taken out of its sentences and its figures rounded."""
    texts = list(dict.fromkeys(_sentences(value)))
    return _ready(value, dict(zip(texts, names.without(texts), strict=True)))


def _sentences(value: Any) -> Iterator[str]:
    if isinstance(value, Prose):
        yield str(value)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _sentences(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _sentences(one)


def _ready(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, Prose):
        return texts[str(value)]
    if isinstance(value, Exact):
        return float(value)
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, dict):
        return {key: _ready(one, texts) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_ready(one, texts) for one in value]
    return value


def rounded(value: float) -> float | None:
    """Return a figure with six digits; None where it is no finite one."""
    return float(f"{value:.{_SHOWN_DIGITS}g}") if math.isfinite(value) else None
