"""Small datasets of made captures, as `ncutool batch` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch_factory

from ncutool.archive.dataset import BUCKETS, Dataset, Run, open_dataset
from ncutool.archive.inputs import gather
from ncutool.archive.one_file import Worker
from ncutool.archive.publish import publish
from ncutool.archive.settings import Settings


def write_traces(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Traces in folders of two ranks each, no two alike."""
    written = []
    for number in range(first, first + count):
        path = folder / f"run{number // 2}" / f"rank{number % 2}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        events = torch_factory.small()
        events[3]["dur"] = 10.0 + number
        written.append(torch_factory.write(path, events))
    return written


def analysed(
    root: Path, paths: Sequence[Path], metadata: Mapping[str, str] | None = None
) -> Dataset:
    """Analyse files into a dataset, in this process, and publish what came of them."""
    dataset = open_dataset(root, metadata or {})
    run = Run(dataset)
    worker = Worker(dataset, run.name, Settings())
    for source in gather([str(path) for path in paths], metadata=metadata):
        worker.analyse(source)
    for bucket in BUCKETS:
        publish(dataset, bucket, run.name)
    run.close()
    return dataset
