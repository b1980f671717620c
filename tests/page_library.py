"""Pages for tests in a browser: of made analyses always, of real captures where the corpus is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import analysis_factory as factory
import pytest

from ncutool import page
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.analysis.document import Document
from ncutool.text.json_output import facts
from ncutool.text.markdown import summary_markdown

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

MADE: dict[str, Callable[[], list[Analysis]]] = {
    "trace": lambda: [factory.trace(300)],
    "report": lambda: [factory.report()],
    "basic": lambda: [factory.report(counters=False)],
    "unknown": lambda: [factory.unknown_device()],
    "null": lambda: [factory.everything_null()],
    "instant": lambda: [factory.zero_durations()],
    "hostile": lambda: [factory.hostile()],
    "several": lambda: [factory.trace(60), factory.report(), factory.unknown_device()],
    "many groups": lambda: [factory.many_groups(4_000, 600)],
}
"""Pages whose analyses are made by hand: every state that a capture can be in."""

NOTHING_USABLE = "a100-failed-collection.ncu-rep"
"""The one capture of the corpus that holds nothing to make a page of."""

REAL = tuple(
    str(path.relative_to(CORPUS))
    for folder in ("torch", "ncu")
    for path in sorted((CORPUS / folder).glob("*"))
    if path.suffix != ".csv" and path.name != NOTHING_USABLE
)
"""Every capture of the corpus that is one reader's real work."""

LOOKED_AT = (
    "torch/h100-qwen1.5-0.5b-prefill.json.gz",
    "torch/a100-recommender-train.json.gz",
    "torch/b300-sglang-deepseek-r1-decode-graph.json.gz",
    "torch/mi300x-resnet-ddp-train.json.gz",
    "torch/v100-dlrm-8rank-rank0.json.gz",
    "ncu/a100-self-join-full.ncu-rep",
    "ncu/a100-self-join-154-launches.ncu-rep",
    "ncu/gh200-kokkos-basic.ncu-rep",
    "ncu/h800-flash-attention-partial.ncu-rep",
    "ncu/v100-miniweather-after.ncu-rep",
)
"""Ten unlike ones, for what is too slow to ask of all: every width and both themes."""


class Library:
    """Pages in a folder that the processes of one test run share; each page is made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def made(self, name: str) -> Path:
        """The page of one of :data:`MADE`."""
        return self._page(f"made-{name}", MADE[name])

    def real(self, *names: str) -> Path:
        """The page of captures of the corpus, each named by its path in there."""
        key = "-".join(name.replace("/", "-") for name in names)
        return self._page(key, lambda: [read_and_analyse(CORPUS / name) for name in names])

    def named(self, name: str) -> Path:
        """The page that a test asks for by ``made NAME`` or ``real PATH``."""
        kind, _, rest = name.partition(" ")
        return self.made(rest) if kind == "made" else self.real(rest)

    def said(self, target: Path) -> dict[str, Any]:
        """What else is told of the same analyses: a list for each of their figures and outputs."""
        said: dict[str, Any] = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
        return said

    def _page(self, key: str, make: Callable[[], Sequence[Analysis]]) -> Path:
        # Browsers are driven over inherited pipes, so these tests run on systems with fcntl alone.
        import fcntl

        target = self.folder / f"{key}.html"
        with (self.folder / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                self._write(target, make())
        return target

    def _write(self, target: Path, analyses: Sequence[Analysis]) -> None:
        documents = [Document(one) for one in analyses]
        said = {
            "headlines": [facts(one)["capture"]["headline"] for one in analyses],
            "findings": [len(one.findings.lines) for one in documents],
            "groups": [one.kernels.groups.height for one in documents],
            "markdown": [summary_markdown(one) for one in analyses],
        }
        target.with_suffix(".json").write_text(json.dumps(said), encoding="utf-8")
        unfinished = target.with_suffix(".part")
        unfinished.write_text(page.render(analyses), encoding="utf-8")
        unfinished.rename(target)


def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library of this test run, the same one in all processes of pytest-xdist."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "library"
    folder.mkdir(exist_ok=True)
    return Library(folder)
