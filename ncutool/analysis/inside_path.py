"""Why a launch takes as long as it does, in the order in which an expert asks, with the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from ncutool.advice.kernels import gates, measures, reuse, stalls
from ncutool.base import ncu_command, units
from ncutool.roofline.reasons import LEVEL_WORDS
from ncutool.work import inside as counted
from ncutool.work.nvidia_rules import tail_cap_pct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ncutool.analysis.analyse import Analysis
    from ncutool.inside.hot import Hot

_STALLS = 3
_PIPES = 3
_LINES = 3


class PathStep(NamedTuple):
    """One question and what the report's counters answer."""

    question: str
    answer: str


class Message(NamedTuple):
    """What one of NVIDIA's rules printed of the launch."""

    rule: str
    title: str
    text: str
    estimate: str
    """Its estimate, with what it is of; empty where it gives none."""


def of(analysis: Analysis, launch_id: int) -> tuple[PathStep, ...]:
    """Return the path of one launch; empty for a capture without counters."""
    if not analysis.capture.traits.figures_counted:
        return ()
    row = analysis.inside.row(by_predicate=pl.col("launch_id") == launch_id, named=True)
    launch = analysis.kernels.row(by_predicate=pl.col("launch_id") == launch_id, named=True)
    if launch["error"] is not None:
        return ()
    own = analysis.capture.metrics.filter(pl.col("launch_id") == launch_id)
    metrics = dict(own.select("metric", "value").iter_rows())
    within = counted.of_metrics(metrics)
    hot = analysis.hot.get(launch_id)
    answers = [
        ("Is the device filled?", _filled(row)),
        ("Is it at a limit?", _limit(row, launch)),
        ("What do its warps wait for?", _waits(row, within)),
        ("What does it move?", _moves(row, launch)),
        ("Which pipe is busy?", _pipes(row)),
        ("How many warps are there?", _occupancy(row)),
        ("Where?", _where(hot)),
        ("What was ruled out?", _ruled_out(launch, within)),
        ("What is not known?", _unknown(row)),
    ]
    return tuple(PathStep(question, answer) for question, answer in answers if answer)


def messages(analysis: Analysis, launch_id: int) -> tuple[Message, ...]:
    """Return what NVIDIA's rules advised of one launch, with their estimates."""
    rules = analysis.capture.rules.filter(
        (pl.col("launch_id") == launch_id)
        & pl.col("severity").is_in(["optimization", "warning"])
        & (pl.col("message").fill_null("") != "")
    )
    return tuple(
        Message(row["rule"], row["title"] or "", row["message"], _estimate(row))
        for row in rules.iter_rows(named=True)
    )


def _estimate(row: Mapping[str, Any]) -> str:
    if row["speedup_pct"] is None:
        return ""
    of_what = "of the unit that it looks at" if row["speedup_kind"] == "local" else "of its time"
    return f"estimates {units.percent(row['speedup_pct'])} {of_what}"


