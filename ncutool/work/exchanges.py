"""Kernels that exchange data with other devices, told by whole words of their own names."""

from __future__ import annotations

import re

from ncutool.base.patterns import Pattern
from ncutool.base.pseudonyms import original

_COMMUNICATES = Pattern(
    r"(?<![A-Za-z_])("
    r"nccl([A-Z]\w*?)?Kernel(?![a-z])"  # of NCCL, whatever the words between, and RCCL's
    r"|rccl(_main_kernel|([A-Z]\w*?)?Kernel(?![a-z]))"
    r"|(nv|roc)shmem[ix]?_\w+|(nv|roc)shmem::"
    r"|msccl(pp)?(::|_|[A-Z])\w*|c10d::symmetric_memory::"
    r"|(dpsk|deep)(::|_)ep::(?!layout\b)"
    r"|mori::moe::Ep(Dispatch|Combine)\w*"
    r"|multimem_\w+"
    r"|k?userbuffers_\w+"
    r"|(?i:lamport_style_\w*all_?reduce\w*|cross_device_reduce\w*|reduce_scatter_cross_device\w*"
    r"|(one|two)_?shot_?all_?reduce\w*|all_?reduce_(fusion|prototype|oneshot|twoshot|kernel)\w*"
    r"|all_?reduce_?(kernel|fusion_?kernel)\w*|all_?reduce(?=[<(]|$))"
    r")"
)
"""Whole words of the kernel's own name: what stands in template arguments is what it works on."""
_OPERATOR_NAMES = Pattern(r"^triton_(poi|red|per|for|tem)_")
"""Inductor's names list operators that were fused or stood beside, collectives among them."""
_UNNAMED = Pattern(r"\(anonymous namespace\)|\{lambda[^}]*\}")
TOLD_BY = (_COMMUNICATES, _UNNAMED)
"""Patterns of which a name of a kernel that communicates holds one: without what is unnamed its own
words may stand together."""
_COLLECTIVES = (
    ("all_to_all", Pattern(r"(?i)all_?to_?all")),
    ("all_reduce", Pattern(r"(?i)all_?reduce|cross_device_reduce")),
    ("all_gather", Pattern(r"(?i)all_?gather")),
    ("reduce_scatter", Pattern(r"(?i)reduce_?scatter")),
    ("broadcast", Pattern(r"(?i)broadcast")),
    ("expert dispatch and combine", Pattern(r"(?i)ep::|deep_ep")),
    ("send and receive", Pattern(r"(?i)send_?recv|\bsend\b|\brecv\b")),
    ("reduce", Pattern(r"(?i)reduce")),
)


def communicates(name: str) -> bool | None:
    """Tell an exchange by the kernel's own name, without its template arguments; None where the
    name does not say."""
    name = original(name)
    if _OPERATOR_NAMES.search(name):
        return None
    own = re.split(r"[<(]", _UNNAMED.sub("", name), maxsplit=1)[0]
    return True if _COMMUNICATES.search(own) else None


def collective_of(text: str) -> str | None:
    """Name the exchange that a kernel, an annotation or a collective's metadata speaks of."""
    name = original(text)
    return next((value for value, pattern in _COLLECTIVES if pattern.search(name)), None)
