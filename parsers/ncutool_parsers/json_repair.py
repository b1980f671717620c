"""Events that the strict decoder refuses: read leniently, one by one where need be."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ncutool_parsers.json_resync import Loss, list_ends, stretches
from ncutool_parsers.json_stream import EventStream
from ncutool_parsers.torch_clock import Clock
from ncutool_parsers.torch_events import UNKNOWN, Args, Event

_NEXT_MEMBER = re.compile(rb'\s*,\s*"')
"""What follows the bracket that really closes the list of events, within a piece."""
_FIELDS = msgspec.structs.fields(Args)
_ENCODED = {field.name: field.encode_name for field in _FIELDS}
_RAW = [field.name for field in _FIELDS if field.type is msgspec.Raw]
_TEXT = [field.name for field in _FIELDS if field.type is str]
_INTEGER = [field.name for field in _FIELDS if field.type in (int, int | str)]


_ESCAPE = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
"""An escape of a JSON string, or a backslash that begins none, as in a path of Windows."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


def _loads(text: str) -> Any:
    """Decode JSON as Python does, which allows more, with numbers as they are written."""
    return json.loads(text, strict=False, parse_float=_real, parse_int=_whole)


def _escaped(found: re.Match[bytes]) -> bytes:
    """Return an escape as it is, and a backslash alone escaped."""
    return found[0] if len(found[0]) > 1 else b"\\\\"


def _past(text: str, at: int) -> int:
    """Return the index of the next character that is neither space nor comma."""
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _close_behind(lost: bytes, stream: EventStream) -> None:
    """End the list of events inside the damaged last one, where what follows is whole."""
    for end in list_ends(lost):
        if stream.ends_with(lost[end:]):
            stream.close_events(lost[end:])
            return


def _whole(digits: str) -> int | float:
    """Return a whole number, NaN for one so long that it can be no id and no count."""
    return int(digits) if len(digits) < 40 else math.nan


