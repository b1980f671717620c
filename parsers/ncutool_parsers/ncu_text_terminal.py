"""Tables that ``ncu`` prints on a terminal, and what its rules say there."""

from __future__ import annotations

import re

from ncutool_parsers.ncu_text_found import Found, Launch, Rule, Value, capability, sizes, whole

_LEAD = re.compile(r"^(?:\s*(?:>|//|\|)\s?)+")
_NEW_LAUNCH = re.compile(
    r"\s*(?P<name>\S.*?) \((?P<grid>\d+, \d+, \d+)\)x\((?P<block>\d+, \d+, \d+)\), "
    r"(?:Context \d+, )?Stream (?P<stream>\d+)(?:, Device (?P<device>\d+))?"
    r"(?:, CC (?P<cc>\d+\.\d+))?\s*"
)
_OLD_LAUNCH = re.compile(
    r"\s*(?P<name>\S.*?), \d{4}-\w{3}-\d{1,2} \d\d:\d\d:\d\d, Context \d+, "
    r"Stream (?P<stream>\d+)\s*"
)
_PROCESS = re.compile(r"\s*\[(\d{1,10})\] \S+@(\S+)\s*")
_SECTION = re.compile(r"\s*Section: (\S.*?)\s*")
_DASHES = re.compile(r"\s*-{3,}(?: +-{3,}){1,2}\s*")
_RULE = re.compile(r"\s*(OPT|INF|WRN|ERR)\s{1,4}(\S.*)")
_SUBTABLE = re.compile(r"\s*Table Name : .*")
_ESTIMATE = re.compile(r"Est\. (Local )?Speedup: ([\d.,]+)%\s*")
_PROBLEM = re.compile(r"==(?:ERROR|WARNING)== (.+)")
_TYPES = {"OPT": "optimization", "WRN": "warning", "INF": "ok", "ERR": "error"}
_UNIT = re.compile(
    r"%|[KMGTP]?(?:bytes?|[hH]z)(?:/\w{1,12})?|SM|(?:n|u|m)?(?:s|second)"
    r"|(?:cycle|inst|warp|thread|block|sector|register|request|sample)s?(?:/[a-z]{1,12})?"
)
"""Units that are told from a label's last word where columns do not tell."""
_RULE_NAME = "printed"
"""The terminal does not say which rule speaks."""
_MAX_LAUNCH_LINE = 65_536
_MAX_TEXT = 4_000
"""Characters of a rule's text that are kept."""
_MAX_PROBLEMS = 20


class Terminal:
    """Takes the lines of a terminal in their order."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._launch: Launch | None = None
        self._section: str | None = None
        self._seen: set[str] = set()
        """Sections of a launch that is not named: one that comes again is of the next."""
        self._process: str | None = None
        self._columns: list[tuple[int, int]] | None = None
        self._rules = 0
        """Lines of dashes of the table so far: rows stand after the header's, if it has one."""
        self._speaking: tuple[str, list[str]] | None = None
        self._sub = False

    def take(self, line: str, *, cut: bool) -> None:
        """Take one line, without its end; the text may end within it."""
        line = _LEAD.sub("", line) if line.lstrip()[:1] in (">", "/", "|") else line
        if self._begins(line):
            return
        if _DASHES.fullmatch(line):
            self._end_rule()
            self._columns = [match.span() for match in re.finditer("-+", line)]
        elif match := _RULE.fullmatch(line):
            self._end_rule()
            self._columns = None
            self._speaking = match[1], [match[2].strip()]
        elif self._speaking is not None:
            if line.strip() and not line.strip().startswith("---"):
                self._speaking[1].append(line.strip())
            else:
                self._end_rule()
        elif self._columns is not None:
            self._row(line, cut=cut)

    def end(self) -> None:
        """Finish what is still open."""
        self._end_rule()

    def _begins(self, line: str) -> bool:
        """Take a line that begins something: a process, a launch, a section."""
        if len(line) > _MAX_LAUNCH_LINE:
            return True
        if "Stream " in line and (
            match := _NEW_LAUNCH.fullmatch(line) or _OLD_LAUNCH.fullmatch(line)
        ):
            self._end_rule()
            facts = match.groupdict()
            self._open(
                Launch(
                    name=facts["name"],
                    grid=sizes(facts.get("grid")),
                    block=sizes(facts.get("block")),
                    stream=whole(facts["stream"]),
                    device=whole(facts.get("device")),
                    capability=capability(facts.get("cc")),
                    process=self._process,
                )
            )
        elif match := _SECTION.fullmatch(line):
            self._end_rule()
            self._columns, self._section, self._sub = None, match[1], False
            if self._launch is None or (not self._named and match[1] in self._seen):
                self._open(Launch(process=self._process), named=False)
                self._section = match[1]
            self._seen.add(match[1])
        elif _SUBTABLE.fullmatch(line):
            self._columns, self._sub = None, True
        elif match := _PROCESS.fullmatch(line):
            self._process = match[1]
            self._found.hosts.add(match[2])
        elif match := _PROBLEM.match(line.strip()):
            if len(self._found.problems) < _MAX_PROBLEMS:
                self._found.problems.append(match[1].strip())
        else:
            return False
        return True

    def _open(self, launch: Launch, *, named: bool = True) -> None:
        self._launch, self._named, self._seen = launch, named, set()
        self._section, self._columns, self._sub = None, None, False
        self._found.launches.append(launch)

    def _row(self, line: str, *, cut: bool) -> None:
        """Take a row of the table that is open."""
        if not line.strip():
            self._columns = None
            return
        if cut:
            self._found.cut = True
            return
        cells = self._cells(line)
        if cells is None or cells[0] == "Metric Name" or self._launch is None:
            return
        label, unit, text = cells
        section = f"{self._section}: table" if self._sub else self._section
        self._launch.values.append(Value(section, label, unit, text))

    def _cells(self, line: str) -> tuple[str, str, str] | None:
        """Return label, unit and value: by the columns where the line keeps to them, else by its
        words."""
        columns = self._columns or []
        if len(columns) == 3:
            (begin, first), (second, middle), (third, last) = columns
            gaps = line[first:second] + line[middle:third] + line[last:] + line[:begin]
            if not gaps.strip() and len(line.rstrip()) == last:
                return line[begin:first].strip(), line[second:middle].strip(), line[third:].strip()
        words = line.split()
        if len(words) < 2:
            return None
        unit = words[-2] if len(words) > 2 and _UNIT.fullmatch(words[-2]) else ""
        label = words[: -2 if unit else -1]
        return " ".join(label), unit, words[-1]

    def _end_rule(self) -> None:
        if self._speaking is None:
            return
        kind, lines = self._speaking
        self._speaking = None
        text = " ".join(lines)
        estimate = _ESTIMATE.match(text)
        if self._launch is None:
            return
        self._launch.rules.append(
            Rule(
                _RULE_NAME,
                self._section,
                _TYPES[kind],
                text[estimate.end() if estimate else 0 :][:_MAX_TEXT],
                None if estimate is None else "local" if estimate[1] else "global",
                None if estimate is None else estimate[2],
            )
        )
