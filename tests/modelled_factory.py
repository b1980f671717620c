"""A torch capture of given launches and operators, to be modelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ncutool_parsers import schema
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.formats import TORCH_TRACE

MM = ("aten::mm", "[[64, 32], [32, 16]]", '["c10::BFloat16", "c10::BFloat16"]', '["", ""]')
ADD = ("aten::add", "[[64], [64], []]", '["float", "float", "Scalar"]', '["", "", "1"]')
BARE = ("aten::relu", None, None, None)
MM_FLOP, MM_BYTES = 2 * 64 * 32 * 16, 2 * (64 * 32 + 32 * 16 + 64 * 16)


def capture(
    launches: Sequence[Mapping[str, Any]],
    operators: Sequence[tuple[str, str | None, str | None, str | None]],
    parents: list[int | None] | None = None,
) -> Capture:
    """A torch capture whose operator i has signature i; launches are kernels unless they say."""
    rows = [
        {
            "launch_id": index,
            "category": "kernel",
            "kernel": "k",
            "kernel_full": "gemm_kernel",
            "duration_ns": 100,
            "call_id": 0,
            **launch,
        }
        for index, launch in enumerate(launches)
    ]
    count = len(operators)
    return Capture(
        path=Path("trace.json"),
        format=TORCH_TRACE,
        launches=schema.LAUNCHES.conform(pl.DataFrame(rows, infer_schema_length=None)),
        devices=(DeviceRecord(0, "NVIDIA H100 80GB HBM3", "9.0", 132, vendor="nvidia"),),
        signatures=schema.SIGNATURES.conform(
            pl.DataFrame(
                {
                    "signature_id": list(range(count)),
                    "op": [op[0] for op in operators],
                    "input_dims": [op[1] for op in operators],
                    "input_types": [op[2] for op in operators],
                    "concrete_inputs": [op[3] for op in operators],
                }
            )
        ),
        ops=schema.OPS.conform(
            pl.DataFrame(
                {
                    "op_id": list(range(count)),
                    "signature_id": list(range(count)),
                    "thread": [0] * count,
                    "start_ns": list(range(count)),
                    "end_ns": list(range(1, count + 1)),
                    "parent_id": parents or [None] * count,
                },
                schema_overrides={"parent_id": pl.Int64},
            )
        ),
        calls=schema.CALLS.conform(
            pl.DataFrame(
                {
                    "call_id": [0],
                    "name": ["cudaLaunchKernel"],
                    "thread": [0],
                    "start_ns": [0],
                    "end_ns": [1],
                }
            )
        ),
        shapes_recorded=any(op[1] for op in operators),
    )
