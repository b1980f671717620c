"""Cached prefixes, chunks, speculation, divided devices, and shares of attention, by hand."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.commands import main
from ncutool.commands.schema import schema_of
from ncutool.devices.table import load_devices
from ncutool.planning import llm
from ncutool.planning.llm.chunked import Beside, chunked
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.mixed import mixed_work
from ncutool.planning.llm.predicting import predicting_model, without_head
from ncutool.planning.llm.questions import Wanted
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.sides import Side, parse_side
from ncutool.planning.llm.speculation import Proposing, break_even, speculate, tokens_per_step
from ncutool.planning.llm.terms import ATTENTION, Pass, decode_pass, prompt_pass, work
from ncutool.planning.llm.ways import Divided, Ways
from ncutool_parsers.errors import UsageError

CARDS = [one.name for one in load_devices() if "bf16_tensor" in one.peak_flop_per_s]
names = st.sampled_from(llm.preset_names())
cards = st.sampled_from(CARDS)


def setup_of(name: str, device: str = "H100 SXM", **asked: Any) -> Setup:
    """A model on a device."""
    return llm.plan(name, device, batches=(), contexts=(), **asked).setup


# Shares and equalities.


def test_shares_of_llama_by_hand() -> None:
    """Llama-3-8B: a token's weights are 2 · 7,504,658,432 FLOPs, its attention 2 · 32 · 32 · 256 a
    token of context."""
    plan = llm.plan("llama-3-8b", "H100 SXM", batch=4, context_tokens=8192, contexts=())
    weights = sum(one.uses * one.values for one in plan.model.matrices)
    assert weights == 7_504_658_432
    each = 32 * 32 * 2 * 256  # layers, heads, scores and values of 128 each
    attention = each * 8192
    told = plan.shares
    assert told.attention_flop_pct == pytest.approx(100 * attention / (attention + 2 * weights))
    assert told.equal_decode_context_tokens == -(-2 * weights // each) == 28_628
    # Causal pairs of a prompt: n (n + 1) / 2 against n products, the head but once.
    n = told.equal_prompt_tokens
    assert n is not None
    layers = 2 * (weights - 128_256 * 4096)
    head = 2 * 128_256 * 4096
    assert each * n * (n + 1) / 2 >= layers * n + head
    assert each * (n - 1) * n / 2 < layers * (n - 1) + head
    moved = plan.decode.weight_bytes + 4 * 8192 * 131_072
    assert told.intensity_flop_per_byte == pytest.approx(4 * (attention + 2 * weights) / moved)
    assert told.attention_bytes_pct == pytest.approx(100 * 4 * 8192 * 131_072 / moved)
    assert told.attention_time_pct == pytest.approx(told.attention_bytes_pct)


@settings(max_examples=60, deadline=None)
@given(names, cards, st.integers(1, 600), st.integers(1, 100_000))
def test_equal_flops_is_where_attention_reaches_the_weights(
    name: str, card: str, batch: int, context: int
) -> None:
    """At that context it does, one token before it does not; shares are shares."""
    plan = llm.plan(name, card, batch=batch, context_tokens=context, batches=(), contexts=())
    told = plan.shares
    assert told.intensity_flop_per_byte == pytest.approx(plan.decode.intensity_flop_per_byte)
    for share in (told.attention_flop_pct, told.attention_bytes_pct, told.attention_time_pct):
        assert share is not None
        assert 0 <= share <= 100
    equal = told.equal_decode_context_tokens
    if equal is None or equal == 1:
        return
    at, before = (work(plan.setup, decode_pass(1, one)) for one in (equal, equal - 1))
    assert at.of(ATTENTION).flop >= at.products.flop * (1 - 1e-9)
    assert before.of(ATTENTION).flop < before.products.flop * (1 + 1e-9)


def test_without_an_attention_shape_shares_are_not_known() -> None:
    """A parameter count alone says nothing of them."""
    from ncutool.planning.llm.described import counted

    told = llm.plan(counted(8e9, {}), "H100 SXM").shares
    assert told.attention_flop_pct is None
    assert told.equal_decode_context_tokens is None


# Prefixes.


@settings(max_examples=60, deadline=None)
@given(names, cards, st.integers(1, 20_000), st.floats(0, 1))
def test_a_cached_prefix_saves_time_and_never_all(
    name: str, card: str, prompt: int, share: float
) -> None:
    """At least one token is new; its floor is no less than a decode step's at that context."""
    plan = llm.plan(
        name, card, prompt_tokens=prompt, batches=(), contexts=(), ways=Ways(prefix_share=share)
    )
    found = plan.ways.prefix
    assert found is not None
    assert found.cached_tokens + found.new_tokens == prompt
    assert found.new_tokens >= 1
    assert found.cached_tokens <= share * prompt
    assert found.floor_ns <= found.without_ns * (1 + 1e-9) or plan.prefill.floor_bound == "memory"
    assert found.without_ns == pytest.approx(plan.prefill.floor_ns)
    if share == 0:
        assert found.floor_ns == pytest.approx(found.without_ns)
    step = work(plan.setup, decode_pass(1, prompt)).floor_ns
    assert found.floor_ns >= step * (1 - 1e-9)


