"""Neighbouring DRAM-bound launches of a report that one kernel might do, if one feeds the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ncutool.advice import catalogue
from ncutool.advice.kernels.candidate import Candidate
from ncutool.advice.view.evidence import Value
from ncutool.base import units
from ncutool.inside import variants


def chains(rows: Sequence[dict[str, Any]], window: int) -> list[Candidate]:
    """Return candidates for neighbouring DRAM-bound launches of different kernels, with as many
    threads each; variants of one kernel do not feed one another."""
    found = []
    chain: list[dict[str, Any]] = []
    for row in [*rows, None]:
        related = row is not None and chain and _follows(chain[-1], row)
        if row is not None and related and not any(variants.are(one, row) for one in chain):
            chain.append(row)
            continue
        if len(chain) > 1:
            found.append(_chain(chain, window))
        chain = [row] if row is not None and _waits_for_dram(row) else []
    return found


def _waits_for_dram(row: dict[str, Any]) -> bool:
    """Whether DRAM holds a launch: fusing spares its traffic, not that of a cache or of shared
    memory."""
    return row["bound"] == "memory" and row["limiting_level"] == "dram" and bool(row["dram_bytes"])


def _follows(before: dict[str, Any], row: dict[str, Any]) -> bool:
    return (
        _waits_for_dram(row)
        and row["launch_id"] == before["launch_id"] + 1
        and (row["device"], row["stream"]) == (before["device"], before["stream"])
        and row["kernel_full"] != before["kernel_full"]
        and _threads(row) is not None
        and _threads(row) == _threads(before)
    )


def _threads(row: dict[str, Any]) -> int | None:
    total = 1
    for name in ("grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z"):
        if row[name] is None:
            return None
        total *= row[name]
    return total


def _chain(chain: Sequence[dict[str, Any]], window: int) -> Candidate:
    """Return the candidate for a chain: what a kernel hands to the next is at most half of the
    traffic of the smaller of the two, written once and read once."""
    saved = [0] * len(chain)
    for index in range(1, len(chain)):
        before, row = chain[index - 1], chain[index]
        handed = min(before["dram_bytes"], row["dram_bytes"]) / 2
        saved[index - 1] += int(before["duration_ns"] * handed / before["dram_bytes"])
        saved[index] += int(row["duration_ns"] * handed / row["dram_bytes"])
    time = sum(row["duration_ns"] for row in chain)
    names = " → ".join(row["kernel"] for row in chain)
    return Candidate(
        rule="fuse-neighbours",
        title=f"Fuse {len(chain)} neighbouring DRAM-bound kernels from {chain[0]['kernel']} "
        "on, if one feeds the next",
        rows=list(chain),
        saved=saved,
        evidence=(
            f"{names}: {units.time(time)} ({units.percent(100 * time / window)} of all launch "
            f"time), {units.scaled(sum(row['dram_bytes'] for row in chain), 'B')} of DRAM traffic.",
            "They run one after another on one stream with as many threads each; a report does "
            "not record what they read and write, so that one feeds the next is not proven.",
        ),
        remedy=catalogue.rules()["fuse-neighbours"].remedy,
        why=f"{len(chain)} neighbours take {units.time(time)} "
        f"({units.percent(100 * time / window)} of all launch time) and move "
        f"{units.data(sum(row['dram_bytes'] for row in chain))}.",
        cap="What a kernel hands to the next is at most half of the smaller traffic of the two, "
        "at the rate at which each moved its own.",
        figures=tuple(
            Value("dram_bytes", row["dram_bytes"], "byte", launch_id=row["launch_id"])
            for row in chain
        ),
    )
