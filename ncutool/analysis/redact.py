"""Redaction: a capture whose tables hold nothing private, made before any sentence is written.

What is taken away is taken from the tables of the capture, so that no output can show it. What
stays of names follows one rule: a word is public where all its pieces are words of published
frameworks and libraries (:mod:`ncutool.analysis.public_words`), and every other word gives way to
a stable pseudonym. Figures do not change: models read a pseudonym as the name that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from msgspec import Struct

from ncutool.analysis.public_words import is_public
from ncutool.analysis.request import Redact
from ncutool.base import private_text, pseudonyms
from ncutool.base.quick_search import may_hold
from ncutool_parsers.visible_text import host_in, without_host

if TYPE_CHECKING:
    from ncutool_parsers import Place
    from ncutool_parsers.capture import Capture, DeviceRecord, Notice

_WORD = re.compile(r"[\w$]+")
_COMPILED = re.compile(r"triton_(?:poi|red|per|tem|for)_")
_GENERATED = re.compile(
    r"Cijk_|igemm_(?:fwd|bwd|wrw)_|nvjet_|sm\d+_xmma_|(?:maxwell|volta|turing|ampere)_\w*gemm_"
)
"""How kernels begin whose whole names a library's generator writes, most of it abbreviations."""
_ABBREVIATION = re.compile(r"[A-Za-z]{0,5}(?:\d+[A-Za-z]{0,4})*")
_BACKWARD = re.compile(r"(?:_backward|Backward\d*)$")
"""Kept behind an operator's pseudonym: it tells the passes of a training step apart."""
_SENTENCE = re.compile(r"\s|#")
_ENDINGS = (".json.gz", ".json", ".ncu-repz", ".ncu-rep", ".nsight-cuprof-report", ".gz")
_OF_PERSONS = ("hostname", "host_name", "host", "user", "username")
_AT_HOME = re.compile(r"(?:/home/|/Users/|\\Users\\)([^/\\\s]+)")
_SEPARATORS = re.compile(r"[\s/\\=,:;\"']+")


class Redactor(Struct, frozen=True):
    """What is done to each text of one capture."""

    mode: Redact
    secret: bytes
    of_persons: Callable[[str], str] | None
    """Replaces host and user names that the capture tells elsewhere."""
    told: Callable[[str], str] | None
    """Replaces these, and words of the command line and of the file's name."""

    def word(self, kind: str, word: str) -> str:
        """Return a word of a name as it may be shown."""
        if is_public(word) or pseudonyms.is_pseudonym(word):
            return word
        if _COMPILED.match(word):
            return "_".join(self._compiled(kind, word.split("_")))
        if _GENERATED.match(word) and all(map(_short, word.split("_"))):
            return word
        ending = _BACKWARD.search(word)
        if ending is not None:
            own = word[: ending.start()]
            return f"{self.word(kind, own)}{ending.group()}" if own else word
        return pseudonyms.pseudonym(kind, word, self.secret)

    def _compiled(self, kind: str, pieces: Iterable[str]) -> Iterable[str]:
        """Name the operators that a compiled kernel lists one by one."""
        for piece in pieces:
            stays = is_public(piece) or pseudonyms.is_pseudonym(piece)
            yield piece if stays else pseudonyms.pseudonym(kind, piece, self.secret)

    def name(self, kind: str, text: str) -> str:
        """Return a name with a pseudonym for each word that is not public."""
        text = private_text.without_private(text, self.of_persons)
        return _WORD.sub(lambda match: self.word(kind, match.group()), text)

    def text(self, text: str) -> str:
        """Return text without private data; names stay."""
        return private_text.without_private(text, self.told)

    def user_text(self, text: str) -> str:
        """Return an annotation: a user writes in it what he likes, names of modules most often."""
        return self.name("module", private_text.without_private(text, self.told))

    def kernel(self, text: str) -> str:
        """Return a kernel's name, which models go on reading as what it was."""
        return self._readable("kernel", text)

    def operator(self, text: str) -> str:
        """Return an operator's name, which models go on reading as what it was."""
        return self._readable("op", text)

    def _readable(self, kind: str, text: str) -> str:
        if self.mode is Redact.NAMES:
            shown = self.name(kind, text)
        elif kind == "op" and _SENTENCE.search(text) and not text.startswith("autograd::"):
            shown = self.user_text(text)  # an annotation that was recorded as an operator
        else:
            shown = private_text.without_modules(
                private_text.without_private(text, self.of_persons), partial(self.name, "module")
            )
        pseudonyms.remember(shown, text)
        return shown

    def argument(self, text: str) -> str:
        """Return a recorded argument of an operator: words among sizes and types."""
        return self.name("word", text) if self.mode is Redact.NAMES else self.text(text)


