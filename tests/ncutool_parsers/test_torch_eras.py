"""Literal rows from a tiny trace of every era of torch.profiler."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch_factory as make

from ncutool_parsers import read, schema
from ncutool_parsers.capture import Capture, DeviceRecord

COLUMNS = ["category", "kernel", "start_ns", "duration_ns", "op_id", "call_id", "link"]


def _ops(capture: Capture) -> list[str | None]:
    """The operator of each launch, in order."""
    named = capture.ops.join(capture.signatures, on="signature_id")
    names = dict(zip(named["op_id"], named["op"], strict=True))
    return [names.get(row) for row in capture.launches["op_id"]]


def _old(cat: str, name: str, ts: int, dur: int, tid: str, **args: Any) -> dict[str, Any]:
    return {
        **{"ph": "X", "cat": cat, "name": name, "pid": 0 if tid.startswith("stream") else 67},
        **{"tid": tid, "ts": ts, "dur": dur, "args": args},
    }


def test_current_nvidia_era(tmp_path: Path) -> None:
    """Float microseconds become exact nanoseconds from the first launch; links are by
    correlation to the innermost operator."""
    capture = read(make.write(tmp_path / "t.json", make.small(), baseTimeNanoseconds=1000))
    assert capture.launches.select(COLUMNS).rows() == [
        ("kernel", "gemm", 0, 10250, 1, 0, "correlation"),
        ("memcpy", "Memcpy HtoD (Pageable -> Device)", 39500, 2500, 2, 1, "correlation"),
    ]
    assert _ops(capture) == ["aten::mm", "aten::copy_"]
    assert capture.ops.select("start_ns", "end_ns", "parent_id").rows() == [
        (-30500, 19500, None),
        (-20500, 9500, 0),
        (29500, 49500, None),
    ]
    assert capture.calls.select("name", "start_ns", "end_ns", "correlation").rows() == [
        ("cudaLaunchKernel", -10500, -5500, 7),
        ("cudaMemcpyAsync", 34500, 38500, 8),
    ]
    assert (capture.origin_ns, capture.clock_step_ns) == (131_500, 1)
    assert capture.complete
    assert capture.shapes_recorded
    assert capture.notices == ()


def test_tables_match_the_schema(tmp_path: Path) -> None:
    """Every table has exactly the columns and types that the schema promises."""
    capture = read(make.write(tmp_path / "t.json", make.small()))
    assert capture.launches.schema == schema.LAUNCHES.polars_schema()
    assert capture.ops.schema == schema.OPS.polars_schema()
    assert capture.calls.schema == schema.CALLS.polars_schema()
    assert capture.signatures.schema == schema.SIGNATURES.polars_schema()
    assert capture.annotations.schema == schema.ANNOTATIONS.polars_schema()


def test_launch_details(tmp_path: Path) -> None:
    """Geometry, resources, copies and collectives come from the launch's own arguments."""
    nccl = {"Collective name": "allreduce", "dtype": "BFloat16", "In msg nelems": 64}
    nccl |= {"Out msg nelems": 128, "Group size": 8}
    resources = {"registers per thread": 90, "shared memory": 2048}
    events = [
        *make.small(),
        make.kernel("ncclDevKernel", 200.0, 5.0, 9, **nccl, **resources),
        make.event("gpu_memset", "Memset (Device)", 210.0, 1.0, args={"bytes": 16}),
    ]
    rows = read(make.write(tmp_path / "t.json", events)).launches
    assert rows.select("grid_x", "grid_y", "grid_z", "block_x").row(0) == (4, 2, 1, 128)
    assert rows.select("copy_kind", "copy_pageable", "copy_bytes").row(1) == ("HtoD", True, 4096)
    recorded = ("allreduce", "BFloat16", 64, 128, 8, None, None, None, None, None)
    assert rows.select("^collective.*$").row(2) == recorded
    assert rows.select("registers_per_thread", "shared_memory_bytes").row(2) == (90, 2048)
    assert rows.select("category", "copy_bytes", "grid_x", "call_id").row(3) == (
        *("memset", 16, None, None),
    )


