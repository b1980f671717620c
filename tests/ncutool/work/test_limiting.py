"""Which unit a speed of light is that of: the share that equals it, of those that are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.work import limiting

END = ".avg.pct_of_peak_sustained_elapsed"
PARTS = {
    "dram__cycles_active": "dram",
    "fbpa__dram_sectors": "dram",
    "lts__t_sectors": "l2",
    "lts__lts2xbar_cycles_active": "l2",
    "l1tex__data_pipe_lsu_wavefronts": "l1",
    "l1tex__lsuin_requests": "l1",
    "l1tex__m_xbar2l1tex_read_sectors_mem_dshared": "shared",
}
PIPES = {
    "sm__pipe_fma_cycles_active": "fma",
    "sm__pipe_fmaheavy_cycles_active": "fma",
    "sm__pipe_alu_cycles_active": "alu",
    "sm__pipe_tensor_op_dmma_cycles_active": "tensor",
    "sm__pipe_tensor_cycles_active": "tensor",
    "sm__inst_executed_pipe_lsu": "lsu",
    "sm__inst_executed_pipe_cbu_pred_on_any": "cbu",
    "sm__issue_active": "issue",
    "sm__mio_inst_issued": "mio",
    "idc__request_cycles_active": "constant",
}


def shares(**named: float) -> dict[str, float]:
    """Shares of peaks by NVIDIA's metric names."""
    return {name + END: value for name, value in named.items()}


@pytest.mark.parametrize(("name", "level"), PARTS.items())
def test_the_level_of_each_part_of_the_memory_speed_of_light(name: str, level: str) -> None:
    """The part at 85.5 % of its peak is the level, whatever the others reach."""
    metrics = shares(**dict.fromkeys(PARTS, 20.0)) | shares(**{name: 85.5457})
    assert limiting.memory_level(metrics, 85.5457) == level


@pytest.mark.parametrize(("name", "unit"), PIPES.items())
def test_the_unit_of_each_part_of_the_compute_speed_of_light(name: str, unit: str) -> None:
    """Likewise of pipes and other units of the multiprocessor."""
    metrics = shares(**dict.fromkeys(PIPES, 20.0)) | shares(**{name: 70.3206})
    assert limiting.compute_unit(metrics, 70.3206) == unit


def test_shared_memory_is_named_where_it_is_most_of_the_data_pipe() -> None:
    """60 of 85 points; of 40 points L1 is said; without the count, too."""
    pipe = shares(l1tex__data_pipe_lsu_wavefronts=85.0)
    of_shared = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum.pct_of_peak_sustained_elapsed"
    assert limiting.memory_level({**pipe, of_shared: 60.0}, 85.0) == "shared"
    assert limiting.memory_level({**pipe, of_shared: 40.0}, 85.0) == "l1"
    assert limiting.memory_level(pipe, 85.0) == "l1"
    other = shares(l1tex__data_pipe_lsu_wavefronts=80.0, l1tex__lsuin_requests=85.0)
    assert limiting.memory_level({**other, of_shared: 80.0}, 85.0) == "l1"


def test_the_pipe_that_two_share_is_named_where_neither_is() -> None:
    """FP64 at the same share is the pipe; alone, it is only known that they share it."""
    both = shares(sm__pipe_shared_cycles_active=52.4, sm__pipe_fp64_cycles_active=52.4)
    assert limiting.compute_unit(both, 52.4) == "fp64"
    alone = shares(sm__pipe_shared_cycles_active=52.4, sm__pipe_fp64_cycles_active=3.0)
    assert limiting.compute_unit(alone, 52.4) == "shared_pipe"


def test_a_level_is_known_by_its_own_largest_share_too() -> None:
    """A report may hold the shares of DRAM, L2 and L1 without their parts."""
    metrics = shares(gpu__dram_throughput=77.0, lts__throughput=30.0)
    assert limiting.memory_level(metrics, 77.0) == "dram"
    assert limiting.memory_level(metrics, 30.0) == "l2"


def test_what_is_not_known_is_not_guessed() -> None:
    """The largest share may be one that NVIDIA does not name, or that is not recorded."""
    hidden = "gpu__compute_memory_request_throughput_internal_activity"
    assert limiting.memory_level(shares(lts__t_sectors=40.0, **{hidden: 90.0}), 90.0) is None
    assert limiting.memory_level(shares(lts__t_sectors=40.0), 90.0) is None
    assert limiting.memory_level({}, 90.0) is None
    assert limiting.memory_level(shares(lts__t_sectors=0.0), 0.0) is None
    assert limiting.memory_level(shares(lts__t_sectors=40.0), None) is None
    assert limiting.compute_unit(shares(sm__instruction_throughput=50.0), 50.0) is None


@given(st.dictionaries(st.sampled_from(list(PARTS)), st.floats(0.01, 100), min_size=1))
def test_the_level_is_that_of_a_largest_part(found: dict[str, float]) -> None:
    """Whatever the parts reach, in whatever order they stand."""
    largest = max(found.values())
    level = limiting.memory_level(shares(**found), largest)
    assert level == limiting.memory_level(shares(**dict(reversed(found.items()))), largest)
    near = {PARTS[name] for name, share in found.items() if share >= largest * (1 - 1e-5)}
    assert level in near
