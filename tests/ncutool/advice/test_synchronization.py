"""Waiting for the device costs what the device idles afterwards, never the wait itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_traces import MS, US, Program, drafted, found, of_kind, seen

from ncutool.advice.host import synchronization
from ncutool.advice.price import rank
from ncutool.analysis.analyse import read_and_analyse


def checked(*, host: int = 60 * US, kernels: int = 20, steps: int = 6) -> Program:
    """Steps of 100-µs kernels, 60 µs of host time each, with a check of the result at the end."""
    program = Program()
    for _ in range(steps):
        for _ in range(kernels):
            program.launch(100 * US, host=host)
        begin = program.host
        program.synchronize()
        outer = program.trace.op("aten::is_nonzero", begin - 3 * US, program.host + 3 * US)
        inner = program.trace.op("aten::item", begin - 2 * US, program.host + 2 * US)
        program.trace.ops[inner]["parent_id"] = outer
        program.host += 3 * US
    return program


def test_the_idle_time_behind_a_wait_is_claimed_not_the_wait() -> None:
    """The host was 800 µs ahead, waited, and the device then idles about 70 µs."""
    capture = checked().trace.capture()
    view = seen(capture)
    (draft,) = synchronization.drafts(view, frozenset()).drafts
    one = of_kind(found(capture), "sync")
    idle = view.timeline.idle_ns
    assert one.duration_ns == sum(draft.best)
    assert 0.3 * idle <= one.saving_low_ns <= one.saving_high_ns <= idle
    assert one.saving_high_ns < 0.05 * view.wall_ns
    assert "aten::item in aten::is_nonzero" in one.evidence[2]
    assert "is not counted" in one.evidence[1]


def test_waiting_at_the_end_of_a_window_costs_nothing() -> None:
    """A synchronisation of 50 ms with nothing behind it."""
    program = Program()
    for _ in range(20):
        program.launch(2 * MS)
    program.synchronize()
    assert synchronization.drafts(seen(program.trace.capture()), frozenset()).drafts == ()


def test_a_wait_whose_launches_follow_at_once_costs_nothing() -> None:
    """Another stream keeps the device busy while the host waits."""
    program = Program()
    program.trace.kernel(0, 100 * MS, stream=9, called=(-9 * US, -5 * US))
    for _ in range(10):
        program.launch(1 * MS)
        program.synchronize()
    assert synchronization.drafts(seen(program.trace.capture()), frozenset()).drafts == ()


def test_a_host_that_is_late_anyway_gains_only_the_wait() -> None:
    """Host-bound: the gap behind a wait of 5 µs is the launch's own, and only a high end."""
    program = Program()
    for _ in range(40):
        program.launch(10 * US, host=60 * US)
        begin = program.host
        program.synchronize()
        program.trace.op("aten::_local_scalar_dense", begin - US, program.host + US)
        program.host += US
    one = of_kind(found(program.trace.capture()), "sync")
    assert one.alone_low_ns <= 40 * 20 * US
    assert any("only the high end counts that" in sentence for sentence in one.evidence)


def test_a_wait_of_the_programs_own_is_only_possible() -> None:
    """No operator encloses it: it may be the profiler's."""
    program = Program()
    for _ in range(6):
        for _ in range(20):
            program.launch(100 * US, host=60 * US)
        program.synchronize()
        program.host += 300 * US
    one = of_kind(found(program.trace.capture()), "sync")
    assert (one.grade, one.saving_low_ns) == ("possible", 0)
    assert any("No operator encloses" in sentence for sentence in one.evidence)
    assert "profiler" in (one.caveat or "")


def test_boolean_masks_get_their_own_remedy() -> None:
    """`x[mask]` asks the device for a size."""
    program = checked()
    for row in program.trace.signatures.copy():
        if row[0] in ("aten::item", "aten::is_nonzero"):
            number = program.trace.signatures.pop(row)
            name = "aten::nonzero" if row[0] == "aten::item" else "aten::index"
            program.trace.signatures[name, row[1], row[2]] = number
    one = of_kind(found(program.trace.capture()), "sync")
    assert "torch.where" in (one.code or "")


TRAPS_US = {
    "h100-qwen1.5-0.5b-prefill": 1_545,
    "mi300x-timesformer-inference": 1_397,
    "mi300x-sglang-qwen3-8b-decode-graph": 400,
    "a100-switch-transformer": 15_935,
}


@pytest.mark.parametrize(("name", "late_us"), TRAPS_US.items())
def test_real_waits_beside_a_busy_device_are_no_waste(
    name: str, late_us: int, corpus: Path
) -> None:
    """16 to 463 ms of synchronisation are recorded; no more than the late gaps is claimed."""
    result = read_and_analyse(corpus / "torch" / f"{name}.json.gz")
    claimed = sum(one.alone_high_ns for one in found(result.capture) if one.kind == "sync")
    assert claimed <= late_us * US


def test_real_waits_name_their_operators(corpus: Path) -> None:
    """The checks for NaN of one trace, the length exchanges of another."""
    switch = read_and_analyse(corpus / "torch" / "a100-switch-transformer.json.gz")
    (draft,) = [one for one in drafted(seen(switch.capture)) if one.kind == "sync"]
    assert "aten::_local_scalar_dense in aten::item in aten::is_nonzero" in draft.evidence[-1]
    path = corpus / "torch" / "a100-recommender-train.json.gz"
    view = seen(read_and_analyse(path).capture)
    (draft,) = synchronization.drafts(view, frozenset()).drafts
    (one,) = rank.ranked(view, [draft]).findings
    assert one.alone_low_ns <= 6_472 * US
    assert one.alone_high_ns >= 0.75 * 6_472 * US


def test_a_wait_beside_a_busy_device_is_declined_with_its_numbers() -> None:
    """Twenty kernels of 2 ms and a wait for all of them: what one would ask about."""
    program = Program()
    for _ in range(20):
        program.launch(2 * MS)
    program.synchronize()
    (one,) = synchronization.drafts(seen(program.trace.capture()), frozenset()).declined
    assert one.what == "Remove synchronisation and blocking copies"
    assert 39 * MS < one.duration_ns <= 40 * MS
    assert "works during 39.9 ms of it" in one.why
    quiet = Program()
    for _ in range(20):
        quiet.launch(2 * MS)
    assert synchronization.drafts(seen(quiet.trace.capture()), frozenset()).declined == ()
