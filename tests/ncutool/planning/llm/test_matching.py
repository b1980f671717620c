"""Products of a capture against the weights of a plan: layouts, counts, types, presets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ncutool.devices.resolve import Device, resolve
from ncutool.planning import llm
from ncutool.planning.llm.matching import Seen, candidates, match
from ncutool.planning.llm.product_shapes import Weights, layouts
from ncutool.planning.llm.setup import Setup


def device(name: str = "H100 SXM") -> Device:
    """A row of the device table."""
    found = resolve(None, name).device
    assert found is not None
    return found


def setup(model: str = "qwen3-8b", tensor_parallel: int = 1, **types: str) -> Setup:
    """A preset on an H100."""
    return llm.plan(model, device(), tensor_parallel=tensor_parallel, **types).setup  # type: ignore[arg-type] # types are texts


def seen_of(layout: tuple[Weights, ...], rows: int = 32, steps: int = 1) -> list[Seen]:
    """The products that a capture of so many steps of this layout shows."""
    sums: dict[tuple[int, int], int] = {}
    for one in layout:
        key = (one.inputs, one.outputs)
        sums[key] = sums.get(key, 0) + steps * one.calls
    return [
        Seen(rows, inputs, outputs, calls, 2.0, 1_000) for (inputs, outputs), calls in sums.items()
    ]


QWEN3_8B = [
    Seen(32, 4096, 24576, 36, 2.0, 2_417_659),
    Seen(32, 12288, 4096, 36, 2.0, 1_461_907),
    Seen(32, 4096, 6144, 36, 2.0, 903_515),
    Seen(32, 4096, 4096, 36, 2.0, 602_344),
    Seen(32, 4096, 151936, 1, 2.0, 396_832),
]


def test_merged_products_are_told_from_their_shapes() -> None:
    """Query, key and value in one product, gate and up in another; none is left over."""
    found = match(setup(), QWEN3_8B, 1)
    assert found.verdict == "same"
    assert [(pair.weights.names, pair.calls) for pair in found.pairs] == [
        (("query", "key", "value"), 36),
        (("output",), 36),
        (("gate", "up"), 36),
        (("down",), 36),
        (("head",), 1),
    ]
    assert sum(pair.weights.step_bytes for pair in found.pairs) == 36 * 385_875_968 + 1_244_659_712


def test_single_products_of_one_shape_are_counted_together() -> None:
    """Unmerged, query and output of 4096 × 4096 are 72 calls a step, key and value 72 others."""
    seen = [
        Seen(8, 4096, 4096, 72, 2.0, 1),
        Seen(8, 4096, 1024, 72, 2.0, 1),
        Seen(8, 4096, 12288, 72, 2.0, 1),
        Seen(8, 12288, 4096, 36, 2.0, 1),
        Seen(8, 4096, 151936, 1, 2.0, 1),
    ]
    found = match(setup(), seen, None)
    assert (found.verdict, found.steps) == ("same", 1)
    assert {(pair.weights.names, pair.weights.calls) for pair in found.pairs} == {
        (("query", "output"), 72),
        (("key", "value"), 72),
        (("gate", "up"), 72),
        (("down",), 36),
        (("head",), 1),
    }


def test_steps_are_told_by_the_calls() -> None:
    """Without annotations, three times the calls are three steps."""
    seen = [replace(one, calls=3 * one.calls) for one in QWEN3_8B]
    found = match(setup(), seen, None)
    assert (found.verdict, found.steps) == ("same", 3)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([*QWEN3_8B[1:]], None),
        ([replace(QWEN3_8B[0], calls=32), *QWEN3_8B[1:]], "32 times a step by [4096,24576]"),
        ([replace(QWEN3_8B[0], outputs=28672), *QWEN3_8B[1:]], "[4096,28672] × 36"),
        ([replace(QWEN3_8B[0], bytes_per_value=1.0), *QWEN3_8B[1:]], "1 bytes a value"),
    ],
)
def test_what_differs_is_said_with_its_shape(seen: list[Seen], said: str | None) -> None:
    """A product too few is not seen; another count, shape or type is another model or layout."""
    found = match(setup(), seen, 1)
    if said is None:
        assert found.verdict == "partly"
        assert [one.names for one in found.missing] == [("gate", "up")]
        return
    assert found.verdict == "differs"
    assert any(said in each for each in (*found.problems, *found.types))


def test_a_padded_vocabulary_is_the_head() -> None:
    """Engines round a vocabulary up: 151,936 columns may be 152,064, but not 160,000."""
    padded = [*QWEN3_8B[:-1], replace(QWEN3_8B[-1], outputs=152_064)]
    assert match(setup(), padded, 1).verdict == "same"
    other = [*QWEN3_8B[:-1], replace(QWEN3_8B[-1], outputs=160_000)]
    assert match(setup(), other, 1).verdict == "differs"


def test_small_foreign_weights_are_borne() -> None:
    """An adapter of rank 16 beside each layer is not another model; it is named."""
    adapters = [Seen(32, 4096, 16, 36, 2.0, 1), Seen(32, 16, 4096, 36, 2.0, 1)]
    found = match(setup(), [*QWEN3_8B, *adapters], 1)
    assert found.verdict == "same"
    assert set(found.foreign) == set(adapters)


def test_no_product_is_no_verdict() -> None:
    """A replayed graph without its capture run has no shapes: nothing is checked."""
    assert match(setup(), [], 1).verdict == "unknown"


def test_presets_are_found_by_shapes_and_counts() -> None:
    """Qwen3-8B alone has these; gpt-oss-120b divided by 8 has those of a rank."""
    assert candidates(QWEN3_8B, device(), 1) == ("--preset qwen3-8b",)
    rank = [
        Seen(888, 2880, 640, 36, 2.0, 1),
        Seen(888, 2880, 128, 36, 2.0, 1),
        Seen(888, 512, 2880, 36, 2.0, 1),
        Seen(1, 2880, 25136, 1, 2.0, 1),
    ]
    assert candidates(rank, device(), None) == ("--preset gpt-oss-120b --tp 8",)
    assert candidates([], device(), None) == ()


@settings(max_examples=40)
@given(
    st.sampled_from(["qwen3-8b", "llama-3-8b", "gemma-2-9b", "deepseek-v2-lite", "gpt-oss-20b"]),
    st.sampled_from([1, 2, 4]),
    st.integers(0, 11),
    st.integers(1, 5),
)
def test_every_layout_of_a_plan_matches_it(
    model: str, devices: int, number: int, steps: int
) -> None:
    """Whatever an engine merges and however many steps: the plan's own products are the plan's,
    and with one call fewer they are not."""
    planned = setup(model, devices)
    known = list(layouts(planned))
    layout = known[number % len(known)]
    seen = seen_of(layout, steps=steps)
    found = match(planned, seen, steps)
    assert found.verdict == "same", (found.problems, found.types)
    fewer = [replace(seen[0], calls=seen[0].calls - 1), *seen[1:]]
    fewer = [one for one in fewer if one.calls]
    assert match(planned, fewer, steps).verdict in ("differs", "partly")
