"""Options that several commands share, declared once, and records that stand for many of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from msgspec import Struct

from ncutool.analysis.request import Redact, Request
from ncutool.commands.placing import refuse_inputs
from ncutool_parsers import Place, place
from ncutool_parsers.defaults import (
    DEFAULT_MAX_BYTES,
    DEFAULT_MAX_EVENTS,
    DEFAULT_MAX_NAME,
    DEFAULT_MAX_NESTING,
    DEFAULT_MAX_VALUES,
)
from ncutool_parsers.errors import UsageError


class Format(str, Enum):
    """Forms of a table on stdout or in a file."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    MD = "md"


def option(*flags: str, words: str, metavar: str | None = None, **more: Any) -> Any:
    """Return an option whose help says nothing of a default, unless ``show_default`` is given."""
    return typer.Option(*flags, help=words, metavar=metavar, **({"show_default": False} | more))


_CAPTURE = (
    "An .ncu-rep report or a torch.profiler trace: a file, a URL (s3://, https:// …) or "
    "ARCHIVE::MEMBER."
)
CaptureArgument = Annotated[Path | Place, typer.Argument(metavar="CAPTURE", help=_CAPTURE)]
OptionalCapture = Annotated[
    Path | Place | None, typer.Argument(metavar="CAPTURE", help=_CAPTURE, show_default=False)
]
TraceOption = Annotated[
    Path | Place | None,
    option("--trace", words="The trace, where --ncu is given.", metavar="FILE"),
]
CaptureTraceOption = Annotated[
    Path | Place | None,
    option(
        "--capture-trace",
        words="A trace of the run that captured the CUDA/HIP graphs: replays take operators and "
        "shapes from it.",
        metavar="FILE",
    ),
]
DeviceFileOption = Annotated[
    Path | None,
    option(
        "--device-file",
        words="Devices of your own, in the format of devices.toml; its rows win.",
        metavar="FILE.toml",
    ),
]
MaxBytesOption = Annotated[
    int,
    option(
        "--max-bytes",
        words="Refuse a capture that expands past this.",
        min=1,
        show_default=True,
        metavar="BYTES",
    ),
]
MaxEventsOption = Annotated[
    int,
    option(
        "--max-events",
        words="Refuse a trace of more events.",
        min=1,
        show_default=True,
        metavar="N",
    ),
]
MaxNameOption = Annotated[
    int,
    option(
        "--max-name",
        words="Cut names to so many characters.",
        min=1,
        show_default=True,
        metavar="N",
    ),
]
MaxValuesOption = Annotated[
    int,
    option(
        "--max-values",
        words="Leave out recorded arguments of more values, such as lists of dimensions.",
        min=1,
        show_default=True,
        metavar="N",
    ),
]
MaxNestingOption = Annotated[
    int,
    option(
        "--max-nesting",
        words="Leave out recorded arguments that are nested deeper.",
        min=1,
        show_default=True,
        metavar="N",
    ),
]
MaxMemoryOption = Annotated[
    int | None,
    option(
        "--max-memory",
        words="Bytes of memory that the command may take, and as many the process that reads a "
        "report for it; three quarters of the machine's.",
        min=1,
        metavar="BYTES",
    ),
]
WholeStepsOption = Annotated[
    bool,
    typer.Option(
        "--whole-steps",
        help="Cut the window to whole annotated steps, or to what was launched while recording.",
    ),
]
AssumeDeviceOption = Annotated[
    str | None,
    option(
        "--assume-device",
        words="Device to take peaks from (traces), where the capture's own is missing or "
        "wrong; of the same vendor and compute capability.",
        metavar="NAME",
    ),
]
CeilingsOption = Annotated[
    Path | None,
    option(
        "--ceilings",
        words="Measured rates that replace the device's peaks (traces).",
        metavar="FILE.json",
    ),
]
WhereOption = Annotated[
    list[str],
    option(
        "--where",
        words="Only captures for which it holds: COLUMN=VALUE, with = != < <= > >= or ~ (searches "
        "text); may be repeated.",
        metavar="CONDITION",
    ),
]
TopOption = Annotated[
    int | None, option("--top", words="Only the first N rows; 0 is all.", min=0, metavar="N")
]
KernelOption = Annotated[
    str | None,
    option(
        "--kernel",
        words="Only launches whose kernel or operator name matches.",
        metavar="REGEX",
    ),
]
ShowPrivateOption = Annotated[
    bool,
    typer.Option(
        "--show-private", help="Show host names, paths, command lines and source lines too."
    ),
]
RedactOption = Annotated[
    Redact | None,
    option(
        "--redact",
        words="Take paths, host and user names, addresses, command lines, module names and the "
        "file's name out of the output; `--redact names` puts pseudonyms for your kernels and "
        "operators too.",
        metavar="[names]",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite an existing output.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colour on the terminal.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

_REQUEST: dict[str, Any] = {
    "ncu": Annotated[
        Path | Place | None,
        option(
            "--ncu",
            words="An .ncu-rep report of the same program: its counters go on the trace's "
            "launches.",
            metavar="FILE",
        ),
    ],
    "capture_trace": CaptureTraceOption,
    "rank_trace": Annotated[
        list[Path | Place],
        option(
            "--rank-trace",
            words="A trace of another rank of the same job, over the same steps (may be "
            "repeated): tells waiting for others from transfer.",
            metavar="FILE",
        ),
    ],
    "whole_steps": WholeStepsOption,
    "assume_device": AssumeDeviceOption,
    "device_file": DeviceFileOption,
    "ceilings": CeilingsOption,
    "max_bytes": MaxBytesOption,
    "max_events": MaxEventsOption,
    "max_name": MaxNameOption,
    "max_values": MaxValuesOption,
    "max_nesting": MaxNestingOption,
    "max_memory": MaxMemoryOption,
    "redact": RedactOption,
}
"""The option of each field of :class:`Request`."""


_OUTPUTS = ("--output", "--also")
"""Options that name files to write."""


class Limits(Struct, frozen=True):
    """How much a capture may hold, for commands that take no whole request."""

    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES
    max_events: MaxEventsOption = DEFAULT_MAX_EVENTS
    max_name: MaxNameOption = DEFAULT_MAX_NAME
    max_values: MaxValuesOption = DEFAULT_MAX_VALUES
    max_nesting: MaxNestingOption = DEFAULT_MAX_NESTING
    max_memory: MaxMemoryOption = None

    def limits(self) -> dict[str, Any]:
        """Return the same by their names, as a request takes them."""
        return {name: getattr(self, name) for name in Limits.__struct_fields__}


def unfold(run: Callable[..., None]) -> Callable[..., None]:
    """Let the function of a command take records in place of single options.

    A parameter whose type is a struct of msgspec or a dataclass stands for an option for each of
    its fields, which are annotated as typer wants them (those of a :class:`Request` above). ``run``
    gets the record.
    One that may be a :class:`Place` is text to typer, which would take a URL for a path.
    """
    signature = inspect.signature(run, eval_str=True)
    records: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if _is_record(parameter.annotation)
    }
    options = {name: _options(record) for name, record in records.items()}
    unfolded = [
        single.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in signature.parameters.items()
        for single in options.get(name, [parameter])
    ]

    places = [single.name for single in unfolded if _is_place(single.annotation)]
    files = [single.name for single in unfolded if _is_file(single.annotation)]
    written = [single.name for single in unfolded if _is_output(single.annotation)]

    def command(**given: Any) -> None:
        given |= {name: _placed(given[name]) for name in places}
        refuse_inputs(
            _paths(given[name] for name in written),
            _paths(given[name] for name in (*places, *files) if name not in written),
        )
        for name, record in records.items():
            values = {single.name: given.pop(single.name) for single in options[name]}
            given[name] = record(**values)
        if given.get("show_private") and any(
            getattr(given[name], "redact", None) for name in records
        ):
            raise UsageError("--redact and --show-private ask for the contrary: leave one out")
        run(**given)

    command.__doc__ = run.__doc__
    unfolded = [
        single.replace(annotation=_as_text(single.annotation)) if single.name in places else single
        for single in unfolded
    ]
    command.__annotations__ = {single.name: single.annotation for single in unfolded}
    command.__signature__ = signature.replace(parameters=unfolded)  # type: ignore[attr-defined]  # typer reads it
    return command


def _is_place(annotation: Any) -> bool:
    """Whether what an option takes may be a place, or a list of them."""
    return annotation is Place or any(_is_place(part) for part in get_args(annotation))


def _is_file(annotation: Any) -> bool:
    """Whether what an option takes may be a path, or a list of them."""
    return annotation is Path or any(_is_file(part) for part in get_args(annotation))


def _is_output(annotation: Any) -> bool:
    """Whether an option names a file to write."""
    about = get_args(annotation)[1:]
    # typer keeps the first flag of an option in the place of its default
    flags = [(one.default, *(one.param_decls or ())) for one in about if hasattr(one, "default")]
    return any(flag in _OUTPUTS for given in flags for flag in given)


def _paths(values: Iterable[Any]) -> list[Path]:
    """Return the local files that options name; of a member the archive that it lies in."""
    listed = [one for value in values for one in (value if isinstance(value, list) else [value])]
    archives = (one.archive if isinstance(one, Place) else one for one in listed)
    return [one for one in archives if isinstance(one, Path)]


def _as_text(annotation: Any) -> Any:
    """Return the annotation of an option whose value, or each of them, is text to typer."""
    kind, *about = get_args(annotation)
    several = next((one for one in (kind, *get_args(kind)) if get_origin(one) is list), None)
    text: Any = str if several is None else list[str]
    if type(None) in get_args(kind):
        text = text | None
    return Annotated.__class_getitem__((text, *about))  # type: ignore[attr-defined]  # it is there


def _placed(given: Any) -> Any:
    """Return the places that texts of the command line name; None stays None."""
    if isinstance(given, (list, tuple)):
        return [place(one) for one in given]
    return None if given is None else place(given)


def _is_record(kind: Any) -> bool:
    return is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, Struct))


def _options(record: Any) -> list[inspect.Parameter]:
    """Return a parameter for each field of a record; one without a default must be given."""
    hints = _REQUEST if record is Request else get_type_hints(record, include_extras=True)
    return [
        single.replace(
            default=[] if single.default == () else single.default,  # typer's lists are lists
            annotation=hints[name],
        )
        for name, single in inspect.signature(record).parameters.items()
    ]
