"""The types that a plan's numbers are in, and what inputs of another type would give."""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.planning.llm.limits import crossover
from ncutool.planning.llm.model import Matrix
from ncutool.planning.llm.number_types import ACTIVATION_TYPES, NUMBER_TYPES
from ncutool.planning.llm.planned import Types, WithActivations
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.step import decode_step, prefill


def other_activations(
    setup: Setup, batch: int, context_tokens: int, prompt_tokens: int, most: int | None
) -> tuple[WithActivations, ...]:
    """Return the figures with inputs as trained, and with those that follow narrow weights."""
    main = setup.main_matrix()
    used = setup.activation(main).name
    stored = setup.stored(main)
    names = dict.fromkeys((stored.name, setup.model.trained_type))
    found = []
    for name in names:
        kind = NUMBER_TYPES.get(name)
        if name == used or kind is None or kind.name not in ACTIVATION_TYPES:
            continue
        if kind.roofs[0] not in setup.device.peak_flop_per_s and name != setup.model.trained_type:
            continue
        tried = replace(setup, activations=kind)
        roof = tried.roof(main)
        found.append(
            WithActivations(
                activations=name,
                roof=roof,
                peak_flop_per_s=tried.peak(roof),
                decode_ns=decode_step(tried, batch, context_tokens, 0.0).floor_ns,
                prefill_ns=prefill(tried, prompt_tokens).floor_ns,
                whole_step=crossover(tried, context_tokens, most).whole_step,
            )
        )
    return tuple(found)


def types_of(setup: Setup, roof: str) -> Types:
    """Return the types of weights, cache and inputs, and the roofs they meet."""
    kept = {
        (matrix.part, setup.stored(matrix).name): setup.stored(matrix)
        for matrix in setup.model.matrices
    }
    main = setup.main_matrix()
    inputs = setup.activation(main)
    kinds = [*kept.values(), setup.kv, inputs]
    used = {kind.name: kind.storage for kind in reversed(kinds)}
    return Types(
        weights=setup.weights,
        kv=setup.kv.name,
        activations=inputs.name,
        activations_from=_activations_from(setup, main),
        roof=roof,
        attention_roof=setup.attention_roof(),
        stored=tuple((part, name, one.bytes_per_value) for (part, name), one in kept.items()),
        storage=tuple((name, used[name]) for name in dict.fromkeys(kind.name for kind in kinds)),
    )


def _activations_from(setup: Setup, matrix: Matrix) -> str:
    """Return what decides the type of a matrix's inputs."""
    if setup.activations is not None:
        return "asked"
    if setup.followed(matrix).name == setup.model.trained_type:
        return "trained"
    said = setup.weights == "native" and matrix.inputs_type is not None
    return "checkpoint" if said else "weights"
