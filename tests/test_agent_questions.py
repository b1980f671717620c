"""What agents ask of real captures, answered from 4 kB by a script that only indexes the JSON.

What to do first, and the windows, are the corpus' own key, worked out by hand
(expected/findings.md); the rest was looked up in the captures by eye.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
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

# capture: its kernel with most time, what binds it, whether it is done, what to do first, the
# state of the kernel, what to do about what could not be seen
ASKED: dict[str, tuple[str | None, str | None, bool | None, str | None, str | None, str]] = {
    "torch/h100-qwen1.5-0.5b-prefill.json.gz":
        ("sm90_xmma_gemm_bf16bf16", "compute", False, "fuse-rotary", "problem", "capture"),
    "torch/h100-vit-inference.json.gz":
        ("Kernel2<cutlass_80_tensorop_bf16", "small_grid", False, "launch-graph", "problem",
         "nothing_unknown"),
    "torch/a100-switch-transformer.json.gz":
        ("ampere_sgemm_128x64_tn", "below_compute_roof", False, "precision-tensor-cores",
         "problem", "nothing_unknown"),
    "torch/mi300x-resnet-ddp-train.json.gz":
        ("ncclDevKernel_Generic", "communication", None, "communication-transport", "problem",
         "cannot"),
    "torch/a100-particle-transformer-b004.json.gz":
        ("unrolled_elementwise_kernel<direct_copy", "below_memory_roof", False, "launch-graph",
         "problem", "capture"),
    "torch/mi300x-sglang-qwen3-8b-decode-graph.json.gz":
        ("Cijk_Alik_Bljk_BBS_BH_MT256x32x64", "unknown", None, "batch-narrow-tiles", "problem",
         "cannot"),
    "torch/v100-dlrm-8rank-rank0.json.gz":
        ("ncclKernel_SendRecv_RING", "communication", None, "launch-graph", "problem", "capture"),
    "torch/mi300x-timesformer-inference.json.gz":
        ("cunn_SoftMaxForwardReg", "below_memory_roof", False, "fuse-attention", "problem",
         "nothing_unknown"),
    "torch/a100-inductor-pointwise.json.gz":
        ("triton_poi_fused_add_cos_sin_0", "unknown", None, None, "could_not_look", "capture"),
    "ncu/v100-miniweather-before.ncu-rep":
        ("compute_tendencies_x_279_gpu", "compute", False, "precision-fp64", "problem",
         "nothing_unknown"),
    "ncu/rtx2080ti-two-kernels-basic.ncu-rep":
        ("kernel_A", "compute", None, None, "could_not_look", "capture"),
    "ncu/rtx3070-scan-2020.ncu-rep":
        ("kernel", "latency", False, "tune-stalls", "problem", "nothing_unknown"),
    "ncu/gtx1660-divergence-basic.ncu-rep":
        ("warmingUp", "small_grid", None, "batch-few-blocks", "problem", "nothing_unknown"),
    "ncu/xavier-darknet.nsight-cuprof-report": (None, None, None, None, None, "capture"),
}  # fmt: skip
WALL_US = {
    "h100-qwen1.5-0.5b-prefill": 49_653, "h100-vit-inference": 7_560,
    "a100-switch-transformer": 764_201, "mi300x-resnet-ddp-train": 86_568,
    "a100-particle-transformer-b004": 31_999, "mi300x-sglang-qwen3-8b-decode-graph": 10_450,
    "v100-dlrm-8rank-rank0": 13_009, "mi300x-timesformer-inference": 121_267,
}  # fmt: skip
"""The windows of expected/findings.md, trimmed where it trims them."""


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
    value: Any = answers(name)["captures"][0]
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif value is not None:
            value = value[step]
    return value


@pytest.mark.parametrize("name", ASKED)
def test_which_kernel_takes_most_time(name: str) -> None:
    kernel, asked = at(name, "kernels.0.kernel"), ASKED[name][0]
    assert kernel is asked is None or kernel.startswith(asked)


@pytest.mark.parametrize("name", ASKED)
def test_what_binds_it(name: str) -> None:
    assert at(name, "kernels.0.bound") == ASKED[name][1]


@pytest.mark.parametrize("name", ASKED)
def test_whether_it_is_done(name: str) -> None:
    assert at(name, "kernels.0.done") is ASKED[name][2]


@pytest.mark.parametrize("name", ASKED)
def test_what_to_do_first(name: str) -> None:
    assert at(name, "findings.0.rule") == ASKED[name][3]


@pytest.mark.parametrize("name", ASKED)
def test_whether_anybody_could_look(name: str) -> None:
    assert at(name, "kernels.0.state") == ASKED[name][4]


@pytest.mark.parametrize("name", ASKED)
def test_what_to_capture_next(name: str) -> None:
    assert at(name, "next_capture.answer") == ASKED[name][5]


@pytest.mark.parametrize("name", WALL_US)
def test_how_long_the_window_is(name: str) -> None:
    wall_ns = at(f"torch/{name}.json.gz", "window.ns")
    assert wall_ns / 1e3 == pytest.approx(WALL_US[name], rel=0.001)


def test_a_report_could_not_look_at_the_host() -> None:
    for name in (name for name in ASKED if name.startswith("ncu/")):
        for question in ("graph", "input", "sync", "allocator", "communication"):
            assert at(name, f"questions.{question}.state") == "could_not_look"


def test_there_are_sixty_questions() -> None:
    assert 6 * len(ASKED) + len(WALL_US) > 60
