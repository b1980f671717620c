"""What the name of a kernel says about it, read once a distinct name and used by every room.

A fact is None where the name gives no evidence for it: that a name is silent proves nothing. The
conventions behind the patterns are those of the libraries' own kernel generators (CUTLASS, cuBLAS,
cuDNN, Tensile, Inductor, NCCL), as names of published traces and reports show them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, TypeVar

from ncutool.base.patterns import Pattern
from ncutool.base.pseudonyms import original
from ncutool.base.quick_search import first_held, may_hold
from ncutool.work import exchanges

if TYPE_CHECKING:
    import polars as pl

Units = Literal["simt", "tensor"]
Product = Literal["vector", "narrow"]
Role = Literal["layout", "helper"]
Part = Literal["experts", "attention", "products", "rest"]
Compiled = Literal["poi", "red", "per", "tem", "for"]

_Value = TypeVar("_Value")
_LONGEST = 16_384
"""Names are untrusted: only so many characters are read, whatever a file holds."""


@dataclass(frozen=True)
class KernelFacts:
    """The facts of one kernel name, each read when it is first asked for: one search takes as long
    as a hundred launches, and most who ask want one or two facts.

    Each is None where the name does not say; the ones of type bool are True or None, since no name
    says what a kernel is not.
    """

    name: str
    """The name that is read: the recorded one, whatever is shown, and no longer than it may be."""

    @cached_property
    def library(self) -> str | None:
        """Who wrote or generated it: ``cutlass``, ``cublas``, ``cudnn``, ``tensile``, ``inductor``,
        ``flash_attention``, ``nccl`` and others of :data:`_LIBRARIES`."""
        return _first(_LIBRARIES, self.name)

    @cached_property
    def generation(self) -> int | None:
        """Compute capability that it is written for, times ten: 80 for Ampere, 90 for Hopper."""
        return _generation(self.name)

    @cached_property
    def units(self) -> Units | None:
        """Whether its products run on tensor (AMD: matrix) cores or on the CUDA cores (SIMT)."""
        return _units(self.name)

    @cached_property
    def mentions_mma(self) -> bool | None:
        """Some word of it belongs to tensor-core code. Weaker than ``units``: generators of tensor
        kernels make SIMT ones under the same words."""
        return _says(_MMA, self.name)

    @cached_property
    def dtype(self) -> str | None:
        """Data type that the words of the name speak of, where it is exactly one; of a product
        that of its operands."""
        spoken_of = _dtype(self.name)
        if spoken_of is None and self.units == "simt":
            return "fp64" if _FP64_SIMT.search(self.name) else None
        return spoken_of

    @cached_property
    def halves(self) -> bool | None:
        """It speaks of 16-bit data."""
        return _says(_HALVES, self.name)

    @cached_property
    def tensor_dtype(self) -> str | None:
        """The one data type of all tensors that it reads and writes, where the name proves it."""
        return _tensor_dtype(self.name)

    @cached_property
    def element_bytes(self) -> int | None:
        """Element size of the tensor lists that a concatenation or an optimizer works on."""
        return _element_bytes(self.name)

    @cached_property
    def tile(self) -> tuple[int, int] | None:
        """Columns and rows (BLAS is column-major) of the result that one block computes."""
        tile = _MACRO_TILE.search(self.name) or _TILE.search(self.name)
        return (int(tile[1]), int(tile[2])) if tile else None

    @cached_property
    def alignment(self) -> int | None:
        """Elements that rows of the operands must be a multiple of, by CUTLASS's ``align``."""
        alignment = _ALIGNMENT.search(self.name)
        return int(alignment[1]) if alignment else None

    @cached_property
    def names_product(self) -> bool | None:
        """It speaks of a matrix product or a convolution."""
        return _says(_NAMES_PRODUCT, self.name)

    @cached_property
    def product(self) -> Product | None:
        """Not a product for tensor cores: ``vector`` is a matrix times a vector, a dot product or a
        depthwise convolution; ``narrow`` a product with one side of a few elements."""
        product = _first(_PRODUCTS, self.name)
        return None if product is not None and self.part == "attention" else product

    @cached_property
    def role(self) -> Role | None:
        """What it does beside the kernel that does its operator's work: ``layout`` changes the
        order of data, ``helper`` prepares or finishes in other ways (split-K sums, bias copies)."""
        return _first(_ROLES, self.name)

    @cached_property
    def transformed(self) -> bool | None:
        """A convolution by Winograd or FFT, which does fewer operations than the direct one."""
        return _says(_TRANSFORMED, self.name)

    @cached_property
    def backward(self) -> bool | None:
        """True where the name says that it computes gradients, None where it does not say so."""
        return _says(_BACKWARD, self.name)

    @cached_property
    def walk(self) -> str | None:
        """How one of PyTorch's own kernels walks over memory: ``vectorized``, ``unrolled``,
        ``strided``, ``concatenation`` or ``memcpy``."""
        return _first(_WALKS, self.name)

    @cached_property
    def compiled(self) -> Compiled | None:
        """Kind of kernel that torch.compile (Inductor) wrote in Triton: pointwise, reduction,
        persistent reduction, template or foreach."""
        return _first(_COMPILED, self.name)

    @cached_property
    def fused(self) -> str | None:
        """The operators that such a kernel's name lists, joined by underscores."""
        fused = _FUSED.search(self.name)
        return fused[1] if fused else None

    @cached_property
    def persistent(self) -> bool | None:
        """Few blocks are meant: it stays on the device and fetches its work, or communicates."""
        return _says(_PERSISTENT, self.name)

    @cached_property
    def communicates(self) -> bool | None:
        """It exchanges data with other devices, whoever launched it."""
        return exchanges.communicates(self.name)

    @cached_property
    def part(self) -> Part | None:
        """Part of a transformer's step that such a name belongs to."""
        return _first(_PARTS, original(self.name))

    @cached_property
    def within_device(self) -> bool | None:
        """A copy within the device's memory, or a memset."""
        return _says(_WITHIN_DEVICE, self.name)

    @property
    def fp32_simt(self) -> bool:
        """Whether it surely computes in single precision on the CUDA cores."""
        return self.units == "simt" and self.dtype in (None, "fp32")


