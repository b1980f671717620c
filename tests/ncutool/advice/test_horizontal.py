"""Many small launches side by side."""

from __future__ import annotations

from trace_factory import Step, Trace, run, view

from ncutool.advice.fuse import horizontal
from ncutool.advice.view.finding import Draft

F = "float"


def drafts(trace: Trace) -> tuple[Draft, ...]:
    """What horizontal fusion makes of a trace."""
    return horizontal.drafts(view(trace.capture()), frozenset()).drafts


def one(name: str, *shapes: tuple[int, ...], ns: int = 3_000) -> Step:
    """One fp32 call."""
    return f"aten::{name}", list(shapes), [F] * len(shapes), ns


def adagrad(count: int) -> list[Step]:
    """Unfused steps over parameters of different sizes, the last a single number."""
    steps: list[Step] = []
    for index in range(count):
        shape = (64 + index, 64) if index < count - 1 else (1,)
        steps += [
            one("addcmul_", shape, shape, shape),
            one("sqrt", shape),
            one("add_", shape),
            one("addcdiv_", shape, shape, shape),
        ]
    return steps


def test_every_step_of_an_optimizer_counts() -> None:
    """16 parameters, four operators each; what surrounds the steps is none of them."""
    around = one("mul", (64, 64), (64, 64))
    (draft,) = drafts(run([around, *adagrad(16), around]))
    assert draft.title == "Update parameters with multi-tensor kernels"
    assert draft.launches == tuple(range(1, 65))
    assert len(draft.removed) == 60


def test_an_annotation_names_the_optimizer() -> None:
    """Adam has a fused form: one kernel at best."""
    trace = run(adagrad(16))
    trace.annotations.append(
        {"name": "Optimizer.step#AdamW.step", "on_device": False, "thread": 0,
         "start_ns": -3_000_000, "end_ns": -1_000}
    )  # fmt: skip
    (draft,) = drafts(trace)
    assert draft.code == "torch.optim.AdamW(model.parameters(), lr=lr, fused=True)"
    assert "the steps of AdamW" in draft.evidence[0]
    assert draft.grade == "certain"


def test_an_annotated_class_that_torch_has_not_is_no_code() -> None:
    """The annotation is the user's own text: it is quoted, and no call is made up from it."""
    trace = run(adagrad(16))
    trace.annotations.append(
        {"name": "Optimizer.step#FusedLamb.step", "on_device": False, "thread": 0,
         "start_ns": -3_000_000, "end_ns": -1_000}
    )  # fmt: skip
    (draft,) = drafts(trace)
    assert "the steps of FusedLamb" in draft.evidence[0]
    assert draft.code == "torch._foreach_add_(parameters, gradients, alpha=-lr)"
    assert "fused=True" not in draft.remedy


def test_updates_outside_the_annotated_steps_are_no_optimizers() -> None:
    """Only the launches of the second half lie inside the optimizer's annotation."""
    trace = run([*adagrad(16), *adagrad(16)])
    for launch in trace.launches[64:]:
        launch["nvtx"] = "Optimizer.step#AdamW.step"
    (draft,) = drafts(trace)
    assert draft.launches == tuple(range(64, 128))


def test_gradients_that_autograd_adds_up_are_no_optimizers_steps() -> None:
    """AccumulateGrad adds one gradient at a time; nobody can call that as one operator."""
    trace = Trace()
    for index in range(40):
        host, shape = -2_000_000 + 10_000 * index, (64 + index, 64)
        node = trace.op("torch::autograd::AccumulateGrad", host, host + 4_000)
        op = trace.op("aten::add_", host + 100, host + 900, [shape, shape], [F, F])
        trace.ops[op]["parent_id"] = node
        trace.kernel(10_000 * index, 3_000, called=(host + 200, host + 300), op_id=op)
    assert drafts(trace) == ()
    for row in trace.ops:
        row["parent_id"] = None
    assert [draft.rule for draft in drafts(trace)] == ["fuse-optimizer"]


def test_cleared_gradients() -> None:
    """One fill a parameter."""
    (draft,) = drafts(run([one("fill_", (64 + index, 64)) for index in range(20)]))
    assert draft.title == "Clear gradients without one launch each"
    assert draft.code == "optimizer.zero_grad(set_to_none=True)"


def test_gradients_scaled_one_by_one() -> None:
    """The reducer of data-parallel training calls a product for each parameter."""
    trace = Trace()
    for index in range(16):
        host = -2_000_000 + 10_000 * index
        trace.op("torch::distributed::reducer::mul_out", host, host + 2_000)
        shape = (64 + index, 64)
        op = trace.op("aten::mul", host + 100, host + 900, [shape, shape], [F, F])
        trace.ops[-1]["parent_id"] = op - 1
        trace.kernel(10_000 * index, 3_000, called=(host + 200, host + 300), op_id=op)
        other = trace.op("aten::mm", host + 3_000, host + 4_000, [(64, 64), (64, 64)], [F, F])
        trace.kernel(10_000 * index + 5_000, 4_000, called=(host + 3_200, host + 3_300),
                     op_id=other)  # fmt: skip
    (draft,) = drafts(trace)
    assert draft.title == "Scale gradients once per bucket instead of once per parameter"
    assert draft.launches == tuple(range(0, 32, 2))


def test_many_small_calls_of_one_operator() -> None:
    """Squares of 16 tensors of different sizes; large ones and one tensor handed on are left."""
    several = [one("abs", (64 + index, 64)) for index in range(16)]
    (draft,) = drafts(run(several))
    assert draft.title == "Do many small abs in one launch"
    assert draft.grade == "likely"
    assert "torch._foreach_abs" in draft.remedy
    assert len(draft.removed) == 15
    assert drafts(run([one("abs", (64, 64))] * 16)) == ()
    assert drafts(run([(*step[:3], 90_000) for step in several])) == ()
