"""Writes `ncutool/analysis/sentence_words.txt`: the words of ncutool's own sentences.

python docs/make_sentence_words.py

They are taken from the texts in the source of the rooms that write sentences about a capture. A
word that the list lacks gives way to a pseudonym where kept sentences are redacted by names, so
that an old list costs words, never a secret.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "ncutool" / "analysis" / "sentence_words.txt"
ROOMS = (
    "parsers/ncutool_parsers",
    *(f"ncutool/{room}" for room in ("base", "devices", "work", "roofline", "timeline")),
    *(f"ncutool/{room}" for room in ("companions", "inside", "advice", "analysis")),
    "ncutool/archive/failures.py",
    "ncutool/archive/batch.py",
)
RULES = ROOT / "ncutool" / "advice" / "catalogue" / "rules.json"
_WORD = re.compile(r"[\w$]+")
_PART = re.compile(r"https://\S+|[a-z]{3,}")
"""What a sentence may be put together from: an address, or a word that stands alone."""
_SPECIAL = re.compile(r"\\[A-Za-z]|\(\?|\[\^")
"""What stands in patterns and in no sentence."""
_NOT_SHOWN = ("Threshold", "Pattern", "Column")
"""Makers whose texts tell of sources and meanings, for those who read the source."""
HEAD = (
    "# Words of ncutool's own sentences, written by docs/make_sentence_words.py. Under\n"
    "# `--redact names` a kept sentence keeps these and public words; every other gives way.\n"
)


def words() -> frozenset[str]:
    """Return every word of a text in the source."""
    texts = [text for room in ROOMS for path in _modules(ROOT / room)
             for text in _texts(path)]  # fmt: skip
    texts += list(_leaves(json.loads(RULES.read_text(encoding="utf-8"))))
    found = {word for text in texts for word in _WORD.findall(text)}
    lowered = {word.lower() for word in found if word.istitle()}
    return frozenset(
        word
        for word in found | lowered
        if len(word) > 1 and not word.isdecimal() and word.isprintable()
    )


def file_text() -> str:
    """Return the text of the file."""
    joined = " ".join(sorted(words()))
    return HEAD + "\n".join(textwrap.wrap(joined, 98, break_on_hyphens=False)) + "\n"


def _modules(place: Path) -> list[Path]:
    return [place] if place.suffix else sorted(place.rglob("*.py"))


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module that may stand in a sentence: no descriptions, no patterns."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {
        id(node.value) for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # fmt: skip
    left_out |= {
        id(node) for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "").endswith(_NOT_SHOWN)
        for node in ast.walk(call)
    }  # fmt: skip
    in_sentences = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        for part in node.values
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        is_sentence = " " in node.value.strip() or id(node) in in_sentences
        is_sentence = is_sentence or _PART.fullmatch(node.value) is not None
        if id(node) not in left_out and is_sentence and not _SPECIAL.search(node.value):
            yield node.value


def _leaves(value: object) -> Iterator[str]:
    """Yield every text in nested lists and tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)


if __name__ == "__main__":
    TARGET.write_text(file_text(), encoding="utf-8")
