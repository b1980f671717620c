"""What is usual, from tables of measured times: estimated by rows that are near, else not known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.commands import main
from ncutool.commands.schema import schema_of
from ncutool.devices.resolve import Device, resolve
from ncutool.planning import llm
from ncutool.planning.llm.usual import calls
from ncutool.planning.llm.usual.nearness import Rows, estimate, left_out_errors
from ncutool.planning.llm.usual.reading import Measured, read
from ncutool.planning.llm.usual.rows import Row
from ncutool_parsers.errors import UsageError

FP8: dict[str, Any] = {"weights": "fp8", "activations": "fp8"}


def device(name: str = "H20") -> Device:
    """A device of the table."""
    found = resolve(None, name).device
    assert found is not None
    return found


def table(path: Path, lines: list[str]) -> Path:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def products(stretch: float, sizes: list[tuple[int, int, int]]) -> list[str]:
    """Lines of fp8 products on an H20 that take so many times their floor."""
    lines = ["family,device,dtype,m,k,n,time_us"]
    for m, k, n in sizes:
        floor_us = 1e6 * max(2 * m * k * n / 296e12, k * n / 4e12)
        lines.append(f"product,H20,fp8,{m},{k},{n},{stretch * floor_us!r}")
    return lines


NEAR = [(32, 4096, 6144), (48, 4096, 6144), (30, 4096, 6144), (32, 8192, 6144)]


def test_a_call_like_its_rows(tmp_path: Path) -> None:
    """Rows that all take 1.5 times their floor say that a like call takes 1.5 times its own."""
    measured = read(table(tmp_path / "mine.csv", products(1.5, NEAR)))
    assert [row.call.family for row in measured.rows] == ["product"] * 4
    call = calls.product(device(), "fp8_tensor", "fp8", 1.0, 32, 4096, 6144)
    assert call.floor_ns == pytest.approx(1e9 * 4096 * 6144 / 4e12)
    found = estimate(call, Rows(measured.rows).near(call))
    assert found is not None
    assert found.rows == 4
    for value in (found.low_ns, found.median_ns, found.high_ns):
        assert value == pytest.approx(1.5 * call.floor_ns)


def test_percentiles_of_near_rows(tmp_path: Path) -> None:
    """Five rows of 1 to 5 times their floor: 1.4, 3 and 4.6 are their 10th, 50th, 90th."""
    sizes = [(32, 4096, 4096 + 64 * index) for index in range(5)]
    lines = [products(1.0 + index, [size])[1] for index, size in enumerate(sizes)]
    measured = read(table(tmp_path / "m.csv", [products(1, [])[0], *lines]))
    call = calls.product(device(), "fp8_tensor", "fp8", 1.0, 32, 4096, 4200)
    found = estimate(call, Rows(measured.rows).near(call))
    assert found is not None
    assert found.low_ns / call.floor_ns == pytest.approx(1.4)
    assert found.median_ns / call.floor_ns == pytest.approx(3.0)
    assert found.high_ns / call.floor_ns == pytest.approx(4.6)


@pytest.mark.parametrize(
    ("size", "count"),
    [((64, 8192, 8192), 4), ((129, 4096, 6144), 0), ((32, 4096, 13_000), 0), ((7, 4096, 6144), 0)],
)
def test_near_is_within_a_factor_of_two(
    size: tuple[int, int, int], count: int, tmp_path: Path
) -> None:
    """In each size: what lies farther in one of them does not count."""
    rows = Rows(read(table(tmp_path / "m.csv", products(2, [(32, 4096, 6144)] * 1 + NEAR))).rows)
    call = calls.product(device(), "fp8_tensor", "fp8", 1.0, *size)
    near = [row for row in rows.near(call) if row.call.sizes]
    assert len({row.call.sizes for row in near}) == min(count, 3 if count else 0)


def _brute(rows: tuple[Row, ...], call: calls.Call) -> list[float]:
    """The nearest rows by looking at each."""
    found = []
    for row in rows:
        away = [abs(a - b) for a, b in zip(row.call.place, call.place, strict=True)]
        if max(away) <= 1:
            found.append((sum(one * one for one in away), row.where))
    return [one[0] for one in sorted(found)[:8]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(1, 5000)] * 3), min_size=1, max_size=60, unique=True),
    st.tuples(*[st.integers(1, 5000)] * 3),
)
def test_cells_find_what_looking_at_each_finds(
    sizes: list[tuple[int, int, int]], asked: tuple[int, int, int]
) -> None:
    """Rows are sorted into cells for speed alone."""
    h20 = device()
    made = [calls.product(h20, "fp8_tensor", "fp8", 1.0, *one) for one in sizes]
    rows = tuple(Row(one, h20.name, 1.0, f"m.csv:{index}") for index, one in enumerate(made))
    call = calls.product(h20, "fp8_tensor", "fp8", 1.0, *asked)
    away = [
        sum((a - b) ** 2 for a, b in zip(row.call.place, call.place, strict=True))
        for row in Rows(rows).near(call)
    ]
    assert away == pytest.approx(_brute(rows, call))


def test_errors_of_rows_left_out(tmp_path: Path) -> None:
    """Rows of one stretch are told by each other exactly; one of ten times that is not."""
    exact = left_out_errors(Rows(read(table(tmp_path / "a.csv", products(2, NEAR))).rows))
    assert (exact.rows, exact.tested, exact.without_near) == (4, 4, 0)
    assert exact.median_error == pytest.approx(0, abs=1e-9)
    odd = [*products(2, NEAR), products(20, [(32, 4096, 7000)])[1]]
    found = left_out_errors(Rows(read(table(tmp_path / "b.csv", odd)).rows))
    assert found.p90_error is not None
    assert found.p90_error > 0.5
    assert found.within is not None
    assert found.within < 1
    # Three of the four rows share their (k, n): one is left of another shape, or three for it.
    assert exact.other_shapes_without_near == 3
    assert exact.other_shapes_median_error == pytest.approx(0, abs=1e-9)


def test_a_plan_says_what_is_usual_and_what_is_not_known(tmp_path: Path) -> None:
    """Parts with near rows have a range above their floor; the rest is null, with the reason."""
    measured = read(table(tmp_path / "m.csv", products(1.5, NEAR)))
    plan = llm.plan("qwen3-8b", "H20", batch=32, measured=measured, **FP8)
    assert plan.usual is not None
    step = plan.usual.decode
    parts = {part.what: part for part in step.parts}
    merged = parts["query+key+value"]
    assert merged.sizes == (("m", 32), ("k", 4096), ("n", 6144))
    assert merged.count == 36
    assert merged.floor_ns is not None
    assert merged.floor_ns == pytest.approx(36e9 * 4096 * 6144 / 4e12)
    assert merged.median_ns == pytest.approx(1.5 * merged.floor_ns)
    assert parts["down"].low_ns is None
    assert parts["down"].reason.startswith("1 row is near in each size")
    assert parts["head"].reason.startswith("no rows of matrix products with bf16_tensor")
    assert parts["36 layers"].reason == "no rows of attention of a token of each sequence"
    assert step.whole_low_ns is None
    assert set(step.missing) >= {"feed-forward", "head", "attention", "norms"}
    assert plan.decode == llm.plan("qwen3-8b", "H20", batch=32, **FP8).decode


def test_rows_of_another_device_say_nothing(tmp_path: Path) -> None:
    """A share that one device reaches is not another's."""
    measured = read(table(tmp_path / "m.csv", products(1.5, NEAR)))
    plan = llm.plan("qwen3-8b", "H100 SXM", batch=32, measured=measured, **FP8)
    assert plan.usual is not None
    assert plan.usual.decode.low_ns is None
    reasons = {part.reason for part in plan.usual.decode.parts}
    assert reasons == {"no rows of H100 SXM 80GB: they are of H20 96GB"}
    assert plan.usual.errors == ()


