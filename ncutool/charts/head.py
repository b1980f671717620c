"""The head of a picture that stands alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """What a picture that stands alone says of itself."""

    title: str
    lines: tuple[str, ...]
