"""The page: its sections as data, its safety as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import analysis_factory as factory
import polars as pl
import pytest

from ncutool import page
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.analysis.document import Document
from ncutool.analysis.groups import grouped
from ncutool.base import units
from ncutool.page import html
from ncutool.page.cards import understood, where_time_goes
from ncutool.page.code import with_code
from ncutool.page.drawing import drawings
from ncutool.page.findings import Findings, findings, spans
from ncutool.page.view import view
from ncutool_parsers.capture import Notice

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


def _findings(analysis: Analysis) -> Findings:
    return findings(analysis, Document(analysis).findings)


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
    assert len(scripts) == 2
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
    assert len(elements.named("script")) == 4
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
    assert _data(text, 2)["timeline"] is None
    assert set(_data(text, 2)["charts"]) == {"roofline", "speed-of-light"}
    ids = [one["id"] for _, one in elements.tags if "id" in one]
    assert len(ids) == len(set(ids))


def test_vega_is_left_out_where_no_chart_is() -> None:
    """A page without a chart is a twentieth of the size."""
    assert len(page.render([factory.unknown_device()])) < 100_000
    assert len(page.render([factory.trace()])) > 800_000


def test_errors_stand_above_the_verdict_and_information_at_the_end() -> None:
    """What changes how to read the page comes first."""
    given = [
        Notice("bad", "an error", "error"),
        Notice("warn", "a warning"),
        Notice("info", "an info", "info"),
    ]
    text = page.render([factory.trace(notices=given)])
    order = ("Careful</b> an error", "<h1>", "Note</b> a warning", "an info</li>")
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert 'class="notices"' not in page.render([factory.trace()])


def test_the_understood_card_sums_to_all_of_it() -> None:
    """What is understood and every reason why not, together 100 %."""
    card = understood(Document(factory.trace(200)).coverage)
    assert sum(piece.pct for piece in card.pieces) == pytest.approx(100)
    assert [piece.kind for piece in card.pieces] == ["on_roofline", "copy", "no_figures"]
    assert "launched before the recording" in card.pieces[-1].text
    assert understood(Document(factory.everything_null()).coverage).pieces == ()


def test_where_the_time_goes_names_idle_causes() -> None:
    """The bar is of wall time; idle time says what for."""
    card = where_time_goes(Document(factory.trace(200)).time)
    assert sum(piece.pct for piece in card.pieces) == pytest.approx(100)
    assert card.pieces[-1].kind == "idle"
    assert "between queued launches" in card.pieces[-1].detail
    assert "wall time" in card.note
    assert "launch time" in where_time_goes(Document(factory.report()).time).note


def test_findings_carry_range_remedy_and_launches() -> None:
    """The range lies between nothing and the most any finding saves."""
    analysis = factory.trace(
        findings=[
            factory.finding(1, overlaps=("fuse-2",)),
            factory.finding(
                2, alone_low_ns=0, alone_high_ns=500_000, saving_low_ns=0, saving_high_ns=400_000
            ),
        ]
    )
    section = _findings(analysis)
    first, second = section.items
    assert (first.left_pct, first.width_pct) == (50, 50)
    assert (second.left_pct, second.width_pct) == (0, 25)
    assert first.line.saving.amount == "1.0–2.0 ms"
    saving = second.line.saving
    assert (saving.amount, saving.after) == ("0–500 µs", "after those above 0–400 µs")
    assert first.overlaps == (2,)
    assert first.launch_ids == "0–1, 3"
    assert section.of_what == "wall"
    concerned = analysis.kernels.filter(pl.col("launch_id").is_in([0, 1, 3]))
    assert sum(int(row.values[0] or 0) for row in first.kernels.rows) == concerned.height


def test_no_findings_say_what_would_find_some() -> None:
    """An empty list is a sentence with its threshold, for traces, reports and no time at all.

    It says that nothing worth doing was found, not that there is nothing to change.
    """
    empty = _findings(factory.trace(findings=[]))
    assert empty.items == ()
    window = units.time(factory.trace().window_ns)
    assert empty.empty.startswith(f"Nothing worth doing was found ({window}, savings above 0.5 %).")
    assert "record_shapes=True" in empty.empty
    assert "trace of the whole program" in _findings(factory.report()).empty
    assert "no launch carries a duration" in _findings(factory.everything_null()).empty


def test_a_finding_whose_time_others_claim_says_so() -> None:
    """What it saves alone stands, and that nothing of it is left; no row of zeros."""
    nothing = dict.fromkeys(("saving_low_ns", "saving_high_ns"), 0)
    (item,) = _findings(factory.trace(findings=[factory.finding(**nothing)])).items
    assert (item.line.saving.amount, item.line.saving.after) == ("1.0–2.0 ms", "counted above")


def test_code_link_and_caveat_are_shown_and_only_plain_links() -> None:
    """A remedy's line of code, its documentation, and what would make the finding wrong."""
    finding = factory.finding(
        code="model.half()", caveat="If `x` overflows.", link="https://a.b/c#d"
    )
    (item,) = _findings(factory.trace(findings=[finding])).items
    assert item.link == "https://a.b/c#d"
    text = page.render([factory.trace(findings=[finding])])
    assert "<code>torch.compile</code> the decoder layer." in text
    assert '<pre class="code" tabindex="0"><code>model.half()</code></pre>' in text
    assert "<b>Caveat</b> If <code>x</code> overflows." in text
    (item,) = _findings(factory.trace(findings=[factory.finding(link="https://a.b/'x")])).items
    assert item.link is None


def test_many_findings_are_cut_and_counted() -> None:
    """A page shows forty; the rest is said."""
    section = _findings(factory.trace(findings=[factory.finding(i) for i in range(45)]))
    assert len(section.items) == 40
    assert "5 smaller findings not shown" in section.note


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
        assert roofline.spec is None
        return roofline.empty

    assert "--assume-device NAME" in only(factory.unknown_device())
    assert "--set roofline" in only(factory.report(counters=False))
    no_shapes = [factory.torch_rows(9)[8] | {"launch_id": 0}]
    assert "record_shapes=True" in only(factory.analysis(no_shapes))
    (roofline,) = drawings(factory.trace(), grouped(factory.trace().kernels)[0])
    assert roofline.spec is not None
    assert any("not on it: copies" in note for note in roofline.notes)
    basic = factory.report(counters=False)
    (_, light) = drawings(basic, grouped(basic.kernels)[0])
    assert light.spec is not None


def test_a_page_leaves_a_charts_points_to_its_table() -> None:
    """The figures are in the page once."""
    (roofline,) = drawings(factory.trace(), grouped(factory.trace().kernels)[0])
    assert roofline.spec is not None
    (points,) = [one for one in roofline.spec["layer"] if one["data"].get("name") == "points"]
    assert points["data"]["values"] == []
    assert "points" not in roofline.spec.get("datasets", {})


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
