"""Tables that ``ncu --csv`` prints: a row a metric (page details) or a row a launch (page raw)."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from ncutool_parsers.ncu_text_found import (
    UNNAMED,
    Found,
    Launch,
    Rule,
    Value,
    capability,
    sizes,
    whole,
)
from ncutool_parsers.ncu_text_labels import is_metric

_TYPES = {"OPT": "optimization", "WRN": "warning", "INF": "ok", "ERR": "error"}
_NAMES = ("Kernel Name", "Function Name", "Demangled Name")
_SUMMED = ("Minimum", "Maximum", "Average")
_MAX_TEXT = 4_000
"""Characters of a rule's text that are kept."""
_DELIMITERS = (",", ";", "\t")


class Table:
    """One table, whose header was read; takes the lines after it."""

    def __init__(self, header: Sequence[str], delimiter: str) -> None:
        self._columns = [name.strip().lstrip("\ufeff") for name in header]
        self._at = {name: at for at, name in reversed(list(enumerate(self._columns)))}
        self._delimiter = delimiter
        self._name = next((self._at[name] for name in _NAMES if name in self._at), None)
        self._by_metric = "Metric Name" in self._at and "Metric Value" in self._at
        self._metrics = {at: name for at, name in enumerate(self._columns) if is_metric(name)}
        self._units: list[str] | None = None
        self._launches: dict[tuple[str, ...], Launch] = {}

    def take(self, line: str, found: Found, *, cut: bool) -> bool:
        """Take a line where it is a row of the table; return whether it is.

        Args:
            line: the line, without its end.
            found: what launches are added to.
            cut: the text ends within this line, so that its last cell may be too short.
        """
        cells = split(line, self._delimiter)
        if cells is None or len(cells) < 2:
            return False
        if cut:
            cells = cells[:-1]
        if not self._by_metric and self._units is None and self._is_units(cells):
            self._units = cells
            return True
        if whole(self._cell(cells, "ID")) is None:
            return False
        if len(cells) > len(self._columns) or (len(cells) < len(self._columns) and not cut):
            found.damaged += 1
            if len(cells) > len(self._columns) or self._by_metric:
                return True
        launch = self._launch(cells, found)
        if self._by_metric:
            self._take_metric(cells, launch)
        else:
            launch.values += [
                Value(None, name, self._unit(at), cells[at])
                for at, name in self._metrics.items()
                if at < len(cells) and cells[at].strip()
            ]
        return True

    def _is_units(self, cells: Sequence[str]) -> bool:
        return not self._cell(cells, "ID").strip() and not (
            self._name is not None and self._name < len(cells) and cells[self._name].strip()
        )

    def _unit(self, at: int) -> str:
        units = self._units
        return units[at].strip() if units is not None and at < len(units) else ""

    def _cell(self, cells: Sequence[str], name: str) -> str:
        at = self._at.get(name)
        return cells[at] if at is not None and at < len(cells) else ""

    def _launch(self, cells: Sequence[str], found: Found) -> Launch:
        """Return the launch of a row; one that other tables of the file tell of is the same."""
        name = cells[self._name] if self._name is not None and self._name < len(cells) else ""
        process = self._cell(cells, "Process ID").strip()
        key = (process, self._cell(cells, "ID").strip(), name)
        if (known := self._launches.get(key)) is not None:
            return known
        launch = Launch(
            name=name.strip() or UNNAMED,
            grid=sizes(self._cell(cells, "Grid Size")),
            block=sizes(self._cell(cells, "Block Size")),
            stream=whole(self._cell(cells, "Stream")),
            device=whole(self._cell(cells, "Device")),
            capability=capability(self._cell(cells, "CC")),
            process=process or None,
        )
        if host := self._cell(cells, "Host Name").strip():
            found.hosts.add(host)
        found.launches.append(launch)
        self._launches[key] = launch
        return launch

    def _take_metric(self, cells: Sequence[str], launch: Launch) -> None:
        section = self._cell(cells, "Section Name").strip() or None
        if label := self._cell(cells, "Metric Name").strip():
            unit = self._cell(cells, "Metric Unit").strip()
            launch.values.append(Value(section, label, unit, self._cell(cells, "Metric Value")))
        if rule := self._cell(cells, "Rule Name").strip():
            launch.rules.append(
                Rule(
                    rule,
                    section,
                    _TYPES.get(self._cell(cells, "Rule Type").strip(), "none"),
                    self._cell(cells, "Rule Description").strip()[:_MAX_TEXT],
                    self._cell(cells, "Estimated Speedup Type").strip().lower() or None,
                    self._cell(cells, "Estimated Speedup").strip() or None,
                )
            )


def header(line: str) -> Table | str | None:
    """Return the table that a line is the header of; ``summary`` where it is one of sums; None
    where it is none."""
    if "Kernel Name" not in line and "Function Name" not in line and "Metric Name" not in line:
        return None
    for delimiter in _DELIMITERS:
        cells = split(line, delimiter)
        names = {cell.strip().lstrip("\ufeff") for cell in cells or ()}
        named = names & set(_NAMES)
        if named and names & set(_SUMMED) and "Metric Value" not in names:
            return "summary"
        if "ID" in names and (
            {"Metric Name", "Metric Value"} <= names
            or (named and any(is_metric(name) for name in names))
        ):
            return Table(cells or (), delimiter)
    return None


def split(line: str, delimiter: str) -> list[str] | None:
    """Return the cells of a line; None where they cannot be taken apart."""
    try:
        rows = list(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return None
    return rows[0] if rows else None
