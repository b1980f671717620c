"""Every output has a published schema, and what commands write keeps it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from ncutool.commands import main
from ncutool.commands.schema import NAMES, schema_of

REPOSITORY = Path(__file__).parents[3]
SAMPLE = REPOSITORY / "reports" / "samples" / "decoder-layer-synthetic"
TRACE, REPORT = (str(SAMPLE / f"{SAMPLE.name}{end}") for end in (".json.gz", ".ncu-rep"))
FILES = ("dataset", "manifest", "baseline", "ceilings", "mcp")
"""Marks of files and of nothing that a command prints."""
WRITTEN = {
    "kernels": ["kernels", TRACE],
    "findings": ["findings", TRACE],
    "inside": ["kernels", REPORT, "--table", "inside"],
    "diagnosis": ["diagnose", TRACE, REPORT],
    "next-capture": ["next-capture", TRACE],
    "explanation": ["explain", REPORT, "longest"],
    "device-explanation": ["explain", TRACE, "device"],
    "diff": ["diff", TRACE, TRACE],
    "whatif": ["whatif", TRACE, "--on", "h200"],
    "gemm-plan": ["plan", "gemm", "4096", "4096", "4096", "--device", "H100 SXM 80GB"],
    "llm-presets": ["plan", "llm", "--presets"],
    "attention-plan": [
        *("plan", "attention", "--heads", "32", "--seq", "4096", "--head-dim", "128"),
        *("--device", "h100-sxm"),
    ],
    "llm-plan": ["plan", "llm", "--preset", "llama-3-8b", "--device", "h100-sxm"],
    "device-comparison": [
        *("plan", "devices", "h100-sxm", "h200-sxm", "--preset", "llama-3-8b"),
    ],
    "signals": [
        *("plan", "signals", "--token-time-ms", "12", "--model-bytes", "16e9"),
        *("--device", "h100-sxm"),
    ],
    "devices": ["devices"],
}


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["schema", name]) == 0
    made = json.loads(capsysbinary.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(made)
    assert re.fullmatch(rf"ncutool/{name}/\d+", made["properties"]["schema"]["const"])


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_keeps_it(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([*WRITTEN[name], "--format", "json"]) == 0
    jsonschema.validate(json.loads(capsysbinary.readouterr().out), schema_of(name))


def test_every_mark_in_the_sources_has_a_schema() -> None:
    text = "".join(path.read_text() for path in (REPOSITORY / "ncutool").rglob("*.py"))
    marks = set(re.findall(r'"ncutool/([a-z-]+)/\d+"', text))
    assert marks - set(FILES) <= set(NAMES)


def test_another_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "nothing"]) == 2
    assert "devices, not 'nothing'; see ncutool schema --help" in capsys.readouterr().err