def test_rows_below_their_floor_are_left_out(tmp_path: Path) -> None:
    """And told, with the line."""
    measured = read(table(tmp_path / "m.csv", [*products(2, NEAR), *products(0.9, NEAR)[1:2]]))
    assert len(measured.rows) == 4
    assert [row.where for row in measured.below_floor] == ["m.csv:6"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["a,b", "1,2"], "its headings tell no family"),
        (["family,device,dtype,m,k,n,time_us", "product,H20,fp8,1,2,3"], "6 cells under 7"),
        (["family,device,dtype,m,k,n,time_us", "conv,H20,fp8,1,2,3,4"], "no family 'conv'"),
        (["family,device,dtype,m,k,n,time_us", "product,H20,fp8,1,2,-3,4"], "n must be a number"),
        (["family,device,dtype,m,k,n,time_us", "product,H20,fp8,1,2,nan,4"], "n must be a number"),
        (["family,device,dtype,m,k,n,time_us", "product,H20,fp8,1,2,3,inf"], "time_us must be"),
        (["family,device,dtype,m,k,n,time_us", "product,H20,fp9,1,2,3,4"], "no type 'fp9'"),
        (["family,device,dtype,m,k,n,time_us", "product,H21,fp8,1,2,3,4"], "m.csv:2: "),
        (["family,device,dtype,m,k,n,time_us", "product,H20,fp8,1,,3,4"], "needs k"),
        (["family,dtype,m,k,n,time_us", "product,fp8,1,2,3,4"], "add a column device"),
        (["family,device,m,k,n,time_us", "product,H20,1,2,3,4"], "no dtype"),
        (["m,k,m", "1,2,3"], "a heading stands twice"),
        ([""], "holds no rows of a known family"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_damaged_table_is_refused_with_its_line(
    lines: list[str], words: str, tmp_path: Path
) -> None:
    """Nothing is guessed of a line that is not what it should be."""
    with pytest.raises(UsageError, match="--efficiency") as raised:
        read(table(tmp_path / "x" / "m.csv", lines))
    assert words in str(raised.value)


def test_tables_as_a_simulator_publishes_them(tmp_path: Path) -> None:
    """The device is the folder, the type is told by the share of the peak, heads by the name."""
    floor = 1e6 * 2 * 4096 * 4096 * 4096 / 296e12
    share = 1 / 1.25
    table(
        tmp_path / "gemm" / "h20" / "data.csv",
        ["m,k,n,latency_us,mfu", f"4096,4096,4096,{1.25 * floor},{share}"],
    )
    table(
        tmp_path / "mha" / "decode" / "h20" / "32-8-128.csv",
        ["bf16,fp8,16,4096,60.5,0.07"],  # without headings, as one is published
    )
    table(
        tmp_path / "mla" / "decode" / "h20" / "128-512-64.csv",
        ["dtype,kv_dtype,batch_size,kv_len,latency_us,mfu", "bf16,bf16,1,1024,25.1,0.07"],
    )
    table(
        tmp_path / "mha" / "prefill" / "h20" / "32-8-128.csv",
        ["dtype,seq_len,latency_us,mfu", "bf16,4096,1126,0.825"],
    )
    heads = "num_local_experts,topk,hidden_size,intermediate_size,seq_len_per_gpu"
    up = 1e6 * 2 * 8192 * 2048 * 3072 / 296e12
    table(
        tmp_path / "grouped" / "h20" / "data.csv",
        [
            f"{heads},up_proj_us,up_mfu,down_proj_us,down_mfu",
            f"8,8,2048,1536,1024,{2 * up},0.5,{up},0.5",
        ],
    )
    table(tmp_path / "other" / "h20" / "x.csv", ["seq_len,conv", "4096,65"])
    found = read(tmp_path)
    assert {row.device for row in found.rows} == {"H20 96GB"}
    kinds = sorted((row.call.family, row.call.kind, len(row.call.sizes)) for row in found.rows)
    assert kinds == [
        ("decode_attention", "fp8_tensor, cache fp8", 5),
        ("experts", "fp8_tensor, weights fp8", 4),
        ("experts", "fp8_tensor, weights fp8", 4),
        ("latent_attention", "bf16_tensor, cache bf16", 5),
        ("product", "fp8_tensor, weights fp8", 3),
        ("prompt_attention", "bf16_tensor, cache bf16", 5),
    ]
    assert found.unread_files == ("other/h20/x.csv",)
    wrong = ["m,k,n,latency_us,mfu", f"4096,4096,4096,{1.25 * floor},0.33"]
    with pytest.raises(UsageError, match="that of no one peak"):
        read(table(tmp_path / "bad" / "h20" / "data.csv", wrong))


def test_experts_are_carried_over_by_all_that_are_read() -> None:
    """16 experts of 64 rows: the floor is of the fewest, the reference of all of them."""
    sizes = calls.ExpertSizes(rows=64, experts=16, fewest=8, k=2048, n=1024)
    call = calls.experts(device(), "fp8_tensor", "fp8", 1.0, sizes)
    assert call.floor_ns == pytest.approx(1e9 * 8 * 2048 * 1024 / 4e12)
    assert call.reference_ns == pytest.approx(1e9 * 16 * 2048 * 1024 / 4e12)
    assert call.place == pytest.approx((2, 4, 11, 10))


def test_the_command_says_it_apart_from_the_floor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A block of its own, null and a reason in JSON."""
    path = table(tmp_path / "mine.csv", products(1.5, NEAR))
    words = ["plan", "llm", "--preset", "qwen3-8b", "--weights", "fp8", "--activations", "fp8"]
    words += ["--device", "h20", "--batch", "32", "--efficiency", str(path)]
    assert main([*words, "--format", "json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    jsonschema.validate(whole, schema_of("llm-plan"))
    told = whole["usual"]
    assert told["decode"]["whole_low_ns"] is None
    assert told["decode"]["reason"].startswith("no measured rows are near for")
    assert told["errors"][0]["tested"] == 4
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "Usual, estimated from measured rows: no floor" in out
    assert main([*words[:-1], str(tmp_path / "absent.csv")]) != 0
    assert "cannot be read" in capsys.readouterr().err


@pytest.fixture(scope="module")
def published(corpus: Path) -> Measured:
    """Rows that others measured."""
    folder = corpus / "measured" / "infersim"
    if not folder.is_dir():
        pytest.skip("no measured rows beside this checkout")
    return read(folder)


def test_of_published_rows_few_are_below_their_floor(published: Measured) -> None:
    """Three of 1,736, each with a number of rows that is a rounded mean."""
    assert len(published.rows) == 1733
    assert [row.call.family for row in published.below_floor] == ["experts"] * 3


def test_published_rows_tell_each_other(published: Measured) -> None:
    """Half of the products lie within 5 % of what the others say, and 4 of 5 in their range."""
    kept = [row for row in published.rows if row.call.family == "product"]
    found = left_out_errors(Rows(kept))
    assert found.median_error is not None
    assert found.median_error < 0.05
    assert found.within is not None
    assert found.within > 0.75
    assert found.without_near == 54
    assert math.isfinite(found.p90_error or math.nan)


@pytest.mark.parametrize(("name", "batch"), [("qwen3-8b", 32), ("llama-3-8b", 64)])
def test_the_usual_is_above_the_floor(name: str, batch: int, published: Measured) -> None:
    """Every range of every part lies above its floor, in order."""
    plan = llm.plan(name, "H20", batch=batch, measured=published, **FP8)
    assert plan.usual is not None
    known = [
        one
        for step in (plan.usual.decode, plan.usual.prefill)
        for one in step.parts
        if one.low_ns is not None
    ]
    assert len(known) >= 8
    for one in known:
        assert one.floor_ns is not None
        assert one.floor_ns <= (one.low_ns or 0) <= (one.median_ns or 0) <= (one.high_ns or 0)
