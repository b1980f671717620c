"""A capture's kernels held against its device, without the advice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ncutool.analysis.devices import recorded_device
from ncutool.companions import launch_work
from ncutool.devices import resolve
from ncutool.devices.table import Device
from ncutool.roofline import place
from ncutool.work import counters
from ncutool_parsers import read
from ncutool_parsers.capture import Capture
from ncutool_parsers.interface import ReadOptions


@dataclass(frozen=True)
class Loaded:
    """One capture, read."""

    capture: Capture
    kernels: pl.DataFrame
    """:data:`ncutool.base.tables.KERNELS`."""
    device: Device | None


def load(path: Path) -> Loaded:
    """One capture.

    Raises:
        CaptureError: it cannot be read.
    """
    capture = read(path, ReadOptions(metrics=counters.WANTED, instructions=True))
    device = resolve.resolve(recorded_device(capture)).device
    work = launch_work.work_of(capture, None, None).work
    return Loaded(capture, place.place(capture, work, device), device)
