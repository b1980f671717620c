"""How two kernel names are related: the same, another variant of one template, or nothing told."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from ncutool.companions.kernel_identity import canonical
from ncutool.work.kernel_facts import facts_of

Relation = Literal["same", "variant", "template", "other"]
_NUMBER = re.compile(r"\d+")
_LIBRARIES = frozenset(("cublas", "cutlass", "cudnn", "tensile", "inductor"))
"""Their generators write one kernel for every tile and number of stages, and a tuner picks."""


@lru_cache(maxsize=1 << 16)
def family_name(full: str) -> str:
    """Return a kernel's name without its numbers: tiles, stages and unroll factors."""
    return _NUMBER.sub("#", canonical(full))


@lru_cache(maxsize=1 << 16)
def base_name(full: str) -> str:
    """Return a kernel's name without its template arguments."""
    name = canonical(full)
    return name.partition("<")[0] if "<" in name[1:] else name


def relation(before: str, after: str) -> Relation:
    """Return how two full kernel names are related.

    Returns:
        ``same``: one kernel, however two tools spell it. ``variant``: they differ in numbers, or
        are products of one generator (another tile). ``template``: one template with other
        arguments. ``other``: their names tell nothing.
    """
    if before == after or canonical(before) == canonical(after):
        return "same"
    if family_name(before) == family_name(after):
        return "variant"
    facts = facts_of(before), facts_of(after)
    if (
        all(one.names_product and one.tile for one in facts)
        and facts[0].role == facts[1].role
        and all(one.library in _LIBRARIES for one in facts)
    ):
        return "variant"
    if "<" in canonical(before) and base_name(before) == base_name(after):
        return "template"
    return "other"