def test_groups_of_collectives(tmp_path: Path) -> None:
    """Process group, call number and the two ranks of a transfer, as numbers or as text."""
    group = {"Process Group Name": "7", "Process Group Ranks": "[0, 1]", "Seq": 12}
    pair = {"Process Group Name": 7, "Src Rank": "3", "Dst Rank": 4, "Seq": "13"}
    events = [
        make.kernel("ncclDevKernel", 200.0, 5.0, 9, **group),
        make.kernel("ncclDevKernel", 210.0, 5.0, 10, **pair),
    ]
    rows = read(make.write(tmp_path / "t.json", events)).launches
    columns = ("group", "ranks", "sequence", "source_rank", "target_rank")
    assert rows.select(f"collective_{name}" for name in columns).rows() == [
        ("7", "[0, 1]", 12, None, None),
        ("7", None, 13, 3, 4),
    ]


def test_bare_list_of_2020(tmp_path: Path) -> None:
    """A bare list with capitalised categories, lower-case keys, string threads and 0 = none."""
    events = [
        _old("Operator", "aten::conv", 1000, 9, "40", **{"Input dims": [[8, 3]], "Input type": []}),
        _old("Operator", "aten::cudnn", 1002, 7, "40", **{"Input dims": [[8, 3]]}),
        _old("Operator", "ProfilerStep#3", 990, 99, "40", **{"External id": 2}),
        _old("Runtime", "cudaLaunchKernel", 1003, 2, "40", correlation=5, **{"external id": 2}),
        _old("Kernel", "conv", 1010, 0, "stream 7", device=0, correlation=5, **{"external id": 2}),
        _old("Memset", "Memset (Device)", 1012, 1, "stream 7", correlation=6, bytes=4),
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(events, indent=1))
    capture = read(path)
    assert capture.launches.select(*COLUMNS, "stream", "device", "nvtx").rows() == [
        ("kernel", "conv", 0, 0, 1, 0, "correlation", 7, 0, "ProfilerStep#3"),
        ("memset", "Memset (Device)", 2000, 1000, None, None, None, 7, 0, None),
    ]
    assert _ops(capture) == ["aten::cudnn", None]
    assert capture.signatures.row(0)[1:4] == ("aten::conv", "[[8, 3]]", "[]")
    assert (capture.clock_step_ns, capture.devices) == (1000, ())
    assert [notice.code for notice in capture.notices] == ["unlinked", "coarse_clock"]


