"""Every cause of idle time rests on something recorded: one trace a cause, made by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from trace_factory import H100, Trace, kernels, traces, window

from ncutool import advice
from ncutool.analysis.display_names import GAP_CAUSES as WORDS
from ncutool.timeline.causes import GAP_CAUSES
from ncutool.timeline.window import DISPATCH_CAUSES, Timeline
from ncutool_parsers import read
from ncutool_parsers.capture import Capture

US = 1_000
MS = 1_000_000


def steps(trace: Trace, begin: int, count: int = 10) -> int:
    """Kernels of 200 µs, each called once the one before has ended; when the last one ends."""
    clock = begin
    for _ in range(count):
        trace.op("aten::add", clock, clock + 12 * US)
        trace.kernel(clock + 10 * US, 200 * US, called=(clock + 3 * US, clock + 8 * US))
        clock += 212 * US
    return clock


def between(name: str, length: int, *calls: tuple[str, int, int]) -> Trace:
    """Steps, then one operator of ``length`` with calls at offsets into it, then steps again."""
    trace = Trace()
    end = steps(trace, 0)
    trace.op(name, end, end + length)
    for call, start, stop in calls:
        trace.call(call, end + start, end + stop)
    steps(trace, end + length)
    return trace


def graph_findings(capture: Capture) -> list[str]:
    """Titles of findings of kind graph."""
    given_advice = advice.advise(kernels(capture), capture, window(capture), H100)
    return [finding.title for finding in given_advice.findings if finding.kind == "graph"]


def evidence(timeline: Timeline, cause: str) -> list[str]:
    """What the pieces of a cause rest on, in order of time."""
    pieces = timeline.gaps.filter(pl.col("cause") == cause).select("evidence", "evidence_row")
    return [kind if row is None else f"{kind}:{row}" for kind, row in pieces.iter_rows()]


def test_every_cause_has_words() -> None:
    """And nothing else has."""
    assert set(WORDS) == set(GAP_CAUSES)


def test_a_long_stretch_inside_one_operator_is_no_dispatch() -> None:
    """300 ms in which an operator calls nothing: it compiles, waits or computes on the host."""
    capture = between("delta", 300 * MS).capture()
    timeline = window(capture)
    idle = timeline.idle_by_cause()
    assert idle["inside_operator"] == 300 * MS
    assert idle["dispatch"] < MS
    assert evidence(timeline, "inside_operator") == ["op:10"]
    assert graph_findings(capture) == []


def test_own_time_of_an_operator_begins_at_a_millisecond() -> None:
    """Shorter stretches are what dispatching is made of."""
    assert "inside_operator" not in window(between("op", 990 * US).capture()).idle_by_cause()
    assert window(between("op", MS).capture()).idle_by_cause()["inside_operator"] == MS


def test_the_innermost_operator_is_the_evidence() -> None:
    """Operators around it have ended none of their own children."""
    trace = Trace()
    end = steps(trace, 0)
    trace.op("outer", end, end + 9 * MS)
    trace.op("short", end + 10 * US, end + 20 * US)
    inner = trace.op("inner", end + 1 * MS, end + 8 * MS)
    steps(trace, end + 9 * MS)
    timeline = window(trace.capture())
    assert f"op:{inner}" in evidence(timeline, "inside_operator")
    assert timeline.idle_by_cause()["inside_operator"] == 7 * MS + MS


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("_compile.compile_inner (dynamo_timed)", "compilation"),
        ("compile_fx", "compilation"),
        ("nvrtcCompileProgram", "compilation"),
        ("TorchDynamo", "compilation"),
        ("TorchDynamo Cache Lookup", "inside_operator"),
        ("CompiledFunction", "inside_operator"),
        ("Torch-Compiled Region: 0/0", "inside_operator"),
        ("aten::mm", "inside_operator"),
    ],
)
def test_only_names_that_say_so_compile(name: str, cause: str) -> None:
    """Code that was compiled before runs under names that look alike."""
    capture = between(name, 50 * MS).capture()
    assert window(capture).idle_by_cause()[cause] == 50 * MS
    assert graph_findings(capture) == []


CAPTURING = (
    ("{}StreamBeginCapture", 1 * MS, 1 * MS + 20 * US),
    ("{}LaunchKernel", 2 * MS, 2 * MS + 5 * US),
    ("{}LaunchKernel", 3 * MS, 3 * MS + 5 * US),
    ("{}Malloc", 4 * MS, 5 * MS),
    ("{}StreamEndCapture", 9 * MS, 9 * MS + 50 * US),
    ("{}GraphInstantiateWithFlags", 9 * MS + 60 * US, 11 * MS),
)


@pytest.mark.parametrize("api", ["cuda", "hip"])
def test_a_graph_that_is_captured_is_no_dispatch(api: str) -> None:
    """From the beginning of the capture to the end of the instantiation; the calls in it launch
    nothing and are not lost."""
    calls = [(name.format(api), start, stop) for name, start, stop in CAPTURING]
    capture = between("forward", 11 * MS, *calls).capture()
    timeline = window(capture)
    assert timeline.idle_by_cause()["graph_capture"] == 10 * MS
    assert timeline.trustworthy
    (notice,) = timeline.notices
    assert notice.code == "first_iteration"
    assert "for graphs to be captured" in notice.text
    assert graph_findings(capture) == []


def test_a_capture_without_an_end_is_not_known_to_last() -> None:
    """Only the call that began it is one."""
    capture = between("forward", 500 * US, ("cudaStreamBeginCapture", 0, 20 * US)).capture()
    assert window(capture).idle_by_cause()["graph_capture"] == 20 * US


def test_a_thread_that_records_nothing_is_silent() -> None:
    """Nine stretches of 45 ms of Python that calls no operator."""
    trace, end = Trace(), 0
    for _ in range(10):
        end = steps(trace, end) + 45 * MS
    capture = trace.capture()
    timeline = window(capture)
    idle = timeline.idle_by_cause()
    assert idle["silent_host"] == pytest.approx(9 * 45 * MS, rel=0.001)
    assert idle["dispatch"] < MS
    assert set(evidence(timeline, "silent_host")) == {"silence"}
    assert graph_findings(capture) == []


@pytest.mark.parametrize(
    ("call", "length", "cause"),
    [
        ("cudaStreamCreateWithFlags", 400 * US, "initialise"),
        ("cudaEventCreateWithFlags", 300 * US, "initialise"),
        ("hipEventCreate", 300 * US, "initialise"),
        ("cublasCreate_v2", 900 * US, "initialise"),
        ("cuDevicePrimaryCtxRetain", 900 * US, "initialise"),
        ("cudaGetDeviceProperties_v2", 300 * US, "initialise"),
        ("cudaGetDevice", 2 * US, "launch_call"),
        ("cudaFuncGetAttributes", 300 * US, "launch_call"),
        ("cudaStreamIsCapturing", 2 * US, "launch_call"),
        ("cuModuleLoadData", 300 * US, "long_launch"),
        ("cudaHostAlloc", 300 * US, "allocator"),
        ("cudaGraphInstantiate", 300 * US, "graph_capture"),
    ],
)
def test_calls_are_told_by_their_names(call: str, length: int, cause: str) -> None:
    """First use, loading and allocation are told from what launching takes."""
    before = window(between("op", 950 * US).capture()).idle_by_cause()
    idle = window(between("op", 950 * US, (call, 0, length)).capture()).idle_by_cause()
    grown = Counter(idle)
    grown.subtract(before)
    assert grown[cause] == length
    assert grown["dispatch"] == -length


@pytest.mark.parametrize("thread", [None, 0])
def test_the_profilers_own_work_is_no_launch_call(thread: int | None) -> None:
    """A buffer is requested within a launch call of 5.3 ms: no module is loaded in it."""
    trace = Trace()
    end = steps(trace, 0)
    trace.kernel(end + 5_300 * US, 50 * US, called=(end + US, end + 5_254 * US))
    trace.overheads.append({"name": "Activity Buffer Request", "thread": thread,
                            "start_ns": end + 2 * US, "end_ns": end + 5_252 * US})  # fmt: skip
    timeline = window(trace.capture())
    idle = timeline.idle_by_cause()
    assert idle["profiler"] == 5_250 * US
    assert evidence(timeline, "profiler") == ["overhead:0"]
    assert sum(idle.get(cause, 0) for cause in DISPATCH_CAUSES) < 200 * US


def test_code_that_is_loaded_on_demand_is_no_work_of_the_profiler() -> None:
    """The profiler records it, the program needs it."""
    trace = between("op", 950 * US)
    end = 10 * 212 * US
    trace.overheads.append({"name": "Runtime Triggered Module Loading", "thread": 0,
                            "start_ns": end, "end_ns": end + 800 * US})  # fmt: skip
    idle = window(trace.capture()).idle_by_cause()
    assert (idle["initialise"], idle.get("profiler")) == (800 * US, None)


def waiting(call: str, wait: int, *, copy: bool = False) -> Trace:
    """Five replays of three short kernels, each followed by a wait of ``wait``."""
    trace = Trace()
    clock = 0
    for _ in range(5):
        graph = trace.call("cudaGraphLaunch", clock, clock + 10 * US)
        for index in range(3):
            begin = clock + 15 * US + index * 7 * US
            trace.kernel(begin, 6 * US, call_id=graph, graph_replay=True)
        begin, end = clock + 12 * US, clock + 12 * US + wait
        if copy:
            trace.kernel(end - 8 * US, 5 * US, called=(begin, end), call=call, category="memcpy",
                         copy_kind="DtoH")  # fmt: skip
        else:
            trace.call(call, begin, end)
        clock = end + 8 * US
    return trace


@pytest.mark.parametrize("call", ["cudaStreamSynchronize", "hipDeviceSynchronize"])
def test_a_wait_that_outlasts_all_recorded_work_is_not_explained(call: str) -> None:
    """The device must have worked for 20 ms on what the trace does not hold."""
    timeline = window(waiting(call, 20 * MS).capture())
    assert timeline.idle_by_cause()["unexplained"] == pytest.approx(4 * 20 * MS, rel=0.01)
    assert not timeline.trustworthy
    assert timeline.trimmed == ()
    assert [notice.code for notice in timeline.notices] == ["untrustworthy_window", "works_beyond"]
    assert set(evidence(timeline, "unexplained")) == {"call:1", "call:3", "call:5", "call:7"}
    assert "19,977 µs" in timeline.notices[1].text


def test_a_copy_to_the_host_that_waits_for_unrecorded_work_is_not_explained() -> None:
    """A value read waits as a synchronisation does."""
    timeline = window(waiting("cudaMemcpyAsync", 20 * MS, copy=True).capture())
    assert timeline.idle_by_cause()["unexplained"] == pytest.approx(5 * 20 * MS, rel=0.01)
    assert not timeline.trustworthy


def test_a_wait_returns_soon_after_the_work_it_waited_for() -> None:
    """Up to 200 µs are how long it takes to notice."""
    idle = window(waiting("cudaStreamSynchronize", 180 * US).capture()).idle_by_cause()
    assert idle["synchronize"] == 4 * (12 + 180 - 35) * US
    assert "unexplained" not in idle


def test_only_the_silence_before_the_copy_waits_for_input() -> None:
    """An earlier silence ended with an operator: what it did is not known."""
    trace = Trace()
    trace.op("aten::add", -6 * US, 0)
    trace.kernel(0, 10 * US, called=(-5 * US, -2 * US))
    trace.op("aten::empty", 20 * MS, 20 * MS + 10 * US)
    op = trace.op("aten::copy_", 50 * MS, 50 * MS + 200 * US)
    trace.kernel(50 * MS + 100 * US, 80 * MS, called=(50 * MS + 50 * US, 50 * MS + 60 * US),
                 call="cudaMemcpyAsync", category="memcpy", copy_kind="HtoD", copy_bytes=1 << 20,
                 op_id=op)  # fmt: skip
    timeline = window(trace.capture())
    idle = timeline.idle_by_cause()
    assert (idle["input_pipeline"], idle["silent_host"]) == (30 * MS - 10 * US, 20 * MS - 10 * US)
    assert evidence(timeline, "input_pipeline") == ["launch:1"]


def test_idle_time_beside_lost_kernels_is_not_explained() -> None:
    """Every second kernel is missing: 30 of 60 launch calls have none."""
    trace = Trace()
    for index in range(60):
        clock = index * 31 * US
        trace.op("aten::mm", clock, clock + 30 * US)
        if index % 2:
            trace.call("cudaLaunchKernel", clock + US, clock + 4 * US)
        else:
            trace.kernel(clock + 5 * US, 20_250, called=(clock + US, clock + 4 * US))
    capture = trace.capture()
    timeline = window(capture)
    assert timeline.idle_by_cause() == {"unexplained": timeline.idle_ns}
    assert not timeline.trustworthy
    (lost,) = [notice.text for notice in timeline.notices if notice.code == "kernels_lost"]
    assert lost.startswith("30 of 60 launch calls left no kernel in the trace")
    assert graph_findings(capture) == []


def test_the_last_calls_of_a_recording_lost_nothing() -> None:
    """Their kernels ran after it had ended."""
    trace = Trace()
    end = steps(trace, 0)
    trace.call("cudaLaunchKernel", end, end + 5 * US)
    assert window(trace.capture()).notices == ()


def test_without_operators_the_host_is_not_known() -> None:
    """One in a hundred was recorded: silence between them says nothing."""
    trace = Trace()
    for index in range(120):
        clock = index * 500 * US
        trace.kernel(clock + 10 * US, 200 * US, called=(clock + 3 * US, clock + 8 * US))
    capture = trace.capture(ops_recorded_share=0.01)
    idle = window(capture).idle_by_cause()
    assert idle["ops_missing"] == 119 * 293 * US
    assert "dispatch" not in idle
    given_advice = advice.advise(kernels(capture), capture, window(capture), H100)
    assert not {finding.kind for finding in given_advice.findings} & {"graph", "sync", "input"}
    assert "Only 1.0 % of the operators were recorded" in given_advice.declined[0].why


@settings(max_examples=60, deadline=None)
@given(traces())
def test_no_cause_goes_without_evidence(trace: Trace) -> None:
    """Nor does a piece of dispatch outlast a millisecond without a record in it."""
    gaps = window(trace.capture()).gaps
    bare = gaps.filter(pl.col("evidence").is_null())["cause"]
    assert set(bare) <= {"unlinked", "unexplained"}
    long = gaps.filter((pl.col("cause") == "dispatch") & (pl.col("duration_ns") > 2 * MS))
    assert (long["evidence"] == "records").all()


def test_real_idle_time_above_a_millisecond_has_its_evidence(corpus: Path) -> None:
    """Each long piece names the record that it rests on, and the record is there."""
    checked: Counter[str] = Counter()
    for path in sorted((corpus / "torch").glob("*.json.gz")):
        capture = read(path)
        gaps = window(capture).gaps
        assert set(gaps.filter(pl.col("evidence").is_null())["cause"]) <= {
            "unlinked", "unexplained"
        }, path.name  # fmt: skip
        long = gaps.filter(pl.col("duration_ns") > MS)
        for row in long.to_dicts():
            checked[row["cause"]] += 1
            assert _holds(capture, row), (path.name, row)
    assert checked["input_pipeline"] >= 10
    assert checked["long_launch"] > 20


def _holds(capture: Capture, piece: dict[str, Any]) -> bool:
    """Whether the evidence of an idle piece is what its cause needs."""
    begin, end = piece["start_ns"], piece["start_ns"] + piece["duration_ns"]
    table, row = piece["evidence"], piece["evidence_row"]
    frames = {"call": capture.calls, "op": capture.ops, "annotation": capture.annotations}
    if table in frames:
        record = frames[table].row(row, named=True)
        return bool(record["start_ns"] < end and record["end_ns"] > begin)
    if table == "records":
        return piece["cause"] in DISPATCH_CAUSES and row > 0
    if table == "silence":
        spans = pl.concat([frame.select("start_ns", "end_ns") for frame in frames.values()][:2])
        return piece["cause"] == "silent_host" and spans.height > 0
    return piece["cause"] in ("unexplained", "unlinked") or table == "launch"


def polled(length: int) -> Trace:
    """Steps, then a host that asks for ``length`` whether the device is done, then steps."""
    trace = Trace()
    end = steps(trace, 0)
    for begin in range(end, end + length, 20 * US):
        trace.call("cudaEventQuery", begin, begin + 2 * US)
    steps(trace, end + length)
    return trace


def test_asking_again_and_again_is_waiting() -> None:
    """Calls that fill the time are not always made to launch."""
    short = window(polled(160 * US).capture()).idle_by_cause()
    assert short["synchronize"] == 142 * US
    capture = polled(20 * MS).capture()
    idle = window(capture).idle_by_cause()
    assert idle["unexplained"] == 20 * MS - 18 * US
    assert graph_findings(capture) == []


def test_one_question_is_no_wait() -> None:
    """The caching allocator asks too."""
    before = between("op", 950 * US, ("cudaEventQuery", 0, 2 * US), ("cudaMalloc", 9 * US, 9 * US))
    assert "synchronize" not in window(before.capture()).idle_by_cause()


def test_kernels_that_were_waited_for_had_run() -> None:
    """The last calls of a recording lost their kernels where the host waited for them in it."""
    trace = Trace()
    end = steps(trace, 0)
    for index in range(5):
        trace.call("cudaLaunchKernel", end + index * 10 * US, end + index * 10 * US + 5 * US)
    trace.call("cudaDeviceSynchronize", end + 60 * US, end + 65 * US)
    timeline = window(trace.capture())
    assert [notice.code for notice in timeline.notices] == ["kernels_lost"]
    assert timeline.notices[0].text.startswith("5 of 15 launch calls left no kernel")
    assert not timeline.trustworthy


def test_a_graph_instantiated_much_later_was_not_captured_until_then() -> None:
    """Steps ran between the end of the capture and its instantiation."""
    trace = Trace()
    trace.call("cudaStreamBeginCapture", -900 * US, -890 * US)
    trace.call("cudaStreamEndCapture", -500 * US, -490 * US)
    end = steps(trace, 0)
    trace.call("cudaGraphInstantiate", end, end + 300 * US)
    steps(trace, end + 310 * US)
    idle = window(trace.capture()).idle_by_cause()
    assert idle["graph_capture"] == 300 * US
