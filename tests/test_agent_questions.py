"""What agents ask of real captures, answered from 4 kB by a script that only indexes the JSON.

No key is from ncutool. They are: sums over the raw JSON of each trace, made here in a few lines;
what an engineer worked out by hand (corpus/expected/findings.md); what NVIDIA's own rules print of
each launch (corpus/expected/ncu_nvidia_says.jsonl); and what a format cannot hold.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from ncutool.analysis.analyse import read_and_analyse
from ncutool.diagnose import parts, within
from ncutool.diagnose.budget import dumped
from ncutool.diagnose.schema import schema

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
BUDGET = 4_000
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real captures is not beside this checkout"
)
ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset", "memcpy", "memset")
"""Categories of events that run on a GPU, in lower case; older traces write them otherwise."""

TRACES = (
    "a100-inductor-pointwise", "a100-particle-transformer-b004", "a100-switch-transformer",
    "b200-vllm-moe-prefill-8rank", "b300-sglang-deepseek-r1-decode-graph",
    "h100-qwen1.5-0.5b-prefill", "h100-vit-inference", "mi210-gpu-only", "mi250-mlp-train",
    "mi300x-inductor-rmsnorm", "mi300x-resnet-ddp-train", "mi300x-sglang-qwen3-8b-decode-graph",
    "mi300x-timesformer-inference", "v100-dlrm-8rank-rank0", "v100-dlrm-8rank-rank1",
)  # fmt: skip
WORKED_OUT: dict[str, tuple[int, int, str, str, bool | None, set[str]]] = {
    "h100-qwen1.5-0.5b-prefill": (49_653, 45_647, "GEMM F 62 %", "compute", False, {"fuse"}),
    "h100-vit-inference": (
        7_560, 1_225, "addmm 11 % of peak, launch and grid limited", "small_grid", False,
        {"graph", "batch"},
    ),
    "a100-switch-transformer": (
        764_201, 621_729, "sgemm, lm_head F 54.7 %", "below_compute_roof", False, {"precision"},
    ),
    "mi300x-resnet-ddp-train": (
        86_568, 84_002, "NCCL 71,517", "communication", None, {"communication", "batch"},
    ),
    "a100-particle-transformer-b004": (
        31_999, 5_276, "casts, at most 54 % of bandwidth", "below_memory_roof", False,
        {"batch", "graph"},
    ),
    "mi300x-sglang-qwen3-8b-decode-graph": (
        10_450, 9_769, "replayed without shapes", "unknown", None, {"batch", "tune"},
    ),
    "v100-dlrm-8rank-rank0": (
        13_009, 6_590, "NCCL 5,798", "communication", None, {"graph", "communication"},
    ),
    "mi300x-timesformer-inference": (
        121_267, 119_853, "softmax B 20.5 %", "below_memory_roof", False, {"fuse"},
    ),
}  # fmt: skip
"""Of expected/findings.md, in microseconds: the window (trimmed where it trims), its busy time
(for the graph: what it holds besides idle time), why the kernel with most time takes so long, how
that is called here, whether it is done (the roof's share says no; nothing is known of others), and
the kinds of its first two findings."""
REPORTS = (
    "a100-cutlass-int8-384", "a100-cutlass-int8-768", "a100-self-join-154-launches",
    "a100-self-join-full", "a10g-sgemm-roofline", "a10g-sgemm-variants-basic",
    "a40-julia-tensor", "gh200-kokkos-basic", "gtx1660-divergence-basic",
    "h800-flash-attention-partial", "rtx2060-hd-encode-basic", "rtx2080ti-two-kernels-basic",
    "v100-miniweather-after", "v100-miniweather-before",
)  # fmt: skip
NVIDIA = {
    "Small Grid": {"small_grid"},
    "Latency Issue": {"latency"},
    "Balanced Throughput": {"balanced"},
    "High Compute Throughput": {"compute"},
    "High Memory Throughput": {"memory", "cache"},
    "High Throughput": {"memory", "compute", "balanced", "cache"},
}
"""What NVIDIA's rule calls a launch, and what that is here."""
NO_TIMELINE = ("graph", "input", "sync", "allocator", "communication")
"""Questions that no report answers: it holds launches measured alone."""


@dataclass(frozen=True)
class Raw:
    """What a trace says of its GPU events, added up."""

    kernel: str
    kernel_us: float
    kernel_launches: int
    launches: int
    us: float


@cache
def raw(name: str) -> Raw:
    content = gzip.decompress((CORPUS / "torch" / f"{name}.json.gz").read_bytes())
    try:
        whole = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = json.loads(content.decode("utf-8", "replace"), strict=False)
    events = whole["traceEvents"] if isinstance(whole, dict) else whole
    found = [e for e in events if e["ph"] == "X" and e.get("cat", "").lower() in ON_DEVICE]
    times, counts = Counter[str](), Counter[str]()
    for event in found:
        if event["cat"].lower() == "kernel":
            times[event["name"]] += event["dur"]
            counts[event["name"]] += 1
    kernel = max(times, key=lambda one: times[one])
    total = sum(event["dur"] for event in found)
    return Raw(kernel, times[kernel], counts[kernel], len(found), total)


@cache
def nvidia_says() -> dict[str, dict[int, dict[str, Any]]]:
    found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for line in (CORPUS / "expected" / "ncu_nvidia_says.jsonl").read_text().splitlines():
        one = json.loads(line)
        found[one["report"]][one["launch_id"]] = one
    return found


@cache
def answers(name: str) -> dict[str, Any]:
    """What an agent gets: valid, and no longer than it asked for."""
    text = dumped(within([parts(read_and_analyse(CORPUS / name), BUDGET)], BUDGET)) + b"\n"
    assert len(text) <= BUDGET
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, schema())
    return found


