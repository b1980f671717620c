"""Mixtures of experts as configurations spell them: how many, how large, and in which layers."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ncutool.planning.llm.families.draft import Draft
from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.model import Experts, Matrix
from ncutool.planning.llm.shapes import feed_forward
from ncutool.planning.llm.values import Values

COUNTS = (
    "n_routed_experts",
    "num_routed_experts",
    "num_local_experts",
    "num_experts",
    "moe_num_experts",
)
"""Names under which published configurations give the number of experts of a layer."""
CHOSEN = (
    "num_experts_per_tok",
    "num_experts_per_token",
    "experts_per_token",
    "moe_topk",
    "moe_top_k",
    "moe_k",
)
INNER = ("moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size")
SHARED = (
    "n_shared_experts",
    "num_shared_experts",
    "num_shared_expert",
    "moe_num_shared_experts",
)
SHARED_INNER = (
    "shared_expert_intermediate_size",
    "moe_shared_expert_intermediate_size",
    "shared_intermediate_size",
)
Flag = bool | str | tuple[str, bool]
"""A fact of the family, or the name of the value that says it, with its default."""
_HINTS = (*CHOSEN, *INNER, "first_k_dense_replace", "decoder_sparse_step", "moe_layer_freq")


def is_set(values: Values, flag: Flag) -> bool:
    """Return what a family or its configuration says."""
    if isinstance(flag, bool):
        return flag
    name, default = (flag, False) if isinstance(flag, str) else flag
    return values.flag(name, default)


class Mixing(Struct, frozen=True):
    """What a family's mixtures hold that their configuration does not say."""

    required: bool = True
    """Whether a model of this family is a mixture in any case."""
    dense: str = "intermediate_size"
    """Name of the inner size of layers without experts."""
    inner_is_dense: bool = True
    """Whether ``intermediate_size`` is that of an expert where no size of theirs is given."""
    correction: Flag = False
    """A bias that corrects the experts' scores."""
    router_bias: bool = False
    expert_biases: bool = False
    shared_gate: bool = False
    """A shared expert is weighed by a gate of its own."""
    always_shared: int = 0
    """Shared experts that no value of the configuration gives."""
    gated: bool = True
    own_size: bool = True
    """Whether a value of its own gives the inner size of an expert."""
    shares: bool = False
    """Whether configurations of this family give shared experts."""
    first: bool = False
    """Whether they give a number of dense layers before those with experts."""
    step: bool = False
    """Whether they give a step from layer to layer with experts."""
    routed: Callable[[Values, int], set[int]] | None = None
    """Which layers have experts; by the usual values where None."""
    chosen: int | None = None
    """Experts of a token where the configuration does not say."""
    count: int | None = None


def count_of(values: Values, mixing: Mixing) -> int:
    """Return the number of experts; 0 for a dense model.

    Raises:
        UsageError: a mixture does not say it, or says it in two ways.
    """
    given = [name for name in COUNTS if values.given(name)]
    count = values.same(*COUNTS, default=0, least=0)
    if count:
        return count
    if mixing.count is not None and not given:
        return values.default("num_experts", mixing.count)
    hints = [] if given else [name for name in _HINTS if values.data.get(name)]
    if mixing.required or hints or (given == [] and values.free & set(CHOSEN)):
        said = f" ({', '.join(hints)} say that there are)" if hints else ""
        raise refuse(values, f"the number of experts is missing{said}: {' or '.join(COUNTS)}")
    values.known(*_HINTS, *SHARED, *SHARED_INNER)
    return 0


