"""Regular expressions that are compiled when they are first used.

A module that reads names holds dozens, of which a command uses a few; compiling them all takes as
long as reading a small capture.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property


class Pattern:
    """A regular expression; each way of asking it is looked up once."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def search(self) -> Callable[[str], re.Match[str] | None]:
        """As that of :class:`re.Pattern`."""
        return self._compiled.search

    @cached_property
    def fullmatch(self) -> Callable[[str], re.Match[str] | None]:
        """As that of :class:`re.Pattern`."""
        return self._compiled.fullmatch

    @cached_property
    def findall(self) -> Callable[[str], list[str]]:
        """As that of :class:`re.Pattern`."""
        return self._compiled.findall

    @cached_property
    def sub(self) -> Callable[[str | Callable[[re.Match[str]], str], str], str]:
        """As that of :class:`re.Pattern`."""
        return self._compiled.sub
