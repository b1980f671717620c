"""Writes traces of a language model's steps, product by product, as one device of several runs
them."""

from __future__ import annotations

from collections.abc import Sequence

from trace_factory import BF16, Trace

from ncutool.analysis import analyse
from ncutool.analysis.request import Request
from ncutool.planning import observed as against
from ncutool.planning.llm.comparison import Observed

FP8 = "c10::Float8_e4m3fn"
ON_H100 = Request(assume_device="H100 SXM", whole_steps=True)
Dims = tuple[int, ...]


class StepMaker:
    """A trace, launch by launch: each takes ``duration_ns``, and 2 µs pass between two."""

    def __init__(self, duration_ns: int = 10_000) -> None:
        """Begin a trace without steps."""
        self.trace = Trace()
        self.clock = 10_000
        self.duration_ns = duration_ns

    def launch(
        self, op: str, *dims: Dims, kernel: str = "kernel", types: Sequence[str] = ()
    ) -> None:
        """One operator and its kernel."""
        start = self.clock
        op_id = self.trace.op(op, start - 3_000, start - 1_000, dims, types or [BF16] * len(dims))
        self.trace.kernel(
            start, self.duration_ns, kernel=kernel, kernel_full=kernel, op_id=op_id,
            called=(start - 2_500, start - 2_000),
        )  # fmt: skip
        self.clock += self.duration_ns + 2_000

    def product(self, rows: int, inputs: int, outputs: int, types: Sequence[str] = ()) -> None:
        """A product with weights."""
        self.launch("aten::mm", (rows, inputs), (inputs, outputs), types=types)

    def attend(self) -> None:
        """An attention on pages."""
        self.launch("serving::paged_attention", kernel="paged_attention_v1")

    def annotate(self, name: str, begin_ns: int) -> None:
        """Say what the launches since ``begin_ns`` are."""
        self.trace.annotations.append(
            {"name": name, "on_device": False, "thread": 0, "start_ns": begin_ns - 4_000,
             "end_ns": self.clock - 2_000 - self.duration_ns}
        )  # fmt: skip

    def observed(self) -> Observed:
        """What the trace shows on an H100."""
        return against.observe(analyse.analyse(self.trace.capture(), ON_H100))
