"""What one device of a pipeline has of a model, as a trace may show it: the layers of a stage, and
the head where it is the last.

A trace does not say which layers they are. So each way to cut the model is tried against the
products that it shows; of whatever its layers differ in, a stage has at least what is left when all
other layers are elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from ncutool.planning.llm.model import Cache, Matrix, Model, State
from ncutool.planning.llm.setup import Setup


class Stage(Struct, frozen=True):
    """A stage of a pipeline, as it is taken to be."""

    layers: int
    of_layers: int
    has_head: bool

    @property
    def words(self) -> str:
        """What it is, e.g. `a stage of 20 of 80 layers, with the head`."""
        head = ", with the head" if self.has_head else ""
        return f"a stage of {self.layers:,} of {self.of_layers:,} layers{head}"


def stages(setup: Setup) -> Iterator[tuple[Stage | None, Setup]]:
    """Return the ways in which one device may have a part of the model, with that part alone.

    Without a pipeline there is one of them, the whole model. With one a step is a pass of a part
    of the batch through this stage.
    """
    count, layers = setup.deployment.pipeline_parallel, setup.model.layers
    if count == 1 or layers is None:
        yield None, setup
        return
    alone = replace(setup.deployment, pipeline_parallel=1)
    for size in dict.fromkeys((layers // count, -(-layers // count))):
        for has_head in (False, True):
            for has_first in (False, True) if _differ(setup.model, layers) else (False,):
                model = _cut(setup.model, layers, size, has_head=has_head, has_first=has_first)
                stage = Stage(size, layers, has_head)
                yield stage, replace(setup, model=model, deployment=alone)


def _differ(model: Model, layers: int) -> bool:
    """Return whether some layers have matrices that others have not."""
    return any(one.part != "head" and one.copies % layers for one in model.matrices)


def _cut(model: Model, layers: int, size: int, *, has_head: bool, has_first: bool) -> Model:
    """Return a stage of ``size`` layers of a model.

    Args:
        model: the whole.
        layers: that it has.
        size: layers of the stage.
        has_head: whether it has the head.
        has_first: whether it is the first, where a mixture has its dense layers.
    """

    def own(copies: int, *, routed: bool = False) -> int:
        times, rest = divmod(copies, layers)
        if rest == 0:
            return times * size
        dense = layers - copies if routed else copies
        if has_first:
            return max(0, size - dense) if routed else min(size, dense)
        return size if routed else 0

    mixture = model.experts
    routed_layers = None if mixture is None else mixture.layers

    def matrix(one: Matrix) -> Matrix | None:
        if one.part == "head":
            return one if has_head else None
        each = one.copies // routed_layers if routed_layers and one.part in _ROUTED else None
        if each and routed_layers is not None:
            copies = each * own(routed_layers, routed=True)
        else:
            copies = own(one.copies, routed=one.part in _MIXED)
        if not copies:
            return None
        return replace(one, copies=copies, uses=one.uses * copies // one.copies)

    matrices = tuple(found for one in model.matrices if (found := matrix(one)) is not None)
    experts = mixture
    if mixture is not None:
        held = own(mixture.layers, routed=True)
        experts = replace(mixture, layers=held) if held else None
    return replace(
        model,
        matrices=matrices,
        caches=tuple(replace(one, layers=_least(one, layers, size)) for one in model.caches),
        states=tuple(replace(one, layers=_least(one, layers, size)) for one in model.states),
        experts=experts,
        layers=size,
        other_parameters=model.other_parameters * size // layers,
        embedding_parameters=0,
        held=(),
    )


_ROUTED = ("experts", "expert_biases")
_MIXED = (*_ROUTED, "shared_experts", "router")
"""Parts that layers with experts have, and dense ones have not."""


def _least(one: Cache | State, layers: int, size: int) -> int:
    """Return how many layers of a kind a stage has at least, all others being elsewhere."""
    return max(0, size - (layers - one.layers))
