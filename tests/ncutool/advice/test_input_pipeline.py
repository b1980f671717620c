"""Waits for input are named, priced end to end, and left to no graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_traces import MS, US, Program, drafted, found, of_kind, seen

from ncutool.advice.host import input_pipeline
from ncutool.analysis.analyse import read_and_analyse

SINGLE = "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__"
MULTI = "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__"


def training(load: int, loader: str | None, *, steps: int = 4, compute: int = 20 * MS) -> Program:
    """Steps of one wait for input, one pageable copy and ten kernels."""
    program = Program()
    for _ in range(steps):
        program.synchronize()
        if loader is None:
            program.host += load
        else:
            program.load(load, loader)
        number = program.trace.op("aten::to", program.host, program.host + 50 * US)
        program.trace.ops[number]["end_ns"] = program.host + 3 * MS
        program.copy("HtoD", 1 * MS, 19_000_000)
        for _ in range(10):
            program.launch(compute // 10)
    return program


def test_loading_in_the_training_process_comes_first() -> None:
    """Three waits of 30 ms between steps of 21: certain, and at least 85 % of them are saved."""
    first = found(training(30 * MS, SINGLE).trace.capture())[0]
    assert first.kind == "input"
    assert first.grade == "certain"
    assert first.saving_high_ns == pytest.approx(3 * 30 * MS, rel=0.02)
    assert 0.8 * first.saving_high_ns <= first.saving_low_ns <= 0.9 * first.saving_high_ns
    assert "num_workers=2" in first.remedy  # 30 ms of loading against a rest of 21 ms
    assert "in the training process itself" in " ".join(first.evidence)
    assert (first.link or "").startswith("https://docs.pytorch.org/")


def test_workers_that_do_not_keep_up_are_not_advised_again() -> None:
    """A detection model: 122-ms waits behind a synchronisation of 5 µs; half is promised."""
    findings = found(training(122 * MS, MULTI, compute=140 * MS).trace.capture())
    first = findings[0]
    assert first.kind == "input"
    assert first.title == "Load input faster: the workers do not keep up"
    assert first.saving_high_pct == pytest.approx(40, abs=6)
    assert first.saving_low_ns == pytest.approx(first.saving_high_ns / 2, rel=0.05)
    assert not [one for one in findings if one.kind in ("graph", "sync")]


def test_silence_before_a_copy_from_the_host_is_likely_only() -> None:
    """Traces of 2020 and 2021 annotate nothing."""
    one = of_kind(found(training(30 * MS, None).trace.capture()), "input")
    assert one.grade == "likely"
    assert "No data loader is annotated" in one.evidence[1]


def test_more_loading_than_workers_make_good_is_not_promised() -> None:
    """16 workers would be needed, 8 are counted on: half of the wait stays."""
    view = seen(training(16 * 21 * MS, SINGLE).trace.capture())
    (draft,) = input_pipeline.drafts(view, frozenset()).drafts
    assert draft.wait_kept_share == pytest.approx(0.5, abs=0.1)


def test_no_wait_for_input_no_finding() -> None:
    """A loader that is ready costs nothing."""
    program = Program()
    for _ in range(30):
        program.load(10 * US, MULTI)
        program.launch(100 * US)
    assert not [one for one in drafted(seen(program.trace.capture())) if one.kind == "input"]


def test_a_real_trace_waits_as_long_as_found_by_hand(corpus: Path) -> None:
    """Five waits on a V100: 240.0 to 285.2 ms."""
    path = corpus / "torch" / "v100-resnet50-2021.json.gz"
    result = read_and_analyse(path)
    assert result.timeline is not None
    view = seen(result.capture)
    (draft,) = input_pipeline.drafts(view, frozenset()).drafts
    assert draft.grade == "certain"
    assert len(draft.waits) == 5
    one = of_kind(found(result.capture), "input")
    assert 240_000 * US <= one.saving_low_ns <= one.saving_high_ns <= 285_214 * US


def test_python_stacks_lower_what_is_sure() -> None:
    """The profiler slows loading in the process that it records."""
    program = training(30 * MS, SINGLE)
    one = of_kind(found(program.trace.capture(python_events=900)), "input")
    assert one.saving_low_ns == pytest.approx(one.saving_high_ns / 2, rel=0.02)
    assert any("900 Python stack events" in sentence for sentence in one.evidence)
