"""The command that next-capture prints selects exactly the launches that it names."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import Trace

from ncutool import load
from ncutool.analysis.analyse import Analysis, analyse, read_and_analyse
from ncutool.analysis.covering import FORBIDDEN, NOTHING, best
from ncutool.analysis.next_capture import REPLAYS, NextCapture, next_capture
from ncutool.analysis.request import Redact, Request
from ncutool.base import ncu_command
from ncutool.base.ncu_command import Launches
from ncutool.commands import main
from ncutool.commands import next_capture as next_capture_command
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.errors import UsageError
from ncutool_parsers.kernel_names import function_name

NVIDIA = DeviceRecord(name="NVIDIA H100 80GB HBM3", compute_capability="9.0", vendor="nvidia")
NAMES = {
    "void at::native::vectorized_elementwise_kernel<4, at::native::AddFunctor<float>>(int)":
        "vectorized_elementwise_kernel",
    "void cutlass::Kernel<cutlass_80_tensorop>(Params)": "Kernel",
    "void cutlass::Kernel<cutlass_90_tensorop>(Params)": "Kernel",
    "triton_poi_fused_add_0": "triton_poi_fused_add_0",
    "_ZN7cutlass7Kernel2INS_4gemmEEEvT_": None,
    "void (anonymous namespace)::softmax_warp_forward<float, float, 10>(float*)":
        "softmax_warp_forward",
    "a+b?; $(rm -rf ~) 'quoted' \"too\"": None,
    "regex:.*": None,
    "--launch-count": None,
    "void thrust::operator()<int>(int)": None,
}  # fmt: skip
"""What traces record, and what Nsight Compute calls the function; None for what it cannot be told
from, where the test's own program calls it `?` and its number."""


def run_ncu(command: str, program: Iterable[dict[str, Any]]) -> list[int]:
    """Nsight Compute's own filters, applied to the launches of a program in their order.

    By its documentation: a name is compared whole, `regex:` searches; skip and count take only
    launches that the name lets through; each process counts for itself; copies are none.
    """
    words = shlex.split(command)
    assert words[0] == "ncu"
    assert words[-1] == "PROGRAM"
    options = {name: words[at + 1] for at, name in enumerate(words) if name.startswith("--")}
    base = options.get("--kernel-name-base", "function")
    wanted = options.get("--kernel-name")
    seen: dict[Any, int] = {}
    selected = []
    for launch in program:
        if launch["category"] != "kernel":
            continue
        name = launch[base]
        if wanted is not None:
            given_expression = wanted.removeprefix("regex:")
            matched = (
                re.search(given_expression, name) if wanted.startswith("regex:") else name == wanted
            )
            if not matched:
                continue
        number = seen.get(launch["process"], 0)
        seen[launch["process"]] = number + 1
        skip = int(options.get("--launch-skip", 0))
        if skip <= number < skip + int(options.get("--launch-count", 1 << 60)):
            selected.append(launch["launch_id"])
    return selected


