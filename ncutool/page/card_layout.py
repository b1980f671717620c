"""Pieces of pictures that people paste: texts that fit, stacked bars, legends, the corner.

A picture carries its light colours as attributes, which every program that draws SVG knows. The
dark ones are rules of a style sheet on top, for those that ask what the reader prefers.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.analysis.looks import LOOKS
from ncutool.base.untrusted import printable
from ncutool.charts.palette import DARK, LIGHT, Palette
from ncutool.page import text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NOT_XML = re.compile("[\ufffe\uffff]")
_SPARE = 4.0
"""Room beside a text in a part of a bar."""
_PATTERN_SIZES = {"stripes": 9, "dots": 7, "lines": 7, "hatch": 9}


class Part(Struct, frozen=True):
    """A part of a stacked bar: how it looks, how much it is, what it is called."""

    kind: str
    """One of :data:`ncutool.analysis.looks.LOOKS`, or `saving` or `saving_reach`."""
    pct: float
    name: str
    amount: str
    """Its size in words: `7.80 ms`."""


def safe(text: str) -> str:
    """Return text of a capture as it may stand in SVG and HTML."""
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", printable(text)))


def text(
    x: float,
    y: float,
    content: str,
    size: float,
    palette: Palette,
    *,
    bold: bool = False,
    soft: bool = False,
    end: bool = False,
    fill: str = "",
) -> str:
    """Return one line of text; one in letters of unknown width is held to the width assumed.

    Args:
        end: ``x`` is where it ends.
        fill: attributes that colour it, in place of the palette's ink.
    """
    weight = ' font-weight="700"' if bold else ""
    anchor = ' text-anchor="end"' if end else ""
    color = fill or f'fill="{palette.soft if soft else palette.ink}"'
    content = printable(content)
    held = ""
    if content and not text_width.known(content):
        length = text_width.width(content, size, bold=bold)
        held = f' textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{weight}{anchor} {color}{held}>'
        f"{safe(content)}</text>"
    )


def box(x: float, y: float, wide: float, high: float, attributes: str) -> str:
    """Return an SVG rectangle at a place, of a size and filling."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" {attributes}/>'


def filled(kind: str, palette: Palette) -> str:
    """Return the attributes that fill an area in the colour and texture of a kind."""
    if kind == "saving":
        return f'fill="{palette.colors["saving"]}"'
    if kind == "idle":
        return (
            f'fill="{palette.colors["idle"]}" stroke="{palette.soft}" stroke-opacity="0.5" '
            'stroke-width="1"'
        )
    if kind == "saving_reach" or LOOKS[kind].texture != "solid":
        return f'fill="url(#card-{kind})"'
    return f'fill="{palette.colors[LOOKS[kind].color]}"'


def patterns(kinds: Iterable[str], palette: Palette) -> str:
    """Return the definitions of the textures of these kinds."""
    return f"<defs>{''.join(_pattern(kind, palette) for kind in sorted(set(kinds)))}</defs>"


def _pattern(kind: str, palette: Palette) -> str:
    if kind == "saving_reach":
        color, texture = palette.colors["saving"], "stripes"
    elif kind == "saving" or LOOKS[kind].texture in ("solid", "plain"):
        return ""
    else:
        color, texture = palette.colors[LOOKS[kind].color], LOOKS[kind].texture
    size = _PATTERN_SIZES[texture]
    turned = ' patternTransform="rotate(45)"' if texture in ("stripes", "hatch") else ""
    paper = f'fill="{palette.paper}"'
    mark = {
        "stripes": box(0, 0, 3.5, size, paper),
        "hatch": box(0, 0, 2.5, size, f'{paper} fill-opacity="0.6"'),
        "dots": f'<circle cx="3.5" cy="3.5" r="1.7" {paper}/>',
        "lines": box(0, 0, 2.2, size, paper),
    }[texture]
    ground = f'fill="{color}"'
    return (
        f'<pattern id="card-{kind}" width="{size}" height="{size}" '
        f'patternUnits="userSpaceOnUse"{turned}>{box(0, 0, size, size, ground)}{mark}</pattern>'
    )


def bar(
    x: float,
    y: float,
    wide: float,
    high: float,
    parts: Sequence[Part],
    palette: Palette,
    size: float = 0,
) -> str:
    """Return a stacked bar; its parts are shares of the whole width.

    Args:
        size: of the labels inside parts that have room for them; none where 0.
    """
    drawn = []
    start = x
    for part in parts:
        length = wide * part.pct / 100
        gap = 1.5 if length > 6 else 0
        drawn.append(box(start, y, max(length - gap, 0.5), high, filled(part.kind, palette)))
        if size:
            drawn.append(_inside(part, start, y, length - gap, high, size, palette))
        start += length
    return "".join(drawn)


def _inside(
    part: Part, x: float, y: float, wide: float, high: float, size: float, palette: Palette
) -> str:
    """Return a part's name and amount in it, the name alone, or nothing: what fits."""
    for words in (f"{part.name} {part.amount}", part.name):
        length = text_width.width(words, size, bold=True)
        if length + 2 * (_SPARE + 4) <= wide:
            break
    else:
        return ""
    middle, base = x + wide / 2, y + high / 2 + 0.36 * size
    plain = part.kind in LOOKS and LOOKS[part.kind].texture in ("solid", "plain")
    label = f'{_on(part.kind, palette)} text-anchor="middle"'
    if plain:
        return text(middle, base, words, size, palette, bold=True, fill=label)
    pill = box(middle - length / 2 - 5, base - size * 0.98, length + 10, size * 1.3,
               f'rx="4" fill="{palette.paper}"')  # fmt: skip
    own = f'fill="{palette.ink}" text-anchor="middle"'
    return pill + text(middle, base, words, size, palette, bold=True, fill=own)


