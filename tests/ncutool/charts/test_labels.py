"""Labels never cover a mark, one another or the frame's edge, whatever there is to name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.charts import labels, marks

FRAME = (0.0, 0.0, 400.0, 250.0)
_points = st.lists(
    st.tuples(
        st.floats(0, 400), st.floats(0, 250), st.sampled_from([24.0, 200.0, 820.0]),
        st.sampled_from(["mm", "flash_attention_forward", "mul 62 %", "核心", "W" * 30]),
    ),
    min_size=1,
    max_size=30,
)  # fmt: skip


def _wanted(points: Sequence[tuple[float, float, float, str]]) -> list[labels.Wanted]:
    return [
        labels.Wanted(
            number, labels.around(x, y, marks.radius(size), labels.text_width(name, bold=True))
        )
        for number, (x, y, size, name) in enumerate(points)
    ]


@settings(max_examples=60, deadline=None)
@given(_points)
def test_no_label_covers_a_mark_a_label_or_the_edge(
    points: list[tuple[float, float, float, str]],
) -> None:
    """Whichever labels have a place: their boxes share no area with anything else's."""
    hard = marks.boxes((x, y, size) for x, y, size, _ in points)
    found = labels.place(_wanted(points), FRAME, hard)
    boxes = [box for place in found.values() for box in place.boxes]
    for number, box in enumerate(boxes):
        assert FRAME[0] <= box[0] <= box[2] <= FRAME[2]
        assert FRAME[1] <= box[1] <= box[3] <= FRAME[3]
        assert not any(labels.overlap(box, other) for other in boxes[number + 1 :])
        assert not any(labels.overlap(box, mark) for mark in hard)


@settings(max_examples=30, deadline=None)
@given(st.floats(20, 380), st.floats(20, 230))
def test_a_label_alone_stands_beside_its_mark(x: float, y: float) -> None:
    """With room on some side it needs no line of its own."""
    found = labels.place(_wanted([(x, y, 200.0, "mm")]), FRAME, marks.boxes([(x, y, 200.0)]))
    assert found[0].leader is None


def test_the_first_label_takes_the_best_place_and_the_next_another() -> None:
    """Two marks at one place: the second name stands elsewhere."""
    points = [(200.0, 100.0, 200.0, "first"), (200.0, 100.0, 200.0, "second")]
    hard = marks.boxes((x, y, size) for x, y, size, _ in points)
    found = labels.place(_wanted(points), FRAME, hard)
    assert (found[0].align, found[0].y) == ("left", 100.0)
    assert found[1].boxes != found[0].boxes


def test_a_label_without_room_is_left_out() -> None:
    """Better no name than one over a mark."""
    wide = labels.Wanted("x", labels.level([(0.0, 125.0, "left")], 401.0))
    assert labels.place([wide], FRAME, []) == {}


def test_a_label_avoids_lines_where_it_can() -> None:
    """A line costs as much as some distance: the place above is free of it."""
    line = labels.along((0.0, 100.0, 400.0, 100.0))
    spots = [(200.0, 100.0, "center"), (200.0, 70.0, "center")]
    wish = labels.Wanted("x", labels.level(spots, 60.0))
    assert labels.place([wish], FRAME, [], line)["x"].y == 70.0
    assert labels.place([wish], FRAME, [])["x"].y == 100.0


def test_widths_are_those_of_a_wide_font() -> None:
    """DejaVu Sans at 11 px: `mm` takes 21.4 px, and no text is thought narrower than it is."""
    assert labels.text_width("mm") == pytest.approx(21.6, abs=0.1)
    assert labels.text_width("iii") == pytest.approx(9.9, abs=0.1)
    assert labels.text_width("mm", bold=True) > labels.text_width("mm")
    assert labels.text_width("核") == pytest.approx(11.0)


def test_a_rising_text_is_covered_along_its_slope() -> None:
    """Its boxes follow the line: the corners of the upright rectangle stay free."""
    (place,) = labels.rising([(100.0, 100.0)], 80.0, 0.785)
    left = min(box[0] for box in place.boxes)
    right = max(box[2] for box in place.boxes)
    assert 60 <= left <= 70
    assert 130 <= right <= 140
    corner = (left, 0.0, left + 8, 90.0)
    assert not any(labels.overlap(box, corner) for box in place.boxes)
