"""Captures on a web server on loopback: the secrets of a URL are in nothing that is written."""

from __future__ import annotations

import functools
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch_factory

from ncutool.commands import main

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")
SECRET = "SECRETsignature"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files to whoever has the signature."""

    def do_GET(self) -> None:
        if SECRET not in self.path:
            self.send_error(403)
        else:
            super().do_GET()

    do_HEAD = do_GET  # noqa: N815 - the name that the library calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server has a trace, and an archive with it."""
    folder = tmp_path_factory.mktemp("served")
    trace = torch_factory.write(folder / "rank0.json", torch_factory.small())
    with zipfile.ZipFile(folder / "runs.zip", "w") as archive:
        archive.write(trace, "run/rank0.json")
    (folder / "text.json").write_text("no capture")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("ending", ["html", "json", "md", "svg"])
@pytest.mark.parametrize("name", ["rank0.json?sig={}", "runs.zip?sig={}::run/rank0.json"])
def test_no_output_shows_the_signature(
    address: str, name: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page, JSON, a comment, a picture, the summary: all name the file alone."""
    page = tmp_path / f"page.{ending}"
    assert main(["report", f"{address}/{name.format(SECRET)}", "-o", str(page), "-v"]) == 0
    shown = capsys.readouterr()
    assert SECRET not in page.read_text(encoding="utf-8") + shown.out + shown.err


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("none.json?sig={}", "/none.json: does not exist; check the path"),
        ("text.json?sig={}", "/text.json: is text, not a capture; "),
        ("rank0.json?other=1", "/rank0.json: may not be read: access is denied; "),
        ("runs.zip?sig={}::none", "/runs.zip: has no member 'none'; it holds run/rank0.json"),
    ],
)
def test_no_error_shows_the_signature(
    address: str, path: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, with the URL as far as its path."""
    assert main(["kernels", f"{address}/{path.format(SECRET)}"]) == 1
    shown = capsys.readouterr()
    assert f"ncutool: {address}{said}" in shown.err
    assert SECRET not in shown.out + shown.err
    assert shown.err.count("\n") == 1
