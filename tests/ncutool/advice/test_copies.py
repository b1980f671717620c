"""Copies count where no kernel hides them, each kind with its own remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_traces import A100, MI300X, MS, US, Program, drafted, found, of_kind, seen
from trace_factory import Trace

from ncutool.advice.host import copies
from ncutool.analysis.analyse import read_and_analyse
from ncutool_parsers.capture import DeviceRecord


def loaded(*, pinned_rate: bool = False) -> Program:
    """Four pageable copies of 37 MB in 10 ms, each before kernels of 5 ms."""
    program = Program()
    for _ in range(4):
        program.copy("HtoD", 10 * MS, 37_000_000)
        for _ in range(10):
            program.launch(500 * US)
    if pinned_rate:
        program.copy("HtoD", 1 * MS, 12_000_000, copy_pageable=False)
        program.launch(500 * US)
    return program


def test_pageable_input_is_pinned_and_hidden() -> None:
    """Forty milliseconds at 3.7 GB/s that nothing hides: at most all of it."""
    one = of_kind(found(loaded().trace.capture()), "copy")
    assert one.title == "Copy input from pinned memory, beside the kernels"
    assert (one.saving_low_ns, one.saving_high_ns) == (0, 40 * MS)
    assert any("3.70 GB/s" in sentence for sentence in one.evidence)
    assert one.code is not None
    assert "non_blocking=True" in one.code


def test_pinned_copies_of_the_capture_tell_what_is_sure() -> None:
    """At 12 GB/s the four copies take 12.3 ms instead of 40."""
    one = of_kind(found(loaded(pinned_rate=True).trace.capture()), "copy")
    assert one.saving_low_ns == pytest.approx(40 * MS - 4 * 37 / 12 * MS, rel=0.02)
    assert any("pinned copies of the same capture 12.0 GB/s" in text for text in one.evidence)


def test_where_pinning_is_not_recorded_it_is_not_claimed() -> None:
    """AMD's traces do not tell pinned memory from pageable."""
    capture = loaded().trace.capture(devices=(DeviceRecord(vendor="amd"),))
    one = of_kind(found(capture, MI300X), "copy")
    assert "this trace does not record" in one.remedy
    assert not any("pageable" in sentence for sentence in one.evidence)


def test_hidden_copies_are_worth_nothing() -> None:
    """A copy beside a kernel costs no wall time."""
    trace = Trace()
    trace.kernel(0, 50 * MS, called=(-9 * US, -5 * US))
    trace.kernel(MS, 40 * MS, stream=9, category="memcpy", copy_kind="HtoD", copy_bytes=10**8,
                 copy_pageable=False, called=(-5 * US, -3 * US))  # fmt: skip
    assert not [one for one in drafted(seen(trace.capture())) if one.kind == "copy"]


def storm(within: str | None, *, graph: bool = False) -> Trace:
    """200 small copies of 5 µs in a row before 2 ms of kernels, the host far ahead."""
    trace = Trace()
    if within:
        trace.annotations.append(
            {"name": within, "on_device": False, "thread": 0, "start_ns": -20 * MS, "end_ns": 0}
        )
    call = trace.call("cudaGraphLaunch", -2 * MS, -MS) if graph else None
    for index in range(200):
        host = -20 * MS + index * 10 * US
        number = trace.op("aten::copy_", host, host + 8 * US)
        trace.kernel(index * 6 * US, 5 * US, category="memcpy", copy_kind="DtoD", copy_bytes=512,
                     copy_pageable=False, op_id=number, nvtx=within,
                     called=(host + US, host + 5 * US))  # fmt: skip
    more = {"call_id": call, "graph_replay": True} if graph else {"called": (-3 * MS, -2 * MS)}
    trace.kernel(1200 * US, 2 * MS, **more)
    return trace


def test_small_copies_of_data_parallel_training_name_its_switches() -> None:
    """Buffers broadcast and buckets filled: 200 copies of 512 B."""
    one = of_kind(found(storm("DistributedDataParallel.forward").capture()), "copy")
    assert "gradient_as_bucket_view=True" in (one.code or "")
    assert "broadcast_buffers=False" in (one.code or "")
    assert (one.saving_low_ns, one.saving_high_ns) == (0, 200 * 5 * US)
    assert "within DistributedDataParallel.forward" in one.evidence[1]


