"""Operator models of other packages: the example of the guide, and everything that may go wrong."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch_factory as factory

from ncutool.analysis.analyse import read_and_analyse
from ncutool.work.operators import NoModel, Work, model, parse_call, plugins

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "operators.md"
HEAD = "from ncutool.work.operators import OpCall, Tensor, Work, work_of\n"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Entry points are looked up anew, and no test's package stays loaded."""
    plugins.load.cache_clear()
    yield
    plugins.load.cache_clear()
    for name in ("teamops", "otherops"):
        sys.modules.pop(name, None)


def install(folder: Path, code: str, *, name: str = "teamops", value: str = "MODELS") -> None:
    """A package as pip leaves it: a module, and metadata with its entry point."""
    (folder / f"{name}.py").write_text(code)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[ncutool.operators]\n{name} = {name}:{value}\n")


def block(language: str) -> str:
    """The first code block of the guide in a language."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def trace(folder: Path, name: str) -> Path:
    """A trace of one call of ``name`` on fp32 [256,1024] and [256]."""
    recorded = {"Input Dims": [[256, 1024], [256]], "Input type": ["float", "float"]}
    events = [
        factory.op(name, 100.0, 20.0, 1, args=recorded),
        factory.call(105.0, 2.0, 7),
        factory.kernel("scale", 120.5, 10.25, 7, grid=[4, 2, 1], block=[128, 1, 1]),
    ]
    path = folder / "trace.json"
    path.write_text(factory.text(events))
    return path


def test_the_guides_example_works_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """256 × 1024 multiplications; x and the result once, and the 256 numbers."""
    code = block("python")
    assert 'teamops = "teamops:MODELS"' in block("toml")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    install(tmp_path, code)
    monkeypatch.syspath_prepend(str(tmp_path))
    analysis = read_and_analyse(trace(tmp_path, "myteam::scale_rows"))
    row = analysis.kernels.row(0, named=True)
    assert (row["flop"], row["dram_bytes"]) == (262_144, 2 * 4 * 262_144 + 4 * 256)
    assert (row["flop_source"], row["family"]) == ("shape", "elementwise")
    assert row["remark"] == "model of plugin 'teamops'"
    assert "operator_plugin" not in {notice.code for notice in analysis.notices}


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("raise RuntimeError('broken')", "MODELS", "cannot be loaded: RuntimeError: broken"),
        ("import no_such_module", "MODELS", "cannot be loaded: ModuleNotFoundError"),
        ("def f(:", "MODELS", "cannot be loaded: SyntaxError"),
        ("MODELS = {}", "OTHERS", "cannot be loaded: AttributeError"),
        ("MODELS = 7", "MODELS", "no mapping from operator name to function"),
        ("MODELS = {'a::b': 7}", "MODELS", "no mapping from operator name to function"),
    ],
)
def test_a_package_that_fails_to_load_is_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, value: str, told: str
) -> None:
    """The analysis goes on, the operator stays unknown, and a notice says which package failed."""
    install(tmp_path, code, value=value)
    monkeypatch.syspath_prepend(str(tmp_path))
    analysis = read_and_analyse(trace(tmp_path, "a::b"))
    texts = [notice.text for notice in analysis.notices if notice.code == "operator_plugin"]
    assert len(texts) == 1
    assert told in texts[0]
    assert "'teamops'" in texts[0]
    assert analysis.kernels["missing_reason"].to_list() == ["no model for a::b"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return 1 / 0", "failed: ZeroDivisionError"),
        ("return call.tensor(9)", "no shapes recorded for a::b"),
        ("return 12", "returned int, not Work"),
        ("return Work('mystery', 1, 1, 1)", "unknown family 'mystery'"),
        ("return Work('other', -1, 1, 1)", "returned -1 as flop"),
        ("return Work('other', 1.5, 1, 1)", "returned 1.5 as flop"),
        ("return Work('other', None, 1, 1)", "an unknown figure without a reason"),
    ],
)
def test_a_model_that_fails_leaves_the_launch_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, told: str
) -> None:
    """No figure at all, and the reason names what went wrong."""
    install(tmp_path, f"{HEAD}def f(call):\n    {body}\nMODELS = {{'a::b': f}}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    analysis = read_and_analyse(trace(tmp_path, "a::b"))
    row = analysis.kernels.row(0, named=True)
    assert (row["flop"], row["dram_bytes"], row["flop_source"]) == (None, None, "none")
    assert told in row["missing_reason"]


def test_a_plugin_wins_over_ncutools_own_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A team that changed an operator knows it better; the remark says whose model it is."""
    install(tmp_path, f"{HEAD}MODELS = {{'aten::relu': lambda call: Work('other', 5, 6, 7)}}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = model(parse_call("aten::relu", "[[8]]", '["float"]'))
    assert isinstance(found, Work)
    assert (found.flop, found.bytes, found.remark) == (5, 13, "model of plugin 'teamops'")


def test_of_two_plugins_for_one_operator_the_first_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order of their names, whatever the order they were installed in; a notice says so."""
    for name, flop in (("teamops", 1), ("otherops", 2)):
        code = f"{HEAD}MODELS = {{'a::b': lambda call: Work('other', {flop}, 0, 0)}}\n"
        install(tmp_path, code, name=name)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = model(parse_call("a::b", "[[8]]", '["float"]'))
    assert isinstance(found, Work)
    assert found.flop == 2
    assert plugins.load().problems == (
        "a::b is modelled by 'otherops' and by 'teamops'; the first is used.",
    )


def test_without_plugins_nothing_changes() -> None:
    """No entry point of the group is installed here: no models, no problems."""
    assert plugins.load() == plugins.Plugins({}, ())
    assert isinstance(model(parse_call("a::b", "[[8]]", '["float"]')), NoModel)
