"""FLOPs and bytes of framework operators: one module per family, one registry.

A new operator goes into the `MODELS` of its family's module, or, if an engine brings it, into the
table of :mod:`ncutool.work.operators.engines`; a new family is a module whose
`MODELS` is listed in :data:`REGISTRY` below. Other packages bring theirs by an entry point
(:mod:`ncutool.work.operators.plugins`, docs/operators.md).
"""

from __future__ import annotations

from ncutool.base.pseudonyms import original
from ncutool.work.operators import (
    attention,
    attention_backward,
    convolution,
    convolution_backward,
    elementwise,
    embedding_bag,
    embedding_tables,
    engines,
    fused,
    gemm,
    indexing,
    movement,
    normalization,
    optimizer,
    paged_attention,
    plugins,
    quantizing,
    recommender,
    reduction,
    scaled_products,
    serving,
    triton,
    upsampling,
)
from ncutool.work.operators.call import (
    Model,
    NoModel,
    OpCall,
    UnmodelledError,
    Work,
    work_of,
)
from ncutool.work.operators.signature import parse_call
from ncutool.work.operators.tensor import Scalar, Tensor, TensorList

__all__ = [
    "REGISTRY",
    "Model",
    "NoModel",
    "OpCall",
    "Scalar",
    "Tensor",
    "TensorList",
    "UnmodelledError",
    "Work",
    "model",
    "model_of",
    "parse_call",
    "work_of",
]

REGISTRY: dict[str, Model] = {
    **gemm.MODELS,
    **scaled_products.MODELS,
    **convolution.MODELS,
    **convolution_backward.MODELS,
    **attention.MODELS,
    **attention_backward.MODELS,
    **paged_attention.MODELS,
    **normalization.MODELS,
    **elementwise.MODELS,
    **fused.MODELS,
    **reduction.MODELS,
    **indexing.MODELS,
    **movement.MODELS,
    **optimizer.MODELS,
    **recommender.MODELS,
    **embedding_bag.MODELS,
    **embedding_tables.MODELS,
    **quantizing.MODELS,
    **serving.MODELS,
    **engines.MODELS,
    **upsampling.MODELS,
}
"""Operator name -> model."""


LARGEST = 2**63 - 1
"""Operations or bytes of one call: what is past it is damaged text, and fits no column."""
_MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a model raises where a call has other arguments than it was written for. An operator may be
registered with any arguments under any name, and a damaged trace holds any sizes."""


def model(call: OpCall) -> Work | NoModel:
    """Model ``call``, or say why its work is not known. Never raises, whatever the call holds.

    A model that another package brings wins over ncutool's own, and its remark says so.
    """
    name = original(call.name)
    plugin = plugins.load().models.get(name)
    if plugin is not None:
        answer = plugins.evaluate(plugin, call)
        return _within_limits(answer, call) if isinstance(answer, Work) else answer
    known = model_of(call)
    if known is None:
        return NoModel(f"no model for {call.name}")
    family = triton.FAMILY if triton.is_compiled(call) else FAMILY_OF[name]
    if not call.inputs:
        return NoModel(f"no shapes recorded for {call.name}", family)
    try:
        work = known(call)
    except UnmodelledError as error:
        return NoModel(error.reason, family)
    except _MISFITS:
        return NoModel(f"shapes do not fit {call.name}", family)
    return _within_limits(work, call)


def _within_limits(work: Work, call: OpCall) -> Work | NoModel:
    """Return the work of a call whose figures and results can be, or say that they cannot."""
    figures = (work.flop, work.bytes_read, work.bytes_written, work.bytes)
    if any(figure is not None and not 0 <= figure <= LARGEST for figure in figures):
        return NoModel(f"sizes of {call.name} are more than one launch does", work.family)
    if any(size < 0 for output in work.outputs for size in output.shape):
        return NoModel(f"shapes do not fit {call.name}", work.family)
    return work


def model_of(call: OpCall) -> Model | None:
    """Return the model for ``call``, another package's first; None where there is none."""
    name = original(call.name)
    plugin = plugins.load().models.get(name)
    if plugin is not None:
        return plugin.model
    return triton.compiled if triton.is_compiled(call) else REGISTRY.get(name)


FAMILY_OF: dict[str, str] = {
    name: str(module.FAMILY)
    for module in (
        gemm,
        scaled_products,
        convolution,
        convolution_backward,
        attention,
        attention_backward,
        paged_attention,
        normalization,
        elementwise,
        fused,
        reduction,
        indexing,
        movement,
        optimizer,
        recommender,
        embedding_bag,
        embedding_tables,
        quantizing,
        serving,
        upsampling,
    )
    for name in module.MODELS
} | {**serving.FAMILIES, **engines.FAMILIES}
"""Operator name -> family of its module."""
