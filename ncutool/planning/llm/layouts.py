"""Which ways to divide a model make sense, with the reason where one does not."""

from __future__ import annotations

from ncutool.base.checks import check_size
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.model import Model
from ncutool_parsers.errors import UsageError


def check_deployment(model: Model, deployment: Deployment) -> None:
    """Raise a UsageError where the model cannot be divided so."""
    check_size("expert parallelism", deployment.expert_parallel)
    check_size("data-parallel attention", deployment.data_parallel_attention)
    check_size("pipeline parallelism", deployment.pipeline_parallel)
    _check_experts(model, deployment)
    if deployment.data_parallel_attention > 1 and not (model.shapes_known and model.caches):
        raise UsageError(
            f"{model.name}: data-parallel attention divides attention and feed-forward layers "
            "differently, and their shapes are not known: describe the model by --config or sizes"
        )
    stages = deployment.pipeline_parallel
    if stages == 1:
        return
    if model.layers is None:
        raise UsageError(f"{model.name}: a pipeline divides layers; say how many with --layers")
    if stages > model.layers:
        raise UsageError(
            f"{model.name}: {model.layers} layers do not make {stages} stages of a pipeline"
        )


def _check_experts(model: Model, deployment: Deployment) -> None:
    places, devices = deployment.expert_parallel, deployment.stage_devices
    if places == 1:
        return
    if model.experts is None:
        raise UsageError(f"{model.name} has no experts: leave out --expert-parallel")
    if devices % places:
        raise UsageError(
            f"expert parallelism {places} does not divide the {devices} devices that share a "
            "layer (tensor parallelism times data-parallel attention)"
        )
    if model.experts.count % places:
        raise UsageError(
            f"{model.name}: {model.experts.count} experts do not divide among {places} devices; "
            "experts that are held twice are not planned"
        )


def rows_of(
    deployment: Deployment, batch: int, batches: tuple[int, ...], *, usual: bool
) -> tuple[int, ...]:
    """Return the batches of a sweep that keep every group and stage at work.

    Args:
        usual: whether nobody asked for these batches, so that smaller ones are left out.

    Raises:
        UsageError: the plan's batch, or one that was asked for, is smaller.
    """
    least = deployment.least_batch
    small = [each for each in (batch, *(() if usual else batches)) if each < least]
    if small:
        raise UsageError(
            f"a batch of {small[0]} leaves devices without a sequence: {deployment.words} needs "
            f"at least {least}; say --batch {least} or more"
        )
    kept = tuple(each for each in batches if each >= least)
    return kept or (batch,)
