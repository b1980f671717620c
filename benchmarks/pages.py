"""Measures what pages claim: their size, how soon they answer, how long they take to be written.

    python benchmarks/pages.py [--browser-only]

A page is opened in a headless browser; the browser's own performance entries say when it answers
and how long its longest task is while rows are sorted, filtered and all shown. Every figure but
the sizes is this machine's. Real captures are measured where the corpus of them lies beside the
checkout. Exit code 1: a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
CORPUS = REPOSITORY.parent / "shared" / "corpus"
sys.path[:0] = [str(REPOSITORY / "tests")]

MOST_INTERACTIVE_MS = 1000
MOST_TASK_MS = 100
MOST_RATIO = 6.0
"""`ncutool report` may take so many times as long as a process that only reads the capture."""
ROUNDS = 3
MADE = ("made: 100,000 launches, 1,800 groups", 900)
REAL = {
    "torch/h100-qwen1.5-0.5b-prefill.json.gz": 350,
    "torch/a100-recommender-train.json.gz": 600,
    "ncu/a100-self-join-full.ncu-rep": 300,
}
"""Captures, and the most kB (of 1,000 bytes) that the page of each may have."""

WATCH = """
window.ncutoolTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) ncutoolTasks.push([task.startTime, task.duration]);
}).observe({ type: "longtask", buffered: true });
"""
QUIET = "new Promise((done) => setTimeout(done, 700))"
VIEW = "const view = 'article:not([hidden])';"
ACTIONS = {
    "show all": "document.querySelector(`${view} [data-all]:not([hidden])`)?.click()",
    "sort": "document.querySelectorAll(`${view} th button`)[{turn}].click()",
    "filter": (
        "(box => { box.value = ['memory', 'e', ''][{turn}];"
        " box.dispatchEvent(new Event('input', { bubbles: true })); })"
        "(document.querySelector(`${view} input[type=search]`))"
    ),
}
"""What is done to a page, in order; some of it in several turns. The rows stay shown."""


@dataclass(frozen=True)
class Row:
    """One page: what was measured of it, each beside the most that it may be."""

    page: str
    figures: dict[str, tuple[float, float]]

    @property
    def met(self) -> bool:
        return all(value <= limit for value, limit in self.figures.values())


def opened(browser: Any, page: Path) -> dict[str, float]:
    """Milliseconds until the page answers, and the longest task of each action."""
    browser.open(page, width=1440)
    browser.evaluate(QUIET)
    loaded = browser.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    tasks = browser.evaluate("ncutoolTasks")
    found = {"interactive ms": max([loaded, *(start + length for start, length in tasks)])}
    for name, script in ACTIONS.items():
        longest = 0.0
        for turn in range(3 if "{turn}" in script else 1):
            browser.evaluate("ncutoolTasks.length = 0; true")
            browser.evaluate(f"{{ {VIEW} {script.replace('{turn}', str(turn))}; }} true")
            browser.evaluate(QUIET)
            longest = max([longest, *(task[1] for task in browser.evaluate("ncutoolTasks"))])
        found[f"{name} ms"] = longest
    return found


def browsed(browser: Any, page: Path, most_kb: float) -> dict[str, tuple[float, float]]:
    """The figures of a page that lies on disk; of the times, the median of three openings."""
    rounds = [opened(browser, page) for _ in range(ROUNDS)]
    figures = {"kB": (page.stat().st_size / 1000, most_kb)}
    for name in rounds[0]:
        limit = MOST_INTERACTIVE_MS if name.startswith("interactive") else MOST_TASK_MS
        figures[name] = (sorted(one[name] for one in rounds)[ROUNDS // 2], limit)
    return figures


def process(*arguments: str) -> float:
    """Seconds of a whole Python process."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=REPOSITORY
    )
    return time.perf_counter() - began


def written(capture: Path, page: Path) -> dict[str, tuple[float, float]]:
    """Seconds of `ncutool report`, and their ratio to a process that only reads the capture."""
    read = f"import ncutool_parsers; ncutool_parsers.read({str(capture)!r})"
    reading = min(process("-c", read) for _ in range(ROUNDS))
    report = ("-m", "ncutool", "report", str(capture), "-o", str(page), "--force")
    reporting = min(process(*report) for _ in range(ROUNDS))
    return {"report/read": (reporting / reading, MOST_RATIO)}


def made_page(folder: Path) -> Path:
    """The page of a trace with many launches in many groups."""
    import analysis_factory

    from ncutool import page

    target = folder / "made.html"
    analysis = analysis_factory.many_groups(100_000, 1_800)
    target.write_text(page.render([analysis]), encoding="utf-8")
    return target


def rows(folder: Path, *, browser_only: bool) -> list[Row]:
    """All pages, measured one after another."""
    from browser_driver import Browser

    found = []
    with Browser() as browser:
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        for name, most_kb in REAL.items():
            capture = CORPUS / name
            if not capture.exists():
                continue
            target = folder / "real.html"
            figures = {} if browser_only else written(capture, target)
            if browser_only:
                process("-m", "ncutool", "report", str(capture), "-o", str(target), "--force")
            found.append(Row(capture.name, browsed(browser, target, most_kb) | figures))
        found.append(Row(MADE[0], browsed(browser, made_page(folder), MADE[1])))
    return found


def main() -> int:
    """Measures and prints a table: each figure with the most that it may be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--browser-only", action="store_true", help="leave out how long writing takes"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    from browser_driver import why_not

    if (reason := why_not()) is not None:
        raise SystemExit(f"pages cannot be measured here: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), browser_only=options.browser_only)
    if options.json:
        print(json.dumps({row.page: row.figures for row in found}, indent=1))
    else:
        show(found)
    return 0 if all(row.met for row in found) else 1


def show(found: list[Row]) -> None:
    """Prints each figure beside its limit; tasks of less than 50 ms are not told of by browsers."""
    for row in found:
        print(row.page)
        for name, (value, limit) in row.figures.items():
            text = "< 50" if name.removesuffix(" ms") in ACTIONS and not value else f"{value:,.4g}"
            print(f"  {name:<16} {text:>9}  of at most {limit:>6,.4g}  "
                  f"{'pass' if value <= limit else 'MISSED'}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
