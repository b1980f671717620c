"""How wide a text is in a picture, and how it is wrapped and shortened to fit.

A picture has no layout of its own: what is too wide is cut off or lies over its neighbour. So
widths are those of Arial, which Helvetica and Liberation Sans have too; one of the three is on
almost every machine.
"""

from __future__ import annotations

import re
import unicodedata

FONT = "Arial, Helvetica, 'Liberation Sans', Arimo, sans-serif"
"""Families of the same widths."""

# Thousandths of the font's size; every list of characters has one width.
_REGULAR = {
    191: "'", 222: "ijl’", 260: "|", 278: " \u00a0!,./:;I[\\]ft·", 333: "()-`r²³“”", 334: "{}",
    355: '"', 389: "*", 400: "°", 469: "^", 500: "Jcksvxyz", 549: "≥≤≈",
    556: "#$0123456789?L_abdeghnopqu–", 576: "µ", 584: "+<=>~×−", 611: "FTZ",
    667: "&ABEKPSVXY", 722: "CDHNRUw", 778: "GOQ", 833: "Mm",
    889: "%", 944: "W", 1000: "—…→", 1015: "@",
}  # fmt: skip
_BOLD = {
    238: "'", 278: " \u00a0,./I\\ijl·’", 280: "|", 333: "!()-:;[]`ft²³", 389: "*r{}", 400: "°",
    474: '"', 500: "z“”", 549: "≥≤≈", 556: "#$0123456789J_aceksvxy–", 576: "µ", 584: "+<=>^~×−",
    611: "?FLTZbdghnopqu", 667: "EPSVXY", 722: "&ABCDHKNRU", 778: "GOQw", 833: "M", 889: "%m",
    944: "W", 975: "@", 1000: "—…→",
}  # fmt: skip
_WIDTHS = tuple(
    {letter: width for width, letters in table.items() for letter in letters}
    for table in (_REGULAR, _BOLD)
)
_UNKNOWN = 1000
"""A letter of another script comes from another font; this is at least as wide as most."""
_PICTOGRAPH = 1400
"""Emoji and rare scripts, which are wider than the font's size."""
_WORD = 14
"""A word that is cut off is left out if it has fewer letters than this."""
_BREAKS = re.compile("[ \\t\\n]+")
_UNIT = re.compile(r"(?<=\d) (?=(?:%|[nµm]?s\b))")


def known(text: str) -> bool:
    """Return whether the width of every character is known, not only guessed."""
    return all(letter in _WIDTHS[0] for letter in text)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in a font of this size."""
    return sum(_letter(letter, bold) for letter in text) * size / 1000


def _letter(letter: str, bold: bool) -> int:
    found = _WIDTHS[bold].get(letter)
    if found is not None:
        return found
    if unicodedata.category(letter) == "Mn":
        return 0
    base = unicodedata.normalize("NFD", letter)[0]
    if base in _WIDTHS[bold]:
        return _WIDTHS[bold][base]
    return _PICTOGRAPH if ord(letter) > 0xFFFF else _UNKNOWN


def wrapped(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """Return a text in lines of at most ``room``; a word that is wider than that is divided.

    No character but the spaces at the breaks is lost; one letter a line is the least. A figure
    and its unit stay together.
    """
    lines: list[str] = []
    for word in filter(None, _BREAKS.split(_UNIT.sub("\u00a0", text))):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width(joined, size, bold=bold) <= room:
            lines[-1] = joined
        else:
            lines += _divided(word, room, size, bold)
    return lines


def _divided(word: str, room: float, size: float, bold: bool) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and width(pieces[-1] + letter, size, bold=bold) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def shortened(
    text: str, room: float, size: float, *, bold: bool = False, middle: bool = False
) -> str:
    """Return a text that is no wider than ``room``; what is left out is replaced by `…`.

    Args:
        middle: leave out the middle, since names differ at both ends.
    """
    if width(text, size, bold=bold) <= room:
        return text
    for kept in range(min(len(text), int(4 * room / size) + 1), 0, -1):
        head = (2 * kept + 2) // 3 if middle else kept
        tail = text[len(text) - (kept - head) :] if kept > head else ""
        cut = f"{text[:head].rstrip(' ,;:·')}…{tail}"
        if width(cut, size, bold=bold) <= room:
            return cut if middle else _after_a_word(cut)
    return "…" if width("…", size, bold=bold) <= room else ""


def _after_a_word(cut: str) -> str:
    """Return a text that was cut within a word as one cut before it, where that is not far."""
    start = cut.rfind(" ")
    return f"{cut[:start].rstrip(' ,;:·')}…" if start >= len(cut) - _WORD and start > 0 else cut


def headline_lines(
    text: str, room: float, sizes: tuple[float, ...], most: int = 2
) -> tuple[float, list[str]]:
    """Return the largest size at which a bold headline fits into so many lines, and the lines.

    Where even the smallest is too large, the last line ends in `…`.
    """
    for size in sizes:
        lines = wrapped(text, room, size, bold=True)
        if len(lines) <= most:
            return size, _balanced(text, lines, room, size)
    last = f"{lines[most - 1]}…"
    return size, [*lines[: most - 1], shortened(last, room, size, bold=True)]


def _balanced(text: str, lines: list[str], room: float, size: float) -> list[str]:
    """Return the lines wrapped at the narrowest width that needs no more of them.

    A lone word in the second line reads as if it had been forgotten.
    """
    if len(lines) < 2:
        return lines
    for share in range(55, 100, 5):
        narrower = wrapped(text, room * share / 100, size, bold=True)
        if len(narrower) == len(lines):
            return narrower
    return lines
