"""The packaged tables: what is read is what their TOML says, whatever lies beside it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ncutool.base import packaged

ROOT = Path(__file__).resolve().parents[3]


def script() -> ModuleType:
    """``docs/make_packaged.py``."""
    path = ROOT / "docs" / "make_packaged.py"
    spec = importlib.util.spec_from_file_location("make_packaged", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="not in the source distribution")
def test_the_json_is_that_of_the_toml() -> None:
    """Else every command reads the slow TOML: `make docs` writes the JSON anew."""
    files = script().files()
    assert {path.name for path in files} == {
        "devices.json", "rules.json", "engines.json", "presets.json",
    }  # fmt: skip
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make docs"


@pytest.fixture
def beside(tmp_path: Path) -> str:
    """A module's path beside a table of its own."""
    (tmp_path / "made.toml").write_text('[a]\nname = "é"\npeak = 1e12\n', encoding="utf-8")
    return str(tmp_path / "module.py")


def test_a_table_is_read_from_json(beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOML is not even parsed then; numbers keep their kind."""
    source = Path(beside).with_name("made.toml").read_bytes()
    packaged.made_of(beside, "made").write_text(packaged.as_json(source), encoding="utf-8")
    monkeypatch.setattr(packaged, "parsed", lambda source: pytest.fail("parsed"))
    assert packaged.table(beside, "made") == {"a": {"name": "é", "peak": 1e12}}
    assert isinstance(packaged.table(beside, "made")["a"]["peak"], float)


@pytest.mark.parametrize(
    "kept", [None, "", "[]", "{}", '{"of":[1,2],"table":{"a":{"name":"old"}}}', "\x00"]
)
def test_json_of_another_state_is_not_believed(beside: str, kept: str | None) -> None:
    """The TOML is what counts."""
    if kept is not None:
        packaged.made_of(beside, "made").write_text(kept, encoding="utf-8")
    assert packaged.table(beside, "made") == {"a": {"name": "é", "peak": 1e12}}


def test_python_of_each_version_has_a_reader() -> None:
    """Python reads TOML itself from 3.11 on."""
    assert packaged.parsed(b"a = [1, 2]") == {"a": [1, 2]}
    assert (packaged._TOML == "tomllib") == (sys.version_info >= (3, 11))
