"""A Hugging Face ``config.json`` to a model: untrusted, size-bounded, and nothing of it is run.

Parameter counts follow the layers of the transformers library's modelling files: which
projections carry a bias, which norms a layer has, which matrices are tied.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ncutool.base.user_files import shown
from ncutool.planning.llm import families
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.values import Values
from ncutool_parsers.errors import UnreadableError, UsageError
from ncutool_parsers.visible_text import visible

MOST_BYTES = 4 * 1024 * 1024
"""A configuration is a few kilobytes; what is past this is not one."""


def read_config(path: Path, changes: Mapping[str, int] | None = None) -> Model:
    """Read the model that a ``config.json`` describes.

    Args:
        changes: values to put in place of its own.

    Raises:
        UnreadableError: it cannot be read, is too large, or is no JSON object.
        UsageError: a value is missing, of a wrong kind, or its architecture is not known.
    """
    name = visible(path.parent.name or path.stem)
    source = visible(f"{path.parent.name}/{path.name}").removeprefix(
        "/"
    )  # no place on the user's machine
    return changed(load(path), changes or {}, name=name, where=str(path), source=source)


def load(path: Path) -> dict[str, Any]:
    """Read the values of a ``config.json``.

    Raises:
        UnreadableError: it cannot be read, is too large, or is no JSON object.
    """
    wanted = "give the config.json of a Hugging Face model"
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnreadableError(path, f"cannot be read ({why})", "check the path") from error
    if len(content) > MOST_BYTES:
        raise UnreadableError(path, f"is larger than {MOST_BYTES:,} bytes", wanted)
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(path, f"is not JSON ({error})", wanted) from error
    if not isinstance(data, dict):
        raise UnreadableError(path, "holds no JSON object", wanted)
    return data


def changed(
    data: Mapping[str, Any],
    changes: Mapping[str, int],
    *,
    name: str,
    where: str,
    source: str = "",
    published_parameters: int | None = None,
) -> Model:
    """Return the model of a configuration with some values changed: no longer the published one.

    Raises:
        UsageError: see :func:`from_config`.
    """
    if not changes:
        return from_config(
            data, name=name, where=where, source=source, published_parameters=published_parameters
        )
    model = from_config(_merged(data, changes), name=name, where=where, source=source)
    for key in changes:
        rest = {other: value for other, value in changes.items() if other != key}
        if _means_nothing(model, _merged(data, rest), name, where, source):
            raise UsageError(
                f"{where}: {key} {changes[key]} changes nothing in this model: its architecture "
                "has no such size, or it is so already"
            )
    listed = ", ".join(f"{key} {value}" for key, value in changes.items())
    note = f"not the published model: {listed} instead of its own"
    return replace(model, name=f"{name}, changed", notes=(*model.notes, note))


def _merged(data: Mapping[str, Any], changes: Mapping[str, int]) -> dict[str, Any]:
    """Return the values with some changed, where the decoder's stand."""
    inner = data.get("text_config")
    if isinstance(inner, Mapping):
        return {**data, "text_config": {**inner, **changes}}
    return {**data, **changes}


def _means_nothing(
    model: Model, without: Mapping[str, Any], name: str, where: str, source: str
) -> bool:
    """Return whether a model is the same without one of its changes; if that is none, it means a
    lot."""
    try:
        return from_config(without, name=name, where=where, source=source) == model
    except UsageError:
        return False


def from_config(
    data: Mapping[str, Any],
    *,
    name: str,
    where: str = "config",
    source: str = "",
    published_parameters: int | None = None,
) -> Model:
    """Return the model of a configuration's values.

    Args:
        name: what to call it.
        where: what errors call the configuration.
        source: where the configuration was published.
        published_parameters: the parameter count its publisher states, to the digit.

    Raises:
        UsageError: a value is missing or wrong, or ``model_type`` is not known.
    """
    outer = Values(where, data)
    text = outer.inner("text_config")
    kind = outer.text("model_type")
    if text is not None:  # a multimodal model: only its decoder is planned
        values = Values(text.where, {**_outer(data), **text.data})
        kind = text.text("model_type", kind)
    else:
        values = outer
    build = families.FAMILIES.get(kind)
    if build is None:
        known = ", ".join(sorted(families.FAMILIES))
        raise UsageError(
            f"{where}: model_type {shown(kind or 'missing')} is not known; known are {known}. "
            "Describe the model with --layers, --hidden, --heads and the like instead"
        )
    return build(values, name, source, published_parameters)


def _outer(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a multimodal configuration says once for all of its parts."""
    shared = ("quantization_config", "torch_dtype", "dtype", "tie_word_embeddings")
    return {key: data[key] for key in shared if key in data}
