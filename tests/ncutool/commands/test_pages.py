"""Pages that ncutool wrote are written anew; everything else is somebody's file."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

import pytest

from ncutool.commands import main
from ncutool.commands.writing import is_own_page

SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
TRACE = str(SAMPLE / f"{SAMPLE.name}.json.gz")


@pytest.mark.parametrize(
    "arguments",
    ["plan gemm 8 8 8", "plan llm --preset llama-3-8b --device t4", f"report {TRACE}"],
    ids=["sheet", "plan", "capture"],
)
def test_a_page_of_its_own_is_written_anew(
    arguments: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Without --force, since a page can be made again; rows do not take its place."""
    page = tmp_path / "page.html"
    command = [*arguments.split(), "-o", str(page)]
    assert main(command) == 0
    assert is_own_page(page)
    first = page.read_bytes()
    page.write_bytes(first[:600])
    assert main(command) == 0
    assert page.read_bytes() == first
    assert main(["devices", "--format", "csv", "-o", str(page)]) == 1
    assert b"--force" in capsysbinary.readouterr().err
    assert page.read_bytes() == first


def test_only_the_beginning_of_a_plain_file_makes_it_a_page(tmp_path: Path) -> None:
    """A mark further down, a pipe, a folder, or nothing there: none is a page of ncutool."""
    mark = '<meta name="generator" content="ncutool">'
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html>\n{mark}")
    assert is_own_page(page)
    page.write_text("x" * 600 + mark)
    assert not is_own_page(page)
    page.write_text("<!doctype html><title>mine</title>")
    assert not is_own_page(page)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert not is_own_page(pipe)
    assert not is_own_page(tmp_path)
    assert not is_own_page(tmp_path / "absent.html")


@pytest.mark.parametrize("opens", [True, False])
def test_open_shows_the_page_in_the_browser(
    opens: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """The page's own address is opened once; where no browser starts, it is said, exit code 0."""
    opened: list[str] = []

    def open_(address: str) -> bool:
        opened.append(address)
        return opens

    monkeypatch.setattr(webbrowser, "open", open_)
    page = tmp_path / "page.html"
    assert main(["report", TRACE, "-o", str(page)]) == 0
    assert opened == []
    assert main(["report", TRACE, "-o", str(page), "--open"]) == 0
    assert opened == [page.as_uri()]
    assert (b"no browser" in capsysbinary.readouterr().err) is not opens
