"""Short readable names for kernels; the full name is always kept beside them."""

from __future__ import annotations


def short_name(full: str) -> str:
    return full
