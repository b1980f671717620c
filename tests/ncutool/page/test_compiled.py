"""Templates compiled before: what Jinja would make now, and used only where that is so."""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import jinja2
import pytest

from ncutool.page import compiled, html

MADE_BY = import_module("ncutool.page.compiled.head_html").made_by
ROOT = Path(__file__).resolve().parents[3]


def script() -> ModuleType:
    """``docs/make_templates.py``."""
    path = ROOT / "docs" / "make_templates.py"
    spec = importlib.util.spec_from_file_location("make_templates", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="not in the source distribution")
@pytest.mark.skipif(compiled._jinja() != MADE_BY, reason="made by another Jinja")
def test_modules_are_those_of_the_templates() -> None:
    """Else pages wait for Jinja: `make docs` writes the modules anew."""
    files = script().files()
    folder = Path(compiled.__file__).parent
    assert set(files) == {path for path in folder.glob("*.py") if path.name != "__init__.py"}
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make docs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One template, as a file and as the module that it becomes, whose text is marked."""
    (tmp_path / "made_once.html").write_text("<p>{{ name }}</p>", encoding="utf-8")
    return tmp_path


def filled(folder: Path) -> str:
    """The template, with a name."""
    environment = jinja2.Environment(loader=compiled.Loader(folder), autoescape=True)
    return environment.get_template("made_once.html").render(name="<a>")


def module(monkeypatch: pytest.MonkeyPatch, source: str, made_by: str | None = None) -> None:
    """Put a module of a template where those of the package lie, with other words in it."""
    text = compiled.as_module(jinja2.Environment(autoescape=True), "made_once.html", source)
    made = ModuleType("made_once_html")
    made.__file__ = "made_once_html.py"
    exec(text.replace("<p>", "<p>compiled before: "), made.__dict__)
    if made_by is not None:
        made.__dict__["made_by"] = made_by
    monkeypatch.setitem(sys.modules, "ncutool.page.compiled.made_once_html", made)


def test_what_was_compiled_before_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jinja does not even look at the template's text."""
    module(monkeypatch, "<p>{{ name }}</p>")
    monkeypatch.setattr(jinja2.Environment, "compile", lambda *_, **__: pytest.fail("compiled"))
    assert filled(folder) == "<p>compiled before: &lt;a&gt;</p>"


@pytest.mark.parametrize(
    ("source", "made_by"),
    [("<p>{{ name }}!</p>", None), ("<p>{{ name }}</p>", "3.0.0")],
    ids=["another state of the template", "another Jinja"],
)
def test_what_would_be_another_now_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, made_by: str | None
) -> None:
    """The template is what counts."""
    module(monkeypatch, source, made_by)
    assert filled(folder) == "<p>&lt;a&gt;</p>"


def test_a_module_that_does_not_load_is_not_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a later Jinja no longer has what an earlier one made use of."""
    monkeypatch.setitem(sys.modules, "ncutool.page.compiled.made_once_html", None)
    assert filled(folder) == "<p>&lt;a&gt;</p>"


def test_a_template_without_a_module_is_compiled(folder: Path) -> None:
    """As by Jinja alone."""
    assert filled(folder) == "<p>&lt;a&gt;</p>"


@pytest.mark.parametrize("name", sorted(path.name for path in html.TEMPLATES.glob("*.html")))
def test_every_template_of_a_page_loads_either_way(name: str) -> None:
    """With the same blocks and macros."""
    plain = html.environment().overlay(loader=jinja2.FileSystemLoader(html.TEMPLATES))
    template, other = html.environment().get_template(name), plain.get_template(name)
    assert set(template.blocks) == set(other.blocks)
    assert template.name == other.name == name
