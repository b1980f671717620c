"""Operations as PyTorch's own counter gives them."""

from __future__ import annotations

from typing import Any

from torch.utils.flop_counter import FlopCounterMode, flop_registry


def counted(operator: Any, *args: Any, **kwargs: Any) -> int:
    """What FlopCounterMode counts while the operator runs."""
    with FlopCounterMode(display=False) as counter:
        operator(*args, **kwargs)
    return int(counter.get_total_flops())


def formula(packet: Any, *args: Any, result: Any = None, **kwargs: Any) -> int:
    """The counter's formula for an operator that no kernel runs here."""
    return int(flop_registry[packet](*args, **kwargs, out_val=result))
