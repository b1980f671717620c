"""The shares and limits that decide whether a finding is made and what it is worth.

Each window is made so that it lies just on one side of one limit, and the whole advice on it is
asked: what a finding claims is its present time less the time worked out here.
"""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest
from host_traces import MS, US
from trace_factory import BF16, H100, Step, Trace, kernels, run, window

from ncutool import advice
from ncutool.advice.view.finding import Advice, Finding
from ncutool.devices import resolve
from ncutool.devices.resolve import Device
from ncutool_parsers.capture import Capture

HOPPER = replace(H100, vendor="nvidia", last_level_cache_bytes=52_000_000)
TILED = "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1"


def advised(capture: Capture, device: Device = HOPPER, table: pl.DataFrame | None = None) -> Advice:
    """Everything that is advised of a hand-made capture."""
    placed = kernels(capture, device) if table is None else table
    return advice.advise(placed, capture, window(capture), device)


def titled(given: Advice, words: str) -> Finding | None:
    """The finding whose title holds ``words``; None where there is none."""
    return next((one for one in given.findings if words in one.title), None)


FLASH = "void pytorch_flash::flash_{}_kernel<64, 128>(Params)"
ATTENTION = "attention written for this GPU"
PAIRS = 16 * 16 * 512**2


def attention(passed: str, causal: str) -> Capture:
    """FlashAttention 2 over [16,16,512,64] in 1 ms, forward (`fwd`) or backward (`bwd`)."""
    q, flags = ((16, 16, 512, 64), BF16), ((), "Scalar")
    if passed == "fwd":
        operator, arguments = "_scaled_dot_product_flash_attention", [*[q] * 3, *[flags] * 3]
        values = ["", "", "", "0.", causal, "False"]
    else:
        operator = "_scaled_dot_product_flash_attention_backward"
        logsumexp, absent = ((16, 16, 512), "float"), ((), "")
        arguments = [*[q] * 5, logsumexp, absent, absent, *[flags] * 4, *[absent] * 3]
        values = [*[""] * 8, "512", "512", "0.", causal, "", "", ""]
    trace = Trace()
    dims, types = zip(*arguments, strict=True)
    number = trace.op(f"aten::{operator}", -900 * US, -100 * US, dims, types)
    name = FLASH.format(passed)
    trace.kernel(0, MS, op_id=number, kernel=name, kernel_full=name, called=(-800, -700))
    capture = trace.capture()
    recorded = pl.lit(json.dumps(values)).alias("concrete_inputs")
    return replace(capture, signatures=capture.signatures.with_columns(recorded))


@pytest.mark.parametrize(("passed", "flop", "share"), [("fwd", 256, 0.4), ("bwd", 640, 0.28)])
@pytest.mark.parametrize("linked", [True, False])
def test_attention_reaches_two_fifths_of_its_peak_and_its_gradient_seven_tenths_of_that(
    passed: str, flop: int, share: float, linked: bool
) -> None:
    """2·(64 + 64) operations a pair forward, 2·5·64 backward, over 989 TFLOP/s; the kernel's name
    tells the direction where the operator is not known."""
    capture = attention(passed, "False")
    table = kernels(capture, HOPPER)
    if not linked:
        table = table.with_columns(op=pl.lit(None, dtype=pl.String))
    one = titled(advised(capture, table=table), ATTENTION)
    assert one is not None
    assert one.alone_high_ns == MS - round(PAIRS * flop / (share * 989e12) * 1e9)


@pytest.mark.parametrize("passed", ["fwd", "bwd"])
def test_attention_of_unknown_work_is_not_called_slow(passed: str) -> None:
    """Without the causal flag the FLOPs are unknown, and so is what it could reach."""
    assert titled(advised(attention(passed, "")), "attention") is None


def test_rows_are_taken_to_grow_eight_times_at_most() -> None:
    """4 rows of weights of 201 MB fit 65 times before arithmetic limits: 8 are counted on."""
    few: Step = ("aten::mm", [(4, 4096), (4096, 24576)], [BF16, BF16], 100_000)
    one = titled(advised(run([few]).capture()), "more rows")
    assert one is not None
    now, then = (
        2 * (4096 * 24576 + rows * (4096 + 24576)) / (0.85 * 3.35e12) + 2e-6 for rows in (4, 32)
    )
    assert one.alone_high_ns == 100_000 - round(100_000 * then / now / 8)
    assert any("with 8 times the rows" in sentence for sentence in one.evidence)


