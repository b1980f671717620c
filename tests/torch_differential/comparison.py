"""Holds one call's modelled bytes and results to those of a real run."""

from __future__ import annotations

from typing import Any

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


def agree(operator: Any, *args: Any, **settings: Any) -> Work:
    """Assert that the bytes, result shapes and data types are equal.

    A tensor without dimensions costs no read in the model: it mostly is a Python number, which
    travels among the kernel's arguments.
    """
    work, seen = compare(operator, *args, **settings)
    assert (work.bytes_read, work.bytes_written) == (seen.read - seen.read_0_dim, seen.written)
    assert claimed(work.outputs) == seen.outputs
    return work
