"""Whether the products that a capture shows are those of a plan, by their weights' shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.resolve import Device
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.limits import divides
from ncutool.planning.llm.number_types import NUMBER_TYPES
from ncutool.planning.llm.presets import preset, preset_names
from ncutool.planning.llm.product_shapes import Weights, expert_shapes, layouts
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.stages import Stage, stages

Verdict = Literal["same", "partly", "differs", "unknown"]

FOREIGN_SHARE = Threshold(
    0.02,
    "share of the bytes",
    "weights that a model does not have may be so much of all that a capture shows (adapters)",
    "judgement",
)
_PADDING = IntThreshold(
    512,
    "columns",
    "a vocabulary is rounded up by fewer columns than this, divided or not",
    "judgement",
)
_DEVICES = (1, 2, 4, 8, 16)
_SHOWN = 4
_TYPE_TOLERANCE = Threshold(
    0.12,
    "share of the bytes",
    "a capture's weights may differ so much from the plan's, since scales are tensors of their own",
    "NVFP4: one byte of scale for 16 values of 4 bits is an eighth",
)


class Seen(Struct, frozen=True):
    """Products of one shape with weights, as a capture recorded them over all of its steps."""

    rows: int
    inputs: int
    outputs: int
    calls: int
    bytes_per_value: float | None
    """Of the weights; None where their data type was not recorded."""
    duration_ns: int
    inputs_type: str | None = None
    """Data type of what is multiplied by them; None where it is not known."""

    @property
    def values(self) -> int:
        """Weights that all the calls read."""
        return self.calls * self.inputs * self.outputs

    @property
    def label(self) -> str:
        """Both operands, e.g. `[32,4096] × [4096,24576]`."""
        return f"[{self.rows},{self.inputs}] × [{self.inputs},{self.outputs}]"


class Pair(Struct, frozen=True):
    """Weights of the plan, and the products that read them."""

    weights: Weights
    seen: tuple[Seen, ...]

    @property
    def calls(self) -> int:
        """Calls of these products in the capture."""
        return sum(product.calls for product in self.seen)

    @property
    def duration_ns(self) -> int:
        """Time of these products in the capture."""
        return sum(product.duration_ns for product in self.seen)


class Match(Struct, frozen=True):
    """How the products of a capture and of a plan fit together."""

    verdict: Verdict
    """``same``: all are there; ``partly``: those there are the plan's; ``differs``: another model,
    layout or type; ``unknown``: the capture shows no product's shapes."""
    problems: tuple[str, ...]
    """What differs in shapes and their counts, in sentences."""
    types: tuple[str, ...]
    """What differs in types, likewise."""
    pairs: tuple[Pair, ...]
    missing: tuple[Weights, ...]
    """Weights of the plan that no recorded product reads."""
    foreign: tuple[Seen, ...]
    """Products of weights that the plan does not have."""
    steps: int | None
    """Steps that the calls make up, where they are whole ones."""
    stage: Stage | None = None
    """Which part of a pipeline the device has; None without one."""
    setup: Setup | None = None
    """What the device has of the plan; None where nothing tells."""


def match(setup: Setup, seen: Sequence[Seen], steps: int | None) -> Match:
    """Return the layout of the plan that explains the products best.

    Args:
        setup: what is planned.
        seen: products of the capture.
        steps: steps in the capture, where annotations tell; else the calls must tell.
    """
    tried = [
        replace(_of_layout(own, layout, seen, steps), stage=stage, setup=own)
        for stage, own in stages(setup)
        for layout in layouts(own)
    ]
    if not seen or not tried:
        missing = tried[0].missing if tried else ()
        return Match("unknown", (), (), (), missing, tuple(seen), steps)
    return min(tried, key=_badness)


def _badness(matched: Match) -> tuple[int, int, int]:
    foreign = sum(one.values for one in matched.foreign)
    missing = sum(one.calls * one.inputs * one.outputs for one in matched.missing)
    return foreign, len(matched.problems), missing


def _of_layout(
    setup: Setup, layout: Sequence[Weights], seen: Sequence[Seen], steps: int | None
) -> Match:
    groups = _by_shape(layout)
    experts = expert_shapes(setup)
    left = list(seen)
    pairs: list[Pair] = []
    missing: list[Weights] = []
    for weights in groups:
        mine = [one for one in left if _reads(one, weights)]
        if not mine:
            missing.append(weights)
            continue
        left = [one for one in left if one not in mine]
        pairs.append(Pair(weights, tuple(mine)))
    foreign = [one for one in left if (one.inputs, one.outputs) not in experts]
    count = steps or _steps(pairs)
    problems, types = (*_foreign(foreign, seen), *_counts(pairs, count)), tuple(_types(pairs))
    verdict: Verdict = "differs" if problems or types else "partly" if missing else "same"
    return Match(verdict, problems, types, tuple(pairs), tuple(missing), tuple(foreign), count)


