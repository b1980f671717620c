"""What stays of names, and that figures stay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch_factory as made

from ncutool import load
from ncutool.analysis.public_words import is_public
from ncutool.analysis.redact import Redactor, redacted_path
from ncutool.analysis.request import Redact
from ncutool_parsers.errors import UsageError

NAMES = Redactor(Redact.NAMES, b"key", None, None)
PRIVATE = Redactor(Redact.PRIVATE, b"key", None, None)


@pytest.mark.parametrize(
    "name",
    [
        "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>>",
        "ampere_fp16_s16816gemm_fp16_128x64_ldg8_f2f_stages_32x6_tn",
        "ncclDevKernel_AllReduce_Sum_f16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
        "triton_poi_fused_add_mul_0",
        "Cijk_Ailk_Bljk_HHS_BH_MT128x128x32_MI16x16x16x1_SN_1LDSB0",
        "aten::_scaled_dot_product_flash_attention",
        "autograd::engine::evaluate_function: MmBackward0",
        "void cutlass::Kernel2<cutlass_80_tensorop_s16816gemm_bf16_128x64_64x4_tn_align8>",
        "Memcpy HtoD (Pinned -> Device)",
    ],
)
def test_public_names_stay(name: str) -> None:
    """All of their words are those of frameworks and libraries."""
    assert NAMES.name("kernel", name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("acme_fused_decode", "kernel_#"),
        ("void acme::decode_kernel<float, 128>()", "void kernel_#::decode_kernel<float, 128>()"),
        ("triton_poi_fused_add_acmeop_mul_0", "triton_poi_fused_add_kernel_#_mul_0"),
        ("AcmeFunctionBackward", "kernel_#Backward"),
        ("_ZN4acme6decodeEv", "kernel_#_4_6"),
        ("geheim_é_名前", "kernel_#"),
        ("Cijk_SecretProject_MT128x128", "kernel_#_128_128"),
    ],
)
def test_other_words_give_way(name: str, shown: str) -> None:
    """A word with one piece that is not public goes as a whole; the rest of the name stays."""
    found = NAMES.name("kernel", name)
    assert _without_hash(found) == shown
    assert NAMES.name("kernel", found) == found


def _without_hash(text: str) -> str:
    import re

    return re.sub(r"(?<=kernel_)[bdghjklnpqrtvxyz]{10}", "#", text)


def test_private_mode_leaves_names_of_kernels() -> None:
    """But takes modules, and annotations that were recorded as operators."""
    assert PRIVATE.kernel("acme_fused_decode<float>") == "acme_fused_decode<float>"
    assert PRIVATE.operator("acme::decode") == "acme::decode"
    assert PRIVATE.operator("acme.net.Block").startswith("module_")
    assert "acme" not in PRIVATE.operator("## forward: AcmeBlock ##").lower()
    assert PRIVATE.user_text("ProfilerStep#12") == "ProfilerStep#12"


def test_words_of_the_vocabulary_are_of_frameworks() -> None:
    """A company's, a person's or a product's name is none of them."""
    assert is_public("vectorized_elementwise_kernel")
    assert not any(map(is_public, ("acme", "customer", "secret", "project", "jane", "falcon7x")))


def test_a_long_name_takes_no_time() -> None:
    """Names are untrusted: the time grows with their length alone."""
    begin = time.process_time()
    for piece in ("a", "gemm", "Gemm_", "a1"):
        NAMES.kernel(piece * 200_000)
    assert time.process_time() - begin < 5.0


def test_a_file_is_called_by_a_pseudonym() -> None:
    """Its ending stays, since it tells the format."""
    path = redacted_path(Path("/home/jane/host_1.2.pt.trace.json.gz"))
    assert path.name.endswith(".json.gz")
    assert "host" not in str(path)
    assert path.parent == Path(".")


def test_figures_do_not_change(tmp_path: Path) -> None:
    """Models read a pseudonym as what it stands for."""
    dims = {"Input Dims": [[64, 64], [64, 64]], "Input type": ["float", "float"]}
    kernels = ("acme_sgemm_64x64_nn", "flash_fwd_acme_kernel", "acme::silu_and_mul_kernel<half>")
    events = [
        event
        for n, name in enumerate(kernels)
        for event in (
            made.op("aten::mm" if n == 0 else f"acme::op{n}", 100.0 * n, 20.0, n + 1, args=dims),
            made.call(100.0 * n + 5, 3.0, n + 1),
            made.kernel(name, 100.0 * n + 30, 50.0, n + 1, grid=[132, 1, 1], block=[256, 1, 1]),
        )
    ]
    path = made.write(tmp_path / "trace.json", events)
    plain, hidden = load(path), load(path, redact="names")
    assert "acme" not in str(hidden.kernels.to_dicts())
    assert plain.kernels["flop"].sum() == 2 * 64**3
    named = {"capture", "kernel", "kernel_full", "op", "missing_reason", "bound_reason"}
    columns = [name for name in plain.kernels.columns if name not in named]
    for name in columns:
        assert plain.kernels[name].to_list() == hidden.kernels[name].to_list(), name


def test_only_two_modes_are_known(tmp_path: Path) -> None:
    """A script is told which."""
    with pytest.raises(UsageError, match="it is 'private' or 'names'"):
        load(tmp_path / "trace.json", redact="all")