def facts_of(name: str) -> KernelFacts:
    """Return the facts of one kernel name, full or short. None raises, whatever the text."""
    return _facts_of(original(name))


@lru_cache(maxsize=1 << 16)
def _facts_of(name: str) -> KernelFacts:
    return KernelFacts(name[:_LONGEST])


FACTS = tuple(
    name for name, value in vars(KernelFacts).items() if isinstance(value, cached_property)
)
"""The names of all facts."""


def column(names: pl.Expr, fact: str) -> pl.Expr:
    """One fact of each kernel name of a column; the names are read once each."""
    dtype = _dtype_of(fact)

    def read(values: pl.Series) -> pl.Series:
        known = values.drop_nulls().unique()
        facts: pl.Series = values.replace_strict(
            known, of_names(known, fact), default=None, return_dtype=dtype
        )
        return facts

    return names.map_batches(read, return_dtype=dtype)


def of_names(names: pl.Series, fact: str) -> pl.Series:
    """Return one fact of each of several names, in their order."""
    import polars as pl

    read = [original(name)[:_LONGEST] for name in names]
    if fact == "role":
        return pl.Series(first_held(read, _ROLES), dtype=_dtype_of(fact))
    patterns = _TOLD_BY.get(fact)
    asked = may_hold(read, patterns) if patterns else [True] * len(read)
    values = [
        getattr(facts_of(name), fact) if may else None
        for name, may in zip(names, asked, strict=True)
    ]
    return pl.Series(values, dtype=_dtype_of(fact))


def _dtype_of(fact: str) -> pl.DataType:
    import polars as pl

    kind = str(getattr(KernelFacts, fact).func.__annotations__["return"])
    return pl.Boolean() if "bool" in kind else pl.Int64() if "int" in kind else pl.String()


def part_of(text: str) -> Part | None:
    """Name the part of a transformer's step that a kernel or an operator belongs to by name."""
    return _first(_PARTS, original(text))


def _says(pattern: Pattern, name: str) -> bool | None:
    return True if pattern.search(name) else None


def _first(table: Iterable[tuple[_Value, Pattern]], name: str) -> _Value | None:
    """Return the first value whose pattern the name holds."""
    return next((value for value, pattern in table if pattern.search(name)), None)


