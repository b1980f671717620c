"""Plans as plain data: what ``--format json`` prints, and rows for the other forms."""

from __future__ import annotations

from typing import Any

from ncutool.base.records import as_dict
from ncutool.planning.planner.attending import AttentionPlan
from ncutool.planning.planner.products import GemmPlan
from ncutool.planning.planner.tiling import Tiling

_TILE = (
    "tile_m",
    "tile_n",
    "tiles",
    "sm_count",
    "waves",
    "wave_efficiency_pct",
    "useful_work_pct",
    "efficiency_pct",
)


def record(plan: GemmPlan | AttentionPlan) -> dict[str, Any]:
    """Return every figure of a plan by its name, in base units; unknowns are None."""
    kind = "gemm" if isinstance(plan, GemmPlan) else "attention"
    data = {"schema": f"ncutool/{kind}-plan/2", **as_dict(plan)}
    data["notes"] = list(plan.notes)
    return data


def rows(plan: GemmPlan | AttentionPlan) -> list[dict[str, Any]]:
    """Return a row for each device: the work, where it lies there, and what a measured time
    reached."""
    if isinstance(plan, GemmPlan):
        return _gemm_rows(plan)
    return _attention_rows(plan)


def _gemm_rows(plan: GemmPlan) -> list[dict[str, Any]]:
    shared = as_dict(plan)
    for key in ("devices", "notes"):
        del shared[key]
    return [
        {
            **shared,
            **as_dict(each.place),
            **_tile(each.tile),
            **_measured(as_dict(each.measured) if each.measured else None),
        }
        for each in plan.devices
    ]


def _tile(tile: Tiling | None) -> dict[str, Any]:
    columns = {name: None if tile is None else getattr(tile, name) for name in _TILE}
    return {**columns, "tile_estimate_ns": None if tile is None else tile.estimate_ns}


def _attention_rows(plan: AttentionPlan) -> list[dict[str, Any]]:
    shared = as_dict(plan)
    for key in ("devices", "notes", "attention", "unfused"):
        del shared[key]
    unfused = plan.unfused
    return [
        {
            **as_dict(plan.attention),
            **shared,
            "unfused_bytes": None if unfused is None else unfused.bytes,
            **as_dict(each.place),
            "unfused_floor_ns": each.unfused_floor_ns,
            **_measured(as_dict(each.measured) if each.measured else None),
        }
        for each in plan.devices
    ]


def _measured(reached: dict[str, Any] | None) -> dict[str, Any]:
    names = ("measured_ns", "achieved_flop_per_s", "achieved_bytes_per_s", "roofline_pct")
    return {name: None if reached is None else reached[name] for name in names}
