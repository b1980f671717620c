"""The kind of work and the data type of kernels that only their names speak of.

Engines launch many kernels by replaying graphs or outside any operator. What such a kernel does is
then told by its name alone, where its library gives it one that nothing else has. That says the
family and the data type of the operands, never how much work it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ncutool.base.patterns import Pattern
from ncutool.base.pseudonyms import original
from ncutool.base.quick_search import first_held

if TYPE_CHECKING:
    import polars as pl

_LONGEST = 16_384
"""Names are untrusted: only so many characters are read, whatever a file holds."""


class Named(NamedTuple):
    """What a name says; None where it does not."""

    family: str | None = None
    """One of :data:`ncutool.base.tables.FAMILIES`."""
    dtype: str | None = None
    """Data type of the operands of its products, or of the optimizer's parameters."""


# a word that begins here: not in the middle of another one
_WORD = r"(?<![A-Za-z0-9_])"
_MANGLED = r"(?<![A-Za-z_])"
_FAMILIES: tuple[tuple[str, Pattern], ...] = (
    (
        "attention",
        Pattern(
            rf"{_MANGLED}flash_(fwd|bwd)_\w*kernel|{_MANGLED}FlashAttn(Fwd|Bwd)\w*"
            rf"|{_WORD}fmha(_|Sm|K)\w*|{_WORD}fmha_cutlass[FB]_\w+|{_WORD}_?attn_fwd"
            rf"|{_MANGLED}paged_attention_(v\d|ll4mi)\w*|{_MANGLED}Batch(Decode|Prefill)With\w+"
            rf"|{_WORD}cudnn_generated_fort_native_sdpa_\w+"
        ),
    ),
    (
        "optimizer",
        Pattern(
            r"multi_tensor_apply_kernel<.*?(Fused)?(Adam|AdamW|Adagrad|Sgd|SGD|LAMB|Lamb)"
            r"(Math|Functor|Capturable|Stage)"
        ),
    ),
    (
        "gemm",
        Pattern(
            rf"{_WORD}marlin(_\w+)?::|{_WORD}(moe_)?Marlin(?![A-Za-z])|{_WORD}marlin_moe\w*"
            rf"|{_WORD}_?p?_matmul_ogs_\w+|{_WORD}_matmul_ogs\w*|{_WORD}matmul_ogs\w*"
            rf"|{_WORD}deep_gemm::\w*gemm\w*|{_WORD}nvjet_\w+|{_WORD}cutlass3x_sm\d+_\w*gemm_\w+"
            rf"|{_WORD}cutlass::gemm::kernel::Gemm\w*|{_WORD}(bmm|gemm)_(Mx)?(Bfloat16|Fp16|E4m3|E2m1)_"
        ),
    ),
)
_WRAPPER = Pattern(rf"{_WORD}(cutlass::(device_kernel|Kernel2?)|multi_tensor_apply_kernel)<")
"""Kernels that do what their template argument says; of others the own name alone counts."""
_BEFORE_ARGUMENTS = Pattern(r"^[^<(]*")
_DEEP_GEMM = Pattern(r"deep_gemm::\w*?(fp8|fp4|bf16)\w*gemm|deep_gemm::(fp8|bf16)_gemm")
_FMHA_QKV = Pattern(r"(?i)Qkv(E4m3|E5m2|Bfloat16|Fp16|E2m1)")
_TRTLLM = Pattern(
    r"(?<![A-Za-z0-9_])(?:bmm|gemm)_(?:Mx)?[A-Za-z0-9]+?_"
    r"(?:Mx)?(E4m3|E5m2|E2m1|Bfloat16|Fp16)(?:Mx)?(E4m3|E5m2|E2m1|Bfloat16|Fp16)?(?![A-Za-z])"
)
_NVJET = Pattern(r"nvjet_(?:sm\d+_)?(qq|t|h)[a-z]+_")
_CUTLASS3 = Pattern(
    r"cutlass3x_sm\d+_\w*?gemm_(e4m3|e5m2|f8|bf16|f16|s8|e2m1|ue4m3xe2m1)_"
    r"(e4m3|e5m2|f8|bf16|f16|s8|e2m1|ue4m3xe2m1)_"
)
_OGS = Pattern(r"matmul_ogs_[NT]{3}_(\w+?)x(bf16|fp16|fp8\w*|fp32|mxfp4|mxfp8|nvfp4)x(\w+?)_\d")
_KINDS = {
    **{"e4m3": "fp8", "e5m2": "fp8", "f8": "fp8", "fp8": "fp8", "qq": "fp8", "mxfp8": "fp8"},
    **{"bfloat16": "bf16", "bf16": "bf16", "t": "bf16"},
    **{"fp16": "fp16", "f16": "fp16", "h": "fp16", "s8": "int8"},
    **{"e2m1": "fp4", "fp4": "fp4", "mxfp4": "fp4", "nvfp4": "fp4", "ue4m3xe2m1": "fp4"},
}
_STATE = Pattern(r"multi_tensor_apply_kernel<.*?(?:Functor|Capturable|Stage1|Stage2)<([\w:]+)")
_STATES = {
    **{"float": "fp32", "double": "fp64", "c10::Half": "fp16", "c10::BFloat16": "bf16"},
    **{"at::Half": "fp16", "at::BFloat16": "bf16"},
}
"""C++ type of an optimizer's parameters -> our name."""
_WORDS = (
    (
        "bf16",
        Pattern(r"(?i)(?<![a-z0-9])(?:__nv_|cutlass::|c10::)?(bfloat16|bf16)(_t)?(?![a-z0-9])"),
    ),
    (
        "fp16",
        Pattern(r"(?i)(?<![a-z0-9])(?:cutlass::|c10::|__)?(half|half_t|fp16|f16)(?![a-z0-9])"),
    ),
    (
        "fp8",
        Pattern(r"(?i)(?<![a-z])(fp8|(float_)?e4m3(fn)?(_t)?|(float_)?e5m2(_t)?)(?![a-z0-9])"),
    ),
)
"""Types as words, for names with no grammar of their own: believed where exactly one is there."""


