"""Private data in free text is told by its form, and nothing else is touched."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base.private_text import (
    _PLACES,
    finder,
    tellings,
    without_modules,
    without_places,
    without_private,
)
from ncutool.base.pseudonyms import is_pseudonym, original, pseudonym, remember


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at /home/jane doe/work/model.py:12", "at <path>:12"),
        ("~/secret/x", "<path>"),
        (r"C:\Users\jane\model.py here", "<path> here"),
        (r"\\server\share\x.txt", "<path>"),
        ("src/secret/model.py(3): forward", "<path>(3): forward"),
        ("secret_model.cu:17", "<file>:17"),
        ("jane.doe@example.org wrote", "<e-mail> wrote"),
        ("from 192.168.1.20:29500", "from <address>:29500"),
        ("from fe80::1ff:fe23:4567", "from <address>"),
        ("2001:db8:0:0:0:0:2:1 up", "<address> up"),
        ("node17.cluster.acme.internal up", "<host> up"),
        ("API_TOKEN=abc TOKEN='a b' X", "API_TOKEN=<value> TOKEN=<value> X"),
        ("tcp://10.0.0.1:29500", "<url>"),
    ],
)
def test_each_form_is_found(text: str, shown: str) -> None:
    """And what stands around it stays."""
    assert without_private(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>>",
        "12.3 GB/s of 3.35 TB/s, 45 % of its roof",
        "XBLOCK=512, num_warps=4",
        "autograd::engine::evaluate_function: MmBackward0",
        "Optimizer.step#AdamW.step",
        "ck_tile::kentry<256, 2>",
        "2025.2.1.0",
        "memory and/or compute",
        "cafe::bad::face",
    ],
)
def test_what_is_not_private_stays(text: str) -> None:
    """Names, rates, sizes and versions."""
    assert without_private(text) == text


@pytest.mark.parametrize(
    "piece", ["a", "a.", "a-", "/", "\\", "a/", "/a ", "~", "1:", "a@", "A=", '"', " ", "C:/", "1."]
)
def test_no_text_takes_long(piece: str) -> None:
    """Names are untrusted: the time grows with their length alone."""
    text = piece * 60_000
    begin = time.process_time()
    without_modules(without_private(text), lambda name: name)
    assert time.process_time() - begin < 3.0


def test_known_words_go_wherever_they_stand() -> None:
    """Whole words in any case; those of one or two letters are in too much else."""
    known = finder(["gpu-node7", "jane", "x"])
    assert without_private("x of JANE on gpu-node7_1 and janeway", known) == (
        "x of <private> on <private>_1 and janeway"
    )
    assert finder(["x", ""]) is None


def test_dotted_paths_are_modules() -> None:
    """A number with a point is none."""
    assert without_modules("1.5 of acme.net.Block", lambda _: "M") == "1.5 of M"


def test_a_pseudonym_keeps_short_numbers_and_nothing_else() -> None:
    """Variants of a kernel have one hash, and another key gives another one."""
    one, other = (pseudonym("kernel", f"secret_{n}x64", b"key") for n in (128, 256))
    assert one.removesuffix("_128_64") == other.removesuffix("_256_64")
    assert is_pseudonym(one)
    assert pseudonym("kernel", "secret_128x64", b"other") != one
    assert pseudonym("kernel", "secret_1234567", b"key").count("_") == 1
    assert pseudonym("kernel", "secret" + "_1" * 9, b"key").count("_") == 1


@given(st.text(), st.text())
def test_pseudonyms_are_one_to_one(first: str, second: str) -> None:
    """Else launches of two kernels would be one group."""
    names = [pseudonym("kernel", text, b"key") for text in (first, second)]
    assert (names[0] == names[1]) == (first == second)


def test_what_a_pseudonym_stands_for_is_remembered() -> None:
    """And any other text stands for itself."""
    remember("kernel_bdghjklnpq", "secret_gemm")
    assert original("kernel_bdghjklnpq") == "secret_gemm"
    assert original("aten::mm") == "aten::mm"


_ATOMS = [
    *("hf_", "ghp_", "abcdefghij" * 3, "/home/", "user", "/", "://", "http", "@", "x@y.com"),
    *("1.2.3.4", ".", "::", ":", "aa:bb:cc:dd:ee:ff", "fe80::1", "C:\\", "\\\\", "srv", "~/"),
    *("node1.cluster", ".lan", "AKIA", "ABCDEFGHIJKLMNOP", "eyJ", "sk-", "glpat-", "xoxb-", " "),
]


@given(st.lists(st.sampled_from(_ATOMS), max_size=9).map("".join))
def test_no_form_lacks_its_mark(text: str) -> None:
    """What is looked for first stands in every text that holds the form."""
    for mark, kind, form in _PLACES:
        if form.search(text):
            assert mark.search(text), (kind, text)


@given(st.lists(st.sampled_from([*_ATOMS, "USER=bob", "BOB"]), max_size=9).map("".join))
def test_what_changes_is_told_by_a_pattern(text: str) -> None:
    """So that thousands of texts are searched for these first."""
    if without_places(text, finder(["bob"])) != text:
        assert any(pattern.search(text) for pattern in tellings(["bob"]))
