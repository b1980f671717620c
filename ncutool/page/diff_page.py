"""One offline HTML page of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import Struct

from ncutool.analysis.looks import LOOKS
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.diff import how_run, shown, wording
from ncutool.diff.verdict import interval_words, signed
from ncutool.page.diff_lanes import ALONE, Lanes, kind_word, lanes
from ncutool.page.diff_parts import Bars, Waterfall, bars, waterfall
from ncutool.page.diff_rows import Kernels, kernels
from ncutool.page.drawing import PAGE_PALETTE
from ncutool.page.html import html_page
from ncutool.page.moves import moves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.diff.compare import Diff
    from ncutool.diff.gate import Gate

WIDE_PX, NARROW_PX = 640, 340
_STYLES = ("theme", "page", "findings", "timeline", "roofline", "kernels", "print", "diff")
_FINDINGS = 40
_SHORT_FALL = 7
"""So many steps of the waterfall leave room for the launches below them."""
_FIGURES = ("FLOP", "compulsory", "DRAM", "batch", "sequence", "launches")
SIGNS = {"faster": "▼", "slower": "▲", "same": "=", "inconclusive": "?"}


class Tile(Struct, frozen=True):
    """One figure of what is asked before any speed."""

    figure: str
    words: str
    detail: str
    differs: bool


class Became(Struct, frozen=True):
    """What became of a finding."""

    state: str
    word: str
    title: str
    said: str
    predicted: str
    came: str


class Interval(Struct, frozen=True):
    """The verdict's interval on an axis around no change."""

    left: float
    wide: float
    middle: float
    none: float
    words: str


class Picture(Struct, frozen=True):
    """The roofline in two widths."""

    wide: Markup
    narrow: Markup
    share: str
    note: str
    legend: tuple[tuple[str, str, str], ...]


class Content(Struct, frozen=True):
    """Everything that the template draws."""

    diff: Diff
    headline: str
    title: str
    device: str
    about: str
    verdict: str
    next: tuple[str, str]
    """What to do, and a line to copy."""
    warnings: tuple[str, ...]
    tiles: tuple[Tile, ...]
    work: str
    differences: tuple[tuple[str, bool], ...]
    sure: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]
    interval: Interval | None
    checks: tuple[tuple[str, str, str], ...]
    bars: Bars | None
    waterfall: Waterfall | None
    picture: Picture | None
    lanes: Lanes | None
    narrow_lanes: bool
    """They stand below the waterfall, where that leaves room beside the roofline."""
    lane_legend: tuple[tuple[str, str, str], ...]
    findings: tuple[Became, ...]
    findings_more: int
    findings_words: str
    kernels: Kernels
    conditions: tuple[how_run.Condition, ...]
    missing: tuple[tuple[str, str], ...]
    accuracy: str
    wholes: dict[str, str]


def render_diff(
    diff: Diff, gate: Gate | None = None, *, accuracy: str | None = None, notes: Sequence[str] = ()
) -> str:
    """Return the page: one file that loads nothing. The same comparison gives the same page.

    Args:
        gate: what came of the rules, where any are asked for.
        accuracy: what was measured of the results, in the author's words.
        notes: what else a reader should know: driver, commit, command.
    """
    return html_page(
        "diff.html",
        styles=_STYLES,
        scripts=("diff",),
        page=_content(diff, gate, accuracy),
        notes=tuple(notes),
        signs=SIGNS,
    )


def _content(diff: Diff, gate: Gate | None, accuracy: str | None) -> Content:
    run = diff.before.first
    judged = diff.judged
    drawn = lanes(diff) if judged else None
    fall = waterfall(diff) if judged else None
    return Content(
        diff=diff,
        headline=wording.headline(diff),
        title=shown.title(diff),
        device=run.device.name or "unknown device",
        about=f"{run.settings.tool} {run.settings.tool_version or ''}".strip(),
        verdict=shown.verdict(diff),
        next=_next(diff),
        warnings=_warnings(diff),
        tiles=_tiles(diff),
        work=_work(diff),
        differences=tuple((fact.said, fact.refuses) for fact in diff.work.differences),
        sure=_sure(diff),
        counts=_counts(diff),
        interval=_interval(diff),
        checks=tuple((one.rule, one.outcome, one.said) for one in gate.checks) if gate else (),
        bars=bars(diff) if judged else None,
        waterfall=fall,
        picture=None if diff.refused else _picture(diff),
        lanes=drawn,
        narrow_lanes=len(fall.steps if fall else ()) <= _SHORT_FALL,
        lane_legend=_legend(drawn.kinds) if drawn else (),
        findings=tuple(
            Became(one.state, shown.state_word(one), one.title, one.said, shown.predicted(one),
                   shown.came_true(one))
            for one in diff.findings[:_FINDINGS]
        ) if judged else (),
        findings_more=max(len(diff.findings) - _FINDINGS, 0),
        findings_words=shown.findings_words(diff),
        kernels=kernels(diff),
        conditions=how_run.how_it_was_run(diff)[:60],
        missing=how_run.not_measured(diff),
        accuracy=accuracy or "",
        wholes=shown.WHOLES,
    )  # fmt: skip


