"""Look-ups in tables of embeddings, what kernel names prove, and the bandwidth of collectives."""

from __future__ import annotations

import json

import pytest
import torch_factory as factory

from ncutool.analysis.analyse import read_and_analyse
from ncutool.work.kernel_facts import facts_of
from ncutool.work.operators import NoModel, Work, collective, model, parse_call

CONVOLUTION = "volta_scudnn_128x64_relu_interior_nn_v1"
LOOKUP = "fbgemm::split_embedding_codegen_lookup_rowwise_adagrad_function"


def work(name: str, dims: list[list[int]], types: list[str]) -> Work:
    """The work of a call that has a model."""
    found = model(parse_call(name, json.dumps(dims), json.dumps(types)))
    assert not isinstance(found, NoModel), found
    return found


def test_a_permutation_of_columns_moves_everything_once() -> None:
    """[1024,70904] fp32 read and written, beside two lists of a few kB."""
    dims, types = [[1024, 70904], [981], [980]], ["float", "long", "long"]
    found = work("fbgemm::permute_pooled_embs_auto_grad", dims, types)
    assert (found.flop, found.bytes) == (0, 2 * 4 * 1024 * 70904 + 8 * (981 + 980))


def test_bounds_are_checked_by_reading() -> None:
    """768 indices, 385 offsets and 3 table sizes of 8 bytes; nothing is written."""
    found = work("fbgemm::bounds_check_indices", [[3], [768], [385]], ["long int"] * 3)
    assert (found.flop, found.bytes_read, found.bytes_written) == (0, 8 * (3 + 768 + 385), 0)


def test_complete_sums_have_one_more() -> None:
    """1000 int64 lengths give 1001 offsets."""
    found = work("fbgemm::asynchronous_complete_cumsum", [[1000]], ["long int"])
    assert (found.flop, found.bytes) == (0, 8 * 2001)


def test_a_lookup_without_values_has_a_lower_bound_of_bytes_and_no_flops() -> None:
    """768 indices and 385 offsets are read at least; the widths are not recorded."""
    dims: list[list[int]] = [[0], [640], [0], [0, 0], [3], [3], [4], [], [], [4], []]
    dims += [[768], [385], []]
    types = ["float"] * 4 + ["int", "long int", "int", "Scalar", "Scalar", "long int", "Scalar"]
    found = work(LOOKUP, dims, [*types, "long int", "long int", "Scalar"])
    assert (found.flop, found.bytes) == (None, 8 * (768 + 385))
    assert found.reason == "rows per bag and widths of the tables are not recorded"
    assert found.bytes_exactness == "lower_bound"


def test_a_permutation_of_features_moves_an_unknown_number_of_indices() -> None:
    """A feature may be picked twice: its 24 places and 24 × 16 lengths are a lower bound."""
    found = work("fbgemm::permute_2D_sparse_data", [[24], [24, 16], [768]], ["int"] * 3)
    assert (found.flop, found.bytes) == (0, 4 * (24 + 24 * 16))
    assert found.bytes_exactness == "lower_bound"


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        (CONVOLUTION, "fp32"),
        ("volta_sgemm_64x32_sliced1x4_tn", "fp32"),
        ("void cudnn::detail::dgrad_engine<float, 512, 6, 5, 3, 3, 3, false>(int, int)", "fp32"),
        ("void cudnn::cnn::wgrad_alg0_engine<double, 128, 5, 5>(int)", "fp64"),
        ("void cudnn::bn_fw_tr_1C11_kernel_NCHW<float, float, 512, true, 1>(x)", "fp32"),
        (
            "void at::native::vectorized_elementwise_kernel<4, at::native::AddFunctor<float>, "
            "at::detail::Array<char*, 3> >(int)",
            "fp32",
        ),
        # fp16 data with fp32 parameters, mixed types, casts, and names that say nothing
        ("void cudnn::bn_fw_tr_1C11_kernel_NCHW<__half, float, 512, true, 1>(x)", None),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::AddFunctor<long>", None),
        (
            "void at::native::vectorized_elementwise_kernel<4, "
            "at::native::MulFunctor<float, double>, x>",
            None,
        ),
        ("void at::native::unrolled_elementwise_kernel<at::native::AddFunctor<float>, x>", None),
        ("volta_h884gemm_64x32_ldg8_tn", None),
        ("ampere_sgemmish", None),
    ],
)
def test_kernel_names_that_prove_a_data_type(name: str, dtype: str | None) -> None:
    """Only names that fix the type of every tensor count."""
    assert facts_of(name).tensor_dtype == dtype


