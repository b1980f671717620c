"""A plan as one offline HTML page: the same facts as the terminal, and a roofline with a slider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ncutool.base import units
from ncutool.base.untrusted import json_for_html
from ncutool.charts.llm import BATCH_STEP, plan_roofline, slider_batches
from ncutool.charts.palette import LIGHT
from ncutool.page.drawing import PAGE_PALETTE
from ncutool.page.html import html_page
from ncutool.planning.llm.step import decode_step
from ncutool.text import llm as text
from ncutool.text import llm_facts
from ncutool.text.llm_words import milliseconds, rate

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.step import Step


@dataclass(frozen=True)
class Piece:
    """One part of the memory bar."""

    kind: str
    """The colour: one of the page's style classes."""
    pct: float
    text: str


def render_plan(plan: Plan) -> str:
    """Return the page of a plan: one file that loads nothing. The same plan gives the same page."""
    steps = _steps(plan)
    chart = plan_roofline(plan, steps, palette=PAGE_PALETTE, width="container")
    spec: dict[str, Any] = chart.to_dict(validate=False)
    data = {"chart": spec, "parameter": BATCH_STEP, "stops": _stops(steps)}
    return html_page(
        "plan.html",
        styles=("theme", "page", "plan"),
        scripts=("plan",),
        charted=True,
        plan=plan,
        headline=headline(plan),
        types=llm_facts.stored_types(plan),
        title=f"{llm_facts.headline(plan)} · ncutool",
        groups=llm_facts.facts(plan),
        pieces=memory_pieces(plan),
        headings=text.batch_headings(plan)[1:],
        batches=list(
            zip([step.batch for step in plan.batches], text.batch_rows(plan), strict=True)
        ),
        contexts=text.context_rows(plan),
        chart_label=_label(plan),
        data=Markup(json_for_html(data)),
    )


def roofline_svg(plan: Plan) -> str:
    """Return the plan's roofline as a picture on a light ground."""
    import vl_convert

    chart = plan_roofline(plan, _steps(plan), palette=LIGHT, width=380)
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    return drawn


def _steps(plan: Plan) -> tuple[Step, ...]:
    """Return the plan's step at each stop of the slider."""
    return tuple(
        decode_step(plan.setup, batch, plan.context_tokens, plan.memory.usable_bytes)
        for batch in slider_batches(plan.setup.deployment.least_batch).values()
    )


def _stops(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Return the sentence of each stop, as the script reads it."""
    return [
        {
            "stop": stop,
            "batch": step.batch,
            "text": f"batch {units.count(step.batch)}: "
            f"{milliseconds(step.floor_ns)} a token, "
            f"{rate(step.tokens_per_s)} in all",
        }
        for stop, step in zip(slider_batches(), steps, strict=True)
    ]


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


def _label(plan: Plan) -> str:
    return (
        f"Roofline of {plan.device.name}: {units.flop_rate(plan.peak_flop_per_s)} and "
        f"{units.data_rate(plan.peak_bytes_per_s)}, ridge at "
        f"{plan.ridge_point_flop_per_byte:.1f} FLOP/byte. A slider sets the batch. The batch table "
        "holds the same figures."
    )
