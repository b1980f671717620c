"""A real trace of PyTorch, with one kernel added for each operator, against the profiler's word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from ncutool.work import shapes
from ncutool.work.operators import Work, model
from ncutool.work.operators.signature import parse_call
from ncutool_parsers import read
from ncutool_parsers.capture import Capture
from torch_differential.flops import counted

Event = dict[str, Any]


def _workload() -> None:
    """Operators with every kind of argument: tensors, lists, numbers, texts, absent ones."""
    x, weight = torch.rand(4, 6, 8), torch.rand(10, 8)
    y = torch.nn.functional.linear(x, weight, torch.rand(10))
    y = torch.nn.functional.gelu(y, approximate="tanh").transpose(0, 1)
    y = torch.nn.functional.layer_norm(y, (10,)).to(torch.bfloat16).float()
    z = torch.cat([y, y * 2.5, y.expand(6, 4, 10)], dim=-1)[..., ::2]
    torch.stack([z, z]).sum(dim=(0, -1), keepdim=True, dtype=torch.float64)
    torch.nn.functional.conv2d(torch.rand(1, 4, 5, 5), torch.rand(6, 2, 3, 3), groups=2, padding=1)
    torch.baddbmm(torch.rand(10), x, weight.t().expand(4, 8, 10), beta=0.5)
    torch.rand(7, 3)[torch.tensor([1, 2])].clamp_(min=0.1)
    torch.softmax(z, -1).masked_fill(torch.ones(5, dtype=torch.bool).all(), 1 + 0.5)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event], Any]:
    """The trace's path once every operator has a kernel, its operator events, the profiler."""
    path = tmp_path_factory.mktemp("trace") / "real.json"
    _workload()
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        _workload()
    profiler.export_chrome_trace(str(path))
    trace = json.loads(path.read_text(encoding="utf-8"))
    operators = [item for item in trace["traceEvents"] if item.get("cat") == "cpu_op"]
    end = max(float(item["ts"]) + float(item["dur"]) for item in operators)
    for number, item in enumerate(operators):
        at = _own_moment(item, operators)
        trace["traceEvents"] += _launched(item, at, 1_000_000 + number, end + 100 * number)
    path.write_text(json.dumps(trace), encoding="utf-8")
    return path, operators, profiler


def _launched(operator: Event, at: float, correlation: int, when: float) -> list[Event]:
    """A launch by an operator, and its kernel."""
    place = {"pid": operator["pid"], "tid": operator["tid"]}
    linked = {"External id": operator["args"]["External id"], "correlation": correlation}
    return [
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": at, "dur": 0}
        | place
        | {"args": linked},
        {"ph": "X", "cat": "kernel", "name": f"kernel_{correlation}", "ts": when, "dur": 50}
        | {"pid": 0, "tid": 7}
        | {"args": {**linked, "device": 0, "stream": 7, "grid": [1, 1, 1], "block": [32, 1, 1]}},
    ]


def _own_moment(operator: Event, operators: list[Event]) -> float:
    """The middle of the longest time within an operator when none inside it is open: times of
    this size are exact to a nanosecond or so only."""
    start, end = _span(operator)
    inside = sorted(
        _span(item)
        for item in operators
        if item is not operator and start <= _span(item)[0] and _span(item)[1] <= end
    )
    free, last = [], start
    for low, high in inside:
        free.append((low - last, last))
        last = max(last, high)
    length, since = max([*free, (end - last, last)])
    return since + length / 2


def _span(item: Event) -> tuple[float, float]:
    return float(item["ts"]), float(item["ts"]) + float(item["dur"])


@pytest.fixture(scope="module")
def capture(traced: tuple[Path, list[Event], Any]) -> Capture:
    """What ncutool reads from it."""
    return read(traced[0])


def _decoded(capture: Capture) -> list[tuple[Any, ...]]:
    """(name, dims, types, strides, values) of every operator, in order of start."""
    rows = capture.ops.join(capture.signatures, on="signature_id").sort("op_id")
    texts = ("input_dims", "input_types", "input_strides", "concrete_inputs")
    return [(row["op"], *(json.loads(row[text]) for text in texts)) for row in rows.to_dicts()]


