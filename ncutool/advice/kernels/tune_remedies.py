"""What is said of slow kernels, by cause, tied to the program that was recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ncutool.advice.catalogue import JUDGED, Rule, rules
from ncutool.advice.kernels.slow_causes import TINY
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.tables import Grade
from ncutool.base.thresholds import Threshold
from ncutool.devices.reachable import FA3_SHARE

LAYOUT_KEPT = Threshold(
    0.5, "share", "of changes of layout that stay at worst where all is in channels_last", JUDGED
)
_TUNABLE = "https://docs.pytorch.org/docs/stable/cuda.tunable.html"
_TUNED = (
    "A tuner tries kernels in this window already, so this is the fastest that it has for these "
    "sizes. Make sizes multiples of 64, or merge products that share an input."
)
_SEARCHED = (
    "The library tries its algorithms in this window already, so this is the fastest that it has "
    "for these sizes. Keep sizes the same from call to call, with channels a multiple of 8."
)
_ROUND_SIZES = "Make sizes multiples of 64, or merge products that share an input."
_KEEP_SIZES = "Keep sizes the same from call to call, with channels a multiple of 8."
_TUNE = "PYTORCH_TUNABLEOP_ENABLED=1"


@dataclass(frozen=True)
class Advised:
    """What is said of all launches with one cause."""

    rule: Rule
    why: str
    """One sentence after the numbers."""
    remedy: str
    todo: str = ""
    """The remedy on one line; empty for the rule's."""
    code: str | None = None
    """Empty for none, None for the rule's."""
    link: str | None = None
    grade: Grade = "possible"
    kept_share: float = 1.0
    """Share of the possible saving that is lost at worst."""


def advised(cause: str, about: Program) -> Advised:
    """Return the words for a cause of :mod:`ncutool.advice.kernels.slow_causes`."""
    rule = rules()[f"tune-{cause.replace('_', '-')}"]
    names = words(amd=about.amd, compiled=about.compiled)
    advice = Advised(rule, rule.matters.format(**names), rule.remedy.format(**names))
    if cause == "layout":
        return replace(advice, grade="likely", kept_share=LAYOUT_KEPT)
    if cause == "convolution":
        return (
            replace(advice, code=names["search"])
            if "convolution" not in about.tuned
            else (replace(advice, remedy=_SEARCHED, todo=_KEEP_SIZES, code=""))
        )
    if cause in ("narrow", "product") and "gemm" in about.tuned:
        return replace(advice, remedy=_TUNED, todo=_ROUND_SIZES, code="")
    if about.amd and cause in ("narrow", "product"):
        return replace(advice, code=_TUNE, link=_TUNABLE)
    return advice


def words(*, amd: bool, compiled: bool) -> dict[str, str]:
    """Return what stands for the names in braces in the catalogue's texts of this kind."""
    return {
        "attention": units.percent(100 * FA3_SHARE),
        "tiny": str(TINY),
        "compiler": "a Triton kernel" if compiled else "`torch.compile`",
        "tuner": f"Let PyTorch time the library's kernels (`{_TUNE}`)"
        if amd
        else "Try `torch.compile(mode='max-autotune')`",
        "search": "MIOPEN_FIND_MODE=NORMAL" if amd else "torch.backends.cudnn.benchmark = True",
    }
