"""Templates as Python compiled them, so that a page does not translate them each time."""

from __future__ import annotations

import marshal
import sys
from typing import TYPE_CHECKING

import jinja2

from ncutool.page import kept

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class Compiled(jinja2.BytecodeCache):
    """Compiled templates in the user's cache folder.

    Jinja's own cache on disk checks neither who wrote a file nor what it holds, and reads pickles.
    """

    def __init__(self, settings: bytes) -> None:
        """Keep templates by what they are compiled with.

        Args:
            settings: what else than Jinja, Python and their own text they depend on.
        """
        self._made_of = f"{jinja2.__version__}\0{sys.version}\0".encode() + settings

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the bucket its code, where it is kept."""
        content = kept.load(_name(bucket), self._sources(bucket))
        if content is not None:
            # Only this user can have written it, and its digest is that of what was stored.
            bucket.code = marshal.loads(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the bucket's code."""
        kept.store(_name(bucket), self._sources(bucket), marshal.dumps(bucket.code))

    def _sources(self, bucket: Bucket) -> bytes:
        return self._made_of + bucket.key.encode() + bucket.checksum.encode()


def _name(bucket: Bucket) -> str:
    return f"template-{bucket.key}.{sys.implementation.cache_tag}"
