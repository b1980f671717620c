"""Drawings as SVG: well-formed, short, with a class for each kind, and alike each time."""

from __future__ import annotations

from xml.etree import ElementTree

import analysis_factory as factory
import pytest

from ncutool import charts
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.capture_roofs import roofs_of
from ncutool.analysis.groups import grouped
from ncutool.analysis.looks import LOOKS
from ncutool.base.tables import BOUNDS
from ncutool.charts import svg
from ncutool.page.drawing import drawings, standalone_roofline

_SVG = "{http://www.w3.org/2000/svg}"


def _all_bounds() -> Analysis:
    """A trace with a launch of every bound, each with its own shapes."""
    rows = factory.torch_rows(1)
    every = [
        rows[0] | {"launch_id": n, "op_id": n, "bound": bound, "signature": f"[{n}]"}
        for n, bound in enumerate(BOUNDS)
    ]
    return factory.analysis(every)


def _drawing(analysis: Analysis, **options: object) -> str:
    groups, _ = grouped(analysis.kernels)
    roofs = roofs_of(analysis)
    assert roofs is not None
    points = charts.roofline_points(groups, tooltips=False)
    chart = charts.roofline(groups, points, roofs, with_key=False, interactive=False)
    names = [roof.name for roof in roofs.compute]
    return svg.drawing(chart, "a label", roofs=names)


def test_every_bound_has_its_class_and_its_group() -> None:
    """A style sheet colours by class, a script finds by group."""
    root = ElementTree.fromstring(_drawing(_all_bounds()))
    found = {one.get("class"): one.get("data-g") for one in root.iter() if one.get("data-g")}
    expected = {f"k-{bound.replace('_', '-')} r0" for bound in BOUNDS}
    assert expected <= set(found)
    assert root.get("aria-label") == "a label"
    assert root.get("role") == "img"


def test_nothing_is_left_that_says_nothing() -> None:
    """No roles of marks, no colours, no inner identifiers: a mark takes less than 90 bytes."""
    text = _drawing(_all_bounds())
    for word in ("aria-role", "fill=", "stroke=", "clip", "id=", "font-family"):
        assert word not in text
    more = factory.analysis(
        [factory.torch_rows(1)[0] | {"launch_id": n, "op_id": n, "signature": f"[{n}]"}
         for n in range(200)]
    )  # fmt: skip
    one = factory.analysis(factory.torch_rows(1))
    assert (len(_drawing(more)) - len(_drawing(one))) / 199 < 90


def test_the_same_analysis_gives_the_same_bytes() -> None:
    """vl-convert counts its clip paths up: none is left."""
    assert _drawing(_all_bounds()) == _drawing(_all_bounds())


def test_a_plane_says_what_a_script_needs_to_zoom() -> None:
    """Its kind, its place, its size and the ends of both axes."""
    root = ElementTree.fromstring(_drawing(factory.trace(100)))
    kind, *figures = root.get("data-plane", "").split()
    assert kind == "log"
    _, _, width, height, left, right, bottom, top = map(float, figures)
    assert (width, height) == (640, 330)
    assert left < 0.125 < 295 < right
    assert bottom < top


def test_a_hostile_name_stays_text() -> None:
    """It opens no element and is well-formed."""
    text = standalone_roofline(factory.hostile())
    assert text is not None
    root = ElementTree.fromstring(text)
    assert {one.tag.removeprefix(_SVG) for one in root.iter()} <= {
        "svg", "g", "path", "circle", "text", "tspan",
    }  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_stands_alone(dark: bool) -> None:
    """Every colour is written out; title, device, version and share are in it."""
    text = standalone_roofline(factory.trace(100), dark=dark, width=520)
    assert text is not None
    palette = charts.DARK if dark else charts.LIGHT
    root = ElementTree.fromstring(text)
    words = " ".join("".join(one.itertext()) for one in root.iter(f"{_SVG}text"))
    assert "Roofline: " in words
    assert "Test H100" in words
    assert "ncutool " in words
    assert "% of kernel time is on it" in words
    assert "var(" not in text
    assert palette.paper in text
    assert palette.colors["memory"] in text
    assert "data-g" not in text


def test_a_picture_without_counters_is_of_the_speeds_of_light() -> None:
    """Where neither can be drawn there is none."""
    light = standalone_roofline(factory.report(counters=False))
    assert light is not None
    assert "memory speed of light (%)" in light
    assert standalone_roofline(factory.unknown_device()) is None


def test_drawings_of_a_page_stay_small() -> None:
    """2,000 groups: 300 marks wide, 120 narrow, and the heading says what share they are."""
    rows = [
        factory.torch_rows(1)[0] | {"launch_id": n, "op_id": n, "signature": f"[{n}]"}
        for n in range(2000)
    ]
    analysis = factory.analysis(rows)
    (drawn,) = drawings(analysis, grouped(analysis.kernels)[0])
    assert drawn.wide.count('class="k-') == 300
    assert drawn.narrow.count('class="k-') == 120
    assert len(drawn.wide) + len(drawn.narrow) < 60_000
    assert drawn.share == "15 % of kernel time is on it"
    assert any("the other 1,700 took 85.0 %" in note for note in drawn.notes)


def test_the_legend_is_the_picture() -> None:
    """Each bound that is drawn, in the order of all outputs, with its own symbol."""
    (drawn,) = drawings(_all_bounds(), grouped(_all_bounds().kernels)[0])
    bounds = [bound for bound, _, _ in drawn.legend]
    assert sorted(bounds) == sorted(BOUNDS)
    assert bounds[:2] == ["memory", "compute"]
    assert all(shape == LOOKS[bound].shape for bound, shape, _ in drawn.legend)
