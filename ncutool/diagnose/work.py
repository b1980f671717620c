"""What a capture did, in few figures, so that a later one can be told to have done the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import polars as pl

from ncutool.base import units
from ncutool.base.records import replace
from ncutool.diagnose.quoted import quoted
from ncutool.diff.conditions import CLOCKS_APART, PRODUCTS, clock_of, device_words, dtypes
from ncutool.diff.facts import Fact, State, apart, ratio_of
from ncutool.diff.same_work import (
    flop_fact,
    flop_of,
    largest,
    other_passes,
    weights_fact,
    weights_of,
)
from ncutool.diff.sides import run_of

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.diff.sides import Run

_LARGEST = 1e300
Amount = Annotated[float, msgspec.Meta(ge=0, le=_LARGEST)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_HASH_BYTES = 8
_GRID = ["kernel_full", *(f"{what}_{axis}" for what in ("grid", "block") for axis in "xyz")]


class Work(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The work of one capture and the conditions of its times, as it stands in a diagnosis.

    What has its default there is left out.
    """

    tool: str
    device: str
    dtypes: str = ""
    batch: Count | None = None
    length: Count | None = None
    launches: Count
    counted: bool = False
    """Figures were counted, not modelled from shapes."""
    flop: Amount | None = None
    flop_share: Share = 0.0
    """Share of kernel time that FLOPs are known for, 0 to 1."""
    product_flop: Amount | None = None
    product_share: Share = 0.0
    largest_product: str | None = None
    weights: Amount | None = None
    """Elements of second operands that unbatched products read, each call counted."""
    grids: str
    """Of kernels, grids and blocks: equal ones are equal launches."""
    recording: str
    """Of launches and times: equal ones are one recording."""
    sm_clock_hz: Amount | None = None
    memory_clock_hz: Amount | None = None
    stacks: bool = False
    shapes: bool = False
    filtered: bool = False
    complete: bool = True
    synthetic: bool = False
    rank: Count | None = None
    ranks: Count | None = None
    locked: bool = False
    """Launches were measured alone, at locked clocks."""
    timed: Literal["wall", "launches"]
    """`wall` or `launches`: what ``time_ns`` is."""
    time_ns: Count
    cycles: Amount | None = None


def work_of(analysis: Analysis) -> Work:
    """Return what a capture did."""
    run = run_of(analysis)
    settings = run.settings
    flop, share = flop_of(run)
    products, product_share = flop_of(run, PRODUCTS)
    top = None if settings.figures_counted else largest(run)
    return Work(
        tool=settings.tool,
        device=quoted(device_words(run)),
        dtypes=dtypes(run),
        batch=run.batch,
        length=run.length,
        launches=run.launches.height,
        counted=settings.figures_counted,
        flop=flop,
        flop_share=share,
        product_flop=products,
        product_share=product_share,
        largest_product=None if top is None else quoted(top),
        weights=None if settings.figures_counted else weights_of(run),
        grids=_hash(run.launches.select(_GRID).group_by(_GRID).len().sort(_GRID, nulls_last=True)),
        recording=_hash(run.launches.select("kernel_full", "start_ns", "duration_ns")),
        sm_clock_hz=clock_of(run, "sm_clock_hz"),
        memory_clock_hz=clock_of(run, "memory_clock_hz"),
        stacks=settings.stacks,
        shapes=settings.shapes,
        filtered=settings.operators_filtered,
        complete=settings.complete,
        synthetic=settings.synthetic,
        rank=settings.rank,
        ranks=settings.world_size,
        locked=settings.launches_serialised,
        timed="launches" if run.window is None else "wall",
        time_ns=run.whole_ns,
        cycles=_cycles(run),
    )


def _hash(table: pl.DataFrame) -> str:
    text = table.write_csv().encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=_HASH_BYTES).hexdigest()


