"""The picture card: its words, its bars, and that texts are wrapped and shortened as they must."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import analysis_factory as factory
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.analysis.looks import LOOKS
from ncutool.charts.palette import DARK, LIGHT
from ncutool.commands import main
from ncutool.page import card_layout as layout
from ncutool.page import text_width
from ncutool.page.card import card
from ncutool.page.card_layout import Part
from ncutool.page.html import this_version
from ncutool.page.roofline_picture import fitting, placed, png, size_of

SAMPLES = Path(__file__).resolve().parents[3] / "reports" / "samples"
TRACE = SAMPLES / "decoder-layer-synthetic" / "decoder-layer-synthetic.json.gz"
SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn: str) -> list[str]:
    """The picture's own lines, in the order they are written; not those of the roofline in it."""
    root = ElementTree.fromstring(drawn)
    return [element.text or "" for element in root if element.tag == f"{SVG}text"]


def test_it_says_verdict_coverage_time_and_savings() -> None:
    """Every line, of a trace whose figures are known."""
    drawn = card(factory.trace(60, findings=[
        factory.finding(1), factory.finding(2, rule="batch-few-rows", per="row")
    ]))  # fmt: skip
    assert texts(drawn) == [
        "sample.json.gz", "· Test H100", "· torch.profiler trace · 60 launches",
        "Elementwise work takes half of the time.",
        "Understood: 95.5 % of 3.27 ms of launch time",
        "on the roofline 94.3 %", "no figures 4.5 %", "copies 1.2 %",
        "Where 3.36 ms of wall time goes", "memory", "compute 1.00 ms", "latency 1.38 ms",
        "latency 41.2 %", "compute 29.9 %", "memory 20.6 %", "unknown 4.4 %", "idle 2.8 %",
        "copy 1.1 %",
        "What can go, of 3.36 ms wall time",
        "1.0–2.0 ms", "Fuse residual add and norm", "29.8–59.5 %",
        "1.0–2.0 ms per row", "Give products more rows", "29.8–59.5 % per row",
        "Roofline", "· 94 % of kernel time is on it",
        "989 TFLOP/s BF16 tensor dense, 3.35 TB/s; ridge 295 FLOP/byte",
        f"ncutool {this_version()}",
    ]  # fmt: skip


def test_without_a_roofline_the_kernels_with_most_time_stand_there() -> None:
    """An unknown device: a bar for each kernel, and why there is no roofline."""
    said = texts(card(factory.unknown_device()))
    start = said.index("Most time in")
    assert said[start + 1].startswith("_flash_attention_forward")
    assert said[start + 2].endswith(" %")
    assert "No launch has FLOPs, bytes and a known peak, so there is no roofline." in said


def test_a_report_without_counters_shows_its_speeds_of_light() -> None:
    """They are what can be seen of it."""
    said = texts(card(factory.report(counters=False)))
    assert "Speed of light" in said
    assert "Most time in" not in said


def test_where_nothing_is_known_it_says_so() -> None:
    """No time, no work: no bar, no share, no zero."""
    said = texts(card(factory.everything_null()))
    assert said[4:] == [
        "No launch carries a duration, so no share is known",
        "Where the time goes is not known",
        "What to do",
        "Nothing can be ranked: no launch carries a duration.",
        "Roofline",
        "No launch has FLOPs, bytes and a known peak, so there is no roofline.",
        "no peaks known",
        f"ncutool {this_version()}",
    ]


def test_it_is_named_and_described() -> None:
    """What a screen reader reads in place of the picture."""
    root = ElementTree.fromstring(card(factory.trace(60)))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "Elementwise work takes half of the time."
    assert description is not None
    assert (description.text or "").startswith(
        "sample.json.gz on Test H100. 95.5 % of launch time is understood"
    )


def test_it_stands_alone() -> None:
    """No font, script, image or style of elsewhere; colours that any program knows."""
    drawn = card(factory.trace(60))
    assert (ElementTree.fromstring(drawn).get("width"), "630") == ("1200", "630")
    assert "var(" not in drawn
    assert "<script" not in drawn
    assert "<image" not in drawn
    assert re.findall(r'(?:href|src)="[^#][^"]*"', drawn) == []
    assert set(re.findall(r"https?://[^\"' ]+", drawn)) == {"http://www.w3.org/2000/svg"}


def test_names_of_a_capture_are_text_and_nothing_private_is_shown() -> None:
    """They are escaped, and host and user stay out."""
    drawn = card(factory.hostile())
    assert "<img" not in drawn
    assert "</script" not in drawn
    assert "secret" not in drawn
    assert "\ufffe" not in card(factory.trace(20, headline="a\ufffe\x00b"))


def test_png_is_the_whole_picture() -> None:
    """1200 x 630 pixels, as the file's head says."""
    drawn = png(card(factory.trace(60), both=False))
    assert drawn[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(drawn[16:20], "big"), int.from_bytes(drawn[20:24], "big")) == (1200, 630)


def test_dark_rules_name_every_colour_of_the_light_palette() -> None:
    """A colour without a rule would stay light on a dark ground."""
    drawn = card(factory.trace(60))
    for light, dark in ((LIGHT.ink, DARK.ink), (LIGHT.paper, DARK.paper),
                        (LIGHT.colors["compute"], DARK.colors["compute"])):  # fmt: skip
        assert f'[fill="{light}"]{{fill:{dark}}}' in drawn
    assert "prefers-color-scheme" not in card(factory.trace(60), both=False)
    assert LIGHT.ink not in card(factory.report(counters=False), palette=DARK, both=False)


