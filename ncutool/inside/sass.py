"""Which load an instruction waits for: its listing read back from there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ncutool.base.thresholds import IntThreshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_REGISTER = re.compile(r"(?<![A-Z])R(\d+)")
_TARGET = re.compile(r"\b0x([0-9a-f]+)\b")
_PREDICATES = re.compile(r"!?U?P(?:\d+|T)")
_NO_RESULT = re.compile(
    r"U?(?:ST|RED|BRA|BRX|JMP|EXIT|BAR|BSYNC|BSSY|BREAK|RET|CALL|NANOSLEEP|MEMBAR|ERRBAR|CCTL|"
    r"DEPBAR|YIELD|WARPSYNC|NOP|UBLK|UTMA)"
)
_SETS_PREDICATE = re.compile(r"[A-Z0-9]*SETP|VOTE|PLOP3|R2P")
_BRANCH = re.compile(r"BRA|BRX|JMP|EXIT|RET|CALL|BREAK|BSYNC|SYNC|KILL")
_JUMP = re.compile(r"BRA|BSSY|BSYNC|CALL|JMP|SSY")
_LOADS = {
    "long_scoreboard": re.compile(r"LDG|LDL|LD|TEX|TLD4?|TXQ|SULD|ATOMG?|LDGSTS|UTMALDG"),
    "short_scoreboard": re.compile(r"LDS|LDSM|ATOMS|MUFU|SHFL|S2R|S2UR|[IF]2[IF]|POPC|FLO|BREV"),
}
"""Opcodes whose result a warp waits for, by the stall that it then has."""
_WIDTHS = {"64": 2, "128": 4}
_WIDE_RESULT = re.compile(r"D(?:ADD|MUL|FMA|MNMX)|IMAD\.WIDE|CS2R|LEA\.64")
_APART = IntThreshold(
    16, "byte", "instructions farther apart have others between, which are not listed",
    "NVIDIA: instructions take 16 bytes from compute capability 7.0 on",
)  # fmt: skip
_FARTHEST = IntThreshold(
    400,
    "instructions",
    "farther back a load is not looked for: its value has long arrived",
    "judgement: at one instruction a cycle that is the latency of device memory",
)


class Instruction(NamedTuple):
    """One line of a listing."""

    address: int
    opcode: str
    operands: tuple[str, ...]
    predicated: bool
    text: str

    @property
    def name(self) -> str:
        """The opcode without its modifiers."""
        return self.opcode.partition(".")[0]

    @property
    def writes(self) -> frozenset[int]:
        """The registers that it writes."""
        first = self._result
        if first is None:
            return frozenset()
        return frozenset(range(first, first + self._width))

    @property
    def reads(self) -> tuple[int, ...]:
        """The registers that it reads, each once, in order; of a pair the first."""
        found: list[int] = []
        skipped = self._result is None
        for operand in self.operands:
            registers = [int(number) for number in _REGISTER.findall(operand)]
            if not skipped and registers and "[" not in operand:
                skipped = True
                continue
            found += registers
        return tuple(dict.fromkeys(found))

    @property
    def _result(self) -> int | None:
        if _NO_RESULT.match(self.name) or _SETS_PREDICATE.match(self.name):
            return None
        for operand in self.operands:
            if _PREDICATES.fullmatch(operand):
                continue
            match = _REGISTER.match(operand)
            return int(match[1]) if match else None
        return None

    @property
    def _width(self) -> int:
        modifiers = self.opcode.split(".")[1:]
        if self.name == "LDSM":
            return int(modifiers[-1]) if modifiers and modifiers[-1].isdigit() else 1
        widths = [_WIDTHS[modifier] for modifier in modifiers if modifier in _WIDTHS]
        return max(widths, default=2 if _WIDE_RESULT.match(self.opcode) else 1)


class Load(NamedTuple):
    """What wrote a register that an instruction waits for."""

    address: int
    text: str
    sure: bool
    """Whether it surely ran last before: no branch leads in or out between the two."""


def parse(address: int, text: str) -> Instruction:
    """Return a line of a listing."""
    words = text.split(None, 1)
    predicated = bool(words) and words[0].startswith("@")
    if predicated:
        words = words[1].split(None, 1) if len(words) > 1 else []
    opcode = words[0] if words else ""
    operands = tuple(part.strip() for part in words[1].split(",")) if len(words) > 1 else ()
    return Instruction(address, opcode, operands, predicated, text)


def feeding(
    listing: Sequence[tuple[int, str | None]], address: int, stall: str
) -> tuple[Load, ...]:
    """Return the loads whose results an instruction waits for, nearest first; empty where none is
    found.

    Args:
        listing: addresses and texts, in order; None for a text that is not known.
        address: of the instruction that waits.
        stall: what for, NVIDIA's name: only the two scoreboards wait for a load.
    """
    loads = _LOADS.get(stall)
    at = next((place for place, (where, _) in enumerate(listing) if where == address), None)
    if loads is None or at is None or listing[at][1] is None:
        return ()
    waiting = parse(address, listing[at][1] or "")
    open_registers = set(waiting.reads)
    found = []
    for one, sure in _backwards(listing, at):
        written = open_registers & one.writes
        if not written:
            continue
        if loads.fullmatch(one.name):
            found.append(Load(one.address, one.text, sure and not one.predicated))
        if not one.predicated:
            open_registers -= written
        if not open_registers:
            break
    return tuple(found)


def _backwards(
    listing: Sequence[tuple[int, str | None]], at: int
) -> Iterator[tuple[Instruction, bool]]:
    """Yield the instructions that may run before one, nearest first, with whether they surely do:
    first those above it, then those of the innermost loop that leads back to before it."""
    targets = _targets(listing)
    first, sure = max(at - _FARTHEST, 0), True
    loop = _loop(listing, at)
    start = first if loop is None else max(first, loop[0])
    for place in range(at - 1, start - 1, -1):
        address, text = listing[place]
        if text is None or listing[place + 1][0] - address > _APART:
            return
        one = parse(address, text)
        if listing[place + 1][0] in targets or _BRANCH.match(one.name):
            sure = False
        yield one, sure
    below = range(loop[1], at, -1) if loop is not None else range(0)
    for place in (*below, *range(start - 1, first - 1, -1)):
        address, text = listing[place]
        after = listing[place + 1][0] if place + 1 < len(listing) else address
        if text is None or after - address > _APART:
            return
        yield parse(address, text), False


def _targets(listing: Iterable[tuple[int, str | None]]) -> frozenset[int]:
    found: set[int] = set()
    for address, text in listing:
        if text is not None and (target := _target(address, text)) is not None:
            found.add(target)
    return frozenset(found)


def _target(address: int, text: str) -> int | None:
    """Return where an instruction may lead to; None where it leads nowhere else."""
    one = parse(address, text)
    if not _JUMP.match(one.name):
        return None
    matches = _TARGET.findall(one.operands[-1]) if one.operands else []
    return int(matches[-1], 16) if matches else None


def _loop(listing: Sequence[tuple[int, str | None]], at: int) -> tuple[int, int] | None:
    """Return the first and last place of the innermost loop around a place; None where none is."""
    places = {address: place for place, (address, _) in enumerate(listing)}
    for place in range(at, len(listing)):
        address, text = listing[place]
        if text is None or parse(address, text).name not in ("BRA", "JMP"):
            continue
        target = _target(address, text)
        start = None if target is None else places.get(target)
        if start is not None and start <= at:
            return start, place
    return None
