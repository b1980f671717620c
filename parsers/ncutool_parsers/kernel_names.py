"""Short readable names for kernels; the full name is always kept beside them.

A demangled C++ name loses its return type, namespaces, parameters and most template arguments.
What tells two launches of one template apart stays: the functor of an elementwise kernel, the
tile of a GEMM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 120
_DEEPEST = 12
"""Template nesting that is looked into."""

_CLOSERS = {"<": ">", "(": ")", "[": "]", "{": "}"}
_CPP = re.compile(r"[<(:\s]")
_DELIMITER = re.compile(r"[<(\[{\s]|::")
_BRACKET = re.compile(r"(?<!-)>|[<()\[\]{}]")
"""What opens or closes a group; the arrow of a return type does not."""
_SEPARATOR = re.compile(r"[,<(\[{]")
_BLANK = re.compile(r"\s")
_IDENTIFIER = re.compile(r"[A-Za-z_]")
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
"""A name that is one identifier of C, as a whole."""
_OPERATOR = re.compile(r"operator\s*(\(\)|\[\]|->\*?|<=>|[-+*/%^&|~!=<>]+)")
_TENSILE = re.compile(r"(Cijk_[A-Za-z]+_[A-Za-z]+_[A-Za-z0-9]+(?:_BH)?)_.*?(MT\d+x\d+x\d+)")
_TILES = (
    re.compile(r"tuple<(?:cute::)?C<(\d+)>\s*,\s*(?:cute::)?C<(\d+)>\s*,\s*(?:cute::)?C<(\d+)>"),
    re.compile(r"GemmShape<\s*(?:\(int\))?(\d+)\s*,\s*(?:\(int\))?(\d+)\s*,\s*(?:\(int\))?(\d+)"),
    re.compile(r"GemmShapeILi(\d+)ELi(\d+)ELi(\d+)E"),
)
_ANONYMOUS = ("(anonymous namespace)", "{anonymous}", "`anonymous namespace'", "<unnamed>")
_GENERIC = frozenset(
    ("kernel", "Kernel", "Kernel2", "impl", "run", "launch", "apply", "type", "operator()")
)
"""Function names that say nothing without the scope around them."""
_WRAPPER = re.compile(
    r"AUnaryFunctor|BUnaryFunctor|BinaryFunctor|(Unary|Binary|Pointwise|Ternary)Op\w*Functor"
    r"|ReduceOp|func_wrapper_t|gpu_kernel_impl\w*|gpu_index_kernel|enable_\w+|Parallel(For|Reduce)"
    r"|ParallelScan|\w*_selector|integral_constant"
)
"""Templates whose argument, not their own name, says what is done."""
_PLUMBING = re.compile(
    r"\w*(Policy\w*|Accessor\w*|Array|Calculator|Metadata|Params?|OpaqueType|Info|State|NullType"
    r"|WithoutCast|WithCast|Tensor\w*|ArrayRef|array|tuple|integral_constant|Layout|layout"
    r"|[Cc]onfig|Arg\w*|[Ii]terator|type|_t)"
)
"""Template arguments that say how, not what."""
_BASIC = frozenset(
    (
        *("void", "bool", "char", "int", "short", "long", "unsigned", "signed", "float", "double"),
        *("half", "half_t", "__half", "__half2", "Half", "BFloat16", "bfloat16_t", "float2"),
        *("float4", "__nv_bfloat16", "__hip_bfloat16", "complex", "const", "volatile", "auto"),
        *("true", "false", "nullptr", "Var", "vec_t", "vectorized"),
        *("Float8_e4m3fn", "Float8_e4m3fnuz", "Float8_e5m2", "Float8_e5m2fnuz"),
    )
)


NO_NAME = "(no name)"
"""What a kernel is called that has no name, or one of blanks alone."""


@dataclass
class _Part:
    """One component of a qualified name and the text of its template arguments."""

    name: str
    template: str = ""


def short_name(full: str) -> str:
    """Return a short name that still identifies the kernel; plain names come back unchanged.

    ``void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, ...>``
    becomes ``vectorized_elementwise_kernel<CUDAFunctor_add>``. Never fails: a name that cannot be
    taken apart is returned whole.
    """
    name = full.strip().removesuffix(".kd")
    if name.startswith("_Z"):
        return _short_mangled(name)
    if match := _TENSILE.match(name):
        return f"{match[1]}_{match[2]}"
    if _CPP.search(name):
        short = _short_cpp(name)
        return short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"
    return name or NO_NAME


def function_name(full: str) -> str | None:
    """Return the function's name without return type, scope, template arguments and parameters.

    That is what Nsight Compute compares names with. None where the text does not tell it for sure:
    symbols, operators, lambdas, and names that carry an ABI tag.
    """
    name = full.strip()
    if not name.startswith("_Z") and _PLAIN.fullmatch(name):
        return name
    if name.startswith("_Z") or "[abi:" in name:
        return None
    parts = _qualified_name(name)
    own = parts[-1].name if parts else ""
    return own if _PLAIN.fullmatch(own) else None


def _short_cpp(full: str) -> str:
    """Return the function's own name, with the functor and the tile of its template arguments."""
    parts = _qualified_name(full)
    if not parts:
        return full
    own = parts[-1]
    tag = _what_is_done(_split_arguments(own.template), _DEEPEST)
    if own.name in _GENERIC and len(parts) > 1 and not tag:
        own = _Part(f"{parts[-2].name}::{own.name}", own.template)
    tile = _tile(own.template)
    inner = " ".join(word for word in (tag, tile) if word)
    return f"{own.name}<{inner}>" if inner else own.name