def at(name: str, path: str) -> Any:
    """Follow keys and numbers; an entry that is not there is None."""
    folder, ending = ("torch", "json.gz") if name in TRACES else ("ncu", "ncu-rep")
    value: Any = answers(f"{folder}/{name}.{ending}")["captures"][0]
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif value is not None:
            value = value[step]
    return value


@pytest.mark.parametrize("name", TRACES)
def test_which_kernel_takes_most_time(name: str) -> None:
    """Its short name is made of pieces of the name that the trace holds."""
    kernel = at(name, "kernels.0.kernel")
    for piece in re.findall(r"[^\W_]+", kernel.partition("…")[0]):
        assert piece in raw(name).kernel


@pytest.mark.parametrize("name", TRACES)
def test_how_often_it_is_launched_and_how_long_it_takes(name: str) -> None:
    assert at(name, "kernels.0.launches") == raw(name).kernel_launches
    assert at(name, "kernels.0.duration_ns") == pytest.approx(1e3 * raw(name).kernel_us, abs=60)


@pytest.mark.parametrize("name", TRACES)
def test_what_share_of_the_launch_time_that_is(name: str) -> None:
    share = 100 * raw(name).kernel_us / raw(name).us
    assert at(name, "kernels.0.share_pct") == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize("name", TRACES)
def test_how_many_launches_there_are(name: str) -> None:
    assert at(name, "coverage.launches") == raw(name).launches


@pytest.mark.parametrize("name", TRACES)
def test_how_long_they_take_together(name: str) -> None:
    assert at(name, "coverage.launch_ns") == pytest.approx(1e3 * raw(name).us, rel=1e-5)


@pytest.mark.parametrize("name", WORKED_OUT)
def test_how_long_the_window_is(name: str) -> None:
    assert at(name, "window.ns") / 1e3 == pytest.approx(WORKED_OUT[name][0], rel=0.001)


@pytest.mark.parametrize("name", WORKED_OUT)
def test_how_busy_the_device_is(name: str) -> None:
    assert at(name, "window.busy_ns") / 1e3 == pytest.approx(WORKED_OUT[name][1], rel=0.001)


@pytest.mark.parametrize("name", WORKED_OUT)
def test_what_binds_the_kernel_with_most_time(name: str) -> None:
    assert at(name, "kernels.0.bound") == WORKED_OUT[name][3]


@pytest.mark.parametrize("name", WORKED_OUT)
def test_whether_it_is_done(name: str) -> None:
    assert at(name, "kernels.0.done") is WORKED_OUT[name][4]


@pytest.mark.parametrize("name", WORKED_OUT)
def test_what_to_do_first(name: str) -> None:
    assert at(name, "findings.0.kind") in WORKED_OUT[name][5]


@pytest.mark.parametrize("name", REPORTS)
def test_what_nvidia_calls_the_longest_launch(name: str) -> None:
    said = nvidia_says()[f"{name}.ncu-rep"][at(name, "kernels.0.longest_launch")]
    assert at(name, "kernels.0.bound") in NVIDIA[said["bottleneck"]]


@pytest.mark.parametrize("name", REPORTS)
def test_what_its_kernel_is_called(name: str) -> None:
    said = nvidia_says()[f"{name}.ncu-rep"][at(name, "kernels.0.longest_launch")]
    assert re.split(r"\W", at(name, "kernels.0.kernel"))[0] == said["kernel"]


@pytest.mark.parametrize("name", REPORTS)
def test_how_many_launches_were_collected(name: str) -> None:
    assert at(name, "coverage.launches") == len(nvidia_says()[f"{name}.ncu-rep"])


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_could_not_look_at_the_host(name: str) -> None:
    for question in NO_TIMELINE:
        assert at(name, f"questions.{question}.state") == "could_not_look"


def test_what_was_collected_without_counters_is_no_health() -> None:
    """A file of NVIDIA's profiler before reports had counters: nothing is known of its launches."""
    found = answers("ncu/xavier-darknet.nsight-cuprof-report")["captures"][0]
    assert (found["answer"], found["stop"]["done"]) == ("could_not_look", None)
    assert found["next_capture"]["answer"] == "capture"


def test_there_are_sixty_questions() -> None:
    assert 5 * len(TRACES) + 5 * len(WORKED_OUT) + 4 * len(REPORTS) == 171
