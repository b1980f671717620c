"""Works out the ways to serve a model that a plan is asked for."""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.devices.resolve import Device, resolve
from ncutool.planning.llm.chunked import Beside, chunked
from ncutool.planning.llm.layouts import check_deployment
from ncutool.planning.llm.limits import divides
from ncutool.planning.llm.pools import Asked, Pools, divide
from ncutool.planning.llm.prefixes import cached_of, prefix
from ncutool.planning.llm.questions import Wanted
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.sides import parse_side
from ncutool.planning.llm.speculation import speculate
from ncutool.planning.llm.ways import Divided, Found, Sizes, Ways
from ncutool_parsers.errors import UsageError


def found_of(
    setup: Setup,
    asked: Ways,
    sizes: Sizes,
    wanted: Wanted | None,
    known: tuple[Device, ...] | None,
) -> Found:
    """Return what comes of the ways that are asked for.

    Raises:
        UsageError: one of them cannot be, with the reason.
    """
    limits = wanted or Wanted()
    cached = cached_of(asked.prefix_share, sizes.prompt_tokens)
    usable = sizes.usable_share * setup.device.memory_bytes
    read, mixed, guessed, pools = None, None, None, None
    if asked.prefix_share is not None:
        read = prefix(setup, asked.prefix_share, sizes.prompt_tokens)
    if asked.chunk_tokens is not None:
        beside = Beside(sizes.batch, sizes.context_tokens, sizes.prompt_tokens, cached)
        mixed = chunked(setup, asked.chunk_tokens, beside, limits.time_per_token_ns)
    if asked.proposing is not None:
        guessed = speculate(
            setup, asked.proposing, sizes.batch, sizes.context_tokens, sizes.batches, usable
        )
    if asked.divided is not None:
        pools = _pools(setup, asked.divided, sizes, cached, limits, known)
    return Found(read, mixed, guessed, pools)


def _pools(
    setup: Setup,
    asked: Divided,
    sizes: Sizes,
    cached: int,
    limits: Wanted,
    known: tuple[Device, ...] | None,
) -> Pools:
    if sizes.output_tokens is None:
        raise UsageError(
            "devices are divided by what requests need: say how long answers are with "
            "--output-tokens"
        )
    given = Asked(
        asked.devices, sizes.prompt_tokens, sizes.output_tokens, cached, asked.link_bytes_per_s,
        limits.time_per_token_ns, limits.time_to_first_token_ns,
    )  # fmt: skip
    return divide(_reading(setup, asked.prefill, known), setup, given, sizes.usable_share)


def _reading(setup: Setup, text: str | None, known: tuple[Device, ...] | None) -> Setup:
    """Return the setup of a unit that reads prompts."""
    if text is None:
        return setup
    side = parse_side(text)
    device = resolve(None, side.name, known).device
    assert device is not None
    layout = side.deployment or setup.deployment
    check_deployment(setup.model, layout)
    if not divides(setup, layout.tensor_parallel):
        raise UsageError(
            f"{setup.model.name}: its heads do not divide among {layout.tensor_parallel} devices "
            "that read prompts"
        )
    return replace(setup, device=device, deployment=layout)
