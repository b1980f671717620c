"""The hottest instructions and source lines of a launch, and what feeds those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ncutool.inside import sass

if TYPE_CHECKING:
    from ncutool.inside.sass import Load
    from ncutool_parsers.capture import Capture


class HotInstruction(NamedTuple):
    """An instruction at which many warps were found."""

    offset: int
    """From the first instruction of its kernel, in bytes."""
    text: str | None
    """SASS; None where the report does not hold it."""
    samples: int
    pct: float
    """Of the launch's samples."""
    stall: str | None
    """What most of its warps waited for, NVIDIA's name."""
    stall_pct: float
    """Of its samples."""
    file: str | None
    line: int | None
    loads: tuple[Load, ...]
    """What wrote the operands that it waits for, nearest first."""


class HotLine(NamedTuple):
    """A source line at which many warps were found."""

    file: str
    line: int
    samples: int
    pct: float
    """Of the launch's samples."""
    stall: str | None
    stall_pct: float
    """Of its samples."""


class Hot(NamedTuple):
    """Where the warps of a launch were found."""

    samples: int
    instructions: tuple[HotInstruction, ...]
    """Hottest first; never empty."""
    lines: tuple[HotLine, ...]
    """Hottest first; empty where no line was recorded."""


def of_capture(capture: Capture) -> dict[int, Hot]:
    """Return where the warps of each sampled launch were found, by launch_id."""
    listings: dict[int, list[tuple[int, str | None]]] = {}
    for code, address, text in capture.listings.sort("code", "address").iter_rows():
        listings.setdefault(code, []).append((address, text))
    lines: dict[int, list[HotLine]] = {}
    for row in capture.sampled_lines.iter_rows(named=True):
        lines.setdefault(row["launch_id"], []).append(
            HotLine(
                file=row["file"],
                line=row["line"],
                samples=row["samples"],
                pct=100 * row["samples"] / row["launch_samples"],
                stall=row["stall"],
                stall_pct=100 * row["stall_samples"] / row["samples"],
            )
        )
    fed = _Feeding(listings)
    found: dict[int, list[HotInstruction]] = {}
    samples: dict[int, int] = {}
    for row in capture.samples.iter_rows(named=True):
        listing = listings[row["code"]]
        samples[row["launch_id"]] = row["launch_samples"]
        found.setdefault(row["launch_id"], []).append(
            HotInstruction(
                offset=row["address"] - listing[0][0],
                text=fed.text(row["code"], row["address"]),
                samples=row["samples"],
                pct=100 * row["samples"] / row["launch_samples"],
                stall=row["stall"],
                stall_pct=100 * row["stall_samples"] / row["samples"],
                file=row["file"],
                line=row["line"],
                loads=fed.loads(row["code"], row["address"], row["stall"]),
            )
        )
    return {
        launch_id: Hot(samples[launch_id], tuple(rows), tuple(lines.get(launch_id, ())))
        for launch_id, rows in found.items()
    }


class _Feeding:
    """What feeds an instruction; launches of one kernel share it."""

    def __init__(self, listings: dict[int, list[tuple[int, str | None]]]) -> None:
        self._listings = listings
        self._texts = {code: dict(listing) for code, listing in listings.items()}
        self._known: dict[tuple[int, int, str], tuple[Load, ...]] = {}

    def text(self, code: int, address: int) -> str | None:
        return self._texts[code].get(address)

    def loads(self, code: int, address: int, stall: str | None) -> tuple[Load, ...]:
        if stall is None:
            return ()
        key = (code, address, stall)
        if key not in self._known:
            self._known[key] = sass.feeding(self._listings[code], address, stall)
        return self._known[key]