HALF = [(8944, 2816)] * 2
GATED: tuple[Step, ...] = (
    ("aten::mm", [(8944, 1024), (1024, 2816)], [BF16] * 2, 83_700),
    ("aten::silu", HALF[:1], [BF16], 38_000),
    ("aten::mm", [(8944, 1024), (1024, 2816)], [BF16] * 2, 83_700),
    ("aten::mul", HALF, [BF16] * 2, 51_000),
)


def tiled(trace: Trace, name: str = TILED, shared: int = 231_424) -> Trace:
    """With names and resources that tell how many blocks of the products run at once."""
    for row in trace.launches:
        row |= {"grid_x": 120, "grid_y": 1, "grid_z": 1, "block_x": 128, "block_y": 1, "block_z": 1,
                "registers_per_thread": 168, "shared_memory_bytes": shared}  # fmt: skip
        if "mm" in row["kernel"]:
            row["kernel_full"] = name
    return trace


def starved(steps: tuple[Step, ...]) -> Trace:
    """The steps launched 200 µs after one another, each as late as the host is."""
    trace = Trace()
    for place, (name, dims, types, duration) in enumerate(steps):
        host = 200 * US * place
        number = trace.op(name, host, host + 90 * US, dims, types)
        trace.kernel(host + 92 * US, duration, called=(host + 80 * US, host + 90 * US),
                     op_id=number, kernel=name, kernel_full=f"{name}()")  # fmt: skip
    return trace


def test_products_of_as_many_waves_are_merged_only_for_the_host() -> None:
    """Gate and up take 12 + 12 waves and 24 as one: a launch less helps where launching limits."""
    ahead = advised(tiled(run(GATED)).capture())
    assert titled(ahead, "Merge products") is None
    assert any("As one they take 24 waves" in one.why for one in ahead.declined)
    late = advised(tiled(starved(GATED)).capture())
    assert titled(late, "Merge products") is not None
    assert not any("As one they take" in one.why for one in late.declined)


VOLTA = replace(HOPPER, compute_capability="7.0", sm_count=80)
ON_VOLTA = "volta_fp16_s884gemm_fp16_128x128_ldg8_f2f_tn"


@pytest.mark.parametrize(
    ("device", "name", "shared", "waves"),
    [
        # of 228 KiB two blocks of 114 and the reserve of 1 KiB each do not fit; of 113 they do
        (HOPPER, TILED, 114 << 10, "13 waves of blocks instead of 15"),
        (HOPPER, TILED, 113 << 10, "7 waves of blocks instead of 9"),
        # of Volta's 96 KiB two blocks of 48 do: there is no reserve
        (VOLTA, ON_VOLTA, 48 << 10, "11 waves of blocks instead of 12"),
    ],
)
def test_each_block_keeps_a_reserve_of_shared_memory(
    device: Device, name: str, shared: int, waves: str
) -> None:
    """3 × [8944,1024] × 1024 in tiles of 128 × 128: 560 each, at one or two blocks a
    multiprocessor; as one 1680."""
    attended: Step = ("aten::mm", [(8944, 1024), (1024, 1024)], [BF16] * 2, 31_500)
    one = titled(advised(tiled(run([attended] * 3), name, shared).capture(), device), "Merge")
    assert one is not None
    assert f"Together they need {waves}." in one.evidence


def reduced(elements: int, times_ns: int) -> Capture:
    """Three all-reduces of BF16 over eight ranks, none beside other launches."""
    trace = Trace()
    clock = 0
    for step in range(3):
        trace.kernel(clock, MS, called=(-9 * MS + step * US, -9 * MS + step * US + 500))
        trace.kernel(
            clock + MS, times_ns, stream=20, called=(-5 * MS + step * US, -4 * MS),
            collective="allreduce", collective_dtype="BFloat16", collective_in_elements=elements,
            collective_out_elements=elements, collective_group_size=8,
            kernel="ncclDevKernel_AllReduce", kernel_full="ncclDevKernel_AllReduce(x)",
        )  # fmt: skip
        clock += MS + times_ns
    return trace.capture()


