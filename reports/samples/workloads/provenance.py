"""Writes where captures come from, and the manifest of pairs that the back-tests read."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path

import torch

from workloads.catalogue import ALL, PAIRS, SWEEPS
from workloads.workload import Pair, Setting, Workload

MANIFEST = "pairs.toml"


def trace_path(out: Path, name: str) -> Path:
    """Where the trace of a workload lies."""
    return out / name / f"{name}.json.gz"


def facts(setting: Setting) -> dict[str, str]:
    """Device, driver and versions, as the tools name them."""
    known = {"PyTorch": torch.__version__, "Python": platform.python_version()}
    known["system"] = f"{platform.system()} {platform.release()} {platform.machine()}"
    if not setting.cuda:
        return {"device": "CPU", **known}
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    return {
        "device": torch.cuda.get_device_name(),
        "compute capability": ".".join(map(str, torch.cuda.get_device_capability())),
        "driver": _said(query),
        "CUDA of PyTorch": str(torch.version.cuda),
        "Nsight Compute": _said(["ncu", "--version"]),
        **known,
    }


def _said(words: Sequence[str]) -> str:
    """The last line that a command prints, or that it is not there."""
    if shutil.which(words[0]) is None:
        return f"unknown: no {words[0]} here"
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stdout.strip().splitlines()
    return lines[-1].strip() if lines else f"unknown: {words[0]} printed nothing"


def note(
    out: Path, workload: Workload, known: dict[str, str], command: str, said: Sequence[str]
) -> None:
    """Adds what one run did of a workload to the PROVENANCE.md in its folder."""
    path = out / workload.name / "PROVENANCE.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [] if path.exists() else [f"# {workload.name}", "", f"Captured: {workload.what}."]
    lines += ["", f"## {now}", "", "```", command, "```", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in known.items()]
    lines += ["", *(f"- {each}" for each in said)]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def manifest(out: Path) -> Path:
    """Writes the manifest of the pairs and sweeps whose traces lie in ``out``; gives its path."""
    lines = ["# Written by capture.py: what its captures let the back-tests predict."]
    for name, pattern in SWEEPS.items():
        there = [each for each in ALL if fnmatch(each, pattern) and _there(out, each)]
        if len(there) > 1:
            where = f"./{pattern}/{pattern}.json.gz"
            lines += ["", "[[sweep]]", f"name = {_text(name)}", f"captures = {_text(where)}"]
    for pair in PAIRS:
        if _there(out, pair.before) and _there(out, pair.after):
            lines += _rows(pair)
    path = out / MANIFEST
    out.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _there(out: Path, name: str) -> bool:
    return trace_path(out, name).is_file()


def _rows(pair: Pair) -> list[str]:
    before, after = (f"./{name}/{name}.json.gz" for name in (pair.before, pair.after))
    applied = ", ".join(map(_text, pair.applied))
    return [
        "",
        *([f"# {pair.note}"] if pair.note else []),
        "[[change]]",
        f"name = {_text(pair.name)}",
        f"before = {_text(before)}",
        f"after = {_text(after)}",
        f"applied = [{applied}]",
        f"steps_before = {ALL[pair.before].steps}",
        f"steps_after = {ALL[pair.after].steps}",
    ]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
