"""Results on one line each, as a terminal or a debugger shows them."""

from __future__ import annotations

from functools import singledispatch

from ncutool.analysis.analyse import Analysis, Findings
from ncutool.analysis.capture_sentences import device_name
from ncutool.analysis.finding_sentences import line
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.planning.llm.planned import Plan
from ncutool.text import llm_facts
from ncutool.text.whatif import asked
from ncutool.whatif.answer import Answer

_MOST = 3
_LONGEST = 400


@singledispatch
def one_line(result: object) -> str:
    """Return a result on one line, without control characters."""
    raise TypeError(f"no line is written for a {type(result).__name__}")


@one_line.register
def _(analysis: Analysis) -> str:
    launches = units.counted(analysis.launch_count, "launch")
    what = f"{analysis.capture.name}, {launches} on {device_name(analysis)}"
    return _line("Analysis", what, analysis.headline)


@one_line.register
def _(findings: Findings) -> str:
    named = "; ".join(
        f"{found.rank}. {found.action} ({found.saving.amount})"
        for found in (
            line(rank, finding, findings.analysis.window_ns)
            for rank, finding in enumerate(findings[:_MOST], start=1)
        )
    )
    more = f"; {len(findings) - _MOST} more" if len(findings) > _MOST else ""
    return _line("Findings", units.counted(len(findings), "finding"), f"{named}{more}")


@one_line.register
def _(plan: Plan) -> str:
    rate = units.significant(plan.decode.tokens_per_s_per_sequence)
    fits = "" if plan.memory.fits else "does not fit; "
    return _line("Plan", llm_facts.headline(plan), f"{fits}at most {rate} tokens/s a user")


@one_line.register
def _(answer: Answer) -> str:
    bounds = answer.end_to_end or answer.kernel_time
    what = "kernel time" if answer.end_to_end is None else "end to end"
    then = units.time_range(bounds.low_ns, bounds.high_ns)
    return _line("Answer", asked(answer), f"{what} {then}, now {units.time(bounds.now_ns)}")


def _line(kind: str, what: str, said: str) -> str:
    whole = f"{what}: {said}" if said else what
    return f"<{kind}: {printable(whole, _LONGEST)}>"
