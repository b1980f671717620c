"""A diagnosis on the terminal: a few lines a capture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ncutool.base import units
from ncutool.base.untrusted import printable, shorten

_NAME = 48
_ROWS = 5
_STOPS = {
    "findings": "there is something to do",
    "ceilings_reached": "the time is at its ceilings",
    "below_ceilings": "below its ceilings",
    "not_known": "too little is known",
}
_DONE = {True: "done", False: "not done", None: "not known"}


def diagnosis_text(found: dict[str, Any]) -> str:
    """Return a diagnosis, as :func:`ncutool.diagnose.within` makes it, for a terminal."""
    lines: list[str] = []
    if found.get("since") is not None:
        lines += [*_since(found["since"]), ""]
    for one in found["captures"]:
        lines += [*_capture(one), ""]
    if found["left_out"]["captures"]:
        count = units.counted(found["left_out"]["captures"], "capture")
        lines.append(f"Left out for want of room: {count}; raise --budget.")
    return "".join(f"{printable(line)}\n" for line in lines).rstrip("\n") + "\n"


def _capture(one: dict[str, Any]) -> Iterator[str]:
    about = one["capture"]
    yield f"{about['name']} · {about['device'] or 'unknown device'}"
    yield one["headline"]
    if one["coverage"] is not None and one["coverage"]["understood_pct"] is not None:
        yield f"Understood: {units.percent(one['coverage']['understood_pct'])} of the launch time."
    yield f"Stop: {_DONE[one['stop']['done']]} ({_STOPS[one['stop']['why']]})."
    for finding in one["findings"][:_ROWS]:
        saves = units.time_range(finding["alone_low_ns"], finding["alone_high_ns"])
        yield f"  {finding['id']}: {finding['action']}, saves {saves} ({finding['grade']})"
    for row in one["kernels"][:_ROWS]:
        yield f"  {_kernel(row)}"
    yield from _not_seen(one)
    left = {name: count for name, count in one["left_out"].items() if count}
    if left:
        yield f"Not listed: {', '.join(sorted(left)).replace('_', ' ')}; --format json --budget."


def _kernel(row: dict[str, Any]) -> str:
    state = row["state"].replace("_", " ")
    cause = f", {row['cause']}" if row["cause"] else ""
    return (
        f"{units.percent(row['share_pct'])} {shorten(row['kernel'], _NAME)}: {row['bound']}, "
        f"{state}{cause}; {_DONE[row['done']]}"
    )


def _not_seen(one: dict[str, Any]) -> Iterator[str]:
    for lack in one["could_not_look"][:_ROWS]:
        share = "" if lack["pct"] is None else f" {units.percent(lack['pct'])}"
        yield f"Could not look{share}: {lack['reason']}. Next: {lack['next_capture']}."
    follow = one["next_capture"]
    if follow is not None and follow["command"] is not None:
        yield f"Next capture: {follow['command']}"


def _since(since: dict[str, Any]) -> Iterator[str]:
    change = since["change_pct"]
    told = "" if change is None else f" ({change:+.3g} %)"
    yield (
        f"Since the earlier diagnosis: same work: {since['same_work'].replace('_', ' ')}; "
        f"time: {since['verdict'] or 'not compared'}{told}."
    )
    for word in ("gone", "new", "still"):
        listed = ", ".join(sorted({item["rule"] for item in since[word]}))
        if listed:
            yield f"  {word}: {listed}"
