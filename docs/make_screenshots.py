"""Draws the pictures of a page that the documents show: `python docs/make_screenshots.py PAGE`.

Three of them, each of the same page: `docs/page.png` is its first screen and what follows as a
reader with a wide window sees it, `docs/page-dark.png` the first screen in the dark theme, and
`docs/page-phone.png` the top of it on a phone. They need a Chromium-like browser.
"""

from __future__ import annotations

import base64
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))

from browser_driver import Browser, why_not  # noqa: E402  # the tests' own driver, not installed


@dataclass(frozen=True)
class Picture:
    """One screenshot: how wide the window is and how much of the page is drawn, in CSS pixels."""

    name: str
    width: int
    height: int
    dark: bool = False
    scale: int = 1


PICTURES = (
    Picture("page.png", 1440, 1500),
    Picture("page-dark.png", 1440, 900, dark=True),
    Picture("page-phone.png", 390, 1600),
)


def draw(browser: Browser, page: Path, picture: Picture) -> bytes:
    """The page as a PNG."""
    browser.open(page, width=picture.width, dark=picture.dark)
    browser.evaluate("new Promise(done => setTimeout(done, 300))")
    drawn = browser.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": picture.width, "height": min(picture.height, drawn),
            "scale": picture.scale}  # fmt: skip
    answer = browser.call(
        "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
    )
    return base64.b64decode(answer["data"])


def main() -> None:
    if (reason := why_not()) is not None:
        raise SystemExit(f"no screenshot: {reason}")
    page = Path(sys.argv[1]).resolve()
    with Browser() as browser:
        for picture in PICTURES:
            target = HERE / picture.name
            target.write_bytes(draw(browser, page, picture))
            if browser.complaints():
                raise SystemExit(f"{page}: the page complains: {browser.complaints()}")
            print(target)


if __name__ == "__main__":
    main()
