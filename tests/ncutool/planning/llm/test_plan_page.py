"""The page of a plan: one safe file whose slider has a stop for every batch of its table."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from ncutool.page.llm import headline, memory_pieces, picture_of, render_plan
from ncutool.planning import llm
from ncutool.planning.llm.speculation import Proposing
from ncutool.planning.llm.ways import Divided, Ways


def data_of(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="plan-data">(.*?)</script>', page, re.S)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_loads_nothing_and_is_the_same_each_time() -> None:
    """Only hashed scripts run, no address is fetched, and two renderings are equal."""
    plan = llm.plan("gpt-oss-20b", "H100 SXM")
    page = render_plan(plan)
    assert page == render_plan(plan)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe-eval" not in policy[1]
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', markup) == []


def test_the_page_carries_no_library() -> None:
    """Its pictures are drawn beforehand: a tenth of a megabyte, and two scripts of its own."""
    page = render_plan(llm.plan("llama-3-8b", "H100 SXM"))
    assert len(page) < 120_000
    assert "vega" not in page
    assert page.count("<script") == 2


def test_the_slider_has_a_stop_for_each_batch_of_the_table() -> None:
    """Stops, rows and large marks of both pictures go together; the plan's own batch is shown."""
    plan = llm.plan("llama-3-8b", "H100 SXM", batch=16, context_tokens=8192)
    page = render_plan(plan)
    stops = data_of(page)["stops"]
    assert [each["batch"] for each in stops] == [1, 2, 4, 8, 16, 32, 57, 64]
    assert stops[0]["text"] == (
        "batch 1: 4.801 ms a token, 208 tok/s a user, 208.3 tok/s in all, memory-bound "
        "(feed-forward)"
    )
    assert stops[7]["text"].endswith("memory-bound (KV cache); memory does not hold it")
    assert re.search(r'<input type="range" min="0" max="7" step="1" value="4"', page)
    rows = re.findall(r'<tr data-batch="(\d)" class="([a-z ]*)"><td>([\d,]+)</td>', page)
    assert [row[2] for row in rows] == ["1", "2", "4", "8", "16", "32", "57", "64"]
    assert [row[1].split() for row in rows] == [
        *[[]] * 4, ["chosen"], [], [], ["unfit"],
    ]  # fmt: skip
    # Two pictures in two widths; layers and the whole step on one, a mark on the other.
    marks = re.findall(r'data-stop="(\d)"( class="on")?', page)
    assert {stop: sum(one == stop for one, _ in marks) for stop, _ in marks} == {
        str(stop): 6 for stop in range(8)
    }
    assert {stop for stop, shown in marks if shown} == {"4"}


def test_a_batch_that_was_asked_for_is_on_the_page() -> None:
    """A row of --batches that is no doubling is drawn and listed too."""
    plan = llm.plan("llama-3-8b", "H100 SXM", batches=(48, 100, 128))
    batches = [each["batch"] for each in data_of(render_plan(plan))["stops"]]
    assert batches == [1, 2, 4, 8, 16, 32, 48, 64, 100, 114, 128]


def test_the_headline_is_the_verdict() -> None:
    """It says what ends first, or what it takes to fit."""
    fits = headline(llm.plan("llama-3-8b", "H100 SXM", context_tokens=8192))
    assert fits == (
        "llama-3-8b in bf16 on H100 SXM 80GB: at most 208 tokens/s a user at batch 1; memory ends "
        "at 57 sequences, and a step never turns compute-bound"
    )
    short = headline(llm.plan("llama-3-8b", "H100 SXM", context_tokens=128))
    assert "a step turns compute-bound at batch 438, memory holds 3,650 sequences" in short
    large = headline(llm.plan("llama-3-70b", "H100 SXM"))
    assert large == "llama-3-70b in bf16 on H100 SXM 80GB does not fit: it takes 2 of them or more"


def test_the_memory_bar_is_whole() -> None:
    """Its pieces add up to the device's memory, or to what would be needed where that is more."""
    for name in ("llama-3-8b", "llama-3-70b", "deepseek-v3"):
        pieces = memory_pieces(llm.plan(name, "H100 SXM", batch=64))
        assert sum(piece.pct for piece in pieces) == pytest.approx(100)


def test_untrusted_names_are_escaped() -> None:
    """A configuration's folder may be named as it likes."""
    data = {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 100,
    }
    name = "</script><img src=x onerror=alert(1)>"
    page = render_plan(llm.plan(llm.from_config(data, name=name, source=name), "T4"))
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_slider_begins_at_a_sequence_for_each_group() -> None:
    """No stop shows a batch that leaves a group without a sequence."""
    plan = llm.plan("deepseek-v3", "H200 SXM", data_parallel_attention=8, batch=64)
    batches = [each["batch"] for each in data_of(render_plan(plan))["stops"]]
    assert batches[:3] == [8, 16, 32]


def test_the_picture_stands_alone() -> None:
    """It holds both drawings and the verdict, loads nothing, and is the same each time."""
    plan = llm.plan("llama-3-8b", "H100 SXM", batch=16)
    drawn = picture_of(plan)
    assert drawn == picture_of(plan)
    root = ElementTree.fromstring(drawn)
    inner = root.findall("{http://www.w3.org/2000/svg}svg")
    assert len(inner) == 2
    assert root.get("aria-label") == headline(plan)
    assert "prefers-color-scheme:dark" in drawn
    assert "prefers-color-scheme" not in picture_of(plan, both=False)
    assert not re.search(r"(?:href|src|url)[=(]", drawn)


def test_what_was_asked_for_besides_has_its_tables() -> None:
    """Speculation by batch and the divisions around the best; without the question there are
    none."""
    ways = Ways(proposing=Proposing(3, 0.6), divided=Divided(8))
    asked: dict[str, Any] = {"output_tokens": 100, "contexts": (), "batches": (1, 64)}
    page = render_plan(llm.plan("llama-3-8b", "H100 SXM", ways=ways, **asked))
    for title in ("Speculative decoding by batch", "Divisions around the best"):
        assert f">{title}" in page
        assert title not in render_plan(llm.plan("llama-3-8b", "H100 SXM", **asked))
