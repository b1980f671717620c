"""What to do about a cause in the launch that it costs most, on its architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.advice.kernels import measures, stalls
from ncutool.advice.view.finding import LINE
from ncutool.base import units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ncutool.advice.kernels.candidate import Candidate
    from ncutool.advice.kernels.decide import Decided
    from ncutool.inside.hot import Hot
    from ncutool.work.inside import Inside

_IN_CODE = ("tune-stalls", "tune-uncoalesced", "tune-shared-memory", "tune-spills",
            "tune-cache-lines")  # fmt: skip
"""Causes that lie in a line of the code, at which warps are then found waiting."""
_LIMITERS = {
    "registers": (
        "Hold less in registers at once, or cap them with `__launch_bounds__(threads, blocks)` or "
        "`-maxrregcount`, and watch for spills"
    ),
    "shared memory": (
        "Use smaller tiles, fewer stages or narrower types in shared memory, or ask for more of it "
        "with `cudaFuncAttributePreferredSharedMemoryCarveout`"
    ),
    "the number of blocks": "Launch larger blocks, so that as many blocks hold more warps",
    "the block size": "Choose a block size that divides the warps of a multiprocessor evenly",
    "barriers": "Use fewer barriers a block, or smaller blocks",
}
"""What raises occupancy, by what bounds it (``Inside.limited_by``)."""


def applied(made: Candidate, most: Decided, inside: Inside, hot: Hot | None) -> Candidate:
    """Return a candidate with the remedy that fits its launch, and where its warps wait.

    Args:
        made: of launches with one cause.
        most: of them, the launch that it saves most of.
        inside: what that launch's counters say.
        hot: where its warps were found.
    """
    capability = most.row["compute_capability"]
    made = _placed(made, hot)
    if made.rule == "tune-stalls":
        return _waiting(made, most.cause.about, most.row)
    if made.rule == "tune-occupancy":
        ways = [_LIMITERS[name] for name in inside.limited_by if name in _LIMITERS]
        return made._replace(remedy=f"{'. '.join(ways)}.") if ways else made
    if made.rule == "tune-shared-memory":
        return made._replace(remedy=f"{made.remedy}{_swizzle(capability)}")
    if made.rule == "tune-uncoalesced":
        return made._replace(remedy=f"{made.remedy}{_staging(capability)}")
    return made


def _placed(made: Candidate, hot: Hot | None) -> Candidate:
    """Return a candidate with where warps are found most, where one instruction stands out."""
    place = stalls.where(hot)
    if not place or made.rule not in _IN_CODE:
        return made
    launches = f"{units.counted(len(made.rows), 'launch')} of {units.time(made.duration_ns)}"
    lines = (f"{launches}; {said}." for said in stalls.briefly(hot))
    why = next((line for line in lines if len(line) <= LINE), made.why)
    return made._replace(evidence=(*made.evidence[:2], place, *made.evidence[2:]), why=why)


def _waiting(made: Candidate, reason: str, row: Mapping[str, Any]) -> Candidate:
    """Return a candidate on waiting warps with what shortens that wait."""
    remedy = stalls.REMEDIES.get(reason)
    if remedy is None:
        return made
    return made._replace(
        title=f"{made.title}: {remedy.words}",
        remedy=stalls.remedy_for(reason, row["compute_capability"], product=_product(row)),
        action=remedy.action,
        todo=remedy.todo,
    )


def _product(row: Mapping[str, Any]) -> bool:
    """Whether a launch is a product on the memory side of its ridge point: it could reuse more."""
    intensity, ridge = row["intensity_flop_per_byte"], row["ridge_point_flop_per_byte"]
    return measures.product(row) and bool(intensity and ridge and intensity < ridge)


def _swizzle(capability: str | None) -> str:
    number = stalls.version(capability)
    if number is None or number < stalls.TMA_FROM:
        return ""
    return " Tiles that TMA loads are swizzled by its descriptor (`CU_TENSOR_MAP_SWIZZLE_128B`)."


def _staging(capability: str | None) -> str:
    number = stalls.version(capability)
    if number is None or number < stalls.ASYNC_FROM:
        return ""
    way = "TMA" if number >= stalls.TMA_FROM else "cp.async"
    return f" On compute capability {capability} {way} copies such tiles without registers."


def reuse(capability: str | None, *, product: bool) -> str:
    """Return how a kernel can load less, as sentences."""
    number = stalls.version(capability)
    if not product:
        return (
            "Keep what is used again in registers or shared memory, and let blocks that run at the "
            "same time use the same part, so that L2 serves it."
        )
    way = ""
    if number is not None and number >= stalls.ASYNC_FROM:
        name = "TMA" if number >= stalls.TMA_FROM else "cp.async"
        way = f", copied by {name} in several stages"
    return (
        f"Let a block share large tiles of both factors through shared memory{way}, and order "
        "blocks so that those that run at the same time share rows and columns in L2."
    )