def _next(diff: Diff) -> tuple[str, str]:
    """Return what to do next, and a command to copy; both empty where nothing is."""
    if diff.refused:
        return ("Capture both sides alike, with the same work. To see them side by side all the "
                "same:", "ncutool diff BEFORE AFTER --force")  # fmt: skip
    if not diff.judged:
        return "Capture both sides with the same work; until then only rates compare.", ""
    if diff.changes.alike:
        return "Both are one recording: name the other capture.", ""
    judgement = diff.whole.judgement
    if judgement is not None and judgement.single:
        return ("For an interval, capture several a side, in turn (ABAB):",
                "ncutool diff --before A1 A2 A3 --after B1 B2 B3")  # fmt: skip
    if judgement is not None and judgement.verdict == "inconclusive":
        plan = wording.sure_lines(diff)
        return (f"More runs tell: {plan[-1]}." if plan else "Capture more runs a side.", "")
    worst = shown.worst(diff)
    if worst is not None:
        where = printable(shown.described(worst), 80)
        return f"Look at what got slower first: {where} {shown.change_cell(worst)}.", ""
    return "Hold this line in continuous integration:", "ncutool diff BASE NEW --fail-over 3%"


def _warnings(diff: Diff) -> tuple[str, ...]:
    found = []
    if diff.forced and diff.work.refused:
        unlike = "; ".join(fact.said for fact in diff.work.differences if fact.refuses)
        found.append(f"Compared by --force though unlike: {unlike}")
    return (*found, *filter(None, [wording.warm_line(diff)]), *diff.notes)


def _work(diff: Diff) -> str:
    word = {
        "same": "yes",
        "differs": "no" if diff.work.refused else "not by its FLOP",
        "not_comparable": "unlike captures",
        "not_known": "not known",
    }
    return word[diff.work.state]


def _tiles(diff: Diff) -> tuple[Tile, ...]:
    """Return what is compared before any time, the figures first."""
    tiles = []
    for fact in diff.work.facts:
        if not fact.what.startswith(_FIGURES):
            continue
        differs = bool(fact.said)
        if fact.ratio is None:
            figure = "not known" if fact.state == "not_known" else fact.after
        elif not differs:
            figure = "equal"
        else:
            figure = f"{signed(fact.ratio - 1)} %" if fact.ratio < 2 else f"× {fact.ratio:.2f}"
        ends = shown.ends(fact) if differs else fact.after
        tiles.append(Tile(figure, fact.what, ends, differs))
    both = sum(count for kind, count in diff.kinds.items() if kind not in ("new", "gone"))
    total = sum(diff.kinds.values())
    others = [f"{count} {kind}" for kind, count in diff.kinds.items() if count and kind != "exact"]
    tiles.append(Tile(f"{units.count(both)} of {units.count(total)}", "groups matched",
                      ", ".join(others) or "all exactly", both != total))  # fmt: skip
    return tuple(tiles)


def _sure(diff: Diff) -> tuple[str, ...]:
    counts = f"n = {len(diff.before.runs)} + {len(diff.after.runs)}"
    if not diff.judged:
        return (f"{counts}. Without the same work no verdict on speed means anything.",)
    if diff.changes.alike:
        return (f"{counts}: one recording on both sides, launch by launch to the nanosecond.",)
    said = [f"{counts}, order of runs: {diff.order_how}."]
    lines = [one for one in wording.sure_lines(diff) if not one.startswith("for an interval")]
    said += [f"{line[:1].upper()}{line[1:]}." for line in lines]
    small = wording.small_line(diff).removeprefix("! ")
    return (*said, *([f"{small[:1].upper()}{small[1:]}."] if small else []))


def _counts(diff: Diff) -> tuple[tuple[str, int], ...]:
    """Return how many matches have each verdict, and how many there are of each kind."""
    verdicts = [row.judgement.verdict for row in diff.rows if row.judgement]
    kinds = diff.kinds
    judged = [(word, verdicts.count(word)) for word in ("slower", "faster", "same",
              "inconclusive") if word in verdicts]  # fmt: skip
    return (*judged, *((kind, count) for kind, count in kinds.items() if count and kind != "exact"))


def _interval(diff: Diff) -> Interval | None:
    judgement = diff.whole.judgement
    change = judgement.change if judgement is not None else None
    if judgement is None or change is None or diff.changes.alike or judgement.single:
        return None
    if change.low is None or change.high is None:
        return None
    reach = 1.25 * max(abs(change.low), abs(change.high), 0.01)
    low, high = min(change.low - 0.2 * reach, -0.2 * reach), max(change.high, 0.2 * reach) * 1.1
    span = high - low

    def at(value: float) -> float:
        return round(100 * (value - low) / span, 2)

    wide = max(at(change.high) - at(change.low), 0.6)
    noise = "" if change.spread is None else f", {100 * change.spread:.1f} % from run to run"
    words = f"{signed(change.middle)} % ({interval_words(change)}){noise}"
    return Interval(at(change.low), wide, at(change.middle), at(0.0), words)


def _picture(diff: Diff) -> Picture | None:
    drawn = [moves(diff, PAGE_PALETTE, width, height)
             for width, height in ((WIDE_PX, 350), (NARROW_PX, 300))]  # fmt: skip
    if drawn[0] is None or drawn[1] is None:
        return None
    legend = _legend(drawn[0].bounds)
    return Picture(
        Markup(drawn[0].svg), Markup(drawn[1].svg), drawn[0].share, drawn[0].note, legend
    )


def _legend(kinds: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    """Return kind, symbol and word; a launch of one side alone has a texture and no symbol."""
    return tuple(
        (kind, "" if kind == ALONE else LOOKS[kind].shape, kind_word(kind)) for kind in kinds
    )
