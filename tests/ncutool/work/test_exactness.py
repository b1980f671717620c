"""How sure each figure is: a value that code asks for, set where the figure is made."""

from __future__ import annotations

from typing import Any

import pytest
from operator_calls import call, work

from ncutool.base import tables
from ncutool.companions.figures import agreed
from ncutool.work import counters
from ncutool.work.exactness import Exactness, of_sum
from ncutool.work.operators import OpCall


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((), "exact"),
        (("exact", "exact"), "exact"),
        (("exact", "lower_bound"), "lower_bound"),
        (("upper_bound", "exact", "upper_bound"), "upper_bound"),
        (("lower_bound", "upper_bound"), "estimate"),
        (("exact", "estimate"), "estimate"),
    ],
)
def test_of_sums(parts: tuple[Exactness, ...], expected: str) -> None:
    """A sum is as sure as its parts; bounds from both sides leave an estimate."""
    assert of_sum(*parts) == expected
    assert expected in tables.EXACTNESS


@pytest.mark.parametrize(
    ("built", "flop", "size"),
    [
        (call("aten::mm", ([64, 32], "bf16"), ([32, 16], "bf16")), "exact", "exact"),
        (call("aten::sort", ([100], "fp32"), "-1", "False"), "exact", "lower_bound"),
        (call("aten::topk", ([8, 9], "fp32"), "2", "-1"), "exact", "lower_bound"),
        # the reduced dimensions are not recorded: no more additions than elements, no less read
        (call("aten::sum", ([8, 9], "fp32"), None, None, None), "upper_bound", "lower_bound"),
        (call("aten::argmax", ([8, 9], "fp32"), None, None), "exact", "lower_bound"),
        (
            call("aten::index_put_", ([100], "fp32"), None, ([8], "fp32"), "True"),
            "lower_bound",
            "lower_bound",
        ),
        (
            call("aten::index_put_", ([100], "fp32"), None, ([8], "fp32"), "False"),
            "exact",
            "lower_bound",
        ),
    ],
)
def test_of_operators(built: OpCall, flop: str, size: str) -> None:
    """What the shapes require is exact; what the call leaves open is a bound."""
    found = work(built)
    assert (found.flop_exactness, found.bytes_exactness) == (flop, size)


def test_a_batch_norm_of_unknown_mode_is_an_estimate() -> None:
    """Without its flag it is taken for training, which does more than inference."""
    parameters = [([4], "fp32")] * 4
    told = call("aten::cudnn_batch_norm", ([2, 4, 8, 8], "fp32"), *parameters, "True", "0.1", "0")
    untold = call("aten::cudnn_batch_norm", ([2, 4, 8, 8], "fp32"), *parameters)
    assert work(told).flop_exactness == "exact"
    assert (work(untold).flop_exactness, work(untold).bytes_exactness) == ("estimate", "estimate")


TIME = {"gpu__time_duration.sum": 1e6}
DRAM = {
    "device__attribute_global_memory_bus_width": 5120.0,
    "dram__cycles_elapsed.avg.per_second": 1e9,
}
CYCLES = "dram__cycles_active.avg.pct_of_peak_sustained_elapsed"
THROUGHPUT = "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"dram__bytes.sum": 4096.0}, "exact"),
        ({**DRAM, CYCLES: 25.0}, "estimate"),  # averages over instances that may be off
        ({**DRAM, THROUGHPUT: 25.0}, "estimate"),  # so does this
        ({}, None),
    ],
)
def test_of_counted_bytes(metrics: dict[str, float], expected: str | None) -> None:
    """Counted bytes are exact, cycles times a nominal bus are not; no bytes have none."""
    row = counters.launch_work({**TIME, **metrics}, "8.0", None)
    assert row["bytes_exactness"] == expected
    assert row["flop_exactness"] is None


def _measured(**figures: Any) -> dict[str, Any]:
    row = dict.fromkeys(tables.WORK.polars_schema(), None)
    return {**row, "launch_id": 3, "flop": 8.0, "flop_exactness": "exact", **figures}


def test_of_figures_joined_from_a_report() -> None:
    """Operations are the same in both runs; bytes were counted with cold caches."""
    row = agreed([_measured(dram_bytes=64.0, bytes_exactness="exact")], "same kernel")
    assert (row["new_flop_exactness"], row["new_bytes_exactness"]) == ("exact", "estimate")
    low = agreed([_measured(dram_bytes=64.0, bytes_exactness="upper_bound")], "same kernel")
    assert low["new_bytes_exactness"] == "upper_bound"
    none = agreed([_measured()], "same kernel")
    assert none["new_bytes_exactness"] is None