def program_of(capture: Capture, names: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """The launches of a trace as a program makes them: processes by their calls' order."""
    calls = dict(capture.calls.select("call_id", "start_ns").iter_rows())
    rows = capture.launches.sort("launch_id").to_dicts()
    for row in rows:
        row["called"] = calls.get(row["call_id"], row["start_ns"])
        row["function"] = names(row["kernel_full"]) or f"?{row['kernel_full']}"
        row["mangled"] = row["kernel_full"] if row["kernel_full"].startswith("_Z") else "?"
    return sorted(rows, key=lambda row: (row["called"], row["start_ns"], row["launch_id"]))


def of(trace: Trace, request: Request | None = None, **more: Any) -> Analysis:
    """The analysis of a hand-made trace on a known device."""
    return analyse(trace.capture(**({"devices": (NVIDIA,)} | more)), request)


def kernels(names: Sequence[str], duration: int = 50_000, **more: Any) -> Trace:
    """Kernels without operators, one after another: nothing is known of them."""
    trace = Trace()
    for index, name in enumerate(names):
        start = 1_000 + index * 100_000
        trace.kernel(
            start, duration, called=(start - 900, start - 800), kernel=name, kernel_full=name,
            compute_capability="9.0", grid_x=8, grid_y=1, grid_z=1, block_x=128, block_y=1,
            block_z=1, **more,
        )  # fmt: skip
    return trace


@st.composite
def programs(draw: st.DrawFn) -> tuple[Trace, int]:
    """Kernels, copies and collectives of one or two processes, and how many processes."""
    processes = draw(st.integers(1, 2))
    alone = draw(st.sampled_from([None, 0]))
    trace = Trace()
    for index in range(draw(st.integers(1, 30))):
        start = 10_000 + index * 100_000
        name = draw(st.sampled_from([*NAMES, "ncclDevKernel_AllReduce_Sum_f32_RING_LL(args)"]))
        process = draw(st.integers(0, processes - 1))
        more: dict[str, Any] = {
            "stream": draw(st.sampled_from([7, 20])),
            "graph_replay": draw(st.booleans()),
            "grid_x": draw(st.sampled_from([8, 64, None])),
            "process": process if processes > 1 else alone,
            "thread": process,
        }
        if draw(st.integers(0, 5)) == 0:
            more |= {"category": "memcpy", "copy_kind": "HtoD"}
        called = start - draw(st.sampled_from([900, 150_000]))  # not the order in which they ran
        trace.kernel(
            start, draw(st.sampled_from([1_000, 1_100, 60_000])), called=(called, called + 9),
            kernel=name, kernel_full=name, compute_capability="9.0", grid_y=1, grid_z=1,
            block_x=128, block_y=1, block_z=1, **more,
        )  # fmt: skip
    return trace, processes


@settings(max_examples=60)
@given(programs(), st.sampled_from([1, 12, 30, 47, 100, 400]))
def test_the_command_selects_what_is_said(drawn: tuple[Trace, int], replays: int) -> None:
    """ncu's own filters select exactly the launches that are named, in so many replays at most."""
    trace, processes = drawn
    analysis = of(trace, processes=processes)
    found = next_capture(analysis, replays)
    total = int(analysis.kernels["duration_ns"].sum())
    assert found.settles_ns + found.remains_ns <= total
    if found.command is None:
        assert found.launches == ()
        assert found.settles == ()
        return
    program = program_of(analysis.capture, NAMES.get)
    assert sorted(run_ncu(found.command, program)) == sorted(found.launches)
    assert found.replays is not None
    assert found.passes is not None
    assert found.replays == found.passes * len(found.launches) <= replays
    chosen = analysis.kernels.filter(pl.col("launch_id").is_in(found.launches))
    assert set(chosen["category"]) == {"kernel"}
    assert not chosen["kernel_full"].str.contains("nccl").any()
    settled = [one for part in found.settles for one in part.launches]
    assert set(found.launches) - set(found.also_profiled) <= set(settled)
    remains = [one for part in found.remains for one in part.launches]
    assert set(settled).isdisjoint(remains)
    assert found.settles_ns == sum(part.duration_ns for part in found.settles)


@given(
    st.lists(st.sampled_from([0, 1, 2, 3, NOTHING, FORBIDDEN]), max_size=14),
    st.integers(1, 5),
)
def test_the_best_stretch_is_the_best_of_all(column: list[int], most: int) -> None:
    """Against every stretch, tried one by one."""
    weights = [5, 3, 2, 1]
    every = [
        (sum(weights[one] for one in {*column[a:b]} - {NOTHING}), -(b - a), -a)
        for a in range(len(column))
        for b in range(a + 1, min(len(column), a + most) + 1)
        if FORBIDDEN not in column[a:b]
    ]
    top = max(every, default=(0, 0, 0))
    found = best([(one,) for one in column], weights, most)
    if top[0] == 0:
        assert found is None
    else:
        assert found is not None
        assert (found.weight, -found.columns, -found.skip) == top


def test_one_launch_stands_for_those_alike() -> None:
    """Two launches of one kernel, grid and block: one is profiled, both are settled."""
    trace = kernels(["void ns::work<float>(int)", "other"] * 2)
    found = next_capture(of(trace), 23)
    assert found.command == (
        "ncu --target-processes all --replay-mode kernel --kernel-name other --launch-skip 0 "
        "--launch-count 1 --set roofline --section LaunchStats --section Occupancy -o next PROGRAM"
    )
    assert (found.settles_ns, found.settles_pct, len(found.launches)) == (100_000, 50.0, 1)
    assert (found.remains_ns, found.remains_pct) == (100_000, 50.0)


def test_two_kernels_in_one_expression() -> None:
    """What lies between them and is not of their names is not profiled."""
    names = ["first", *[f"between_{number}" for number in range(9)], "second"]
    trace = kernels(names, 10_000)
    for place in (0, -1):
        trace.launches[place]["duration_ns"] = 90_000
    found = next_capture(of(trace), 2 * 47)
    assert found.command is not None
    assert "--kernel-name 'regex:^(first|second)$' --launch-skip 0 --launch-count 2" in (
        next_capture(of(trace), 2 * 12).command or ""
    )
    assert found.settles_ns == 2 * 90_000 + 5 * 10_000  # seven launches of the smaller choice
    assert (found.launches, found.also_profiled) == ((0, 1, 2, 3, 4, 5, 10), ())


def test_launches_of_other_times_are_not_taken_for_alike() -> None:
    """One kernel and grid whose launches take 50 and 90 µs: one tells nothing of the other."""
    trace = kernels(["work", "work", "work"])
    trace.launches[2]["duration_ns"] = 90_000
    found = next_capture(of(trace), 23)
    assert (found.settles_ns, found.remains_ns) == (100_000, 90_000)


def test_a_launch_without_a_grid_stands_for_itself_alone() -> None:
    """That two launches are alike takes evidence."""
    trace = kernels(["work", "work"])
    for launch in trace.launches:
        launch["grid_x"] = None
    found = next_capture(of(trace), 23)
    assert (found.settles_ns, found.remains_ns) == (50_000, 50_000)


def test_names_with_special_characters_are_counted_by_place() -> None:
    """A name that ncu cannot be told is never put into the command."""
    hostile = "a+b?; $(rm -rf ~) 'quoted'"
    found = next_capture(of(kernels([hostile, hostile])), 47)
    assert found.command == (
        "ncu --target-processes all --replay-mode kernel --launch-skip 0 --launch-count 1 "
        "--set full -o next PROGRAM"
    )
    assert any("whatever their names" in note for note in found.notes)


def test_symbols_are_compared_as_symbols() -> None:
    """A trace that holds mangled names has what `--kernel-name-base mangled` compares with."""
    found = next_capture(of(kernels(["_ZN7cutlass7Kernel2IvEEvT_"])), 47)
    assert found.command is not None
    assert "--kernel-name-base mangled --kernel-name _ZN7cutlass7Kernel2IvEEvT_" in found.command


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("plain",), "plain"),
        (("a", "b"), "'regex:^(a|b)$'"),
        (("a.b",), "'regex:^a\\.b$'"),
        (("x'; rm -rf ~; '",), "'regex:^x'\"'\"'; rm -rf ~; '\"'\"'$'"),
    ],
)
def test_expressions_are_escaped_and_quoted(names: tuple[str, ...], expected: str) -> None:
    """As bash takes them: one word, whatever the name holds."""
    command = ncu_command.line(Launches(names, skip=1, count=2))
    assert command == (
        f"ncu --kernel-name {expected} --launch-skip 1 --launch-count 2 --set basic -o report "
        "PROGRAM"
    )
    expression = shlex.split(command)[2]
    for name in names:
        bare = expression.removeprefix("regex:")
        assert re.fullmatch(bare, name) if bare != expression else name == expression