def _real(digits: str) -> Decimal | float:
    """Return a number as it is written, NaN for one whose power is past what a decimal holds."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return math.nan


_DECODER = json.JSONDecoder(strict=False, parse_float=_real, parse_int=_whole)


_JOINED = 4
"""So many stretches are tried as one event: objects in its arguments may look like events."""


class Repair:
    """Decodes pieces the slow way and remembers what was wrong with them."""

    def __init__(self) -> None:
        self.problems: dict[str, int] = {}
        """What was wrong -> events concerned, in the order met."""
        self.lost = Loss()

    def decode(
        self, piece: memoryview, stream: EventStream, reason: Exception, clock: Clock
    ) -> list[Event]:
        """Return the events of a piece that strict decoding refused for ``reason``."""
        raw = bytes(piece)
        entries = self._at_once(raw, _describe_refusal(reason, raw))
        if entries is None and (escaped := _ESCAPE.sub(_escaped, raw)) != raw:
            raw = escaped
            entries = self._at_once(raw, "backslashes that are not escaped")
        if entries is None:
            entries = self._one_by_one(raw, stream)
        clock.settle(_exactly(entry.get("ts")) for entry in entries if isinstance(entry, dict))
        events = (self._to_event(entry, clock) for entry in entries)
        return [event for event in events if event is not None]

    def _at_once(self, raw: bytes, problem: str) -> list[object] | None:
        """Return the entries of a piece that is JSON as Python reads it, None of another."""
        try:
            entries = _loads(self._to_text(raw))
        except (ValueError, RecursionError):
            return None
        self._count_problem(problem)
        return list(entries)

    def _count_problem(self, problem: str) -> None:
        self.problems[problem] = self.problems.get(problem, 0) + 1

    def _to_text(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self._count_problem("bytes that are not UTF-8")
            return raw.decode("utf-8", "replace")

    def _one_by_one(self, raw: bytes, stream: EventStream) -> list[object]:
        """Every event that is JSON by itself; the rest is counted as lost."""
        entries: list[object] = []
        spans, index = stretches(raw), 0
        while index < len(spans):
            for joined in range(1, _JOINED + 1):
                start, end = spans[index][0], spans[min(index + joined, len(spans)) - 1][1]
                whole, rest = self._decode_stretch(raw, start, end, stream)
                if rest is None:
                    break
            else:  # what looked like the next event did not lie inside this one: it is damaged
                joined, end = 1, spans[index][1]
                whole, rest = self._decode_stretch(raw, start, end, stream)
                self.lost.add(rest or b"")
                if index == len(spans) - 1:
                    _close_behind(rest or b"", stream)
            entries += whole
            index += joined
            if stream.closed:
                break
        return entries

    def _decode_stretch(
        self, raw: bytes, start: int, end: int, stream: EventStream
    ) -> tuple[list[object], bytes | None]:
        """Return what a stretch decodes to, and what is left where it stops being JSON.

        A bracket may end the list of events in it; one that does not is out of place.
        """
        text, at = self._to_text(raw[start:end]), 0
        entries: list[object] = []
        while (at := _past(text, at)) < len(text):
            if text[at] == "]":
                rest = text[at + 1 :].encode() + raw[end:-1]
                if _NEXT_MEMBER.match(rest) or stream.ends_with(rest):
                    stream.close_events(rest)
                    break
                self.lost.add(b"]")
                at += 1
                continue
            try:
                entry, at = _DECODER.raw_decode(text, at)
            except (ValueError, RecursionError):
                return entries, text[at:].encode("utf-8", "replace")
            entries.append(entry)
        return entries, None

    def _to_event(self, entry: object, clock: Clock) -> Event | None:
        """Return a decoded entry as an event, its values brought to the types of the fields."""
        if not isinstance(entry, dict):
            self._count_problem("entries that are not events")
            return None
        args = entry.get("args")
        return Event(
            ph=str(entry.get("ph", "")),
            cat=str(entry.get("cat", "")),
            name=_to_raw(str(entry.get("name", ""))),
            pid=_to_identifier(entry.get("pid")),
            tid=_to_identifier(entry.get("tid")),
            ts=_to_time(entry.get("ts"), clock),
            dur=_to_float(entry.get("dur")),
            args=_to_args(args) if isinstance(args, dict) else None,
        )


def _describe_refusal(reason: Exception, raw: bytes) -> str:
    """Return in words why the strict decoder refused a piece."""
    if isinstance(reason, msgspec.ValidationError):
        return "values of an unexpected type"
    if b"NaN" in raw or b"Infinity" in raw:
        return "NaN or Infinity, which JSON does not have"
    if any(byte < 32 and byte not in b"\t\r\n" for byte in raw):
        return "control characters inside strings"
    return "text that is not strict JSON"


def _to_args(recorded: dict[str, Any]) -> Args:
    values: dict[str, Any] = {}
    for name in _RAW:
        if (value := recorded.get(_ENCODED[name])) is not None:
            values[name] = _to_raw(value)
    for name in _TEXT:
        if (value := recorded.get(_ENCODED[name])) is not None:
            values[name] = str(value)
    for name in _INTEGER:
        values[name] = _to_integer(recorded.get(_ENCODED[name]))
    return Args(**values)


def _to_raw(value: object) -> msgspec.Raw:
    try:
        return msgspec.Raw(_encode(value))
    except UnicodeEncodeError:  # half of a surrogate pair: a name cut inside a character
        return msgspec.Raw(json.dumps(value, default=float).encode())  # as an escape it stays


def _to_identifier(value: object) -> int | str:
    """Return a pid or tid as it identifies a process or thread; 0 where none was recorded."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, float | Decimal):
        value = float(value)
        return int(value) if value.is_integer() else str(value)
    return value if isinstance(value, int) else str(value)


def _to_integer(value: object) -> int:
    """Return a whole number from a number or its text; UNKNOWN from anything else."""
    number = _to_float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(number) if number.is_integer() else UNKNOWN


def _to_time(value: object, clock: Clock) -> float:
    """Return a start in microseconds from the clock's base; NaN where it is no number."""
    exact = _exactly(value)
    return math.nan if exact is None else clock.from_base(exact)


def _exactly(value: object) -> int | float | Decimal | None:
    """Return a number, or the one that a text holds, with all digits; None from anything else."""
    if math.isnan(_to_float(value)):
        return None
    if isinstance(value, str):
        value = _real(value)
    return None if not isinstance(value, int | float | Decimal) or value != value else value


def _to_float(value: object) -> float:
    """Return a finite number from a number or its text; NaN from anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if abs(number) < 9e15 else math.nan
