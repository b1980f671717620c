"""Vega's JavaScript, so that a page draws its charts without a network.

vl-convert builds it in about a second, so it is kept in the user's cache folder, together with
its length and digest; what does not match them is built again. A cache that cannot be read or
written only costs that second.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
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


def cache_folder() -> Path:
    """Return the user's cache folder for ncutool, by the platform's own convention."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base or Path.home() / "AppData" / "Local") / "ncutool" / "Cache"
    base = os.environ.get("XDG_CACHE_HOME")
    if base and os.path.isabs(base):
        return Path(base) / "ncutool"
    return Path.home() / ".cache" / "ncutool"


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
    if not (_is_own(path.parent) and _is_own(path)):
        return None
    try:
        content = path.read_bytes()
        recorded = path.with_suffix(".sha256").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
    if recorded.strip() != _digest(content):
        return None
    return content.decode("utf-8")


def _is_own(path: Path) -> bool:
    """Whether this user made it and nobody else may write it."""
    try:
        kind = path.lstat()
    except OSError:
        return False
    if os.name != "posix":
        return True
    return kind.st_uid == os.geteuid() and not kind.st_mode & 0o022


def _store(path: Path, content: str) -> None:
    """Keep the script and its digest; two at once do no harm, a refusal does none either."""
    encoded = content.encode("utf-8")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, encoded)
        _replace(path.with_suffix(".sha256"), _digest(encoded).encode("ascii"))
    except OSError:
        return


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
