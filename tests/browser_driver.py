"""A browser driven over two pipes: Chrome's DevTools protocol with the standard library alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--remote-debugging-pipe",
)
_PATIENCE_S = 60.0


def find_browser() -> str | None:
    """Path of a Chromium-like browser: ``NCUTOOL_BROWSER`` or the first known name on the path."""
    named = os.environ.get("NCUTOOL_BROWSER")
    if named:
        return shutil.which(named)
    return next((path for name in CANDIDATES if (path := shutil.which(name))), None)


def why_not() -> str | None:
    """Why no browser can be driven here; None where one can."""
    if sys.platform == "win32":
        return "browsers are driven over inherited pipes, which Windows does not have"
    if find_browser() is None:
        return "no Chromium-like browser on the path (set NCUTOOL_BROWSER to one)"
    return None


class Browser:
    """One headless browser with one tab; a context manager."""

    def __init__(self) -> None:
        path = find_browser()
        assert path is not None
        self._profile = tempfile.mkdtemp(prefix="ncutool-browser-")
        self._buffer = b""
        self._sent = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        self._start(path)
        targets = self.call("Target.getTargets")["targetInfos"]
        tab = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=tab, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _start(self, path: str) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The protocol wants descriptors 3 and 4: a shell puts any others there.
        places = f'exec 3<&{to_browser} 4>&{from_browser}; exec "$@"'
        # Its sandbox needs rights that containers and root do not have.
        unboxed = ("--no-sandbox",) if os.geteuid() == 0 or os.environ.get("CI") else ()
        profile = f"--user-data-dir={self._profile}"
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", places, "browser", path, *_FLAGS, *unboxed, profile, "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self._read, False)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._write)
        os.close(self._read)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _message(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            try:
                read = os.read(self._read, 1 << 20)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TimeoutError("the browser does not answer") from None
                time.sleep(0.01)
                continue
            if not read:
                raise ConnectionError("the browser has gone")
            self._buffer += read
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result; events that come before it are kept."""
        self._sent += 1
        request: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self._session is not None:
            request["sessionId"] = self._session
        os.write(self._write, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + _PATIENCE_S
        while True:
            message = self._message(until)
            if message.get("id") == self._sent:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:800])
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """The first true value of an expression."""
        until = time.monotonic() + _PATIENCE_S
        while not (value := self.evaluate(script)):
            if time.monotonic() > until:
                raise TimeoutError(script)
            time.sleep(0.03)
        return value

    def open(self, path: Path, *, width: int = 1280, dark: bool = False) -> None:
        """A page with its charts drawn, on a screen so wide."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip
        features = {"prefers-color-scheme": "dark" if dark else "light",
                    "prefers-reduced-motion": "reduce"}  # fmt: skip
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )
        self.call("Page.navigate", url=path.as_uri())
        here = json.dumps(path.as_uri())
        self.wait_for(f"location.href.startsWith({here}) && document.readyState === 'complete'")
        self.evaluate(
            "Promise.all((window.ncutoolViews || []).flatMap(v => v.parts.map(p => p.ready)))"
        )

    def click(self, x: float, y: float) -> None:
        """Moves to a point of the window and clicks it."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, code: int, *, shift: bool = False) -> None:
        """Presses and releases one key; a letter, a sign or Enter also types what it stands for."""
        typed = "\r" if key == "Enter" else key if len(key) == 1 else ""
        event = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        down = event | ({"text": typed} if typed else {})
        self.call("Input.dispatchKeyEvent", type="keyDown", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def write(self, text: str) -> None:
        """Types a text where the focus is."""
        self.call("Input.insertText", text=text)

    def tab_to(self, selector: str, *, most: int = 120) -> int:
        """Presses Tab until the focus is on what the selector names; how often that took.

        Raises:
            AssertionError: it is not among so many stops.
        """
        here = f"Boolean(document.activeElement?.matches({json.dumps(selector)}))"
        for presses in range(1, most + 1):
            self.press("Tab", 9)
            if self.evaluate(here):
                return presses
        raise AssertionError(f"{selector} is not among the first {most} stops of Tab")

    def complaints(self) -> list[str]:
        """Errors, warnings and console output since the page was opened."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [json.dumps(one["params"])[:800] for one in self.events if one["method"] in kinds]

    def requests(self) -> list[str]:
        """Addresses asked for since the page was opened, data URLs left out."""
        addresses = [
            one["params"]["request"]["url"]
            for one in self.events
            if one["method"] == "Network.requestWillBeSent"
        ]
        return [address for address in addresses if not address.startswith(("data:", "blob:"))]
