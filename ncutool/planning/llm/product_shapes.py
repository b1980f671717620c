"""The products of a step as one device runs them: weight matrices divided, and merged or not.

Engines multiply by query, key and value at once, by gate and up at once, or one by one; the
shapes that a trace records tell which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from msgspec import Struct

from ncutool.planning.llm.model import ROUTED_PARTS, Matrix, Part
from ncutool.planning.llm.setup import Setup

_MERGES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("query", "key", "value"), ("key", "value")),
    (("gate", "up"),),
    (("query_down", "kv_down"),),
)
"""Ways to merge, of which each layout takes at most one a line."""
_KEPT: tuple[Part, ...] = ("mlp", "shared_experts", "head")
"""Parts that a data-parallel group may keep to itself."""


class Weights(Struct, frozen=True):
    """Weight matrices of one shape on one device."""

    names: tuple[str, ...]
    """Of the matrices in one product, e.g. query, key, value."""
    part: Part
    inputs: int
    outputs: int
    calls: int
    """Products with such weights in one step."""
    bytes_per_value: float
    roof: str
    """What the products are held against."""
    is_own: bool | None = True
    """Whether only the sequences of the device's own data-parallel group meet them; None where
    weights of one shape differ in it."""
    inputs_type: str = "bf16"
    """Type of what is multiplied by them."""

    @property
    def step_bytes(self) -> float:
        """Weights that these products read in a step."""
        return self.calls * self.inputs * self.outputs * self.bytes_per_value


def layouts(setup: Setup) -> Iterator[tuple[Weights, ...]]:
    """Return the products of a step in every way of merging; experts, who are routed to, left out.

    With data-parallel attention each group may keep feed-forward layers, shared experts and head
    to itself, or divide them among all.
    """
    if not setup.model.shapes_known:
        return
    dense = [matrix for matrix in setup.model.matrices if matrix.part not in ROUTED_PARTS]
    names = {matrix.name for matrix in dense}
    choices = [
        ((), *(merge for merge in line if set(merge) <= names))
        for line in _MERGES
        if any(set(merge) <= names for merge in line)
    ]
    kept = ((), _KEPT) if setup.deployment.data_parallel_attention > 1 else ((),)
    for whole in kept:
        for chosen in product(*choices):
            yield tuple(_merged(setup, dense, [merge for merge in chosen if merge], whole))


def label(matrix: Matrix) -> str:
    """Return a matrix's name; those of shared experts are told from those of dense layers."""
    return f"shared {matrix.name}" if matrix.part == "shared_experts" else matrix.name


def expert_shapes(setup: Setup) -> frozenset[tuple[int, int]]:
    """Return inputs and outputs of one expert's products, as an engine runs them one by one."""
    routed = [matrix for matrix in setup.model.matrices if matrix.part == "experts"]
    shares = expert_shares(setup)
    sizes = {matrix.name: _sides(setup, matrix, shares) for matrix in routed}
    shapes = set(sizes.values())
    if "gate" in sizes and "up" in sizes:
        shapes.add((sizes["gate"][0], sizes["gate"][1] + sizes["up"][1]))
    return frozenset(shapes)


def expert_shares(setup: Setup) -> int:
    """Return among how many devices one expert is divided: those that whole experts are not placed
    on."""
    return max(1, setup.deployment.stage_devices // setup.deployment.expert_parallel)


def _merged(
    setup: Setup,
    matrices: Sequence[Matrix],
    merges: Sequence[tuple[str, ...]],
    whole: Sequence[Part] = (),
) -> Iterator[Weights]:
    """Return each matrix, or each merge of matrices of one layer that take the same input.

    Args:
        setup: what is planned.
        matrices: those that are not routed to.
        merges: names that are merged.
        whole: parts that each data-parallel group keeps to itself.
    """
    of_name = {name: merge for merge in merges for name in merge}
    groups: dict[tuple[object, ...], list[Matrix]] = {}
    for index, matrix in enumerate(matrices):
        merge = of_name.get(matrix.name)
        alone: tuple[object, ...] = (index,)
        key = (
            alone
            if merge is None
            else (merge, matrix.part, matrix.copies, matrix.inputs, matrix.stored)
        )
        groups.setdefault(key, []).append(matrix)
    for group in groups.values():
        first = group[0]
        own = first.part == "attention" or first.split == "none" or first.part in whole
        shares = setup.tensor_parallel if own and first.split != "none" else setup.divided(first)
        yield Weights(
            names=tuple(label(matrix) for matrix in group),
            part=first.part,
            inputs=_sides(setup, first, shares)[0],
            outputs=sum(_sides(setup, matrix, shares)[1] for matrix in group),
            calls=first.copies,
            bytes_per_value=setup.stored(first).bytes_per_value,
            roof=setup.roof(first),
            is_own=own,
            inputs_type=setup.activation(first).name,
        )


def _sides(setup: Setup, matrix: Matrix, devices: int) -> tuple[int, int]:
    """Return inputs and outputs on one of so many devices; a key-value head is held twice rather
    than divided."""
    if matrix.name in ("key", "value") and setup.model.kv_heads:
        return matrix.inputs, matrix.outputs // min(devices, setup.model.kv_heads)
    inputs = -(-matrix.inputs // devices) if matrix.split == "inputs" else matrix.inputs
    outputs = -(-matrix.outputs // devices) if matrix.split == "outputs" else matrix.outputs
    return inputs, outputs
