"""The head of a picture that stands alone."""

from __future__ import annotations

from msgspec import Struct


class Head(Struct, frozen=True):
    """What a picture that stands alone says of itself."""

    title: str
    lines: tuple[str, ...]
