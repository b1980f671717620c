"""The command line: one module per command, listed here; the only place that prints or exits.

The helps of ``ncutool`` and of its groups are written from :data:`COMMANDS`, so that they cost no
import of typer; a command imports only its own module.
"""

from __future__ import annotations

import gc
import os
import sys

_HELP_FLAGS = ("-h", "--help")
_TELLING = (*_HELP_FLAGS, "help", "-V", "--version")
"""First words that read no capture, so that their memory needs no bound and no import for one."""
_COLLECT_AFTER = (10_000_000, 20, 20)
"""Objects made before Python looks for ones that refer to each other in circles. A command makes
many objects and few such circles: looking for them took an eighth of the time of a large trace, and
hardly any memory came back.
"""
_ALLOCATOR, _ONE_ARENA = "_RJEM_MALLOC_CONF", "narenas:1"
"""Where polars's threads take their memory: all from one place, where each finds what another has
freed. Places of their own cost a tenth of the peak of a large capture and save no time."""
_GIVEN_BACK = f"{_ONE_ARENA},tcache:false,dirty_decay_ms:10,muzzy_decay_ms:0"
"""The same where polars has one thread, and what is freed goes back to the system after 10 ms, not
10 s: it takes another tenth off the peak, and a twentieth more time at most."""
_THREADS = "POLARS_MAX_THREADS"
_MANY_CAPTURES = ("batch", "fleet", "query", "trends")
"""Commands whose tables are large enough for several threads of polars. The tables of one capture
take microseconds each: waking a second thread for them took a tenth of the time of `kernels`."""
_COMPLETE = "_NCUTOOL_COMPLETE"
"""Set by a shell that asks what may follow."""