def _units(name: str) -> Units | None:
    """Tell the units; a word of tensor cores wins, as in ``cutlass_80_tensorop_s1688gemm``."""
    if _TENSOR.search(name):
        return "tensor"
    return "simt" if _SIMT.search(name) or _FP64_SIMT.search(name) else None


def _dtype(name: str) -> str | None:
    spoken_of = [dtype for dtype, pattern in _DTYPES if pattern.search(name)]
    return spoken_of[0] if len(spoken_of) == 1 else None


def _generation(name: str) -> int | None:
    """Return the newest that is written out (``sm90_``, ``Sm100``), else what words imply."""
    written = [int(number) for number in _WRITTEN_OUT.findall(name)]
    return max(written) if written else _first(_GENERATIONS, name)


def _tensor_dtype(name: str) -> str | None:
    for pattern in _ONE_DTYPE:
        match = pattern.search(name)
        if match is not None:
            return "fp64" if match.groupdict().get("type") == "double" else "fp32"
    return None


def _element_bytes(name: str) -> int | None:
    opaque = _OPAQUE.search(name)
    if opaque is not None:
        return int(opaque[1])
    matches = (pattern.search(name) for pattern in _LIST_ELEMENT)
    return next((_SIZES[m["type"]] for m in matches if m and m["type"] in _SIZES), None)


