"""Names from inside a capture as data: whoever wrote a capture chose every one of them.

A program that reads names may take one for an instruction. So they stand in fields of their own,
bounded and without a character that acts, and sentences of ours name nothing: what a sentence
would have quoted from the capture is replaced by ``[name]``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import polars.selectors as cs
from msgspec import Struct

from ncutool.base.thresholds import IntThreshold
from ncutool.work.operators import REGISTRY

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

NAME_CHARACTERS = 120
"""Longest name that is given."""
COMMAND_CHARACTERS = 600
"""Longest command line; a longer one is left out, since half a command does something else."""
GRAM = IntThreshold(
    16,
    "characters",
    "so many of a captured name in a row are taken out of sentences",
    "judgement: `elementwise` and `matrix product` stay, half of a sentence does not",
)
WHOLE = IntThreshold(
    6, "characters", "shorter names are left in sentences: they say nothing", "judgement"
)
NAME = "[name]"
_ACTING = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of Unicode whose characters act on what is shown, or show nothing."""
_PLAIN_WORD = re.compile(r"[A-Za-z]?[a-z]+")
_CALL = re.compile(
    r"(cuda|hip)((Stream|Device|Event)Synchronize|Mem(cpy|set)(Async)?|LaunchKernel(ExC)?"
    r"|Launch(Cooperative)?Kernel|GraphLaunch|Malloc(Async)?|Free(Async)?)"
)
"""Calls that sentences may name though captures do."""
_OF_KERNELS = ("kernel", "kernel_full", "op", "nvtx", "signature")
_TABLES = (
    *("launches", "ops", "calls", "annotations", "overheads", "signatures", "rules", "listings"),
    *("sampled_lines", "instructions"),
)
"""Tables of a capture whose texts are its own."""


def quoted(text: str, most: int = NAME_CHARACTERS) -> str:
    """Return a name with the characters that act written out (``\\u202e``), cut in its middle."""
    if not text.isascii() or not text.isprintable():
        text = "".join(_written(one) for one in text[: 8 * most])
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def _written(character: str) -> str:
    if unicodedata.category(character) not in _ACTING:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"


def command(text: str | None) -> str | None:
    """Return a command line that can be given as it is; None where it cannot."""
    if text is None or len(text) > COMMAND_CHARACTERS or quoted(text, len(text)) != text:
        return None
    return text


def quoted_in(value: Any) -> Any:
    """Return plain data with every text in it quoted, keys included."""
    if isinstance(value, str):
        return quoted(value, COMMAND_CHARACTERS)
    if isinstance(value, dict):
        return {quoted(str(key)): quoted_in(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [quoted_in(one) for one in value]
    return value


class Names(Struct, frozen=True):
    """Every name that a capture gives to something."""

    every: pl.Series

    @classmethod
    def none(cls) -> Names:
        """Return no names: of data without sentences."""
        return cls(pl.Series("text", [], pl.String))

    def without(self, texts: Sequence[str]) -> list[str]:
        """Return sentences with the parts that stand in a name replaced by :data:`NAME`.

        A name may stand there cut: any :data:`GRAM` characters of one are taken for it.
        """
        lengths = {text: len(text) for text in texts}
        grams = {
            text[at : at + GRAM] for text, long in lengths.items() for at in range(long - GRAM + 1)
        }
        words = {
            word
            for text in texts
            for word in re.findall(r"[\w:<>.$@-]+", text)
            if len(word) >= WHOLE and not _PLAIN_WORD.fullmatch(word)
        }
        held = self._held(grams)
        whole = words & set(self.every.to_list()) if words else set()
        return [quoted(_masked(text, held, whole), COMMAND_CHARACTERS) for text in texts]

    def _held(self, grams: set[str]) -> set[str]:
        """Return which pieces of text stand in some name."""
        if not grams or self.every.is_empty():
            return set()
        found = self.every.str.extract_many(sorted(grams), overlapping=True)
        return set(found.explode().drop_nulls().unique().to_list())


def _masked(text: str, grams: set[str], words: set[str]) -> str:
    hidden = bytearray(len(text))
    for at in range(len(text) - GRAM + 1):
        if text[at : at + GRAM] in grams:
            hidden[at : at + GRAM] = b"\1" * GRAM
    for word in words:
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text):
            hidden[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    for found in re.finditer(r"[\w:]+", text):
        if found.group() in REGISTRY or _CALL.fullmatch(found.group()):
            hidden[found.start() : found.end()] = bytes(found.end() - found.start())
    parts, at = [], 0
    for run in re.finditer(rb"\x01+", bytes(hidden)):
        parts += [text[at : run.start()], NAME]
        at = run.end()
    return "".join((*parts, text[at:]))


def names(analysis: Analysis) -> Names:
    """Return every text that a capture and its companions brought along, each once."""
    capture, others = analysis.capture, analysis.companions
    captures = [capture, others.ncu, others.capture_trace, *others.rank_trace]
    found = [_texts(analysis.kernels.select(_OF_KERNELS))]
    said = [one.name for one in capture.devices if one.name]
    for one in captures:
        if one is not None:
            said.append(one.name)
            found += [_texts(getattr(one, table)) for table in _TABLES]
    return Names(pl.concat([pl.Series("text", said, pl.String), *found]).unique())


def _texts(table: pl.DataFrame) -> pl.Series:
    """Return the texts of a table, each once."""
    own = table.select(cs.string() | cs.categorical()).get_columns()
    kept = [column.unique().cast(pl.String).drop_nulls().alias("text") for column in own]
    texts: pl.Series = pl.concat([pl.Series("text", [], pl.String), *kept])
    return texts