def test_a_common_prefix_is_held_and_read_once() -> None:
    """Half of 2,000 tokens shared: requests hold the other half and what they make."""
    asked: dict[str, Any] = {"prompt_tokens": 2000, "output_tokens": 100, "contexts": ()}
    plain = llm.plan("llama-3-8b", "H100 SXM", **asked).serving
    plan = llm.plan("llama-3-8b", "H100 SXM", ways=Ways(prefix_share=0.5), **asked)
    half = plan.serving
    assert plain is not None
    assert half is not None
    kv = 131_072
    left = plan.memory.usable_bytes - plan.memory.weight_bytes
    assert half.cached_tokens == 1000
    assert half.sequences == pytest.approx((left - 1000 * kv) / (1049.5 * kv))
    assert plain.sequences == pytest.approx(left / (2049.5 * kv))
    own = half.own_prefix_output_tokens_per_s
    assert own is not None
    assert plain.output_tokens_per_s <= own <= half.output_tokens_per_s
    assert plain.own_prefix_output_tokens_per_s is None


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_no_share(share: float) -> None:
    """A share is from 0 to 1."""
    with pytest.raises(UsageError, match="from 0 to 1"):
        llm.plan("llama-3-8b", "H100 SXM", ways=Ways(prefix_share=share))


@settings(max_examples=40, deadline=None)
@given(names, st.integers(1, 4000), st.integers(1, 600), st.floats(0, 1))
def test_costs_apart_are_no_less_than_the_whole(
    name: str, prompt: int, output: int, share: float
) -> None:
    """Where one's memory works beside the other's math the whole may cost less, never more."""
    found = llm.plan(
        name, "B300", tensor_parallel=1, prompt_tokens=prompt, output_tokens=output,
        price_per_hour=2, batches=(), contexts=(), ways=Ways(prefix_share=share),
    ).serving  # fmt: skip
    if found is None:
        return
    whole = found.cost_per_million_output_tokens
    read, made = found.input_cost_per_million_tokens, found.decode_cost_per_million_tokens
    assert whole is not None
    assert read is not None
    assert (made is None) == (output == 1)
    apart = prompt * read + (output - 1) * (made or 0.0)
    assert output * whole <= apart * (1 + 1e-9)
    assert output * whole >= max(prompt * read, (output - 1) * (made or 0.0)) * (1 - 1e-9)


# Chunks.