def _sentence(parts: Iterator[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _filled(row: Mapping[str, Any]) -> str:
    if row["waves"] is None:
        return ""
    waves = units.significant(row["waves"])
    if row["waves"] < 1:
        return f"No: {waves} waves of blocks, so that part of the device has nothing to do."
    cap = tail_cap_pct(row["waves"]) or 0.0
    tail = f", of which a partial last one costs at most {units.percent(cap)}" if cap else ""
    return f"Yes: {waves} waves of blocks{tail}."


def _limit(row: Mapping[str, Any], launch: Mapping[str, Any]) -> str:
    if row["limiting_pct"] is None:
        return ""
    level = row["limiting_detail"] or row["limiting_level"]
    named = LEVEL_WORDS.get(level, f"the {level} pipe") if level else "not told by its counters"
    return (
        f"Compute reaches {units.percent(launch['sm_sol_pct'])} and memory "
        f"{units.percent(launch['memory_sol_pct'])} of their speed of light; the nearest limit is "
        f"{named}."
    )


def _waits(row: Mapping[str, Any], within: counted.Inside) -> str:
    if not row["stalls"]:
        return ""

    def parts() -> Iterator[str]:
        shares = row["stalls_pct"] or [None] * len(row["stalls"])
        for name, cycles, pct in list(
            zip(row["stalls"], row["stalls_cycles"], shares, strict=True)
        )[:_STALLS]:
            if cycles:
                yield (
                    f"{name.replace('_', ' ')} {units.significant(cycles)} cycles "
                    f"({units.percent(pct)})"
                )
        if row["issue_active_pct"] is not None:
            yield f"schedulers issue in {units.percent(row['issue_active_pct'])} of the cycles"
        if row["eligible_warps"] is not None:
            yield f"{units.significant(row['eligible_warps'])} warps could issue on average"
        if stalls.hidden(within) is not None:
            yield "that hides what single warps wait for"

    return _sentence(parts())


def _moves(row: Mapping[str, Any], launch: Mapping[str, Any]) -> str:
    def parts() -> Iterator[str]:
        intensity, ridge = launch["intensity_flop_per_byte"], launch["ridge_point_flop_per_byte"]
        if intensity and ridge:
            side = "the memory" if intensity < ridge else "the compute"
            yield (
                f"{units.significant(intensity)} FLOP a byte, on {side} side of the ridge point at "
                f"{units.significant(ridge)}"
            )
        if (said := _against_least(launch)) is not None:
            yield said
        if row["l1_hit_pct"] is not None:
            yield f"L1 finds {units.percent(row['l1_hit_pct'])} of its sectors"
        if row["l2_hit_pct"] is not None:
            yield f"L2 finds {units.percent(row['l2_hit_pct'])}"
        for kind in ("load", "store"):
            sectors = row[f"global_{kind}_sectors_per_request"]
            if sectors is not None:
                yield f"{units.significant(sectors)} sectors a global {kind}"
        if row["excess_sectors_pct"]:
            yield f"{units.percent(row['excess_sectors_pct'])} of the sectors are not needed"
        if row["local_pct"]:
            yield f"{units.percent(row['local_pct'])} of L1's sectors are of local memory (spills)"
        for kind in ("load", "store"):
            if row[f"shared_{kind}_conflicts"]:
                ways = row[f"shared_{kind}_conflict_ways"]
                yield f"shared {kind}s take {units.significant(ways)} passes each, with conflicts"

    return _sentence(parts())


def _against_least(launch: Mapping[str, Any]) -> str | None:
    """Return how a product's traffic compares with the least that any product of as many
    operations moves; None for other kernels, and where a factor is not far from 1."""
    if not measures.product(launch) or not launch["dram_bytes"]:
        return None
    least = reuse.least_product_bytes(launch["flop"], launch["dtype"])
    if least is None or launch["dram_bytes"] < reuse.FAR * least:
        return None
    times = units.significant(launch["dram_bytes"] / least)
    return (
        f"{units.data(launch['dram_bytes'])} through DRAM is {times} times the least that a "
        f"product of as many operations can move ({units.data(least)}, were it a cube); its shape "
        "is not recorded, so that it may need more"
    )


def _pipes(row: Mapping[str, Any]) -> str:
    def parts() -> Iterator[str]:
        named = list(zip(row["pipes"] or (), row["pipes_pct"] or (), strict=True))
        busy = [f"{name} {units.percent(pct)}" for name, pct in named[:_PIPES] if pct]
        if busy:
            yield f"busiest: {', '.join(busy)}"
        if row["fma_share_pct"] is not None:
            yield (
                f"{units.percent(row['fma_share_pct'])} of its {row['fma_dtype'].upper()} "
                "instructions are fused, which allow "
                f"{units.percent(row['fp_ceiling_pct'])} of the peak"
            )
        if row["threads_per_instruction"] is not None:
            threads = units.significant(row["threads_per_instruction"])
            yield f"{threads} of 32 threads of a warp work"

    return _sentence(parts())


def _occupancy(row: Mapping[str, Any]) -> str:
    theoretical, achieved = row["occupancy_theoretical_pct"], row["occupancy_achieved_pct"]
    if theoretical is None:
        return ""
    by = " and ".join(name.replace("_", " ") for name in row["occupancy_limiters"] or ())
    limited = f", limited by {by}" if by else ""
    had = f"; it had {units.percent(achieved)}" if achieved is not None else ""
    registers = row["registers_per_thread"]
    used = f", with {registers} registers a thread" if registers is not None else ""
    return f"Room for {units.percent(theoretical)} of the warps{limited}{used}{had}."


def _where(hot: Hot | None) -> str:
    if hot is None:
        return ""
    lines = ", ".join(
        f"{line.file}:{line.line} {units.percent(line.pct)}" for line in hot.lines[:_LINES]
    )
    return " ".join(
        filter(None, (stalls.where(hot), f"Most samples by line: {lines}." if lines else ""))
    )


def _ruled_out(launch: Mapping[str, Any], within: counted.Inside) -> str:
    found = [
        f"{one.what.replace(' ' + launch['kernel'], ' it')}: {one.why}"
        for one in gates.ruled_out(launch, within)
    ]
    return " ".join(found)


def _unknown(row: Mapping[str, Any]) -> str:
    sections = row["missing_sections"] or ()
    if not sections:
        return ""
    reasons = [one.partition(": section ")[0] for one in row["missing"] if ": section " in one]
    options = " ".join(ncu_command.section_words(sections))
    what = ", ".join(reasons)
    return f"{what[0].upper()}{what[1:]}: collect {options}."
