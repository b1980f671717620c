"""The catalogue: every rule has its texts, every number its source, and advice uses no others."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from analysis_factory import finding
from host_traces import found
from trace_factory import BF16, Step, run

from ncutool import advice
from ncutool.advice.catalogue import Rule, rules
from ncutool.advice.kernels.tune_remedies import words
from ncutool.analysis import json_schema
from ncutool.analysis.dataframes import findings_frame
from ncutool.base.tables import FINDING_KINDS, FindingKind
from ncutool.base.thresholds import IntThreshold, Threshold, ThresholdTable

ROOM = Path(advice.__file__).parent
SOURCES = sorted(path for path in ROOM.rglob("*.py") if path.parent.name != "catalogue")
CODE = re.compile(r"^[a-z]+(?:-[a-z0-9]+)+$")
PLAIN = {
    "MAX_LISTED": "how many are named in a sentence",
    "MAX_PARENTS": "how many are named in a sentence",
    "LINE": "how long a line of evidence is",
    "_SHOWN": "how many are named in a sentence",
    "NOBODY": "stands for an absent number",
    "_WARP": "threads of a warp: of the hardware",
    "_REGISTERS_PER_SM": "of the hardware",
    "_MOST_THREADS": "of a block: of the hardware",
    "_RESERVED": "of the hardware",
}
"""Numbers of advice that shape no finding, and why."""


OF_ALL = (
    "advice.fuse.unfusable.MIN_SHARE",
    "advice.host.communication.DECLINED_PCT",
    "advice.host.launch.DECLINED_PCT",
    "advice.host.synchronization.DECLINED_PCT",
    "advice.kernels.gates.WORTH",
    "advice.kernels.tune.MUCH_PCT",
    "advice.price.outliers.MIN_EQUALS",
    "advice.price.outliers.OUTLIER",
    "advice.price.rank.ALIKE_PCT",
    "advice.price.rank.ALTERNATIVE_PCT",
    "advice.price.rank.HOST_WORTH",
    "advice.price.rank.SMALL_PCT",
    "advice.view.context.OVERLAP_SHARE",
    "advice.view.finding.UNSEEN_PCT",
)
"""Thresholds that concern every finding, or what is declined: docs/rules says them on one page."""


def strings(path: Path) -> set[str]:
    """Every string of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_rule_is_used_and_every_rule_used_is_known() -> None:
    """Codes in the modules and in the catalogue are the same; those of `tune` follow causes."""
    named = {text for path in SOURCES for text in strings(path) if CODE.match(text)}
    from ncutool.advice.kernels.slow_causes import CAUSES

    named |= {f"tune-{cause.replace('_', '-')}" for tests in CAUSES.values() for cause, _ in tests}
    prefixes = {code.partition("-")[0] for code in rules()}
    assert {code for code in named if code.partition("-")[0] in prefixes} == set(rules())


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: str(rule.name))
def test_a_rule_says_what_it_sees_and_when_it_is_wrong(rule: Rule) -> None:
    """Whole sentences, links to documentation, and names in braces that something stands for."""
    for text in (rule.sees, rule.matters, rule.wrong, rule.example):
        assert text.endswith("."), text
        assert len(text) > 20
    assert 0 < len(rule.action) <= 35
    assert rule.action[0].islower(), "it stands in a sentence"
    assert not rule.action.endswith(".")
    assert len(rule.brief) <= 80
    assert rule.brief.endswith(".") or not rule.brief
    assert rule.brief or 0 < len(rule.remedy) <= 80, "one line says what to do"
    assert rule.name.startswith(("launch-graph", rule.kind)), "a code begins with its kind"
    assert all(link.startswith("https://") for link in rule.references)
    told = words(amd=False, compiled=False)
    for text in (rule.remedy, rule.matters) if rule.kind == "tune" else ():
        assert "{" not in text.format(**told)


def test_kinds_have_one_definition() -> None:
    """The type, the rules and the published schema list the same kinds."""
    schema = json_schema.of_output("findings")
    columns = schema["properties"]["findings"]["items"]["properties"]
    assert columns["kind"]["enum"] == list(get_args(FindingKind))
    assert {rule.kind for rule in rules().values()} == set(FINDING_KINDS)
    with pytest.raises(ValueError, match="fuse-x: no kind 'fusion'"):
        Rule("fuse-x", "fusion", "", "", "", "", "", "")  # type: ignore[arg-type]  # mypy refuses it


def test_what_is_found_fits_the_published_schema() -> None:
    """Findings of a hand-made trace and of a report's table, row by row."""
    matrix: Step = ("aten::mm", [(32, 4096), (4096, 24576)], [BF16, BF16], 67_000)
    findings = found(run([matrix] * 3).capture())
    assert {one.rule for one in findings} >= {"batch-few-rows"}
    rows = json_schema.of_output("findings")["properties"]["findings"]
    for one in (*findings, finding()):
        assert (rules()[one.rule].kind, rules()[one.rule].per) == (one.kind, one.per)
    jsonschema.validate(findings_frame([*findings, finding()]).to_dicts(), rows)


def thresholds() -> dict[str, Threshold | IntThreshold]:
    """Every threshold of advice by module and name, as the catalogue names them."""
    known: dict[str, Threshold | IntThreshold] = {}
    for path in SOURCES:
        parts = path.relative_to(ROOM).with_suffix("").parts
        module = import_module(".".join(("ncutool", "advice", *parts)))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in assigned(tree):
            value = getattr(module, name)
            if isinstance(value, (Threshold, IntThreshold)):
                known[".".join(("advice", *parts, name))] = value
    return known


def assigned(tree: ast.Module) -> list[str]:
    """Names that a module gives a value at its top level."""
    return [
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]


def test_thresholds_of_rules_are_those_of_the_modules() -> None:
    """A rule names numbers that exist, and every number has a rule or concerns all of them."""
    known = thresholds()
    named = {name for rule in rules().values() for name in rule.thresholds}
    elsewhere = {name for name in named if not name.startswith("advice.")}
    assert named - elsewhere <= set(known)
    assert set(known) - named == set(OF_ALL)
    for name in elsewhere:
        module, _, constant = name.rpartition(".")
        value = getattr(import_module(f"ncutool.{module}"), constant)
        assert isinstance(value, (Threshold, IntThreshold, ThresholdTable)), name
    for value in known.values():
        assert value.unit
        assert value.meaning
        assert value.source


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOM)))
def test_no_number_without_a_source(path: Path) -> None:
    """A number in capital letters is a threshold, or is listed with the reason why it is none."""
    parts = path.relative_to(ROOM).with_suffix("").parts
    module = import_module(".".join(("ncutool", "advice", *parts)))
    for name in assigned(ast.parse(path.read_text(encoding="utf-8"))):
        value = getattr(module, name)
        if isinstance(value, (int, float)) and name.isupper() and name not in PLAIN:
            assert isinstance(value, (Threshold, IntThreshold)), name
