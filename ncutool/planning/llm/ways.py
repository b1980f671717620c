"""What a plan may be asked for besides plain steps and prompts, and what came of it.

The shapes of the data alone: what works them out is imported by plans that are asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from ncutool.planning.llm.chunked import Chunked
    from ncutool.planning.llm.pools import Pools
    from ncutool.planning.llm.prefixes import Prefix
    from ncutool.planning.llm.speculation import Proposing, Speculation


class Divided(Struct, frozen=True):
    """Devices to divide into those that read prompts and those that decode."""

    devices: int
    prefill: str | None = None
    """Device and layout of a unit that reads prompts; the plan's own where None."""
    link_bytes_per_s: float | None = None
    """Of each device, one way, between both sides; None takes the devices' own links."""


class Ways(Struct, frozen=True):
    """What a plan is asked for; None is not asked."""

    prefix_share: float | None = None
    chunk_tokens: int | None = None
    proposing: Proposing | None = None
    divided: Divided | None = None


class Sizes(Struct, frozen=True):
    """What is served."""

    batch: int
    context_tokens: int
    prompt_tokens: int
    output_tokens: int | None
    usable_share: float
    batches: Sequence[int]


class Found(Struct, frozen=True):
    """What comes of them; None was not asked."""

    prefix: Prefix | None = None
    chunked: Chunked | None = None
    speculation: Speculation | None = None
    pools: Pools | None = None
