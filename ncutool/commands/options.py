"""Options that several commands share, declared once."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Format(str, Enum):
    """Forms of a table on stdout or in a file."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    MD = "md"


CaptureArgument = Annotated[
    Path, typer.Argument(metavar="CAPTURE", help="An .ncu-rep report or a torch.profiler trace.")
]
OptionalCapture = Annotated[
    Path | None,
    typer.Argument(
        metavar="CAPTURE",
        help="An .ncu-rep report or a torch.profiler trace.",
        show_default=False,
    ),
]
TraceOption = Annotated[
    Path | None,
    typer.Option(
        "--trace", metavar="FILE", help="The trace, where --ncu is given.", show_default=False
    ),
]
NcuOption = Annotated[
    Path | None,
    typer.Option(
        "--ncu",
        metavar="FILE",
        help="An .ncu-rep report of the same program: its counters go on the trace's launches.",
        show_default=False,
    ),
]
CaptureTraceOption = Annotated[
    Path | None,
    typer.Option(
        "--capture-trace",
        metavar="FILE",
        help="A trace of the run that captured the CUDA/HIP graphs: replays take operators and "
        "shapes from it.",
        show_default=False,
    ),
]
RankTracesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rank-trace",
        metavar="FILE",
        help="A trace of another rank of the same job, over the same steps (may be repeated): "
        "tells waiting for others from transfer.",
        show_default=False,
    ),
]
WholeStepsOption = Annotated[
    bool,
    typer.Option(
        "--whole-steps",
        help="Cut the window to whole annotated steps, or to what was launched while recording.",
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="Form of the result; without it, told from the ending of -o, else a table.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write instead of stdout.", show_default=False),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite an existing output.")]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="Device to take peaks from (traces), where the capture's own is missing or wrong.",
        show_default=False,
    ),
]
DeviceFileOption = Annotated[
    Path | None,
    typer.Option(
        "--device-file",
        metavar="FILE.toml",
        help="Devices of your own, in the format of devices.toml; its rows win.",
        show_default=False,
    ),
]
CeilingsOption = Annotated[
    Path | None,
    typer.Option(
        "--ceilings",
        metavar="FILE.json",
        help="Measured rates that replace the device's peaks (traces).",
        show_default=False,
    ),
]
TopOption = Annotated[
    int | None,
    typer.Option("--top", min=0, help="Only the first N rows; 0 is all.", show_default=False),
]
KernelOption = Annotated[
    str | None,
    typer.Option(
        "--kernel",
        metavar="REGEX",
        help="Only launches whose kernel or operator name matches.",
        show_default=False,
    ),
]
MaxBytesOption = Annotated[
    int,
    typer.Option(
        "--max-bytes", min=1, help="Refuse a capture that expands past this.", show_default=True
    ),
]
ShowPrivateOption = Annotated[
    bool,
    typer.Option("--show-private", help="Show host names, paths and command lines too."),
]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colour on the terminal.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
