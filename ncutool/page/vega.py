"""Vega's JavaScript, so that a page draws its charts without a network.

vl-convert builds it in about a second, so it is kept in the user's cache folder, together with
its length and digest; what does not match them is built again. A cache that cannot be read or
written only costs that second.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from ncutool.page.kept import cache_folder, is_own, replace

if TYPE_CHECKING:
    from pathlib import Path


def javascript() -> str:
    """Return the bundle of vega, vega-lite and vega-embed as one script."""
    try:
        built_by = version("vl-convert-python")
    except PackageNotFoundError:  # a renamed build: there is nothing to key a cache by
        return _build()
    path = cache_folder() / f"vega-{built_by}.js"
    content = _load(path)
    if content is None:
        content = _build()
        _store(path, content)
    return content


def _build() -> str:
    import vl_convert

    # vl-convert's stubs ask for an argument that its code and its documentation do not.
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    # In an HTML file these three would end or comment out the script element.
    for mark in ("</script", "<script", "<!--"):
        bundle = bundle.replace(mark, mark.replace("<", "\\x3c"))
    return bundle


def _digest(content: bytes) -> str:
    return f"{len(content)} {hashlib.sha256(content).hexdigest()}"


def _load(path: Path) -> str | None:
    """Return the cached script where it is exactly what was stored, and by this user; else None."""
    if not (is_own(path.parent) and is_own(path)):
        return None
    try:
        content = path.read_bytes()
        recorded = path.with_suffix(".sha256").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
    if recorded.strip() != _digest(content):
        return None
    return content.decode("utf-8")


def _store(path: Path, content: str) -> None:
    """Keep the script and its digest; two at once do no harm, a refusal does none either."""
    encoded = content.encode("utf-8")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, encoded)
        replace(path.with_suffix(".sha256"), _digest(encoded).encode("ascii"))
    except OSError:
        return
