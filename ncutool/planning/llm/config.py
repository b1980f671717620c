"""A Hugging Face ``config.json`` to a model: untrusted, size-bounded, and nothing of it is run.

Parameter counts follow the layers of the transformers library's modelling files: which
projections carry a bias, which norms a layer has, which matrices are tied.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ncutool.base.user_files import shown
from ncutool.planning.llm.families import DECODERS, FAMILIES, REFUSED
from ncutool.planning.llm.families.draft import Named
from ncutool.planning.llm.families.towers import encoder
from ncutool.planning.llm.keys import FLAGS, check_keys, refuse
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
    beside = visible(f"{path.parent.name}/{path.name}")  # no place on the user's machine
    source = beside.removeprefix("/")
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
    model = from_config(_merged(data, changes), name=name, where=where, source=source, free=changes)
    for key in changes:
        rest = {other: value for other, value in changes.items() if other != key}
        if _means_nothing(model, _merged(data, rest), (name, where, source), set(rest)):
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
    model: Model, without: Mapping[str, Any], named: tuple[str, str, str], free: set[str]
) -> bool:
    """Return whether a model is the same without one of its changes; if that is none, it means a
    lot."""
    name, where, source = named
    try:
        return from_config(without, name=name, where=where, source=source, free=free) == model
    except UsageError:
        return False


def from_config(
    data: Mapping[str, Any],
    *,
    name: str,
    where: str = "config",
    source: str = "",
    published_parameters: int | None = None,
    free: Collection[str] = (),
) -> Model:
    """Return the model of a configuration's values.

    Args:
        name: what to call it.
        where: what errors call the configuration.
        source: where the configuration was published.
        published_parameters: the parameter count its publisher states, to the digit.
        free: names that the user gave, and not the publisher: they need not be the family's.

    Raises:
        UsageError: a value is missing or wrong, ``model_type`` is not known, or there is a value
            that nothing here understands and that may change the arithmetic.
    """
    outer = Values(where, data)
    text = _decoder(outer)
    kind = outer.text("model_type")
    if text is not None:  # a multimodal model: its decoder is planned, its encoder is held
        values = Values(text.where, {**_outer(data), **text.data}, free=frozenset(free))
        kind = text.text("model_type") or DECODERS.get(kind, kind)
    else:
        values = Values(where, data, free=frozenset(free))
        kind = DECODERS.get(kind, kind)
    if kind in REFUSED:
        raise values.fail(f"model_type {kind!r} is {REFUSED[kind]}")
    if data.get("is_encoder_decoder") is True:
        raise values.fail("is_encoder_decoder is true: an encoder with a decoder is not planned")
    build = FAMILIES.get(kind)
    if build is None:
        known = ", ".join(sorted(FAMILIES))
        raise values.fail(
            f"model_type {shown(kind or 'missing')} is not known; known are {known}. "
            f"{FLAGS[0].upper()}{FLAGS[1:]}"
        )
    if kind != values.data.get("model_type"):
        values = replace(values, data={**values.data, "model_type": kind})
    model = build(values, Named(name, source, published_parameters))
    outer.known("text_config", "vision_config", "llm_config", *_SHARED, *free)
    values.known("vision_config", "text_config", *free)
    assumed: list[str] = []
    held = encoder(outer, model.hidden_size or 0, assumed)
    check_keys(values)
    if text is not None:
        check_keys(outer)
    _check_architecture(outer, kind)
    notes = model.notes
    if assumed:
        notes = (
            *notes,
            f"not in the configuration, taken as its family has it: {', '.join(assumed)}",
        )
    return replace(model, held=model.held if held is None else (*model.held, held), notes=notes)


_ALSO = {"deepseekv3": ("kimi_k2", "deepseek_v32"), "bailingmoev2": ("bailing_moe",)}
"""Classes that publishers give to configurations of a further ``model_type``."""


def _check_architecture(outer: Values, kind: str) -> None:
    """Raise a UsageError where ``architectures`` names another family than ``model_type``."""
    outer.known("architectures")
    families = {name.replace("_", ""): name for name in FAMILIES}
    for given in outer.texts("architectures") or ():
        name = given.lower()
        for ending in ("forcausallm", "lmheadmodel", "model"):
            name = name.removesuffix(ending)
        if name in families and families[name] != kind and kind not in _ALSO.get(name, ()):
            raise outer.fail(
                f"architectures says {shown(given)} and model_type {kind!r}: which of them is it?"
            )


def _decoder(outer: Values) -> Values | None:
    """Return the part of a multimodal configuration that describes its decoder."""
    for name in ("text_config", "llm_config", "language_config"):
        found = outer.inner(name)
        if found is not None and found.data:
            return found
    if outer.given("text_config"):
        raise refuse(outer, "text_config is empty")
    return None


_SHARED = (
    "quantization_config",
    "compression_config",
    "torch_dtype",
    "dtype",
    "tie_word_embeddings",
)
"""What a multimodal configuration says once for all of its parts."""


def _outer(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a multimodal configuration says once for all of its parts."""
    return {key: data[key] for key in _SHARED if key in data}
