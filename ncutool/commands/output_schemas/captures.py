"""Schemas of what is said of one capture or launch."""

from __future__ import annotations

from ncutool.base.json_types import (
    INTEGER,
    TEXT,
    Schema,
    fields,
    listed,
    meant,
    of_record,
    or_null,
    picked,
    record,
)


def next_capture() -> Schema:
    """Return the schema of `ncutool next-capture`."""
    from ncutool.analysis.facts_schema import facts
    from ncutool.analysis.next_capture import NextCapture

    return record({**facts(), "next_capture": of_record(NextCapture)})


def explanation() -> Schema:
    """Return the schema of `ncutool explain CAPTURE LAUNCH`."""
    from ncutool.explain.explanation import Explanation

    return of_record(Explanation)


def device_explanation() -> Schema:
    """Return the schema of `ncutool explain CAPTURE device`."""
    candidate = {"name": TEXT, "against": listed(TEXT, "what speaks against it")}
    recorded = {
        "ordinal": INTEGER,
        **dict.fromkeys(("name", "compute capability", "SMs", "memory", "vendor"), TEXT),
        "candidates": listed(record(candidate), "devices that it may be"),
    }
    return record(
        {
            "capture": meant(TEXT, "the file's name"),
            "recorded": listed(record(recorded), "what the capture says of each of its devices"),
            "device": or_null(TEXT, "that of the device table; null where it is not known"),
            "how": meant(TEXT, "what it was recognised by, or why it is not known"),
            "peaks": meant(TEXT, "what launches are held against"),
        }
    )


def whatif() -> Schema:
    """Return the schema of `ncutool whatif`."""
    from ncutool.analysis.facts_schema import facts
    from ncutool.base.tables import BOUNDS
    from ncutool.whatif.answer import Answer, Bounds, Carried, Unchanged
    from ncutool.whatif.memory import Memory
    from ncutool.whatif.question import Question

    speedups = picked(Bounds, ("speedup_low", "speedup_high"))
    bounds = record({**fields(Bounds), **speedups})
    row = {
        "kernel": TEXT,
        "op": or_null(TEXT),
        "signature": or_null(TEXT),
        "dtype": or_null(TEXT),
        "launches": INTEGER,
        "bound": {"enum": list(BOUNDS)},
        "now_ns": INTEGER,
        "low_ns": INTEGER,
        "high_ns": INTEGER,
        "by": meant(TEXT, "what its time changes by"),
        "why": TEXT,
    }
    return record(
        {
            **facts(),
            "asked": of_record(Question),
            **picked(Answer, ("device",)),
            "kernel_time": meant(bounds, "sum of the durations of all launches"),
            "end_to_end": or_null(bounds, "the window; null for reports, which have none"),
            **picked(Answer, ("end_to_end_reason", "host_limited", "as_recorded_low_ns")),
            "findings_carried_out": listed(of_record(Carried)),
            "unchanged": listed(of_record(Unchanged)),
            "memory": of_record(Memory),
            "notes": listed(TEXT),
            "whatif": listed(record(row), "alike launches together, most time first"),
        }
    )
