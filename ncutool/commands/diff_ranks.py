"""``ncutool diff`` of jobs whose captures are ranks: what is written, and the exit code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from ncutool.commands.diff_forms import form_of
from ncutool.commands.options import Format
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.commands.diff_forms import Given
    from ncutool.commands.writing import Output
    from ncutool.diff.gate import Gate, Rules
    from ncutool.diff.jobs import JobDiff

_REFUSED = 1
_GRAVEST = {0: 0, 4: 1, 3: 2}
"""Exit codes of a gate by how grave they are: pass, inconclusive, regression."""

Gates = tuple[tuple[int, "Gate"], ...]


def write_ranks(
    job: JobDiff, rules: Rules, given: Given, outputs: Sequence[Output], top: int | None
) -> int:
    """Write a comparison rank by rank, and return the exit code.

    A page and a picture are of the rank that the job waits for after; the terminal says so.

    Raises:
        UsageError: a form is asked for that ranks have not.
        OutputError: an output cannot be written.
    """
    from ncutool.diff import jobs
    from ncutool.text.jobs import job_text

    gates: Gates = jobs.gates(job, rules) if rules.asked and not job.refused else ()
    for one in outputs:
        one.write(_content(job, gates, given, one, top))
    if form_of(outputs[0]) is not None:
        print(job_text(job, gates, top=top), end="")
    if any(one.path is not None and one.path.suffix.lower() != ".md" and form_of(one)
           for one in outputs):  # fmt: skip
        rank = job.slowest_after.rank
        print(f"ncutool: page and picture are of rank {rank}, the slowest after", file=sys.stderr)
    if job.refused:
        print(f"ncutool: refused: {jobs.headline(job)}", file=sys.stderr)
        return _REFUSED if not rules.asked else 4
    codes = [gate.exit_code for _, gate in gates]
    return max(codes, key=lambda code: _GRAVEST[code], default=0)


def _content(job: JobDiff, gates: Gates, given: Given, output: Output, top: int | None) -> bytes:
    from ncutool.text.jobs import job_facts, job_markdown, job_text

    form = form_of(output)
    if form is not None:
        slowest = job.slowest_after
        written = form(slowest.diff, dict(gates).get(slowest.rank), given)
        if output.path is not None and output.path.suffix.lower() == ".md":
            marker, _, rest = written.partition(b"\n")
            return marker + b"\n" + job_markdown(job).encode() + b"\n" + rest
        return written
    chosen = output.choose()
    if chosen is Format.JSON:
        text = json.dumps(job_facts(job, gates), ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()
    if chosen is Format.MD:
        return job_markdown(job).encode()
    if chosen is Format.TABLE:
        return job_text(job, gates, top=top).encode()
    raise UsageError(f"--format takes table, json or md for ranks, not {chosen.value}")
