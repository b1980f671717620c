"""What warps wait for: whether that costs time at all, where it happens, and what shortens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.base import units
from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    from ncutool.inside.hot import Hot, HotInstruction
    from ncutool.work.inside import Inside

HIDDEN_ISSUE = Threshold(
    0.8,
    "share of the cycles",
    "schedulers that issue as often hide what single warps wait for",
    "NVIDIA, rule file CPIStall that Nsight Compute ships",
)
READY_ISSUE = Threshold(
    0.6,
    "share of the cycles",
    "from here on they do so too where a second warp is ready",
    JUDGED,
)
READY_WARPS = Threshold(
    1.0,
    "eligible warps of a scheduler",
    "with more on average another one could issue in the same cycle",
    "NVIDIA, Compute Triage Guide",
)
HOT_PCT = Threshold(5.0, "% of the samples", "an instruction with fewer is not named", JUDGED)
ASYNC_FROM = (8, 0)
TMA_FROM = (9, 0)


class Remedy(NamedTuple):
    """What shortens one kind of wait."""

    words: str
    """What warps wait for, in words that follow "wait for"."""
    action: str
    """At most 35 characters."""
    todo: str
    """One line of at most 80 characters."""
    text: str


_LOADS = Remedy(
    "loads from device memory and its caches", "hide the latency of loads",
    "Load earlier than values are used, with several loads under way.",
    "Load earlier than the values are used and keep several independent loads under way: unroll, "
    "and move the loads of the next turn of the loop before the arithmetic of this one",
)  # fmt: skip
_SHARED = Remedy(
    "shared memory or special functions", "wait less for shared memory",
    "Make shared accesses wider and free of conflicts; use fewer special functions.",
    "Make shared accesses wide (LDS.128) and free of bank conflicts (pad or swizzle), and use "
    "fewer special functions (reciprocals, exponentials, conversions)",
)  # fmt: skip
REMEDIES = {
    "long_scoreboard": _LOADS,
    "short_scoreboard": _SHARED,
    "mio_throttle": _SHARED,
    "lg_throttle": Remedy(
        "the queue of global and local accesses", "make fewer, wider accesses",
        "Load 16 bytes a thread instead of 4, and keep arrays in registers.",
        "Make fewer and wider accesses: vector loads of 16 bytes a thread, and no arrays that "
        "spill to local memory",
    ),
    "tex_throttle": Remedy(
        "the queue of textures", "make fewer texture accesses",
        "Join texture accesses, and mix arithmetic between them.",
        "Join texture accesses into wider ones and mix arithmetic between them",
    ),
    "barrier": Remedy(
        "other warps of their block at a barrier", "wait less at barriers",
        "Give warps equal work before a barrier; use smaller blocks, or fewer barriers.",
        "Give the warps of a block equal work before each barrier, use smaller blocks so that "
        "others run meanwhile, and drop barriers that shuffles within a warp can replace",
    ),
    "membar": Remedy(
        "memory fences", "use fewer fences",
        "Use fewer or narrower fences: of the block where the device is not needed.",
        "Use fewer fences, and those of a block where other blocks need not see the writes",
    ),
    "wait": Remedy(
        "results of their own arithmetic", "give warps independent work",
        "Interleave independent chains of arithmetic: unroll, several results a thread.",
        "Give each thread several independent results to work on, so that it need not wait for "
        "the one before; more warps help as well",
    ),
    "branch_resolving": Remedy(
        "targets of branches", "branch less", "Replace short branches by selects; unroll loops.",
        "Replace short branches by selects, and unroll short loops",
    ),
    "no_instruction": Remedy(
        "their next instructions to be fetched", "make the code smaller",
        "Unroll less: the code does not fit the instruction cache.",
        "Unroll less and split long kernels: the code does not fit the instruction cache, or the "
        "launch is too short to fill it",
    ),
    "imc_miss": Remedy(
        "constants that are not in their cache", "read constants together",
        "Let all threads of a warp read one constant; pass fewer of them.",
        "Let all threads of a warp read the same constant at a time; put what they index into "
        "shared memory",
    ),
    "math_pipe_throttle": Remedy(
        "a pipe that is busy", "spread the work over pipes",
        "Do less on the busiest pipe, or move work to another one.",
        "Do less on the busiest pipe: narrower types, tensor cores, fewer conversions and special "
        "functions",
    ),
    "drain": Remedy(
        "their last stores", "store less at the end",
        "Make the last stores coalesced and wide, or reduce before storing.",
        "Make the stores at the end coalesced and wide, or reduce within the block before storing",
    ),
    "gmma": Remedy(
        "products of the tensor cores", "deepen the pipeline of products",
        "Use more stages, so that a product's operands are there before it starts.",
        "Use more stages of shared memory, so that operands are there before a product starts, and "
        "more warps that consume them",
    ),
    "dispatch_stall": Remedy(
        "the dispatcher", "ease the dispatcher", "Mix kinds of instructions, avoid hot pipes.",
        "Mix kinds of instructions so that no unit holds the dispatcher back",
    ),
    "sleeping": Remedy(
        "the end of a sleep", "sleep less", "Shorten NANOSLEEP, or poll less often.",
        "Shorten the sleeps of polling loops, or wait on a barrier instead",
    ),
}  # fmt: skip


def hidden(inside: Inside) -> str | None:
    """Return why what warps wait for costs no time, as a clause; None where it may cost some."""
    issue, ready = inside.issue_active, inside.eligible_warps
    if issue is None:
        return None
    often = f"schedulers issue in {units.percent(100 * issue)} of the cycles"
    if issue >= HIDDEN_ISSUE:
        return f"{often}: other warps hide it"
    if ready is not None and ready > READY_WARPS and issue >= READY_ISSUE:
        return f"{often}, and {units.significant(ready)} warps could issue on average"
    return None


def remedy_for(reason: str, capability: str | None, *, product: bool = False) -> str:
    """Return what shortens a wait, as sentences, with what the architecture has for it.

    Args:
        reason: NVIDIA's name of what is waited for.
        capability: of the device, as ``8.0``.
        product: it is a matrix product that could reuse more of what it loads.
    """
    remedy = REMEDIES.get(reason)
    if remedy is None:
        return ""
    text = f"{remedy.text}."
    if product and reason in ("long_scoreboard", "lg_throttle"):
        text += " Let a block share tiles of both factors through shared memory."
    if reason == "long_scoreboard":
        text += f" {_copying(capability)}"
    return text


def _copying(capability: str | None) -> str:
    number = version(capability)
    if number is None:
        return "Reuse what was loaded from shared memory or registers."
    if number < ASYNC_FROM:
        return (
            f"Compute capability {capability} has no asynchronous copies: load into registers "
            "first, and write them to shared memory a turn of the loop later."
        )
    if number < TMA_FROM:
        return "Copy tiles to shared memory with cp.async in several stages."
    return "Copy tiles to shared memory with TMA (or cp.async) in several stages."


def version(capability: str | None) -> tuple[int, int] | None:
    """Return a compute capability as two numbers; None where it is not known."""
    parts = (capability or "").split(".")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def briefly(hot: Hot | None) -> tuple[str, ...]:
    """Return where warps are found most as a clause, the longest form first; none where that is not
    known, or they are spread too widely."""
    if hot is None or hot.instructions[0].pct < HOT_PCT:
        return ()
    hottest = hot.instructions[0]
    share = f"{units.percent(hottest.pct)} of samples at"
    line = f" ({hottest.file}:{hottest.line})" if hottest.file else ""
    text = hottest.text or f"byte {hottest.offset}"
    fed = f", fed by {hottest.loads[0].text}" if hottest.loads and hottest.loads[0].sure else ""
    place = [f"{share} {text}{line}{fed}", f"{share} {text}{line}"]
    return (*place, *([f"{share}{line}"] if line else []), f"{share} {text}")


def where(hot: Hot | None) -> str:
    """Return where warps are found most, in one sentence; empty where that is not known, or spread
    too widely."""
    if hot is None or hot.instructions[0].pct < HOT_PCT:
        return ""
    hottest = hot.instructions[0]
    at = f"`{hottest.text}`" if hottest.text else f"the instruction at byte {hottest.offset}"
    line = f" ({hottest.file}:{hottest.line})" if hottest.file else ""
    share = units.percent(hottest.pct)
    stall = f", where most wait for {hottest.stall.replace('_', ' ')}" if hottest.stall else ""
    return f"{share} of its samples are at {at}{line}{stall}{_fed_by(hottest)}."


def _fed_by(hottest: HotInstruction) -> str:
    if not hottest.loads:
        return ""
    load = hottest.loads[0]
    probably = "" if load.sure else "probably "
    return f": its operand is {probably}that of `{load.text}`"