def test_graph_nodes_are_profiled_one_by_one() -> None:
    """Launches of a graph need `--graph-profiling node`, and their order is ncu's own."""
    found = next_capture(of(kernels(["node"], graph_replay=True)), 47)
    assert found.command is not None
    assert "--graph-profiling node" in found.command
    assert any("nodes of a graph" in note for note in found.notes)


def test_launches_of_no_known_process_cannot_be_counted() -> None:
    """ncu counts the launches of each process for itself."""
    found = next_capture(of(kernels(["work", "work"]), processes=2), 47)
    assert (found.answer, found.command) == ("cannot", None)
    assert "does not say which of them launched what" in found.said


def test_steps_before_the_trace_are_said() -> None:
    """Counting from the start of the trace is not counting from the start of the program."""
    trace = kernels(["work"])
    trace.annotations.append(
        {"name": "ProfilerStep#5", "on_device": False, "start_ns": 0, "end_ns": 9}
    )
    notes = next_capture(of(trace), 47).notes
    assert any("ProfilerStep#5" in note and "--profile-from-start off" in note for note in notes)


def test_other_vendors_devices_are_refused() -> None:
    """Nsight Compute profiles NVIDIA's devices alone."""
    amd = DeviceRecord(name="AMD Instinct MI300X", vendor="amd")
    found = next_capture(of(kernels(["work"]), devices=(amd,)), 47)
    assert (found.answer, found.command) == ("cannot", None)
    trace = Trace()
    trace.kernel(1_000, 50_000, called=(0, 9), call="urEnqueueKernelLaunch")
    assert "Intel" in next_capture(of(trace, devices=()), 100).said


def test_too_few_replays_say_how_many_are_needed() -> None:
    """12 replays are the least that the smallest choice takes."""
    found = next_capture(of(kernels(["work"])), 11)
    assert (found.answer, found.command) == ("cannot", None)
    assert "pass --replays 12 or more" in found.said
    with pytest.raises(UsageError, match="at least 1"):
        next_capture(of(kernels(["work"])), 0)


