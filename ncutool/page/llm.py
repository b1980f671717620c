"""A plan as one offline HTML page: the terminal's facts, and two pictures with a slider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import Struct

from ncutool.base import units
from ncutool.base.untrusted import json_for_html
from ncutool.charts.palette import LIGHT
from ncutool.charts.plan_roofline import plan_roofline
from ncutool.charts.svg import drawing
from ncutool.page.html import html_page
from ncutool.page.plan_pictures import (
    Seen,
    plan_picture,
    roofline_drawings,
    roofline_label,
    seen,
    speed_drawings,
)
from ncutool.planning.llm.curve import at_speeds
from ncutool.planning.llm.roof_marks import ATTENDING, LAYERS, PREFILL, WHOLE
from ncutool.text import llm as text
from ncutool.text import llm_facts
from ncutool.text.llm_curve import speed_grid, stop_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.planning.llm import Plan

_SYMBOLS = {LAYERS: "●", ATTENDING: "■", WHOLE: "◆", PREFILL: "▲"}


class Piece(Struct, frozen=True):
    """One part of the memory bar."""

    kind: str
    """The colour: one of the page's style classes."""
    pct: float
    text: str


def render_plan(plan: Plan) -> str:
    """Return the page of a plan: one file that loads nothing. The same plan gives the same page."""
    shown = seen(plan)
    start = shown.subject.batches.index(plan.batch) if plan.batch in shown.subject.batches else 0
    stops = [{"batch": point.batch, "text": stop_words(plan, point)} for point in shown.points]
    rows = [
        (point.batch, text.point_row(plan, step, point), point.fits)
        for step, point in zip(shown.steps, shown.points, strict=True)
    ]
    return html_page(
        "plan.html",
        styles=("theme", "page", "plan"),
        scripts=("theme_switch", "plan"),
        plan=plan,
        headline=headline(plan),
        types=llm_facts.stored_types(plan),
        title=f"{llm_facts.headline(plan)} · ncutool",
        groups=llm_facts.facts(plan),
        pieces=memory_pieces(plan),
        headings=text.batch_headings(plan)[1:],
        point_headings=text.point_headings(plan),
        batches=rows,
        speeds=speed_grid(plan, at_speeds(plan, shown.points)),
        contexts=text.context_rows(plan),
        further=text.further_grids(plan),
        roofline=_marked(roofline_drawings(shown), start),
        speed=_marked(speed_drawings(shown), start),
        told=stops[start]["text"],
        start=start,
        last=len(stops) - 1,
        kinds=_kinds(shown),
        data=Markup(json_for_html({"stops": stops})),
    )


def picture_of(plan: Plan, *, both: bool = True) -> str:
    """Return both pictures of a plan under its verdict, as SVG.

    Args:
        plan: the plan.
        both: a reader who prefers dark sees it dark.
    """
    return plan_picture(plan, headline(plan), both=both)


def roofline_svg(plan: Plan) -> str:
    """Return the plan's roofline as a picture on a light ground, the plan's batch large."""
    chart = plan_roofline(seen(plan).subject, stops=(plan.batch,))
    return drawing(chart, roofline_label(plan), halo=LIGHT.paper)


def _marked(drawings: Sequence[str], start: int) -> list[Markup]:
    """Return drawings in which the large marks of one batch are shown, with scripts or without."""
    mark = f' data-stop="{start}"'
    return [Markup(one.replace(mark, f'{mark} class="on"')) for one in drawings]


def _kinds(shown: Seen) -> list[tuple[str, str]]:
    """Return name and symbol of each kind of mark on the roofline."""
    kinds = dict.fromkeys(mark.kind for mark in (*shown.subject.decode, *shown.subject.prefill))
    return [(kind, _SYMBOLS[kind]) for kind in kinds]


def headline(plan: Plan) -> str:
    """Return in one sentence whether it fits, how fast it is at best, and what ends that first."""
    name = llm_facts.headline(plan)
    if not plan.memory.fits:
        smallest = plan.memory.smallest_tensor_parallel
        remedy = f": it takes {smallest} of them or more" if smallest else " at any parallelism"
        return f"{name} does not fit{remedy}"
    speed = units.significant(plan.decode.tokens_per_s_per_sequence)
    turning, most = plan.crossover.whole_step, plan.crossover.memory_batch
    verdict = f"{name}: at most {speed} tokens/s a user at batch {units.count(plan.batch)}"
    if most is None:
        return verdict
    room = units.counted(most, "sequence")
    if plan.crossover.first == "memory":
        later = "never turns" if turning is None else "turns"
        at = "" if turning is None else f" at {units.significant(turning)}"
        return f"{verdict}; memory ends at {room}, and a step {later} compute-bound{at}"
    assert turning is not None
    return (
        f"{verdict}; a step turns compute-bound at batch {units.significant(turning)}, memory "
        f"holds {room}"
    )


def memory_pieces(plan: Plan) -> list[Piece]:
    """Return shares of a device's memory: weights, caches, what is free, and what is kept back."""
    kept = plan.memory
    whole = max(float(kept.device_bytes), kept.total_bytes)
    free = max(0.0, kept.usable_bytes - kept.total_bytes)
    parts = [
        ("memory", kept.weight_bytes, "weights"),
        ("compute", kept.kv_bytes or 0.0, "KV cache"),
        ("idle", free, "free"),
        ("unknown", max(0.0, whole - kept.total_bytes - free), "kept for activations"),
    ]
    return [
        Piece(kind, 100 * value / whole, f"{llm_facts.size(value)} {name}")
        for kind, value, name in parts
        if value > 0
    ]
