"""What the name of a kernel says of its part in an operator and of its elements."""

from __future__ import annotations

import re

_HELPER = re.compile(
    r"splitKreduce|ReduceSplitK|reduce_1Block|epilogue::impl::globalKernel|reduce_wgrad"
    r"|[Oo]ffsetsKernel|nchwToNhwc|nhwcToNchw|NCHW2CNHW|CNHW2NCHW|batched_transpose|tensorTransform"
    r"|SubTensorOp|scalePackedTensor|im2col|col2im|generateWinogradTiles"
    r"|at::native::|^fill|convert_tensor|dot_do_o|flash_bwd_convert_dq",
)
TRANSFORMED = r"(?i)winograd|fft[12]d|_fft_|::fft|fft_kernel"
"""Convolutions in another domain, which do fewer operations (a regular expression)."""
_LIST_ELEMENT = (
    re.compile(r"OpaqueType<(?P<size>\d+)u?>"),
    re.compile(r"CatArrayBatchedCopy\w*<(?P<name>[\w: ]+?),"),
    re.compile(r"multi_tensor_apply_kernel<.*?Functor<(?P<name>[\w:]+(?: int)?),"),
    re.compile(r"multi_tensor_apply_kernel<.*?Copy<(?P<name>[\w:]+(?: int)?), (?P=name)>"),
    re.compile(r"direct_copy_kernel_cuda.*?\{lambda\((?P<name>[\w:]+(?: int)?)\)#1\}"),
)
_SIZES = {
    "double": 8,
    "float": 4,
    "c10::Half": 2,
    "__half": 2,
    "c10::BFloat16": 2,
    "long": 8,
    "long int": 8,
    "int": 4,
    "short": 2,
    "signed char": 1,
    "unsigned char": 1,
    "bool": 1,
}


_OPERAND = (
    re.compile(r"^(?:volta|maxwell|turing|ampere|pascal)_(?P<single>sgemm|scudnn)_"),
    re.compile(r"^(?:cutlass_\d+_simt|cudnn_infer_\w+)_(?P<single>sgemm|scudnn)_"),
    re.compile(r"\b(?:dgrad|wgrad_alg\d)(?:_\w+)?_engine<(?P<name>float|double),"),
    re.compile(r"\b(?:explicit|implicit)_convolve_[sd]gemm<(?P<name>float|double),"),
    re.compile(r"\bwinograd(?:Forward|Wgrad)\w+<(?P<name>float|double), (?P=name)>"),
    re.compile(r"\bbn_[fb]w_\w+<(?P<name>float|double),"),
    re.compile(r"\bmax_pool_forward_n\w+<(?P<name>float|double), (?P=name)>"),
    re.compile(
        r"\bvectorized_elementwise_kernel<\d+, at::native::(?:\w+Functor|\w+_kernel_impl)"
        r"<(?P<name>float|double)(?:, (?P=name))*>"
    ),
)
"""Kernels whose name says the one data type of all their tensors. Vectorised elementwise kernels
cast nothing (others may), and these library kernels take fp32 parameters with fp32 data."""


def operand_dtype(name: str) -> str | None:
    """Data type of all tensors that a kernel works on, where its name proves one."""
    for pattern in _OPERAND:
        match = pattern.search(name)
        if match is not None:
            return "fp64" if match.groupdict().get("name") == "double" else "fp32"
    return None


def is_helper(name: str) -> bool:
    """Whether a kernel prepares or finishes a matrix product, convolution or attention: split-K
    sums, layout changes, bias copies. Its operator's work is done by another kernel. The stages
    of a Winograd convolution are the work itself."""
    return _HELPER.search(name) is not None


def list_element_bytes(name: str) -> int | None:
    """Element size of the tensor lists that a concatenation or optimizer kernel works on."""
    for pattern in _LIST_ELEMENT:
        match = pattern.search(name)
        if match is None:
            continue
        groups = match.groupdict()
        if groups.get("size"):
            return int(groups["size"])
        if groups.get("name") in _SIZES:
            return _SIZES[groups["name"]]
    return None
