"""The page: its sections as data, its safety as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import analysis_factory as factory
import pytest

from ncutool import page
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.analysis.groups import grouped
from ncutool.page import html
from ncutool.page.code import with_code
from ncutool.page.drawing import drawings
from ncutool.page.findings import spans
from ncutool.page.view import view

EVERY: list[Callable[[], Analysis]] = [
    factory.trace,
    factory.report,
    lambda: factory.report(counters=False),
    factory.unknown_device,
    factory.everything_null,
    factory.zero_durations,
    factory.hostile,
    lambda: factory.analysis([]),
]


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of this name."""
        return [attributes for name, attributes in self.tags if name == tag]


def _data(text: str, number: int = 1) -> dict[str, Any]:
    pattern = rf'<script type="application/json" id="view-{number}-data">(.*?)</script>'
    match = re.search(pattern, text, re.DOTALL)
    assert match is not None
    data: dict[str, Any] = json.loads(match.group(1))
    return data


@pytest.mark.parametrize("make", EVERY)
def test_a_page_loads_nothing(make: Callable[[], Analysis]) -> None:
    """No element names an address, and the policy would refuse one."""
    elements = Elements(page.render([make()]))
    for tag, attributes in elements.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        for name in ("href", "action", "poster", "data"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
    (policy,) = [one["content"] for one in elements.named("meta") if "http-equiv" in one]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("make", EVERY)
def test_a_page_is_the_same_each_time(make: Callable[[], Analysis]) -> None:
    """Pages can be compared: no clock, no order of hashing."""
    assert page.render([make()]) == page.render([make()])


def test_the_policy_names_the_scripts_that_are_there() -> None:
    """A hash for each script in the page, so that a smuggled one does not run."""
    text = page.render([factory.trace()])
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    for script in scripts:
        assert html._sha256(script) in text[: text.index("<title>")]


def test_hostile_names_stay_text() -> None:
    """A name that closes the script and opens an image is nowhere an element."""
    text = page.render([factory.hostile()])
    assert factory.HOSTILE_NAME not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    elements = Elements(text)
    assert elements.named("img") == []
    assert len(elements.named("script")) == 3
    names = [name for name in _data(text)["groups"]["of"] if "evil" in name]
    assert names
    assert "</script><img" in names[0]


def test_private_details_are_shown_only_when_asked_for() -> None:
    """Host names and user paths are left out unless --show-private."""
    hidden = page.render([factory.hostile()])
    assert "secret-host" not in hidden
    assert "secret-user" not in hidden
    shown = page.render([factory.hostile()], show_private=True)
    assert "secret-host" in shown
    assert "secret-user" in shown


def test_a_page_of_nothing_is_an_error() -> None:
    """There is always at least one analysis."""
    with pytest.raises(ValueError, match="at least one"):
        page.render([])


def test_several_captures_have_a_view_each() -> None:
    """Each has its own data and its link, with charts or without."""
    text = page.render([factory.trace(), factory.report(), factory.everything_null()])
    elements = Elements(text)
    articles = [one["id"] for one in elements.named("article")]
    assert articles == ["view-1", "view-2", "view-3"]
    links = [one.get("href") for one in elements.named("a")]
    assert links[1:4] == ["#view-1", "#view-2", "#view-3"]
    assert _data(text, 2)["timeline"]["gaps"] is None
    drawn = [one["data-drawing"] for one in elements.named("section") if "data-drawing" in one]
    assert drawn == ["roofline", "speed-of-light", "roofline"]
    ids = [one["id"] for _, one in elements.tags if "id" in one]
    assert len(ids) == len(set(ids))


def test_a_page_carries_no_chart_library() -> None:
    """Its drawings were made with it."""
    text = page.render([factory.trace()])
    assert "vegaEmbed" not in text
    assert len(text) < 250_000


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ((), ""),
        ((3,), "3"),
        ((1, 2, 3, 7, 9, 8), "1–3, 7–9"),
        (tuple(range(0, 200, 2)), ", ".join(str(i) for i in range(0, 80, 2)) + " and 60 more"),
    ],
)
def test_launch_ids_are_written_as_spans(ids: Sequence[int], text: str) -> None:
    """Thousands of launches take one line."""
    assert spans(ids) == text


def test_unpaired_backticks_are_plain_text() -> None:
    """Only whole pairs are code."""
    assert [(part.text, part.code) for part in with_code("a ` b")] == [("a ` b", False)]


def test_a_chart_stands_or_its_reason_does() -> None:
    """No FLOPs, no peaks, no counters: a sentence says what to do instead."""

    def only(analysis: Analysis) -> str:
        (roofline, *_) = drawings(analysis, grouped(analysis.kernels)[0])
        assert not roofline.legend
        return roofline.empty

    assert "--assume-device NAME" in only(factory.unknown_device())
    basic = factory.report(counters=False)
    (light,) = drawings(basic, grouped(basic.kernels)[0])
    assert light.name == "speed-of-light"  # alone, where no FLOPs are counted
    assert "--set roofline" in light.notes[-1]
    no_shapes = [factory.torch_rows(9)[8] | {"launch_id": 0}]
    assert "record_shapes=True" in only(factory.analysis(no_shapes))
    (roofline,) = drawings(factory.trace(), grouped(factory.trace().kernels)[0])
    assert roofline.empty == ""
    assert any("Not on the plane: copies" in note for note in roofline.notes)


def test_two_thousand_groups_stay_below_a_megabyte_and_a_half() -> None:
    """Names, shapes and figures all different: the size a page may have."""
    rows = factory.torch_rows(4_000)
    for number, row in enumerate(rows):
        group = number % 2_000
        row["kernel"] = f"kernel_{group % 300}_ampere_fp16_s16816gemm_128x128"
        row["kernel_full"] = f"void {row['kernel']}<at::native::MulFunctor<float>>(Params)"
        row["signature"] = f"[{group},1024] × [1024,{3 * group}]"
        row["bound_reason"] = f"neither limit reaches 60 %: {number / 100} % of the roof"
    analysis = factory.analysis(rows, findings=[factory.finding(i) for i in range(12)])
    text = page.render([analysis])
    assert _data(text)["groups"]["count"] == 2_000
    assert len(text.encode()) < 1_500_000


def test_a_view_is_plain_data() -> None:
    """What the script reads is JSON: no NaN, no object."""
    for make in EVERY:
        json.dumps(view(make(), 1, show_private=False).data, allow_nan=False)


@pytest.mark.parametrize(
    "name",
    [
        "torch/h100-qwen1.5-0.5b-prefill.json.gz",
        "torch/mi300x-sglang-qwen3-8b-decode-graph.json.gz",
        "torch/v100-dlrm-8rank-rank0.json.gz",
        "ncu/a10g-sgemm-roofline.ncu-rep",
        "ncu/a100-self-join-154-launches.ncu-rep",
    ],
)
def test_real_captures_make_small_pages(corpus: Path, name: str) -> None:
    """Traces of two vendors, a graph replay, reports with counters and without."""
    analysis = read_and_analyse(corpus / name)
    text = page.render([analysis])
    assert len(text.encode()) < 1_500_000
    assert _data(text)["groups"]["count"] == grouped(analysis.kernels)[0].height
