"""What outputs say of findings, in words: the saving alone, all of them together, the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool import units

if TYPE_CHECKING:
    from ncutool.advice.finding import Advice, Declined
    from ncutool.analysis import Analysis

_APART = 0.02
"""Ranges that differ by less of their high end read alike."""


def alone(saving_high_ns: int, alone_low_ns: int, alone_high_ns: int) -> str | None:
    """What a finding saves done alone, where findings before it have claimed part of that."""
    if alone_high_ns - saving_high_ns <= _APART * alone_high_ns:
        return None
    return f"alone {units.time_range(alone_low_ns, alone_high_ns)}"


def closing(analysis: Analysis) -> tuple[str, ...]:
    """Sentences below the list: all findings together, and the small ones that are left out."""
    advice, window = analysis.advice, analysis.window_ns
    if window <= 0:
        return ()
    sentences = []
    if len(advice.findings) > 1 and advice.all_high_ns > 0:
        sentences.append(f"All of them together: {_range(advice, window)}.")
    if advice.small:
        noun = "suggestion" if advice.small == 1 else "suggestions"
        share = units.percent(100 * advice.small_high_ns / window)
        together = " together" if advice.small > 1 else ""
        sentences.append(
            f"Small things: {units.count(advice.small)} more {noun} below 0.5 % each, at most "
            f"{units.time(advice.small_high_ns)} ({share}){together}."
        )
    return tuple(sentences)


def _range(advice: Advice, window: int) -> str:
    low, high = advice.all_low_ns, min(advice.all_high_ns, window)
    share = units.percent_range(100 * low / window, 100 * high / window)
    return f"{units.time_range(low, high)} of {units.time(window)} ({share})"


def declined(one: Declined, window_ns: int) -> str:
    """What is not advised, why, and how much time is in it."""
    share = f", {units.percent(100 * one.duration_ns / window_ns)}" if window_ns else ""
    return f"{one.what} ({units.time(one.duration_ns)}{share}): {one.why}"
