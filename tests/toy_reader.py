"""A third source of captures, made for tests: nothing outside its reader may know its name.

A sketch has a timeline and nothing else; a tally has counters and nothing else. Both are one line
of header, one line a launch: ``toy sketch`` or ``toy tally``, then
``KERNEL START_NS DURATION_NS GRID BLOCK DRAM_BYTES``.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import ncutool_parsers
from ncutool_parsers import schema
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.errors import EmptyError
from ncutool_parsers.formats import Format, Traits
from ncutool_parsers.interface import ReadOptions

SKETCH = Format(
    source="toy-sketch",
    tool="Toy",
    noun="sketch",
    traits=Traits(has_timeline=True),
    duration_source="the sketch",
)
TALLY = Format(
    source="toy-tally",
    tool="Toy",
    noun="tally",
    traits=Traits(figures_counted=True),
    duration_source="the tally",
)
H100 = DeviceRecord(0, "NVIDIA H100 80GB HBM3", "9.0", 132, vendor="nvidia")
LINES = (
    "copy_bytes 1000 20000 1056 256 60000000",
    "multiply 24000 40000 132 384 8000000",
    "copy_bytes 66000 20000 1056 256 60000000",
    "multiply 90000 44000 264 384 16000000",
)
"""60 MB in 20 µs are 3 TB/s, 89.6 % of the 3.35 TB/s of an H100 SXM."""
_RATE = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
COUNTERS = {
    "smsp__cycles_elapsed.avg.per_second": 1e9,
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed": 0.0,
    "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active": 0.0,
    **{_RATE.format(f"{letter}{kind}"): 0.0 for letter in "fd" for kind in ("add", "mul", "fma")},
    _RATE.format("ffma"): 1000.0,
}
"""2 TFLOP/s of FP32 by 1000 fused multiply-adds a cycle at 1 GHz; the peak is not recorded."""


class ToyReader:
    """Reads files of one of the two formats."""

    def __init__(self, form: Format) -> None:
        self.format = form
        self._head = f"toy {form.noun}"

    def accepts(self, head: bytes) -> bool:
        """Whether the first line names the format."""
        return head.startswith(self._head.encode())

    def read(self, path: Path, options: ReadOptions) -> Capture:
        """The launches, with a start or with counted bytes."""
        rows = [line.split() for line in path.read_text().splitlines()[1:]]
        if not rows:
            raise EmptyError(path, "holds no launch", "draw one")
        launches = [_launch(number, row) for number, row in enumerate(rows)]
        if not self.format.traits.has_timeline:
            launches = [launch | {"start_ns": None} for launch in launches]
        counted = [
            (number, name, value)
            for number, row in enumerate(rows)
            for name, value in {"dram__bytes.sum": float(row[5]), **COUNTERS}.items()
        ]
        if not self.format.traits.figures_counted:
            counted = []
        return Capture(
            path=path,
            format=self.format,
            launches=schema.LAUNCHES.conform(pl.DataFrame(launches)),
            devices=(H100,),
            metrics=pl.DataFrame(counted, schema=schema.METRICS.polars_schema(), orient="row"),
        )


def _launch(number: int, row: list[str]) -> dict[str, object]:
    name, start, duration, grid, block = row[:5]
    return {
        **{"launch_id": number, "category": "kernel", "kernel": name, "kernel_full": name},
        **{"start_ns": int(start), "duration_ns": int(duration), "stream": 7, "device": 0},
        **{"grid_x": int(grid), "grid_y": 1, "grid_z": 1},
        **{"block_x": int(block), "block_y": 1, "block_z": 1, "compute_capability": "9.0"},
    }


def write(path: Path, form: Format) -> Path:
    """A capture of that format; its path."""
    path.write_text("\n".join([f"toy {form.noun}", *LINES]) + "\n")
    return path


@pytest.fixture
def toy_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both formats are known while a test runs."""
    toys = (ToyReader(SKETCH), ToyReader(TALLY))
    monkeypatch.setattr(ncutool_parsers, "READERS", (*ncutool_parsers.READERS, *toys))
