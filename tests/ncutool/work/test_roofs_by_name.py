"""The compute roof of a launch, by data type, family and what its kernel's name tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from trace_factory import BF16, H100, Trace, kernels

from ncutool.devices.resolve import Device
from ncutool_parsers.capture import DeviceRecord

PEAKS = {"fp64": 34e12, "fp64_tensor": 67e12, "fp32": 67e12, "tf32_tensor": 495e12,
         "bf16_tensor": 989e12, "fp16_tensor": 989e12, "int8_tensor": 1979e12}  # fmt: skip
HOPPER = replace(H100, vendor="nvidia", peak_flop_per_s=PEAKS)
VOLTA = replace(HOPPER, compute_capability="7.0")
MI300X = replace(HOPPER, compute_capability="9.4", vendor="amd")
MI200 = replace(HOPPER, compute_capability="9.0", vendor="amd")
Dims = list[tuple[int, ...]]
PRODUCT: tuple[str, Dims] = ("aten::mm", [(64, 64), (64, 64)])


def vendor(device: Device) -> Literal["nvidia", "amd"]:
    """Who made it."""
    return "amd" if device.vendor == "amd" else "nvidia"


def placed(
    kernel: str,
    dtype: str,
    device: Device = HOPPER,
    work: tuple[str, list[tuple[int, ...]]] = PRODUCT,
) -> tuple[str | None, str | None]:
    """Roof and remark of one launch."""
    trace, (name, dims) = Trace(), work
    number = trace.op(name, -900, -100, dims, [dtype] * len(dims))
    trace.kernel(0, 50_000, op_id=number, kernel=kernel, kernel_full=kernel, called=(-800, -700))
    record = DeviceRecord(compute_capability=device.compute_capability, vendor=vendor(device))
    row = kernels(trace.capture(devices=(record,)), device).row(0, named=True)
    return row["roof"], row["remark"]


@pytest.mark.parametrize(
    ("kernel", "dtype", "device", "roof"),
    [
        ("sm90_xmma_gemm_bf16", BF16, HOPPER, "bf16_tensor"),
        ("Kernel2", "c10::Half", HOPPER, "fp16_tensor"),
        ("gemv2T_kernel_val", BF16, HOPPER, "fp32"),
        ("cublas::dot_kernel", "double", HOPPER, "fp64"),
        # FP64: the name tells of tensor cores or of CUDA cores; before Ampere there is no choice
        ("cutlass_80_tensorop_d884gemm_64x32", "double", HOPPER, "fp64_tensor"),
        ("sm80_xmma_gemm_f64f64_f64f64", "double", HOPPER, "fp64_tensor"),
        ("volta_dgemm_128x64_nn", "double", HOPPER, "fp64"),
        ("cutlass_simt_dgemm_64x64", "double", HOPPER, "fp64"),
        ("dgemm_of_some_library", "double", VOLTA, "fp64"),
        # FP32: likewise
        ("sm80_xmma_gemm_f32f32_tf32f32_f32", "float", HOPPER, "tf32_tensor"),
        ("cutlass_80_tensorop_s1688gemm_128x128", "float", HOPPER, "tf32_tensor"),
        ("ampere_sgemm_128x64_nn", "float", HOPPER, "fp32"),
        ("cutlass_80_simt_sgemm_128x64", "float", HOPPER, "fp32"),
        ("gemm_of_some_library", "float", VOLTA, "fp32"),
        ("Cijk_Ailk_Bljk_SB_MT128x128x16", "float", MI300X, "fp32"),
    ],
)
def test_a_name_that_tells_gives_the_roof(
    kernel: str, dtype: str, device: Device, roof: str
) -> None:
    """And says nothing more."""
    assert placed(kernel, dtype, device) == (roof, None)


@pytest.mark.parametrize(
    ("kernel", "dtype", "device", "remark"),
    [
        ("dgemm_of_some_library", "double", HOPPER, "fp64 on tensor or CUDA cores"),
        ("gemm_of_some_library", "float", HOPPER, "fp32 or tf32"),
        ("Cijk_Ailk_Bljk_SB_MT128x128x16", "float", MI200, "fp32 on vector or matrix cores"),
    ],
)
def test_a_name_that_does_not_tell_gives_none(
    kernel: str, dtype: str, device: Device, remark: str
) -> None:
    """Rates differ by two or more, so nothing is guessed, and that is said."""
    roof, text = placed(kernel, dtype, device)
    assert roof is None
    assert remark in (text or "")


@pytest.mark.parametrize(
    ("name", "dtype", "roof"),
    [
        ("aten::add", "double", "fp64"),
        ("aten::add", "float", "fp32"),
        ("aten::add", BF16, "fp32"),
        ("aten::add", "c10::complex<float>", "fp32"),
        ("aten::add", "int", None),
    ],
)
def test_elementwise_work_runs_on_vector_units(name: str, dtype: str, roof: str | None) -> None:
    """Whatever the kernel is called; integer arithmetic has no roof."""
    assert placed("tensorop_kernel", dtype, work=(name, [(64, 64), (64, 64)]))[0] == roof


def test_the_backward_pass_of_a_pooling_proves_its_result() -> None:
    """Forward [1,2,4,4] without its settings; the gradient says [1,2,2,2]: 8 values and indices."""
    trace = Trace()
    x, grad = (1, 2, 4, 4), (1, 2, 2, 2)
    first = trace.op("aten::max_pool2d_with_indices", -900, -800, [x], ["float"])
    backward = [grad, x, (), (), (), (), (), grad]
    kinds = ["float", "float", *["ScalarList"] * 4, "Scalar", "long int"]
    second = trace.op("aten::max_pool2d_with_indices_backward", -700, -600, backward, kinds)
    trace.kernel(0, 5_000, op_id=first, called=(-890, -880))
    trace.kernel(6_000, 5_000, op_id=second, called=(-690, -680))
    table = kernels(trace.capture())
    assert table["dram_bytes"].to_list() == [128 + 32 + 64, 32 + 64 + 128]
    del trace.launches[1:], trace.ops[1:]
    trace.signatures.popitem()
    assert kernels(trace.capture())["dram_bytes"].to_list() == [None]
