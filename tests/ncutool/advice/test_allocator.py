"""Allocation and loading: once they are a first step's, in every step they are the program's."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_traces import MI300X, MS, US, Program, drafted, found, of_kind, seen

from ncutool.advice.host import allocator
from ncutool.analysis.analyse import read_and_analyse
from ncutool_parsers.capture import DeviceRecord

AMD = (DeviceRecord(vendor="amd"),)


def churning(*, steps: int = 6, annotated: bool = False) -> Program:
    """Steps that free and allocate 20 ms for every 2 ms of kernels."""
    program = Program()
    for step in range(steps):
        if annotated:
            program.annotate(f"ProfilerStep#{step}", 24 * MS)
        for _ in range(10):
            program.launch(200 * US)
        program.call("hipFree", 12 * MS)
        program.call("hipMalloc", 8 * MS)
    for _ in range(10):
        program.launch(200 * US)
    return program


@pytest.mark.parametrize("annotated", [False, True])
def test_memory_freed_and_allocated_in_every_step_comes_first(annotated: bool) -> None:
    """A data-parallel run: most of the window is hipFree and hipMalloc, and no graph helps."""
    capture = churning(annotated=annotated).trace.capture(devices=AMD)
    findings = found(capture, MI300X)
    first = findings[0]
    assert first.kind == "allocator"
    assert first.grade == "certain"
    assert 60 < first.saving_low_pct < first.saving_high_pct < 90
    assert first.saving_low_ns == pytest.approx(0.8 * first.saving_high_ns, rel=0.02)
    assert first.code == "PYTORCH_HIP_ALLOC_CONF=expandable_segments:True"
    assert "6 × hipFree 72.0 ms, 6 × hipMalloc 48.0 ms" in first.evidence[0]
    assert not [one for one in findings if one.kind == "graph"]


def test_a_first_step_is_to_be_skipped_not_sped_up() -> None:
    """Memory allocated and modules loaded once: nothing is surely saved."""
    program = Program()
    for index in range(40):
        if index < 8:
            program.call("cudaMalloc", 1 * MS)
        host = 5 * MS if index in (3, 5) else 8 * US
        program.launch(100 * US, host=host)
        if host > MS:  # the call itself is long
            program.trace.calls[-1]["start_ns"] = program.host - host + US
    findings = found(program.trace.capture())
    one = of_kind(findings, "allocator")
    assert one.title == "Profile a warm step: this window loads code and allocates memory"
    assert one.saving_low_ns == 0
    assert one.saving_high_ns == pytest.approx(17 * MS, rel=0.1)
    assert "schedule" in (one.code or "")
    assert "2 launch calls over 1.00 ms" in one.evidence[0]
    assert not [other for other in findings if other.kind == "graph"]


def test_allocations_of_all_of_one_pass_are_still_a_first_step() -> None:
    """Spread over the window, but nothing is freed: a caching allocator that fills."""
    program = Program()
    for _ in range(40):
        program.call("cudaMalloc", 1 * MS)
        program.launch(100 * US)
    one = of_kind(found(program.trace.capture()), "allocator")
    assert one.saving_low_ns == 0
    assert one.title == "Profile a warm step: this window allocates its memory"


def test_a_warm_window_has_nothing_to_allocate() -> None:
    """Allocation beside a busy device is no wait."""
    program = Program()
    for _ in range(40):
        program.launch(3 * MS)
        program.call("cudaMalloc", 100 * US)
        program.call("cudaFree", 100 * US)
    assert not [one for one in drafted(seen(program.trace.capture())) if one.kind == "allocator"]


def test_a_real_first_pass_is_told_as_one(corpus: Path) -> None:
    """16 lazy loads and 168 allocations: 0 to 119,106 µs, certain to be one-off."""
    result = read_and_analyse(corpus / "torch" / "a100-switch-transformer.json.gz")
    (draft,) = allocator.drafts(seen(result.capture), frozenset()).drafts
    assert draft.grade == "certain"
    one = of_kind(found(result.capture), "allocator")
    assert one.saving_low_ns == 0
    assert one.saving_high_ns == pytest.approx(119_106 * US, rel=0.02)
