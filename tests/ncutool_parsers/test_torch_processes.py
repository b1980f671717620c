"""Several processes in one file, events held twice, and launches that share a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch_factory as make
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool_parsers import read
from ncutool_parsers.capture import Capture


def _rank(
    name: str, host: int | str, gpu: int | str, device: int, start: float = 100.0
) -> list[make.Event]:
    """Three products of a rank: operator, launch call and kernel, with the ids of every rank."""
    events = []
    for number in range(1, 4):
        at = start + 100 * number
        ids = {"External id": 10 + number, "correlation": number}
        events += [
            make.op(f"{name}::mm{number}", at, 20.5, 10 + number, pid=host, tid=9),
            make.event("cuda_runtime", "cudaLaunchKernel", at + 2, 5.5, pid=host, tid=9, args=ids),
            make.event(
                "kernel",
                f"{name}{number}",
                at + 30,
                40.5,
                pid=gpu,
                tid=7,
                args={"device": device, "stream": 7, **ids},
            ),
        ]
    return events


def _ops(capture: Capture) -> dict[str, str | None]:
    """The operator of each kernel."""
    joined = (
        capture.launches.select("kernel", "op_id")
        .join(capture.ops, on="op_id", how="left")
        .join(capture.signatures, on="signature_id", how="left")
    )
    return dict(joined.select("kernel", "op").iter_rows())


def _read(folder: Path, events: list[Any], **top: Any) -> Capture:
    return read(make.write(folder / "trace.json", events, **top))


OWN = {f"{name}{number}": f"{name}::mm{number}" for name in "AB" for number in range(1, 4)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[TP00] {}", "[TP01] {}"),
        ("rank0_{}", "rank1_{}"),
        ("{} (rank 0)", "{} (rank 1)"),
        ("{}_rank0", "{}_rank1"),
    ],
)
def test_ranks_with_labelled_pids_are_kept_apart(tmp_path: Path, first: str, second: str) -> None:
    """What a merging tool writes into every pid of a rank names the process of its kernels."""
    events = _rank("A", first.format(4711), first.format(0), 0)
    events += _rank("B", second.format(4712), second.format(1), 1, start=100.75)
    capture = _read(tmp_path, events, distributedInfo={"rank": 0, "world_size": 2})
    assert capture.processes == 2
    assert _ops(capture) == OWN
    assert capture.launches.sort("kernel")["process"].to_list() == [0, 0, 0, 1, 1, 1]
    assert capture.launches["rank"].to_list() == [None] * 6
    assert capture.notices[0].severity == "error"
    assert "holds 2 processes: analyse them one by one" in capture.notices[0].text


@pytest.mark.parametrize(
    ("hosts", "devices"), [((4711, 4712), (0, 1)), ((4711, 4712), (0, 0)), ((4711, 4711), (0, 0))]
)
def test_ranks_without_labels_are_linked_to_neither(
    tmp_path: Path, hosts: tuple[int, int], devices: tuple[int, int]
) -> None:
    """The GPU's events name no process, and each id names a call of either."""
    events = _rank("A", hosts[0], devices[0], devices[0])
    events += _rank("B", hosts[1], devices[1], devices[1], start=5000.75)
    capture = _read(tmp_path, events)
    assert capture.processes == 2
    assert set(_ops(capture).values()) == {None}
    assert capture.launches["call_id"].null_count() == 6
    assert capture.launches["process"].null_count() == 6
    assert "6 of 6 launches cannot be given to one of them" in capture.notices[0].text
    assert "unlinked" not in [notice.code for notice in capture.notices]


def test_crossing_calls_of_one_thread_are_two_processes(tmp_path: Path) -> None:
    """Two containers may give their processes one pid; a thread makes one call at a time."""
    events = [make.call(100.0, 10.5, 1), make.kernel("A1", 120.0, 5.5, 1)]
    events += [make.call(105.0, 10.5, 2), make.kernel("B1", 130.0, 5.5, 2)]
    capture = _read(tmp_path, events)
    assert capture.processes == 2
    assert capture.launches["call_id"].to_list() == [None, None]


