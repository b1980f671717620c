"""One operator's time at other shapes: a fixed part, and one that grows with its roofline time.

t = fixed + cost × roofline time. The base capture gives one point of that line; its launches
without work bound the fixed part, and the shares that kernels of the family reach bound the cost
(1 / share). Where the two disagree the capture is believed: the kernel is slower or faster than
its family. What fits the last-level cache may be served up to three times as fast as from DRAM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

from msgspec import Struct

from ncutool.base.thresholds import Threshold
from ncutool.devices.reachable import KIND_SHARES
from ncutool.whatif.predict import rates
from ncutool.whatif.predict.aligning import align
from ncutool.whatif.predict.interval import Interval, Prediction
from ncutool.whatif.predict.operators import Base, Run
from ncutool.whatif.predict.rates import Demand
from ncutool.work.operators import OpCall

_SMALL = 1e-9
_AT_RATE = Threshold(
    2.0,
    "times a launch without work",
    "from here on the rest of a kernel's time is its work",
    "judgement; the back-test meets its goals with 1.5, too",
)


class Wanted(Struct, frozen=True):
    """An operator call whose time is asked for."""

    op: str
    call: OpCall | None


def predict(
    base: Base, wanted: Sequence[Wanted], pairs: Sequence[int | None] | None = None
) -> list[Prediction]:
    """Return the kernel time of each wanted call on the device and with the software of ``base``.

    Args:
        base: what one capture shows.
        wanted: calls in their order.
        pairs: position in ``base.runs`` of each one's counterpart; by :func:`align` where None.
    """
    if pairs is None:
        pairs = align([run.op for run in base.runs], [call.op for call in wanted])
    runs = [None if place is None else base.runs[place] for place in pairs]
    known = [_by_shapes(base, call, run) for call, run in zip(wanted, runs, strict=True)]
    growth = _growth(
        (run.duration_ns, prediction.interval)
        for run, prediction in zip(runs, known, strict=True)
        if run is not None and prediction is not None
    )
    return [
        prediction if prediction is not None else _without_shapes(base, call, run, growth)
        for call, run, prediction in zip(wanted, runs, known, strict=True)
    ]


def _growth(known: Iterable[tuple[int, Interval]]) -> tuple[float, float]:
    """Return by what nine of ten operators' times change at least, and at most."""
    grown = [
        (interval.low_ns / time, interval.high_ns / time) for time, interval in known if time > 0
    ]
    if not grown:
        return 1.0, 1.0
    lows, highs = (sorted(ends) for ends in zip(*grown, strict=True))
    last = len(grown) - 1
    return lows[int(0.1 * last)], highs[ceil(0.9 * last)]


def _by_shapes(base: Base, wanted: Wanted, run: Run | None) -> Prediction | None:
    """Return the time that the shapes of both calls give; None where one of them has none."""
    new = None if wanted.call is None else rates.demand(wanted.call)
    if new is None:
        return None
    if run is None:
        return _without_counterpart(base, wanted, new)
    old = None if run.call is None else rates.demand(run.call)
    if old is None:
        return None
    low, high = _on_the_line(base, run, old, new)
    least = new.time_ns(base.device, run.roof, _speedup(base, new)) if new.modelled else 0.0
    low = max(low * (1 - rates.REPEAT), least)
    high = max(high * (1 + rates.REPEAT), low)
    return Prediction(wanted.op, run.family, Interval(low, high), _why(run, old, new))


def _on_the_line(base: Base, run: Run, old: Demand, new: Demand) -> tuple[float, float]:
    """Return least and most (ns) of fixed + cost × roofline time that the capture allows."""
    time = float(run.duration_ns)
    before, after = (demand.time_ns(base.device, run.roof) for demand in (old, new))
    least, most = rates.share(run.kind, old.modelled and new.modelled)
    usual = (1 / (most * _speedup(base, old)), 1 / least)
    if before < _SMALL:
        return time + after / (most * _speedup(base, new)), time + after * usual[1]
    own = _own_costs(base, run, before)
    costs = _meet(own, usual)
    # Costs of the usual range hold at any size; one that was measured holds at its own.
    drift = rates.drift(run.kind, after / before) if own[0] > 0 else (1.0, 1.0)
    ends = [
        time - cost * before + then * after
        for cost in costs
        for change in drift
        for then in _costs_after(base, cost / change, old, new, least, most)
    ]
    return max(min(ends), 0.0), max(*ends, 0.0)


def _own_costs(base: Base, run: Run, before: float) -> tuple[float, float]:
    """Return the costs that the operator's own time allows, from 0 where it shows none.

    Only time beyond what launches without work take is known to grow with the work. Where that
    is less than half of all, kernels are not at their rate yet, which grows with their size.
    """
    floor_low, floor_high = (run.launches * floor for floor in base.floor(run.family))
    time = float(run.duration_ns)
    most = (time - min(floor_low, time)) / before
    if time < _AT_RATE * floor_high:
        return 0.0, most
    return (time - floor_high) / before, most


def _meet(own: tuple[float, float], usual: tuple[float, float]) -> tuple[float, float]:
    """Return the range where both hold; the capture's own where they have nothing in common."""
    low, high = max(own[0], usual[0]), min(own[1], usual[1])
    return (low, high) if low <= high else own


def _costs_after(
    base: Base, cost: float, old: Demand, new: Demand, least: float, most: float
) -> tuple[float, ...]:
    """Return the costs at the new shapes: others where the data leave the cache or fit it now."""
    fitted, fits = old.fits_cache(base.device), new.fits_cache(base.device)
    if fitted == fits:
        return (cost,)
    if fits:
        return cost / rates.CACHE_SPEEDUP, cost
    at_least = max(cost, 1 / most)
    return at_least, max(min(cost * rates.CACHE_SPEEDUP, 1 / least), at_least)


def _speedup(base: Base, demand: Demand) -> float:
    return rates.CACHE_SPEEDUP if demand.fits_cache(base.device) else 1.0


def _without_counterpart(base: Base, wanted: Wanted, new: Demand) -> Prediction:
    """Return the time of a call that the capture does not hold: by floors and shares alone."""
    low, high = base.any_floor
    least, most = KIND_SHARES["other"]
    work = new.time_ns(base.device, None)
    interval = Interval(low + work / (most * _speedup(base, new)), high + work / least)
    return Prediction(wanted.op, "other", interval, "no counterpart in the capture: by its bytes")


def _without_shapes(
    base: Base, wanted: Wanted, run: Run | None, growth: tuple[float, float]
) -> Prediction:
    if run is None:
        why = "no counterpart in the capture and no shapes: the time of a launch without work"
        return Prediction(wanted.op, "other", Interval(*base.any_floor), why, by_shapes=False)
    low, high = (run.duration_ns * factor for factor in growth)
    why = "no shapes: its time changes as nine of ten other operators' do"
    return Prediction(wanted.op, run.family, Interval(low, high), why, by_shapes=False)


def _why(run: Run, old: Demand, new: Demand) -> str:
    size = f"{new.bytes / old.bytes:.3g} times the bytes" if old.bytes else "other bytes"
    guessed = "" if old.modelled and new.modelled else ", counted from its arguments alone"
    return f"{run.duration_ns / 1e3:.1f} µs at the capture's shapes, {size}{guessed}"
