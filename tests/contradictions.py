"""Gates of advice on a launch of a report, written down apart from the code that applies them."""

from __future__ import annotations

import math
from typing import Any


def contradicted(rule: str, launch: dict[str, Any], inside: dict[str, Any]) -> str | None:
    """Why a launch's own numbers speak against advice on it; None where they do not.

    Args:
        rule: code of the advice.
        launch: its row of the table ``kernels``.
        inside: its row of the table ``inside``.
    """
    busiest = max(launch["sm_sol_pct"] or 0, launch["memory_sol_pct"] or 0)
    blocks = (launch["grid_x"] or 0) * (launch["grid_y"] or 0) * (launch["grid_z"] or 0)
    waves, issue = inside["waves"], inside["issue_active_pct"] or 0.0
    theoretical, had = inside["occupancy_theoretical_pct"], inside["occupancy_achieved_pct"]
    pipes = dict(zip(inside["pipes"] or (), inside["pipes_pct"] or (), strict=True))
    unfilled = blocks == 1 or (waves is not None and waves < 1)
    gates = {
        "tune-occupancy": [
            ("it does not fill the device", unfilled),
            ("a limit is reached", busiest >= 60),
            ("the warps are there", theoretical is None or theoretical >= 80),
            ("others hide it", issue >= 80),
        ],
        "precision-fp64": [
            ("no FP64", launch["dtype"] != "fp64"),
            ("tensor cores", bool(launch["tensor_flop"])),
            ("another pipe is busier", pipes.get("fp64", 0) < 0.9 * max(pipes.values(), default=0)),
            ("memory holds it", launch["bound"] in ("memory", "latency", "small_grid")),
        ],
        "tune-tail": [("no partial wave", waves is None or waves % 1 == 0 or waves < 1)],
        "tune-uncoalesced": [
            ("local memory", (inside["local_pct"] or 0.0) > 50),
            ("nothing in excess", not inside["excess_sectors"]),
        ],
        "tune-stalls": [
            ("others hide it", issue >= 80),
            ("short", (inside["stall_top_pct"] or 0.0) < 30),
            ("at its limit", busiest >= 60),
        ],
        "tune-spills": [("no local memory", not inside["local_sectors"])],
        "tune-shared-memory": [("no conflict", inside["shared_excess_pct"] in (None, 0.0))],
        "tune-imbalance": [
            ("it does not fill the device", unfilled),
            ("a negative gap", theoretical is not None and had is not None and had < 0),
        ],
        "tune-divergence": [("whole warps", (inside["threads_per_instruction"] or 32) > 30.4)],
        "batch-few-blocks": [("it fills the device", waves is not None and waves >= 1)],
    }  # fmt: skip
    return next((why for why, fails in gates.get(rule, ()) if fails), None)


def tail_cap(waves: float | None) -> float:
    """The share of a launch that a partial last wave costs at most."""
    return 0.0 if not waves else 1 - waves / math.ceil(waves)
