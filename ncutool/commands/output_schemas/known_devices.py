"""Schema of the table of devices."""

from __future__ import annotations

from ncutool.base.json_types import INTEGER, NUMBER, TEXT, Schema, listed, meant, or_null, record


def devices() -> Schema:
    """Return the schema of `ncutool devices`: a peak for each roof that any of them has."""
    from ncutool.base.roofs import ROOFS
    from ncutool.devices.table import LINKS

    text, count = or_null(TEXT), or_null(INTEGER)
    fixed = {
        "name": TEXT,
        "compute_capability": TEXT,
        "sm_count": count,
        "memory_bytes": INTEGER,
        "peak_bytes_per_s": meant(NUMBER, "of DRAM"),
        "sparse": meant(TEXT, "what 2:4 sparsity makes of the dense peaks"),
        **dict.fromkeys(("confidence", "source", "note", "vendor"), TEXT),
        "l2_bytes": count,
        "last_level_cache_bytes": count,
        "names": listed(TEXT, "names that captures record for exactly this device"),
        "origin": meant(TEXT, "`ncutool`, or the user's file that it comes from"),
        "link_source": text,
    }
    dense = {f"{roof}_flop_per_s": or_null(NUMBER, "null: it has no such roof") for roof in ROOFS}
    sparse = {
        f"{roof}_sparse_flop_per_s": or_null(NUMBER, "with 2:4 structured sparsity")
        for roof in ROOFS
    }
    links = {f"{link}_bytes_per_s": or_null(NUMBER, "one direction") for link in LINKS}
    peaks = {**dense, **sparse}
    row = record({**fixed, **peaks, **links}, optional=peaks)
    return record({"devices": listed(row)})