def test_a_trace_of_copies_alone_is_worth_no_capture() -> None:
    """Copies are nothing that Nsight Compute profiles."""
    trace = Trace()
    trace.kernel(0, 5_000, category="memcpy", copy_kind="HtoD")
    found = next_capture(of(trace))
    assert (found.answer, found.command) == ("nothing_unknown", None)


def test_pseudonyms_are_no_names() -> None:
    """Under --redact names kernels are counted by place."""
    found = next_capture(of(kernels(["secret_kernel"]), Request(redact=Redact.NAMES)), 47)
    assert found.command is not None
    assert "--kernel-name" not in found.command


def test_a_call_less_launch_was_launched_before_the_next_of_its_stream() -> None:
    """Host and device times do not compare: a queue may be deep."""
    trace = Trace()
    trace.kernel(50_000, 40_000, kernel="a", kernel_full="a", grid_x=1, compute_capability="9.0")
    trace.kernel(90_000, 40_000, called=(10, 20), kernel="a", kernel_full="a")
    found = next_capture(of(trace), 23)
    assert found.launches == (0,)
    assert found.command is not None
    assert "--launch-skip 0" in found.command


def test_the_command_line_asks_for_as_many_replays_as_the_function() -> None:
    """One default, though the command line does not import the analysis to know it."""
    default = inspect.signature(next_capture_command.run).parameters["replays"].default
    assert default == REPLAYS == 100


def test_reports_are_refused(corpus: Path) -> None:
    """A report says itself what it lacks."""
    analysis = load(corpus / "ncu" / "gh200-kokkos-basic.ncu-rep")
    with pytest.raises(UsageError, match="ncutool findings"):
        next_capture(analysis)


@pytest.mark.parametrize("form", ["table", "json", "md"])
def test_every_form(form: str, corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """The text is a shell script: one command, all else comments; JSON has all of it."""
    path = corpus / "torch" / "a100-inductor-pointwise.json.gz"
    assert main(["next-capture", str(path), "--format", form, "--replays", "47"]) == 0
    out = capsysbinary.readouterr().out.decode()
    command = (
        "ncu --target-processes all --replay-mode kernel --kernel-name "
        "triton_poi_fused_add_cos_sin_0 --launch-skip 0 --launch-count 1 --set full -o next PROGRAM"
    )
    if form == "json":
        found = json.loads(out)["next_capture"]
        assert (found["command"], found["replays"], found["launches"]) == (command, 47, [0])
        assert found["filter"]["names"] == ["triton_poi_fused_add_cos_sin_0"]
    else:
        lines = out.splitlines()
        assert lines.count(command) == 1
        others = [line for line in lines if line != command]
        assert form == "md" or all(line.startswith("#") for line in others)


REAL = (
    *("a100-recommender-train", "b300-sglang-deepseek-r1-decode-graph", "v100-resnet50-2021"),
    *("b200-vllm-moe-prefill-8rank", "h100-qwen1.5-0.5b-prefill", "v100-dlrm-8rank-rank1"),
)


@pytest.mark.parametrize("name", REAL)
def test_real_traces(name: str, corpus: Path) -> None:
    """On real launch lists too; functions are named as the kernels' own names say."""
    analysis = read_and_analyse(corpus / "torch" / f"{name}.json.gz")
    found = next_capture(analysis, 100)
    assert found.answer == "capture"
    assert found.command is not None
    calls = analysis.capture.launches["call_id"].null_count()
    program = program_of(analysis.capture, function_name)
    if not calls:
        assert run_ncu(found.command, program) == list(found.launches)
    assert 0 < len(found.launches) <= 8
    assert found.settles_pct + found.remains_pct <= 100 + 1e-9
    worse: NextCapture = next_capture(analysis, 12)
    assert worse.settles_ns <= found.settles_ns


def test_functions_are_called_as_nvidia_calls_them(corpus: Path) -> None:
    """Against the function names that reports hold beside the demangled ones."""
    import ncu_report

    compared = 0
    for path in sorted((corpus / "ncu").glob("*.ncu-rep")):
        context = ncu_report.load_report(str(path))
        for number in range(context.num_ranges()):
            actions = context.range_by_idx(number)
            for index in range(min(actions.num_actions(), 20)):
                action = actions.action_by_idx(index)
                full = action.name(ncu_report.IAction.NameBase_DEMANGLED)
                function = action.name(ncu_report.IAction.NameBase_FUNCTION)
                told = function_name(full or "")
                if told is not None:
                    assert told == function, full
                    compared += 1
    assert compared > 50