@settings(max_examples=40, deadline=None)
@given(names, st.integers(1, 300), st.integers(1, 20_000))
def test_a_mixed_step_of_one_pass_is_that_pass(name: str, batch: int, context: int) -> None:
    """And two decode passes of the same context are one of both."""
    setup = setup_of(name)
    for one in (decode_pass(batch, context), prompt_pass(context), Pass(2, 3, context + 3, 0)):
        alone, mixed = work(setup, one, "expected"), mixed_work(setup, (one,), "expected")
        assert mixed.flop == pytest.approx(alone.flop)
        assert mixed.weight_bytes == pytest.approx(alone.weight_bytes)
        assert mixed.cache_bytes == pytest.approx(alone.cache_bytes)
        assert mixed.floor_ns == pytest.approx(alone.floor_ns)
    both = mixed_work(setup, (decode_pass(batch, context), decode_pass(7, context)))
    assert both.floor_ns == pytest.approx(work(setup, decode_pass(batch + 7, context)).floor_ns)


@settings(max_examples=60, deadline=None)
@given(
    names, cards, st.integers(1, 5000), st.integers(1, 6000), st.integers(1, 200),
    st.integers(0, 4000),
)  # fmt: skip
def test_chunks_take_no_less_than_the_prompt_and_no_more_than_all_apart(
    name: str, card: str, chunk: int, prompt: int, batch: int, cached: int
) -> None:
    """The FLOPs of all chunks are the prompt's; each step holds a decode step too."""
    cached = min(cached, prompt - 1)
    setup = setup_of(name, card)
    beside = Beside(batch, 1000, prompt, cached)
    if (prompt - cached) / chunk > 200:
        return
    found = chunked(setup, chunk, beside)
    assert found.steps == -(-(prompt - cached) // chunk)
    assert found.first_token_ns >= found.prompt_alone_ns * (1 - 1e-9) or setup.model.states
    assert found.step_ns >= found.alone_ns * (1 - 1e-9)
    assert found.first_token_ns <= found.steps * found.step_ns * (1 + 1e-9)
    assert found.expected_step_ns >= found.step_ns * (1 - 1e-9)


def test_the_largest_chunk_holds_the_time_and_one_more_does_not() -> None:
    """Beside 32 sequences of Llama-3-8B on an H100, for 25 ms a token."""
    setup = setup_of("llama-3-8b")
    beside = Beside(32, 4096, 8192)
    limit = 25e6
    found = chunked(setup, 512, beside, limit).largest_chunk_tokens
    assert found is not None
    for size, holds in ((found, True), (found + 1, False)):
        step = mixed_work(setup, (decode_pass(32, 4096), Pass(1, size, 8192, 1)))
        assert (step.floor_ns <= limit) is holds
    assert chunked(setup, 512, beside, 1.0).largest_chunk_tokens is None
    assert chunked(setup, 512, beside).largest_chunk_tokens is None


def test_too_many_chunks_are_refused() -> None:
    """With the remedy."""
    with pytest.raises(UsageError, match="larger --chunk"):
        chunked(setup_of("llama-3-8b"), 1, Beside(1, 10, 100_000))


# Speculation.


def test_tokens_of_a_step() -> None:
    """1 + 0.7 + 0.49 + 0.343 + 0.2401, and the acceptance that pays for a cost."""
    assert tokens_per_step(0.7, 4) == pytest.approx(2.7731)
    assert tokens_per_step(0, 4) == 1
    assert tokens_per_step(1, 4) == 5
    assert break_even(2.7731, 4) == pytest.approx(0.7, abs=1e-6)
    assert break_even(1, 3) == 0
    assert break_even(4.01, 3) is None


def test_lookup_reads_weights_and_cache_once_for_all_proposed() -> None:
    """Nothing proposes at a cost: a step of 4 + 1 tokens reads what a plain one reads, and 4 tokens
    of cache more."""
    setup = setup_of("llama-3-8b", batch=8, context_tokens=4096)
    found = speculate(setup, Proposing(4, 0.5), 8, 4096, (1, 8), 1e12)
    kv, plain = 131_072, work(setup, decode_pass(8, 4096))
    written = plain.memory_ns + 1e9 * 8 * 4 * kv * 2 / 3.35e12  # 4 more written; read 4,096 too
    assert found.draft_pass_ns == 0
    assert found.verify_ns == pytest.approx(plain.memory_ns, rel=0.002)
    assert found.verify_ns <= written
    assert found.tokens_per_step == pytest.approx(1.9375)
    assert found.ratio == pytest.approx(1.9375 * plain.floor_ns / found.step_ns)
    assert found.attention_intensity_flop_per_byte == pytest.approx(5 * 4.0, rel=0.01)
    assert found.plain_attention_intensity_flop_per_byte == pytest.approx(4.0, rel=1e-3)
    assert found.useful_flop_pct == pytest.approx(100 * 1.9375 / 5)
    assert found.draft_resident_bytes == 0
    assert [row.batch for row in found.batches] == [1, 8]
    assert found.batches[1].ratio == pytest.approx(found.expected_in_turn_ratio)


@settings(max_examples=50, deadline=None)
@given(
    names, cards, st.integers(1, 8), st.floats(0, 1), st.integers(1, 300), st.integers(1, 50_000),
    st.sampled_from([None, "llama-3.2-1b", "qwen3-4b"]),
)  # fmt: skip
def test_speculation_never_makes_more_than_it_proposes(
    name: str,
    card: str,
    tokens: int,
    acceptance: float,
    batch: int,
    context: int,
    draft: str | None,
) -> None:
    """Nor is a step shorter than a plain one; passes in turn take no less than together."""
    setup = setup_of(name, card)
    model = None if draft is None else llm.preset(draft)
    found = speculate(setup, Proposing(tokens, acceptance, model), batch, context, (), 1e15)
    assert 1 <= found.tokens_per_step <= tokens + 1
    assert found.step_ns >= found.plain_ns * (1 - 1e-9)
    assert found.step_ns <= found.in_turn_ns * (1 + 1e-9)
    assert found.in_turn_ns == pytest.approx(tokens * found.draft_pass_ns + found.verify_ns)
    assert found.in_turn_ns <= found.expected_in_turn_ns * (1 + 1e-9)
    assert found.ratio <= (tokens + 1) * (1 + 1e-9)
    even = found.break_even_acceptance
    if even is not None and even > 0:
        gain = tokens_per_step(even, tokens) * found.expected_plain_ns / found.expected_in_turn_ns
        assert gain == pytest.approx(1, rel=1e-6)


def test_deepseek_s_own_prediction_layer() -> None:
    """11.6 B parameters of its own (published: a module of 11.5 B beside embedding and head)."""
    model = llm.preset("deepseek-v3")
    assert model.predicting_layers == 1
    layer = without_head(predicting_model(model))
    experts, shared = 256 * 3 * 7168 * 2048, 3 * 7168 * 2048
    attention = 7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168
    assert layer.parameters == experts + shared + attention + 7168 * 256 + 2 * 7168 * 7168
    assert layer.parameters == pytest.approx(11.6e9, rel=0.01)
    assert [one.layers for one in layer.caches] == [1]


@pytest.mark.parametrize(
    ("name", "proposing", "words"),
    [
        ("llama-3-8b", Proposing(1, 0.8, by_own_layers=True), "names no layers for multi-token"),
        ("llama-3-8b", Proposing(1, 1.2), "acceptance must be from 0 to 1"),
        ("llama-3-8b", Proposing(65, 0.5), "at most 64"),
        ("llama-3-8b", Proposing(0, 0.5), "whole number from 1"),
        (
            "deepseek-v3",
            Proposing(1, 0.8, llm.preset("llama-3-8b"), by_own_layers=True),
            "give one of them",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_propose(name: str, proposing: Proposing, words: str) -> None:
    """Is refused with the reason."""
    with pytest.raises(UsageError, match=words):
        llm.plan(name, "B300", ways=Ways(proposing=proposing))


# Divided devices.


def test_a_division_by_hand() -> None:
    """Llama-3-8B on single H100s, 1,000 in and 100 out."""
    plan = llm.plan(
        "llama-3-8b", "H100 SXM", prompt_tokens=1000, output_tokens=100, contexts=(),
        ways=Ways(divided=Divided(8, link_bytes_per_s=100e9)),
    )  # fmt: skip
    found = plan.ways.pools
    assert found is not None
    assert found.decode_sequences is not None
    assert found.decode_requests_per_s is not None
    kv = 131_072
    assert found.transfer_bytes == 1000 * kv
    assert found.transfer_ns == pytest.approx(1e9 * 1000 * kv / 100e9)
    reading = work(plan.setup, prompt_pass(1000, found.prefill_prompts))
    assert found.prefill_requests_per_s == pytest.approx(
        1e9 * found.prefill_prompts / reading.floor_ns
    )
    left = plan.memory.usable_bytes - plan.memory.weight_bytes
    assert found.decode_sequences == pytest.approx(left / (1049.5 * kv))
    weights = work(plan.setup, decode_pass(1, 1)).weight_bytes
    # 99 steps after the first token, of contexts of 1,001 to 1,099, each token written too.
    cache = sum(kv * length for length in range(1001, 1100))
    each = 1e9 * (99 * weights / found.decode_sequences + cache) / 3.35e12
    assert found.decode_requests_per_s == pytest.approx(1e9 / each, rel=0.002)
    best = found.best
    assert best is not None
    assert best.prefill_units + best.decode_units == 8
    assert best.requests_per_s == max(
        min(one * found.prefill_requests_per_s, (8 - one) * found.decode_requests_per_s)
        for one in range(1, 8)
    )
    assert found.transfer_ns is not None
    assert found.first_token_ns == max(found.prompt_ns, found.transfer_ns)
    assert found.mixed_requests_per_s is not None
    assert best.requests_per_s <= found.mixed_requests_per_s * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["llama-3-8b", "qwen3-8b", "gpt-oss-20b", "gemma-3-12b", "qwen3-30b-a3b"]),
    st.sampled_from(["H200 SXM", "B200", "MI300X"]),
    st.integers(2, 64),
    st.integers(1, 8000),
    st.integers(1, 800),
    st.floats(0, 1),
)
def test_no_division_gives_more_than_mixing(
    name: str, card: str, devices: int, prompt: int, output: int, share: float
) -> None:
    """Whatever one side lacks the other has in plenty: by floors mixing is never worse."""
    found = llm.plan(
        name, card, prompt_tokens=prompt, output_tokens=output, batches=(), contexts=(),
        ways=Ways(prefix_share=share, divided=Divided(devices)),
    ).ways.pools  # fmt: skip
    assert found is not None
    assert found.best is not None
    assert found.mixed_requests_per_s is not None
    assert found.best.requests_per_s <= found.mixed_requests_per_s * (1 + 1e-6)
    assert found.best.prefill_units + found.best.decode_units == devices
    assert found.best in found.splits


def test_times_are_held() -> None:
    """Fewer sequences at a time for 15 ms a token; a time that cannot be held is refused."""
    asked: dict[str, Any] = {"prompt_tokens": 1000, "output_tokens": 100, "contexts": ()}
    ways = Ways(divided=Divided(4))
    free = llm.plan("llama-3-8b", "H100 SXM", ways=ways, **asked).ways.pools
    wanted = Wanted(time_per_token_ns=12e6, time_to_first_token_ns=100e6)
    held = llm.plan("llama-3-8b", "H100 SXM", ways=ways, wanted=wanted, **asked).ways.pools
    assert free is not None
    assert held is not None
    assert free.decode_step_ns is not None
    assert free.decode_step_ns > 12e6
    assert held.decode_step_ns == pytest.approx(12e6)
    assert (held.decode_sequences or 0) < (free.decode_sequences or 0)
    assert held.prefill_prompts < free.prefill_prompts
    with pytest.raises(UsageError, match="a decode unit takes"):
        llm.plan("llama-3-8b", "H100 SXM", ways=ways, wanted=Wanted(time_per_token_ns=1e6), **asked)
    with pytest.raises(UsageError, match="--output-tokens"):
        llm.plan("llama-3-8b", "H100 SXM", ways=ways)


def test_links_that_are_not_known_are_null() -> None:
    """The transfer and what follows from it; the rates of both sides stand."""
    found = llm.plan(
        "llama-3-8b", "L4", weights="int4", prompt_tokens=100, output_tokens=10, contexts=(),
        ways=Ways(divided=Divided(2)),
    ).ways.pools  # fmt: skip
    assert found is not None
    if found.link_bytes_per_s is None:
        assert found.transfer_ns is None
        assert found.first_token_ns is None
    assert found.best is not None


def test_a_transfer_is_of_what_the_prompt_adds() -> None:
    """Of Gemma-3-12B's 48 layers 40 keep 1,024 tokens at most, cached before or not."""
    asked: dict[str, Any] = {"prompt_tokens": 8000, "output_tokens": 10, "contexts": ()}
    ways = Ways(prefix_share=0.5, divided=Divided(2))
    found = llm.plan("gemma-3-12b", "H200 SXM", ways=ways, **asked).ways.pools
    assert found is not None
    each = 393_216 // 48
    assert found.transfer_bytes == each * (40 * 1024 + 8 * 4000)


# Sides.


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("h100-sxm", Side("h100-sxm", None)),
        ("2xh100-sxm", Side("h100-sxm", Deployment(2))),
        ("4 × H200 SXM", Side("H200 SXM", Deployment(4))),
        ("b200:tp=2,pp=3", Side("b200", Deployment(2, 1, 1, 3))),
        ("b200: dp=8, ep=8", Side("b200", Deployment(1, 8, 8, 1))),
    ],
)
def test_sides(text: str, side: Side) -> None:
    """A device and its layout, as people write them."""
    assert parse_side(text) == side


