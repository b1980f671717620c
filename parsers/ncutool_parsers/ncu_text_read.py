"""What is understood of each launch that ``ncu`` printed: metrics in base units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ncutool_parsers import ncu_text_values as values
from ncutool_parsers.edge import is_counter
from ncutool_parsers.ncu_text_found import Launch
from ncutool_parsers.ncu_text_labels import metric_of
from ncutool_parsers.ncu_text_values import Marks, Printed

DURATIONS = tuple(f"gpu__time_duration.{kind}" for kind in ("sum", "avg", "max"))
_CLOCK = "gpc__cycles_elapsed.avg.per_second"
_NANO = 1e9
_FACTOR = 10.0
"""Units differ by a thousand; clocks that are sampled badly by less than this."""
_SAME = 1e-9
_FACTS = r"(launch|device)__.*|gpu__time_duration\.\w+|gpc__cycles_elapsed\..*|sm__throughput\..*"


class Read(NamedTuple):
    """What is understood of one launch."""

    numbers: dict[str, Printed]
    texts: dict[str, str]
    """Facts that are words, such as the device's name."""


class Losses:
    """What was printed and is not used, and why."""

    def __init__(self) -> None:
        self.labels: dict[str, None] = {}
        self.coarse = 0
        self.contrary = 0
        self.impossible = 0
        self.units: dict[str, None] = {}


def together(launches: Sequence[Launch]) -> list[Launch]:
    """Return the launches, those once of which several pages are printed one after another.

    A page repeats all launches of the page before it in their order.
    """
    pages: list[list[Launch]] = []
    for launch in launches:
        page = pages[-1] if pages else []
        kinds = {value.section is None for value in launch.values}
        if not pages or (page and _kind(page[0]) != kinds):
            pages.append([])
        pages[-1].append(launch)
    if (
        len(pages) == 2
        and len(pages[0]) == len(pages[1])
        and all(
            one.same(other) and one.process == other.process and one.process is not None
            for one, other in zip(*pages, strict=True)
        )
    ):
        for one, other in zip(*pages, strict=True):
            one.values += other.values
            one.rules += other.rules
        return pages[0]
    return [launch for page in pages for launch in page if launch.values or launch.rules]


def _kind(launch: Launch) -> set[bool]:
    return {value.section is None for value in launch.values}


class Asked:
    """Which metrics are read: those asked for, and what the other tables are made of."""

    def __init__(self, wanted: str | None) -> None:
        self._pattern = None if wanted is None else re.compile(rf"{_FACTS}|(?:{wanted})")
        self._known: dict[str, bool] = {}

    def __contains__(self, metric: str) -> bool:
        """Whether it is one of them."""
        if metric not in self._known:
            pattern = self._pattern
            self._known[metric] = pattern is None or pattern.fullmatch(metric) is not None
        return self._known[metric]


def read_launch(launch: Launch, marks: Marks, losses: Losses, asked: Asked) -> Read:
    """Return the metrics of a launch in NVIDIA's base units."""
    numbers: dict[str, Printed] = {}
    texts: dict[str, str] = {}
    contrary: set[str] = set()
    for section, label, unit, text in launch.values:
        metric = metric_of(section, label, unit)
        if metric is None:
            if values.is_number(text.strip()):
                losses.labels[f"{section}: {label}" if section else label] = None
            continue
        if metric not in asked:
            continue
        printed = values.in_base_unit(metric, text, unit, marks)
        if printed is None:
            if values.is_number(text.strip()):
                losses.units[unit] = None
            else:
                texts[metric] = text.strip()
            continue
        if not is_counter(printed.value):
            losses.impossible += 1
            continue
        if values.too_coarse(metric, printed):
            losses.coarse += 1
            continue
        known = numbers.get(metric)
        if known is None or printed.within < known.within:
            numbers[metric] = printed
        if known is not None and not _agree(known, printed):
            contrary.add(metric)
    contrary |= _impossible(numbers)
    losses.contrary += len(contrary)
    for metric in contrary:
        numbers.pop(metric, None)
    return Read(numbers, texts)


def _impossible(numbers: Mapping[str, Printed]) -> set[str]:
    """Return the durations that elapsed cycles and their rate contradict: a column of the page raw
    has one unit for all launches, which need not be that of each."""
    cycles, rate = numbers.get("gpc__cycles_elapsed.max"), numbers.get(_CLOCK)
    durations = {name for name in DURATIONS if name in numbers}
    if cycles is None or rate is None or cycles.value <= 0 or rate.value <= 0:
        return set()
    expected = cycles.value / rate.value * _NANO
    return {
        name
        for name in durations
        if not expected / _FACTOR <= numbers[name].value <= expected * _FACTOR
    }


def _agree(one: Printed, other: Printed) -> bool:
    slack = one.within + other.within + _SAME * abs(one.value)
    return abs(one.value - other.value) <= slack
