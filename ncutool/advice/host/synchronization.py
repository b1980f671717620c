"""The host waits for the device, and then the device for the host.

A wait while the device is busy is no waste. What it costs is the idle time directly behind it,
until the host is ahead of the device again, and never more than the host waited: so much earlier
it would have launched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from ncutool.advice.catalogue import JUDGED, rules
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Draft, Drafts
from ncutool.advice.view.waits import CAUSES, Wait
from ncutool.base import units
from ncutool.base.intervals import union
from ncutool.base.thresholds import IntThreshold, Threshold

KEPT_SHARE = Threshold(
    0.25,
    "share",
    "of the wait: what replaces it (a flag on the device, an event asked later) costs host time",
    JUDGED,
)
KEPT_INFLATED = Threshold(
    0.6, "share", "the same where Python stacks were recorded, which slow the host down", JUDGED
)
DECLINED_PCT = IntThreshold(
    2, "%", "of the window: waiting that a reader of the trace would ask about", JUDGED
)
MAX_LISTED = 4

_SCALAR = ("aten::item", "aten::_local_scalar_dense", "aten::is_nonzero")
_MASK = ("aten::nonzero", "aten::index", "aten::masked_select", "aten::unique", "aten::_unique2")


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on waits inside operators and on waits that the program makes on its own account;
    decline those during which the device works. Claims do not matter: the time is the host's."""
    costly = [wait for wait in context.waits if wait.first is not None]
    named = [wait for wait in costly if wait.names]
    bare = [wait for wait in costly if not wait.names and wait.late]
    return Drafts(
        tuple(
            _draft(context, group, explicit=explicit)
            for group, explicit in ((named, False), (bare, True))
            if group
        ),
        declined=_declined(context),
    )


def _declined(context: Context) -> tuple[Declined, ...]:
    """Return the waits that look large and are none: while the host waits, the device works."""
    begin, end = context.timeline.start_ns, context.timeline.end_ns
    stretches = [one for own in context.blocked.values() for one in own]
    edges = np.array(stretches, dtype=np.int64).reshape(-1, 2).clip(begin, end)
    waiting = union(edges[:, 0], edges[:, 1])
    if 100 * waiting.total < DECLINED_PCT * context.wall_ns:
        return ()
    begins = context.idle.start
    beside = int(waiting.covered(begins, begins + context.idle.length).sum())
    unknown = context.idle.of("unexplained")
    untold = int(waiting.covered(unknown.start, unknown.start + unknown.length).sum())
    rest = f", and {units.time(untold)} are not explained by anything recorded" if untold else ""
    refusal = Declined(
        what="Remove synchronisation and blocking copies",
        why=f"The host waits for the device {context.share(waiting.total)}, and the device "
        f"works during {units.time(waiting.total - beside)} of it{rest}. Only the time that it "
        "idles behind a wait can be saved.",
        launches=(),
        duration_ns=waiting.total,
    )
    return (refusal,)


def _draft(context: Context, group: Sequence[Wait], *, explicit: bool) -> Draft:
    sure = {launch for wait in group for launch in wait.launches}
    behind = {wait.first for wait in group if wait.first is not None}
    rows = context.kernels.select("launch_id", "duration_ns").filter(
        pl.col("launch_id").is_in(sorted(sure | behind))
    )
    rows = rows.sort("launch_id")
    durations = tuple(rows["duration_ns"].to_list())
    names = {name for wait in group for name in wait.names}
    return Draft(
        rule="sync-between-steps" if explicit else "sync-in-step",
        grade="possible" if explicit else "likely",
        launches=tuple(rows["launch_id"].to_list()),
        best=durations,
        worst=durations,
        evidence=_evidence(context, group, explicit=explicit),
        why=f"The device idles {context.share(_late(group))} after the host waited for it "
        f"{units.counted(len(group), 'time')}.",
        remedy=_remedy(names),
        idle_used=tuple(sorted(behind - sure)),
        waits=tuple(sorted(sure)),
        wait_causes=CAUSES,
        wait_kept_share=KEPT_INFLATED if context.host_inflated else KEPT_SHARE,
        code=_code(names),
        link=rules()["sync-in-step"].references[bool(names & {*_MASK} and not names & {*_SCALAR})],
    )


def _late(group: Sequence[Wait]) -> int:
    """Return how long the device idles behind the waits, ns."""
    return sum(max(wait.late, wait.first_late) for wait in group)


def _evidence(context: Context, group: Sequence[Wait], *, explicit: bool) -> tuple[str, ...]:
    late = _late(group)
    sure = sum(wait.late for wait in group)
    waited = sum(wait.end - wait.start for wait in group)
    sentences = [
        f"{units.counted(len(group), 'time')} the host waits for the device and is late "
        f"afterwards: the device then idles {context.share(late)} before it is fed again.",
        f"The waiting itself ({units.time(waited)}) is not counted: the device works meanwhile.",
    ]
    if sure < late:
        sentences.append(
            f"{units.time(late - sure)} of the idle time is longer than the wait before it: the "
            "host would be late without it too, and only the high end counts that."
        )
    if explicit:
        sentences.append(
            "No operator encloses them: the program, or a library, calls synchronize itself."
        )
        return tuple(sentences)
    sentences.append("Caused by " + "; ".join(_listed(group)) + ".")
    return tuple(sentences)


def _listed(group: Sequence[Wait]) -> Iterable[str]:
    """Yield operators with their parents, most idle time first: `20 × aten::item in
    aten::is_nonzero`."""
    totals: dict[tuple[str, ...], list[int]] = {}
    for wait in group:
        one = totals.setdefault(wait.names, [0, 0])
        one[0] += 1
        one[1] += max(wait.late, wait.first_late)
    ordered = sorted(totals.items(), key=lambda item: (-item[1][1], item[0]))
    for names, (count, late) in ordered[:MAX_LISTED]:
        yield f"{count:,} × {' in '.join(names)} ({units.time(late)})"


def _remedy(names: set[str]) -> str:
    parts = []
    if names & {*_SCALAR}:
        parts.append(
            "`.item()`, `if tensor:` and `tensor.any()` in a condition wait for the device: keep "
            "the value on the device, read it every few steps, or check with "
            "`torch._assert_async`"
        )
    if names & {*_MASK}:
        parts.append(
            "Indexing with a boolean mask and `nonzero` ask the device for a size: use "
            "`torch.where` or a mask that multiplies, so that shapes stay fixed"
        )
    if not names:
        parts.append("Take `torch.cuda.synchronize()` out of the loop, and time with events")
    elif not parts or any(name.startswith("aten::copy") for name in names):
        parts.append(
            "Copies from or to pageable memory wait: use pinned tensors and `non_blocking=True`, "
            "and wait on an event where the value is used"
        )
    return ". ".join(parts) + "."


def _code(names: set[str]) -> str | None:
    if names & {*_SCALAR}:
        return "loss_sum += loss.detach()  # and .item() only when it is logged"
    if names & {*_MASK}:
        return "y = torch.where(mask, x, 0)  # instead of x[mask]"
    return None
