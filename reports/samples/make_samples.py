"""Writes the synthetic samples: a trace and a report of the same small decoder.

    python reports/samples/make_samples.py [FOLDER]

The same bytes come out every time; FOLDER is this file's own unless named.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

from report_writer import write_report
from sample_clock import Clock
from sample_model import STEPS, Workload
from sample_report import launches
from sample_trace import SYNTHETIC, trace_text

NAME = "decoder-layer-synthetic"
__all__ = ["NAME", "STEPS", "write_samples"]

SEED = 20_260_101
START_NS = 5_000_000_000


def write_samples(folder: Path) -> tuple[Path, Path]:
    """Writes both samples into ``folder/NAME``; gives the trace's and the report's path."""
    target = folder / NAME
    target.mkdir(parents=True, exist_ok=True)
    timed = Clock(SEED, START_NS).run(Workload().run(), "ProfilerStep#2")
    trace = target / f"{NAME}.json.gz"
    text = trace_text(timed, f"{NAME}.json")
    trace.write_bytes(gzip.compress(text.encode(), mtime=0))
    report = target / f"{NAME}.ncu-rep"
    write_report(report, launches(), command=SYNTHETIC)
    return trace, report


def main() -> None:
    """Writes the samples and says where."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    for path in write_samples(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
