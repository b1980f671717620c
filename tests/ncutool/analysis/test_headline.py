"""The verdict: at most 90 characters, one unit of one time, and never a guess as a fact."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import analysis_factory as factory
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.advice.catalogue import rules
from ncutool.advice.view.finding import Advice, CouldNotLook, Finding
from ncutool.analysis import headline, short_names, state
from ncutool.analysis.analyse import read_and_analyse
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.base.untrusted import printable
from ncutool_parsers.errors import NcutoolError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
CAPTURES = sorted(
    path
    for folder in ("ncu", "torch", "field_cases", "hostile")
    for path in (CORPUS / folder).glob("*")
    if path.is_file() and path.suffix in (".json", ".gz", ".ncu-rep", ".nsight-cuprof-report")
)
WINDOW = 3_359_615
"""The wall time of the factory's trace of 60 launches, ns."""
UNSEEN = CouldNotLook("12 launches of softmax", "the report does not hold what they wait for",
                      (1, 2), 1_680_000, 50.0, ("WarpStateStats",), "`ncu --set full`",
                      brief="collect `ncu --set full`")  # fmt: skip
FAILED = CouldNotLook("1 launch of flash", "its collection failed", (7,), 0, None, (), "it again",
                       failed=True)  # fmt: skip


def written(findings: tuple[Finding, ...] = (), **advice: Any) -> str:
    """The verdict on the factory's trace with this advice."""
    return headline.write(of(findings, **advice))


def of(findings: tuple[Finding, ...] = (), **advice: Any) -> Analysis:
    """The factory's trace with this advice."""
    trace = factory.trace(findings=list(findings))
    trace = factory.with_parts(trace, advice=Advice(findings=findings, **advice))
    assert trace.window_ns == WINDOW
    return trace


def one(rule: str, low: int, high: int, **changes: Any) -> Finding:
    """A finding that saves between these times, in ns."""
    kind = rules()[rule].kind
    share = 100 / WINDOW
    fields: dict[str, Any]
    fields = {"rule": rule, "kind": kind, "grade": "likely", "per": rules()[rule].per,
              "saving_low_ns": low, "saving_high_ns": high, "alone_low_ns": low,
              "alone_high_ns": high, "saving_low_pct": low * share,
              "saving_high_pct": high * share, "id": f"{rule}-1"}  # fmt: skip
    return factory.finding(**(fields | changes))


def test_what_all_findings_save_comes_first_then_what_to_do_and_of_how_much() -> None:
    """Two of one verb share it; the range is of all of them, by the ledger."""
    rope = one("fuse-rotary", 700_000, 900_000)
    norm = one("fuse-rmsnorm", 600_000, 800_000)
    text = written((rope, norm), all_low_ns=1_500_000, all_high_ns=2_049_000)
    assert text == (
        "45–61 % of this window can go: fuse RoPE and RMSNorm first (1.50–2.05 of 3.36 ms)"
    )


def test_a_single_finding_has_its_own_range() -> None:
    """It is not first of any."""
    text = written((one("launch-graph", 1_000_000, 1_500_000),))
    assert text == "30–45 % of this window can go: launch from graphs (1.00–1.50 of 3.36 ms)"


def test_a_second_finding_far_smaller_is_not_named() -> None:
    """It would not change what is worth starting with."""
    first = one("launch-graph", 1_000_000, 1_500_000)
    small = one("fuse-rmsnorm", 50_000, 100_000)
    text = written((first, small), all_low_ns=1_050_000, all_high_ns=1_600_000)
    assert text == "31–48 % of this window can go: launch from graphs first (1.05–1.60 of 3.36 ms)"


def test_a_chance_of_much_may_go_and_a_chance_of_little_does_not_lead() -> None:
    """From 5 % on it leads, as what may go; below it the longest kernel is the verdict."""
    text = written((one("tune-product", 0, 1_000_000, grade="possible"),))
    assert text == "Up to 30 % of this window may go: tune slow matrix products (1.00 of 3.36 ms)"
    text = written((one("tune-product", 0, 100_000, grade="possible"),))
    most = of().most_time
    assert most is not None
    share = f"{most.pct:.0f} % of {units.time(of().coverage.duration_ns)} is "
    assert text.startswith(f"{share}{most.kernel[:16]}")
    assert "window" not in text


def test_a_saving_of_a_row_or_a_sample_says_so() -> None:
    """The window stays as long: nothing of it can go."""
    rows = one("batch-few-rows", 0, 1_000_000)
    assert written((rows,)) == (
        "Up to 30 % less time per row: give products more rows (of a window of 3.36 ms)"
    )
    samples = one("batch-host-bound", 1_000_000, 2_000_000)
    assert written((samples,)) == (
        "30–60 % less time per sample: use larger batches (of a window of 3.36 ms)"
    )


def test_a_cold_step_is_no_saving() -> None:
    """What a first step waits for is told as what the capture is of."""
    text = written((one("allocator-warm-up", 0, 2_000_000, grade="certain"),))
    assert text == (
        "Not a warm step: 60 % of this window is first use; profile a later one (2.00 of 3.36 ms)"
    )


