"""Questions asked backwards: how large a batch, or how many devices, for a speed that is wanted.

Answers rest on floors. So a batch is the largest that may be (no larger one can hold the time), and
a deployment the smallest that may be (no smaller one of those looked at can reach the rate).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.checks import is_positive
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.limits import divides, most_sequences
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import decode_pass, prompt_pass, work
from ncutool_parsers.errors import UsageError

_MOST = 1 << 40
"""A batch beyond this is none: no limit is looked for past it."""
COUNTS = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of devices that are looked at for the smallest deployment."""


class LargestBatch(Struct, frozen=True):
    """The largest batch under a time per token, of the whole group of devices."""

    time_ns: float
    """What was asked for."""
    batch: int | None
    """None where not even the smallest batch holds it."""
    stopped_by: str
    """``time``, ``memory``, or ``batch`` where the smallest batch is too slow or too large."""
    step_ns: float
    """Floor of a step of that batch, or of the smallest."""
    tokens_per_s: float | None
    least_batch: int


def largest_batch(
    setup: Setup, context_tokens: int, time_ns: float, usable_bytes: float
) -> LargestBatch:
    """Return the largest batch whose decode step may take no longer than this and that fits."""
    least = setup.deployment.least_batch
    held = setup.resident_weight_bytes()
    fitting = most_sequences(setup, held, context_tokens, usable_bytes)

    def step_ns(batch: int) -> float:
        return work(setup, decode_pass(batch, context_tokens)).floor_ns

    limit = _MOST if fitting is None else fitting
    first = step_ns(least)
    if first > time_ns or limit < least:
        return LargestBatch(time_ns, None, "batch", first, None, least)
    batch = _largest(least, limit, lambda tried: step_ns(tried) <= time_ns)
    taken = step_ns(batch)
    by = "memory" if batch == fitting else "time"
    return LargestBatch(time_ns, batch, by, taken, 1e9 * batch / taken, least)


def most_prompts(
    setup: Setup, new_tokens: int, time_ns: float, cached_tokens: int = 0
) -> int | None:
    """Return how many prompts may be read at once within this time to the first token.

    None where not even one for each group and stage may.

    Args:
        new_tokens: of each prompt, that are not in the cache yet.
        cached_tokens: of each prompt, that are.
    """

    def holds(prompts: int) -> bool:
        return work(setup, prompt_pass(new_tokens, prompts, cached_tokens)).floor_ns <= time_ns

    least = setup.deployment.least_batch
    return _largest(least, _MOST, holds) if holds(least) else None


def _largest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the largest number that holds, where ``low`` does and larger ones cease to."""
    step = 1
    while low + step <= high and holds(low + step):
        low, step = low + step, 2 * step
    high = min(high, low + step - 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


class SmallestDeployment(Struct, frozen=True):
    """The fewest devices that may decode at a rate, of the numbers looked at."""

    tokens_per_s: float
    """What was asked for."""
    time_ns: float | None
    """Longest time per token that was asked for; None is any."""
    deployment: Deployment | None
    """The fastest layout of that many devices; None where none of them reaches it."""
    devices: int | None
    reached_tokens_per_s: float
    """At most, at its largest batch; the best of all layouts where none reaches it."""
    batch: int | None
    looked_at: tuple[int, ...]


def smallest_deployment(
    setup: Setup,
    context_tokens: int,
    tokens_per_s: float,
    usable_bytes: float,
    time_ns: float | None = None,
) -> SmallestDeployment:
    """Return the smallest deployment whose decode may reach a rate of all sequences together."""
    best, at = 0.0, None
    for count in COUNTS:
        found: Deployment | None = None
        for layout in layouts(setup, count):
            tried = replace(setup, deployment=layout)
            reached = largest_batch(tried, context_tokens, time_ns or float("inf"), usable_bytes)
            if reached.tokens_per_s is not None and reached.tokens_per_s > best:
                best, at, found = reached.tokens_per_s, reached.batch, layout
        if best >= tokens_per_s and found is not None:
            return SmallestDeployment(tokens_per_s, time_ns, found, found.devices, best, at, COUNTS)
    return SmallestDeployment(tokens_per_s, time_ns, None, None, best, at, COUNTS)


def layouts(setup: Setup, devices: int) -> Iterator[Deployment]:
    """Return the ways to divide the model among so many devices, experts placed whole if they
    can be."""
    model = setup.model
    for stages in _divisors(devices):
        if stages > 1 and (model.layers is None or stages > model.layers):
            continue
        for groups in _divisors(devices // stages):
            shares = devices // stages // groups
            if groups > 1 and not (model.shapes_known and model.caches):
                continue
            if not divides(setup, shares):
                continue
            whole = model.experts is not None and not model.experts.count % (shares * groups)
            yield Deployment(shares, shares * groups if whole else 1, groups, stages)


def _divisors(count: int) -> list[int]:
    return [each for each in range(1, count + 1) if not count % each]


class Wanted(Struct, frozen=True):
    """What a plan is asked for backwards; None is not asked."""

    time_per_token_ns: float | None = None
    time_to_first_token_ns: float | None = None
    tokens_per_s: float | None = None


class Answers(Struct, frozen=True):
    """Answers to what was wanted; None where it was not asked."""

    largest_batch: LargestBatch | None
    time_to_first_token_ns: float | None
    prompts: int | None
    """Read at once at most within that time; None where not even the fewest may."""
    least_prompts: int
    prompt_tokens: int
    smallest: SmallestDeployment | None


def answers(
    setup: Setup, wanted: Wanted, context_tokens: int, prompt_tokens: int, usable_bytes: float
) -> Answers:
    """Answer what is wanted of a setup.

    Raises:
        UsageError: a time or rate is not above 0, or the cache is not known.
    """
    for what, value in (
        ("the time per token", wanted.time_per_token_ns),
        ("the time to the first token", wanted.time_to_first_token_ns),
        ("the rate of tokens", wanted.tokens_per_s),
    ):
        if value is not None and not is_positive(value):
            raise UsageError(f"{what} must be above 0")
    if not setup.sequence_is_known or not setup.heads_known:
        raise UsageError(
            f"{setup.model.name}: the shape of its attention is not known, so that no batch can be "
            "told: describe the model by --config or sizes"
        )
    limit, first, rate = (
        wanted.time_per_token_ns,
        wanted.time_to_first_token_ns,
        wanted.tokens_per_s,
    )
    return Answers(
        None if limit is None else largest_batch(setup, context_tokens, limit, usable_bytes),
        first,
        None if first is None else most_prompts(setup, prompt_tokens, first),
        setup.deployment.least_batch,
        prompt_tokens,
        None
        if rate is None
        else smallest_deployment(setup, context_tokens, rate, usable_bytes, limit),
    )
