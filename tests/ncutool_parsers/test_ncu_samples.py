"""Samples as tables: workers number codes anew, and tell a listing once."""

from __future__ import annotations

from typing import Any

from ncutool_parsers import ncu_samples


def action(address: int, listing: list[Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "total": 10,
        "code": 0,
        "rows": [[address, 4, "wait", 3, "k.cu", 7]],
        "lines": [["k.cu", 7, 4, "wait", 3]],
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
