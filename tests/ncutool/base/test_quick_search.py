"""What is told of thousands of texts at once is what each pattern says of each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.base import quick_search
from ncutool.base.patterns import Pattern
from ncutool.base.quick_search import first_held, may_hold, without_conditions
from ncutool.work import exchanges, kernel_facts, named_kinds

TABLES = {
    "families": named_kinds._FAMILIES,
    "roles": kernel_facts._ROLES,
    "libraries": kernel_facts._LIBRARIES,
    "products": kernel_facts._PRODUCTS,
    "types": kernel_facts._DTYPES,
    "one type": tuple(enumerate(kernel_facts._ONE_DTYPE)),
    "lists": tuple(enumerate(kernel_facts._LIST_ELEMENT)),
    "exchanges": tuple(enumerate(exchanges.TOLD_BY)),
}
WORDS = (
    *("at::native::", "vectorized_elementwise_kernel<4, ", "float", "double", ", ", ">", "<", "("),
    *("nvjet_", "sm90_", "gemm", "flash_fwd_x_kernel", "ncclDevKernel", "all_reduce", "(anonymous"),
    *(" namespace)", "{lambda(int)#1}", "cutlass::device_kernel<", "fmha", "bn_fw_", "winograd"),
    *("splitKreduce", "CatArrayBatchedCopy<", "Cijk_", "_HSS_", "bf16", "s16816gemm_fp16", "\n"),
    *("fft", "void ", "::", "_", "-", "x", "1", "K\u212a", "\u017f", "multi_tensor_apply_kernel<"),
    *("AdamFunctor<c10::Half,", "MathFunctor", "max_pool_forward_n", "reduce_1Block", "gemv"),
)
NAMES = st.lists(st.sampled_from(WORDS), max_size=7).map("".join)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@settings(max_examples=30)
@given(st.lists(NAMES, min_size=1, max_size=40))
def test_many_are_told_what_each_is_told(
    table: tuple[tuple[object, Pattern], ...], names: list[str]
) -> None:
    """Where a pattern is found, it may be held; the first that is found is the first held."""
    many = names * (quick_search._FEW // len(names) + 1)
    assert len(many) > quick_search._FEW
    found = [next((value for value, one in table if one.search(name)), None) for name in names]
    assert first_held(many, table)[: len(names)] == found
    told = may_hold(many, [pattern for _, pattern in table])[: len(names)]
    assert all(may for may, value in zip(told, found, strict=True) if value is not None)


def test_few_are_all_asked() -> None:
    """Python says of them what they hold."""
    assert may_hold(["a", "b"], [Pattern("a")]) == [True, True]
    assert first_held(["a", "b", "ab"], [(1, Pattern("b")), (2, Pattern("a"))]) == [2, 1, 1]


def test_most_of_many_are_not_asked() -> None:
    """Only those that hold the pattern without its conditions, and what is not ASCII."""
    texts = ["none"] * 300 + ["a b", "ab", "\u00e9"]
    told = may_hold(texts, [Pattern(r"(?<!x)a(?=b)")])
    assert told == [False] * 300 + [True, True, True]


@pytest.mark.parametrize(
    ("pattern", "without"),
    [
        (r"(?<![A-Z(])gemm(?=(_x|\d)*$)", "gemm"),
        (r"a(?!b(c)d)e[()$]$", r"ae[()$]\n?$"),
        (r"(?P<type>int|long), (?P=type)\(", r"(?:int|long), (?s:.)*?\("),
        (r"(?i)a(?-i:B)[]x](?:c)", r"(?i)a(?-i:B)[]x](?:c)"),
    ],
)
def test_conditions_are_left_out(pattern: str, without: str) -> None:
    """With all that they hold; sets and escaped characters stay."""
    assert without_conditions(pattern) == without
