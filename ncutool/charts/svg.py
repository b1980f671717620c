"""A chart as SVG in few bytes: drawn by vl-convert, then written anew without what says nothing.

vl-convert gives every mark a role and a transform of its own. What is left here is one short
element a mark with its place in plain coordinates, and its group, bound and roof as classes, so
that a style sheet colours it and a script finds it. The same chart gives the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ncutool.charts.elements import ANCHORS, Elements, number, xml_text
from ncutool.charts.xml_text import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

_SHIFT = re.compile(r"translate\(([-\d.e]+),([-\d.e]+)\)")
_TURN = re.compile(r"rotate\(([-\d.e]+)\)")
_NAME = re.compile(r"(\w+?)(?:_\d+)?_marks$")
_STEP = re.compile(r"([MLHVhvZA])([^MLHVhvZA]*)")
_AXIS = {"role-axis-grid": "grid", "role-axis-tick": "tick", "role-axis-label": "tx",
         "role-axis-domain": "tick", "role-axis-title": "at"}  # fmt: skip
_TITLES = {"role-title-text": "title", "role-title-subtitle": "subtitle"}
_NUMBERED = {"trail": "at", "stops": "stop", "still": "at"}
"""Marks that have a number, by the data attribute that holds it: a script finds them by it. What
stands behind the number in their description is shown where the pointer rests on them."""
_KEPT = ("fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity")
_NS = "{http://www.w3.org/2000/svg}"


def drawing(
    chart: alt.VConcatChart | alt.LayerChart,
    label: str,
    *,
    roofs: Sequence[str] = (),
    halo: str = "",
) -> str:
    """Draw a chart as SVG in few bytes: see :func:`compact`."""
    scales = "" if halo else str(chart.usermeta["scales"])
    return compact(drawn(chart), label, roofs=roofs, halo=halo, scales=scales)


def drawn(chart: alt.VConcatChart | alt.LayerChart) -> str:
    """Return the chart as vl-convert draws it."""
    import vl_convert

    # The tests validate what is drawn here; validating it again takes five times as long.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    svg: str = vl_convert.vegalite_to_svg(spec)
    return svg


@dataclass
class _Writer(Elements):
    halo: str = ""
    """Colour around words, and sign that colours and fonts stand on each element: see compact."""
    origin: tuple[float, float] = (0.0, 0.0)
    """Where the plane begins."""
    below: bool = False
    """Within the strip or the key, whose axes are not the plane's."""

    def look(self, element: ElementTree.Element) -> str:
        """Return the colours of an element as attributes, where no style sheet gives them."""
        if not self.halo:
            return ""
        kept = [(name, element.get(name)) for name in _KEPT]
        if element.get("fill") is None:
            kept.append(("fill", "none"))
        return "".join(
            f" {name}={quoteattr(value)}"
            for name, value in kept
            if value is not None and value not in ("1,0",)
        )


def compact(
    svg: str, label: str, *, roofs: Sequence[str] = (), halo: str = "", scales: str = ""
) -> str:
    """Return a drawing of :func:`drawn` in few bytes.

    Args:
        svg: of vl-convert.
        label: what a screen reader says of it.
        roofs: names in the order of the classes ``r0``, ``r1`` and on.
        halo: colour of the ground for a picture that stands alone: colours and fonts are kept,
            and words have a halo.
        scales: what a script must know to zoom: `log` or `linear`, then width and height of the
            plane and the ends of both axes.
    """
    root = ElementTree.fromstring(xml_text(svg))
    writer = _Writer(roofs, halo=halo)
    _walk(root, 0.0, 0.0, "", writer)
    writer.close()
    width, height = root.get("width", "0"), root.get("height", "0")
    font = f' font-family={quoteattr(_font(root))} font-size="11"' if halo else ""
    plane = ""
    if scales:
        kind, _, rest = scales.partition(" ")
        plane = f' data-plane="{kind} {number(writer.origin[0])} {number(writer.origin[1])} {rest}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label={quoteattr(label)}{font}{plane}>'
        + "".join(writer.parts)
        + "</svg>"
    )


def _font(root: ElementTree.Element) -> str:
    for element in root.iter(f"{_NS}text"):
        return element.get("font-family") or "sans-serif"
    return "sans-serif"


def _walk(element: ElementTree.Element, x: float, y: float, name: str, writer: _Writer) -> None:
    tag = element.tag.removeprefix(_NS)
    if tag in ("defs", "style"):
        return
    if tag == "g" or tag == "svg":
        dx, dy = _shift(element)
        name = _named(element.get("class", "")) or name
        if "concat_0_group" in element.get("class", ""):
            writer.origin = x + dx, y + dy
        writer.below |= "concat_1_group" in element.get("class", "")
        for child in element:
            _walk(child, x + dx, y + dy, name, writer)
        return
    if element.get("class") in ("background", "foreground"):
        return
    if tag == "rect" and not name:
        if writer.halo:  # the ground of the whole picture
            fill = quoteattr(element.get("fill") or "none")
            writer.parts.append(f'<path d="M0 0H9999V9999H0z" fill={fill}/>')
        return
    writer.group(f"{name} low" if writer.below and name in _AXIS.values() else name or "other")
    if tag == "text":
        writer.parts.append(_text(element, x, y, name, writer))
    elif tag == "line":
        writer.parts.append(_line(element, x, y, name, writer))
    elif tag == "path":
        writer.parts.append(_path(element, x, y, name, writer))


