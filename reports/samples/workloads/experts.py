"""One mixture-of-experts layer, top 2 of 16, computed in four ways that give the same result.

Run on a CPU with ``--tiny``, never on CUDA.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from workloads.workload import Report, Setting, Step, Workload

CHOSEN = 2


@dataclass(frozen=True)
class Experts:
    """Weights and input of one layer, bfloat16."""

    x: Tensor
    """``[tokens, hidden]``"""
    gate: Tensor
    """``[experts, hidden]``"""
    wide: Tensor
    """``[experts, hidden, intermediate]``"""
    narrow: Tensor
    """``[experts, intermediate, hidden]``"""
    capacity: int = 0
    """Tokens of the fullest expert."""

    @property
    def count(self) -> int:
        """How many experts there are."""
        return self.gate.shape[0]

    def route(self) -> tuple[Tensor, Tensor]:
        """Weights and indices of the chosen experts, ``[tokens, 2]`` each."""
        scores = functional.linear(self.x, self.gate).softmax(-1, dtype=torch.float32)
        weights, chosen = scores.topk(CHOSEN, dim=-1)
        return weights.to(self.x.dtype), chosen


def layer(setting: Setting) -> Experts:
    """A layer with random weights and 4096 tokens."""
    count, hidden = setting.pick(16, 4), setting.pick(1024, 32)
    intermediate, tokens = setting.pick(2816, 64), setting.pick(4096, 16)

    def random(*shape: int) -> Tensor:
        values = torch.randn(shape, device=setting.device) * shape[-1] ** -0.5
        return values.to(torch.bfloat16)

    made = Experts(
        random(tokens, hidden),
        random(count, hidden),
        random(count, hidden, intermediate),
        random(count, intermediate, hidden),
    )
    fullest = int(made.route()[1].flatten().bincount(minlength=count).max())
    return Experts(made.x, made.gate, made.wide, made.narrow, fullest)


def every(experts: Experts) -> Tensor:
    """Each expert over all tokens; the gate's zeros drop what was not chosen."""
    weights, chosen = experts.route()
    scale = torch.zeros(len(experts.x), experts.count, device=weights.device, dtype=weights.dtype)
    scale = scale.scatter(1, chosen, weights)
    out = torch.zeros_like(experts.x)
    for index in range(experts.count):
        hidden = functional.silu(experts.x @ experts.wide[index])
        out = out + (hidden @ experts.narrow[index]) * scale[:, index : index + 1]
    return out


def loop(experts: Experts) -> Tensor:
    """Each expert over its own tokens; the host waits for each list of them."""
    weights, chosen = experts.route()
    out = torch.zeros_like(experts.x)
    for index in range(experts.count):
        token, place = torch.where(chosen == index)
        hidden = functional.silu(experts.x[token] @ experts.wide[index])
        result = (hidden @ experts.narrow[index]) * weights[token, place, None]
        out.index_add_(0, token, result)
    return out


def _sorted(chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Slots in order of their expert, and the expert of each."""
    expert, order = chosen.flatten().sort(stable=True)
    return order, expert


def batched(experts: Experts) -> Tensor:
    """Tokens sorted into equal batches, as many places as the fullest expert needs."""
    weights, chosen = experts.route()
    order, expert = _sorted(chosen)
    starts = torch.searchsorted(expert, torch.arange(experts.count, device=expert.device))
    place = expert * experts.capacity + torch.arange(len(expert), device=expert.device)
    place = place - starts[expert]
    token = order // CHOSEN
    inside = experts.x.new_zeros(experts.count * experts.capacity, experts.x.shape[1])
    inside = inside.index_copy(0, place, experts.x[token])
    hidden = torch.bmm(inside.view(experts.count, experts.capacity, -1), experts.wide)
    result = torch.bmm(functional.silu(hidden), experts.narrow).flatten(0, 1)[place]
    scaled = result * weights.flatten()[order, None]
    return torch.zeros_like(experts.x).index_add_(0, token, scaled)


def grouped(experts: Experts) -> Tensor:
    """Tokens sorted by expert, and one grouped product over groups of any size."""
    weights, chosen = experts.route()
    order, expert = _sorted(chosen)
    last = torch.arange(experts.count, device=expert.device)
    ends = torch.searchsorted(expert, last, right=True).to(torch.int32)
    token = order // CHOSEN
    hidden = functional.silu(torch._grouped_mm(experts.x[token], experts.wide, offs=ends))
    result = torch._grouped_mm(hidden, experts.narrow, offs=ends)
    scaled = result * weights.flatten()[order, None]
    return torch.zeros_like(experts.x).index_add_(0, token, scaled)


def _build(setting: Setting, form: Callable[[Experts], Tensor]) -> Step:
    experts = layer(setting)

    def run() -> Tensor:
        with torch.no_grad():
            return form(experts)

    return Step(run)


_FORMS: tuple[tuple[str, str, Callable[[Experts], Tensor], str], ...] = (
    ("every", "every expert over all tokens, one after the other", every, "aten::mm"),
    ("loop", "a loop over experts, each over its tokens", loop, "aten::nonzero"),
    ("bmm", "equal batches and two batched products", batched, "aten::bmm"),
    ("grouped", "two grouped products", grouped, "aten::_grouped_mm"),
)

WORKLOADS = [
    Workload(
        f"moe-{name}",
        f"MoE layer, 4096 tokens, top 2 of 16 experts, bf16: {what}",
        partial(_build, form=form),
        ("aten::topk", "aten::silu", operator),
        reports=(Report("basic"),) if name in ("loop", "grouped") else (),
    )
    for name, what, form, operator in _FORMS
]
