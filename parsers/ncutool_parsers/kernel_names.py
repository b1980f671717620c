"""Short readable names for kernels; the full name is always kept beside them.

A demangled C++ name loses its return type, namespaces, parameters and most template arguments.
What tells two launches of one template apart stays: the functor of an elementwise kernel, the
tile of a GEMM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 120
_DEEPEST = 12
"""Template nesting that is looked into."""

_CLOSERS = {"<": ">", "(": ")", "[": "]", "{": "}"}
_CPP = re.compile(r"[<(:\s]")
_BRACKET = re.compile(
    r"[^<>()\[\]{},]*(?:<[^<>()\[\]{}]*(?<!-)>|\([^<>()\[\]{}]*\)|\[[^<>()\[\]{}]*\]"
    r"|\{[^<>()\[\]{}]*\}|([<>()\[\]{},])|\Z)"
)
"""Up to the next bracket or comma, which is group 1, or past a group without another one in it."""
_BLANK = re.compile(r"\s")
_IDENTIFIER = re.compile(r"[A-Za-z_]")
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
"""A name that is one identifier of C, as a whole."""
_TOKEN = re.compile(
    r"(?P<group>[<(\[{])|::|(?P<blank>\s)"
    r"|(?P<word>operator\s*(?:\(\)|\[\]|->\*?|<=>|[-+*/%^&|~!=<>]+)"
    r"|[\s\S][^<(\[{\s:]*(?::(?!:)[^<(\[{\s:]*)*)(?:::)?"
)
"""What a qualified name is made of; a word comes with what leads to the next one."""
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


class _Part(NamedTuple):
    """One component of a qualified name, the text of its template arguments and its commas."""

    name: str
    template: str = ""
    commas: tuple[int, ...] = ()
    """Indices of those between two arguments."""

    def arguments(self) -> Iterator[str]:
        """Yield each template argument."""
        start = 0
        for end in (*self.commas, len(self.template)):
            if argument := self.template[start:end].strip():
                yield argument
            start = end + 1


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
    tag = _what_is_done(own.arguments(), _DEEPEST)
    if own.name in _GENERIC and len(parts) > 1 and not tag:
        own = _Part(f"{parts[-2].name}::{own.name}", own.template, own.commas)
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
        return "", _what_is_done(own.arguments(), depth - 1)
    if own.name.lower().endswith("traits"):
        sizes = [size.removeprefix("(int)") for size in own.arguments()]
        return "", "x".join([size for size in sizes if size.isdecimal()][:3])
    if _WRAPPER.fullmatch(own.name):
        return _what_is_done(own.arguments(), depth - 1), own.name
    return ("", "") if _PLUMBING.fullmatch(own.name) else (own.name, "")


def _qualified_name(text: str) -> list[_Part]:
    """Return the components of the first qualified name that takes parameters, or of the last.

    Each blank outside brackets ends a return type or a qualifier, so the name begins anew there.
    Bracket groups are skipped: those in angle brackets are template arguments of the word before.
    """
    text = _without_anonymous(text)
    parts: list[_Part] = []
    fresh = True  # the next word begins a name
    index = 0
    while match := _TOKEN.match(text, index):
        kind, index = match.lastgroup, match.end()
        if kind == "word":
            token = match[kind]
            if fresh:
                if token in ("const", "volatile", "&", "*", "&&") and parts:
                    return parts
                parts = []
            parts.append(_Part(_BLANK.sub("", token) if token.startswith("operator") else token))
            fresh = False
        elif kind == "blank":
            fresh = True
        elif kind == "group":
            named = bool(parts) and not fresh
            if named and match[0] == "(":
                return parts
            start, (end, commas) = index, _group(text, index - 1)
            if named and match[0] == "<":
                parts[-1] = _Part(parts[-1].name, text[start:end], commas)
            index = end + 1
    return parts


def _without_anonymous(text: str) -> str:
    if "anonymous" in text or "unnamed" in text:
        for anonymous in _ANONYMOUS:
            text = text.replace(anonymous + "::", "").replace(anonymous, "")
    return text


def _group(text: str, start: int) -> tuple[int, tuple[int, ...]]:
    """Return the index of the bracket that closes the one at ``start``, else the text's end.

    With it come the commas that no bracket inside encloses, counted from behind ``start``.

    Inside parentheses ``<`` and ``>`` may be comparisons, so a closing bracket of another kind
    closes everything opened since its own.
    """
    stack, commas = [_CLOSERS[text[start]]], []
    for match in _BRACKET.finditer(text, start + 1):
        char, end = match[1], match.end()
        if char is None:
            continue
        if char == ",":
            if len(stack) == 1:
                commas.append(end - start - 2)
        elif char in _CLOSERS:
            stack.append(_CLOSERS[char])
        elif char == ">" and text[end - 2] == "-":
            continue  # the arrow of a return type closes nothing
        elif char == stack[-1]:
            stack.pop()
        elif char != ">" and char in stack:
            while stack.pop() != char:
                pass
        if not stack:
            return end - 1, tuple(commas)
    return len(text), tuple(commas)


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