def _cycles(run: Run) -> float | None:
    if run.window is not None:
        return None
    cycles = run.launches["duration_ns"] / 1e9 * run.launches["sm_clock_hz"]
    return None if cycles.null_count() or not len(cycles) else float(cycles.sum())


def compared(before: Work, after: Work) -> list[Fact]:
    """Return every fact of two captures, by the rules of a comparison of captures."""
    facts = [
        _told("format", before.tool, after.tool),
        _told("device", before.device, after.device),
        _told("data type of the products", before.dtypes, after.dtypes),
        _told("timed", before.timed, after.timed),
    ]
    if before.counted != after.counted:
        return facts
    facts += _sizes(before, after)
    facts += _flop(before, after)
    if not before.counted:
        facts.append(_other("largest product", before.largest_product, after.largest_product))
        facts.append(weights_fact(before.weights, after.weights))
    facts += [
        _clock("SM clock", before.sm_clock_hz, after.sm_clock_hz),
        _clock("memory clock", before.memory_clock_hz, after.memory_clock_hz),
        *(
            _told(name, str(getattr(before, name)), str(getattr(after, name)))
            for name in ("stacks", "shapes", "filtered", "complete", "synthetic", "rank", "ranks")
        ),
    ]
    return facts


def state_of(facts: list[Fact], before: Work, after: Work) -> State:
    """Return whether two captures did the same work; known only where something says so."""
    if any(fact.state == "not_comparable" for fact in facts):
        return "not_comparable"
    if any(fact.state == "differs" for fact in facts):
        return "differs"
    if before.recording == after.recording or before.grids == after.grids:
        return "same"
    if any(other_passes(fact) for fact in facts):
        return "not_known"
    known = any(
        one.state == "same" and figure
        for one, figure in ((fact, before.flop) for fact in facts if fact.what == "FLOP")
    )
    return "same" if known else "not_known"


def _told(what: str, before: str, after: str) -> Fact:
    """Compare a condition that is a word; another one refuses a comparison of times."""
    if not before or not after:
        same: State = "same" if before == after else "not_known"
        return Fact(what, before, after, None, same)
    differs = before != after
    return Fact(what, before, after, None, "not_comparable" if differs else "same", differs)


def _other(what: str, before: str | None, after: str | None) -> Fact:
    """Compare something that the work consists of; another one is other work."""
    if before is None or after is None:
        return Fact(what, before or "", after or "", None, "not_known")
    differs = before != after
    return Fact(what, before, after, None, "differs" if differs else "same", differs)


def _sizes(before: Work, after: Work) -> list[Fact]:
    pairs = (("batch", before.batch, after.batch), ("sequence", before.length, after.length))
    return [
        _other(what, str(old), str(new))
        for what, old, new in pairs
        if old is not None and new is not None
    ]


def _flop(before: Work, after: Work) -> list[Fact]:
    """Compare FLOPs; a fusion may drop those of element-wise work, never those of products."""
    whole = flop_fact("FLOP", (before.flop, before.flop_share), (after.flop, after.flop_share))
    products = flop_fact(
        "FLOP of products",
        (before.product_flop, before.product_share),
        (after.product_flop, after.product_share),
    )
    if before.counted or not (before.product_flop or after.product_flop):
        # another algorithm on the same grids may need fewer, which is said and does not refuse
        refuses = whole.state == "differs" and before.grids != after.grids
        return [replace(whole, refuses=refuses)]
    if products.state == "same" and whole.state == "differs":
        whole = replace(whole, state="same")
    return [replace(one, refuses=one.state == "differs") for one in (whole, products)]


def _clock(what: str, before: float | None, after: float | None) -> Fact:
    texts = units.scaled(before, "Hz"), units.scaled(after, "Hz")
    if before is None or after is None:
        return Fact(what, *texts, None, "not_known")
    differs = apart(before, after) > CLOCKS_APART
    state: State = "not_comparable" if differs else "same"
    return Fact(what, *texts, ratio_of(before, after), state, differs)
