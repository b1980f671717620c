"""An agent that follows docs/agents.md, on captures made for it: no GPU, no trust in its luck."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch_factory as make

from ncutool.commands import main
from ncutool.commands.schema import schema_of

pytestmark = pytest.mark.usefixtures("one_reading")
REPOSITORY = Path(__file__).parents[1]
SAMPLE = REPOSITORY / "reports" / "samples" / "decoder-layer-synthetic" / "decoder-layer-synthetic"
TRACE, REPORT = SAMPLE.with_suffix(".json.gz"), SAMPLE.with_suffix(".ncu-rep")
GUIDE = (REPOSITORY / "docs" / "agents.md").read_text()
PATIENCE = 2
"""Changes in a row that tell nothing, after which the guide says to stop."""
SIZE = 4096
PEAK_FLOP_PER_S = 989.4e12
"""Of an H100 SXM in bf16, dense: NVIDIA's data sheet."""
H100 = {
    "id": 0, "name": "NVIDIA H100 80GB HBM3", "computeMajor": 9, "computeMinor": 0,
    "numSms": 132, "totalGlobalMem": 85_045_084_160,
}  # fmt: skip


def said(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str | Path) -> Any:
    assert main([str(one) for one in arguments]) == 0
    return json.loads(capsysbinary.readouterr().out)


def written(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The sample's trace with its GPU events, calls and operators changed."""
    content = json.loads(gzip.decompress(TRACE.read_bytes()))
    for event in content["traceEvents"]:
        change(event)
    path.write_text(json.dumps(content))
    return path


def scaled(factor: float) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        for name in ("ts", "dur"):
            if name in event:
                event[name] *= factor

    return change


def products(path: Path, share_of_peak: float) -> Path:
    """A trace of equal products one after another, at so much of the device's peak."""
    duration = 2 * SIZE**3 / (share_of_peak * PEAK_FLOP_PER_S) * 1e6
    dims = {
        "Input Dims": [[SIZE, SIZE]] * 2, "Input type": ["c10::BFloat16"] * 2,
        "Input Strides": [[SIZE, 1]] * 2,
    }  # fmt: skip
    events, start = [], 1_000.0
    for number in range(20):
        host = 100.0 + 10 * number
        events += [
            make.op("aten::mm", host, 8.0, number + 1, args=dims),
            make.call(host + 2, 2.0, number + 1),
            make.kernel("nvjet_tst_128x256_64x4_1x2_h_bz_coopA_NNT", start, duration, number + 1,
                        grid=[132, 1, 1], block=[384, 1, 1]),
        ]  # fmt: skip
        events[-1]["args"]["External id"] = number + 1
        start += duration + 0.5
    return make.write(path, events, deviceProperties=[H100])


def decide(answer: dict[str, Any], told_nothing: int) -> str:
    """What the guide says to do with a change: keep it, take it back, or stop."""
    one, since = answer["captures"][0], answer["since"]
    if one["stop"]["done"] is True:
        return "stop"
    if since["same_work"] == "same" and since["verdict"] == "faster":
        return "keep"
    return "stop" if told_nothing + 1 >= PATIENCE else "take back"


def test_a_loop_keeps_what_helps_and_stops_by_itself(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Three changes: one helps, one harms, one tells nothing; then it ends."""
    before = tmp_path / "before.json"
    assert main(["diagnose", str(TRACE), "--budget", "8000", "-o", str(before)]) == 0
    first = json.loads(before.read_bytes())["captures"][0]
    assert first["answer"] == "something_to_do"
    assert first["findings"][0]["remedy"]
    tried = {"helps": 0.5, "harms": 1.0, "nothing": 0.48}  # of the first, against the last kept
    decisions, told_nothing = [], 0
    for name, factor in tried.items():
        after = written(tmp_path / f"{name}.json", scaled(factor))
        answer = said(
            capsysbinary, "diagnose", after, "--against", before, "--budget", "8000", "-f", "json"
        )
        jsonschema.validate(answer, schema_of("diagnosis"))
        decision = decide(answer, told_nothing)
        decisions.append((answer["since"]["verdict"], decision))
        if decision == "keep":
            told_nothing = 0
            before = tmp_path / f"{name}-kept.json"
            before.write_text(json.dumps(answer))
        else:
            told_nothing += 1
    assert decisions == [("faster", "keep"), ("slower", "take back"), ("inconclusive", "stop")]


def test_other_work_is_never_kept(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A run of half the rows takes half the time, which is no speed-up."""

    def half(event: dict[str, Any]) -> None:
        scaled(0.5)(event)
        dims = event.get("args", {}).get("Input Dims")
        if dims:
            event["args"]["Input Dims"] = [
                [size // 2 if size == 4096 else size for size in one] for one in dims
            ]

    before = tmp_path / "before.json"
    assert main(["diagnose", str(TRACE), "--budget", "8000", "-o", str(before)]) == 0
    after = written(tmp_path / "half.json", half)
    answer = said(capsysbinary, "diagnose", after, "--against", before, "-f", "json")
    assert answer["since"]["same_work"] == "differs"
    assert answer["since"]["verdict"] is None
    assert decide(answer, 0) == "take back"


@pytest.mark.parametrize(
    ("share", "done", "ceiling"), [(0.93, True, "compute_roof"), (0.85, False, None)]
)
def test_a_loop_ends_at_the_roof_alone(
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    share: float,
    done: bool,
    ceiling: str | None,
) -> None:
    """Products at 93 % of the data sheet's peak are done, at 85 % they are not."""
    trace = products(tmp_path / "products.json.gz", share)
    one = said(capsysbinary, "diagnose", trace, "-f", "json")["captures"][0]
    kernel = one["kernels"][0]
    assert kernel["roofline_pct"] == pytest.approx(100 * share, rel=1e-3)
    assert (kernel["done"], kernel["ceiling"]) == (done, ceiling)
    assert one["stop"]["done"] is done


def commands(language: str) -> Iterator[list[str]]:
    """The commands of the guide's blocks of one language, without their comments."""
    for block in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


def test_every_command_of_the_guide_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, source in {
        "trace.json.gz": TRACE, "report.ncu-rep": REPORT, "after.ncu-rep": REPORT,
        "CAPTURE": TRACE, "AFTER": TRACE,
    }.items():  # fmt: skip
        shutil.copy(source, tmp_path / name)
    ran = []
    in_skill = [
        shlex.split(one)
        for one in re.findall(r"`(ncutool [^`]*)`", GUIDE.partition("```markdown")[2])
    ]
    for words in (*commands("sh"), *in_skill):
        if words[:2] == ["ncutool", "mcp"]:
            continue  # a server: test_mcp.py starts it
        assert main(words[1:]) == 0, words
        ran.append(words[1])
        capsysbinary.readouterr()
    assert ran == ["diagnose", "diagnose", "diagnose", "schema",
                   "diagnose", "diagnose", "explain", "diagnose"]  # fmt: skip
