"""What changed since an earlier diagnosis: the work first, and no problem gone unseen."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.diagnose import parts, within
from ncutool.diagnose.against import load, since
from ncutool.diagnose.budget import dumped
from ncutool_parsers.errors import UsageError

SAMPLE = Path(__file__).parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
TRACE = SAMPLE / f"{SAMPLE.name}.json.gz"


@cache
def sample() -> Analysis:
    return read_and_analyse(TRACE)


@cache
def diagnosed(budget: int) -> bytes:
    return dumped(within([parts(sample(), budget)], budget))


def earlier(folder: Path, budget: int = 64_000) -> Path:
    file = folder / "earlier.json"
    file.write_bytes(diagnosed(budget))
    return file


def slower(folder: Path, factor: float) -> Path:
    """The sample with all times stretched."""
    content = json.loads(gzip.decompress(TRACE.read_bytes()))
    for event in content["traceEvents"]:
        for name in ("ts", "dur"):
            if name in event:
                event[name] *= factor
    path = folder / "slower.json"
    path.write_text(json.dumps(content))
    return path


def test_the_same_recording_is_the_same(tmp_path: Path) -> None:
    found = since(load(earlier(tmp_path)), sample())
    assert (found["same_work"], found["verdict"], found["change_pct"]) == ("same", "same", 0.0)
    assert found["gone"] == found["new"] == []
    assert found["still"]


def test_the_same_work_twice_as_slow(tmp_path: Path) -> None:
    found = since(load(earlier(tmp_path)), read_and_analyse(slower(tmp_path, 2.0)))
    assert (found["same_work"], found["verdict"]) == ("same", "slower")
    assert found["change_pct"] == pytest.approx(100, abs=0.01)


def test_other_work_has_no_verdict(tmp_path: Path) -> None:
    file = earlier(tmp_path)
    content = json.loads(file.read_text())
    content["captures"][0]["work"] |= {"product_flop": 1e9, "flop": 1e9, "grids": "0"}
    file.write_text(json.dumps(content))
    found = since(load(file), sample())
    assert found["same_work"] == "differs"
    assert found["verdict"] is found["change_pct"] is None


def test_fewer_steps_with_few_rows_are_not_the_same_work(tmp_path: Path) -> None:
    """The sample without its last steps: half the launches and 0.4 % of the FLOPs are gone."""
    content = json.loads(gzip.decompress(TRACE.read_bytes()))
    starts = sorted(one["ts"] for one in content["traceEvents"] if one.get("cat") == "kernel")
    end = starts[len(starts) // 2]
    content["traceEvents"] = [one for one in content["traceEvents"] if one.get("ts", 0) < end]
    path = tmp_path / "half.json"
    path.write_text(json.dumps(content))
    found = since(load(earlier(tmp_path)), read_and_analyse(path))
    assert found["same_work"] == "not_known"
    assert found["verdict"] is found["change_pct"] is None
    assert [one["what"] for one in found["differs"]] == ["second operands of products"]
    assert found["gone"] == found["new"] == []


def test_what_is_gone_with_other_work_is_not_known_to_be(tmp_path: Path) -> None:
    file = earlier(tmp_path)
    content = json.loads(file.read_text())
    one = content["captures"][0]
    one["findings"].append({**one["findings"][0], "rule": "allocator-every-step"})
    file.write_text(json.dumps(content))
    assert since(load(file), sample())["gone"] == [
        {"rule": "allocator-every-step", "before_ns": one["findings"][0]["alone_high_ns"],
         "after_ns": None}
    ]  # fmt: skip
    one["work"] |= {"device": "another"}
    file.write_text(json.dumps(content))
    found = since(load(file), sample())
    assert found["gone"] == []
    assert "allocator-every-step" in [rule["rule"] for rule in found["not_known"]]


@pytest.mark.parametrize(
    ("state", "left_out", "became"),
    [
        pytest.param("none", 3, "new", id="nothing of its kind was found"),
        pytest.param("problem", 0, "new", id="all findings are there"),
        pytest.param("problem", 3, "not_known", id="it may have been left out"),
        pytest.param("could_not_look", 0, "not_known", id="nobody could look"),
    ],
)
def test_a_problem_is_new_only_where_it_was_looked_for(
    tmp_path: Path, state: str, left_out: int, became: str
) -> None:
    file = earlier(tmp_path)
    content = json.loads(file.read_text())
    one = content["captures"][0]
    one["findings"] = [it for it in one["findings"] if it["rule"] != "launch-graph"]
    one["questions"]["graph"] = {"state": state}
    one["left_out"]["findings"] = left_out
    file.write_text(json.dumps(content))
    found = since(load(file), sample())
    assert "launch-graph" in [rule["rule"] for rule in found[became]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"time_ns":', '"time_ns":-', id="a negative time"),
        pytest.param('"time_ns":', '"time_ns":1e400,"x":', id="an endless time"),
        pytest.param('"flop_share":1', '"flop_share":7', id="a share above its whole"),
        pytest.param('"flop":', '"flop":NaN,"x":', id="no number"),
        pytest.param('"alone_high_ns":', '"alone_high_ns":-', id="a negative saving"),
        pytest.param('"state":"problem"', '"state":"fine"', id="no such state"),
        pytest.param('"timed":"wall"', '"timed":"clock"', id="no such time"),
    ],
)
def test_a_damaged_diagnosis_is_refused(tmp_path: Path, old: str, new: str) -> None:
    file = earlier(tmp_path)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(UsageError, match=r"is no whole diagnosis|is not JSON"):
        load(file)


def test_another_device_does_not_compare(tmp_path: Path) -> None:
    file = earlier(tmp_path)
    content = json.loads(file.read_text())
    content["captures"][0]["work"]["device"] = "another"
    file.write_text(json.dumps(content))
    found = since(load(file), sample())
    assert found["same_work"] == "not_comparable"
    assert found["verdict"] is None


def test_what_was_left_out_is_not_new(tmp_path: Path) -> None:
    found = since(load(earlier(tmp_path, budget=1_000)), sample())
    assert found["same_work"] == "not_known"
    assert found["new"] == []
    assert found["not_known"]


def test_a_problem_is_gone_only_where_somebody_looked(tmp_path: Path) -> None:
    file = earlier(tmp_path)
    content = json.loads(file.read_text())
    first: dict[str, Any] = content["captures"][0]["findings"][0]
    content["captures"][0]["findings"] = [
        {**first, "rule": "allocator-every-step", "kind": "allocator"},
        {**first, "rule": "no-such-rule"},
    ]
    file.write_text(json.dumps(content))
    found = since(load(file), sample())
    assert [one["rule"] for one in found["gone"]] == ["allocator-every-step"]
    assert "no-such-rule" in [one["rule"] for one in found["not_known"]]
    report = read_and_analyse(SAMPLE / f"{SAMPLE.name}.ncu-rep")  # tells nothing of allocations
    unseen = since(load(file), report)
    assert unseen["gone"] == []
    assert "allocator-every-step" in [one["rule"] for one in unseen["not_known"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is no diagnosis of this version"),
        ('{"schema": "ncutool/diagnosis/1", "captures": []}', "holds 0 captures"),
        ('{"schema": "ncutool/diagnosis/1", "captures": [{}]}', "is no whole diagnosis"),
    ],
)
def test_what_is_no_diagnosis_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "no.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=said):
        load(file)