@pytest.mark.parametrize(
    "text",
    ["0xh100", "b200:", "b200:tp", "b200:tp=0", "b200:tp=2,tp=2", "b200:xp=1", "2xb200:tp=2"],
)
def test_no_sides(text: str) -> None:
    """What is not written so is refused, with how to write it."""
    with pytest.raises(UsageError, match="a device is written"):
        parse_side(text)


# The command.


def test_the_command_answers_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """In JSON, each under its name."""
    words = ["plan", "llm", "--preset", "llama-3.1-70b", "--device", "h100-sxm", "--tp", "4"]
    words += ["--batch", "16", "--output-tokens", "500", "--price", "2", "--prefix-share", "75%"]
    words += ["--chunk", "512", "--propose", "4", "--acceptance", "0.7", "--draft", "llama-3.1-8b"]
    words += ["--divide", "16", "--transfer-link", "50", "--prefill-unit", "8xh100-sxm"]
    assert main([*words, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["prefix"]["cached_tokens"] == 3072
    assert told["chunked"]["steps"] == 2
    assert told["speculation"]["tokens_per_step"] == pytest.approx(2.7731)
    assert told["divided"]["prefill_layout"]["tensor_parallel"] == 8
    assert told["divided"]["best"]["decode_units"] == 2
    assert told["serving"]["input_cost_per_million_tokens"] > 0
    assert told["shares"]["equal_decode_context_tokens"] == 53_026
    assert told["usual"] is None
    jsonschema.validate(told, schema_of("llm-plan"))
    assert main(words) == 0
    out = capsys.readouterr().out
    for title in ("cached prefix", "in chunks", "Speculative decoding", "prefill and decode apart"):
        assert title in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--propose", "3"], "--acceptance"),
        (["--acceptance", "0.5"], "--propose"),
        (["--mtp"], "--propose"),
        (["--transfer-link", "50"], "--divide"),
        (["--divide", "8"], "--output-tokens"),
        (["--price", "2"], "--output-tokens"),
        (["--propose", "3", "--acceptance", "0.5", "--draft", "no-such"], "no preset named"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_options_that_lack_another(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each error names what is missing."""
    assert main(["plan", "llm", "--preset", "llama-3-8b", "--device", "b200", *words]) == 2
    assert told in capsys.readouterr().err