def _by_shape(layout: Sequence[Weights]) -> list[Weights]:
    """Group weights of one shape: a trace does not tell the query from the output."""
    by_shape: dict[tuple[int, int], Weights] = {}
    for one in layout:
        key = (one.inputs, one.outputs)
        other = by_shape.get(key)
        if other is None:
            by_shape[key] = one
            continue
        total = one.step_bytes + other.step_bytes
        calls = one.calls + other.calls
        by_shape[key] = Weights(
            (*other.names, *one.names),
            other.part,
            one.inputs,
            one.outputs,
            calls,
            total / (calls * one.inputs * one.outputs),
            other.roof,
            other.is_own if other.is_own == one.is_own else None,
            other.inputs_type,
        )
    return list(by_shape.values())


def _reads(one: Seen, weights: Weights) -> bool:
    if one.inputs != weights.inputs:
        return False
    if weights.part == "head":  # a vocabulary is padded to a round number
        return 0 <= one.outputs - weights.outputs < _PADDING
    return one.outputs == weights.outputs


def _steps(pairs: Sequence[Pair]) -> int | None:
    """Return the steps that the calls of the heaviest weights make; None if that is no whole
    number."""
    if not pairs:
        return None
    heaviest = max(pairs, key=lambda pair: pair.weights.step_bytes)
    steps, rest = divmod(heaviest.calls, heaviest.weights.calls)
    return steps if rest == 0 and steps else None


def _foreign(foreign: Sequence[Seen], seen: Sequence[Seen]) -> Iterator[str]:
    total = sum(one.values for one in seen)
    if sum(one.values for one in foreign) > FOREIGN_SHARE * total:
        largest = sorted(foreign, key=lambda one: -one.values)[:_SHOWN]
        listed = ", ".join(f"[{one.inputs},{one.outputs}] × {one.calls:,}" for one in largest)
        more = f" and {len(foreign) - _SHOWN:,} more" if len(foreign) > _SHOWN else ""
        yield f"the capture multiplies by weights that the plan does not have: {listed}{more}"


def _counts(pairs: Sequence[Pair], steps: int | None) -> Iterator[str]:
    for pair in pairs:
        shape = f"[{pair.weights.inputs},{pair.weights.outputs}]"
        if steps is None:
            yield (
                f"the capture multiplies {pair.calls:,} times by {shape}, which is no whole number "
                f"of steps of {pair.weights.calls:,}"
            )
        elif pair.calls != steps * pair.weights.calls:
            yield (
                f"the capture multiplies {pair.calls / steps:g} times a step by {shape}, the plan "
                f"{pair.weights.calls:,} times"
            )


def _types(pairs: Sequence[Pair]) -> Iterator[str]:
    for pair in pairs:
        planned = pair.weights.bytes_per_value
        sizes = {one.bytes_per_value for one in pair.seen if one.bytes_per_value is not None}
        for size in sorted(sizes):
            if abs(size - planned) > _TYPE_TOLERANCE * planned:
                shape = f"[{pair.weights.inputs},{pair.weights.outputs}]"
                yield (
                    f"weights {shape} have {size:g} bytes a value in the capture and {planned:g} "
                    "in the plan (--weights)"
                )
        wanted = NUMBER_TYPES[pair.weights.inputs_type]
        kinds = {one.inputs_type for one in pair.seen} & set(NUMBER_TYPES)
        for name in sorted(kind for kind in kinds if kind is not None):
            if NUMBER_TYPES[name].value_bits != wanted.value_bits:
                shape = f"[{pair.weights.inputs},{pair.weights.outputs}]"
                yield (
                    f"inputs of {shape} are {name} in the capture and {wanted.name} in the plan "
                    f"(--activations {name})"
                )


def candidates(seen: Sequence[Seen], device: Device, steps: int | None) -> tuple[str, ...]:
    """Return the presets that have the capture's shapes, as options: ``--preset qwen3-8b --tp 2``.

    Only the counts and shapes decide: of models alike in both, all are named.
    """
    ranked: list[tuple[int, str]] = []
    for name in preset_names() if seen else ():
        for devices in _DEVICES:
            setup = _plain(name, device, devices)
            if setup is None:
                continue
            one = match(setup, seen, steps)
            if one.pairs and not one.problems:
                option = f"--preset {name}" + (f" --tp {devices}" if devices > 1 else "")
                missing = sum(each.calls * each.inputs * each.outputs for each in one.missing)
                ranked.append((missing, option))
    return tuple(option for _, option in sorted(ranked, key=lambda each: each[0]))


def _plain(name: str, device: Device, devices: int) -> Setup | None:
    """Return a preset's published types; None where it does not divide or the device lacks its
    roof."""
    model = preset(name)
    kind = NUMBER_TYPES[model.trained_type]
    setup = Setup(model, device, "native", kind, kind, Deployment(devices))
    if not divides(setup, devices) or device.first_roof(kind.roofs) is None:
        return None
    return setup
