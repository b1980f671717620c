"""Short readable names for kernels; the full name is always kept beside them.

A demangled C++ name loses its return type, namespaces, parameters and most template arguments.
What tells two launches of one template apart stays: the functor of an elementwise kernel, the
tile of a GEMM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 120
_DEEPEST = 12
"""Template nesting that is looked into."""

_CLOSERS = {"<": ">", "(": ")", "[": "]", "{": "}"}
_CPP = re.compile(r"[<(:\s]")
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


@dataclass
class _Part:
    """One component of a qualified name and the text of its template arguments."""

    name: str
    template: str = ""


def short_name(full: str) -> str:
    """A short name that still identifies the kernel; plain names come back as they are.

    ``void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, ...>``
    becomes ``vectorized_elementwise_kernel<CUDAFunctor_add>``. Never fails: a name that cannot be
    taken apart is returned whole.
    """
    name = full.strip().removesuffix(".kd")
    if name.startswith("_Z"):
        return _mangled(name)
    if match := _TENSILE.match(name):
        return f"{match[1]}_{match[2]}"
    if _CPP.search(name):
        short = _cpp(name)
        return short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"
    return name or full


def _cpp(full: str) -> str:
    parts = _qualified(full)
    if not parts:
        return full
    own = parts[-1]
    tag = _tag(_split(own.template), _DEEPEST)
    if own.name in _GENERIC and len(parts) > 1 and not tag:
        own = _Part(f"{parts[-2].name}::{own.name}", own.template)
    tile = _tile(own.template)
    inner = " ".join(word for word in (tag, tile) if word)
    return f"{own.name}<{inner}>" if inner else own.name


def _tile(template: str) -> str:
    """The tile of a CUTLASS kernel, e.g. ``128x256x64``; cluster shapes are passed over."""
    for pattern in _TILES:
        for sizes in pattern.findall(template):
            m, n, k = (int(size[:9]) for size in sizes)
            if m * n * k >= 1024:
                return f"{m}x{n}x{k}"
    return ""


def _tag(arguments: list[str], depth: int) -> str:
    """What the template arguments say is done, "" if nothing.

    A functor or kernel name is preferred to the wrapper that carries it.
    """
    weak = ""
    for argument in arguments if depth else []:
        parts = [part for part in _qualified(argument.rstrip("*& ")) if part.name != "operator()"]
        if not parts or parts[-1].name in _BASIC or not re.match(r"[A-Za-z_]", parts[-1].name):
            continue
        own = parts[-1]
        if own.name in _GENERIC:
            weak = weak or _tag(_split(own.template), depth - 1)
        elif own.name.lower().endswith("traits"):
            sizes = [size.removeprefix("(int)") for size in _split(own.template)]
            weak = weak or "x".join([size for size in sizes if size.isdecimal()][:3])
        elif _WRAPPER.fullmatch(own.name):
            if inner := _tag(_split(own.template), depth - 1):
                return inner
            weak = weak or own.name
        elif not _PLUMBING.fullmatch(own.name):
            return own.name
    return weak


def _qualified(text: str) -> list[_Part]:
    """Components of the first qualified name that takes parameters, or of the last one.

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


def _tokens(text: str) -> list[tuple[str, str]]:
    """Words ("w"), blanks (" ") and the insides of bracket groups outside other brackets."""
    for anonymous in _ANONYMOUS:
        text = text.replace(anonymous + "::", "").replace(anonymous, "")
    found: list[tuple[str, str]] = []
    word, index = "", 0

    def flush() -> None:
        nonlocal word
        if word:
            found.append(("w", word))
            word = ""

    while index < len(text):
        char = text[index]
        if char == "o" and not word and (match := _OPERATOR.match(text, index)):
            found.append(("w", re.sub(r"\s", "", match[0])))
            index = match.end()
        elif char in _CLOSERS:
            flush()
            end = _group_end(text, index)
            found.append((char, text[index + 1 : end]))
            index = end + 1
        elif text.startswith("::", index):
            flush()
            index += 2
        elif char.isspace():
            flush()
            found.append((" ", ""))
            index += 1
        else:
            word += char
            index += 1
    flush()
    return found


def _group_end(text: str, start: int) -> int:
    """Index of the bracket that closes the one at ``start``; the end of the text without one.

    Inside parentheses ``<`` and ``>`` may be comparisons, so a closing bracket of another kind
    closes everything opened since its own.
    """
    stack = [_CLOSERS[text[start]]]
    for index in range(start + 1, len(text)):
        char = text[index]
        if char in _CLOSERS:
            stack.append(_CLOSERS[char])
        elif char in ")]}>":
            if char == ">" and (stack[-1] != ">" or text[index - 1] == "-"):
                continue
            while stack and stack[-1] != char and char in stack:
                stack.pop()
            if stack[-1] == char:
                stack.pop()
            if not stack:
                return index
    return len(text)


def _split(template: str) -> list[str]:
    """Template arguments, separated by commas outside brackets."""
    found, start, index = [], 0, 0
    while index < len(template):
        if template[index] in _CLOSERS:
            index = _group_end(template, index)
        elif template[index] == ",":
            found.append(template[start:index].strip())
            start = index + 1
        index += 1
    found.append(template[start:].strip())
    return [argument for argument in found if argument]


def _mangled(name: str) -> str:
    """The innermost source name of a mangled C++ name (no demangler is at hand)."""
    rest = re.sub(r"^_ZN?[KVr]*", "", name)
    best = ""
    while match := re.match(r"(\d{1,4})(?=[A-Za-z_])", rest):
        length = int(match[1])
        best, rest = rest[match.end() :][:length], rest[match.end() + length :]
    if not best or best.startswith("_GLOBAL__"):
        return name
    tile = _tile(rest) if best in _GENERIC else ""
    return f"{best}<{tile}>" if tile else best