def test_labels_in_bars_are_seen() -> None:
    """Every solid colour of both palettes carries a text of at least 4.5 to 1."""
    for palette in (LIGHT, DARK):
        for kind, look in LOOKS.items():
            if look.texture in ("solid", "plain"):
                ground = palette.colors[look.color]
                best = max(layout.contrast(color, ground) for color in (palette.ink, palette.paper))
                assert best >= 4.5, (kind, palette.paper)


def test_a_bar_divides_its_width() -> None:
    """Parts begin where the one before ends; a label stands only where it fits."""
    parts = [Part("memory", 75, "memory", "3 ms"), Part("compute", 25, "compute", "1 ms")]
    drawn = layout.bar(10, 0, 200, 20, parts, LIGHT, 12)
    assert re.findall(r'x="([\d.]+)" y="0.0" width="([\d.]+)"', drawn) == [
        ("10.0", "148.5"), ("160.0", "48.5"),
    ]  # fmt: skip
    assert re.findall(r">([^<]+)</text>", drawn) == ["memory 3 ms"]


def test_a_legend_counts_what_has_no_room() -> None:
    """The largest stay; nothing is written beyond the width."""
    parts = [Part("memory", 5 * number, f"part {number}", "1 ms") for number in range(1, 9)]
    drawn = layout.legend(0, 10, 270, parts, 12, LIGHT)
    assert re.findall(r">([^<]+)</text>", drawn) == ["part 8 1 ms", "part 7 1 ms", "+ 6 more"]


@pytest.mark.parametrize("text", ["Fuse RMSNorm", "0.5–1.2 ms (3 %)", "→ × µs"])
def test_widths_are_those_of_the_font(text: str) -> None:
    """Arial's own table, in thousandths: a few words added up by hand."""
    by_hand = {"Fuse RMSNorm": 6110 // 10 + 556 + 500 + 556 + 278 + 722 + 833 + 667 + 722 + 556
               + 333 + 833,
               "0.5–1.2 ms (3 %)": 556 + 278 + 556 + 556 + 556 + 278 + 556 + 278 + 833 + 500 + 278
               + 333 + 556 + 278 + 889 + 333,
               "→ × µs": 1000 + 278 + 584 + 278 + 576 + 500}  # fmt: skip
    assert text_width.width(text, 1000) == by_hand[text]


def test_a_figure_and_its_unit_are_not_parted() -> None:
    """`49.7` and `ms` on two lines read as two things."""
    lines = text_width.wrapped("up to 49.7 ms of it", text_width.width("up to 49.7 m", 10), 10)
    assert lines == ["up to", "49.7\u00a0ms of it"]


WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1))


@given(WORDS, st.floats(20, 600), st.booleans())
def test_wrapping_loses_nothing_and_is_never_wider(
    words: list[str], room: float, bold: bool
) -> None:
    """The letters in their order; a line wider than the room is one letter."""
    text = " ".join(words)
    lines = text_width.wrapped(text, room, 20, bold=bold)
    assert "".join(lines).replace("\u00a0", "").replace(" ", "") == "".join(words)
    for line in lines:
        wide = text_width.width(line, 20, bold=bold)
        assert wide <= room or sum(text_width.width(a, 20, bold=bold) > 0 for a in line) == 1


@given(st.text(max_size=80), st.floats(0, 600), st.booleans(), st.booleans())
def test_shortening_is_never_wider_and_says_so(
    text: str, room: float, bold: bool, middle: bool
) -> None:
    """What fits is left as it is; what is cut carries the sign of it where there is room."""
    cut = text_width.shortened(text, room, 20, bold=bold, middle=middle)
    assert text_width.width(cut, 20, bold=bold) <= room
    if text_width.width(text, 20, bold=bold) <= room:
        assert cut == text
    else:
        assert "…" in cut or cut == ""


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=400))
def test_a_headline_has_at_most_two_lines(text: str) -> None:
    """Of the room at most, whatever its length."""
    size, lines = text_width.headline_lines(text, 1104, (42, 34, 24))
    assert size in (42, 34, 24)
    assert len(lines) <= 2
    assert all(text_width.width(line, size, bold=True) <= 1104 for line in lines)


def test_a_picture_is_placed_in_another() -> None:
    """It keeps its own coordinates and takes the room it is given."""
    inner = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><g/></svg>'
    assert placed(inner, 10, 20, 150, 100) == (
        '<svg x="10" y="20" width="150" height="100" viewBox="0 0 300 200" '
        'xmlns="http://www.w3.org/2000/svg"><g/></svg>'
    )


def test_a_drawing_fits_the_room_it_is_made_for() -> None:
    """Its letters are enlarged by the scale: it is drawn for a room so many times smaller."""
    drawn = fitting(factory.trace(60), LIGHT, 484, 368, 1.25)
    assert drawn is not None
    assert drawn.title == "Roofline"
    wide, high = size_of(drawn.svg)
    assert abs(wide - 387) < 10
    assert abs(high - 294) < 10


def test_there_is_no_drawing_of_nothing() -> None:
    """None, so that something else stands in its place."""
    assert fitting(factory.everything_null(), LIGHT, 400, 300) is None
    assert card(factory.everything_null()).count("<svg") == 1


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<svg xml"), ("png", b"\x89PNG\r\n\x1a\n")])
def test_report_writes_it_by_its_ending(
    ending: str, start: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The terminal says where the picture is."""
    target = tmp_path / f"card.{ending}"
    assert main(["report", str(TRACE), "-o", str(target)]) == 0
    assert target.read_bytes()[:8] == start
    assert f"picture: {target}" in capsys.readouterr().out


def test_a_picture_is_of_one_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several are refused before anything is read, and nothing is written."""
    target = tmp_path / "card.png"
    assert main(["report", str(TRACE), str(TRACE), "-o", str(target)]) == 2
    assert "a picture is of one capture, not of 2; write one for each" in capsys.readouterr().err
    assert not target.exists()
