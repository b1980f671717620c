"""What a notebook shows of results, what completes, and what `save` writes."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import analysis_factory as factory
import pytest

import ncutool
from ncutool import whatif
from ncutool.analysis.analyse import Findings
from ncutool.planning import llm
from ncutool_parsers.errors import OutputError, UsageError


class Words(HTMLParser):
    """The text of a piece of HTML, and every tag in it."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.alternatives: list[str] = []
        self.feed(shown)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        assert set(given) <= {"style", "role", "aria-level", "alt", "src"}
        if tag == "img":
            self.alternatives.append(given["alt"] or "")
            assert (given["src"] or "").startswith("data:image/svg+xml;base64,")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def html(result: object) -> str:
    shown = result._repr_html_()  # type: ignore[attr-defined]  # what a notebook asks for
    assert isinstance(shown, str)
    return shown


def test_an_analysis_shows_verdict_bars_savings_and_roofline() -> None:
    """In this order; bars and roofline are pictures with words for those who cannot see them."""
    analysis = factory.trace(60, findings=[factory.finding(1)])
    shown = Words(html(analysis))
    assert shown.words[0] == "Elementwise work takes half of the time."
    assert shown.words[1].startswith(
        "sample.json.gz · Test H100 · torch.profiler trace · 60 launch"
    )
    assert shown.words[2:5] == ["1.0–2.0 ms", "Fuse residual add and norm", "29.8–59.5 %"]
    assert shown.alternatives[0].startswith(
        "Understood: 95.5 % of 3.27 ms of launch time: on the roofline 94.3 %"
    )
    assert shown.alternatives[1] == "Roofline"


@pytest.mark.parametrize(
    "make",
    [factory.trace, factory.report, lambda: factory.report(counters=False), factory.unknown_device,
     factory.everything_null, factory.zero_durations, factory.hostile],
)  # fmt: skip
def test_it_runs_nothing_and_styles_only_itself(make: object) -> None:
    """Whatever the capture holds: no script, no style sheet, no tag or address of a capture's."""
    analysis = make()  # type: ignore[operator]  # one of the factory's functions
    for result in (analysis, analysis.findings):
        shown = Words(html(result))
        assert shown.tags <= {"div", "span", "b", "img"}
        assert "\n" not in repr(result)


def test_pictures_say_what_the_bars_say() -> None:
    """The picture in the address is the one that was drawn."""
    address = re.search(r'base64,([^"]+)"', html(factory.trace(60)))
    assert address is not None
    drawn = base64.b64decode(address.group(1)).decode()
    assert ">Where 3.36 ms of wall time goes</text>" in drawn


def test_findings_show_their_evidence() -> None:
    """And are a tuple still."""
    analysis = factory.trace(60, findings=[factory.finding(1)])
    assert isinstance(analysis.findings, Findings)
    assert analysis.findings == analysis.advice.findings == (analysis.findings[0],)
    assert Words(html(analysis.findings)).words[0] == "1 finding of sample.json.gz"
    assert "Nine launches over [16,559,1024] take 168.1 µs a layer-half." in html(analysis.findings)


def test_one_line_each() -> None:
    """What a terminal shows."""
    analysis = factory.trace(60, findings=[factory.finding(1)])
    assert repr(analysis) == (
        "<Analysis: sample.json.gz, 60 launches on Test H100: "
        "Elementwise work takes half of the time.>"
    )
    assert (
        repr(analysis.findings)
        == "<Findings: 1 finding: 1. fuse residual add and norm (1.0–2.0 ms)>"
    )
    assert repr(factory.everything_null().findings) == "<Findings: 0 findings>"
    plan = llm.plan("llama-3-8b", device="h100-sxm")
    assert repr(plan) == (
        "<Plan: llama-3-8b in bf16 on H100 SXM 80GB: at most 215 tokens/s a user>"
    )


def test_a_plan_shows_its_memory_and_its_roofline() -> None:
    """Facts of the terminal's sheet besides."""
    shown = Words(html(llm.plan("llama-3-8b", device="h100-sxm")))
    assert shown.words[0].startswith("llama-3-8b in bf16 on H100 SXM 80GB: at most 215 tokens/s")
    assert (
        shown.alternatives[0].startswith("Memory: 60.71 GB free")
        or "16.06 GB weights" in (shown.alternatives[0])
    )
    assert shown.alternatives[1] == "Roofline of the plan at each batch"
    assert {"Memory (GB)", "Decode", "Prefill", "Where the regime changes"} <= set(shown.words)


def test_an_answer_shows_now_and_then() -> None:
    """The interval is in the title, and a bar for each time."""
    sample = Path(__file__).resolve().parents[3] / "reports/samples/decoder-layer-synthetic"
    analysis = ncutool.load(sample / "decoder-layer-synthetic.json.gz")
    answer = whatif.ask(analysis, on="h200")
    shown = Words(html(answer))
    assert shown.words[0].startswith("What if on H200 SXM 141GB: ")
    assert shown.words[0].endswith(f"end to end, now {ncutool.base.units.time(analysis.window_ns)}")
    assert shown.alternatives[0].startswith("End to end now: ")
    assert repr(answer).startswith("<Answer: on H200 SXM 141GB: end to end ")


def test_only_public_names_complete() -> None:
    """The functions and rooms for notebooks; of an analysis what it tells."""
    public = [name for name in dir(ncutool) if not name.startswith("_")]
    assert public == [
        "coverage_of", "findings", "load", "page_html", "planning", "roofline_chart", "whatif",
    ]  # fmt: skip
    analysis = factory.trace(60)
    shown = [name for name in dir(analysis) if not name.startswith("_")]
    assert shown == [
        "advice", "capture", "ceilings", "coverage", "findings", "headline", "inside",
        "kernels", "most_time", "notices", "request", "resolution", "save", "shares", "state",
        "timeline", "to_pandas", "window_ns",
    ]  # fmt: skip
    assert all(hasattr(analysis, name) for name in shown)
    assert [name for name in dir(type(analysis)) if not name.startswith("_")] == shown
    assert [name for name in dir(whatif) if not name.startswith("_")] == sorted(whatif.__all__)
    assert [name for name in dir(llm) if not name.startswith("_")] == sorted(llm.__all__)


@pytest.mark.parametrize(
    ("ending", "start"),
    [("html", b"<!doctype html>"), ("md", b"#"), ("svg", b"<svg "), ("png", b"\x89PNG"),
     ("json", b"{")],
)  # fmt: skip
def test_save_writes_what_the_ending_asks_for(ending: str, start: bytes, tmp_path: Path) -> None:
    """Over what is there, so that a cell can run again."""
    target = tmp_path / f"saved.{ending}"
    target.write_text("before", encoding="utf-8")
    factory.report().save(target)
    assert target.read_bytes()[: len(start)] == start


def test_save_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    """An ending without a form, or a folder that is not there."""
    with pytest.raises(UsageError, match=r"end the file's name in \.html"):
        factory.trace(20).save(tmp_path / "saved.txt")
    with pytest.raises(OutputError, match="its folder does not exist"):
        factory.trace(20).save(tmp_path / "none" / "saved.svg")
