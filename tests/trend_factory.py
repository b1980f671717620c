"""An archive of commits made by hand: rows of captures and of their kernels' times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from job_factory import capture_row

from ncutool.archive.tables import CAPTURES

KERNELS = {"gemm": 6e6, "attention": 3e6, "norm": 1e6, "copy": 2e5, "softmax": 4e5}
"""Nanoseconds of each kernel in a capture."""
_START = 1_700_000_000 * 10**9


def archive(
    commits: int = 100,
    *,
    seed: int = 0,
    noise: float = 0.01,
    changes: Mapping[int, tuple[str, float]] | None = None,
    each: int = 1,
    flop: float | None = 1e12,
    device: str = "Test H100",
    offset: int = 0,
    **more: Any,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return captures and kernel times.

    Args:
        changes: from which commit on which kernel takes how many times as long.
        each: captures a commit.
        flop: of the products of a capture; None where no shapes are recorded.
        offset: of the captures' ids, so that archives can be put together.
    """
    chance = np.random.default_rng(seed)
    captures, kernels = [], []
    factor = dict.fromkeys(KERNELS, 1.0)
    for commit in range(commits):
        if changes and commit in changes:
            name, ratio = changes[commit]
            factor[name] *= ratio
        for again in range(each):
            number = offset + commit * each + again
            times = {
                name: round(ns * factor[name] * float(np.exp(noise * chance.standard_normal())))
                for name, ns in KERNELS.items()
            }
            captures.append(
                capture_row(
                    rank=None, world_size=None, capture_id=f"t{number}", device=device,
                    path=f"{number}.json", name=f"{number}.json",
                    started_ns=_START + number * 60 * 10**9, wall_ns=sum(times.values()) + 10**6,
                    launches=50, launch_ns=sum(times.values()), roofline_pct=40.0,
                )
                | {"commit": f"c{(commit * 7919) % 100_003:05d}", **more}
            )  # fmt: skip
            kernels += [
                {
                    "capture_id": f"t{number}", "kernel": name, "time_ns": ns, "launches": 10,
                    "placed_ns": ns, "placed_pct_ns": 50.0 * ns,
                    "product_flop": flop if name == "gemm" and flop else 0.0,
                    "product_launches": 10 if name == "gemm" and flop else 0,
                }
                for name, ns in times.items()
            ]  # fmt: skip
    known = CAPTURES.polars_schema()
    rows = pl.DataFrame(captures, infer_schema_length=None)
    own = [name for name in rows.columns if name not in known]
    return (
        CAPTURES.conform(rows.drop(own)).with_columns(rows[name] for name in own),
        pl.DataFrame(kernels),
    )