_LIBRARIES = (
    ("tensile", Pattern(r"^Cijk_")),  # generates the products of rocBLAS and hipBLASLt
    ("inductor", Pattern(r"^triton_(poi|red|per|tem|for)_")),
    ("flash_attention", Pattern(r"flash_(fwd|bwd)_\w*kernel|FlashAttn(Fwd|Bwd)")),
    ("memory_efficient", Pattern(r"fmha_cutlass[FB]|efficient_attention")),
    ("nccl", Pattern(r"^(void )?nccl")),
    ("nvshmem", Pattern(r"^(void )?nvshmem")),
    ("rccl", Pattern(r"^(void )?rccl")),
    ("deep_gemm", Pattern(r"deep_gemm::")),
    ("marlin", Pattern(r"(?i)marlin")),
    ("aiter", Pattern(r"\baiter::")),
    ("composable_kernel", Pattern(r"\bck(_tile)?::")),
    ("miopen", Pattern(r"(?i)^miopen|^igemm_")),
    ("cudnn", Pattern(r"cudnn|xmma_(fprop|dgrad|wgrad)")),
    ("cutlass", Pattern(r"cutlass")),
    ("cublas", Pattern(r"cublas|nvjet|xmma_gemm|^(maxwell|volta|turing|ampere)_\w*gemm")),
    ("pytorch", Pattern(r"\bat::(native|cuda)::")),
)
_WRITTEN_OUT = Pattern(r"(?i)sm_?(50|52|60|61|70|72|75|80|86|87|89|90|10[0-3]|110|12[01])(?!\d)")
_GENERATIONS = (
    (90, Pattern(r"(?i)wgmma|Fa3|nvjet")),
    (80, Pattern(r"cutlass_80|^ampere_|s16816")),
    (75, Pattern(r"cutlass_75|^turing_|s1688")),  # s1688 is Ampere's too, of TF32
    (70, Pattern(r"cutlass_70|^volta_|[hs]884")),
    (60, Pattern(r"^pascal_")),
    (50, Pattern(r"^maxwell_")),
    (80, Pattern(r"flash_(fwd|bwd)_\w*kernel|fmha_cutlass[FB]|efficient_attention")),
)
_TENSOR = Pattern(
    r"(?i)tf32|xf32|tensorop|wmma|mma_sync|s884|s1688|s16816|d884|_dmma|xmma_gemm_f64|gmma|nvjet"
)
_SIMT = Pattern(
    r"sgemm(?=_(?!lora)|Ex)|scudnn|simt|_ffma_|convolve_sgemm|gemmSN|gemmk1"
    r"|(dgrad|wgrad)\w*_engine<float|winograd\w*<float"
)
"""Single precision on the CUDA cores. ``sgemm_lora`` is a segmented product of any data type, and a
kernel called ``sgemm`` and no more may be anybody's, on any units."""
_FP64_SIMT = Pattern(r"(simt|volta|maxwell)_dgemm")
_MMA = Pattern(r"(?i)[hi]mma|wgmma|wmma|mma_|xmma|gmma|tensorop|flash|s\d{3,5}gemm")
_DTYPES = (
    ("tf32", Pattern(r"(?i)tf32|xf32|s1688gemm(?!_(f|h|fp|bf)16)")),
    ("bf16", Pattern(r"(?i)bf16|bfloat16|(?-i:^Cijk_\w+?_(BBS|BSS|B_BS)_)")),
    (
        "fp16",
        Pattern(
            r"(?i)[hs]\d{3,5}gemm_(fp|f)16|_h\d{3,5}gemm|(?<!b)f16f16|(?<!b)fp?16_[hs]\d"
            r"|(?-i:^Cijk_\w+?_(HHS|HSS|H_HS)_)"
        ),
    ),
    ("int8", Pattern(r"(?i)[ai]\d{4,5}gemm_(s|u|int)8|i8i8|int8|imma.*_s8")),
    ("fp64", Pattern(r"(?i)tensorop_d\d|d884|dmma|_f64f64|xmma_gemm_f64")),
)
_HALVES = Pattern(r"(?i)fp16|bf16|half")
_NAMES_PRODUCT = Pattern(r"(?i)gemm|conv(?!er)|fprop|dgrad|wgrad")
_PRODUCTS: tuple[tuple[Product, Pattern], ...] = (
    (
        "vector",
        Pattern(
            r"(?i)gemv|(?<![a-z])dot_kernel|reduce_1Block|depthwise|conv2d_grouped_direct"
            r"|(?<![a-z_])dot_product(?!_?attention)"
        ),
    ),
    ("narrow", Pattern(r"(?i)gemmSN|gemmk1")),
)
_MACRO_TILE = Pattern(r"_MT(\d{1,4})x(\d{1,4})x\d")  # Tensile's
_TILE = Pattern(r"(?:tilesize|_)(\d{2,3})x(\d{2,3})(?=x\d|_|$)")
_ALIGNMENT = Pattern(r"_align(\d{1,4})\b")
_ROLES: tuple[tuple[Role, Pattern], ...] = (
    (
        "layout",
        Pattern(r"(?i)nchwToNhwc|nhwcToNchw|NCHW2CNHW|CNHW2NCHW|batched_transpose"),
    ),
    (
        "helper",
        Pattern(
            r"splitKreduce|ReduceSplitK|reduce_1Block|epilogue::impl::globalKernel|reduce_wgrad"
            r"|[Oo]ffsetsKernel|tensorTransform|SubTensorOp|scalePackedTensor|PostGSU"
            r"|[Ii]m2d?2?[Cc]ol|[Cc]ol2[Ii]m"
            r"|generateWinogradTiles|at::native::|^fill|convert_tensor|dot_do_o"
            r"|flash_bwd_convert_dq"
        ),
    ),
)
_TRANSFORMED = Pattern(r"(?i)winograd|fft[12]d|_fft_|::fft|fft_kernel")
_BACKWARD = Pattern(r"bwd")
_WALKS = (
    ("vectorized", Pattern(r"vectorized_elementwise_kernel")),
    ("unrolled", Pattern(r"unrolled_elementwise_kernel")),
    ("strided", Pattern(r"(?<![a-z_])elementwise_kernel")),
    ("concatenation", Pattern(r"CatArrayBatchedCopy")),
    ("memcpy", Pattern(r"Memcpy DtoD|CopyDeviceToDevice")),
)
"""PyTorch's TensorIterator launches ``vectorized_elementwise_kernel`` on contiguous tensors of one
type, ``unrolled_elementwise_kernel`` where it converts types, and ``elementwise_kernel`` with an
offset calculation where a tensor is strided or broadcast."""
_COMPILED: tuple[tuple[Compiled, Pattern], ...] = (
    ("poi", Pattern(r"^triton_poi_")),
    ("red", Pattern(r"^triton_red_")),
    ("per", Pattern(r"^triton_per_")),
    ("tem", Pattern(r"^triton_tem_")),
    ("for", Pattern(r"^triton_for_")),
)
_FUSED = Pattern(r"^triton_(?:poi|red|per|tem|for)_fused_(.*?)(?:_\d+)?$")
_PERSISTENT = Pattern(
    r"(?i)sm(90|100|103|120)_|nvjet|persistent|stream_?k|cutlass3x|cooperative|_coop[A-Z]?_"
    r"|triton_mm|matmul_ogs|fmha|flash|nccl|rccl|multimem|all_?reduce"
)
_PARTS: tuple[tuple[Part, Pattern], ...] = (
    ("experts", Pattern(r"(?i)moe|expert|_grouped_mm|topk_gating|routingIndices")),
    (
        "attention",
        Pattern(
            r"(?i)attention|attn|fmha|_mha_|::mha|flash_(fwd|bwd)|mla_(decode|fwd|prefill)"
            r"|batch_decode|scaled_dot_product|(?<![a-z])sdpa(?![a-z])"
        ),
    ),
    (
        "products",
        Pattern(r"(?i)gemm|^Cijk_|nvjet|splitK|xmma|wvSplitK|matmul|\bgemv|_mm_|bmm_"),
    ),
    (
        "rest",
        Pattern(
            r"(?i)norm|act_and_mul|silu|gelu|rope|rotary|elementwise|copy|store_?kv|store_cache"
            r"|kv_cache|index|embedding|quant|fill|reduce_kernel|gather|scatter|sampl|softmax"
            r"|argmax|topk|cumsum|scan"
        ),
    ),
)
_WITHIN_DEVICE = Pattern(r"DtoD|CopyDeviceToDevice|^Memset")
_ONE_DTYPE = (
    Pattern(r"^(?:volta|maxwell|turing|ampere|pascal)_(?:sgemm|scudnn)_"),
    Pattern(r"^(?:cutlass_\d+_simt|cudnn_infer_\w+)_(?:sgemm|scudnn)_"),
    Pattern(r"\b(?:dgrad|wgrad_alg\d)(?:_\w+)?_engine<(?P<type>float|double),"),
    Pattern(r"\b(?:explicit|implicit)_convolve_[sd]gemm<(?P<type>float|double),"),
    Pattern(r"\bwinograd(?:Forward|Wgrad)\w+<(?P<type>float|double), (?P=type)>"),
    Pattern(r"\bbn_[fb]w_\w+<(?P<type>float|double),"),
    Pattern(r"\bmax_pool_forward_n\w+<(?P<type>float|double), (?P=type)>"),
    Pattern(
        r"\bvectorized_elementwise_kernel<\d+, at::native::(?:\w+Functor|\w+_kernel_impl)"
        r"<(?P<type>float|double)(?:, (?P=type))*>"
    ),
)
"""Vectorised elementwise kernels cast nothing (others may), and these library kernels take FP32
parameters with FP32 data."""
_OPAQUE = Pattern(r"OpaqueType<(\d{1,4})u?>")
_LIST_ELEMENT = (
    Pattern(r"CatArrayBatchedCopy\w*<(?P<type>[\w: ]+?),"),
    Pattern(r"multi_tensor_apply_kernel<.*?Functor<(?P<type>[\w:]+(?: int)?),"),
    Pattern(r"multi_tensor_apply_kernel<.*?Copy<(?P<type>[\w:]+(?: int)?), (?P=type)>"),
    Pattern(r"direct_copy_kernel_cuda.*?\{lambda\((?P<type>[\w:]+(?: int)?)\)#1\}"),
)
_SIZES = {
    **{"double": 8, "float": 4, "c10::Half": 2, "__half": 2, "c10::BFloat16": 2},
    **{"long": 8, "long int": 8, "int": 4, "short": 2},
    **{"signed char": 1, "unsigned char": 1, "bool": 1},
}
"""C++ type -> bytes."""
_TOLD_BY = {
    "communicates": exchanges.TOLD_BY,
    "element_bytes": (_OPAQUE, *_LIST_ELEMENT),
    "tensor_dtype": _ONE_DTYPE,
    "transformed": (_TRANSFORMED,),
}
"""Patterns of which a name must hold one for a fact to be known."""
