"""`nvidia-smi dmon` as it prints, with whatever columns it was asked for.

Columns are found by their names in the heading, so that old sets (`temp`, no `jpg`, no `ofa`) and
new ones, `-o D`, `-o T`, `-o DT` and `--format csv` read alike. `sm` and `mem` are NVML's
utilisation rates (nvmlUtilization_t); the columns of `--gpm-metrics` are NVML's GPM metrics.
"""

from __future__ import annotations

from ncutool.planning.signals.series import Collector, Series, number

KIND = "nvidia-smi dmon"
COLUMNS = {
    "sm": "gpu_util_pct",
    "mem": "memory_util_pct",
    "smutil": "sm_active_pct",
    "smocc": "sm_occupancy_pct",
    "mmaact": "tensor_active_pct",
    "dram": "dram_active_pct",
    "fp64": "fp64_active_pct",
    "fp32": "fp32_active_pct",
    "fp16": "fp16_active_pct",
    "pviol": "power_violation_pct",
}
"""Names in the heading to signals; both are in percent."""
_BEFORE_GPU = frozenset(("date", "time", "gpu"))


def heading(line: str) -> list[str] | None:
    """Return the column names of a heading, in lower case; None where the line is none."""
    if not line.startswith("#"):
        return None
    names = cells(line[1:].lower())
    if "gpu" not in names[:3] or not set(names[: names.index("gpu")]) <= _BEFORE_GPU:
        return None
    return names


def cells(line: str) -> list[str]:
    """Return the cells of a row, whether commas or spaces divide them."""
    return [cell.strip() for cell in line.split(",")] if "," in line else line.split()


def parse(text: str, source: str) -> Series:
    """Return the samples of a `nvidia-smi dmon`; lines that are none are counted, never guessed at.

    Args:
        source: the file's name, for messages.
    """
    collector = Collector()
    names: list[str] = []
    wanted: list[tuple[int, str]] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            continue
        if line.startswith("#"):
            titles = heading(line)
            if titles is not None:
                names, wanted = titles, _wanted(titles)
            continue  # else the row of units
        row = cells(line)
        at = names.index("gpu") if names else 0
        if len(row) != len(names) or not _is_index(row[at]):
            collector.skipped += 1
            continue
        values = [(signal, number(row[index])) for index, signal in wanted]
        if not collector.add(f"GPU {int(row[at])}", values):
            collector.skipped += 1
    return collector.series(source, KIND)


def _wanted(names: list[str]) -> list[tuple[int, str]]:
    return [(index, COLUMNS[name]) for index, name in enumerate(names) if name in COLUMNS]


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6
