"""What ncu prints is read into the tables of the report that it was printed from."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import ncu_text
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ncu_text import Printed, Style

from ncutool import load
from ncutool.commands import main
from ncutool_parsers import read, sniff
from ncutool_parsers.errors import EmptyError, UnreadableError
from ncutool_parsers.formats import NCU_TEXT
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.ncu_text_labels import metric_of, sections
from ncutool_parsers.ncu_text_values import Marks, in_base_unit, marks_of, number, scale

POINT, COMMA = Marks(".", certain=True), Marks(",", certain=True)
SOL = "GPU Speed Of Light Throughput"
OLD_SOL = "GPU Speed Of Light"
KERNEL = "void ns::work<float>(float *, int)"


def made(duration_ns: float = 117_984.0, name: str = KERNEL) -> Printed:
    """A launch of 64 blocks whose figures are known."""
    return Printed(
        name=name,
        grid=(64, 1, 1),
        block=(128, 2, 1),
        stream=7,
        device=0,
        capability="8.6",
        metrics=[
            ("device__attribute_display_name", "", "NVIDIA GeForce RTX 3090"),
            ("device__attribute_multiprocessor_count", "", 82.0),
            ("dram__bytes.sum.per_second", "byte/s", 24_003_216_105.4),
            ("dram__bytes_read.sum", "byte", 2_831_360.0),
            ("dram__bytes_write.sum", "byte", 1_024.0),
            ("dram__cycles_elapsed.avg.per_second", "hz", 7_590_120_331.5),
            ("gpc__cycles_elapsed.avg.per_second", "hz", 1_409_181_722.7),
            ("gpc__cycles_elapsed.max", "cycle", float(round(duration_ns * 1.409181))),
            ("gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed", "%", 63.289),
            ("gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed", "%", 63.289),
            ("gpu__time_duration.sum", "ns", duration_ns),
            ("launch__registers_per_thread", "register/thread", 111.0),
            ("launch__shared_mem_per_block_dynamic", "byte/block", 67_584.0),
            ("launch__shared_mem_per_block_static", "byte/block", 0.0),
            ("launch__waves_per_multiprocessor", "", 0.756),
            ("sm__throughput.avg.pct_of_peak_sustained_elapsed", "%", 10.418),
            ("sm__warps_active.avg.pct_of_peak_sustained_active", "%", 8.3),
            ("smsp__sass_thread_inst_executed_op_fadd_pred_on.sum.per_cycle_elapsed",
             "inst/cycle", 0.0061),
        ],
        rules=[("SOLBottleneck", SOL, "OPT", "Look at the waves, of which it has few.", "", None),
               ("TheoreticalOccupancy", "Occupancy", "OPT", "Limited by registers.", "global",
                36.71)],
    )  # fmt: skip


BASE, AUTO, OLD = Style(base_units=True), Style(), Style(old_units=True, thousands="")
COMMAS = Style(thousands=".", decimal=",")
LAYOUTS: dict[str, Callable[[list[Printed]], str]] = {
    "raw csv, base units": lambda some: ncu_text.raw_csv(some, BASE),
    "raw csv": lambda some: ncu_text.raw_csv(some, AUTO),
    "raw csv, decimal commas": lambda some: ncu_text.raw_csv(some, COMMAS),
    "raw text": lambda some: ncu_text.raw_text(some, AUTO),
    "raw text of 2021": lambda some: ncu_text.raw_text(some, OLD, old=True),
    "details csv": lambda some: ncu_text.details_csv(some, sections()),
    "details csv by metric": lambda some: ncu_text.details_csv(some, sections(), by_name=True),
    "details csv, base units": lambda some: ncu_text.details_csv(some, sections(), BASE),
    "details text": lambda some: ncu_text.details_text(some, sections()),
    "details text of 2021": lambda some: ncu_text.details_text(some, sections(), OLD, old=True),
    "details text, decimal commas": lambda some: ncu_text.details_text(some, sections(), COMMAS),
}


def text_file(folder: Path, text: str) -> Path:
    """A file with this text, called like nothing."""
    path = folder / "printed"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dress", ["bare", "around", "crlf", "bom"])
def test_every_layout_gives_the_same_launches(layout: str, dress: str, tmp_path: Path) -> None:
    """Recognised by its content, with messages, prompts, colours and output around or without."""
    some = [made(), made(2_000_000.0, "other(int)")]
    text = LAYOUTS[layout](some)
    text = ncu_text.around(text) if dress == "around" else text
    text = text.replace("\n", "\r\n") if dress == "crlf" else text
    text = f"\ufeff{text}" if dress == "bom" else text
    path = text_file(tmp_path, text)
    assert sniff(path).format is NCU_TEXT
    capture = read(path)
    rows = capture.launches.to_dicts()
    assert [row["kernel_full"] for row in rows] == [KERNEL, "other(int)"]
    assert [row["kernel"] for row in rows] == ["work", "other"]
    assert rows[0]["stream"] == 7
    assert [row["registers_per_thread"] for row in rows if row["registers_per_thread"]] == (
        [111, 111] if "Registers" in text or "registers_per" in text else []
    )
    for row, exact in zip(rows, (117_984, 2_000_000), strict=True):
        assert row["duration_ns"] == pytest.approx(exact, rel=2e-3)
    if "2021" not in layout:
        assert (rows[0]["grid_x"], rows[0]["block_y"], rows[0]["device"]) == (64, 2, 0)
        assert rows[0]["compute_capability"] == "8.6"
    metrics = capture.metrics.filter(pl.col("launch_id") == 0)
    told = dict(metrics.select("metric", "value").iter_rows())
    assert told["gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"] == 63.29
    assert told["dram__cycles_elapsed.avg.per_second"] == pytest.approx(7_590_120_331.5, rel=1e-3)
    assert any(notice.code == "printed_values" for notice in capture.notices)
    assert capture.complete


def test_shares_and_rates_of_one_label_are_told_apart(tmp_path: Path) -> None:
    """`Memory Throughput` is a share in one section and a rate in another."""
    path = text_file(tmp_path, ncu_text.details_text([made()], sections()))
    told = dict(read(path).metrics.select("metric", "value").iter_rows())
    memory = "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"
    assert (told[memory], told["dram__bytes.sum.per_second"]) == (63.29, 24.0e9)
    assert metric_of(SOL, "Memory Throughput", "Gbyte/s") is None
    assert metric_of(None, "Memory Throughput", "%") is None


def test_every_label_names_one_metric() -> None:
    """The table is one to one within a section."""
    for section, labels in sections().items():
        assert len(set(labels.values())) == len(labels), section


def test_rules_are_kept_with_their_estimates(tmp_path: Path) -> None:
    """CSV names the rule, a terminal does not."""
    written = ncu_text.details_csv([made()], sections())
    rules = read(text_file(tmp_path, written)).rules.to_dicts()
    assert [(r["rule"], r["severity"], r["speedup_kind"], r["speedup_pct"]) for r in rules] == [
        ("SOLBottleneck", "optimization", None, None),
        ("TheoreticalOccupancy", "optimization", "global", 36.71),
    ]
    written = ncu_text.details_text([made()], sections())
    rules = read(text_file(tmp_path, written)).rules.to_dicts()
    assert [(r["message"], r["speedup_kind"], r["speedup_pct"]) for r in rules] == [
        ("Look at the waves, of which it has few.", None, None),
        ("Limited by registers.", "global", 36.71),
    ]


def test_rounded_sizes_are_not_known(tmp_path: Path) -> None:
    """67.58 Kbyte may be 67,584 bytes or 67,580: a whole number is not made of it."""
    printed = read(text_file(tmp_path, ncu_text.details_text([made()], sections())))
    assert printed.launches["shared_memory_bytes"].to_list() == [None]
    base = read(text_file(tmp_path, ncu_text.details_csv([made()], sections(), BASE)))
    assert base.launches["shared_memory_bytes"].to_list() == [67_584]


def test_rates_with_too_few_digits_are_not_computed_with(tmp_path: Path) -> None:
    """0.01 additions a cycle may be 0.006: 1.7 times as many."""
    capture = read(text_file(tmp_path, ncu_text.raw_csv([made()], BASE)))
    assert not capture.metrics["metric"].str.contains("fadd").any()
    assert "coarse_values" in {notice.code for notice in capture.notices}


def test_no_figure_of_printed_values_is_exact(tmp_path: Path) -> None:
    """Bytes are an estimate; a printed share of DRAM gives none."""
    kernels = load(text_file(tmp_path, ncu_text.raw_csv([made()], BASE))).kernels
    row = kernels.row(0, named=True)
    assert (row["dram_bytes"], row["bytes_exactness"]) == (2_832_384.0, "estimate")
    assert "rounded" in row["remark"]
    launch = made()
    launch.metrics = [one for one in launch.metrics if "dram__bytes" not in one[0]]
    launch.metrics += [
        ("dram__cycles_active.avg.pct_of_peak_sustained_elapsed", "%", 63.29),
        ("device__attribute_global_memory_bus_width", "", 384.0),
    ]
    path = text_file(tmp_path, ncu_text.raw_csv([launch], BASE))
    row = load(path).kernels.row(0, named=True)
    assert (row["dram_bytes"], row["bytes_source"], row["bytes_exactness"]) == (None, "none", None)
    assert "too few digits" in row["missing_reason"]


def test_pages_printed_one_after_another_are_the_same_launches(tmp_path: Path) -> None:
    """Details and raw of one report in one file: each launch once."""
    some = [made(), made(2_000_000.0)]
    both = ncu_text.details_csv(some, sections()) + ncu_text.raw_csv(some, BASE)
    capture = read(text_file(tmp_path, both))
    assert capture.launches["duration_ns"].to_list() == [117_984, 2_000_000]
    assert capture.launches["shared_memory_bytes"].to_list() == [67_584, 67_584]


def test_a_duration_that_its_cycles_contradict_is_left_out(tmp_path: Path) -> None:
    """A column has one unit, which need not be that of every launch in it."""
    text = ncu_text.raw_csv([made()], BASE).replace('"ns"', '"ms"')
    capture = read(text_file(tmp_path, text))
    assert capture.launches["duration_ns"].to_list() == [None]
    assert "contrary_values" in {notice.code for notice in capture.notices}


def test_shares_below_zero_are_left_out_and_counted(tmp_path: Path) -> None:
    text = re.sub(r'"63[.]\d+"', '"-1"', ncu_text.raw_csv([made()], BASE))
    capture = read(text_file(tmp_path, text))
    metrics = dict(capture.metrics.select("metric", "value").rows())
    assert "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed" not in metrics
    (told,) = [notice.text for notice in capture.notices if notice.code == "bad_numbers"]
    assert told.startswith("2 numbers in the file cannot be right")


def test_an_estimate_below_zero_is_none(tmp_path: Path) -> None:
    text = ncu_text.details_text([made()], sections()).replace("36.71", "-36.71")
    capture = read(text_file(tmp_path, text))
    assert capture.rules["speedup_pct"].null_count() == capture.rules.height == 2


HEADER = (
    '"ID","Process ID","Kernel Name","Section Name","Metric Name","Metric Unit","Metric Value"\n'
)


def row(launch: int, value: str, label: str = "Duration", unit: str = "us") -> str:
    """A row of the details page as CSV."""
    return f'"{launch}","1","k(int)","{SOL}","{label}","{unit}","{value}"\n'


@pytest.mark.parametrize(
    ("text", "durations"),
    [
        (HEADER + row(0, "1.5") + row(1, "12345.5")[:-6], [1500, None]),
        (HEADER + row(0, "1.5") + '"abc\n' + row(1, "2.5"), [1500, None]),
        (HEADER + row(0, "1.5") + "x" * 9_000_000 + "\n" + row(1, "2.5"), [1500, 2500]),
        (HEADER + row(0, "1.5") + row(0, "9.5"), None),
        (HEADER + row(0, "(!) n/a") + row(1, "1.5"), [None, 1500]),
        (HEADER + row(0, "nan") + row(1, "1.5"), [None, 1500]),
        (HEADER + row(0, "9" * 400), None),
        (HEADER + row(0, "1.5", unit=""), None),
        (HEADER + row(0, "1.5", unit="Kfoo"), None),
        (HEADER.replace('","', '";"') + row(0, "1,5").replace('","', '";"'), [1500]),
        (HEADER + row(0, "1.234,50") + row(1, "2,25"), [1_234_500, 2250]),
    ],
    ids=["cut", "unbalanced", "long line", "contrary", "not collected", "not a number", "digits",
         "no unit", "unknown unit", "semicolons", "commas"],
)  # fmt: skip
def test_damaged_and_odd_tables(
    text: str, durations: list[int | None] | None, tmp_path: Path
) -> None:
    """What can be read is; of the rest nothing is made up."""
    path = text_file(tmp_path, text)
    if durations is None:
        with pytest.raises(EmptyError):
            read(path)
    else:
        assert read(path).launches["duration_ns"].to_list() == durations


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", UnreadableError, "is empty"),
        ("a,b\n1,2\n", UnreadableError, "is text, not a capture"),
        ("==PROF== Connected\n==ERROR== ERR_NVGPUCTRPERM - no\n", EmptyError, "ERR_NVGPUCTRPERM"),
        ('"Kernel Name","Metric Name","Minimum","Maximum","Average"\n"k","D","1","2","1.5"\n',
         EmptyError, "print-summary"),
        (HEADER, EmptyError, "no table of a launch"),
        (HEADER + row(0, "1.5") + row(1, "2,25"), UnreadableError, "decimal commas"),
    ],
)  # fmt: skip
def test_errors_are_one_line(text: str, error: type[Exception], words: str, tmp_path: Path,
                             capsysbinary: pytest.CaptureFixture[bytes]) -> None:  # fmt: skip
    """File, what is wrong, what to do."""
    path = text_file(tmp_path, text)
    with pytest.raises(error, match=words):
        read(path)
    assert main(["findings", str(path)]) == 1
    err = capsysbinary.readouterr().err.decode()
    assert (err.count("\n"), str(path) in err, ";" in err) == (1, True, True)


def test_a_row_cut_short_on_a_terminal_is_not_taken(tmp_path: Path) -> None:
    """`12` may be the begin of `123`."""
    text = ncu_text.details_text([made()], sections())
    at = text.index("117.98")
    capture = read(text_file(tmp_path, text[: at + 4]))
    assert capture.launches["duration_ns"].to_list() == [None]
    assert not capture.complete


def test_large_texts_are_bounded(tmp_path: Path) -> None:
    """--max-bytes holds."""
    some = ncu_text.details_csv([made()] * 200, sections())
    path = text_file(tmp_path, some)
    with pytest.raises(UnreadableError, match="--max-bytes"):
        read(path, ReadOptions(max_bytes=10_000))
    assert read(path).launches.height == 200


def test_paths_of_the_machine_are_not_shown(tmp_path: Path) -> None:
    """What ncu says of files names no folder."""
    text = "==WARNING== Could not open /home/alice/secret/build/app.cubin.\n"
    path = text_file(tmp_path, text + ncu_text.details_text([made()], sections()))
    said = next(one.text for one in read(path).notices if one.code == "ncu_says")
    assert said == "ncu printed: Could not open (path)"


def test_hosts_are_private(tmp_path: Path) -> None:
    """The host's name is not shown."""
    capture = read(text_file(tmp_path, ncu_text.details_text([made()], sections())))
    assert capture.private == {"host": "127.0.0.1"}


