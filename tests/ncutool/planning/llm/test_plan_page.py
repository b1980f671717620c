"""The page of a plan: one safe file whose slider has a point for every batch."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ncutool.charts import llm as charts
from ncutool.page.llm import headline, memory_pieces, render_plan
from ncutool.planning import llm
from ncutool.planning.llm.described import counted


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


def test_the_slider_is_a_parameter_with_a_point_for_each_stop() -> None:
    """Every batch of the slider has a step to read out, and marks to show."""
    spec = data_of(render_plan(llm.plan("llama-3-8b", "H100 SXM", batch=16)))
    chart = spec["chart"]
    slider = next(each for each in chart["params"] if each["name"] == charts.BATCH_STEP)
    assert slider["value"] == 4
    assert (slider["bind"]["min"], slider["bind"]["max"]) == (0, charts.MOST_STEP)
    assert [each["batch"] for each in spec["stops"]] == [2**stop for stop in range(13)]
    assert spec["stops"][0]["text"] == "batch 1: 4.641 ms a token, 215.5 tok/s in all"


def test_marks_stand_on_the_roof_and_only_attention_stays() -> None:
    """Matrix products move right with the batch up to the flat roof; attention does not move."""
    plan = llm.plan("llama-3-8b", "H100 SXM", batches=tuple(charts.slider_batches().values()))
    points = charts.plan_points(plan, plan.batches)
    for point in points:
        attainable = min(plan.peak_flop_per_s, point["x"] * plan.peak_bytes_per_s)
        assert point["y"] == pytest.approx(attainable, rel=1e-3)
    kinds = {kind: [p for p in points if p["kind"] == kind] for kind in charts.SHAPES}
    assert len({point["x"] for point in kinds["attention"]}) == 1
    moving = [point["x"] for point in kinds["FC layers"]]
    assert moving == sorted(set(moving))
    assert kinds["FC layers"][0]["bound"] == "memory"
    assert kinds["FC layers"][-1]["bound"] == "compute"


def test_the_chart_is_valid() -> None:
    """altair's own schema accepts the chart, with and without a cache."""
    for model in (llm.preset("llama-3-8b"), counted(8e9, {})):
        plan = llm.plan(model, "H100 SXM", batches=tuple(charts.slider_batches().values()))
        assert charts.plan_roofline(plan, plan.batches).to_dict()["layer"]


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
    page = render_plan(plan)
    assert '"batch": 8,' in page or '"batch":8,' in page
    assert '"batch": 4,' not in page
    assert '"batch":4,' not in page
