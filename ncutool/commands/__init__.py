"""The command line: one module per command, listed here; the only place that prints or exits.

The root help is written from :data:`COMMANDS`, so that it costs no import of typer, and a command
imports only its own module.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

_HELP_FLAGS = ("-h", "--help")


@dataclass(frozen=True)
class Command:
    """One command: its module under ``ncutool.commands`` has a function ``run``."""

    name: str
    summary: str


COMMANDS: tuple[Command, ...] = (
    Command("report", "Write one offline HTML page and print a summary: start here."),
    Command("kernels", "List every launch with its FLOPs, bytes, roofline place and sources."),
    Command("rank", "List what to change, surest saving first, with evidence."),
    Command("explain", "Trace every figure of one launch to its metric or shape and formula."),
    Command("whatif", "Say what another device, size or weight type, or a finding, would change."),
    Command("llm", "Predict a language model's speed, memory and regime on a device."),
    Command("gemm", "Hold a matrix product against devices: FLOPs, bytes, floor, tiles."),
    Command("attention", "Hold an attention against devices, fused and unfused."),
    Command("compare-devices", "Hold devices against each other for a workload and its price."),
    Command("signals", "Tell the regime from nvidia-smi, DCGM or timings, without a profile."),
    Command("devices", "List the known devices and their peaks."),
    Command("schema", "Print the JSON Schema of an output table."),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done; 1 the input could not be read or analysed; 2 wrong usage.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        print(root_help(), file=sys.stderr)
        return 2
    name, *rest = arguments
    if name in _HELP_FLAGS:
        print(root_help())
        return 0
    if name in ("-V", "--version"):
        print(f"ncutool {_version()}")
        return 0
    if name == "help":
        name, rest = (rest[0] if rest else "", ["--help"])
        if not name:
            print(root_help())
            return 0
    if name not in {command.name for command in COMMANDS}:
        print(_unknown(name), file=sys.stderr)
        return 2
    from ncutool.commands.running import run_command

    return run_command(name, rest)


def root_help() -> str:
    """The text of ``ncutool --help``."""
    width = max(len(command.name) for command in COMMANDS)
    listed = "\n".join(f"  {c.name:<{width}}  {c.summary}" for c in COMMANDS)
    return f"""Usage: ncutool COMMAND [OPTIONS] CAPTURE

Turns a GPU capture into a verdict: what share of the time is understood, where each
kernel sits on the device's roofline, and what to fuse or batch and what that saves.
A capture is an Nsight Compute report (.ncu-rep) or a torch.profiler trace
(.json, .json.gz).

Commands:
{listed}

  ncutool report trace.json.gz          one page and a summary
  ncutool rank trace.json.gz            findings only
  ncutool kernels report.ncu-rep --format json | jq '.kernels[0]'

'ncutool COMMAND --help' tells the options of a command; --version the version.
Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the input
could not be read or analysed, 2 wrong usage."""


def _version() -> str:
    from importlib.metadata import version

    return version("ncutool")


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    names = [command.name for command in COMMANDS]
    near = get_close_matches(name, names, n=1)
    if near:
        hint = f"did you mean '{near[0]}'?"
    elif "." in name or "/" in name:
        hint = f"to analyse a capture: ncutool report {name}"
    else:
        hint = f"commands: {', '.join(names)}"
    return f"ncutool: no command '{name}'; {hint}"
