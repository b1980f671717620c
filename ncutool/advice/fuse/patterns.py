"""The known patterns, in the order in which they take launches: the larger one first."""

from __future__ import annotations

from ncutool.advice.fuse import activations, attentions, layouts, norms, rotary
from ncutool.advice.fuse.pattern import Pattern

PATTERNS: tuple[Pattern, ...] = (
    attentions.ATTENTION,
    attentions.ATTENTION_BACKWARD,
    norms.LAYER_NORM,  # before RMSNorm, which is its second half
    norms.RMS_NORM,
    *rotary.ROTARY,
    activations.GELU_WRITTEN_OUT,
    activations.SWIGLU,
    norms.ADD_NORM,
    norms.NORM_ACTIVATION,
    activations.EPILOGUE,
    activations.AFTER_CONVOLUTION,
    norms.BATCH_NORM_RELU,
    layouts.PADDING,
    layouts.LAYOUT,
    layouts.CASTS,
)