def test_data_loader_workers_are_no_launching_processes(tmp_path: Path) -> None:
    """Pids with operators alone leave the links of the process that launches as they are."""
    events = _rank("A", 4711, 0, 0)
    events += [make.op("aten::stack", 150.0 * n, 9.5, 90 + n, pid=5000 + n) for n in range(1, 4)]
    capture = _read(tmp_path, events)
    assert capture.processes == 1
    assert {name: op for name, op in OWN.items() if name[0] == "A"} == _ops(capture)
    assert [notice.code for notice in capture.notices] == ["no_shapes"]


def test_a_driver_call_inside_a_runtime_call_shares_its_id(tmp_path: Path) -> None:
    """Both carry the correlation of one launch and are no two processes."""
    inner = make.event("cuda_driver", "cuLaunchKernel", 101.5, 3.5, args={"correlation": 1})
    events = [make.call(100.0, 10.5, 1), inner, make.kernel("A1", 120.0, 5.5, 1)]
    capture = _read(tmp_path, events)
    assert capture.processes == 1
    assert capture.launches["call_id"].to_list() == [0]


def test_a_trace_appended_to_itself_counts_once(tmp_path: Path) -> None:
    """Equal launches cannot overlap on one stream, so they are never summed."""
    events = _rank("A", 4711, 0, 0)
    capture = _read(tmp_path, events + events)
    assert capture.processes == 1
    assert capture.launches["duration_ns"].to_list() == [40_500] * 3
    assert (len(capture.calls), len(capture.ops)) == (3, 3)
    assert _ops(capture) == {name: op for name, op in OWN.items() if name[0] == "A"}
    text = next(notice.text for notice in capture.notices if notice.code == "doubled")
    assert "3 launches (50.0 % of launch time as recorded), 3 calls and 3 operators twice" in text


def test_records_of_one_launch_that_differ_in_time_count_once(tmp_path: Path) -> None:
    """An ordinary call makes one launch, and one stream runs no two of them at once."""
    events = _rank("A", 4711, 0, 0)
    later = [{**event, "ts": event["ts"] + 3.25} for event in events if event["cat"] == "kernel"]
    capture = _read(tmp_path, events + later)
    assert capture.launches["duration_ns"].to_list() == [40_500] * 3
    assert None not in _ops(capture).values()
    assert "doubled" in [notice.code for notice in capture.notices]


def _product(number: int, at: float, **ids: int) -> list[make.Event]:
    """An operator with its launch call."""
    return [
        make.op(f"mm{number}", at, 20.5, number),
        make.event("cuda_runtime", "hipModuleLaunchKernel", at + 2, 5.5, args=ids),
    ]


def test_the_second_launch_of_a_call_is_linked_to_nothing(tmp_path: Path) -> None:
    """The call behind it has lost its launch, so the second one is not the first one's."""
    events = [*_product(1, 100.0, correlation=1), *_product(2, 130.0, correlation=2)]
    events += [*_product(3, 160.0, correlation=3), make.kernel("small", 200.0, 5.5, 1)]
    events += [make.kernel("big", 210.0, 500.5, 1), make.kernel("last", 800.0, 5.5, 3)]
    capture = _read(tmp_path, events)
    assert _ops(capture) == {"small": "mm1", "big": None, "last": "mm3"}
    assert capture.launches["link"].to_list() == ["correlation", None, "correlation"]
    text = next(notice.text for notice in capture.notices if notice.code == "shared_call")
    assert text.startswith("1 of 3 launches carries the correlation of a call")