def _named(classes: str) -> str:
    for each in classes.split():
        if each in _AXIS or each in _TITLES:
            return _AXIS.get(each) or _TITLES[each]
        found = _NAME.match(each)
        if found:
            return found[1]
    return ""


def _shift(element: ElementTree.Element) -> tuple[float, float]:
    found = _SHIFT.search(element.get("transform", ""))
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def _about(element: ElementTree.Element, name: str, writer: _Writer) -> str:
    """Return group, bound, roof and level as ``data-g`` and classes, for a style sheet."""
    if name in _NUMBERED:
        place = (element.get("aria-label") or "").partition("|")[0]
        return f" data-{_NUMBERED[name]}={quoteattr(place)}" if place else ""
    return "" if writer.halo else writer.about(element.get("aria-label") or "", name)


def _text(element: ElementTree.Element, x: float, y: float, name: str, writer: _Writer) -> str:
    transform = element.get("transform", "")
    shifts = _SHIFT.findall(transform)
    dx, dy = (float(value) for value in shifts[0]) if shifts else (0.0, 0.0)
    turn = _TURN.search(transform)
    where = f' x="{number(x + dx)}" y="{number(y + dy)}"'
    if turn:
        down = float(shifts[1][1]) if len(shifts) > 1 else 0.0
        where = (
            f' transform="translate({number(x + dx)} {number(y + dy)})'
            f'rotate({number(float(turn[1]))})" y="{number(down)}"'
        )
    about = writer.about_text(element.get("aria-label") or "", name)
    if writer.halo:
        about = "".join(
            f" {each}={quoteattr(str(element.get(each)))}"
            for each in ("fill", "font-weight", "font-size")
            if element.get(each) and element.get(each) != "11px"
        )
        if name == "texts":
            ground = quoteattr(writer.halo)
            about += f' paint-order="stroke" stroke={ground} stroke-width="3"'
    anchor = ANCHORS.get(element.get("text-anchor", ""), "")
    if len(element) > 1:  # the lines of a title, each below the one before
        return "".join(
            f'<text x="{number(x + dx)}" y="{number(y + dy + 14 * below)}"{about}>'
            f"{escape(''.join(line.itertext()))}</text>"
            for below, line in enumerate(element)
        )
    words, _, share = "".join(element.itertext()).partition("\u2002")
    light = ' font-weight="400"' if writer.halo else ""
    told = f"<tspan{light}>\u2002{escape(share)}</tspan>" if share else ""
    return f"<text{where}{anchor}{about}>{escape(words)}{told}</text>"


def _line(element: ElementTree.Element, x: float, y: float, name: str, writer: _Writer) -> str:
    dx, dy = _shift(element)
    x1, y1 = x + dx, y + dy
    x2, y2 = x1 + float(element.get("x2", "0")), y1 + float(element.get("y2", "0"))
    ends = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
    group = element.get("aria-label") if name == "leaders" else None
    data = f' data-g="{group}"' if group is not None and not writer.halo else ""
    return f'<path{data} d="{ends}"{writer.look(element)}/>'


def _path(element: ElementTree.Element, x: float, y: float, name: str, writer: _Writer) -> str:
    dx, dy = _shift(element)
    x, y = x + dx, y + dy
    about, look = _about(element, name, writer), writer.look(element)
    steps = element.get("d", "")
    if "A" in steps:
        radius = abs(float(steps[1 : steps.index(",")]))
        circle = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        return _with_title(element, name, "circle", f"{about} {circle}{look}")
    return _with_title(element, name, "path", f'{about} d="{_moved(steps, x, y)}"{look}')


def _with_title(element: ElementTree.Element, name: str, tag: str, inner: str) -> str:
    """Return an element with the words that a browser shows where the pointer rests on it."""
    words = (element.get("aria-label") or "").partition("|")[2] if name in _NUMBERED else ""
    if not words:
        return f"<{tag}{inner}/>"
    return f"<{tag}{inner}><title>{escape(words)}</title></{tag}>"


def _moved(steps: str, x: float, y: float) -> str:
    """Return a path of straight lines at its place on the drawing."""
    out = []
    for letter, figures in _STEP.findall(steps):
        values = [float(value) for value in re.findall(r"-?[\d.]+(?:e-?\d+)?", figures)]
        if letter in "ML":
            pairs = zip(values[::2], values[1::2], strict=True)
            values = [value for a, b in pairs for value in (a + x, b + y)]
        elif letter == "H":
            values = [value + x for value in values]
        elif letter == "V":
            values = [value + y for value in values]
        out.append(letter.replace("Z", "z") + " ".join(number(value) for value in values))
    return "".join(out)
