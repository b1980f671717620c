"""When an External id names an operator, and what a bracket out of place costs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch_factory as make

from ncutool_parsers import read


@pytest.mark.parametrize(
    ("copies", "operator"),
    [(9, "aten::mm"), (10, None)],
    ids=["9 of 10 are copies", "10 of 11 are copies"],
)
def test_external_ids_are_copies_where_over_nine_tenths_repeat_the_correlation(
    tmp_path: Path, copies: int, operator: str | None
) -> None:
    """A launch without its call has the operator of its External id, unless that is a copy."""
    events = [make.op("aten::mm", 100.0, 50.0, 500)]
    for number in range(1, copies + 1):
        events.append(make.call(200.0 + 10 * number, 5.0, number))
        events.append(
            make.kernel(f"k{number}", 1_000.5 + 10 * number, 5.0, number, **{"External id": number})
        )
    events.append(make.kernel("odd", 2_000.5, 5.0, 400, **{"External id": 500}))
    capture = read(make.write(tmp_path / "trace.json", events))
    named = capture.launches.join(capture.ops, on="op_id", how="left").join(
        capture.signatures, on="signature_id", how="left"
    )
    found = dict(named.select("kernel", "op").iter_rows())
    assert found == {**{f"k{number}": None for number in range(1, copies + 1)}, "odd": operator}


def test_a_stray_bracket_costs_itself_alone(tmp_path: Path) -> None:
    """The list of events goes on behind it: both launches are there, and one thing was dropped."""
    text = make.text(make.small(), "compact")
    broken = text.replace('}, {"ph": "X", "cat": "kernel"', '}, ], {"ph": "X", "cat": "kernel"', 1)
    assert broken != text
    path = tmp_path / "trace.json"
    path.write_text(broken)
    capture = read(path)
    assert capture.launches["kernel"].to_list() == ["gemm", "Memcpy HtoD (Pageable -> Device)"]
    assert capture.ops.height == 3
    assert not capture.complete
    (notice,) = [one for one in capture.notices if one.code == "damaged"]
    assert notice.text.startswith("1 ")