class Command:
    """One command, or a group of them.

    The module of a command has a function ``run``; it is called like the command, and lies in
    the folder of its group. A plain class, since helps are to need no import.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        commands: tuple[Command, ...] = (),
        question: str = "",
        example: str = "",
    ) -> None:
        self.name = name
        self.summary = summary
        self.commands = commands
        """Those of a group; empty for a command."""
        self.question = question
        """What it answers, for the help of its group."""
        self.example = example
        """A whole command line, likewise."""


COMMANDS: tuple[Command, ...] = (
    Command("report", "Write one offline HTML page and print a summary: start here."),
    Command("findings", "List what to change, surest saving first, with evidence."),
    Command("diagnose", "Say it all to a program: one answer in few bytes, with its evidence."),
    Command("kernels", "List every launch with its FLOPs, bytes, roofline place and sources."),
    Command("explain", "Trace every figure of one launch to its metric or shape and formula."),
    Command("diff", "Say what changed between two captures, whether it is real, and hold a line."),
    Command(
        "baseline",
        "Keep what captures are compared by as a small file that diff takes.",
        (
            Command("save", "Keep what captures are compared by."),
            Command("list", "List the baselines of a folder."),
            Command("show", "Show what a baseline holds."),
        ),
    ),
    Command("whatif", "Say what other devices, sizes or weight types, or a finding, would change."),
    Command(
        "next-capture", "Print the ncu command that tells most of what a trace leaves unknown."
    ),
    Command(
        "plan",
        "Predict without a capture: a model, a product, an attention, devices, signals.",
        (
            Command(
                "llm",
                "Predict a language model's speed, memory and regime on a device.",
                question="How fast can this model be, does it fit, and what ends it first?",
                example="ncutool plan llm --preset llama-3-8b --device h100-sxm",
            ),
            Command(
                "gemm",
                "Hold a matrix product against devices: FLOPs, bytes, floor, tiles.",
                question="How fast can this product be, and what limits it?",
                example="ncutool plan gemm 256 4Ki 4Ki",
            ),
            Command(
                "attention",
                "Hold an attention against devices, fused and unfused.",
                question="How fast can this attention be, fused or not?",
                example="ncutool plan attention --heads 32 --head-dim 128 --seq 4096 --causal",
            ),
            Command(
                "devices",
                "Hold devices against each other for a workload and its price.",
                question="Which devices, or how many of which, give more for this work?",
                example="ncutool plan devices 2xh100-sxm h200-sxm --preset qwen3-32b",
            ),
            Command(
                "signals",
                "Tell the regime from nvidia-smi, DCGM or timings.",
                question="What is a running service bound by, without a profile?",
                example="ncutool plan signals --throughput 8:1200 --throughput 16:2300",
            ),
        ),
    ),
    Command("batch", "Analyse every capture of an archive into one dataset."),
    Command("query", "Ask a dataset: SQL, or simple conditions that need none."),
    Command("fleet", "Write one page of a whole dataset: verdicts, costs, findings, failures."),
    Command("trends", "Find where times changed over the commits or dates of a dataset."),
    Command("job", "Hold the ranks of a job against each other: stragglers, links, balance."),
    Command("devices", "List the known devices and their peaks."),
    Command("mcp", "Serve diagnoses to agents over the Model Context Protocol."),
    Command("schema", "Print the JSON Schema of an output."),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done; 1 the input could not be read or analysed; 2 wrong usage; 3 a gate found a regression;
    4 a gate could not decide.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        from ncutool.commands import streams

        streams.prepare()
        if arguments is None and sys.argv[1:] and sys.argv[1] not in _TELLING:
            from ncutool.commands import bounded

            if (code := bounded.in_a_child(sys.argv[1:], lambda: _told(sys.argv[1:]))) is not None:
                return code
        return _told(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # while the first modules were loaded
        print("ncutool: interrupted", file=sys.stderr)
        return 130
    finally:
        # what was made counts as old, or Python would now look through all of it at once
        gc.freeze()
        gc.unfreeze()
        gc.set_threshold(*usual)


def console() -> None:
    """Run the command of the command line and end the process with its exit code."""
    code = main()
    from ncutool.commands import leaving

    leaving.leave(code)


def _told(arguments: list[str]) -> int:
    """Run one command; what ends it before its time becomes an exit code and a line."""
    from ncutool.commands import streams

    try:
        code = _main(arguments)
        streams.finish()
        return code
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("ncutool: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        from ncutool_parsers.errors import OutputError

        if not isinstance(error, OutputError) or "--debug" in arguments:
            raise
        print(f"ncutool: {error}", file=sys.stderr)
        return error.exit_code


def _main(arguments: list[str]) -> int:
    if _COMPLETE in os.environ or arguments[:1] in (
        ["--show-completion"],
        ["--install-completion"],
    ):
        return _run(arguments)
    if not arguments:
        print(root_help(), file=sys.stderr)
        return 2
    if arguments[0] in ("-V", "--version"):
        print(f"ncutool {_version()}")
        return 0
    if arguments[0] == "help":
        arguments = [*arguments[1:], "--help"]
    return _walk(arguments)


def _walk(arguments: list[str]) -> int:
    """Answer what needs no typer: the help of a group, and names that are none; run the rest."""
    group, path = Command("ncutool", "", COMMANDS), "ncutool"
    for place, name in enumerate(arguments):
        if name in _HELP_FLAGS:
            print(root_help() if path == "ncutool" else group_help(group))
            return 0
        command = next((one for one in group.commands if one.name == name), None)
        if command is None:
            from ncutool.commands.wrong_usage import unknown_command

            print(f"ncutool: {unknown_command(group, arguments[place:])}", file=sys.stderr)
            return 2
        if not command.commands:
            return _run(arguments)
        group, path = command, f"{path} {name}"
    print(group_help(group), file=sys.stderr)
    return 2


def _run(arguments: list[str]) -> int:
    from ncutool.commands.running import run_command

    many = not arguments or arguments[0] in _MANY_CAPTURES
    # Before polars is loaded, which reads both then.
    os.environ.setdefault(_ALLOCATOR, _ONE_ARENA if many else _GIVEN_BACK)
    if not many:
        os.environ.setdefault(_THREADS, "1")
    return run_command(arguments)


def root_help() -> str:
    """Return the text of ``ncutool --help``."""
    return f"""Usage: ncutool COMMAND [OPTIONS] CAPTURE

Turns a GPU capture into a verdict: what share of the time is understood, where each
kernel sits on the device's roofline, and what to fuse or batch and what that saves.
A capture is an Nsight Compute report (.ncu-rep), what ncu printed of one, or a
torch.profiler trace (.json, .json.gz).

Commands:
{_listed(COMMANDS)}

  ncutool report trace.json.gz          one page and a summary
  ncutool findings trace.json.gz        findings only
  ncutool kernels report.ncu-rep --format json | jq '.kernels[0]'

'ncutool COMMAND --help' tells the options of a command; --version the version;
--show-completion prints a script that completes commands and options in your shell.
Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the input
could not be read or analysed, 2 wrong usage, 3 a gate found a regression, 4 a gate
could not decide."""


def group_help(group: Command) -> str:
    """Return the text of ``ncutool GROUP --help``."""
    asked = any(command.question for command in group.commands)
    return f"""Usage: ncutool {group.name} COMMAND [OPTIONS]

{group.summary}

Commands:
{_asked(group.commands) if asked else _listed(group.commands)}

'ncutool {group.name} COMMAND --help' tells the options of a command."""


def _listed(commands: tuple[Command, ...]) -> str:
    width = max(len(command.name) for command in commands)
    return "\n".join(f"  {c.name:<{width}}  {c.summary}" for c in commands)


def _asked(commands: tuple[Command, ...]) -> str:
    """Return commands with the question that each answers, and an example."""
    return "\n".join(
        f"  {c.name}\n    {c.summary}\n    {c.question}\n    $ {c.example}" for c in commands
    )


def _version() -> str:
    from importlib.metadata import version

    return version("ncutool")