def redacted(capture: Capture, mode: Redact | None) -> Capture:
    """Return the capture as it may be shown: without a mode, as it may be without being asked."""
    if mode is None:
        return _screened(capture)
    do = _redactor(capture, mode)
    names = _names_of(capture, do) if mode is Redact.NAMES else None
    prose = partial(_prose, do, names)
    version = capture.tool_version
    return replace(
        capture,
        path=redacted_path(capture.path),
        private={},
        tool_version=None if version is None else do.name("word", version),
        devices=tuple(_device(record, do) for record in capture.devices),
        notices=tuple(_notice(notice, prose) for notice in capture.notices),
        launches=_mapped(
            capture.launches,
            {
                "kernel": do.kernel,
                "kernel_full": do.kernel,
                "nvtx": do.user_text,
                "error": prose,
                "copy_kind": do.argument,
                "collective": do.argument,
                "collective_dtype": do.argument,
            },
        ),
        rules=_mapped(
            capture.rules,
            dict.fromkeys(("rule", "section", "severity", "title"), prose)
            | {"message": _nothing if mode is Redact.NAMES else prose},
        ),
        samples=_mapped(capture.samples, {"file": do.argument}),
        sampled_lines=_mapped(capture.sampled_lines, {"file": do.argument}),
        listings=_mapped(capture.listings, {"text": _without_symbols}),
        signatures=_mapped(
            capture.signatures,
            {"op": do.operator}
            | dict.fromkeys(
                ("input_dims", "input_types", "input_strides", "concrete_inputs",
                 "kernel_backend", "kernel_kwargs"),
                do.argument,
            ),
        ),
        calls=_mapped(capture.calls, {"name": do.argument, "kernel": do.kernel}),
        annotations=_mapped(capture.annotations, {"name": do.user_text}),
        overheads=_mapped(capture.overheads, {"name": do.user_text}),
    )  # fmt: skip


def _screened(capture: Capture) -> Capture:
    """Return a capture whose texts tell nothing of machines and persons; all names stay."""
    words = _not_public(_persons(capture))
    known = private_text.finder(words)

    def screened(text: str) -> str:
        shown = private_text.without_places(text, known)
        if shown != text:
            pseudonyms.remember(shown, text)
        return shown

    columns = {
        "launches": ("kernel", "kernel_full", "nvtx", "error", "copy_kind", "collective"),
        "rules": ("title", "message"),
        "samples": ("file",),
        "sampled_lines": ("file",),
        "signatures": ("op", "concrete_inputs", "kernel_backend", "kernel_kwargs"),
        "calls": ("name", "kernel"),
        "annotations": ("name",),
        "overheads": ("name",),
    }
    distinct = {
        (table, name): _distinct(getattr(capture, table)[name])
        for table, names in columns.items()
        for name in names
    }
    every = list(dict.fromkeys(text for texts in distinct.values() for text in texts))
    asked = may_hold(every, private_text.tellings(words))
    shown = {text: screened(text) for text, may in zip(every, asked, strict=True) if may}
    told = {text: changed for text, changed in shown.items() if changed != text}
    tables: dict[str, Any] = {}
    for (table, name), texts in distinct.items():
        if any(text in told for text in texts):
            frame = tables.get(table, getattr(capture, table))
            changed = frame[name].replace(list(told), list(told.values()))
            tables[table] = frame.with_columns(changed)
    notices = tuple(_notice(notice, screened) for notice in capture.notices)
    return replace(capture, notices=notices, **tables)


def redacted_path(path: Path | Place) -> Path:
    """Return what a capture's file is called: `capture_` and a pseudonym, in no folder."""
    lower = path.name.lower()
    ending = next((one for one in _ENDINGS if lower.endswith(one)), "")
    return Path(
        pseudonyms.pseudonym("capture", without_host(path.name), pseudonyms.key(), numbers=False)
        + ending
    )


def _folder_of(path: Path | Place) -> str:
    return str(path.absolute().parent) if isinstance(path, Path) else path.folder


