"""What a file says is bounded once, where it enters: texts, numbers, lists, nesting, events."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch_factory as make
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool_parsers import read
from ncutool_parsers.capture import Capture
from ncutool_parsers.edge import (
    LARGEST_BYTES,
    LARGEST_ID,
    Edge,
    cut,
    decoded,
    number_in,
)
from ncutool_parsers.errors import NcutoolError, UnreadableError
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.visible_text import visible

HOSTILE = "\x00\x07\x1b\x7f\x9b\u061c\u200b\u200d\u202e\u2066\ufeff\ud800\udfff\U000e0041"
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from(HOSTILE + "\r\n\t\u2028\x85")))
LITERALS = st.sampled_from(
    ["1e400", "-1e400", "1e-400", "NaN", "-Infinity", "9" * 5000, "-1", "0", "1.5", "1e999"]
    + [f"{quote}1e{sign}{'9' * 20}{quote}" for quote in ("", '"') for sign in ("", "-")]
    + [str(n) for n in (1 << 31, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63), 10**25)]
    + ['"7"', '"x"', '"' + "9" * 5000 + '"', '"\\ud800"', '"\\u0000\\u202e"', '""', "true", "null"]
    + ["[]", "{}", "[[]]", '{"ph": 2}', "[1, 1, 1]", "[-1, 1, 1]", "[4611686018427387904, 1, 1]"]
)


@given(TEXTS)
def test_nothing_controls_hides_or_reorders_what_is_shown(text: str) -> None:
    """What is left can be written as UTF-8, and no character of it is invisible but white space."""
    shown = visible(text)
    shown.encode("utf-8")
    unseen = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
    assert not unseen & set(HOSTILE)
    assert {char for char in unseen if unicodedata.category(char) == "Cc"} <= {"\t", "\n"}
    assert visible(shown) == shown


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_ordinary_names_are_kept(name: str) -> None:
    """Nothing of what compilers write is touched."""
    assert visible(name) == name
    assert Edge().text(name) == name


@given(st.text("ab", min_size=40, max_size=60), st.text("ab", min_size=40, max_size=60))
def test_long_names_stay_apart_when_they_are_cut(first: str, second: str) -> None:
    """Two kernels do not become one for want of room."""
    assert (cut(first, 5) == cut(second, 5)) == (first == second)
    assert cut(first, 60) == first
    assert cut(first, 5).startswith(f"{first[:5]}… (")


@given(
    st.one_of(st.integers(), st.floats(), TEXTS, st.booleans(), st.none(), st.lists(st.none())),
    st.integers(0, 1),
)
def test_a_number_is_within_its_bounds_or_none(value: object, least: int) -> None:
    """Whatever a file holds in its place."""
    found = number_in(value, LARGEST_ID, least)
    if found is None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        assert not (whole and least <= value <= LARGEST_ID)  # type: ignore[operator]  # it is one
    else:
        assert least <= found <= LARGEST_ID
        assert not isinstance(value, bool)
        assert found == (int(value) if isinstance(value, str) else value)


@given(st.one_of(st.binary(), LITERALS.map(str.encode), TEXTS.map(json.dumps).map(str.encode)))
def test_any_bytes_are_decoded_to_something(raw: bytes) -> None:
    """Text that is no JSON, or that nothing can hold, is nothing."""
    value = decoded(raw)
    assert value is None or isinstance(value, bool | int | float | str | list | dict)


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document that holds something."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _leaves(inner)


def _document() -> dict[str, Any]:
    device = {"id": 0, "name": "NVIDIA H100 80GB HBM3", "totalGlobalMem": 85018279936}
    device |= {"computeMajor": 9, "computeMinor": 0, "numSms": 132}
    extra = make.kernel("nccl", 300.5, 5.0, 9, **{"In msg nelems": 4, "Group size": 8})
    extra["args"] |= {"bytes": 64, "grid": [4, 1, 1], "block": [64, 1, 1], "dtype": "Float"}
    return {
        "deviceProperties": [device],
        "distributedInfo": {"rank": 0, "world_size": 8},
        "baseTimeNanoseconds": 1,
        "traceEvents": [*make.small(), extra],
    }


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_value_in_any_place_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The tables hold what they promise: names that can be written, counts that can be."""
    document = copy.deepcopy(_document())
    marks = {}
    for number in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(_leaves(document))))
        mark = f"@@{number}@@"
        holder[key] = mark
        marks[f'"{mark}"'] = data.draw(LITERALS)
    text = json.dumps(document)
    for mark, literal in marks.items():
        text = text.replace(mark, literal)
    path = tmp_path_factory.mktemp("edge") / "t.json"
    path.write_text(text)
    with contextlib.suppress(NcutoolError):
        _check(read(path))