def test_external_id_that_copies_the_correlation(tmp_path: Path) -> None:
    """Where External id repeats the correlation it names no operator, however well it fits."""
    events = [
        make.op("aten::add", 100, 10, 7),
        make.op("aten::mul", 120, 10, 9),
        make.call(102, 2, 7),
        make.kernel("add", 110, 5, 7, **{"External id": 7}),
        make.kernel("lost", 130, 5, 9, **{"External id": 9}),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert _ops(capture) == ["aten::add", None]
    assert [n.code for n in capture.notices] == [
        "no_shapes",
        "unlinked",
        "external_id_copy",
        "coarse_clock",
    ]


def test_external_id_serves_where_the_launch_is_missing(tmp_path: Path) -> None:
    """A kernel without a launch call is linked by its operator's External id."""
    events = [
        make.op("aten::add", 100.5, 10, 41),
        make.kernel("add", 110, 5, 7, **{"External id": 41}),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert _ops(capture) == ["aten::add"]
    assert capture.launches["link"].to_list() == ["external_id"]


def test_old_rocm_without_correlation(tmp_path: Path) -> None:
    """Kernel and launch share External id and nothing else."""
    gpu = {"device": 2, "stream": 0, "External id": 5, "kind": "Dispatch Kernel"}
    events = [
        make.op("aten::add", 100, 10, 1),
        make.event("cuda_runtime", "hipLaunchKernel", 102, 2, args={"External id": 5}),
        make.event("kernel", "Cijk_Alik_Bljk_BBS_BH_MT64x64x32", 110, 5, pid=2, tid=0, args=gpu),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert _ops(capture) == ["aten::add"]
    assert capture.launches.select("link", "device", "stream", "grid_x").rows() == [
        ("external_id", 2, 0, None)
    ]


def test_graph_replay_has_no_operator(tmp_path: Path) -> None:
    """Kernels of one graph launch share its call, and the operator around it is not theirs."""
    events = [
        make.op("aten::graph_owner", 100.5, 20, 1),
        make.call(102, 9, 7, "cudaGraphLaunch"),
        make.kernel("a", 110, 5, 7, **{"External id": 1}),
        make.kernel("b", 116, 5, 7),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.launches.select("op_id", "call_id", "graph_replay").rows() == [
        (None, 0, True),
        (None, 0, True),
    ]
    assert "2 of 2 launches (100.0 % of launch time)" in capture.notices[1].text


def test_driver_launch_and_shared_correlation(tmp_path: Path) -> None:
    """Of several calls with one correlation the launch is taken, driver calls included."""
    events = [
        make.op("triton_poi_fused_add_0", 100.5, 20, 1, kernel_backend="triton", stream="0x0"),
        make.call(101, 1, 7, "cudaStreamIsCapturing"),
        make.event("cuda_driver", "cuLaunchKernelEx", 103, 2, args={"correlation": 7}),
        make.kernel("triton_poi_fused_add_0", 110, 5, 7),
    ]
    events[0]["args"]["kernel_kwargs"] = "XBLOCK=512"
    capture = read(make.write(tmp_path / "t.json", events))
    call = capture.calls.row(capture.launches["call_id"][0], named=True)
    assert call["name"] == "cuLaunchKernelEx"
    assert capture.signatures.select("kernel_backend", "kernel_kwargs").row(0) == (
        *("triton", "XBLOCK=512"),
    )


@pytest.mark.parametrize(
    ("fraction", "operator", "note"),
    [(0, "aten::add", "step"), (0.25, "aten::outer", None)],
)
def test_launch_at_the_end_of_an_operator(
    tmp_path: Path, fraction: float, operator: str, note: str | None
) -> None:
    """What begins in the very moment in which something ends belongs to it only where the clock
    counts whole microseconds and may have rounded."""
    events = [
        make.op("aten::outer", 100, 40, 1),
        make.op("aten::add", 105 + fraction, 10, 2),
        make.event("user_annotation", "step", 105 + fraction, 10),
        make.call(115 + fraction, 2, 7),
        make.kernel("add", 130, 5, 7),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert _ops(capture) == [operator]
    assert capture.launches["nvtx"].to_list() == [note]


def test_gpu_only(tmp_path: Path) -> None:
    """Without CPU operators the launches are there, and a notice says what is missing."""
    events = [make.call(100.5, 2, 7), make.kernel("k", 110, 5, 7)]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.launches.select("op_id", "call_id", "link").rows() == [(None, 0, "correlation")]
    assert [notice.code for notice in capture.notices] == ["no_ops"]


def test_devices_rank_and_private_names(tmp_path: Path) -> None:
    """Only devices that launches ran on are listed; names of users and hosts are kept apart."""
    properties = [
        {"id": i, "name": "NVIDIA H100", "computeMajor": 9, "computeMinor": 0, "numSms": 132}
        for i in range(2)
    ]
    path = make.write(
        tmp_path / "t.json",
        make.small(),
        deviceProperties=properties,
        distributedInfo={"rank": 3, "world_size": 8},
        traceName="/home/someone/trace.json",
        host_name="someones-machine",
        metadata={"TOKEN": "secret"},
    )
    capture = read(path)
    assert capture.devices == (
        DeviceRecord(0, "NVIDIA H100", "9.0", sm_count=132, vendor="nvidia"),
    )
    assert (capture.rank, capture.world_size) == (3, 8)
    assert capture.launches.select("rank", "compute_capability").row(0) == (3, "9.0")
    assert capture.private == {
        "traceName": "/home/someone/trace.json",
        "host_name": "someones-machine",
    }
    assert "secret" not in repr(capture)
    assert "someone" not in repr(replace(capture, path=Path("t.json"), private={}))


def test_compute_properties_of_2021(tmp_path: Path) -> None:
    """The older spelling of the device properties; no launch names a device that is listed."""
    properties = [{"id": 5, "name": "AMD Radeon Graphics", "major": 9, "minor": 0, "warpSize": 64}]
    capture = read(make.write(tmp_path / "t.json", make.small(), computeProperties=properties))
    assert capture.devices == (
        DeviceRecord(5, "AMD Radeon Graphics", compute_capability="9.0", vendor="amd"),
    )


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("Memcpy DtoH (Device -> Pinned)", "", ("DtoH", False)),
        ("Memcpy DtoH (Device -> Pageable)", "", ("DtoH", True)),
        ("Memcpy HtoD (Host -> Device)", "HtoD", ("HtoD", None)),
        ("Memcpy DtoD (Device -> Device)", "", ("DtoD", False)),
        ("Memcpy PtoP (Device -> Device)", "", ("PtoP", False)),
        ("CopyDeviceToHost", "", ("DtoH", None)),
        ("hipMemcpy", "DtoH", ("DtoH", None)),
        ("Memcpy", "", (None, None)),
    ],
)
def test_copy_kinds(
    tmp_path: Path, name: str, kind: str, expected: tuple[str | None, bool | None]
) -> None:
    """The direction of a copy, and whether pageable memory takes part where the name says so."""
    copy = make.event("gpu_memcpy", name, 1.5, 1, args={"kind": kind} if kind else {})
    rows = read(make.write(tmp_path / "t.json", [copy])).launches
    assert rows.select("copy_kind", "copy_pageable").row(0) == expected


def test_annotations(tmp_path: Path) -> None:
    """The annotation around the launch call wins over the one on the GPU timeline."""
    note, gpu = "user_annotation", "gpu_user_annotation"
    events = [
        *make.small(),
        make.event(note, "step", 90, 100),
        make.event(note, "inner", 115, 12),
        make.event(note, "elsewhere", 115, 12, tid=2),
        make.event(gpu, "on the GPU", 100, 100, pid=0, tid=7),
        make.kernel("unlaunched", 190, 1, 99),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.launches["nvtx"].to_list() == ["inner", "step", "on the GPU"]
    assert capture.annotations.select("name", "on_device", "thread").rows() == [
        ("step", False, 0),
        ("on the GPU", True, None),
        ("inner", False, 0),
        ("elsewhere", False, 1),
    ]


def test_unlinked_prefix(tmp_path: Path) -> None:
    """Launches from before the window are counted, and said to come first."""
    events = [make.kernel("early", 5.5, 10, 2), *make.small()]
    notice = read(make.write(tmp_path / "t.json", events)).notices[0]
    assert notice.code == "unlinked"
    assert "1 of 3 launches (44.0 % of launch time)" in notice.text
    assert "launched before recording began" in notice.text


def test_python_stacks(tmp_path: Path) -> None:
    """Python events are counted, not kept, and the notice says what they do to idle time."""
    stack = make.event("python_function", "nn.Module: Linear_0", 99, 60)
    capture = read(make.write(tmp_path / "t.json", [stack, *make.small()]))
    assert capture.python_events == 1
    assert [notice.code for notice in capture.notices] == ["python_stack"]


def test_integer_nanoseconds_are_exact_at_epoch_scale(tmp_path: Path) -> None:
    """Absolute integer microseconds keep every digit; so does a fraction beside them."""
    base = 1_712_195_495_505_583
    events = [make.kernel("a", base, 3, 1), make.kernel("b", base + 7, 2, 2)]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.origin_ns == base * 1000
    assert capture.launches["start_ns"].to_list() == [0, 7000]


def _starts(path: Path) -> list[int]:
    return read(path).launches["start_ns"].to_list()


@pytest.mark.parametrize("quote", ["", '"'])
def test_absolute_times_with_decimals_are_exact(tmp_path: Path, quote: str) -> None:
    """A double keeps absolute microseconds to a quarter: the text is read, quoted or not."""
    times = [f"1712345678901284.{333 + 64 * number}" for number in range(10)]
    lines = [
        json.dumps(make.kernel(f"k{number}", 0.5, 1.003, number)).replace(
            '"ts": 0.5', f'"ts": {quote}{time}{quote}'
        )
        for number, time in enumerate(times, start=1)
    ]
    path = tmp_path / "t.json"
    path.write_text('{"traceEvents": [' + ", ".join(lines) + "]}")
    assert _starts(path) == [64 * number for number in range(10)]
    assert read(path).origin_ns == 1712345678901284333
    assert read(path).launches["duration_ns"].to_list() == [1003] * 10


def test_times_are_exact_among_events_that_are_not_used(tmp_path: Path) -> None:
    """What lies first, in the middle and last in the file need not be a launch."""
    launch = json.dumps(make.kernel("k", 0.5, 1.003, 1)).replace(
        '"ts": 0.5', '"ts": 1712345678901284.333'
    )
    flow = json.dumps(make.event("ac2g", "ac2g", 7.0, 0.0))
    path = tmp_path / "t.json"
    lines = [flow] * 3 + [launch] + [flow] * 9
    path.write_text('{"traceEvents": [' + ", ".join(lines) + "]}")
    assert read(path).origin_ns == 1712345678901284333


@pytest.mark.parametrize("category", ["ac2g", "fwdbwd", "python_function", "cuda_sync"])
@pytest.mark.parametrize("start", ['"void f<int>()"', "[1.5]", '{"us": 1}', "null", "true", '""'])
def test_the_time_of_an_event_that_is_not_used_is_not_read(
    category: str, start: str, tmp_path: Path
) -> None:
    """Whatever stands there, those of the launches beside it are exact."""
    launch = json.dumps(make.kernel("k", 0.5, 1.003, 1))
    unused = json.dumps(make.event(category, "unused", 0.5, 1.0))
    lines = [
        unused.replace('"ts": 0.5', f'"ts": {start}'),
        *(launch.replace('"ts": 0.5', f'"ts": 1712345678901284.{part}') for part in (333, 397)),
    ]
    path = tmp_path / "t.json"
    path.write_text('{"traceEvents": [' + ", ".join(lines) + "]}")
    assert _starts(path) == [0, 64]


def test_whole_and_decimal_times_in_one_file(tmp_path: Path) -> None:
    """Times that were taken before the first one with decimals count from the same moment."""
    early = [make.kernel(f"a{n}", 1712345678901000 + 2 * n, 1, n) for n in range(1, 2000)]
    late = json.dumps(make.kernel("b", 0.5, 1.25, 5000)).replace(
        '"ts": 0.5', '"ts": 1712345678909000.333'
    )
    path = tmp_path / "t.json"
    path.write_text(make.text(early, "compact")[:-2] + ", " + late + "]}")
    starts = _starts(path)
    assert (starts[0], starts[1], starts[-1]) == (0, 2000, 7_998_333)


@pytest.mark.parametrize(
    "category",
    ["xpu_runtime", "xpu_driver", "privateuse1_runtime", "privateuse1_driver", "mtia_runtime"],
)
def test_runtimes_of_every_device_make_calls(tmp_path: Path, category: str) -> None:
    """Their launch calls link kernels to operators as CUDA's do."""
    call = make.event(category, "urEnqueueKernelLaunch", 120.0, 5.0, args={"correlation": 7})
    events = [make.op("aten::mm", 110.0, 30.0, 2), call, make.kernel("gemm", 150.5, 9.25, 7)]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.calls["name"].to_list() == ["urEnqueueKernelLaunch"]
    assert capture.launches.select("op_id", "call_id", "link").row(0) == (0, 0, "correlation")


def test_copies_of_a_device_that_pytorch_does_not_know(tmp_path: Path) -> None:
    """A vendor's own name for copies and settings of memory is recognised by its end."""
    events = [
        make.event("mlu_memcpy", "Memcpy HtoD", 10.5, 1.5, args={"device": 0, "bytes": 64}),
        make.event("GCU_MEMSET", "Memset", 20.5, 1.5, args={"device": 0}),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.launches["category"].to_list() == ["memcpy", "memset"]


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ([0, 0, 0], (None, None, None)),
        ([4, 0, 1], (None, None, None)),
        ([True, 1, 1], (None, None, None)),
        ([4, 2, 1], (4, 2, 1)),
    ],
)
def test_grids_that_were_not_recorded(
    tmp_path: Path, grid: list[int], expected: tuple[int | None, ...]
) -> None:
    """A grid without blocks cannot run, so that 0 stands for one that is not known."""
    event = make.kernel("k", 10.5, 1.5, 1, grid=grid, block=[64, 1, 1])
    capture = read(make.write(tmp_path / "t.json", [event]))
    assert capture.launches.select("grid_x", "grid_y", "grid_z").row(0) == expected


@pytest.mark.parametrize(
    ("name", "grid", "blocks"),
    [
        ("Cijk_Ailk_Bljk_BBS_BH_MT128x128x32", [61440, 2, 1], (240, 2, 1)),
        ("Cijk_Ailk_Bljk_BBS_BH_MT128x128x32", [61441, 2, 1], (None, None, None)),
        ("void gemm<float>(float*)", [61440, 2, 1], (61440, 2, 1)),
    ],
)
def test_grids_of_rocm_products_count_work_items(
    tmp_path: Path, name: str, grid: list[int], blocks: tuple[int | None, ...]
) -> None:
    """Their blocks are the grid over the block, where that divides it."""
    event = make.kernel(name, 10.5, 1.5, 1, grid=grid, block=[256, 1, 1])
    capture = read(make.write(tmp_path / "t.json", [event]))
    assert capture.launches.select("grid_x", "grid_y", "grid_z").row(0) == blocks
