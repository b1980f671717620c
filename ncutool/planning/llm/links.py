"""What devices must send each other in a pass, and the time of it at the links' peak.

Bytes are the least of any way to divide the work so, weights staying where they are: what one
device must receive or send in one direction, values in the narrowest type that the step has for
them, switches reducing or repeating on the way. Latencies are not counted. So the time is a floor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ncutool.planning.llm.experts import Routing
    from ncutool.planning.llm.model import Experts
    from ncutool.planning.llm.setup import Setup

ALL_REDUCE, ALL_TO_ALL, HAND_OVER = "all-reduce", "all-to-all", "hand-over of stages"
LINK_TERMS = (ALL_REDUCE, ALL_TO_ALL, HAND_OVER)
_IN_TURN = ("llama", "mistral", "mixtral", "qwen", "deepseek", "gpt_oss", "gemma")
"""Beginnings of architectures whose feed-forward layers wait for the attention of their layer."""


def link_bytes(
    setup: Setup, sequences: float, new_tokens: float, routing: Routing
) -> Iterator[tuple[str, float]]:
    """Return what a device must receive in a pass, by the kind of exchange.

    Args:
        sequences: of the whole group, as in :class:`ncutool.planning.llm.terms.Pass`.
        routing: which experts are chosen. The floor sends no token to another device where a
            token may choose experts of its own; else destinations are as a uniform choice has them.
    """
    deployment, model = setup.deployment, setup.model
    if deployment.devices == 1 or model.hidden_size is None or not model.shapes_known:
        return
    row = model.hidden_size * setup.sent_value_bytes
    own = deployment.own(sequences) * new_tokens
    shares = deployment.tensor_parallel
    if shares > 1:
        yield ALL_REDUCE, _reductions(setup) * (shares - 1) / shares * own * row
    if model.experts is not None and deployment.data_parallel_attention > 1:
        yield (
            ALL_TO_ALL,
            model.experts.layers * row * _exchanged(setup, model.experts, own, routing),
        )
    stages = deployment.pipeline_parallel
    if stages > 1:
        # Each device of a stage may hand on its share; the last stage hands nothing on.
        yield HAND_OVER, (stages - 1) * own * row / shares


def link_is_known(setup: Setup) -> bool:
    """Return whether the time of what devices send each other can be told."""
    if setup.deployment.devices == 1:
        return True
    known = setup.device.link_peak_bytes_per_s is not None
    return known and setup.model.hidden_size is not None and setup.model.shapes_known


def _reductions(setup: Setup) -> int:
    """Return how often a pass needs values that all devices of a group have a part of."""
    blocks = [one for one in setup.model.matrices if one.split == "inputs"]

    def layers(part: str) -> int:
        return sum(one.copies for one in blocks if one.part == part)

    attending, feeding = layers("attention"), layers("mlp")
    if setup.model.experts is not None:
        feeding += setup.model.experts.layers
    if setup.model.architecture.startswith(_IN_TURN):
        return attending + feeding
    # Attention and feed-forward may work side by side, and their sums be formed at once.
    return max(attending, feeding)


def _exchanged(setup: Setup, experts: Experts, own: float, routing: Routing) -> float:
    """Return how many rows a device receives in a layer of experts."""
    deployment = setup.deployment
    groups, places = deployment.data_parallel_attention, deployment.expert_parallel
    if places == 1:
        # Each expert is divided among all devices, so each needs every token.
        return (groups - 1) * own
    if routing == "fewest" or places < deployment.stage_devices:
        return 0.0
    rest = experts.count - experts.count // places
    avoided = math.comb(rest, experts.per_token) / math.comb(experts.count, experts.per_token)
    met = places * (1 - avoided) if routing == "expected" else min(places, experts.per_token)
    # There and back; the devices of a group share the rows of its tokens.
    return 2 * own * met / deployment.tensor_parallel * (groups - 1) / groups
