"""Whatever a text holds: a series of shares of time, or one line; never a crash, never a NaN."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_texts import EXPORTED, PROFILED, UTILISATION, dcgmi_dmon, exporter, smi_dmon

from ncutool.planning.signals import Benchmark, Series, TokenTime, classify, parse
from ncutool.planning.signals.record import record
from ncutool.planning.signals.series import HIGHEST_PCT
from ncutool.planning.signals.statistics import levels, percentile
from ncutool.text.signals import report_markdown, report_text
from ncutool_parsers.errors import CaptureError, UsageError

CELLS = st.sampled_from(
    [
        "0",
        "1",
        "97",
        "100",
        "101",
        "-",
        "N/A",
        "nan",
        "-5",
        "0.5",
        "1e400",
        "GPU",
        "#",
        "",
        "\x1b[2J",
    ]
)
WORDS = st.sampled_from(
    [
        "# gpu", "#Date", "Time", "gpu", "sm", "mem", "# Entity", "SMACT", "DRAMA", "TENSO",
        "GRACT", "GPU 0", "GPU-I 3", "0", "99", "0.5", "-", "N/A", ",", "\n", "\n", "\n", "\r\n",
        'DCGM_FI_PROF_SM_ACTIVE{gpu="0"} 0.5', 'DCGM_FI_PROF_DRAM_ACTIVE{gpu="', '"}', " 1e999",
        "# HELP DCGM_FI_PROF_SM_ACTIVE x", "# TYPE DCGM_FI_PROF_SM_ACTIVE gauge", "\u2028",
        "\x1b]0;title\x07",
    ]
)  # fmt: skip


def outcome(content: bytes | str, name: str) -> Series | str:
    """The series, or the one line of the refusal."""
    try:
        return parse(content, name)
    except CaptureError as error:
        return str(error)


def checked(series: Series) -> None:
    """Every value is a share of time, and the whole way to each form works."""
    for gpu in series.gpus:
        for column in gpu.columns.values():
            assert len(column) == gpu.samples
            assert all(value is None or 0 <= value <= HIGHEST_PCT for value in column)
    report = classify([series])
    json.dumps(record(report), allow_nan=False)
    for shown in (report_text(report, color=False, width=100), report_markdown(report)):
        assert not set(shown) & {"\x1b", "\x07", "\x9b"}


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_pieces_in_any_order(text: str) -> None:
    """Headings without rows, rows without headings, kinds within each other, torn lines."""
    found = outcome(text, "x\x1b\x9b")
    if isinstance(found, str):
        assert "\n" not in found
    else:
        checked(found)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_anything_at_all(content: bytes | str) -> None:
    """It is refused, or read."""
    found = outcome(content, "x")
    if isinstance(found, str):
        assert found.startswith("x: ")
    else:
        checked(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"sm": CELLS, "mem": CELLS}), min_size=1, max_size=15),
    st.sampled_from(["", "D", "DT"]),
)
def test_any_cells_under_a_right_heading(rows: list[dict[str, object]], prefix: str) -> None:
    """Cells that are no share are missing, and never another column's."""
    found = outcome(smi_dmon(rows, UTILISATION, prefix=prefix), "x")
    if not isinstance(found, str):
        checked(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({tag: st.floats(0, 1) for tag in PROFILED}), min_size=1, max_size=12
    )
)
def test_dcgmi_and_the_exporter_agree(samples: list[dict[str, object]]) -> None:
    """The same samples in either layout give the same columns and the same verdict."""
    rounded: list[dict[str, object]] = [
        {tag: f"{float(str(value)):.3f}" for tag, value in sample.items()} for sample in samples
    ]
    one = parse(dcgmi_dmon(rounded), "x")
    other = parse(exporter(rounded), "x")
    assert set(PROFILED) <= set(EXPORTED)
    assert one.gpus[0].columns == other.gpus[0].columns
    checked(one)
    (first,), (second,) = classify([one]).verdicts, classify([other]).verdicts
    assert (first.regime, first.reason) == (second.regime, second.reason)


NUMBERS = st.one_of(st.none(), st.floats(), st.sampled_from([5e-324, 1e-30, 1e30, 1e308, 0.0]))


@settings(max_examples=200, deadline=None)
@given(
    ns=st.floats(), flop=NUMBERS, moved=NUMBERS, pairs=st.lists(st.tuples(st.floats(), st.floats()))
)
def test_any_numbers_are_refused_or_answered(
    ns: float, flop: float | None, moved: float | None, pairs: list[tuple[float, float]]
) -> None:
    """No overflow, no division by nothing, no NaN in JSON."""
    token = None if moved is None else TokenTime(ns, moved)
    for options in (
        {"batches": pairs},
        {"token_time": token},
        {"benchmark": Benchmark(ns, flop, moved)},
    ):
        try:
            report = classify(**options, device="H100 SXM 80GB")
        except UsageError:
            continue
        json.dumps(record(report), allow_nan=False)
        assert report_text(report, color=False, width=100)


@given(st.lists(st.floats(0, HIGHEST_PCT), min_size=1, max_size=80))
def test_percentiles_and_levels_lie_within_the_values(values: list[float]) -> None:
    """Between the least and the most; two levels are ordered and share all samples out."""
    values.sort()
    for share in (0, 10, 50, 90, 100):
        assert values[0] <= percentile(values, share) <= values[-1]
    found = levels(values)
    if found is not None:
        low, high = found
        assert low.median_pct < high.median_pct
        assert low.share_pct + high.share_pct == pytest.approx(100)


@pytest.mark.parametrize(
    "line",
    [
        'DCGM_FI_PROF_SM_ACTIVE{gpu="0"' + 'a="\\"' * 3000,
        "DCGM_FI_PROF_SM_ACTIVE{" + '"' * 16000,
        "DCGM_FI_PROF_SM_ACTIVE{" + "{" * 16000,
        "DCGM_FI_PROF_SM_ACTIVE" + " " * 16000 + "x y z",
        "DCGM_FI_PROF_SM_ACTIVE" + " 1" * 8000,
        "# gpu " + "sm " * 20000,
        "#" * 50000,
    ],
    ids=["escapes", "quotes", "braces", "spaces", "values", "columns", "hashes"],
)
def test_a_long_line_takes_no_long_time(line: str) -> None:
    """Lines made to make a pattern try everything are over in a moment."""
    start = time.perf_counter()
    text = exporter([{"SMACT": 0.5}]) + f"{line}\n" * 20
    assert parse(text, "x").gpus
    assert time.perf_counter() - start < 2
