"""FLOPs and bytes of a trace's launches."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from modelled_factory import ADD, BARE, MM, MM_BYTES, MM_FLOP, capture
from operator_calls import call

from ncutool.base.tables import WORK
from ncutool.work import shapes
from ncutool.work.calls import shown_shapes, signature_text
from ncutool.work.operators import OpCall
from ncutool_parsers import read


def test_table_conforms() -> None:
    """One row a launch, with exactly the columns of the work table."""
    frame = shapes.work(capture([{"op_id": 0}, {"op_id": 1}], [MM, ADD]))
    assert frame.schema == WORK.polars_schema()
    assert frame["launch_id"].to_list() == [0, 1]


def test_single_launch() -> None:
    """An operator's one launch has all of its work, its shapes and its roof."""
    row = shapes.work(capture([{"op_id": 0}], [MM])).row(0, named=True)
    assert row["op"] == "aten::mm"
    assert row["signature"] == "[64,32] × [32,16]"
    assert row["shapes"] == [[64, 32], [32, 16]]
    assert (row["flop"], row["dram_bytes"]) == (MM_FLOP, MM_BYTES)
    assert (row["flop_source"], row["bytes_source"]) == ("shape", "shape")
    assert (row["family"], row["dtype"], row["roof"]) == ("gemm", "bf16", "bf16_tensor")
    assert (row["flop_exactness"], row["bytes_exactness"]) == ("exact", "exact")
    assert row["missing_reason"] is None


def test_several_kernels_share_their_operators_work() -> None:
    """Work is shared by duration, and the sum over the launches is exact."""
    launches = [
        {"op_id": 0, "duration_ns": 100},
        {"op_id": 0, "duration_ns": 201},
        {"op_id": 0, "duration_ns": 0},
    ]
    frame = shapes.work(capture(launches, [MM]))
    assert frame["flop"].sum() == MM_FLOP
    assert frame["dram_bytes"].sum() == MM_BYTES
    assert frame["flop"][1] > frame["flop"][0] > frame["flop"][2] >= 0
    assert "3 kernels" in frame["remark"][0]
    assert frame["flop_exactness"].to_list() == ["estimate"] * 3
    assert frame["bytes_exactness"].to_list() == ["estimate"] * 3


def test_zero_durations_are_shared_evenly() -> None:
    """On a clock too coarse for them, an operator's kernels share alike."""
    frame = shapes.work(capture([{"op_id": 0, "duration_ns": 0}] * 2, [MM]))
    assert frame["flop"].to_list() == [MM_FLOP / 2, MM_FLOP / 2]


def test_helper_kernels_carry_no_work() -> None:
    """A split-K sum belongs to its product, whose FLOPs all lie on the main kernel."""
    helper = {"op_id": 0, "kernel_full": "void splitKreduce_kernel<32>"}
    launches: list[dict[str, Any]] = [{"op_id": 0}, helper]
    frame = shapes.work(capture(launches, [MM]))
    assert frame["flop"].to_list() == [MM_FLOP, None]
    assert frame["missing_reason"].to_list() == [None, shapes.HELPER]
    assert frame["flop_source"].to_list() == ["shape", "none"]
    assert frame["flop_exactness"].to_list() == ["exact", None]


def test_an_operator_of_helpers_only_keeps_its_work() -> None:
    """Where every kernel looks like a helper, one of them did the work."""
    frame = shapes.work(capture([{"op_id": 0, "kernel_full": "at::native::x"}], [MM]))
    assert frame["flop"].to_list() == [MM_FLOP]


@pytest.mark.parametrize(
    ("launch", "moved"),
    [
        ({"category": "memcpy", "copy_kind": "DtoD", "copy_bytes": 10}, 20),
        ({"category": "memcpy", "copy_kind": "HtoD", "copy_bytes": 10}, 10),
        ({"category": "memcpy", "copy_kind": "DtoH", "copy_bytes": 10}, 10),
        ({"category": "memset", "copy_bytes": 10}, 10),
    ],
)
def test_copies_carry_their_recorded_bytes(launch: dict[str, Any], moved: int) -> None:
    """A copy's DRAM traffic is what the profiler recorded, twice within the device."""
    row = shapes.work(capture([{**launch, "op_id": 0}], [MM])).row(0, named=True)
    assert (row["family"], row["flop"], row["dram_bytes"]) == ("copy", 0, moved)
    assert row["bytes_source"] == "kernel_args"


def test_a_copy_beside_a_kernel_takes_nothing_of_its_operator() -> None:
    """The operator's work stays on its kernel although it also set memory."""
    memset = {"op_id": 0, "category": "memset", "copy_bytes": 4}
    launches: list[dict[str, Any]] = [{"op_id": 0}, memset]
    frame = shapes.work(capture(launches, [MM]))
    assert frame["flop"].to_list() == [MM_FLOP, 0]
    assert frame["dram_bytes"].to_list() == [MM_BYTES, 4]


