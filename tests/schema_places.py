"""Every place of a document beside the schema that holds there, for tests that damage it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

WRONG: tuple[Any, ...] = ({"wrong": [None]}, [[None, {"wrong": 1}]], "\0 no such word", -0.5, True)
"""Values of every kind; no place of our outputs takes all of them."""


@dataclass(frozen=True)
class Place:
    """A value of a document, and what is said of it."""

    path: str
    """With a star for numbers of lists and for keys that are data."""
    schema: dict[str, Any]
    value: Any

    def takes(self, value: Any) -> bool:
        """Whether its schema allows a value there."""
        return bool(Draft202012Validator(self.schema).is_valid(value))


def places(schema: dict[str, Any], value: Any, path: str = "$") -> Iterator[Place]:
    """Yield every place of a document that is valid, the whole first."""
    schema = _that_holds(schema, value)
    yield Place(path, schema, value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for key, one in value.items():
            if key in known:
                yield from places(known[key], one, f"{path}.{key}")
            elif isinstance(rest, dict):
                yield from places(rest, one, f"{path}.*")
    elif isinstance(value, list):
        first = schema.get("prefixItems", [])
        for number, one in enumerate(value):
            inner = first[number] if number < len(first) else schema.get("items", {})
            yield from places(inner, one, f"{path}[{number if first else '*'}]")


def _that_holds(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return the one of several schemas that holds for a value."""
    several = schema.get("anyOf") or schema.get("oneOf")
    if not several:
        return schema
    return next(
        _that_holds(one, value) for one in several if Draft202012Validator(one).is_valid(value)
    )


def each_once(schema: dict[str, Any], documents: list[Any]) -> dict[str, Place]:
    """Return the places of documents, one of each path that has something in it."""
    found: dict[str, Place] = {}
    for document in documents:
        for place in places(schema, document):
            if place.path not in found or found[place.path].value in (None, [], {}):
                found[place.path] = place
    return found