@given(
    st.floats(0.01, 1e12, allow_nan=False),
    st.sampled_from([(",", ".", POINT), (".", ",", COMMA), (" ", ",", COMMA), ("'", ".", POINT)]),
)
def test_numbers_come_back(value: float, how: tuple[str, str, Marks]) -> None:
    """In every locale, within half of the last digit."""
    thousands, decimal, marks = how
    _, text = Style(base_units=True, thousands=thousands, decimal=decimal).value(value, "")
    found = number(text, marks)
    assert found is not None
    assert math.isclose(found.value, value, abs_tol=0.0051)
    assert marks_of([text, f"1{decimal}25"]) == marks


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("ns", 1.0), ("us", 1e3), ("usecond", 1e3), ("msecond", 1e6), ("s", 1e9), ("Kbyte", 1e3),
     ("Gbyte/s", 1e9), ("Gbyte/second", 1e9), ("byte/usecond", 1e6), ("cycle/nsecond", 1e9),
     ("cycle/usecond", 1e6), ("Ghz", 1e9), ("Mhz", 1e6), ("MHz", 1e6), ("%", 1.0), ("", 1.0),
     ("Kbyte/block", 1e3), ("register/thread", 1.0), ("inst/cycle", 1.0), ("Kfoo", None)],
)  # fmt: skip
def test_units(unit: str, expected: float | None) -> None:
    """As releases of 2020 to 2026 print them."""
    found = scale(unit)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_marks_that_contradict_are_none() -> None:
    """1,234 alone tells nothing."""
    assert marks_of(["1,234"]) == Marks(".", certain=False)
    assert marks_of(["1.5", "2,5"]) is None
    assert in_base_unit("launch__grid_size", "1,015,808", "", POINT) == (1_015_808.0, 0.0)


