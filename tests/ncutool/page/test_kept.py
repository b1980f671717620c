"""What is kept from page to page: it is believed only where it is exactly what was stored."""

from __future__ import annotations

import os
from pathlib import Path

import analysis_factory as factory
import jinja2
import pytest

from ncutool.page import html, kept, render
from ncutool.page.compiled import Compiled


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test alone."""
    monkeypatch.setattr(kept, "cache_folder", lambda: tmp_path / "cache")
    for once in (html._environment, html._script, html._shortened):
        once.cache_clear()
    return tmp_path / "cache"


def test_what_is_kept_is_made_once(cache: Path) -> None:
    """Of other sources it is made anew."""
    made: list[bytes] = []

    for sources in (b"one", b"one", b"two", b"two", b"one"):

        def make(what: bytes = sources) -> bytes:
            made.append(what)
            return b"made of " + what

        assert kept.made("name", sources, make) == b"made of " + sources
    assert made == [b"one", b"two", b"one"]
    assert [path.name for path in cache.iterdir()] == ["name"]


@pytest.mark.parametrize("place", [0, 31, 32, -1])
def test_what_was_changed_is_not_believed(cache: Path, place: int) -> None:
    """Neither with another digest nor with other content."""
    kept.store("name", b"sources", b"content")
    assert kept.load("name", b"sources") == b"content"
    path = cache / "name"
    changed = bytearray(path.read_bytes())
    changed[place] ^= 1
    path.write_bytes(changed)
    assert kept.load("name", b"sources") is None
    path.write_bytes(b"")
    assert kept.load("name", b"sources") is None


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("name", ["", "name"], ids=["folder", "file"])
def test_what_others_may_write_is_not_believed(cache: Path, name: str) -> None:
    """A folder or a file that everyone may change."""
    kept.store("name", b"sources", b"content")
    (cache / name).chmod(0o777)
    assert kept.load("name", b"sources") is None


def test_a_page_from_what_is_kept_is_the_same(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, and nothing is compiled again."""
    analysis = factory.trace(40)
    first = render([analysis])
    assert sum(path.name.startswith("template-") for path in cache.iterdir()) >= 5
    for once in (html._environment, html._script, html._shortened):
        once.cache_clear()

    def compiled(*_: object, **__: object) -> None:
        pytest.fail("a template was compiled again")

    monkeypatch.setattr(jinja2.Environment, "compile", compiled)
    monkeypatch.setattr(html, "short_script", compiled)
    assert render([analysis]) == first


def test_a_folder_that_cannot_be_written_only_costs_time(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is made all the same."""
    cache.write_text("a file")
    assert "<html" in render([factory.trace(10)])
    assert cache.read_text() == "a file"


def test_a_changed_template_is_compiled_anew(cache: Path) -> None:
    """As is one that other settings compile."""

    def shown(text: str, settings: bytes) -> str:
        environment = jinja2.Environment(
            loader=jinja2.DictLoader({"a": text}), bytecode_cache=Compiled(settings)
        )
        return environment.get_template("a").render(x=1)

    assert [shown("{{ x }}", b"1"), shown("{{ x }}!", b"1"), shown("{{ x }}", b"2")] == [
        "1", "1!", "1",
    ]  # fmt: skip
    assert len(list(cache.iterdir())) == 1
