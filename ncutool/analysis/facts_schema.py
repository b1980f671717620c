"""JSON Schema of what the outputs of one capture open with: everything but the rows."""

from __future__ import annotations

from ncutool.advice.view.finding import ANSWERS, CouldNotLook, Covered, Declined
from ncutool.analysis.most_time import MostTime
from ncutool.analysis.where_time_goes import Shares
from ncutool.base import tables
from ncutool.base.json_types import (
    INTEGER,
    NUMBER,
    TEXT,
    Schema,
    keyed,
    listed,
    meant,
    of_record,
    or_null,
    picked,
    record,
)
from ncutool.base.roofs import ROOFS
from ncutool.companions.graph_pairing import Pairing
from ncutool.companions.summary import Join
from ncutool.devices.ceilings import Ceiling
from ncutool.devices.resolve import Resolution
from ncutool.roofline.coverage import Coverage, PartTime
from ncutool.timeline.devices import DeviceTime
from ncutool.timeline.window import Timeline
from ncutool_parsers import sources_where
from ncutool_parsers.capture import Capture, DeviceRecord, Notice

_SHARE = {"kind": {"enum": [*tables.BOUNDS, "idle"]}, "ns": meant(INTEGER, "[ns]")}
_IDLE = keyed(INTEGER, "idle time by its cause [ns]")


def facts() -> dict[str, Schema]:
    """Return the schemas of the fields, all of them required."""
    return {
        "capture": _capture(),
        "coverage": _coverage(),
        "verdict": _VERDICT,
        "timeline": or_null(_timeline(), "null where no launch has a start time"),
        "time": _time(),
        "join": or_null(of_record(Join), "what a report's counters gave (`--ncu`)"),
        "graph_pairing": or_null(of_record(Pairing), "what a capture run told of graph replays"),
        "notices": listed(of_record(Notice)),
        "ceilings": listed(_ceiling()),
        "advice": _advice(),
        "sections": _sections(),
    }


def _capture() -> Schema:
    device = {
        "ordinal": INTEGER,
        "name": or_null(TEXT, "as recorded"),
        "device": or_null(TEXT, "that of the device table; null where it is not known"),
        "how": meant(TEXT, "what it was recognised by, or why it is not known"),
    }
    properties = {
        "name": meant(TEXT, "the file's name"),
        "source": {"enum": list(sources_where(lambda _: True))},
        **picked(Capture, ("complete", "tool_version", "rank", "world_size")),
        "device": or_null(TEXT, "that of the device table; null where it is not known"),
        "device_how": meant(TEXT, "what it was recognised by, or why it is not known"),
        "devices": listed(record(device)),
        **picked(Resolution, ("held_against",)),
        "devices_recorded": listed(of_record(DeviceRecord), "what the capture itself says"),
        "window_ns": INTEGER,
        "headline": TEXT,
        "private": keyed(TEXT, "with --show-private: host names, user paths, command lines"),
        "path": meant(TEXT, "with --show-private"),
    }
    return record(properties, optional=("private", "path"))


def _coverage() -> Schema:
    part = of_record(PartTime, {"part": {"enum": list(tables.PARTS)}})
    return of_record(Coverage, {"partition": listed(part)})


def _timeline() -> Schema:
    device = {
        **picked(DeviceTime, ("name", "ordinal", "process", "busy_ns", "idle_ns")),
        "idle_by_cause_ns": _IDLE,
    }
    names = ("start_ns", "end_ns", "wall_ns", "busy_ns", "idle_ns")
    more = ("trimmed", "steps", "steps_reason", "trustworthy")
    return record(
        {
            **picked(Timeline, names),
            "idle_by_cause_ns": _IDLE,
            "devices": listed(record(device)),
            **picked(Timeline, more),
        }
    )


def _time() -> Schema:
    part = record({**_SHARE, "pct": meant(NUMBER, "of the base [%]")})
    meaning = "the window by what holds it; overlapping launches count once"
    return meant(of_record(Shares, {"parts": listed(part)}), meaning)


def _ceiling() -> Schema:
    known = {
        "roof": {"enum": ["dram", *ROOFS]},
        "peak_per_s": meant(NUMBER, "the data sheet's [byte/s of dram, else FLOP/s]"),
        "ceiling_per_s": meant(NUMBER, "[byte/s of dram, else FLOP/s]"),
        "source": {"enum": ["capture", "default", "measured"]},
    }
    meaning = "how far a peak is reached: information beside the peaks of the launches"
    return meant(of_record(Ceiling, known), meaning)


def _advice() -> Schema:
    properties = {
        "answer": meant(
            {"enum": list(ANSWERS)},
            "what it comes to; the third means that what would tell is missing",
        ),
        "most_time": or_null(
            of_record(MostTime),
            "what is known of the kernel that takes most of the launch time",
        ),
        "looked": listed(TEXT, "what was looked at, each with its share of the launch time"),
        "could_not_look": listed(
            of_record(CouldNotLook), "what could not be looked at, why, and what to collect"
        ),
        "covered": listed(
            of_record(Covered),
            "suggestions whose time the findings named by them claim already",
        ),
        "all_low_ns": or_null(
            INTEGER, "all findings of the window, by replay; null where it could not look"
        ),
        "all_high_ns": or_null(
            INTEGER, "all findings of the window, at most; null where it could not look"
        ),
        "small": meant(INTEGER, "suggestions too small to list"),
        "small_high_ns": meant(INTEGER, "what those save at most"),
        "declined": listed(of_record(Declined), "what is not advised, and why"),
    }
    return record(properties, meaning="what goes with the findings as a whole")


_VERDICT = record(
    {
        "headline": {
            "type": "string",
            "maxLength": 90,
            "description": "how much can go, the cause and the next step; or why that is not known",
        },
        "state": meant(TEXT, "what holds it, what is understood, and where"),
    },
    meaning="what there is to say of the capture in one sentence, and its state",
)


def _sections() -> Schema:
    """Return the schema of the sections that all outputs draw alike, each where there is one."""
    number = or_null(NUMBER)
    measured = {
        "launches": INTEGER,
        "duration_ns": INTEGER,
        "measured_bytes": number,
        "modelled_bytes": number,
        "bytes_ratio": or_null(NUMBER, "measured over modelled"),
        "flop_ratio": or_null(NUMBER, "measured over modelled"),
        "flag": meant(TEXT, "beyond 15 %: the likely cause; empty within"),
    }
    without = {"launches": INTEGER, "duration_ns": INTEGER, "share_pct": NUMBER}
    variants = {
        "duration_ns": number,
        "time_ratio": or_null(NUMBER, "of the fastest"),
        "flop": number,
        "dram_bytes": number,
        "roofline_pct": or_null(NUMBER, "of its roof"),
    }
    sections = {"measured": _section(measured, without), "variants": _section(variants)}
    return record(sections, sections, "further tables, by their key")


def _section(*columns: dict[str, Schema]) -> Schema:
    rows = [record({"name": TEXT, "detail": TEXT, **one}) for one in columns]
    row = rows[0] if len(rows) == 1 else {"anyOf": rows}
    table = record({"title": TEXT, "rows": listed(row)})
    return record({"title": TEXT, "note": TEXT, "tables": listed(table)})
