"""Vega's JavaScript and its cache."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ncutool.page import vega


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test alone."""
    monkeypatch.setattr(vega, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every build asked for; each gives a short script."""
    made: list[str] = []

    def build() -> str:
        made.append("built")
        return "window.vega = 'µ';"

    monkeypatch.setattr(vega, "_build", build)
    return made


def test_the_bundle_is_built_once_and_then_read(cache: Path, builds: list[str]) -> None:
    """The second page does not wait for vl-convert."""
    assert vega.javascript() == vega.javascript() == "window.vega = 'µ';"
    assert builds == ["built"]
    assert {path.suffix for path in cache.iterdir()} == {".js", ".sha256"}


@pytest.mark.parametrize("ending", [".js", ".sha256"])
def test_a_changed_cache_is_built_again(cache: Path, builds: list[str], ending: str) -> None:
    """What does not match its digest never reaches a page."""
    vega.javascript()
    (path,) = cache.glob(f"*{ending}")
    path.write_text("alert('planted')")
    assert vega.javascript() == "window.vega = 'µ';"
    assert builds == ["built", "built"]
    vega.javascript()
    assert len(builds) == 2


def test_an_unusable_cache_folder_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds: list[str]
) -> None:
    """A file where the folder should be: the script is built and the page is made."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(vega, "cache_folder", lambda: blocked / "below")
    assert vega.javascript() == "window.vega = 'µ';"
    assert vega.javascript() == "window.vega = 'µ';"
    assert len(builds) == 2


def test_the_cache_folder_follows_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG where set and absolute, the home folder otherwise, LOCALAPPDATA on Windows."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert vega.cache_folder() == tmp_path / "ncutool"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert vega.cache_folder() == Path.home() / ".cache" / "ncutool"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert vega.cache_folder() == tmp_path / "ncutool" / "Cache"


def test_the_real_bundle_can_stand_in_a_script_element() -> None:
    """It defines what the page calls and cannot end its element."""
    script = vega.javascript()
    assert "window.vegaEmbed" in script
    assert "</script" not in script.lower()
    assert "<!--" not in script
