"""Samples as tables: workers number codes anew, and tell a listing once."""

from __future__ import annotations

from typing import Any

from ncutool_parsers import ncu_samples


def action(address: int, listing: list[Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "total": 10,
        "code": 0,
        "rows": [[address, 4, "wait", 3, "k.cu", 7]],
        "lines": [["k.cu", 7, 4, "wait", 3, "x += y;"]],
    }
    return {"samples": found | ({} if listing is None else {"listing": listing})}


def test_a_number_that_comes_with_a_listing_is_a_new_code() -> None:
    first, second = [[32, "  FADD  R1, R2 ;"], [16, "???"]], [[48, "NOP"]]
    found = ncu_samples.sampled(
        [action(16, first), {}, {"samples": None}, action(32), action(48, second)]
    )
    assert found.listings.rows() == [(0, 16, None), (0, 32, "FADD R1, R2"), (1, 48, "NOP")]
    assert found.samples.select("launch_id", "code", "address").rows() == [
        (0, 0, 16), (3, 0, 32), (4, 1, 48)]  # fmt: skip
    assert found.lines.row(0) == (0, "k.cu", 7, 4, 10, "wait", 3)


def test_a_report_without_samples_has_empty_tables() -> None:
    found = ncu_samples.sampled([{}])
    assert (found.samples.height, found.lines.height, found.listings.height) == (0, 0, 0)


def test_source_lines_by_samples_and_only_with_their_text() -> None:
    """The hottest come first; a line that the report holds no source of is left out."""
    hot = {
        "samples": {"lines": [["k.cu", 9, 40, "wait", 3, "hot();"], ["k.cu", 8, 50, None, 0, None]]}
    }
    many = {"samples": {"lines": [["m.cu", n, 1, None, 0, f"line {n}"] for n in range(100)]}}
    assert ncu_samples.source_lines([action(16), hot, {}, {"samples": None}]) == {
        "k.cu:9": "hot();", "k.cu:7": "x += y;"}  # fmt: skip
    kept = ncu_samples.source_lines([many, hot])
    assert list(kept)[:2] == ["k.cu:9", "m.cu:0"]
    assert len(kept) == ncu_samples.MOST_SOURCE_LINES