def _check(capture: Capture) -> None:
    """Hold a capture to what its columns promise."""
    launches = capture.launches
    for name in ("kernel", "kernel_full", "collective", "collective_dtype", "nvtx"):
        for value in launches[name].drop_nulls():
            assert visible(value) == value
    for name in ("stream", "device", "grid_x", "block_x", "copy_bytes", "collective_group_size"):
        assert (launches[name].drop_nulls() >= 0).all()
    for name, most in (("copy_bytes", LARGEST_BYTES), ("grid_x", 1 << 32), ("block_z", 1 << 16)):
        assert (launches[name].drop_nulls() <= most).all()
    for device in capture.devices:
        for count in (device.sm_count, device.memory_bytes):
            assert count is None or 0 < count <= LARGEST_BYTES
        assert device.name is None or visible(device.name) == device.name
    assert capture.rank is None or 0 <= capture.rank < 1 << 32
    json.dumps([notice.text for notice in capture.notices]).encode()


def _told(capture: Capture, code: str) -> str:
    (text,) = [notice.text for notice in capture.notices if notice.code == code]
    return text


def _changed(folder: Path, old: str, new: str, options: ReadOptions | None = None) -> Capture:
    """The small document with one part of its text replaced."""
    text = json.dumps(_document())
    assert old in text
    path = folder / "t.json"
    path.write_text(text.replace(old, new, 1))
    return read(path, options or ReadOptions())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"grid": [4, 1, 1]', f'"grid": [{"9" * 5000}, 1, 1]'),
        ('"grid": [4, 1, 1]', '"grid": [4611686018427387904, 1, 1]'),
        ('"grid": [4, 1, 1]', '"grid": [-4, 1, 1]'),
        ('"block": [64, 1, 1]', '"block": [65536, 65536, 65536]'),
        ('"bytes": 64', '"bytes": -64'),
        ('"bytes": 64', '"bytes": 4611686018427387904'),
        ('"In msg nelems": 4', '"In msg nelems": 4611686018427387904'),
        ('"numSms": 132', '"numSms": -132'),
        ('"numSms": 132', '"numSms": 1e400'),
        ('"totalGlobalMem": 85018279936', '"totalGlobalMem": "many"'),
        ('"world_size": 8', '"world_size": 0'),
    ],
)
def test_numbers_that_cannot_be_are_unknown_and_counted(tmp_path: Path, old: str, new: str) -> None:
    """One of them, and one is told of."""
    assert not [
        notice for notice in _changed(tmp_path, old, old).notices if notice.code == "bad_numbers"
    ]
    assert _told(_changed(tmp_path, old, new), "bad_numbers").startswith("1 number in the file")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("gemm\\ud800", "gemm\ufffd"),
        ("gemm\\u0000b", "gemm\ufffdb"),
        ("\\u202egemm", "\ufffdgemm"),
        ("ge\\u200bmm", "ge\ufffdmm"),
        ("\\u001b[31mgemm", "\ufffd[31mgemm"),
        ("gemm\\u009b1m", "gemm\ufffd1m"),
    ],
)
def test_characters_that_cannot_be_seen_are_marked_and_counted(
    tmp_path: Path, written: str, shown: str
) -> None:
    """A terminal is not steered, and a name does not read as another one."""
    capture = _changed(tmp_path, '"name": "nccl"', f'"name": "{written}"')
    assert shown in capture.launches["kernel_full"].to_list()
    assert _told(capture, "bad_names").startswith("1 name holds")


