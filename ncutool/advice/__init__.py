"""Ranked findings: what to change, with evidence and what it saves.

Importing this package is cheap: the advisers load when advice is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ncutool.advice.advising import advise as advise

__all__ = ["advise"]


if not TYPE_CHECKING:  # where a type checker sees this, it takes every name for one of the room's

    def __getattr__(name: str) -> object:
        if name == "advise":
            from ncutool.advice.advising import advise

            return advise
        raise AttributeError(f"module 'ncutool.advice' has no attribute {name!r}")
