"""Batches and deployments for a speed that is wanted: held against looking at each one."""

from __future__ import annotations

from typing import Any

import pytest

from ncutool.planning import llm
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.questions import Wanted, layouts, most_prompts
from ncutool.planning.llm.step import decode_step
from ncutool.planning.llm.terms import prompt_pass, work
from ncutool_parsers.errors import UsageError

FORMS: list[tuple[str, str, dict[str, Any]]] = [
    ("llama-3-8b", "H100 SXM", {}),
    ("llama-3.1-70b", "H200 SXM", {"tensor_parallel": 2}),
    ("mixtral-8x7b", "H200 SXM", {"tensor_parallel": 2, "pipeline_parallel": 2, "batch": 2}),
    ("deepseek-v3", "H200 SXM", {"data_parallel_attention": 8, "batch": 8}),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
@pytest.mark.parametrize("milliseconds", [5.0, 12.0, 20.0, 40.0, 1000.0])
def test_the_largest_batch_is_the_last_that_holds_the_time(
    form: tuple[str, str, dict[str, Any]], milliseconds: float
) -> None:
    """It fits and holds the time, and one more does not."""
    name, device, asked = form
    wanted = Wanted(time_per_token_ns=1e6 * milliseconds)
    plan = llm.plan(name, device, wanted=wanted, contexts=(), **asked)
    assert plan.answers is not None
    found = plan.answers.largest_batch
    assert found is not None

    def holds(batch: int) -> bool:
        step = decode_step(plan.setup, batch, plan.context_tokens, plan.memory.usable_bytes)
        return step.floor_ns <= 1e6 * milliseconds

    most = plan.memory.most_sequences or 0
    if found.batch is None:
        assert found.stopped_by == "batch"
        assert not holds(found.least_batch) or most < found.least_batch
    elif found.stopped_by == "memory":
        assert holds(found.batch)
        assert found.batch == most
    else:
        assert holds(found.batch)
        assert not holds(found.batch + 1)
        assert found.batch < most


def test_prompts_within_a_time_to_the_first_token() -> None:
    """The last number of prompts that may be read in time; none where one takes longer."""
    setup = llm.plan("llama-3-8b", "H100 SXM").setup
    each = work(setup, prompt_pass(2048)).floor_ns
    assert most_prompts(setup, 2048, 7.5 * each) == 7
    assert most_prompts(setup, 2048, 0.9 * each) is None


def test_the_fewest_devices_are_those_of_looking_at_all() -> None:
    """No layout on half of the devices reaches the rate, and the named one does."""
    wanted = Wanted(time_per_token_ns=20e6, tokens_per_s=20_000)
    plan = llm.plan("llama-3.1-70b", "H200 SXM", wanted=wanted)
    assert plan.answers is not None
    found = plan.answers.smallest
    assert found is not None
    assert found.devices == 8
    reached = []
    for count in (4, 8):
        for layout in layouts(plan.setup, count):
            tried = llm.plan(
                "llama-3.1-70b", "H200 SXM", tensor_parallel=layout.tensor_parallel,
                data_parallel_attention=layout.data_parallel_attention,
                pipeline_parallel=layout.pipeline_parallel, batch=layout.least_batch,
                wanted=Wanted(time_per_token_ns=20e6), contexts=(),
            )  # fmt: skip
            assert tried.answers is not None
            assert tried.answers.largest_batch is not None
            reached.append((count, tried.answers.largest_batch.tokens_per_s or 0.0, layout))
    assert max(rate for count, rate, _ in reached if count == 4) < 20_000
    best = max(reached, key=lambda one: one[1])
    assert best[1:] == (found.reached_tokens_per_s, found.deployment)


def test_layouts_of_a_mixture_place_whole_experts_where_they_divide() -> None:
    """Eight experts divide among 2, 4 and 8 devices, and not among 16."""
    setup = llm.plan("mixtral-8x7b", "H100 SXM").setup
    assert Deployment(2, 4, 2, 1) in set(layouts(setup, 4))
    assert {one.expert_parallel for one in layouts(setup, 16) if one.stage_devices == 16} == {1}


def test_what_no_deployment_reaches_is_said() -> None:
    """A rate beyond 64 devices, with the best that was found."""
    wanted = Wanted(tokens_per_s=1e12)
    plan = llm.plan("llama-3-8b", "L4", wanted=wanted)
    assert plan.answers is not None
    found = plan.answers.smallest
    assert found is not None
    assert found.deployment is None
    assert 0 < found.reached_tokens_per_s < 1e12


@pytest.mark.parametrize("wanted", [Wanted(0.0), Wanted(None, -1.0), Wanted(None, None, 0.0)])
def test_what_cannot_be_wanted(wanted: Wanted) -> None:
    """Times and rates are above 0."""
    with pytest.raises(UsageError, match="must be above 0"):
        llm.plan("llama-3-8b", "H100 SXM", wanted=wanted)


def test_a_cache_that_is_not_known_limits_no_batch() -> None:
    """A parameter count alone tells no batch."""
    from ncutool.planning.llm.described import counted

    with pytest.raises(UsageError, match="shape of its attention is not known"):
        llm.plan(counted(8e9, {}), "H100 SXM", wanted=Wanted(20e6))
