"""The layers that a checkpoint brings to predict more than one token (MTP), as a model of its own.

Their shape is known of few families: a projection that combines the last hidden state with the
embedding of the next token, one layer like the last of the model, and the model's own head.
"""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.planning.llm.model import Matrix, Model
from ncutool_parsers.errors import UsageError

_LIKE_THE_LAST = ("deepseek_v3", "deepseek_v32", "glm4_moe")
"""Families whose layer for prediction is one of their layers with experts. Source: the models of
vLLM and SGLang (deepseek_mtp, glm4_moe_mtp)."""


def predicting_model(model: Model) -> Model:
    """Return what one pass of the model's own prediction layer works with, head included.

    Raises:
        UsageError: there is none, or its shape is not known.
    """
    if not model.predicting_layers:
        raise UsageError(
            f"{model.name}: its configuration names no layers for multi-token prediction; name a "
            "draft model with --draft"
        )
    if model.architecture not in _LIKE_THE_LAST or model.experts is None or not model.layers:
        raise UsageError(
            f"{model.name}: the shape of its layers for multi-token prediction is not known; "
            "describe them as a draft model with --draft"
        )
    assert model.hidden_size is not None
    combine = Matrix("combine", "head", 2 * model.hidden_size, model.hidden_size, 1, 1, "outputs")
    layers, mixed = model.layers, model.experts.layers
    matrices = [combine]
    for one in model.matrices:
        if one.part == "mlp":
            continue
        count = 1 if one.part == "head" else layers if one.part == "attention" else mixed
        matrices.append(replace(one, copies=one.copies // count, uses=one.uses // count))
    return replace(
        model,
        name=f"{model.name} prediction layer",
        matrices=tuple(matrices),
        caches=tuple(replace(one, layers=1) for one in model.caches),
        experts=replace(model.experts, layers=1),
        embedding_parameters=0,
        other_parameters=0,
        layers=1,
        published_parameters=None,
        predicting_layers=0,
        held=(),
        notes=(),
    )


def without_head(model: Model) -> Model:
    """Return what such a layer holds of its own: the head and the tables are the model's."""
    return replace(model, matrices=tuple(one for one in model.matrices if one.name != "head"))
