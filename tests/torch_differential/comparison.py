"""Holds one call's modelled bytes and results to those of a real run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import reject

from ncutool.work.operators import Work
from torch_differential.memory import Traffic, observe
from torch_differential.recording import claimed, record

REFUSED = (RuntimeError, NotImplementedError, TypeError, IndexError)


def compare(
    operator: Any,
    *args: Any,
    not_read: tuple[str, ...] = (),
    also_written: tuple[str, ...] = (),
    list_element_bytes: int | None = None,
    **kwargs: Any,
) -> tuple[Work, Traffic]:
    """The model's figures and the real ones; the example is dropped where PyTorch refuses it."""
    try:
        operator(*args, **kwargs)
    except REFUSED:
        reject()
    seen = observe(operator, *args, not_read=not_read, also_written=also_written, **kwargs)
    return record(operator, *args, **kwargs).work(list_element_bytes), seen


def agree(operator: Any, *args: Any, skipped: int = 0, **settings: Any) -> Work:
    """Assert that the bytes, result shapes and data types are equal.

    A tensor without dimensions costs no read in the model: it mostly is a Python number, which
    travels among the kernel's arguments.

    Args:
        skipped: bytes of the arguments that the result does not depend on (:func:`unmet`).
    """
    work, seen = compare(operator, *args, **settings)
    read = seen.read - seen.read_0_dim - skipped
    assert (work.bytes_read, work.bytes_written) == (read, seen.written)
    assert claimed(work.outputs) == seen.outputs
    return work


def unmet(x: torch.Tensor, windows: Callable[[torch.Tensor], torch.Tensor]) -> int:
    """Return the bytes of ``x`` at places that no window meets, told by their gradients.

    Args:
        windows: what is computed of ``x``, as a sum with weights of one.
    """
    ones = torch.ones(x.shape, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(windows(ones).sum(), ones)
    # places that share their memory are read once, if any of them is
    met = torch.zeros(x.untyped_storage().nbytes() // x.element_size(), dtype=torch.bool)
    every = torch.zeros_like(met)
    seen = torch.as_strided(torch.arange(met.numel()), x.shape, x.stride(), x.storage_offset())
    every[seen.flatten()] = True
    met[seen[gradient != 0]] = True
    size: int = int((every & ~met).sum()) * x.element_size()
    return size