def untyped(name: str, kernel: str, dims: list[list[int]]) -> str:
    """A trace of the 2020 era, whose `Input type` is always empty."""
    recorded = {"Input Dims": dims, "Input type": []}
    events = [
        factory.op(name, 100.0, 20.0, 1, args=recorded),
        factory.call(105.0, 2.0, 7),
        factory.kernel(kernel, 120.5, 10.25, 7, grid=[4, 2, 1], block=[128, 1, 1]),
    ]
    return factory.text(events)


@pytest.mark.parametrize(
    ("name", "kernel", "size"),
    [
        ("aten::mm", "volta_sgemm_64x32_sliced1x4_tn", 4 * (64 * 32 + 32 * 16 + 64 * 16)),
        ("aten::mm", "some_gemm", None),
        ("aten::embedding", "volta_sgemm_64x32_sliced1x4_tn", None),  # its indices are integers
    ],
)
def test_a_trace_without_data_types_takes_them_from_kernel_names(
    tmp_path_factory: pytest.TempPathFactory, name: str, kernel: str, size: int | None
) -> None:
    """[64,32] × [32,16]: bytes only where the kernel's name proves fp32 for every tensor."""
    path = tmp_path_factory.mktemp("era") / "trace.json"
    path.write_text(untyped(name, kernel, [[64, 32], [32, 16]]))
    row = read_and_analyse(path).kernels.row(0, named=True)
    assert row["dram_bytes"] == size
    if size is not None:
        assert row["remark"] == "data type from the kernel's name"
        assert row["dtype"] == "fp32"


@pytest.mark.parametrize(
    ("name", "dtype", "sent", "received", "ranks", "algorithm", "bus"),
    [
        ("allreduce", "Float", 1000, 1000, 8, 4.0, 7.0),
        ("_reduce_scatter_base", "BFloat16", 8000, 1000, 8, 16.0, 14.0),
        ("_allgather_base", "BFloat16", 1000, 8000, 8, 16.0, 14.0),
        ("all_to_allv", "Float", 1000, 1000, 4, 4.0, 3.0),
        ("broadcast", "Long", 1000, 1000, 8, 8.0, 8.0),
        ("allreduce", "Float", 1000, 1000, 2, 4.0, 4.0),
    ],
)
def test_bus_bandwidth_by_the_conventions_of_nccl_tests(
    name: str, dtype: str, sent: int, received: int, ranks: int, algorithm: float, bus: float
) -> None:
    """One microsecond: kB of the whole array are GB/s, times the factor of the collective."""
    found = collective.bandwidth(name, dtype, sent, received, ranks, 1000)
    assert found == pytest.approx((algorithm * 1e9, bus * 1e9))


@pytest.mark.parametrize(
    ("name", "dtype", "sent", "ranks", "duration"),
    [
        ("allreduce", None, 1000, 8, 1000),
        ("allreduce", "Float", None, 8, 1000),
        ("allreduce", "Float", 1000, None, 1000),
        ("allreduce", "Float", 1000, 8, 0),
        ("barrier", "Float", 1000, 8, 1000),
    ],
)
def test_no_bandwidth_without_the_facts(
    name: str, dtype: str | None, sent: int | None, ranks: int | None, duration: int
) -> None:
    """Unknown type, size, ranks, time or collective: no figure."""
    assert collective.bandwidth(name, dtype, sent, sent, ranks, duration) is None
    assert collective.bandwidth_remark(name, dtype, sent, sent, ranks, duration) is None
