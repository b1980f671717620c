"""A diagnosis within a number of bytes: what matters most stands, and what is left out is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ncutool.diagnose.record import SCHEMA, Parts, Piece
from ncutool_parsers.errors import UsageError

LEAST_BYTES = 1000
MOST_BYTES = 1 << 20
USUAL_BYTES = 8000
LISTS = ("findings", "kernels", "could_not_look", "notices", "declined")
FIELDS = ("questions", "coverage", "window", "next_capture", "work")


def dumped(value: Any) -> bytes:
    """Return data as JSON in as few bytes as may be."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def check(budget: int) -> None:
    """Hold a budget to what there is an answer for.

    Raises:
        UsageError: it is smaller or larger.
    """
    if not LEAST_BYTES <= budget <= MOST_BYTES:
        raise UsageError(f"--budget {budget}: it is from {LEAST_BYTES} to {MOST_BYTES} bytes")


def within(
    captures: Sequence[Parts], budget: int, since: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the diagnosis of captures in at most so many bytes, a line's end included.

    Args:
        captures: what is said of each, in their order.
        budget: bytes of the JSON text that :func:`dumped` makes of it.
        since: what changed since an earlier diagnosis; None where none was given.

    Raises:
        UsageError: there is no answer so short or so long.
    """
    check(budget)
    whole: dict[str, Any] = {"schema": SCHEMA, "budget_bytes": budget, "captures": []}
    if since is not None:
        whole["since"] = _shortened(since, budget // 3)
    whole["left_out"] = {"captures": len(captures)}
    filling = _Filling(whole, budget - 1 - len(dumped(whole)))
    shown = [one for one in captures if filling.opened(one)]
    whole["left_out"]["captures"] = len(captures) - len(whole["captures"])
    ranked = sorted(
        (rank, at, number)
        for at, one in enumerate(shown)
        for number, (rank, _) in enumerate(one.pieces)
    )
    for _, at, number in ranked:
        filling.give(whole["captures"][at], shown[at].pieces[number][1])
    filling.lengthen()
    return whole


def _shortened(since: dict[str, Any], room: int) -> dict[str, Any]:
    """Return what changed in so many bytes: its longest lists lose their last entries first."""
    kept = {key: list(one) if isinstance(one, list) else one for key, one in since.items()}
    lists = [one for one in kept.values() if isinstance(one, list)]
    gone = 0
    while len(dumped({**kept, "left_out": since["left_out"] + gone})) > room and any(lists):
        max(lists, key=len).pop()
        gone += 1
    kept["left_out"] = since["left_out"] + gone
    return kept


class _Filling:
    """The room that is left, and what was closed for want of it."""

    def __init__(self, whole: dict[str, Any], left: int) -> None:
        self._whole, self._left = whole, left
        self._closed: set[tuple[int, str]] = set()
        self._short: list[tuple[dict[str, Any], Piece, int | None, int]] = []
        self._full = False

    def opened(self, parts: Parts) -> bool:
        """Give what always stands of a capture with its first finding; False where no room is."""
        if self._full:
            return False
        one = _empty(parts)
        first = next((piece for _, piece in parts.pieces if piece.key == "findings"), None)
        least = 0 if first is None else len(dumped(first.forms[-1])) + 1
        digits = len(str(len(parts.pieces))) - 1  # how many are shortened is counted later
        cost = len(dumped(one)) + digits + (1 if self._whole["captures"] else 0)
        if cost + least > self._left:
            self._full = True
            return False
        self._left -= cost
        self._whole["captures"].append(one)
        return True

    def give(self, one: dict[str, Any], piece: Piece) -> None:
        """Give a piece in the longest form that has room; after a list's first gap no more."""
        closed = (id(one), piece.key)
        if closed in self._closed:
            return
        for number in range(piece.begin, len(piece.forms)):
            form = piece.forms[number]
            cost = len(dumped(form)) + (1 if piece.listed else -len(b"null"))
            if cost > self._left:
                continue
            self._left -= cost
            self._put(one, piece, form)
            if number:
                at = len(one[piece.key]) - 1 if piece.listed else None
                self._short.append((one, piece, at, number))
                one["left_out"]["shortened"] += 1
            return
        self._closed.add(closed)

    @staticmethod
    def _put(one: dict[str, Any], piece: Piece, form: Any) -> None:
        if piece.listed:
            one[piece.key].append(form)
            one["left_out"][piece.key] -= 1
        else:
            one[piece.key] = form

    def lengthen(self) -> None:
        """Give longer forms of what was shortened, in the same order, as far as there is room."""
        for one, piece, at, number in self._short:
            now = len(dumped(piece.forms[number]))
            for form in piece.forms[:number]:
                more = len(dumped(form)) - now
                if more > self._left:
                    continue
                self._left -= more
                if at is None:
                    one[piece.key] = form
                else:
                    one[piece.key][at] = form
                if form is piece.forms[0]:
                    one["left_out"]["shortened"] -= 1
                break


def _empty(parts: Parts) -> dict[str, Any]:
    """Return a capture of which nothing is given but what always stands."""
    return {
        **parts.always,
        **{name: [] for name in LISTS},
        **dict.fromkeys(FIELDS),
        "left_out": {
            **{name: parts.totals.get(name, 0) for name in LISTS},
            "shortened": 0,
        },
    }
