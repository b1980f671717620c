"""A training step of the decoder, and its optimizer alone, with AdamW in three forms.

Weights in float32, products in bfloat16 by autocast. The optimizer alone is there because a finding
about it is then the only one of its kind. Run on a CPU with ``--tiny``, never on CUDA.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.profiler import record_function

from workloads.decoder import Decoder, sizes
from workloads.workload import Report, Setting, Step, Workload

FORMS: dict[str, dict[str, bool]] = {
    "unfused": {"foreach": False, "fused": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}
BATCH, TOKENS = 8, 512
SHORT = 2
"""Layers of the step that is captured as a report too."""
_UPDATES = {
    "unfused": ("aten::addcdiv_", "aten::lerp_"),
    "foreach": ("aten::_foreach_addcdiv_", "aten::_foreach_lerp_"),
    "fused": ("aten::_fused_adamw_",),
}


def _optimizer(parameters: Iterable[nn.Parameter], form: str) -> Any:
    return torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.1, **FORMS[form])


def train(setting: Setting, form: str, layers: int | None = None) -> Step:
    """Forward, backward, update."""
    with torch.device(setting.device):
        model = Decoder(sizes(setting, layers)).train()
    optimizer = _optimizer(model.parameters(), form)
    shape = (setting.pick(BATCH, 2), setting.pick(TOKENS, 8) + 1)
    tokens = torch.randint(model.size.vocabulary, shape, device=setting.device)

    def run() -> None:
        with record_function("forward"), torch.autocast(setting.device, torch.bfloat16):
            logits = model(tokens[:, :-1], last=False)
            loss = functional.cross_entropy(
                logits.flatten(0, 1).to(torch.float32), tokens[:, 1:].flatten()
            )
        with record_function("backward"):
            loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return Step(run)


def update(setting: Setting, form: str) -> Step:
    """The optimizer's step alone, over the decoder's parameters with fixed gradients."""
    with torch.device(setting.device):
        model = Decoder(sizes(setting))
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    return Step(_optimizer(model.parameters(), form).step)


WORKLOADS = [
    *(
        Workload(
            f"train-{form}",
            f"training step of the 0.3 B decoder, 8 × 512 tokens, autocast, {form} AdamW",
            partial(train, form=form),
            ("aten::mm", "autograd::engine::evaluate_function: MmBackward0", *_UPDATES[form]),
            steps=1,
        )
        for form in FORMS
    ),
    Workload(
        "train-short",
        f"training step of {SHORT} layers, foreach AdamW: one step as a trace and as a report",
        partial(train, form="foreach", layers=SHORT),
        ("aten::mm", *_UPDATES["foreach"]),
        steps=1,
        reports=(Report("roofline"),),
    ),
    *(
        Workload(
            f"optimizer-{form}",
            f"the step of {form} AdamW alone, over 0.3 billion float32 parameters",
            partial(update, form=form),
            _UPDATES[form],
            steps=1,
        )
        for form in FORMS
    ),
]