def _on(kind: str, palette: Palette) -> str:
    """Return the attributes of a text on a solid part: ink or paper, whichever is seen better."""
    color = LOOKS[kind].color
    return f'fill="{_readable(palette, palette.colors[color])}" class="on-{color}"'


def _readable(palette: Palette, ground: str) -> str:
    ratios = {color: contrast(color, ground) for color in (palette.ink, palette.paper)}
    return max(ratios, key=ratios.__getitem__)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def legend(
    x: float,
    y: float,
    wide: float,
    parts: Sequence[Part],
    size: float,
    palette: Palette,
    rows: int = 1,
) -> str:
    """Return a legend in at most so many rows, the largest first; what does not fit is counted."""
    placed, row, cursor = [], 0, 0.0
    step, mark = size * 1.45, size * 0.85
    for number, part in enumerate(sorted(parts, key=lambda part: -part.pct)):
        words = f"{part.name} {part.amount}"
        length = mark + 6 + text_width.width(words, size)
        left = len(parts) - number
        more = f"+ {left} more"
        last = row == rows - 1
        reserve = text_width.width(more, size) + 16 if last and left > 1 else 0
        if cursor and cursor + length + reserve > wide:
            if last:
                placed.append(text(x + cursor, y + row * step, more, size, palette, soft=True))
                break
            row, cursor = row + 1, 0.0
        words = text_width.shortened(words, wide - cursor - mark - 6, size, middle=True)
        base = y + row * step
        icon = box(x + cursor, base - mark + 1, mark, mark, f'rx="2" {filled(part.kind, palette)}')
        placed += [icon, text(x + cursor + mark + 6, base, words, size, palette, soft=True)]
        cursor += length + 16
    return "".join(placed)


def headline(
    x: float, y: float, wide: float, words: str, palette: Palette, sizes: tuple[float, ...]
) -> str:
    """Return a headline in one or two lines, whose middle is at ``y``.

    Args:
        sizes: sizes to try, the largest first.
    """
    size, lines = text_width.headline_lines(printable(words), wide, sizes)
    step = size * 1.17
    first = y + 0.36 * size - step * (len(lines) - 1) / 2
    return "".join(
        text(x, first + number * step, line, size, palette, bold=True)
        for number, line in enumerate(lines)
    )


def line_of(
    x: float,
    y: float,
    wide: float,
    first: str,
    others: Sequence[str],
    size: float,
    palette: Palette,
) -> str:
    """Return a bold name and what is said of it on one line.

    The name and the first that is said are shortened to what there is room for; of the others, the
    last that have none are left out.
    """
    said = [f"· {printable(words)}" for words in others if words]
    gap = 0.3 * size
    taken = sum(text_width.width(words, size) + gap for words in said)
    name = text_width.shortened(
        printable(first), max(wide / 2, wide - taken), size, bold=True, middle=True
    )
    drawn = text(x, y, name, size, palette, bold=True)
    cursor = text_width.width(name, size, bold=True) + gap
    for number, words in enumerate(said):
        if number == 0:
            words = text_width.shortened(words, wide - cursor, size, middle=True)
        length = text_width.width(words, size)
        if cursor + length > wide:
            break
        drawn += text(x + cursor, y, words, size, palette, soft=True)
        cursor += length + gap
    return drawn


def picture(
    wide: float,
    high: float,
    content: Sequence[str],
    kinds: Iterable[str],
    palette: Palette,
    *,
    title: str = "",
    description: str = "",
    both: bool = False,
) -> str:
    """Return a whole SVG that needs nothing beside it: no font, no script, no style of a page.

    Args:
        kinds: what is drawn in it, for their textures.
        both: a reader who prefers dark sees the colours of :data:`ncutool.charts.palette.DARK`.
    """
    named = f"<title>{safe(title)}</title>" if title else ""
    named += f"<desc>{safe(description)}</desc>" if description else ""
    style = f"<style>{dark_rules()}</style>" if both else ""
    role = f' role="img" aria-label="{safe(title)}"' if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ncutool-card" width="{wide:g}" '
        f'height="{high:g}" viewBox="0 0 {wide:g} {high:g}"{role} '
        f'font-family="{text_width.FONT}">{named}{style}{patterns(kinds, palette)}'
        f"{box(0, 0, wide, high, _ground(palette))}{''.join(content)}</svg>"
    )


def _ground(palette: Palette) -> str:
    return f'fill="{palette.paper}"'


def dark_rules() -> str:
    """Return rules that put the dark palette's colour wherever the light one's is an attribute."""
    pairs = {getattr(LIGHT, name): getattr(DARK, name) for name in ("ink", "soft", "line", "paper")}
    pairs |= {LIGHT.colors[color]: DARK.colors[color] for color in LIGHT.colors}
    rules = [
        f'.ncutool-card [{name}="{light}"]{{{name}:{dark}}}'
        for light, dark in pairs.items()
        for name in ("fill", "stroke")
    ]
    rules += [
        f".ncutool-card .on-{color}{{fill:{_readable(DARK, DARK.colors[color])}}}"
        for color in DARK.colors
    ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
