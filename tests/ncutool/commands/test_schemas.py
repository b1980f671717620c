"""Every output has a published schema; what commands write keeps it, what is damaged does not."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import job_factory
import pytest
import trend_factory
from jsonschema import Draft202012Validator
from one_reading import shared
from schema_places import WRONG, Place, each_once

from ncutool.archive.trends import trends
from ncutool.base.json_types import opened
from ncutool.commands import COMMANDS, Command, main
from ncutool.commands.schema import NAMES, schema_of
from ncutool.text.trends import trends_facts

REPOSITORY = Path(__file__).parents[3]
SAMPLE = REPOSITORY / "reports" / "samples" / "decoder-layer-synthetic"
TRACE, REPORT = (str(SAMPLE / f"{SAMPLE.name}{end}") for end in (".json.gz", ".ncu-rep"))
FILES = ("dataset", "manifest", "baseline", "ceilings", "mcp")
"""Marks of files and of nothing that a command prints."""
WRITES: dict[str, tuple[str, ...]] = {
    "report": ("report",),
    "findings": ("findings",),
    "diagnose": ("diagnosis",),
    "kernels": ("kernels", "inside"),
    "explain": ("explanation", "device-explanation"),
    "diff": ("diff", "diff-ranks"),
    "whatif": ("whatif", "device-comparison"),
    "next-capture": ("next-capture",),
    "plan llm": ("llm-plan", "llm-against", "llm-presets"),
    "plan gemm": ("gemm-plan",),
    "plan attention": ("attention-plan",),
    "plan devices": ("device-comparison",),
    "plan signals": ("signals",),
    "query": ("query",),
    "trends": ("trends",),
    "job": ("job",),
    "devices": ("devices",),
}
"""The outputs of each command that has any in JSON."""
NO_JSON = {
    "baseline save": "a file for `diff`",
    "baseline list": "lines for people",
    "baseline show": "lines for people",
    "batch": "a dataset",
    "fleet": "a page",
    "mcp": "a server: its answers are those of the other commands, cut to size",
    "schema": "schemas",
}
H100 = ("--device", "h100-sxm")
LLM = ("plan", "llm", "--preset", "llama-3-8b", *H100)
ASKED: dict[str, tuple[tuple[str, ...], ...]] = {
    "kernels": (("kernels", TRACE), ("kernels", TRACE, "--ncu", REPORT), ("kernels", REPORT)),
    "findings": (("findings", TRACE), ("findings", REPORT, "--show-private")),
    "inside": (("kernels", REPORT, "--table", "inside"),),
    "report": (("report", TRACE, REPORT),),
    "diagnosis": (
        ("diagnose", TRACE, REPORT, "--budget", "1000000"),
        ("diagnose", TRACE),
    ),
    "next-capture": (("next-capture", TRACE),),
    "explanation": (("explain", REPORT, "longest"), ("explain", TRACE, "longest")),
    "device-explanation": (("explain", TRACE, "device"),),
    "diff": (("diff", TRACE, TRACE, "--fail-over", "3%"), ("diff", REPORT, REPORT)),
    "diff-ranks": (("diff", "--before", "RANKS", "--after", "RANKS", "--fail-over", "3%"),),
    "whatif": (
        ("whatif", TRACE, "--on", "h200"),
        ("whatif", TRACE, "--batch-scale", "2"),
        ("whatif", REPORT, "--on", "h200"),
    ),
    "gemm-plan": (
        ("plan", "gemm", "4096", "4096", "4096", *H100, "--tile", "128x128"),
        ("plan", "gemm", "4096", "4096", "4096", *H100, "--time-us", "300"),
    ),
    "attention-plan": (
        ("plan", "attention", "--heads", "32", "--seq", "4096", "--head-dim", "128", *H100),
    ),
    "llm-plan": (
        LLM,
        ("plan", "llm", "--preset", "mixtral-8x7b", "--device", "mi300x", "--tp", "2"),
    ),
    "llm-against": ((*LLM, "--against", TRACE),),
    "llm-presets": (("plan", "llm", "--presets"),),
    "device-comparison": (
        ("plan", "devices", "h100-sxm", "h200-sxm", "--preset", "llama-3-8b"),
        ("plan", "devices", "h100-sxm", "h200-sxm", "--intensity", "100"),
        ("whatif", TRACE, "--on", "h100-sxm", "--on", "h200-sxm"),
    ),
    "signals": (
        ("plan", "signals", "--token-time-ms", "12", "--model-bytes", "16e9", *H100),
        ("plan", "signals", "--throughput", "8:1200", "--throughput", "16:2300"),
    ),
    "job": (("job", "JOB"), ("job", "OTHER")),
    "query": (("query", "DATASET"), ("query", "DATASET", "SELECT * FROM captures")),
    "devices": (("devices",), ("devices", "mi300x")),
}
CORPUS = {
    "kernels": ("torch/mi250-mlp-train.json.gz", "ncu/h800-flash-attention-partial.ncu-rep"),
    "findings": ("torch/v100-dlrm-8rank-rank0.json.gz", "ncu/rtx3070-scan-2020.ncu-rep"),
    "next-capture": ("torch/h100-vit-inference.json.gz", "torch/mi210-gpu-only.json.gz"),
    "diagnose": ("ncu/xavier-darknet.nsight-cuprof-report", "torch/h100-vit-inference.json.gz"),
}
"""Commands and real captures of several kinds."""


def leaves(commands: tuple[Command, ...] = COMMANDS, before: str = "") -> Iterator[str]:
    for one in commands:
        if one.commands:
            yield from leaves(one.commands, f"{before}{one.name} ")
        else:
            yield f"{before}{one.name}"


def printed(*arguments: str) -> Any:
    """What a command writes to standard output, whatever its exit code."""
    out, kept = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), sys.stdout
    sys.stdout = out
    try:
        main(list(arguments))
    finally:
        sys.stdout = kept
    out.flush()
    return json.loads(out.buffer.getvalue())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Made captures by the words that stand for them: a job, its ranks, what is none, a dataset."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("job", "other"):
        (folder / name).mkdir()
    plan = job_factory.Plan(ranks=8, steps=16, straggler=5, slow_pair=0)
    ranks = job_factory.write(folder / "job", plan)
    for number, path in enumerate(job_factory.write(folder / "other", job_factory.Plan(2, 2))):
        text = path.read_bytes()
        (folder / "other" / f"again{number}.json.gz").write_bytes(text)  # a rank twice
    main(["batch", str(folder / "other"), "-o", str(folder / "dataset"), "-j", "1"])
    found = {name.upper(): [str(folder / name)] for name in ("job", "other", "dataset")}
    return {**found, "RANKS": [str(path) for path in ranks[:2]]}


@pytest.fixture(scope="module")
def documents(
    made: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Any]]:
    """What the commands write, by the name of the schema."""
    found: dict[str, list[Any]] = {}
    asked = [(name, command) for name, commands in ASKED.items() for command in commands]
    with shared():
        for name, command in asked:
            arguments = [one for word in command for one in made.get(word, [word])]
            if name == "report":
                path = tmp_path_factory.mktemp("out") / "x.json"
                main([*arguments, "-o", str(path)])
                document = json.loads(path.read_bytes())
            else:
                document = printed(*arguments, "--format", "json")
            found.setdefault(name, []).append(document)
    captures, kernels = trend_factory.archive(40, changes={20: ("gemm", 1.5)})
    told = trends_facts(trends(captures, kernels, "commit"))
    found["trends"] = [json.loads(json.dumps(told))]
    return found


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name))


def test_every_command_is_asked_for_its_outputs() -> None:
    """A new command fails this until it has a schema, or a reason why it needs none."""
    assert sorted(leaves()) == sorted([*WRITES, *NO_JSON])
    assert {name for names in WRITES.values() for name in names} == set(NAMES)
    assert set(ASKED) | {"trends"} == set(NAMES)


@pytest.mark.parametrize("command", NO_JSON)
def test_what_has_no_schema_writes_no_json(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert not re.search(r"^ *(-f, )?--format ", capsys.readouterr().out, re.MULTILINE)


def test_every_mark_in_the_sources_has_a_schema() -> None:
    text = "".join(path.read_text() for path in (REPOSITORY / "ncutool").rglob("*.py"))
    marks = set(re.findall(r'"ncutool/([a-z-]+)/\d+"', text))
    assert marks - set(FILES) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["schema", name]) == 0
    made = json.loads(capsysbinary.readouterr().out)
    Draft202012Validator.check_schema(made)
    assert re.fullmatch(rf"ncutool/{name}/\d+", made["properties"]["schema"]["const"])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_keeps_it(name: str, documents: dict[str, list[Any]]) -> None:
    for document in documents[name]:
        validator(name).validate(document)
        assert document["schema"] == schema_of(name)["properties"]["schema"]["const"]


@pytest.mark.parametrize("command", CORPUS)
def test_what_is_said_of_real_captures_keeps_it(command: str, corpus: Path) -> None:
    for capture in CORPUS[command]:
        document = printed(command, str(corpus / capture), "--format", "json")
        validator(document["schema"].split("/")[1]).validate(document)


@pytest.mark.parametrize("name", NAMES)
def test_no_place_takes_everything(name: str, documents: dict[str, list[Any]]) -> None:
    """A value of the wrong type is refused wherever it stands; cells of a dataset may be any."""
    found = each_once(schema_of(name), documents[name])
    loose = [path for path, one in found.items() if all(one.takes(wrong) for wrong in WRONG)]
    assert not [path for path in loose if name != "query" or not path.startswith("$.rows[*].*")]


@pytest.mark.parametrize("name", NAMES)
def test_no_field_may_be_missing_or_misspelt(name: str, documents: dict[str, list[Any]]) -> None:
    for place in each_once(schema_of(name), documents[name]).values():
        if "properties" not in place.schema or place.value is None:
            continue
        assert not place.takes({**place.value, "wrong": 1}), place.path
        for key in place.value:
            kept = {one: value for one, value in place.value.items() if one != key}
            assert place.takes(kept) is may_be_left_out(name, place, key), (place.path, key)


def may_be_left_out(name: str, place: Place, key: str) -> bool:
    """Whether the documents call a field one that is not always there."""
    if name == "diagnosis":
        return (key in ("reason", "next_capture") and "questions" in place.path) or (
            place.path.endswith(".work") and key not in place.schema["required"]
        )
    if key in ("private", "path"):
        return place.path.endswith("capture")
    if place.path.endswith(".sections"):
        return True
    return name == "devices" and key.endswith("flop_per_s")


def test_damage_deep_inside_refuses_the_whole(documents: dict[str, list[Any]]) -> None:
    document = json.loads(json.dumps(documents["findings"][0]))
    assert validator("findings").is_valid(document)
    document["advice"]["declined"].append({"what": "x", "why": "y", "launches": ["1"]})
    assert not validator("findings").is_valid(document)


@pytest.mark.parametrize("name", NAMES)
def test_what_later_versions_add_is_allowed_in_open_ones(
    name: str, documents: dict[str, list[Any]]
) -> None:
    document = {**documents[name][0], "added_later": 1}
    assert not validator(name).is_valid(document)
    assert Draft202012Validator(opened(schema_of(name))).is_valid(document)


def figures(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for one in schema:
            yield from figures(one)
    elif isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for one in schema.values():
            yield from figures(one)


@pytest.mark.parametrize("name", NAMES)
def test_figures_say_their_units(name: str) -> None:
    for key, one in figures(schema_of(name)):
        if key.endswith(("_ns", "_pct", "_bytes", "_per_s")) and "number" in str(one.get("type")):
            assert re.search(r"\[[^]]+\]$", one["description"]), key


def test_another_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "nothing"]) == 2
    assert "devices, not 'nothing'; see ncutool schema --help" in capsys.readouterr().err
