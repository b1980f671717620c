"""The answer of an analysis in few words, where there is nothing to do first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.advice.view.finding import Advice


def short(advice: Advice) -> str:
    """Return the answer where there is nothing to do first, in one sentence."""
    if advice.answer == "could_not_look":
        return f"Could not look at {share(advice)}: what would tell was not collected."
    if advice.answer == "nothing_worth_doing":
        rest = f"; {share(advice)} could not be" if advice.could_not_look else ""
        return f"Nothing worth doing was found in what could be looked at{rest}."
    return "Nothing to change stands out beyond what findings share."


def share(advice: Advice) -> str:
    """Return how much of the time could not be looked at."""
    of_launches = [one for one in advice.could_not_look if one.launches and one.pct is not None]
    if not of_launches:
        failed = sum(len(one.launches) for one in advice.could_not_look)
        if failed:
            return units.counted(failed, "launch")
        idle = sum(one.pct or 0.0 for one in advice.could_not_look)
        return f"idle time, {units.percent(idle)} of the window"
    idle = sum(one.pct or 0.0 for one in advice.could_not_look if not one.launches)
    launches = sum(one.pct or 0.0 for one in of_launches)
    beside = f" and at idle time, {units.percent(idle)} of the window" if idle > launches else ""
    return f"{units.percent(launches)} of the launch time{beside}"