@pytest.mark.parametrize(
    ("launch", "why"),
    [
        ({"graph_replay": True, "op_id": 0}, shapes.GRAPH),
        ({"call_id": None}, shapes.NO_LAUNCH),
        (
            {"call_id": None, "unlinked": "no_process"},
            "which of the file's processes launched it is not known",
        ),
        ({}, shapes.NO_OPERATOR),
        ({"op_id": 1}, "no shapes recorded for aten::relu"),
        ({"category": "memcpy"}, shapes.NO_COPY_SIZE),
    ],
)
def test_every_unknown_has_its_reason(launch: dict[str, Any], why: str) -> None:
    """What is not known is null, never 0, and says why."""
    row = shapes.work(capture([launch], [MM, BARE])).row(0, named=True)
    assert row["dram_bytes"] is None
    assert row["missing_reason"] == why
    assert row["bytes_source"] == "none"


def test_without_shapes_the_remedy_is_named() -> None:
    """A trace without any shapes says how to record them."""
    row = shapes.work(capture([{"op_id": 0}], [BARE])).row(0, named=True)
    assert row["missing_reason"] == shapes.NO_SHAPES
    assert row["flop"] is None


@pytest.mark.parametrize(
    ("launch", "operator"),
    [
        ({"kernel_full": "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(x)"}, ADD),
        ({"kernel_full": "anything"}, ("record_param_comms", None, None, None)),
        ({"kernel_full": "multimem_all_reduce_kernel"}, ("symm_mem::one", None, None, None)),
    ],
)
def test_communication_is_its_own_family(
    launch: dict[str, Any], operator: tuple[str, str | None, str | None, str | None]
) -> None:
    """Collectives have no FLOPs and no roof, whoever launched them."""
    row = shapes.work(capture([{"op_id": 0, **launch}], [operator])).row(0, named=True)
    assert (row["family"], row["flop"], row["roof"]) == ("collective", None, None)
    assert row["missing_reason"] == shapes.COMMUNICATION


def test_collective_metadata_gives_bytes() -> None:
    """Input and output elements of this rank, times the size of the type."""
    launch = {
        "kernel_full": "ncclDevKernel_AllGather_RING_LL(x)",
        "collective": "all_gather",
        "collective_dtype": "BFloat16",
        "collective_in_elements": 100,
        "collective_out_elements": 800,
    }
    row = shapes.work(capture([launch], [MM])).row(0, named=True)
    assert row["dram_bytes"] == 1800
    assert row["flop"] is None


def test_winograd_has_no_compute_roof() -> None:
    """Its operations are fewer than the direct count, so no peak bounds the quotient."""
    convolution = (
        "aten::convolution",
        "[[2, 4, 8, 8], [4, 4, 3, 3], [], [], [], [], [], [], []]",
        '["float", "float", "", "ScalarList", "ScalarList", "ScalarList", "Scalar", "ScalarList",'
        ' "Scalar"]',
        '["", "", "", "[1, 1]", "[1, 1]", "[1, 1]", "False", "[0, 0]", "1"]',
    )
    launches = [{"op_id": 0, "kernel_full": "volta_scudnn_winograd_128x128_ldg1"}]
    row = shapes.work(capture(launches, [convolution])).row(0, named=True)
    assert row["flop"] == 2 * 2 * 4 * 4 * 9 * 64
    assert row["roof"] is None
    assert "Winograd" in row["remark"]


def test_tf32_shows_as_the_data_type() -> None:
    """An fp32 product whose kernel runs on tensor cores is TF32 math."""
    product = ("aten::mm", "[[64, 32], [32, 16]]", '["float", "float"]', '["", ""]')
    kernel = "cutlass_80_tensorop_s1688gemm_128x128_16x4_nt_align1"
    row = shapes.work(capture([{"op_id": 0, "kernel_full": kernel}], [product])).row(0, named=True)
    assert (row["roof"], row["dtype"]) == ("tf32_tensor", "tf32")


def test_convolution_result_proved_by_its_backward_call() -> None:
    """All backward calls with one input and filter agree on the gradient, so that is the shape."""
    dims = "[[2, 4, 9, 9], [4, 4, 3, 3], [], [], [], [], [], [], []]"
    lists, numbers = '"GenericList", "GenericList", "GenericList"', '"Int", "Bool", "Bool", "Bool"'
    types = f'["float", "float", {lists}, {numbers}]'
    forward = ("aten::cudnn_convolution", dims, types, None)
    backward = (
        "aten::cudnn_convolution_backward",
        "[[2, 4, 9, 9], [2, 4, 4, 4], [4, 4, 3, 3]]",
        '["float", "float", "float"]',
        None,
    )
    other = (backward[0], backward[1].replace("4, 4], [4", "9, 9], [4"), *backward[2:])
    launches = [{"op_id": 0}]
    assert shapes.work(capture(launches, [forward, backward]))["flop"][0] == 2 * 144 * 32
    doubtful = shapes.work(capture(launches, [forward, backward, other]))
    assert doubtful["flop"].to_list() == [None]


