"""One identity for a kernel that two tools spell differently.

Nsight Compute prints template arguments with casts (``<(int)4, (bool)1>``), the types of template
functions' parameters as ``T1``, lambdas as ``[lambda(float) (instance 1)]`` and anonymous
namespaces as ``<unnamed>``; CUPTI, and with it torch.profiler, prints the C++ ABI's spelling
(``<4, true>``, ``{lambda(float)#1}``, ``(anonymous namespace)``, ``2ul``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_LAMBDAS = (
    re.compile(r"\[lambda\s*\([^\[\]]*\)\s*\(instance (\d+)\)\]"),
    re.compile(r"\{lambda\s*\([^{}]*\)#(\d+)\}"),
)
_ANONYMOUS = re.compile(r"(\(anonymous namespace\)|<unnamed>|\{anonymous\}|\{unnamed\})(::)?")
_CALL_OPERATOR = re.compile(r"operator\s*\(\s*\)")
_INNERMOST_PARENTHESES = re.compile(r"\([^()]*\)")
_LITERAL = re.compile(r"(?<![\w.])(\d+)(?:[uU]?[lL]{0,2}|[lL]{1,2}[uU])(?![\w.])")
_TRUTH = re.compile(r"\b(true|false)\b")
_SAID_ONCE = re.compile(r"\b(?:const|volatile|__global__|static)\b|\bvoid\s+(?=[A-Za-z_])")
_UNSIGNED = re.compile(r"\bunsigned int\b")
_LONG = re.compile(r"\blong int\b")
_LONGEST = 16_384
_DEEPEST = 100
"""Names are untrusted: beyond these the work would grow with the square of their length."""


def canonical(full: str) -> str:
    """Return a spelling of a demangled name that both tools share.

    Parameters, casts and return types are left out: the template arguments tell kernels apart.
    Two kernels may share a canonical name (overloads): compare whole names first.
    """
    name = full.strip().removesuffix(" [clone .kd]").removesuffix(".kd")
    if len(name) > _LONGEST:
        return name
    for pattern in _LAMBDAS:
        name = _until_stable(pattern, r"{lambda#\1}", name)
    name = _ANONYMOUS.sub("", name)
    name = _CALL_OPERATOR.sub("operator_call", name)
    name = _until_stable(_INNERMOST_PARENTHESES, "", name)
    name = _SAID_ONCE.sub(" ", name)
    name = _UNSIGNED.sub("unsigned", name)
    name = _LONG.sub("long", name)
    name = _LITERAL.sub(r"\1", name)
    name = _TRUTH.sub(lambda word: "1" if word[1] == "true" else "0", name)
    return re.sub(r"\s+", "", name) or full


def identities(
    first: Iterable[str], second: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the identity of each name of two captures; equal identities are one kernel.

    A name that both hold as it stands is its own identity. The rest go by their canonical
    spelling, unless two names of one capture share it: then it would say which is which by
    guessing, and each keeps its own name.
    """
    names = sorted(set(first)), sorted(set(second))
    shared = set(names[0]) & set(names[1])
    known = [{name: name for name in shared} for _ in names]
    by_spelling: list[dict[str, list[str]]] = []
    for side in names:
        spelled: dict[str, list[str]] = defaultdict(list)
        for name in side:
            if name not in shared:
                spelled[canonical(name)].append(name)
        by_spelling.append(spelled)
    for identity, spelled in zip(known, by_spelling, strict=True):
        for spelling, sharing in spelled.items():
            doubtful = any(len(side.get(spelling, ())) > 1 for side in by_spelling)
            for name in sharing:
                identity[name] = name if doubtful else f"={spelling}"
    return known[0], known[1]


def _until_stable(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    """Replace from the innermost match outwards."""
    for _ in range(_DEEPEST):
        text, count = pattern.subn(replacement, text)
        if not count:
            break
    return text