def test_copies_into_a_graphs_inputs_are_to_be_written_in_place() -> None:
    """A recommender that copies its batch into static buffers before each replay."""
    one = of_kind(found(storm(None, graph=True).capture()), "copy")
    assert one.title == "Write into the graph's input buffers instead of copying"


def test_other_copies_within_the_device_promise_no_switch() -> None:
    """Nothing says that they belong to data-parallel training."""
    one = of_kind(found(storm(None).capture()), "copy")
    assert "Distributed" not in (one.code or "")


def test_many_memsets_are_one_finding() -> None:
    """60 exposed memsets of training; three are none."""
    program = Program()
    program.launch(100 * US, op="autograd::engine::evaluate_function")
    for _ in range(60):
        program.launch(20 * US, category="memset", copy_bytes=1024)
    one = of_kind(found(program.trace.capture()), "copy")
    assert "set_to_none=True" in (one.code or "")
    few = Program()
    for _ in range(3):
        few.launch(100 * US, category="memset")
    assert not [one for one in drafted(seen(few.trace.capture())) if one.kind == "copy"]


@pytest.mark.parametrize(
    ("name", "device", "words", "high_us"),
    [
        ("mi300x-resnet-ddp-train", MI300X, "data-parallel", 2_456),
        ("v100-resnet50-2021", A100, "pinned memory", 11_492),
        ("b200-vllm-moe-prefill-8rank", A100, "symmetric buffer", 782),
    ],
)
def test_copies_of_real_traces(
    name: str, device: object, words: str, high_us: int, corpus: Path
) -> None:
    """Nothing is sure, and the exposed time is within reach."""
    result = read_and_analyse(corpus / "torch" / f"{name}.json.gz")
    (draft,) = [
        one for one in copies.drafts(seen(result.capture), frozenset()).drafts if words in one.title
    ]
    (one,) = [one for one in found(result.capture) if words in one.title]
    assert one.title == draft.title
    assert one.saving_low_ns == 0
    assert one.alone_high_ns >= 0.99 * high_us * US


def sorting(*, fed: int = 0) -> Trace:
    """Twenty times a sort that copies within itself, then a graph; ``fed`` input copies each."""
    trace = Trace()
    for step in range(20):
        begin = step * MS
        trace.op("aten::sort", begin, begin + 80 * US)
        inner = trace.op("aten::copy_", begin + 5 * US, begin + 45 * US)
        trace.ops[inner]["parent_id"] = inner - 1
        trace.kernel(begin + 20 * US, 7 * US, category="memcpy", copy_kind="DtoD", op_id=inner,
                     copy_bytes=4 << 20, called=(begin + 10 * US, begin + 16 * US))  # fmt: skip
        for index in range(fed):
            host = begin + (50 + 10 * index) * US
            own = trace.op("aten::copy_", host, host + 9 * US)
            trace.kernel(host + 9 * US, 5 * US, category="memcpy", copy_kind="DtoD", op_id=own,
                         copy_bytes=512, called=(host + US, host + 5 * US))  # fmt: skip
        call = trace.call("cudaGraphLaunch", begin + 100 * US, begin + 110 * US)
        for index in range(5):
            start = begin + 120 * US + index * 100 * US
            trace.kernel(start, 99 * US, call_id=call, graph_replay=True)
    return trace


def test_copies_inside_an_operator_fill_no_graph() -> None:
    """What a sort copies, no producer can write into the graph's inputs."""
    titles = {one.title for one in found(sorting().capture()) if one.kind == "copy"}
    assert titles == {"Avoid copies within the device"}


def test_copies_that_fill_a_graph_are_told_from_those_that_do_not() -> None:
    """Two of the program's own before each replay: only they are input buffers."""
    drafted_now = copies.drafts(seen(sorting(fed=2).capture()), frozenset()).drafts
    counts = {one.rule: len(one.launches) for one in drafted_now}
    assert counts == {"copy-static": 40, "copy-single": 20}