def test_external_ids_settle_which_launch_is_whose(tmp_path: Path) -> None:
    """Each goes to the operator that its own id names, whichever ran first."""
    events = [*_product(1, 100.0, correlation=1), *_product(2, 130.0, correlation=2)]
    events += [make.kernel("first", 200.0, 5.5, 1, **{"External id": 2})]
    events += [make.kernel("second", 210.0, 500.5, 1, **{"External id": 1})]
    capture = _read(tmp_path, events)
    assert _ops(capture) == {"first": "mm2", "second": "mm1"}
    assert capture.launches["link"].to_list() == ["external_id", "correlation"]


def test_two_launches_of_a_call_without_any_evidence(tmp_path: Path) -> None:
    """Every other call has its launch: either may be a stranger, so neither is linked."""
    events = [*_product(1, 100.0, correlation=1), *_product(2, 130.0, correlation=2)]
    events += [make.kernel("one", 200.0, 5.5, 1), make.kernel("two", 210.0, 500.5, 1)]
    events += [make.kernel("three", 800.0, 5.5, 2)]
    assert _ops(_read(tmp_path, events)) == {"one": None, "two": None, "three": "mm2"}


@pytest.mark.parametrize(
    "name",
    ["cudaGraphLaunch", "hipGraphLaunch", "hipExtLaunchMultiKernelMultiDevice", "cudaMemcpyAsync"],
)
def test_calls_that_make_many_launches(tmp_path: Path, name: str) -> None:
    """Graphs, launches on several devices and copies in parts keep all of theirs."""
    events = [make.op("outer", 90.0, 50.5, 1), make.call(100.0, 5.5, 1, name)]
    events += [make.kernel(f"k{n}", 200.0 + 10 * n, 5.5, 1) for n in range(3)]
    assert _read(tmp_path, events).launches["call_id"].to_list() == [0, 0, 0]


def test_ids_that_contradict_each_other_link_to_neither(tmp_path: Path) -> None:
    """The correlation names the call in one operator, the External id another operator."""
    events = [*_product(1, 100.0, correlation=1), *_product(2, 130.0, correlation=2)]
    events += [make.kernel("one", 200.0, 5.5, 1, **{"External id": 2})]
    events += [make.kernel("two", 210.0, 5.5, 2, **{"External id": 2})]
    capture = _read(tmp_path, events)
    assert _ops(capture) == {"one": None, "two": "mm2"}
    assert "contradicting_ids" in [notice.code for notice in capture.notices]


Rank = tuple[list[make.Event], dict[str, str | None]]
"""Events of a trace, and the true operator of each kernel."""


@st.composite
def ranks(draw: st.DrawFn, name: str, whole: bool = False) -> Rank:
    """A trace with few ids, its pids still open, and the true operator of each kernel.

    Unless all are ``whole``, some kernels were called before recording began, and some calls have
    lost their kernel; at least one call was recorded, or else no process could be seen.
    """
    events: list[make.Event] = []
    truth: dict[str, str | None] = {}
    clock = draw(st.integers(100, 400))
    chosen = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5, unique=True))
    with_ids = draw(st.booleans())
    for number in sorted(chosen):
        clock += draw(st.integers(1, 60))
        last = number == max(chosen)
        kind = (
            "whole"
            if whole or last
            else draw(st.sampled_from(["whole", "whole", "kernel", "call"]))
        )
        ids = {"correlation": number, **({"External id": number + 10} if with_ids else {})}
        if kind != "kernel":
            events.append(make.op(f"{name}::op{number}", clock, 20.5, number + 10, tid=9))
            call = make.event("cuda_runtime", "cudaLaunchKernel", clock + 2, 5.5, args=dict(ids))
            events.append({**call, "tid": 9})
        if kind != "call":
            truth[f"{name}{number}"] = f"{name}::op{number}" if kind == "whole" else None
            where = {"device": draw(st.integers(0, 1)), "stream": 7}
            start = clock + draw(st.integers(5, 90)) + 0.25
            kernel = make.event("kernel", f"{name}{number}", start, 3.5, args=where | ids)
            events.append({**kernel, "pid": where["device"], "tid": 7})
        clock += 21
    return events, truth