def named(name: str) -> Named:
    """Return what a kernel's name says of its kind of work. Never raises, whatever the text."""
    return _named(original(name))


@lru_cache(maxsize=1 << 16)
def _named(name: str) -> Named:
    name = name[:_LONGEST]
    return _of_family(first_held([_own_part(name)], _FAMILIES)[0], name)


def _own_part(name: str) -> str:
    """Return the part of a name that tells what its kernel does."""
    return name if _WRAPPER.search(name) else _BEFORE_ARGUMENTS.findall(name)[0]


def _of_family(family: str | None, name: str) -> Named:
    return Named() if family is None else Named(family, _dtype(name))


def columns(names: Iterable[str]) -> pl.DataFrame:
    """Return kernel_full, named_family and named_dtype of each of these names once, in their
    order."""
    import polars as pl

    given = list(dict.fromkeys(names))
    read = [original(name)[:_LONGEST] for name in given]
    families = first_held(list(map(_own_part, read)), _FAMILIES)
    kinds = [_of_family(family, name) for family, name in zip(families, read, strict=True)]
    return pl.DataFrame(
        {
            "kernel_full": pl.Series(given, dtype=pl.String),
            "named_family": pl.Series([kind.family for kind in kinds], dtype=pl.String),
            "named_dtype": pl.Series([kind.dtype for kind in kinds], dtype=pl.String),
        }
    )


def _dtype(name: str) -> str | None:
    state = _STATE.search(name)
    if state is not None:
        return _STATES.get(state[1])
    for pattern in (_FMHA_QKV, _DEEP_GEMM, _TRTLLM, _CUTLASS3, _NVJET):
        match = pattern.search(name)
        if match is not None:
            return _of_operands([_KINDS.get(word.lower()) for word in match.groups() if word])
    match = _OGS.search(name)
    if match is not None:
        # the last is of the weights; narrower ones than the activations are widened first
        return _KINDS.get(match[2].split("fp8e")[0] if "fp8e" not in match[2] else "fp8")
    spoken_of = [dtype for dtype, pattern in _WORDS if pattern.search(name)]
    return spoken_of[0] if len(spoken_of) == 1 else None


_WIDEST = ("bf16", "fp16", "fp8", "int8", "fp4")


def _of_operands(dtypes: list[str | None]) -> str | None:
    """Return the type of a product of operands of these types: the wider one; FP4 times FP8 runs
    at the rate of FP8."""
    known = [dtype for dtype in dtypes if dtype is not None]
    if not known or len(known) != len(dtypes):
        return None
    return min(known, key=_WIDEST.index)