def _key(item: tuple[Any, ...]) -> str:
    return json.dumps(item, sort_keys=True)


def test_every_operator_of_the_file_is_decoded(
    traced: tuple[Path, list[Event], Any], capture: Capture
) -> None:
    """None is lost or doubled, and all arguments are those in the file."""
    keys = ("Input Dims", "Input type", "Input Strides", "Concrete Inputs")
    written = [(item["name"], *(item["args"][key] for key in keys)) for item in traced[1]]
    assert len(written) > 80
    assert sorted(map(_key, _decoded(capture))) == sorted(map(_key, written))


def test_names_and_arguments_are_what_the_profiler_itself_reports(
    traced: tuple[Path, list[Event], Any], capture: Capture
) -> None:
    """Against the event objects in memory, which never went through a file: name, shapes, data
    types, strides and, as numbers and texts, the concrete values."""
    events = traced[2].profiler.kineto_results.events()
    reported = [
        (
            item.name(),
            _nested(item.structured_input_shapes()),
            list(item.dtypes()),
            _nested(item.structured_input_strides()),
            [_plain(value) for value in item.concrete_inputs()],
        )
        for item in events
    ]
    decoded = [
        (name, dims, types, strides, [_value(text) for text in values])
        for name, dims, types, strides, values in _decoded(capture)
    ]
    assert sorted(map(_key, decoded)) == sorted(map(_key, reported))


def _nested(value: Any) -> Any:
    """Shapes of lists as lists of lists; what has none as the empty list, as in the file."""
    if value is None:
        return []
    return [_nested(item) for item in value] if isinstance(value, list | tuple) else value


def _value(text: str) -> Any:
    found = parse_call("x", "[[]]", '["Scalar"]', None, json.dumps([text])).inputs[0]
    return _plain(getattr(found, "value", None))


def _plain(value: Any) -> Any:
    """A concrete value without the difference between lists and tuples, 0 and absent texts."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if value == "" else value


def test_each_kernel_is_linked_to_the_operator_it_was_added_to(
    traced: tuple[Path, list[Event], Any], capture: Capture
) -> None:
    """By its launch: as many kernels as operators, each to one of that name and shape."""
    linked = capture.launches.join(capture.ops, on="op_id").join(
        capture.signatures, on="signature_id"
    )
    expected = {
        f"kernel_{1_000_000 + number}": (item["name"], json.dumps(item["args"]["Input Dims"]))
        for number, item in enumerate(traced[1])
    }
    found = {
        row["kernel_full"]: (row["op"], json.dumps(json.loads(row["input_dims"])))
        for row in linked.to_dicts()
    }
    assert found == expected


@pytest.mark.parametrize(
    ("name", "again"),
    [
        (
            "aten::baddbmm",
            lambda: counted(
                torch.ops.aten.baddbmm.default,
                torch.rand(10),
                torch.rand(4, 6, 8),
                torch.rand(4, 8, 10),
            ),
        ),
        (
            "aten::convolution",
            lambda: counted(
                torch.ops.aten.conv2d.default,
                torch.rand(1, 4, 5, 5),
                torch.rand(6, 2, 3, 3),
                None,
                [1, 1],
                [1, 1],
                [1, 1],
                2,
            ),
        ),
    ],
)
def test_the_kernels_table_holds_the_counters_operations(
    capture: Capture, name: str, again: Callable[[], int]
) -> None:
    """The whole way: file, link, signature, model; the sum over the operator's kernels."""
    table = shapes.work(capture)
    rows = table.join(capture.launches.select("launch_id", "op_id"), on="launch_id")
    rows = rows.join(capture.ops, on="op_id").join(capture.signatures, on="signature_id")
    mine = rows.filter(rows["op"] == name)
    assert mine.height == 1
    assert mine["flop"].sum() == again()
    row = mine.row(0, named=True)
    texts = (row[k] for k in ("input_dims", "input_types", "input_strides", "concrete_inputs"))
    found = model(parse_call(name, *texts))
    assert isinstance(found, Work)
    assert row["dram_bytes"] == found.bytes
