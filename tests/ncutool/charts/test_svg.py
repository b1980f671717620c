"""Drawings as SVG: well-formed, short, with a class for each kind, and alike each time."""

from __future__ import annotations

import random
import re
from xml.etree import ElementTree

import analysis_factory as factory
import pytest

from ncutool import charts
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.capture_roofs import best_reached, roofs_of
from ncutool.analysis.groups import grouped
from ncutool.analysis.looks import LOOKS
from ncutool.base.tables import BOUNDS
from ncutool.charts import axes, svg
from ncutool.charts.light_svg import speed_of_light_svg
from ncutool.charts.roofline_svg import roofline_svg
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


def _plain(drawn: str) -> list[tuple[str, list[float]]]:
    """Each element of a drawing as its words and its figures; not the size of the whole."""
    elements = re.sub(r' class="x: [^"]*"', "", drawn).partition(">")[2].replace("><", ">\n<")
    return [
        (re.sub(r"-?\d+\.?\d*", "#", line), [float(n) for n in re.findall(r"-?\d+\.?\d*", line)])
        for line in elements.splitlines()
    ]


def _alike(written: str, drawn: str) -> None:
    """Hold what is written to what Vega draws: every element, to a tenth of a pixel."""
    mine, vegas = _plain(written), _plain(drawn)
    assert [words for words, _ in mine] == [words for words, _ in vegas]
    for (words, figures), (_, expected) in zip(mine, vegas, strict=True):
        assert figures == pytest.approx(expected, abs=0.11), words
    for side in ("width", "height"):
        size, vega_size = (
            int(ElementTree.fromstring(svg_).get(side, "")) for svg_ in (written, drawn)
        )
        assert 0 <= size - vega_size <= 4, side


def _ill_spread(seed: int) -> list[dict[str, object]]:
    """Launches whose figures lie decades apart, some without FLOPs."""
    chance = random.Random(seed)
    rows = [row for row in factory.torch_rows(40, seed=seed) if row.get("achieved_flop_per_s")]
    for n, row in enumerate(rows):
        factory._resize(row, 10 ** chance.uniform(-3, 2), 10 ** chance.uniform(-3, 0.1))
        row |= {"signature": f"[{n}]", "bound": chance.choice(BOUNDS)}
        if chance.random() < 0.3:
            row |= dict.fromkeys(
                ("flop", "achieved_flop_per_s", "intensity_flop_per_byte", "roofline_pct")
            )
    return rows


@pytest.mark.parametrize(
    ("analysis", "size"),
    [
        (_all_bounds(), (592, 320)),
        (factory.trace(100), (292, 250)),
        (factory.report(), (592, 320)),
        (factory.hostile(), (292, 250)),
        *((factory.analysis(_ill_spread(seed)), (592, 320)) for seed in range(6)),
    ],
    ids=["bounds", "trace", "report", "hostile", *(f"spread {seed}" for seed in range(6))],
)
def test_a_roofline_is_written_as_vega_draws_it(analysis: Analysis, size: tuple[int, int]) -> None:
    """The two of them draw one plan."""
    groups, _ = grouped(analysis.kernels)
    roofs = roofs_of(analysis)
    assert roofs is not None
    points = charts.roofline_points(groups, tooltips=False)
    strip = charts.strip_points(groups, tooltips=False)
    names = [roof.name for roof in roofs.compute]
    reached = best_reached(analysis, roofs)
    chart = charts.roofline(
        groups, points, roofs, bytes_only=strip, reached=reached, width=size[0], height=size[1],
        with_key=False, interactive=False,
    )  # fmt: skip
    written = roofline_svg(
        groups, points, roofs, label="a", names=names, palette=charts.LIGHT, size=size,
        bytes_only=strip, reached=reached,
    )  # fmt: skip
    _alike(written, svg.drawing(chart, "a", roofs=names))


@pytest.mark.parametrize("most", [40.0, 100.0, 130.0, 170.0])
def test_speeds_of_light_are_written_as_vega_draws_them(most: float) -> None:
    """Those beyond the limit too."""
    rows = factory.ncu_rows(8, counters=False)
    rows[-1] |= {"sm_sol_pct": most, "memory_sol_pct": 1.0, "duration_ns": 900_000}
    groups, _ = grouped(factory.analysis(rows).kernels)
    points = charts.speed_of_light_points(groups, tooltips=False)
    chart = charts.speed_of_light(points, width=592, height=330, with_key=False, interactive=False)
    written = speed_of_light_svg(points, label="a", size=(592, 330))
    _alike(written, svg.drawing(chart, "a"))


@pytest.mark.parametrize(
    ("value", "intensity", "rate"),
    [
        (1e-5, "1e-5", "10 µ"),
        (2e-4, "0.0002", "200 µ"),
        (0.5, "0.5", "500 m"),
        (1.0, "1", "1"),
        (2e3, "2,000", "2 k"),
        (1e5, "100,000", "100 k"),
        (1e6, "1e+6", "1 M"),
        (5e15, "5e+15", "5 P"),
    ],
)
def test_a_number_on_an_axis(value: float, intensity: str, rate: str) -> None:
    """It is written as d3 writes it."""
    assert (axes.intensity(value), axes.rate(value)) == (intensity, rate)
