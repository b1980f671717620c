"""Records as plain data.

Records are structs of msgspec: Python compiles four functions for each dataclass when a module is
loaded, which took a third of the time of a plan and a tenth of that of a small report; a struct is
made in a fiftieth of that. Dataclasses are what is taken apart or changed by the functions of
``dataclasses``, here or by those who use the library.
"""

from __future__ import annotations

import dataclasses
from dataclasses import is_dataclass
from typing import Any, TypeVar

from msgspec import Struct, structs, to_builtins


def as_dict(record: Struct) -> dict[str, Any]:
    """Return the fields of a record by their names; records inside it likewise."""
    fields: dict[str, Any] = to_builtins(record, enc_hook=_plain)
    return fields


def _plain(value: object) -> float:
    """Return a number of a class of its own, such as a threshold, as a number and nothing else."""
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no plain data")


def fields_of(record: Any) -> dict[str, Any]:
    """Return the fields of a struct or a dataclass by their names, as ``dataclasses.asdict`` does.

    Records inside it become dictionaries too; other values are those of the record itself.
    """
    names = record.__struct_fields__ if isinstance(record, Struct) else record.__dataclass_fields__
    return {name: _taken_apart(getattr(record, name)) for name in names}


def _taken_apart(value: Any) -> Any:
    """Return a value with its records as dictionaries, in containers of the same kind."""
    if isinstance(value, Struct) or (is_dataclass(value) and not isinstance(value, type)):
        return fields_of(value)
    if isinstance(value, dict):
        return {key: _taken_apart(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        parts = [_taken_apart(one) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


_Record = TypeVar("_Record")


def replace(record: _Record, /, **changes: Any) -> _Record:
    """Return a struct or a dataclass with other values in some fields."""
    if isinstance(record, Struct):
        return structs.replace(record, **changes)
    made: _Record = dataclasses.replace(record, **changes)  # type: ignore[type-var]  # is one
    return made