def test_the_caller_of_a_call_nested_in_itself() -> None:
    """A division recorded within itself under the backward of a mean reads the small gradient."""
    outer = ("aten::div", "[[32, 8, 7, 7], []]", '["float", "Int"]', None)
    inner = ("aten::div", "[[32, 8, 7, 7], []]", '["float", "double"]', None)
    mean = ("MeanBackward1", "[[32, 8, 1, 1]]", '["float"]', None)
    made = capture([{"op_id": 2}], [mean, outer, inner], parents=[None, 0, 1])
    assert shapes.work(made)["dram_bytes"].to_list() == [4 * 32 * 8 * (49 + 1)]


def test_large_capture_is_fast() -> None:
    """100,000 launches take a fraction of a second; the bound leaves room for a busy machine."""
    operators = [MM, ADD] * 25
    launches = [{"op_id": index % 50, "kernel_full": f"k{index % 300}"} for index in range(100_000)]
    made = capture(launches, operators)
    begin = time.perf_counter()
    frame = shapes.work(made)
    assert time.perf_counter() - begin < 3
    assert frame["flop"].sum() == 25 * (MM_FLOP + 64)


def traces(corpus: Path) -> list[dict[str, Any]]:
    """What is expected of each trace."""
    lines = (corpus / "expected" / "traces.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_matrix_products_of_real_traces_are_exact(corpus: Path) -> None:
    """FLOPs summed over launches equal the expected ones for every operator of every trace."""
    checked = 0
    for expected in traces(corpus):
        frame = shapes.work(read(corpus / "torch" / expected["trace"]))
        for op, figures in expected["matmul"].items():
            total = frame.filter(pl.col("op") == op)["flop"].sum()
            assert total == figures["flop"], (expected["trace"], op)
            checked += 1
    assert checked > 30


@pytest.mark.parametrize(
    "name",
    [
        "h100-vit-inference",
        "a100-switch-transformer",
        "a100-particle-transformer-b128",
        "mi300x-timesformer-inference",
        "mi300x-sglang-qwen3-8b-prefill",
        "mi300x-xdit-sd3.5-compile",
        "v100-resnet50-2021",
    ],
)
def test_real_traces_with_shapes_are_understood(corpus: Path, name: str) -> None:
    """Of kernel time with shapes, at least 95 % has FLOPs and bytes."""
    found = read(corpus / "torch" / f"{name}.json.gz")
    frame = shapes.work(found).join(
        found.launches.select("launch_id", "duration_ns", "category"), on="launch_id"
    )
    kernels = frame.filter(pl.col("category") == "kernel")
    known = kernels.filter(pl.col("flop").is_not_null() & pl.col("dram_bytes").is_not_null())
    assert int(known["duration_ns"].sum()) >= 0.95 * int(kernels["duration_ns"].sum())


def test_real_traces_say_why_or_how_much(corpus: Path) -> None:
    """Every launch has both figures or a reason, and no figure is negative."""
    for path in sorted((corpus / "torch").glob("*.json.gz")):
        frame = shapes.work(read(path))
        both = pl.col("flop").is_not_null() & pl.col("dram_bytes").is_not_null()
        assert frame.filter(both == pl.col("missing_reason").is_not_null()).is_empty(), path.name
        assert frame.filter((pl.col("flop") < 0) | (pl.col("dram_bytes") < 0)).is_empty()


@pytest.mark.parametrize(
    ("built", "text", "expected"),
    [
        (
            call("aten::addmm", ([16], "bf16"), ([64, 32], "bf16"), ([32, 16], "bf16")),
            "[64,32] × [32,16]",
            [(64, 32), (32, 16)],
        ),
        (
            call("aten::where", ([8], "bool"), *(([4, 8], "fp32"),) * 3),
            "[8] × [4,8] × [4,8] × …",
            [(8,), (4, 8), (4, 8)],
        ),
        (call("aten::cat", ([[3, 5], [4, 5]], ""), "0"), "2 tensors from [3,5]", [(3, 5)]),
        (call("aten::add", "1", "2"), None, None),
    ],
)
def test_a_signature_and_the_shapes_that_it_shows(
    built: OpCall, text: str | None, expected: list[tuple[int, ...]] | None
) -> None:
    """What people read and what code reads come from the same tensors."""
    assert signature_text(built) == text
    assert shown_shapes(built) == expected
