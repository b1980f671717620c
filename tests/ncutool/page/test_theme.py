"""The page's colours: told apart by everyone, and read by everyone."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from coloraide import Color

from ncutool.analysis.looks import COLORS
from ncutool.charts.palette import DARK, LIGHT, Palette
from ncutool.page import html

TEMPLATES = Path(html.__file__).parent / "templates"
NORMAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
# Machado, Oliveira and Fernandes (2009), severity 1: on linear sRGB.
PROTAN = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTAN = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
SIGHTS = {"normal": NORMAL, "protan": PROTAN, "deutan": DEUTAN}
APART = 15.0
TEXT = 4.5
GRAPHICS = 3.0


def _variables(css: str) -> dict[str, str]:
    """Return the custom properties of a block that are colours, as `#rrggbb`."""
    return {
        name: Color(value).convert("srgb").to_string(hex=True)
        for name, value in re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})\b", css)
    }


def _blocks() -> dict[str, dict[str, str]]:
    """Return the colours of each theme as theme.css sets them: light, dark, and dark by choice."""
    css = (TEMPLATES / "theme.css").read_text(encoding="utf-8")
    blocks = {
        "light": r"^:root\{(.*?)\}",
        "dark": r"^:root\[data-theme=dark\]\{(.*?)\}",
        "dark, as the system asks": r":root:not\(\[data-theme=light\]\)\{(.*?)\}",
    }
    return {
        name: _variables(re.findall(pattern, css, re.MULTILINE)[0])
        for name, pattern in blocks.items()
    }


THEMES = _blocks()


def _seen(color: str, sight: str) -> Color:
    """Return a colour as someone of this sight sees it."""
    red, green, blue = Color(color).convert("srgb-linear").coords()
    channels = [row[0] * red + row[1] * green + row[2] * blue for row in SIGHTS[sight]]
    return Color("srgb-linear", [min(1.0, max(0.0, value)) for value in channels])


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES)
def test_every_pair_of_colours_is_told_apart(theme: str, sight: str) -> None:
    """Fifteen pairs of six colours, at least 15 by CIEDE2000 in normal and red-green weak sight."""
    pairs = list(itertools.combinations(COLORS, 2))
    assert len(pairs) == 15
    for one, other in pairs:
        first, second = (_seen(THEMES[theme][name], sight) for name in (one, other))
        assert first.delta_e(second, method="2000") >= APART, (theme, sight, one, other)


def test_the_distance_is_that_of_the_published_pairs() -> None:
    """CIEDE2000 of a pair of Sharma, Wu and Dalal (2005), and grey stays grey in every sight."""
    first, second = Color("lab-d65", [50, 2.6772, -79.7751]), Color("lab-d65", [50, 0, -82.7485])
    assert first.delta_e(second, method="2000", space="lab-d65") == pytest.approx(2.0425, abs=2e-3)
    for sight in SIGHTS:
        assert _seen("#808080", sight).delta_e(Color("#808080"), method="2000") < 0.1


@pytest.mark.parametrize(("palette", "theme"), [(LIGHT, "light"), (DARK, "dark")])
def test_the_page_and_the_charts_share_their_colours(palette: Palette, theme: str) -> None:
    """Of theme.css and of charts/palette.py."""
    colors = THEMES[theme]
    assert dict(palette.colors) == {name: colors[name] for name in COLORS}
    assert (palette.ink, palette.soft) == (colors["ink"], colors["soft"])
    assert (palette.line, palette.paper) == (colors["line"], colors["card"])


def test_both_ways_into_the_dark_look_alike() -> None:
    """What the system asks for and what the reader chooses."""
    assert THEMES["dark"] == THEMES["dark, as the system asks"]
    assert set(THEMES["dark"]) == set(THEMES["light"])


# Of what is read, on which grounds: text and links, the pills, the words on the coloured badge.
READ = [
    *(("ink", ground) for ground in ("bg", "card", "pale", "code", "warn-bg", "bad-bg")),
    *(("soft", ground) for ground in ("bg", "card", "pale", "code", "warn-bg")),
    *(("memory", ground) for ground in ("bg", "card", "pale")),
    ("warn", "warn-bg"),
    ("warn", "card"),
    ("bad", "bad-bg"),
    ("bad", "card"),
    ("card", "saving"),
]
# What is drawn and must be seen on a card; grey and idle carry an outline or a hatch of their own.
DRAWN = [
    *((color, ground) for color in ("memory", "latency", "saving") for ground in ("card", "pale")),
    ("compute", "card"),
]


def _contrast(theme: str, one: str, other: str) -> float:
    return Color(THEMES[theme][one]).contrast(Color(THEMES[theme][other]), method="wcag21")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), READ)
def test_text_is_read_on_its_ground(theme: str, text: str, ground: str) -> None:
    """AA: 4.5 to 1."""
    assert _contrast(theme, text, ground) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("color", "ground"), DRAWN)
def test_marks_are_seen_on_their_ground(theme: str, color: str, ground: str) -> None:
    """AA for graphics: 3 to 1."""
    assert _contrast(theme, color, ground) >= GRAPHICS


def test_paper_is_light() -> None:
    """A page is printed in the light theme's colours, whatever it looks like."""
    css = (TEMPLATES / "print.css").read_text(encoding="utf-8")
    printed = _variables(re.findall(r"\{(--memory:.*?)\}", css)[0])
    assert {name: THEMES["light"][name] for name in printed} | {"bg": "#ffffff"} == printed
