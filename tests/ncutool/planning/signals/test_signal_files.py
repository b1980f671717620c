"""The three kinds of samples, read as their tools print them; and what is none of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from signal_texts import EVERYTHING, OLD, dcgmi_dmon, exporter, smi_dmon

from ncutool.planning.signals import Series, parse, read
from ncutool.planning.signals.dcgm_fields import BY_NAME, BY_TAG, FIELDS, Field
from ncutool.planning.signals.reading import MOST_BYTES
from ncutool.planning.signals.series import MOST_GPUS, SIGNALS
from ncutool_parsers.errors import EmptyError, UnreadableError


def only(series: Series, signal: str) -> tuple[float | None, ...]:
    """The column of the one GPU."""
    (gpu,) = series.gpus
    return gpu.columns[signal]


@pytest.mark.parametrize("columns", [("sm", "mem", "enc", "dec"), OLD, EVERYTHING])
@pytest.mark.parametrize("prefix", ["", "D", "T", "DT"])
@pytest.mark.parametrize("separator", ["", ","])
def test_dmon_reads_alike_whatever_its_columns(
    columns: tuple[str, ...], prefix: str, separator: str
) -> None:
    """Old and new sets, dates and times before them, commas: sm and mem are found by name."""
    text = smi_dmon(
        [{"sm": 97, "mem": 41}, {"sm": "-", "mem": 3}],
        columns,
        prefix=prefix,
        separator=separator,
    )
    found = parse(text, "x")
    assert (found.kind, found.skipped_lines, found.refused_values) == ("nvidia-smi dmon", 0, 0)
    assert only(found, "gpu_util_pct") == (97.0, None)
    assert only(found, "memory_util_pct") == (41.0, 3.0)


def test_dmon_keeps_gpus_apart_in_order_of_their_numbers() -> None:
    """Ten GPUs, the heading repeated after each sample: GPU 2 stands before GPU 10."""
    text = smi_dmon([{"sm": 5}, {"sm": 7}, {"sm": 9}], gpus=(10, 0, 2), every=1)
    found = parse(text, "x")
    assert [gpu.name for gpu in found.gpus] == ["GPU 0", "GPU 2", "GPU 10"]
    assert {gpu.columns["gpu_util_pct"] for gpu in found.gpus} == {(5.0, 7.0, 9.0)}


def test_dmon_knows_the_counters_of_hopper_and_later() -> None:
    """`--gpm-metrics` adds columns whose percentages are DCGM's ratios times a hundred."""
    columns = ("sm", "mem", "smutil", "smocc", "mmaact", "dram", "fp64", "fp32", "fp16")
    row: dict[str, object] = {"smutil": 91.5, "mmaact": 12.25, "dram": 71}
    found = parse(smi_dmon([row], columns), "x")
    assert only(found, "sm_active_pct") == (91.5,)
    assert only(found, "tensor_active_pct") == (12.25,)
    assert only(found, "dram_active_pct") == (71.0,)


def test_a_row_that_does_not_fit_its_heading_is_left_out_and_counted() -> None:
    """A torn last line and a message among the samples are no samples of anything."""
    text = smi_dmon([{"sm": 50}]) + "    0     5\nGPU is lost\n 0 1 2 3 4 5 6 7 8\n"
    found = parse(text, "x")
    assert only(found, "gpu_util_pct") == (50.0,)
    assert found.skipped_lines == 3


def test_dcgmi_ratios_become_percentages() -> None:
    """0.527 is 52.7 %; GPUTL is in percent already; N/A is missing, not 0."""
    text = dcgmi_dmon(
        [{"GPUTL": 99, "TENSO": 0.527, "DRAMA": None}, {"GPUTL": 98, "TENSO": 0.5, "DRAMA": 0.25}],
        ("GPUTL", "POWER", "TENSO", "DRAMA"),
    )
    found = parse(text, "x")
    assert found.kind == "dcgmi dmon"
    assert only(found, "gpu_util_pct") == (99.0, 98.0)
    assert only(found, "tensor_active_pct") == pytest.approx((52.7, 50.0))
    assert only(found, "dram_active_pct") == (None, 25.0)


@pytest.mark.parametrize("glued", [True, False])
def test_dcgmi_keeps_instances_of_a_gpu_apart(glued: bool) -> None:
    """GPU, GPU-I and GPU-CI are entities of their own; a switch is none of ours and no error."""
    text = dcgmi_dmon([{"SMACT": 0.5}], ("SMACT",), entities=("GPU 0", "GPU-I 1"), glued=glued)
    found = parse(text + "    Switch 0  N/A\n", "x")
    assert [gpu.name for gpu in found.gpus] == ["GPU 0", "GPU-I 1"]
    assert found.skipped_lines == 0


def test_exporter_scrapes_follow_one_another() -> None:
    """Three scrapes of two GPUs are three samples of each; the model is kept, the host is not."""
    scrapes: list[dict[str, object]] = [{"SMACT": 0.1 * n, "DRAMA": 0.2} for n in (1, 2, 3)]
    found = parse(exporter(scrapes, gpus=(0, 1)), "x")
    assert found.kind == "dcgm-exporter"
    assert [gpu.samples for gpu in found.gpus] == [3, 3]
    assert found.gpus[1].columns["sm_active_pct"] == pytest.approx((10, 20, 30))
    assert found.gpus[0].model == "NVIDIA H100 80GB HBM3"
    assert "rack-7" not in repr(found)


def test_exporter_without_comments_goes_by_the_metric_that_comes_again() -> None:
    """The text of a query, not of a scrape."""
    scrapes: list[dict[str, object]] = [{"SMACT": 0.1, "DRAMA": 0.2}, {"SMACT": 0.3, "DRAMA": 0.4}]
    found = parse(exporter(scrapes, comments=False), "x")
    assert only(found, "dram_active_pct") == pytest.approx((20, 40))


