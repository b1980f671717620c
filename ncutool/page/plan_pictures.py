"""The two pictures of a plan: what it reaches under the roofs, and throughput against the speed of
each user; apart for the page, together as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.charts.palette import LIGHT
from ncutool.charts.plan_roofline import PlanSubject, plan_roofline
from ncutool.charts.svg import drawing
from ncutool.charts.user_speed import user_speed
from ncutool.page.drawing import PAGE_PALETTE
from ncutool.page.side_by_side import side_by_side
from ncutool.planning.llm.curve import Curve, CurvePoint, curve, curve_batches
from ncutool.planning.llm.roof_marks import decode_marks, prefill_marks, roofs
from ncutool.planning.llm.step import Step, decode_step
from ncutool.text import llm_facts

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan

WIDE_PX, NARROW_PX = 470, 292
"""Widths of the planes of both pictures on the page; their axes come on top."""
_HEIGHTS = (300, 260)
_FILE_PX = (520, 340)
_MOST_NAME, _MOST_LABEL = 60, 300
"""Characters of a name, and of what a screen reader is told, that a drawing holds."""


class Seen(Struct, frozen=True):
    """What both pictures and the table beside them are of: one list of batches."""

    plan: Plan
    steps: tuple[Step, ...]
    points: tuple[CurvePoint, ...]
    subject: PlanSubject

    @property
    def curve(self) -> Curve:
        """The curve of the deployment, by the name of its model."""
        plan = self.plan
        mixture = plan.model.experts is not None
        name = shorten(plan.model.name, _MOST_NAME)
        return Curve(name, plan.memory.devices, self.points, mixture)


def seen(plan: Plan) -> Seen:
    """Return what there is to see of a plan: the batches of its curve, and those asked for."""
    batches = set(curve_batches(plan))
    least = plan.setup.deployment.least_batch
    # Doublings past the end of memory say nothing more; whoever asked for another batch sees it.
    batches |= {one.batch for one in plan.batches if not _is_doubling(one.batch, least)}
    usable = plan.memory.usable_bytes
    steps = tuple(
        decode_step(plan.setup, batch, plan.context_tokens, usable) for batch in sorted(batches)
    )
    told = tuple(step.batch for step in steps)
    subject = PlanSubject(
        plan.peak_bytes_per_s, roofs(plan), decode_marks(plan, told), prefill_marks(plan), told,
        plan.memory.most_sequences,
    )  # fmt: skip
    return Seen(plan, steps, curve(plan, steps), subject)


def _is_doubling(batch: int, least: int) -> bool:
    times, rest = divmod(batch, least)
    return not rest and times & (times - 1) == 0


def roofline_label(plan: Plan) -> str:
    """Return what a screen reader says of the roofline."""
    return (
        f"Roofline of {shorten(plan.device.name, _MOST_NAME)}: "
        f"{units.flop_rate(plan.peak_flop_per_s)} and "
        f"{units.data_rate(plan.peak_bytes_per_s)}, ridge at "
        f"{plan.ridge_point_flop_per_byte:.1f} FLOP/byte, with the decode step at each batch and "
        "the prompt. The batch table holds the same figures."
    )


def speed_label(plan: Plan) -> str:
    """Return what a screen reader says of the curve."""
    return (
        f"Tokens a second against tokens a second of each user, batch by batch, of "
        f"{shorten(llm_facts.headline(plan), _MOST_LABEL)}. The batch table holds the same figures."
    )


def roofline_drawings(shown: Seen) -> tuple[str, str]:
    """Return the roofline for a page, wide and narrow; every batch has its large marks."""
    wide, narrow = (
        drawing(
            plan_roofline(
                shown.subject, palette=PAGE_PALETTE, width=width, height=height,
                stops=shown.subject.batches,
            ),
            roofline_label(shown.plan),
            halo=PAGE_PALETTE.paper,
        )
        for width, height in zip((WIDE_PX, NARROW_PX), _HEIGHTS, strict=True)
    )  # fmt: skip
    return wide, narrow


def speed_drawings(shown: Seen) -> tuple[str, str]:
    """Return the curve for a page, wide and narrow; every batch has its large mark."""
    wide, narrow = (
        drawing(
            user_speed(
                [shown.curve], palette=PAGE_PALETTE, width=width, height=height,
                stops=shown.subject.batches,
            ),
            speed_label(shown.plan),
            halo=PAGE_PALETTE.paper,
        )
        for width, height in zip((WIDE_PX, NARROW_PX), _HEIGHTS, strict=True)
    )  # fmt: skip
    return wide, narrow


def plan_picture(plan: Plan, headline: str, *, both: bool = True) -> str:
    """Return both pictures side by side as one SVG that needs nothing beside it.

    Args:
        plan: the plan.
        headline: its verdict.
        both: a reader who prefers dark sees it dark.
    """
    palette = LIGHT
    shown, (width, height) = seen(plan), _FILE_PX
    look: dict[str, Any] = {
        "palette": palette,
        "width": width,
        "height": height,
        "stops": (plan.batch,),
    }
    parts = [
        ("Roofline of a decode step and a prompt",
         drawing(plan_roofline(shown.subject, **look), roofline_label(plan), halo=palette.paper)),
        ("Throughput against the speed of each user, at most",
         drawing(user_speed([shown.curve], **look), speed_label(plan), halo=palette.paper)),
    ]  # fmt: skip
    about = (
        f"context {units.count(plan.context_tokens)}, weights {llm_facts.stored_types(plan)}, "
        f"cache {plan.types.kv}, activations {plan.types.activations}; large marks: batch "
        f"{units.count(plan.batch)}; floors from datasheet figures, nothing measured"
    )
    return side_by_side(headline, about, parts, palette, both=both)
