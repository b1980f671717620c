"""How much of the time could not be looked at, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.advice.view.finding import Advice


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