def redacted_names(launches: pl.DataFrame, mode: Redact) -> pl.DataFrame:
    """Return launches of a run that was kept, with names as a capture's redacted ones are."""
    do = redactor_of_rows(mode)
    changes = {"kernel": do.kernel, "kernel_full": do.kernel, "op": do.operator}
    return _mapped(launches, changes | {"signature": do.argument})


def redactor_of_rows(mode: Redact) -> Redactor:
    """Return what redacts rows that were kept, whose captures are not at hand."""
    return Redactor(mode, pseudonyms.key(), None, None)


def redacted_pattern(pattern: str) -> str:
    """Return a pattern for kernels as it may be shown: with pseudonyms for names that it spells."""
    return Redactor(Redact.NAMES, pseudonyms.key(), None, None).name("kernel", pattern)


def _redactor(capture: Capture, mode: Redact) -> Redactor:
    persons = _persons(capture)
    told = [*persons, capture.path.name, _stem(capture.path.name), *capture.private.values()]
    words = [word for text in told for word in _SEPARATORS.split(text)]
    return Redactor(
        mode,
        pseudonyms.key(),
        private_text.finder(_not_public(persons)),
        private_text.finder(_not_public([*told, *words])),
    )


def _persons(capture: Capture) -> list[str]:
    """Return host and user names that a capture tells of itself."""
    persons = [value for key, value in capture.private.items() if key in _OF_PERSONS]
    everything = [*capture.private.values(), _folder_of(capture.path)]
    persons += [name for text in everything for name in _AT_HOME.findall(text)]
    host = host_in(capture.path.name)
    persons += [] if host is None else [host]
    return persons + [name.partition(".")[0] for name in persons]


def _not_public(words: Iterable[str]) -> list[str]:
    return [word for word in words if not is_public(word) and not word.isdecimal()]


def _stem(name: str) -> str:
    ending = next((one for one in _ENDINGS if name.lower().endswith(one)), "")
    return name[: len(name) - len(ending)]


def _short(piece: str) -> bool:
    return _ABBREVIATION.fullmatch(piece) is not None or is_public(piece)


def _names_of(capture: Capture, do: Redactor) -> Callable[[str], str] | None:
    """Return what puts pseudonyms for whole names of kernels and operators, longest first."""
    tables = ((capture.launches, "kernel_full", do.kernel), (capture.launches, "kernel", do.kernel),
              (capture.signatures, "op", do.operator))  # fmt: skip
    shown = {
        name: change(name)
        for table, column, change in tables
        for name in table[column].drop_nulls().unique()
        if name
    }
    changed = sorted(
        (name for name, new in shown.items() if new != name), key=lambda one: -len(one)
    )
    if not changed:
        return None
    pattern = re.compile("|".join(map(re.escape, changed)))
    return lambda text: pattern.sub(lambda match: shown[match.group()], text)


def _prose(do: Redactor, names: Callable[[str], str] | None, text: str) -> str:
    """Return a sentence of a reader or of NVIDIA's rules."""
    return do.text(text if names is None else names(text))


def _nothing(_: str) -> str:
    """Return no text: a sentence may hold any word, and without its names says little."""
    return ""


_SYMBOL = re.compile(r"`\([^)]*\)|\$[A-Za-z_]\w*")


def _without_symbols(text: str) -> str:
    """Return an instruction without the names of what it calls."""
    return _SYMBOL.sub("(symbol)", text)


def _notice(notice: Notice, prose: Callable[[str], str]) -> Notice:
    return replace(notice, text=prose(notice.text))


def _device(record: DeviceRecord, do: Redactor) -> DeviceRecord:
    return record if record.name is None else replace(record, name=do.text(record.name))


def _distinct(texts: pl.Series) -> list[str]:
    """Return each text of a column once, without null."""
    return [] if texts.null_count() == texts.len() else texts.drop_nulls().unique().to_list()


def _mapped(table: pl.DataFrame, changes: Mapping[str, Callable[[str], str]]) -> pl.DataFrame:
    """Return a table with columns of text changed, each distinct text once."""
    columns = []
    for name, change in changes.items():
        texts = table[name].drop_nulls().unique()
        if texts.is_empty():
            continue
        shown = [change(text) for text in texts]
        if shown == texts.to_list():
            continue
        changed = pl.Series(shown, dtype=pl.String)
        columns.append(
            table[name].replace_strict(texts, changed, default=None, return_dtype=pl.String)
        )
    return table.with_columns(columns) if columns else table