def test_names_without_end_are_cut(tmp_path: Path) -> None:
    """Each to its limit, which the notice names with its option."""
    capture = _changed(tmp_path, '"name": "nccl"', f'"name": "{"x" * 1_000_000}"')
    (name,) = [name for name in capture.launches["kernel_full"] if name.startswith("xx")]
    assert len(name) < 16_384 + 50
    assert "--max-name" in _told(capture, "long_names")
    capture = _changed(tmp_path, '"aten::mm"', f'"aten::{"x" * 1_000_000}"')
    assert max(len(name) for name in capture.signatures["op"]) < 1_050
    short = _changed(tmp_path, '"name": "nccl"', '"name": "gemmgemm"', ReadOptions(max_name=6))
    assert any(name.startswith("gemmge… (8 characters, ") for name in short.launches["kernel_full"])


@pytest.mark.parametrize(
    ("dims", "code", "option"),
    [
        ([[4, 4]] * 60_000, "long_arguments", "--max-values"),
        (json.loads("[" * 70 + "4" + "]" * 70), "nested_arguments", "--max-nesting"),
    ],
)
def test_arguments_past_their_limits_are_left_out(
    tmp_path: Path, dims: Any, code: str, option: str
) -> None:
    """The launches stay; their operator is without shapes, and the notice names the option."""
    path = tmp_path / "t.json"
    events = [
        make.op("aten::mm", 100.0, 50.0, 1, **{"Input Dims": dims}),
        make.call(110.0, 5.0, 1),
        make.kernel("gemm", 130.5, 5.0, 1),
    ]
    path.write_text(make.text(events, "compact"))
    capture = read(path)
    assert capture.launches.height == 1
    assert capture.signatures["input_dims"].to_list() == [None]
    assert option in _told(capture, code)
    raised = read(path, ReadOptions(max_values=200_000, max_nesting=80))
    assert raised.signatures["input_dims"].to_list() == [json.dumps(dims)]


def test_more_events_than_are_to_be_read_are_refused(tmp_path: Path) -> None:
    """The error names the file, the limit and the option."""
    path = make.write(tmp_path / "many.json", make.small())
    count = len(make.small())
    assert read(path, ReadOptions(max_events=count)).launches.height == 2
    with pytest.raises(UnreadableError, match=r"many\.json: holds more than .* --max-events"):
        read(path, ReadOptions(max_events=count - 1))


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"a\xff\xfe.json", "a\ufffd\ufffd.json"), (b"\x1b[31m.json", "\ufffd[31m.json")],
)
def test_names_of_files_hide_nothing_either(tmp_path: Path, name: bytes, shown: str) -> None:
    """Bytes that are not UTF-8 come as halves of pairs, which no output can be written with."""
    path = tmp_path / os.fsdecode(name)
    try:
        make.write(path, make.small())
    except OSError:
        pytest.skip("this file system takes no such name")
    assert read(path).name == shown


@pytest.mark.parametrize("written", ["1e99999999999999999999", "1e-99999999999999999999"])
@pytest.mark.parametrize("quoted", ["{}", '"{}"'])
@pytest.mark.parametrize("old", ['"ts": 130.5', '"dur": 5.0', '"bytes": 64', '"tid": 7'])
def test_powers_past_what_a_decimal_holds_are_no_numbers(
    tmp_path: Path, old: str, quoted: str, written: str
) -> None:
    """The file is read all the same, also the slow way, as NaN in it demands."""
    key = old.partition(":")[0]
    text = json.dumps(_document())
    assert old in text
    path = tmp_path / "t.json"
    for nan in ("", '"why": NaN, '):
        path.write_text(text.replace(old, f"{nan}{key}: {quoted.format(written)}", 1))
        assert read(path, ReadOptions()).launches.height >= 1