def add_mixture(draft: Draft, mixing: Mixing, count: int, layers: set[int]) -> None:
    """Add experts, router and shared experts to these layers of a draft."""
    values, hidden = draft.values, draft.hidden
    where = sorted(layers)
    many = len(where)
    chosen = values.same(*CHOSEN, default=mixing.chosen)
    if chosen > count:
        raise values.fail(f"{chosen} experts for each token, but only {count} experts")
    inner = expert_size(values, mixing)
    gated = mixing.gated
    draft.add(
        feed_forward("experts", hidden, inner, many * count, many * chosen, gated=gated), where
    )
    draft.add([Matrix("router", "router", hidden, count, many, many, "none")], where)
    if mixing.router_bias or is_set(values, mixing.correction):
        draft.others += many * count
    if mixing.expert_biases:
        sides = 2 * inner + hidden
        biases = Matrix("biases", "expert_biases", 1, sides, many * count, many * chosen, "outputs")
        draft.add([biases], where)
    shared, size = shared_size(values, mixing, inner)
    if size:
        draft.add(feed_forward("shared_experts", hidden, size, many, many, gated=gated), where)
    if size and mixing.shared_gate:
        draft.add([Matrix("shared_gate", "router", hidden, 1, many, many, "none")], where)
    draft.experts = Experts(count, chosen, many, shared)


def expert_size(values: Values, mixing: Mixing) -> int:
    """Return the inner size of an expert."""
    for name in INNER:
        if (mixing.own_size or name in values.free) and values.given(name):
            listed = values.data[name]
            if isinstance(listed, list):
                if not listed or len(set(map(str, listed))) > 1:
                    raise refuse(values, f"{name} differs between layers")
                return Values(values.where, {name: listed[0]}).count(name)
            return values.count(name)
    if not mixing.inner_is_dense:
        raise refuse(values, f"the inner size of an expert is missing: {' or '.join(INNER)}")
    return values.count("intermediate_size")


def shared_size(values: Values, mixing: Mixing, inner: int) -> tuple[int, int]:
    """Return how many experts every token passes, and their inner size together."""
    asked = bool(values.free & set(SHARED))
    if not mixing.shares and not asked:
        return mixing.always_shared, mixing.always_shared * inner
    count = values.same(*SHARED, default=0, least=0)
    for name in SHARED_INNER:
        if values.given(name):
            size = values.count(name, least=0)
            if count > 1 and size:
                raise refuse(values, f"{name} and {count} shared experts: of one or of all?")
            return (1, size) if size else (0, 0)
    given = any(values.given(name) for name in SHARED)
    if not asked and not given and not mixing.always_shared:
        values.assumed.append("no shared experts")
    count = count or mixing.always_shared
    return count, count * inner


def routed_layers(values: Values, layers: int, mixing: Mixing) -> set[int]:
    """Return the layers that have experts."""
    if mixing.routed is not None:
        return mixing.routed(values, layers)
    listed = values.texts("mlp_layer_types")
    if listed is not None:
        if len(listed) != layers or set(listed) - {"dense", "sparse"}:
            raise refuse(values, "mlp_layer_types does not list dense or sparse for each layer")
        values.known("first_k_dense_replace", "moe_layer_freq")
        return {index for index, kind in enumerate(listed) if kind == "sparse"}
    found = set(range(layers))
    if mixing.first or "first_k_dense_replace" in values.free:
        names = ("first_k_dense_replace", "num_dense_layers")
        if not any(values.given(name) for name in names):
            values.default(names[0], 0)
        first = values.count(*names, default=0, least=0)
        found = {index for index in found if index >= first}
        found &= _by_frequency(values, layers)
    if mixing.step:
        only = values.numbers("mlp_only_layers") or ()
        for name, usual in (("mlp_only_layers", 0), ("decoder_sparse_step", 1)):
            if not values.given(name):
                values.default(name, usual)
        step = values.count("decoder_sparse_step", default=1)
        found = {index for index in found if not (index + 1) % step and index not in only}
    return found


def _by_frequency(values: Values, layers: int) -> set[int]:
    """Return the layers with experts by ``moe_layer_freq``: a step, or a mark for each layer."""
    if isinstance(values.data.get("moe_layer_freq"), list):
        marks = values.numbers("moe_layer_freq") or ()
        if len(marks) != layers or set(marks) - {0, 1}:
            raise refuse(values, "moe_layer_freq does not list 0 or 1 for each layer")
        return {index for index in range(layers) if marks[index]}
    step = values.count("moe_layer_freq", default=1)
    return {index for index in range(layers) if not index % step}