def _tile(template: str) -> str:
    """Return the tile of a CUTLASS kernel, e.g. ``128x256x64``, "" if none.

    Cluster shapes look the same but multiply to less than 1024: they are passed over.
    """
    for pattern in _TILES:
        for sizes in pattern.findall(template):
            m, n, k = (int(size[:9]) for size in sizes)
            if m * n * k >= 1024:
                return f"{m}x{n}x{k}"
    return ""


def _what_is_done(arguments: Iterable[str], depth: int) -> str:
    """Return the first functor or kernel named in template arguments, "" if none.

    It is preferred to the wrapper that carries it; ``depth`` levels of nesting are looked into.
    """
    weak = ""
    for argument in arguments if depth else ():
        functor, wrapper = _meaning(argument, depth)
        if functor:
            return functor
        weak = weak or wrapper
    return weak


@lru_cache(maxsize=1024)
def _meaning(argument: str, depth: int) -> tuple[str, str]:
    """Return the functor that a template argument names, and a wrapper's name as second best.

    Kernels of one capture share most of their arguments, which is why results are kept.
    """
    parts = [part for part in _qualified_name(argument.rstrip("*& ")) if part.name != "operator()"]
    if not parts or parts[-1].name in _BASIC or not _IDENTIFIER.match(parts[-1].name):
        return "", ""
    own = parts[-1]
    if own.name in _GENERIC:
        return "", _what_is_done(_split_arguments(own.template), depth - 1)
    if own.name.lower().endswith("traits"):
        sizes = [size.removeprefix("(int)") for size in _split_arguments(own.template)]
        return "", "x".join([size for size in sizes if size.isdecimal()][:3])
    if _WRAPPER.fullmatch(own.name):
        return _what_is_done(_split_arguments(own.template), depth - 1), own.name
    return ("", "") if _PLUMBING.fullmatch(own.name) else (own.name, "")


def _qualified_name(text: str) -> list[_Part]:
    """Return the components of the first qualified name that takes parameters, or of the last.

    Each blank outside brackets ends a return type or a qualifier, so the name begins anew there.
    """
    parts: list[_Part] = []
    fresh = True  # the next word begins a name
    for kind, token in _tokens(text):
        if kind == "<":
            if parts and not fresh:
                parts[-1].template = token
        elif kind == "(":
            if parts and not fresh:
                return parts
        elif kind == " ":
            fresh = True
        elif kind == "w":
            if fresh:
                if token in ("const", "volatile", "&", "*", "&&") and parts:
                    return parts
                parts = []
            parts.append(_Part(token))
            fresh = False
    return parts


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield words ("w"), blanks (" ") and outermost bracket groups, each as kind and text.

    Only groups in angle brackets come with their text: parameters are long and of no use.
    """
    if "anonymous" in text or "unnamed" in text:
        for anonymous in _ANONYMOUS:
            text = text.replace(anonymous + "::", "").replace(anonymous, "")
    index = 0
    while index < len(text):
        char = text[index]
        if char == "<":
            end = _group_end(text, index)
            yield char, text[index + 1 : end]
            index = end + 1
        elif char in _CLOSERS:
            yield char, ""
            index = _group_end(text, index) + 1
        elif text.startswith("::", index):
            index += 2
        elif char.isspace():
            yield " ", ""
            index += 1
        elif match := _OPERATOR.match(text, index):
            yield "w", _BLANK.sub("", match[0])
            index = match.end()
        else:
            start, index = index, _end_of_word(text, index)
            yield "w", text[start:index]


def _end_of_word(text: str, start: int) -> int:
    match = _DELIMITER.search(text, start + 1)
    return match.start() if match else len(text)


def _group_end(text: str, start: int) -> int:
    """Return the index of the bracket that closes the one at ``start``, else the text's end.

    Inside parentheses ``<`` and ``>`` may be comparisons, so a closing bracket of another kind
    closes everything opened since its own.
    """
    stack = [_CLOSERS[text[start]]]
    for match in _BRACKET.finditer(text, start + 1):
        char = match[0]
        if char in _CLOSERS:
            stack.append(_CLOSERS[char])
        elif char == stack[-1]:
            stack.pop()
        elif char != ">" and char in stack:
            while stack.pop() != char:
                pass
        if not stack:
            return match.start()
    return len(text)


def _split_arguments(template: str) -> Iterator[str]:
    """Yield template arguments, which commas outside brackets separate."""
    start = index = 0
    while match := _SEPARATOR.search(template, index):
        index = match.start()
        if template[index] == ",":
            if argument := template[start:index].strip():
                yield argument
            start = index + 1
        else:
            index = _group_end(template, index)
        index += 1
    if argument := template[start:].strip():
        yield argument


def _short_mangled(name: str) -> str:
    """Return the innermost source name of a mangled C++ name (no demangler is at hand)."""
    rest = re.sub(r"^_ZN?[KVr]*", "", name)
    best = ""
    while match := re.match(r"(\d{1,4})(?=[A-Za-z_])", rest):
        length = int(match[1])
        best, rest = rest[match.end() :][:length], rest[match.end() + length :]
    if not best or best.startswith("_GLOBAL__"):
        return name
    tile = _tile(rest) if best in _GENERIC else ""
    return f"{best}<{tile}>" if tile else best
