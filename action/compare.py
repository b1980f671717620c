"""Run ``ncutool diff`` in a job of GitHub Actions and report it there.

All that is asked comes from environment variables, as action.yml sets them; nothing of it passes
through a shell. The exit code of this step is 0 also where the gate is broken, so that the next
steps keep the files; the last step of the action ends the job.
"""

from __future__ import annotations

import glob
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

OPTIONS = ("NAME", "FAIL_OVER", "MIN_ROOFLINE", "MAX_IDLE", "KERNEL", "RULES", "ORDER", "ACCURACY")
"""Inputs that are options of the same name."""
SUMMARY_BYTES = 1_000_000
"""GitHub takes a summary of 1 MiB a step."""
_LEVELS = {"regression": "error", "inconclusive": "warning", "pass": "notice"}


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Compare, and write outputs, summary and annotations; return the exit code of the step."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # on Windows it may not have the characters
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    folder = Path(environment["RUNNER_TEMP"]) / f"ncutool-diff-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    files = {"comment": "comment.md", "page": "page.html", "json": "diff.json"}
    paths = {kind: folder / name for kind, name in files.items()}
    done = subprocess.run(
        [program(), *arguments(environment, paths)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    show(done.stdout)
    facts = read(paths["json"])
    for line in reported(facts, done.returncode, done.stdout):
        print(line)
    comment = paths["comment"]
    if comment.is_file():
        summarise(Path(environment["GITHUB_STEP_SUMMARY"]), comment.read_bytes())
    kept = {kind: str(path) for kind, path in paths.items() if path.is_file()}
    values = {
        "verdict": verdict(facts),
        "headline": plain(str(facts.get("headline", "")), 4000) if facts else "",
        "exit-code": str(done.returncode),
        "folder": str(folder) if kept else "",
        **dict.fromkeys(files, ""),
        **kept,
    }
    write_outputs(Path(environment["GITHUB_OUTPUT"]), values)
    return 0


def program() -> str:
    """Return the command, installed beside this Python; no folder of the job can stand for it."""
    beside = Path(sys.executable).with_name("ncutool")
    return str(beside) if beside.exists() else shutil.which("ncutool") or str(beside)


def arguments(environment: Mapping[str, str], paths: Mapping[str, Path]) -> list[str]:
    """Return the words of the command line; each value stands in the word of its option."""
    words = ["diff", f"--output={paths['comment']}", "--no-color"]
    words += [f"--also={paths[kind]}" for kind in ("json", "page")]
    for side in ("before", "after"):
        files = expanded(environment.get(f"NCUTOOL_{side.upper()}", ""))
        words += [f"--{side}={file}" for file in files]
    for name in OPTIONS:
        value = environment.get(f"NCUTOOL_{name}", "").strip()
        if value:
            words.append(f"--{name.lower().replace('_', '-')}={value}")
    redact = environment.get("NCUTOOL_REDACT", "private").strip() or "private"
    words += [f"--redact={redact}"] if redact != "none" else []
    words += ["--force"] if environment.get("NCUTOOL_FORCE", "").strip() == "true" else []
    return words


def expanded(lines: str) -> list[str]:
    """Return the files that lines of paths and patterns name; a name that is no file stays."""
    found: list[str] = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        found += (
            [line] if Path(line).exists() else sorted(glob.glob(line, recursive=True)) or [line]
        )
    return found


def show(text: str) -> None:
    """Print what ncutool printed, with commands to the runner off: names in it are anybody's."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}")
    print(text.rstrip("\n"))
    print(f"::{token}::")


def read(path: Path) -> dict[str, Any] | None:
    """Return the figures; None where there are none."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def verdict(facts: dict[str, Any] | None) -> str:
    """Return the verdict in one word or two."""
    if facts is None:
        return "error"
    if facts.get("refused"):
        return "refused"
    totals = facts.get("totals") or [{}]
    return str(totals[0].get("verdict") or "not judged")


def reported(facts: dict[str, Any] | None, code: int, said: str) -> Iterator[str]:
    """Yield a command to the runner for each rule, or one for the comparison where none is."""
    if facts is None:
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        yield annotation("error", "ncutool diff", f"exit code {code}: {last[0]}")
        return
    headline = str(facts.get("headline", ""))
    checks = (facts.get("gate") or {}).get("checks", [])
    for check in checks:
        level = _LEVELS.get(check["outcome"], "warning")
        yield annotation(level, f"{check['rule']}: {check['outcome']}", check["said"])
    if not checks:
        yield annotation("error" if facts.get("refused") else "notice", "ncutool diff", headline)


def annotation(level: str, title: str, message: str) -> str:
    """Return a command to the runner; it stays one line and one command whatever the texts hold."""
    return f"::{level} title={_property(plain(title, 200))}::{_data(plain(message, 4000))}"


def plain(text: str, longest: int) -> str:
    """Return text that can be encoded, hides nothing and is no longer than GitHub shows it."""
    shown = "".join(
        one if one.isprintable() or one in "\r\n" else "\ufffd" for one in text[:longest]
    )
    return shown if len(text) <= longest else f"{shown}…"


def _data(text: str) -> str:
    """Escape the message: colons may stay, since it reaches to the end of the line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summarise(path: Path, comment: bytes) -> None:
    """Append the comment to the summary of the job."""
    with path.open("ab") as file:
        cut = comment[:SUMMARY_BYTES].decode("utf-8", "ignore")  # no half of a character
        file.write(cut.encode() + b"\n")


def write_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Append outputs of the step; no value can end its own or begin another one."""
    with path.open("a", encoding="utf-8") as file:
        for name, value in values.items():
            mark = f"end_{secrets.token_hex(16)}"
            file.write(f"{name}<<{mark}\n{value}\n{mark}\n")


if __name__ == "__main__":
    sys.exit(main())
