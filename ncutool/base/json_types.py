"""JSON Schemas of what ``asdict`` and JSON make of our records, read from the records themselves.

The types of fields say what is allowed, and the words under a field what it means; a name that
ends in a unit gets it in its description.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}
_PLAIN: dict[Any, Schema] = {
    str: TEXT, int: INTEGER, float: NUMBER, bool: BOOLEAN, type(None): NULL,
}  # fmt: skip
_UNITS = (
    ("flop_per_byte", "FLOP/byte"), ("flop_per_s", "FLOP/s"), ("bytes_per_s", "byte/s"),
    ("tokens_per_s", "tokens/s"), ("requests_per_s", "requests/s"), ("per_hour", "currency/hour"),
    ("_pct", "%"), ("_ns", "ns"), ("bytes", "byte"), ("flop", "FLOP"), ("_hz", "Hz"),
    ("_tokens", "tokens"), ("_ms", "ms"),
)  # fmt: skip
"""How a name ends and the unit that says so; the first that fits."""
_UNIT = re.compile(r"\[[^]]+\]$")
_ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?([^`]+)`")


def listed(items: Schema, meaning: str = "") -> Schema:
    """Return the schema of a list."""
    return meant({"type": "array", "items": items}, meaning)


def keyed(items: Schema, meaning: str = "") -> Schema:
    """Return the schema of an object whose keys are data."""
    return meant({"type": "object", "additionalProperties": items}, meaning)


def record(
    properties: Mapping[str, Schema], optional: Iterable[str] = (), meaning: str = ""
) -> Schema:
    """Return the schema of an object with these fields and no others."""
    left = set(optional)
    made = {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in properties if name not in left],
        "properties": dict(properties),
    }
    return meant(made, meaning)


def meant(schema: Schema, meaning: str) -> Schema:
    """Return a schema with words on what it means."""
    return {**schema, "description": meaning} if meaning else schema


def or_null(schema: Schema, meaning: str = "") -> Schema:
    """Return a schema that also allows null: not known, or none."""
    if "enum" in schema:
        made: Schema = {**schema, "enum": [*schema["enum"], None]}
    elif isinstance(schema.get("type"), str):
        made = {**schema, "type": [schema["type"], "null"]}
    else:
        made = {"anyOf": [schema, NULL]}
    return meant(made, meaning)


def of_type(kind: Any) -> Schema:
    """Return the schema of what JSON makes of a value of a type.

    Raises:
        TypeError: nothing is known of the type.
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _of_union(inner)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (tuple, list):
        return _of_list(origin, inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return keyed(of_type(inner[1]))
    if isinstance(kind, type) and _is_record(kind):
        return of_record(kind)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _of_named_tuple(kind)
    for plain in (bool, int, float, str):
        if isinstance(kind, type) and issubclass(kind, plain):
            return _PLAIN[plain]
    raise TypeError(f"{kind!r}: no schema is known of it")


def _of_union(members: tuple[Any, ...]) -> Schema:
    kinds = [one for one in members if one is not type(None)]
    schemas = [of_type(one) for one in kinds]
    if all(set(one) == {"type"} for one in schemas) and len(schemas) > 1:
        made: Schema = {"type": list(dict.fromkeys(one["type"] for one in schemas))}
    elif len(schemas) == 1:
        made = schemas[0]
    else:
        made = {"anyOf": schemas}
    if len(kinds) == len(members):
        return made
    if isinstance(made.get("type"), list):
        return {"type": [*made["type"], "null"]}
    return or_null(made)


def _of_list(origin: type, inner: tuple[Any, ...]) -> Schema:
    if origin is list or (len(inner) == 2 and inner[1] is Ellipsis):
        return listed(of_type(inner[0]))
    return _in_order([of_type(one) for one in inner])


def _of_named_tuple(kind: type) -> Schema:
    """Return the schema of a list of named values, which stand in it by their order."""
    members = [meant(of_type(found), _spaced(name)) for name, found in get_type_hints(kind).items()]
    return _in_order(members)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _in_order(members: list[Schema]) -> Schema:
    least = len(members)
    return {"type": "array", "prefixItems": members, "items": False, "minItems": least}


def of_record(kind: type, changed: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of a record, a dataclass or a struct of msgspec, as plain data.

    Args:
        kind: the record.
        changed: fields that are put in, or given in another way.
    """
    return record({**fields(kind), **(changed or {})})


def fields(kind: type) -> dict[str, Schema]:
    """Return the schemas of the fields of a dataclass, or of a struct of msgspec."""
    names = kind.__dataclass_fields__ if is_dataclass(kind) else _struct_fields(kind)
    words = _words(kind)
    return {name: meant(of_type(_hints(kind)[name]), words.get(name, "")) for name in names}


def _struct_fields(kind: type) -> tuple[str, ...]:
    """Return the names of the fields of a struct of msgspec; none of another class."""
    names = getattr(kind, "__struct_fields__", ())
    return names if isinstance(names, tuple) else ()


def _is_record(kind: type) -> bool:
    return is_dataclass(kind) or bool(_struct_fields(kind))


def picked(kind: type, names: Iterable[str]) -> dict[str, Schema]:
    """Return the schemas of some fields and properties of a dataclass."""
    return {name: _member(kind, name) for name in names}


def _member(kind: type, name: str) -> Schema:
    found = inspect.getattr_static(kind, name, None)
    getter = getattr(found, "fget", None) or getattr(found, "func", None)
    if getter is None:
        return meant(of_type(_hints(kind)[name]), _words(kind).get(name, ""))
    owner = sys.modules[getter.__module__]
    given = get_type_hints(getter, localns=_for_types(owner.__name__))["return"]
    documented = (getter.__doc__ or "").strip().removeprefix("Return ").removeprefix("Whether ")
    return meant(of_type(given), _plain_words(documented.partition("\n\n")[0]))


@cache
def _hints(kind: type) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for base in kind.__mro__:
        if _is_record(base):
            names |= _for_types(base.__module__)
    return get_type_hints(kind, localns=names)


@cache
def _for_types(module: str) -> dict[str, Any]:
    """Return what a module imports for its types alone."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module]))):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            continue
        for line in node.body:
            if isinstance(line, ast.ImportFrom) and line.module:
                owner = importlib.import_module(line.module)
                found |= {
                    one.asname or one.name: getattr(owner, one.name, None) for one in line.names
                }
            elif isinstance(line, ast.Import):
                for one in line.names:
                    importlib.import_module(one.name)
                    found[one.asname or one.name] = sys.modules[one.name]
    return found


@cache
def _words(kind: type) -> dict[str, str]:
    """Return the words under each field, which Python itself does not keep."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not _is_record(base):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        if isinstance(tree, ast.ClassDef):
            found |= dict(_said(tree.body))
    return found


def _said(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for line, following in pairwise(body):
        if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)):
            continue
        value = following.value if isinstance(following, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield line.target.id, _plain_words(value.value)


def _plain_words(text: str) -> str:
    """Return words without the marks of our documentation, as JSON calls things."""
    text = " ".join(_ROLE.sub(r"`\1`", text).replace("``", "`").split())
    text = re.sub(r"\bNone\b", "null", text)
    return text[:1].lower() + text[1:].removesuffix(".") if text[1:2].islower() else text


def with_units(schema: Any, name: str = "") -> Any:
    """Return a schema in which each figure whose name ends in a unit says so: `... [ns]`."""
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if "properties" in made:
        made["properties"] = {key: with_units(one, key) for key, one in made["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if inner in made:
            made[inner] = with_units(made[inner], name)
    for several in ("anyOf", "oneOf", "prefixItems"):
        if several in made:
            made[several] = [with_units(one) for one in made[several]]
    if "$defs" in made:
        made["$defs"] = {key: with_units(one) for key, one in made["$defs"].items()}
    unit = next((unit for end, unit in _UNITS if name.endswith(end)), None)
    so_far = made.get("description", "")
    if unit is not None and {"number", "integer"} & _kinds(made) and not _UNIT.search(so_far):
        made["description"] = f"{so_far} [{unit}]".strip()
    return made


def _kinds(schema: Schema) -> set[str]:
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


def opened(schema: Any) -> Any:
    """Return a schema whose objects may get further fields, as later versions may add them."""
    if isinstance(schema, list):
        return [opened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: opened(one)
        for key, one in schema.items()
        if not (key == "additionalProperties" and one is False)
    }
