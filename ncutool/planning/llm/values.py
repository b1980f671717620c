"""Values of an untrusted ``config.json``: each asked for by name, checked for kind and range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ncutool.base.checks import LARGEST
from ncutool.base.user_files import shown, text_problem
from ncutool_parsers.errors import UsageError


@dataclass(frozen=True)
class Values:
    """A configuration, and the name to speak of it by."""

    where: str
    data: Mapping[str, Any]

    def fail(self, what: str) -> UsageError:
        """Return the error that says where and what."""
        return UsageError(f"{self.where}: {what}")

    def given(self, name: str) -> bool:
        """Return whether a value of this name is there and not null."""
        return self.data.get(name) is not None

    def count(self, *names: str, default: int | None = None, least: int = 1) -> int:
        """Return a whole number by the first of ``names`` that is given.

        Raises:
            UsageError: none is given and there is no default, or it is no such number.
        """
        for name in names:
            if self.given(name):
                value = self.data[name]
                if isinstance(value, bool) or not isinstance(value, int):
                    raise self.fail(f"{name} must be a whole number, not {shown(value)}")
                if not least <= value <= LARGEST:
                    raise self.fail(
                        f"{name} must be from {least} to {LARGEST:,}, not {shown(value)}"
                    )
                return value
        if default is not None:
            return default
        raise self.fail(f"{names[0]} is missing")

    def flag(self, name: str, default: bool = False) -> bool:
        """Return the truth value of this name.

        Raises:
            UsageError: it is something else.
        """
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.fail(f"{name} must be true or false, not {shown(value)}")
        return value

    def text(self, name: str, default: str = "") -> str:
        """Return the text of this name.

        Raises:
            UsageError: it is something else.
        """
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.fail(f"{name} must be a text, not {shown(value)}")
        if (wrong := text_problem(name, value)) is not None:
            raise self.fail(wrong)
        return value

    def inner(self, name: str) -> Values | None:
        """Return a nested object; None where it is not there.

        Raises:
            UsageError: it is something else.
        """
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.fail(f"{name} must be an object, not {shown(value)}")
        return Values(f"{self.where}: {name}", value)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts; None where it is not there.

        Raises:
            UsageError: it is something else.
        """
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.fail(f"{name} must be a list of texts")
        return tuple(value)