def test_a_good_capture_says_so() -> None:
    """With the longest kernel, and how near its roof it is."""
    assert written(looked=("all",)).startswith("Nothing worth doing seen: ")


def test_what_could_not_be_looked_at_says_what_to_collect() -> None:
    """Half the time unseen is the verdict; a hundredth of it is not."""
    assert written(could_not_look=(UNSEEN,)) == (
        "What to change is unknown for 50.0 % of launch time: collect ncu --set full"
    )
    assert written(could_not_look=(replace(UNSEEN, pct=1.0),)).startswith("Nothing worth doing")


def test_launches_that_failed_to_collect_lead() -> None:
    """They are not fast but unknown; what is said of the rest stands behind."""
    assert written(could_not_look=(FAILED,)) == (
        "1 of 60 launches failed to collect: neither their time nor their figures are known"
    )
    found = (one("fuse-rmsnorm", 1_000_000, 1_500_000),)
    assert written(found, could_not_look=(FAILED,)) == (
        "1 of 60 launches failed to collect; 30–45 % of the rest can go: fuse RMSNorm"
    )


def test_captures_without_times_say_so() -> None:
    """Nothing can be ranked then."""
    assert headline.write(factory.everything_null()) == (
        "3 launches, none with a duration: nothing can be ranked"
    )
    assert headline.write(factory.zero_durations()) == (
        "12 launches, none with a duration: nothing can be ranked"
    )


def test_reports_speak_of_launch_time() -> None:
    """A report has no window."""
    report = factory.report()
    found = one("tune-uncoalesced", 0, report.window_ns // 2, grade="possible")
    text = headline.write(factory.with_parts(report, advice=Advice(findings=(found,))))
    assert text.startswith("Up to 50 % of the launch time may go: coalesce global accesses")


def test_the_state_has_the_share_that_is_understood() -> None:
    """The largest part of the window is named with the share that outputs draw."""
    trace = factory.trace(200)
    most = max((part for part in trace.shares.parts if part.kind != "idle"), key=lambda p: p.ns)
    text = state.write(trace)
    assert f"{units.percent(most.pct)} of {units.time(trace.window_ns)} wall" in text
    share = units.percent(trace.coverage.understood_pct)
    assert text.endswith(f" {share} of launch time is understood.")
    assert state.write(factory.everything_null()) == ""


def fits(text: str) -> None:
    """A verdict is one short line that shows every number whole."""
    assert 0 < len(text) <= 90
    assert printable(text) == text
    assert not re.search(r"\d…|…\d", text)
    assert text.count(" of this window") + text.count(" of the launch time") <= 2


ENDS = st.tuples(st.integers(0, WINDOW), st.integers(0, WINDOW)).map(sorted)
FOUND = st.builds(
    lambda rule, ends, grade, kernel: one(
        rule, 0 if grade == "possible" else ends[0], ends[1], grade=grade, kernels=(kernel,)
    ),
    st.sampled_from(sorted(rules())),
    ENDS,
    st.sampled_from(["certain", "likely", "possible"]),
    st.text(min_size=1, max_size=120),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FOUND, max_size=4), ENDS, st.lists(st.sampled_from([UNSEEN, FAILED]), max_size=2))
def test_every_verdict_is_short(
    found: list[Finding], ends: list[int], unseen: list[CouldNotLook]
) -> None:
    """Whatever is found, of whatever rule, with whatever name."""
    text = written(
        tuple(found), all_low_ns=ends[0], all_high_ns=ends[1], could_not_look=tuple(unseen)
    )
    fits(text)


@pytest.mark.skipif(not CAPTURES, reason="the corpus is not here")
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_every_capture_has_a_short_verdict(path: Path) -> None:
    """And each of its findings an action, a line of evidence and a line to do."""
    from ncutool.analysis.document import Document

    try:
        analysis = read_and_analyse(path)
    except NcutoolError:
        pytest.skip("it cannot be read")
    document = Document(analysis)
    fits(document.verdict.headline)
    for line in document.findings.lines:
        assert 0 < len(line.action) <= 35
        assert 0 < len(line.why) <= 115
        assert 0 < len(line.todo) <= 80
        assert re.search(r"\d", line.why), line.why


@given(st.text(max_size=200), st.integers(1, 90))
def test_a_short_name_fits_and_cuts_no_number(name: str, room: int) -> None:
    """Whatever the name holds."""
    short = short_names.kernel(name, room)
    assert 0 < len(short) <= room
    assert printable(short) == short


def test_short_names_keep_whole_words() -> None:
    """Arguments of templates go first; a number is never cut."""
    name = "distribution_elementwise_grid_stride_kernel<normal_and_transform>"
    assert short_names.kernel(name, 90) == name
    assert short_names.kernel(name, 50) == "distribution_elementwise_grid_stride_kernel"
    assert short_names.kernel(name, 30) == "distribution_elementwise_grid…"
    assert short_names.kernel("Cijk_Alik_MT256x192x64_SN", 20) == "Cijk_Alik…"
    assert short_names.kernel("Kernel<Gemm 64x64x64>", 18) == "Kernel<Gemm…"