def _renamed(events: list[make.Event], host: int | str, label: str) -> list[make.Event]:
    """The events with the pid of their host, and a label before the pids of the GPU's."""
    return [
        {**event, "pid": (f"{label}{event['pid']}" if label else event["pid"])}
        if event["cat"] == "kernel"
        else {**event, "pid": host}
        for event in events
    ]


@settings(max_examples=150, deadline=None)
@given(ranks("A"), ranks("B"), st.booleans(), st.booleans())
def test_merging_never_gives_a_launch_what_the_other_did(
    tmp_path_factory: pytest.TempPathFactory,
    first: Rank,
    second: Rank,
    labelled: bool,
    interleaved: bool,
) -> None:
    """Of two traces in one file each launch keeps its own operator or has none."""
    merged = []
    for rank, (events, _) in enumerate((first, second)):
        label = f"[TP0{rank}] " if labelled else ""
        merged += _renamed(events, f"{label}47" if labelled else 4711 + rank, label)
    if interleaved:
        merged.sort(key=lambda event: event["ts"])
    if not any(event["cat"] == "kernel" for event in merged):
        return
    capture = _read(tmp_path_factory.mktemp("merged"), merged)
    truth = first[1] | second[1]
    for kernel, op in _ops(capture).items():
        assert op in (None, truth[kernel])
    assert capture.processes <= 2


@settings(max_examples=150, deadline=None)
@given(ranks("A", whole=True), ranks("B", whole=True), st.booleans())
def test_one_pid_for_two_processes_is_no_better(
    tmp_path_factory: pytest.TempPathFactory,
    first: Rank,
    second: Rank,
    interleaved: bool,
) -> None:
    """Processes of two containers may share pid and tid: what cannot be told is not linked."""
    merged = first[0] + second[0]
    if interleaved:
        merged.sort(key=lambda event: event["ts"])
    truth = first[1] | second[1]
    for kernel, op in _ops(_read(tmp_path_factory.mktemp("merged"), merged)).items():
        assert op in (None, truth[kernel])


@settings(max_examples=50, deadline=None)
@given(ranks("A"))
def test_one_rank_alone_is_fully_linked(
    tmp_path_factory: pytest.TempPathFactory, only: Rank
) -> None:
    """The same traces read one by one give every launch its operator."""
    events, truth = only
    if truth:
        assert _ops(_read(tmp_path_factory.mktemp("one"), events)) == truth


def test_streams_of_two_processes_may_overlap(tmp_path: Path) -> None:
    """Stream 7 of one rank and stream 7 of another are two streams: no duration is doubted."""
    events = _rank("A", "[a] 1", "[a] 0", 0) + _rank("B", "[b] 1", "[b] 0", 0, start=100.25)
    long = [event for event in events if event["name"] == "A1"]
    long[0]["dur"] = 60.0
    capture = _read(tmp_path, events)
    assert capture.launches["doubt"].to_list() == [None] * 6
    assert capture.launches.group_by("process").len()["len"].to_list() == [3, 3]


def test_devices_of_merged_files_are_what_their_records_agree_on(tmp_path: Path) -> None:
    """Two ranks call different GPUs device 0: neither name is that of all its launches."""
    h100 = {"id": 0, "name": "NVIDIA H100", "computeMajor": 9, "computeMinor": 0, "warpSize": 32}
    a100 = {**h100, "name": "NVIDIA A100", "computeMajor": 8}
    events = _rank("A", "[a] 1", "[a] 0", 0) + _rank("B", "[b] 1", "[b] 0", 0)
    same = _read(tmp_path, events, deviceProperties=[h100, h100])
    assert [device.name for device in same.devices] == ["NVIDIA H100"]
    unlike = _read(tmp_path, events, deviceProperties=[h100, a100])
    assert [(d.name, d.compute_capability, d.vendor) for d in unlike.devices] == [
        (None, None, "nvidia")
    ]
    assert unlike.launches["compute_capability"].to_list() == [None] * 6
    assert unlike.rank is None
