"""Values of an untrusted ``config.json``: each asked for by name, checked for kind and range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from ncutool.base.checks import LARGEST
from ncutool.base.user_files import shown, text_problem
from ncutool_parsers.errors import UsageError

MOST_LAYERS = 100_000
"""Each layer is laid out by itself; the deepest models have some hundreds."""
_LAYERS = ("num_hidden_layers", "n_layer")


class Values(Struct, frozen=True, eq=False):
    """A configuration, and the name to speak of it by."""

    where: str
    data: Mapping[str, Any]
    used: set[str] = field(default_factory=set)
    """Names asked for so far: what nobody asked for may mean something that is not planned."""
    free: frozenset[str] = frozenset()
    """Names that the user gave in place of the configuration's own values."""
    assumed: list[str] = field(default_factory=list)
    """Values that were not given and taken as the architecture's default, in words."""

    def default(self, name: str, value: int) -> int:
        """Return the architecture's default of a value that is not given, and note that it was
        taken."""
        words = f"{name} {value:,}"
        if words not in self.assumed:
            self.assumed.append(words)
        return value

    def known(self, *names: str) -> None:
        """Say that these names are understood, and mean nothing in this configuration."""
        self.used.update(names)

    def fail(self, what: str) -> UsageError:
        """Return the error that says where and what."""
        return UsageError(f"{self.where}: {what}")

    def given(self, name: str) -> bool:
        """Return whether a value of this name is there and not null."""
        self.used.add(name)
        return self.data.get(name) is not None

    def count(self, *names: str, default: int | None = None, least: int = 1) -> int:
        """Return a whole number by the first of ``names`` that is given.

        Raises:
            UsageError: none is given and there is no default, or it is no such number.
        """
        for name in names:
            if self.given(name):
                value = self.data[name]
                if isinstance(value, list) and value and all(each == value[0] for each in value):
                    value = value[0]  # one for each layer, all alike
                if isinstance(value, bool) or not isinstance(value, int):
                    raise self.fail(f"{name} must be a whole number, not {shown(value)}")
                most = MOST_LAYERS if name in _LAYERS else LARGEST
                if not least <= value <= most:
                    raise self.fail(f"{name} must be from {least} to {most:,}, not {shown(value)}")
                return value
        if default is not None:
            return default
        raise self.fail(f"{names[0]} is missing")

    def flag(self, name: str, default: bool = False) -> bool:
        """Return the truth value of this name.

        Raises:
            UsageError: it is something else.
        """
        self.used.add(name)
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
        self.used.add(name)
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
        self.used.add(name)
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.fail(f"{name} must be an object, not {shown(value)}")
        return Values(f"{self.where}: {name}", value)

    def same(self, *names: str, default: int | None = None, least: int = 1) -> int:
        """Return a whole number that configurations give by one of several names.

        Raises:
            UsageError: two of them are given and differ, or none is and there is no default.
        """
        given = {name: self.count(name, least=least) for name in names if self.given(name)}
        if len(set(given.values())) > 1:
            both = " and ".join(f"{name} {value:,}" for name, value in given.items())
            raise self.fail(f"{both} are two names of one number, and differ")
        return self.count(*names, default=default, least=least)

    def numbers(self, name: str) -> tuple[int, ...] | None:
        """Return a list of whole numbers; None where it is not there.

        Raises:
            UsageError: it is something else.
        """
        self.used.add(name)
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(
            isinstance(each, int) and not isinstance(each, bool) for each in value
        ):
            raise self.fail(f"{name} must be a list of whole numbers")
        return tuple(value)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts; None where it is not there.

        Raises:
            UsageError: it is something else.
        """
        self.used.add(name)
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.fail(f"{name} must be a list of texts")
        return tuple(value)
