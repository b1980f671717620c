"""What dcgm-exporter serves to Prometheus, one scrape or several one after another."""

from __future__ import annotations

import re

from msgspec import Struct, field

from ncutool.planning.signals.dcgm_fields import BY_NAME
from ncutool.planning.signals.series import Collector, Series, number

KIND = "dcgm-exporter"
_LONGEST_LINE = 16384
_LINE = re.compile(
    r"([A-Za-z_:][A-Za-z0-9_:]*)"
    r'(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?'
    r"\s+(\S+)(?:\s+-?\d+)?$"
)
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"')
_INDEX = re.compile(r"[0-9]{1,6}")


def parse(text: str, source: str) -> Series:
    """Return the samples of each GPU.

    A scrape ends where a `# HELP` or `# TYPE` comes again; in a text without them a metric that
    comes again begins the GPU's next sample. Within a scrape the first value of a GPU counts: where
    several containers share it, each is listed with the same value. Host names are not kept: GPUs
    of several hosts are told apart by a number of the host.

    Args:
        source: the file's name, for messages.
    """
    scrapes = _Scrapes()
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("#"):
            scrapes.comment(line)
        elif line:
            scrapes.metric(line)
    scrapes.close()
    return scrapes.collector.series(source, KIND)


class _Scrapes(Struct):
    collector: Collector = field(default_factory=Collector)
    hosts: dict[str, int] = field(default_factory=dict)
    open: dict[str, dict[str, float | None]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Comments of this scrape."""

    def comment(self, line: str) -> None:
        """`# HELP name ...` and `# TYPE name ...`, each once a scrape."""
        words = line[:_LONGEST_LINE].split(maxsplit=3)
        if len(words) < 3 or words[1] not in ("HELP", "TYPE") or words[2] not in BY_NAME:
            return
        key = f"{words[1]} {words[2]}"
        if key in self.told:
            self.close()
            self.told.clear()
        self.told.add(key)

    def metric(self, line: str) -> None:
        """Read a line `name{labels} value` into the open sample of its GPU."""
        match = _LINE.match(line) if len(line) <= _LONGEST_LINE else None
        if match is None:
            self.collector.skipped += 1
            return
        known = BY_NAME.get(match[1])
        if known is None:
            return
        labels = dict(_LABEL.findall(match[2] or ""))
        gpu = _name(labels, self.hosts)
        if gpu is None:
            self.collector.skipped += 1
            return
        if labels.get("modelName"):
            self.collector.models.setdefault(gpu, labels["modelName"][:200])
        sample = self.open.setdefault(gpu, {})
        if known.signal in sample:
            if self.told:
                return
            self._add(gpu, sample)
            sample.clear()
        value = number(match[3])
        sample[known.signal] = None if value is None else known.percent * value

    def close(self) -> None:
        """End the open sample of every GPU."""
        for gpu, sample in self.open.items():
            self._add(gpu, sample)
        self.open.clear()

    def _add(self, gpu: str, sample: dict[str, float | None]) -> None:
        if not self.collector.add(gpu, sample.items()):
            self.collector.skipped += 1


def _name(labels: dict[str, str], hosts: dict[str, int]) -> str | None:
    """Return `GPU 0`, `GPU 0 instance 1`, or `host 2 GPU 0` from the second host on."""
    index = labels.get("gpu", "")
    if not _INDEX.fullmatch(index):
        return None
    host = hosts.setdefault(labels.get("Hostname", ""), len(hosts) + 1)
    name = f"GPU {int(index)}" if host == 1 else f"host {host} GPU {int(index)}"
    instance = labels.get("GPU_I_ID", "")
    return f"{name} instance {int(instance)}" if _INDEX.fullmatch(instance) else name