LAUNCHES = 4
COMPARED = ("duration_ns", "sm_sol_pct", "memory_sol_pct", "dram_sol_pct", "l2_sol_pct",
            "l1_sol_pct", "waves")  # fmt: skip
SAME = ("kernel_full", "grid_x", "block_x", "stream", "compute_capability")
REPORTS = (
    *("a100-self-join-full", "a10g-sgemm-roofline", "gh200-kokkos-basic", "rtx3070-scan-2020"),
    *("h800-flash-attention-partial", "v100-miniweather-after"),
)


@lru_cache(maxsize=len(REPORTS))
def of_report(path: Path) -> tuple[list[Printed], pl.DataFrame]:
    """The first launches of a report, and its own kernels table of them."""
    return list(ncu_text.launches(path, LAUNCHES)), load(path).kernels.head(LAUNCHES)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("layout", ["raw csv, base units", "raw text", "details csv",
                                    "details text", "details text of 2021"])  # fmt: skip
def test_figures_equal_those_of_the_report(
    report: str, layout: str, corpus: Path, tmp_path: Path
) -> None:
    """Printed from real reports: equal within what is not printed, or not known."""
    launches, own = of_report(corpus / "ncu" / f"{report}.ncu-rep")
    printed = load(text_file(tmp_path, LAYOUTS[layout](launches))).kernels
    assert printed.height == own.height
    for one, other in zip(printed.to_dicts(), own.to_dicts(), strict=True):
        for name in SAME:
            assert one[name] == other[name] or ("2021" in layout and one[name] is None), name
        for name in COMPARED:
            if one[name] is not None:
                assert one[name] == pytest.approx(other[name], rel=2e-3, abs=0.00501), name
        for name in ("flop", "dram_bytes"):
            if one[name] is not None:
                assert one[name] == pytest.approx(other[name], rel=0.05), name
        for name in ("flop_exactness", "bytes_exactness"):
            assert one[name] in (None, "estimate")
        assert one["sol_class"] in (None, other["sol_class"])
