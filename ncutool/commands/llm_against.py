"""``ncutool llm --against CAPTURE``: the plan held against what a trace shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ncutool.commands.options import Format
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.analysis.analyse import Analysis
    from ncutool.devices.resolve import Device
    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.comparison import Asked

_ROWS = (Format.CSV, Format.JSONL, Format.PARQUET)


def read(
    capture: Path | None,
    capture_run: Path | None,
    device_file: Path | None,
    device: str | None,
    max_bytes: int,
) -> Analysis:
    """The capture, cut to whole steps; notices that forbid to believe it go to stderr.

    Raises:
        CaptureError: it cannot be read.
        UsageError: it is a report.
    """
    from ncutool.commands.reading import analyse_file, say_notices

    assert capture is not None
    analysis = analyse_file(
        capture, device, max_bytes,
        device_file=device_file, capture_run=capture_run, whole_steps=True,
    )  # fmt: skip
    say_notices(analysis, only_errors=True)
    return analysis


def device_of(analysis: Analysis) -> Device:
    """The device to plan for: the one named, else the capture's own.

    Raises:
        UsageError: the capture's is not known.
    """
    found = analysis.resolution.device
    if found is None:
        raise UsageError(f"{analysis.resolution.how}: name the capture's device with --device")
    return found


def asked(phase: str | None, given: dict[str, int | None]) -> Asked:
    """What was said of the capture on the command line.

    Raises:
        UsageError: a phase that is none.
    """
    from ncutool.planning.observed import Asked

    if phase == "decode":
        return Asked("decode", given["batch"], given["context"], given["prompt"])
    if phase not in (None, "prefill"):
        raise UsageError(f"--phase is decode or prefill, not {phase!r}")
    lengths = (given["batch"], given["context"], given["prompt"])
    return Asked(None, *lengths) if phase is None else Asked("prefill", *lengths)


def fitting(analysis: Analysis) -> UsageError:
    """What to say where no model was given: which presets have the capture's shapes."""
    from ncutool.planning.llm.matching import candidates
    from ncutool.planning.observed import observe

    observed = observe(analysis)
    found = candidates(observed.products, device_of(analysis), observed.steps)
    hint = "; ".join(found) if found else "none of the presets has the capture's shapes"
    return UsageError(
        f"no model given to hold against {observed.capture}: use --preset, --config or sizes; "
        f"by the shapes of its products: {hint}"
    )


def content(
    plan: Plan, analysis: Analysis, said: Asked, form: Format, *, color: bool
) -> tuple[bytes, str | None]:
    """The comparison in one form, and why nothing was compared where nothing was.

    Raises:
        UsageError: nothing was compared, and rows of it were asked for.
    """
    from ncutool.commands import planned
    from ncutool.planning.llm.against_record import record, rows
    from ncutool.planning.observed import compare, observe
    from ncutool.text.against import against_sheet

    found = compare(plan, observe(analysis), said)
    why = None
    if found.problems:
        presets = f"; {'; '.join(found.fitting)} would fit" if found.fitting else ""
        why = f"not compared: {found.problems[0]}{presets}"
    if why is not None and form in _ROWS:
        raise UsageError(why)
    sheet = against_sheet(found)
    return planned.content(record(found), rows(found), sheet, form, color=color), why


def finish(write: Callable[[bytes], None], made: tuple[bytes, str | None]) -> None:
    """Write the result; say on stderr and by exit code 1 that nothing was compared."""
    content_, why = made
    write(content_)
    if why is not None:
        from ncutool.base.untrusted import printable

        typer.echo(f"ncutool: {printable(why)}", err=True)
        raise typer.Exit(1)
