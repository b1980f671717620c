"""What is asked, and which questions make no sense."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from ncutool_parsers.errors import UsageError

WEIGHT_TYPES = ("fp8", "int8", "int4", "mxfp4", "nvfp4")
"""What weights may be narrowed to (:data:`ncutool.planning.llm.number_types.NUMBER_TYPES`)."""
INPUT_TYPES = ("bf16", "fp16", "fp8", "int8", "int4", "mxfp4", "nvfp4")
LARGEST_SCALE = 1e6


@dataclass(frozen=True)
class Question:
    """Changes asked for together. Nothing is asked where all are as by default."""

    on: str | None = None
    """Name of another device."""
    batch_scale: float | None = None
    length_scale: float | None = None
    batch: int | None = None
    """The batch of the capture, where its shapes do not tell."""
    length: int | None = None
    """The padded sequence length of the capture, where its shapes do not tell."""
    weights: str | None = None
    """One of :data:`WEIGHT_TYPES`."""
    activations: str | None = None
    """Type of products' inputs and arithmetic, with ``weights``; one of :data:`INPUT_TYPES`."""
    fuse: tuple[str, ...] = ()
    """IDs of findings of this capture."""
    graph: bool = False
    """The findings of kind ``graph``."""

    @property
    def resizes(self) -> bool:
        """Whether sizes change; a scale of 1 changes nothing."""
        return self.batch_scale not in (None, 1) or self.length_scale not in (None, 1)

    @property
    def carries_out(self) -> bool:
        """Whether findings are applied."""
        return bool(self.fuse) or self.graph

    def check(self) -> None:
        """Raise a UsageError where nothing is asked, or what cannot be asked."""
        scaled = self.batch_scale is not None or self.length_scale is not None
        for option, size in (("batch", self.batch), ("length", self.length)):
            if size is not None and not scaled:
                raise UsageError(f"--{option} names the capture's own: give --{option}-scale too")
            if size is not None and size < 1:
                raise UsageError(f"--{option} must be a whole number from 1, not {size}")
        if self.on is None and not scaled and self.weights is None and not self.carries_out:
            raise UsageError(
                "nothing asked: give one of --on DEVICE, --batch-scale X, --length-scale X, "
                "--weights TYPE, --fuse ID, --graph"
            )
        for option, scale in (("batch", self.batch_scale), ("length", self.length_scale)):
            if scale is not None and not (isfinite(scale) and 0 < scale <= LARGEST_SCALE):
                raise UsageError(
                    f"--{option}-scale must be above 0 and at most {LARGEST_SCALE:,.0f}, "
                    f"not {scale:g}"
                )
        if self.weights is not None and self.weights not in WEIGHT_TYPES:
            raise UsageError(
                f"no weight type {self.weights!r}; known are {', '.join(WEIGHT_TYPES)}"
            )
        if self.activations is not None:
            if self.weights is None:
                raise UsageError("--activations goes with --weights, whose products it is of")
            if self.activations not in INPUT_TYPES:
                raise UsageError(
                    f"no activation type {self.activations!r}; known are {', '.join(INPUT_TYPES)}"
                )
        if self.carries_out and self.resizes:
            raise UsageError(
                "findings are priced at the capture's own sizes: ask --fuse and --graph apart from "
                "--batch-scale and --length-scale"
            )
