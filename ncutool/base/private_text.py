"""Private data in free text: paths, hosts, users, addresses and values, each replaced by its kind.

What is replaced is told by its form, since text of a capture says of nothing that it is private.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ncutool.base.patterns import Pattern

_PART = r"[^\s/\\:*?\"'<>|(),;\[\]{}]+"
_SPACED = rf"{_PART}(?: {_PART})*"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_HEX = r"[0-9A-Fa-f]{1,4}"
_DOMAINS = (
    "com|net|org|edu|gov|mil|io|ai|dev|cloud|internal|intern|local|localdomain|lan|corp|cluster|"
    "home|intra|de|fr|uk|ch|jp|cn|eu|us"
)
_FILES = (
    "py|pyc|ipynb|cu|cuh|cubin|ptx|cc|cpp|cxx|c|h|hpp|so|dll|exe|json|jsonl|gz|zip|pt|pth|"
    "safetensors|ckpt|ncu-rep|nsys-rep|log|txt|yaml|yml|toml|sh|csv|parquet|bin"
)
_FORMS: tuple[tuple[str, Pattern], ...] = (
    ("<url>", Pattern(r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>]+")),
    ("<path>", Pattern(rf"(?<![\w/])[A-Za-z]:[\\/]+(?:{_SPACED}[\\/]+)*{_PART}")),
    ("<path>", Pattern(rf"(?<!\\)\\\\+{_SPACED}(?:[\\/]+{_SPACED})*")),
    ("<path>", Pattern(rf"(?<![\w./<])(?:~[\w.-]*|\.{{1,2}})?/(?:{_SPACED}/+)+(?:{_PART})?")),
    ("<path>", Pattern(rf"(?<![\w./<])~[\w.-]*/{_PART}")),
    (
        "<path>",
        Pattern(rf"(?<![\w./<])/(?:home|root|Users|data|mnt|srv|scratch)\b(?:/{_PART})*"),
    ),
    ("<path>", Pattern(rf"(?<![\w./<>-])(?:[\w.-]+/)+[\w.-]+\.(?:{_FILES})\b")),
    ("<file>", Pattern(rf"(?<![\w./<>-])\w[\w-]*(?:\.[\w-]+)*\.(?:{_FILES})(?![\w.])")),
    ("<e-mail>", Pattern(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*")),
    ("<address>", Pattern(rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\d.])")),
    ("<address>", Pattern(rf"(?<![\w:])(?:{_HEX}:){{5,7}}{_HEX}(?![\w:])")),
    (
        "<address>",
        Pattern(
            rf"(?<![\w:])(?=[0-9a-f]*\d){_HEX}(?::{_HEX}){{0,6}}::(?:{_HEX}(?::{_HEX})*)?(?!\w)"
        ),
    ),
    (
        "<host>",
        Pattern(
            rf"(?<![\w.:])(?<!\w-)[A-Za-z0-9][\w-]*(?:\.[A-Za-z0-9][\w-]*)*\.(?:{_DOMAINS})(?![\w.(])"
        ),
    ),
)
_ROOTS = (
    "home|root|Users|data|datasets|mnt|media|srv|scratch|tmp|var|opt|usr|etc|workspace|workspaces|"
    "gpfs|lustre|nfs|fsx|efs|shared|proj|projects|private|nix|checkpoint|checkpoints|export|Volumes"
)
_TOKEN = (
    "<token>",
    Pattern(
        r"\b(?:hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|"
        r"sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|"
        r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
    ),
)
_URL, _WINDOWS, _SHARE = _FORMS[:3]
_MAIL, _IPV4, _HARDWARE, _IPV6 = _FORMS[8:12]
_UNIX = Pattern(rf"(?<![\w./<])/(?:{_ROOTS})/(?:{_PART}/)*{_PART}(?:(?: {_PART})*/{_PART})*")
_AT_HOME = Pattern(rf"(?<![\w./<])~[\w.-]*/{_PART}(?:/{_PART})*")
_LOCAL_HOST = Pattern(
    r"(?<![\w.:])(?<!\w-)[A-Za-z0-9][\w-]*(?:\.[A-Za-z0-9][\w-]*)*"
    r"\.(?:internal|intern|local|localdomain|lan|corp|cluster)(?![\w.(])"
)
_PLACES = tuple(
    (Pattern(mark), *form)
    for mark, form in (
        (r"(?:hf|gh[pousr]|github_pat)_|(?:glpat|sk|xox[abprs])-|AKIA|eyJ", _TOKEN),
        (r"://", _URL),
        (r"@", _MAIL),
        (r"\.\d", _IPV4),
        (r"[0-9A-Fa-f]:[0-9A-Fa-f]", _HARDWARE),
        (r"(?:^|[^\w:])[0-9A-Fa-f]{0,3}\d[0-9A-Fa-f]{0,3}:", _IPV6),
        (r":[\\/]", _WINDOWS),
        (r"\\\\", _SHARE),
        (r"/", ("<path>", _UNIX)),
        (r"~", ("<path>", _AT_HOME)),
        (r"\.(?:intern|loc|lan|corp|cluster)", ("<host>", _LOCAL_HOST)),
    )
)
"""What tells of a machine, a person or a right of entry, whoever reads it: a part without which no
text holds one, its kind and its form. Most texts are names of kernels and hold none of the parts,
which are searched for in a tenth of the time."""
_SECRET = Pattern(
    r"\b([A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_KEY|ACCESS_KEY|USER|HOME|HOST|"
    r"HOSTNAME)[A-Z0-9_]*=)(?!-?\d)(\"[^\"]*\"|'[^']*'|[^\s,;<]+)"
)
_MAY_TELL = Pattern(r"[/\\@=~]|\d\.\d|[A-Za-z0-9]\.[a-z]|:[0-9a-f]{0,4}:|[_-]\w{10}|eyJ|AKIA")
_ASSIGNED = Pattern(
    r"\b([A-Z][A-Z0-9_]{2,}=)(?!(?:-?\d[\d.]*|True|False|None)(?![\w.]))(\"[^\"]*\"|'[^']*'|[^\s,;]+)"
)
_DOTTED = Pattern(r"(?<![\w.$])[^\W\d][\w$]*(?:\.[\w$]+)+")
_LOOK_FOR = 3
"""Characters from which on a known private word is looked for in other text."""


def without_private(text: str, known: Callable[[str], str] | None = None) -> str:
    """Return text in which private data is replaced by what kind it was.

    Args:
        known: replaces words that are known to be private (:func:`finder`).
    """
    if known is not None:
        text = known(text)
    for kind, form in (_TOKEN, *_FORMS):
        text = form.sub(kind, text)
    return _ASSIGNED.sub(r"\1<value>", text)


def without_places(text: str, known: Callable[[str], str] | None = None) -> str:
    """Return text without what is never shown unasked: the machine's paths, hosts and addresses,
    persons, values of secrets. Names of files, modules and scopes stay.

    Args:
        known: replaces words that are known to be private (:func:`finder`).
    """
    if known is not None:
        text = known(text)
    if _MAY_TELL.search(text) is None:
        return text
    for mark, kind, form in _PLACES:
        if mark.search(text) is not None:
            text = form.sub(kind, text)
    return _SECRET.sub(r"\1<value>", text) if "=" in text else text


def tellings(words: Iterable[str]) -> list[Pattern]:
    """Return patterns of which a text holds one wherever :func:`without_places` changes it.

    Args:
        words: those that are known to be private.
    """
    known = [Pattern(f"(?i){re.escape(word)}") for word in words]
    return [Pattern("="), *(mark for mark, _, _ in _PLACES), *known]


def without_modules(text: str, rename: Callable[[str], str]) -> str:
    """Return text whose dotted paths, as `package.module.Class`, went through ``rename``."""
    return _DOTTED.sub(lambda match: rename(match.group()), text)


def finder(words: Iterable[str]) -> Callable[[str], str] | None:
    """Return what replaces these words wherever they stand, whole and in any case; longest first.

    Words of fewer than three characters are left out, since they stand in too much else.
    """
    found = sorted({word for word in words if len(word) >= _LOOK_FOR}, key=lambda word: -len(word))
    if not found:
        return None
    either = "|".join(map(re.escape, found))
    pattern = re.compile(rf"(?i)(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])")
    return lambda text: pattern.sub("<private>", text)
