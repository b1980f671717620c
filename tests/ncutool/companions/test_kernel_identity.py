"""One kernel, two spellings."""

from __future__ import annotations

import time

import pytest

from ncutool.companions.kernel_identity import canonical, identities

SPELLINGS = [
    (
        "void flash_fwd_kernel<Traits<(int)128, (bool)0, cutlass::half_t, T<(int)4>>, (bool)1>"
        "(Flash_fwd_params)",
        "void flash_fwd_kernel<Traits<128, false, cutlass::half_t, T<4> >, true>(Flash_fwd_params)",
    ),
    (
        "void at::native::<unnamed>::grid_stride<float, (int)4, void at::native::templates::cuda::"
        "normal<at::Gen *>(const at::TensorBase &, double, T1)::[lambda() (instance 1)]::operator "
        "()() const::[lambda(float) (instance 2)]>(int, T3)",
        "void at::native::(anonymous namespace)::grid_stride<float, 4, at::native::templates::cuda"
        "::normal<at::Gen*>(at::TensorBase const&, double, at::Gen*)::{lambda()#1}::operator()() "
        "const::{lambda(float)#2}>(int, at::Gen*)",
    ),
    (
        "void at::native::vectorized_elementwise_kernel<(int)4, at::native::FillFunctor<long>, "
        "std::array<char *, (unsigned long)1>>(int, T2, T3)",
        "void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<long>, "
        "std::array<char*, 1ul> >(int, at::native::FillFunctor<long>, std::array<char*, 1ul>)",
    ),
    ("kernel_A(double *, int, int)", "kernel_A(double*, int, int)"),
    ("nvjet_tst_128x256_64x4_TNN", "nvjet_tst_128x256_64x4_TNN"),
    ("void sort<unsigned int, (int)3>(T1 *)", "void sort<unsigned, 3u>(unsigned int*)"),
]
DIFFERENT = [
    ("void f<(int)4>(int)", "void f<(int)8>(int)"),
    ("void f<float>(T1)", "void f<double>(T1)"),
    ("void a::f<(int)4>(int)", "void b::f<(int)4>(int)"),
    ("f::[lambda() (instance 1)]", "f::[lambda() (instance 2)]"),
    ("void f<(bool)1>()", "void f<(bool)0>()"),
    ("gemm_128x64", "gemm_128x128"),
]


@pytest.mark.parametrize(("ncu", "cupti"), SPELLINGS)
def test_both_spellings_give_one_identity(ncu: str, cupti: str) -> None:
    """Casts, parameters, lambdas, anonymous namespaces and suffixes do not tell kernels apart."""
    assert canonical(ncu) == canonical(cupti)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_kernels_stay_different(one: str, other: str) -> None:
    """Template arguments, namespaces and the number of a lambda do tell kernels apart."""
    assert canonical(one) != canonical(other)


def test_overloads_are_not_taken_for_each_other() -> None:
    """Two names of one capture with the same canonical spelling match nothing but themselves."""
    ours, theirs = identities(["void f<4>(int)", "void f<4>(float)"], ["void f<(int)4>(T1)"])
    assert len({*ours.values(), *theirs.values()}) == 3


def test_a_name_that_both_hold_is_its_own_identity() -> None:
    """An exact match is never undone by another name that only looks like it."""
    ours, theirs = identities(["f(int)", "f(float)"], ["f(int)"])
    assert ours["f(int)"] == theirs["f(int)"]
    assert ours["f(float)"] not in theirs.values()


@pytest.mark.parametrize("hostile", ["(" * 200_000, "[lambda(" * 30_000, "(" * 8_000 + ")" * 8_000])
def test_hostile_names_cost_little(hostile: str) -> None:
    """Names are untrusted: no nesting makes the spelling take long or fail."""
    begin = time.perf_counter()
    assert canonical(hostile)
    assert time.perf_counter() - begin < 5
