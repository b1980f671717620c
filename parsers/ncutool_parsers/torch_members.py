"""What a trace says about itself outside its events: devices, rank, private names."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal

from ncutool_parsers.capture import SAMPLE_MEMBER, DeviceRecord, made_up
from ncutool_parsers.edge import (
    LARGEST_BYTES,
    LARGEST_COUNT,
    LARGEST_ID,
    LARGEST_VERSION,
    LONGEST_DEVICE,
    MOST_MULTIPROCESSORS,
    Edge,
)
from ncutool_parsers.json_members import read_members, salvage_members
from ncutool_parsers.json_stream import EventStream

_PRIVATE = ("traceName", "hostname", "host_name", "host", "user", "username")
_SALVAGED = (
    "deviceProperties",
    "computeProperties",
    "distributedInfo",
    "baseTimeNanoseconds",
    "traceName",
    SAMPLE_MEMBER,
)
_AMD = ("amd", "radeon", "instinct", "gfx")


def read(stream: EventStream) -> tuple[dict[str, Any], bool]:
    """Return the document's members around the list of events, and whether they are whole.

    Of a damaged end only those members are salvaged that are used.
    """
    if stream.bare_list:
        return {}, True
    if (whole := read_members(stream.head, stream.tail)) is not None:
        return whole, True
    head = read_members(stream.head, b"}") or {}
    return {**salvage_members(stream.tail, _SALVAGED), **head}, False


def devices(members: dict[str, Any], used: set[int], edge: Edge) -> tuple[DeviceRecord, ...]:
    """Return the devices that launches ran on, or all that are named where none of them did."""
    recorded = members.get("deviceProperties") or members.get("computeProperties")
    records = [
        _device(index, entry, edge)
        for index, entry in enumerate(recorded if isinstance(recorded, list) else [])
        if isinstance(entry, dict)
    ]
    named = {record.ordinal: record for record in records}
    for record in records:
        named[record.ordinal] = _agreed(named[record.ordinal], record)
    return tuple(r for r in named.values() if r.ordinal in used) or tuple(named.values())


def _agreed(first: DeviceRecord, second: DeviceRecord) -> DeviceRecord:
    """Return what two records of one ordinal, from files that were merged, agree on."""
    differing: dict[str, Any] = {
        field.name: None
        for field in fields(DeviceRecord)
        if getattr(first, field.name) != getattr(second, field.name)
    }
    return replace(first, **differing)


def rank_and_world(members: dict[str, Any], edge: Edge) -> tuple[int | None, int | None]:
    """Return the rank of the process and the number of ranks in the job, None if not recorded."""
    info = members.get("distributedInfo")
    if not isinstance(info, dict):
        return None, None
    rank = edge.number(info.get("rank"), LARGEST_COUNT)
    return rank, edge.number(info.get("world_size"), LARGEST_COUNT, 1)


def is_synthetic(members: dict[str, Any]) -> bool:
    """Whether the trace says of itself that it is a made-up sample."""
    return made_up(members.get(SAMPLE_MEMBER))


def base_time_ns(members: dict[str, Any], edge: Edge) -> int:
    """Return the epoch nanosecond that the trace's times count from; 0 where they are absolute."""
    return edge.number(members.get("baseTimeNanoseconds"), LARGEST_ID) or 0


def private_names(members: dict[str, Any], edge: Edge) -> dict[str, str]:
    """Return the members that name a user, a host or a path.

    ``metadata`` is never read: it may hold secrets.
    """
    return {
        name: edge.text(members[name]) for name in _PRIVATE if isinstance(members.get(name), str)
    }


def _device(index: int, entry: dict[str, Any], edge: Edge) -> DeviceRecord:
    def count(largest: int, least: int, *names: str) -> int | None:
        recorded = next((entry[name] for name in names if entry.get(name) is not None), None)
        return edge.number(recorded, largest, least)

    ordinal = count(LARGEST_COUNT, 0, "id")
    name = edge.text(entry["name"], LONGEST_DEVICE) if isinstance(entry.get("name"), str) else ""
    major = count(LARGEST_VERSION, 0, "computeMajor", "major")
    minor = count(LARGEST_VERSION, 0, "computeMinor", "minor")
    return DeviceRecord(
        ordinal=index if ordinal is None else ordinal,
        name=name or None,
        compute_capability=None if major is None or minor is None else f"{major}.{minor}",
        sm_count=count(MOST_MULTIPROCESSORS, 1, "numSms", "multiProcessorCount"),
        memory_bytes=count(LARGEST_BYTES, 1, "totalGlobalMem"),
        l2_bytes=count(LARGEST_BYTES, 1, "l2CacheSize", "L2CacheSize"),
        vendor=_vendor(name, entry),
    )


def _vendor(name: str, entry: dict[str, Any]) -> Literal["nvidia", "amd"] | None:
    """Return who made a device, by its name or by AMD's wavefronts of 64 threads."""
    lower = name.lower()
    if any(word in lower for word in _AMD) or entry.get("warpSize") == 64:
        return "amd"
    known = ("nvidia", "tesla", "geforce", "quadro", "rtx", "gtx", "titan")
    return "nvidia" if any(word in lower for word in known) else None