@pytest.mark.parametrize(
    ("name", "rate", "words"),
    [
        # one direction of all links: NVLink 4 carries 18 × 25 GB/s, NVLink 5 18 × 50, NVLink 3
        # 12 × 25; PCI Express 5 carries 64 and 4 carries 32
        ("H100 SXM 80GB", 45, "10.0 % of the 450 GB/s"),
        ("H200 SXM 141GB", 45, "10.0 % of the 450 GB/s"),
        ("A100 80GB SXM", 30, "10.0 % of the 300 GB/s"),
        ("B200 180GB", 90, "10.0 % of the 900 GB/s"),
        ("H100 PCIe 80GB", 6, "9.4 % of the 64.0 GB/s"),
        ("A100 80GB PCIe", 3, "9.4 % of the 32.0 GB/s"),
        ("H100 SXM 80GB", 46, None),
        ("B200 180GB", 91, None),
    ],
)
def test_a_tenth_of_the_links_bandwidth_is_no_matter_of_tuning(
    name: str, rate: int, words: str | None
) -> None:
    """2·7/8 of 20 MB cross the links of each of eight ranks: 35 MB in 1 / rate of a second."""
    device = resolve.resolve(None, name).device
    assert device is not None
    capture = reduced(10_000_000, -(-35_000_000 // rate) + 1)
    one = titled(advised(capture, device), "communication")
    assert one is not None
    said = [sentence for sentence in one.evidence if "carry one way" in sentence]
    if words is None:
        assert said == []
    else:
        assert words in said[0]


@pytest.mark.parametrize(("product_ns", "found"), [(3_120, False), (3_140, True)])
def test_kernels_have_room_for_more_samples_below_fifteen_per_cent(
    product_ns: int, found: bool
) -> None:
    """[512,512] × [512,512] moves 1.57 MB: 469.5 ns at the peak, 15.05 or 14.95 % of its time."""
    trace = Trace()
    trace.op("autograd::engine::evaluate_function: MmBackward0", 0, 10)
    trace.op("DistributedDataParallel.forward", 0, 10)
    run([("aten::mm", [(512, 512), (512, 512)], [BF16] * 2, product_ns)], trace=trace)
    trace.kernel(20 * US, 400 * US, kernel="ncclDevKernel_Generic", stream=9,
                 kernel_full="ncclDevKernel_Generic(x)", collective="allreduce")  # fmt: skip
    one = titled(advised(trace.capture()), "Give each device a larger batch")
    assert (one is not None) is found


@pytest.mark.parametrize(("late_us", "found"), [(600, True), (601, False)])
def test_a_launch_is_late_of_a_wait_up_to_thirty_times_as_long(late_us: int, found: bool) -> None:
    """`.item()` waits 20 µs and returns as the kernel ends; the next starts so much later."""
    trace = Trace()
    trace.kernel(0, 100 * US, called=(-10 * US, -5 * US))
    trace.op("aten::item", 79 * US, 101 * US)
    trace.call("cudaStreamSynchronize", 80 * US, 100 * US)
    start = (100 + late_us) * US
    trace.kernel(start, 100 * US, called=(start - 7 * US, start - 2 * US))
    one = titled(advised(trace.capture()), "Do not wait for the device inside the step")
    assert (one is not None) is found


@pytest.mark.parametrize(("wait_us", "asked"), [(190, False), (210, True)])
def test_waiting_for_a_fiftieth_of_the_window_is_what_one_would_ask_about(
    wait_us: int, asked: bool
) -> None:
    """Ten milliseconds of kernels, beside which the host waits so long."""
    trace = Trace()
    for place in range(10):
        host = -90 * US + place * US
        trace.kernel(place * MS, MS, called=(host, host + 500))
    trace.call("cudaStreamSynchronize", 3 * MS, 3 * MS + wait_us * US)
    given = advised(trace.capture())
    assert any("synchronisation" in one.what for one in given.declined) is asked


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ("sgl_kernel::rmsnorm", "sglang.launch_server --max-running-requests"),
        ("vllm::unified_attention", "vllm serve MODEL --max-num-seqs"),
        ("aten::rms_norm", None),
    ],
)
def test_a_server_is_told_its_own_switch(operator: str, words: str | None) -> None:
    """By the operators that it registers; a program of one's own has no such switch."""
    few: Step = ("aten::mm", [(4, 4096), (4096, 24576)], [BF16, BF16], 100_000)
    norm: Step = (operator, [(4, 4096), (4, 4096), (4096,)], [BF16] * 3, 3_000)
    one = titled(advised(run([norm, few]).capture()), "more rows")
    assert one is not None
    assert one.code is None if words is None else words in (one.code or "")


def test_only_findings_on_the_same_launches_overlap() -> None:
    """A product of few rows has two findings; a copy at a sixth of the bandwidth has its own."""
    few: Step = ("aten::mm", [(4, 4096), (4096, 24576)], [BF16, BF16], 100_000)
    copy: Step = ("aten::copy_", [(16, 559, 16, 256)] * 2, [BF16] * 2, 300_000)
    found = advised(run([few, copy]).capture()).findings
    assert {finding.id: (finding.launches, finding.overlaps) for finding in found} == {
        "batch-1": ((0,), ("tune-2",)),
        "tune-1": ((1,), ()),
        "tune-2": ((0,), ("batch-1",)),
    }