def test_a_gpu_that_containers_share_is_one_sample_a_scrape() -> None:
    """The exporter lists the same value for each pod: that is not three samples."""
    scrapes: list[dict[str, object]] = [{"SMACT": 0.1, "DRAMA": 0.2}, {"SMACT": 0.3, "DRAMA": 0.4}]
    found = parse(exporter(scrapes, pods=("a", "b", "c")), "x")
    assert only(found, "sm_active_pct") == pytest.approx((10, 30))
    assert only(found, "dram_active_pct") == pytest.approx((20, 40))


def test_a_metric_that_comes_later_is_missing_before() -> None:
    """Switched on after the first scrape: its values stay beside those of the same scrape."""
    scrapes: list[dict[str, object]] = [{"SMACT": 0.1}, {"SMACT": 0.3, "DRAMA": 0.4}]
    found = parse(exporter(scrapes), "x")
    assert only(found, "dram_active_pct") == (None, 40.0)


def test_labels_may_hold_anything_that_is_quoted() -> None:
    """Quotes, braces and commas within a label are its text, not its end."""
    labels = r'pod="a\"}{,b",Hostname="h"'
    found = parse(exporter([{"SMACT": 0.25}], labels=labels), "x")
    assert only(found, "sm_active_pct") == (25.0,)
    assert found.skipped_lines == 0


def test_hosts_are_numbered_and_instances_named() -> None:
    """GPU 0 of two hosts are two GPUs; a MIG instance is a third."""
    line = 'DCGM_FI_PROF_SM_ACTIVE{{gpu="0",Hostname="{}"{}}} 0.5\n'
    found = parse(
        line.format("a", "") + line.format("b", "") + line.format("a", ',GPU_I_ID="7"'), "x"
    )
    assert [gpu.name for gpu in found.gpus] == ["GPU 0", "GPU 0 instance 7", "host 2 GPU 0"]


@pytest.mark.parametrize("each", FIELDS, ids=lambda field: field.tag)
def test_every_field_is_read_by_tag_and_by_each_of_its_names(each: Field) -> None:
    """Ids 1001 to 1008 and 203, 204; names before and since DCGM 4 are one field."""
    assert BY_TAG[each.tag] is each
    assert each.signal in SIGNALS
    raw = 0.5 * 100 / each.percent
    for name in each.names:
        assert BY_NAME[name] is each
        found = parse(f'{name}{{gpu="3"}} {raw}\n', "x")
        assert found.gpus[0].columns[each.signal] == (50.0,)


@pytest.mark.parametrize("value", ["140737488355328", "9223372036854775794", "-1", "1.06", "85.5"])
def test_a_value_that_is_no_ratio_is_left_out_and_counted(value: str) -> None:
    """DCGM's marks of a missing value, and percentages where a ratio belongs."""
    text = exporter([{"SMACT": 0.5, "TENSO": value}, {"SMACT": 0.5, "TENSO": 0.25}])
    found = parse(text, "x")
    assert only(found, "tensor_active_pct") == (None, 25.0)
    assert found.refused_values == 1


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "1_0", "٣", "0x1", "", "N/A"])
def test_what_is_no_number_is_missing(value: str) -> None:
    """Never 0, never NaN."""
    found = parse(f'DCGM_FI_PROF_SM_ACTIVE{{gpu="0"}} 0.5\n'
                  f'DCGM_FI_PROF_SM_ACTIVE{{gpu="0"}} {value}\n', "x")  # fmt: skip
    assert only(found, "sm_active_pct")[1:] in ((None,), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ('{"traceEvents": []}', "ncutool report"),
        ("# gpu        pid  type    sm   mem\n    0       1234     C    50    10\n", "pmon"),
        ("index, utilization.gpu [%]\n0, 50 %\n", "--query-gpu"),
        ("Sat Nov 21\n| NVIDIA-SMI 550.54   Driver Version: 550.54 |\n", "prints once"),
        ("0, 50, 10\n0, 51, 11\n", "no heading"),
        ("hello\n", "no heading of samples"),
        ("\0\0", "is no text"),
    ],
)
def test_what_is_not_samples_is_told_in_one_line(text: str, said: str) -> None:
    """It says what the file is, where that is known, and what to give instead."""
    with pytest.raises(UnreadableError, match=said) as raised:
        parse(text.encode(), "file.txt")
    assert "dcgmi dmon" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_heading_without_samples_is_empty() -> None:
    """`nvidia-smi dmon -s p` has no signal of use, a fresh file no sample."""
    for text in (smi_dmon([{}], ("pwr", "gtemp")), "# gpu  sm  mem\n", dcgmi_dmon([])):
        with pytest.raises(EmptyError, match="without one sample"):
            parse(text, "x")


def test_a_file_is_bounded_and_errors_name_it(tmp_path: Path) -> None:
    """A missing file, a folder and one past the limit each end in one line."""
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UnreadableError, match="cannot be read"):
            read(path)
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(UnreadableError, match="larger than"):
        read(large)


def test_a_shell_that_writes_utf16_is_read() -> None:
    """PowerShell's redirection, with its mark."""
    found = parse(smi_dmon([{"sm": 3}]).encode("utf-16"), "x")
    assert only(found, "gpu_util_pct") == (3.0,)


def test_gpus_are_bounded() -> None:
    """More of them than any file of samples holds are left out and counted."""
    text = "# gpu  sm\n" + "".join(f"{gpu} 1\n" for gpu in range(MOST_GPUS + 5))
    found = parse(text, "x")
    assert (len(found.gpus), found.skipped_lines) == (MOST_GPUS, 5)
