"""Families that mix attention with layers that keep a state of fixed size."""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.planning.llm.families import recurrent
from ncutool.planning.llm.families.decoder import (
    Frame,
    add_attention,
    add_feed_forward,
    begin,
    end,
    head_shape,
)
from ncutool.planning.llm.families.draft import Draft, Named
from ncutool.planning.llm.families.mixture import Mixing
from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.values import Values

_ATTENTION = frozenset(("full_attention", "attention", "hybrid"))


def split(
    values: Values, layers: int, other: frozenset[str], usual: list[str] | None
) -> tuple[list[int], list[int]]:
    """Return the layers with attention and those with the other kind, by ``layer_types``.

    Args:
        other: what the other kind is called.
        usual: kinds where the configuration does not list them; refused where None.
    """
    kinds = values.texts("layer_types")
    if kinds is None:
        if usual is None:
            raise refuse(values, "layer_types is missing: which layers have attention is not known")
        kinds = tuple(usual)
    if len(kinds) != layers:
        raise values.fail(f"layer_types lists {len(kinds)} layers of {layers}")
    unknown = set(kinds) - _ATTENTION - other
    if unknown:
        raise refuse(values, f"layer_types names {min(unknown)!r}, which is not known")
    attending = [index for index, kind in enumerate(kinds) if kind in _ATTENTION]
    return attending, [index for index in range(layers) if index not in attending]


def gated_delta(values: Values, frame: Frame, named: Named) -> Model:
    """Qwen3-Next and Qwen3.5: three layers of linear attention to each one of attention."""
    draft = begin(values, frame)
    step = values.count("full_attention_interval", default=0, least=0)
    usual = None
    if values.texts("layer_types") is None:
        step = step or values.default("full_attention_interval", 4)
        usual = [
            "linear_attention" if (index + 1) % step else "full_attention"
            for index in range(draft.layers)
        ]
    attending, linear = split(values, draft.layers, frozenset(("linear_attention",)), usual)
    _attend(draft, frame, attending)
    recurrent.add_gated_delta(draft, linear)
    add_feed_forward(draft, frame, list(range(draft.layers)))
    return end(draft, frame, named)


def _attend(draft: Draft, frame: Frame, layers: list[int]) -> None:
    """Add attention in these layers; the kinds of the others are not the attention's to judge."""
    shape = head_shape(draft.values, frame, draft.hidden)
    add_attention(draft, frame, shape, layers)


def jamba(values: Values, frame: Frame, named: Named) -> Model:
    """Jamba: Mamba with attention each eighth layer and experts each second."""
    draft = begin(values, frame)
    period, offset = (
        _period(values, "attn_layer_period", 8),
        _period(values, "attn_layer_offset", 4),
    )
    attending = [index for index in range(draft.layers) if index % period == offset]
    _attend(draft, frame, attending)
    state = _period(values, "mamba_d_state", 16)
    rank = -(-draft.hidden // 16)
    if values.data.get("mamba_dt_rank") == "auto":
        values.known("mamba_dt_rank")
    else:
        rank = _period(values, "mamba_dt_rank", rank)
    _no_bias(values, "mamba_proj_bias")
    values.known("use_mambapy", "use_associative_scan", "mamba_inner_layernorms")
    recurrent.add_mamba1(
        draft,
        [index for index in range(draft.layers) if index not in attending],
        inner=_period(values, "mamba_expand", 2) * draft.hidden,
        state=state,
        kernel=_period(values, "mamba_d_conv", 4),
        rank=rank,
        norms=rank + 2 * state,
        conv_bias=values.flag("mamba_conv_bias", True),
    )
    add_feed_forward(draft, frame, list(range(draft.layers)))
    return end(draft, frame, named)


def jamba_experts(values: Values, layers: int) -> set[int]:
    """Return the layers of a Jamba that have experts."""
    period = _period(values, "expert_layer_period", 2)
    offset = _period(values, "expert_layer_offset", 1)
    return {index for index in range(layers) if index % period == offset}


def _period(values: Values, name: str, usual: int) -> int:
    """Return a number that configurations may leave to the family."""
    if values.given(name):
        return values.count(name, least=0)
    return values.default(name, usual)


def _no_bias(values: Values, *names: str) -> None:
    for name in names:
        if values.flag(name):
            raise refuse(values, f"{name} is true: such biases are not known")


def _mamba2(draft: Draft, layers: list[int], *, norm: bool) -> None:
    """Add Mamba-2 layers by the names that hybrids use."""
    values = draft.values
    heads = _period(values, "mamba_n_heads", 128)
    if not values.given("mamba_d_head") or values.data.get("mamba_d_head") == "auto":
        values.known("mamba_d_head")
        inner = _period(values, "mamba_expand", 2) * draft.hidden
        if inner % heads:
            raise values.fail(f"{inner} values do not divide among {heads} Mamba heads")
        head_dim = inner // heads
    else:
        head_dim = values.count("mamba_d_head")
        values.known("mamba_expand")
    _no_bias(values, "mamba_proj_bias")
    recurrent.add_mamba2(
        draft,
        layers,
        heads=heads,
        head_dim=head_dim,
        groups=_period(values, "mamba_n_groups", 1),
        state=_period(values, "mamba_d_state", 256),
        kernel=_period(values, "mamba_d_conv", 4),
        norm=norm,
        conv_bias=values.flag("mamba_conv_bias", True),
    )


def granite(values: Values, frame: Frame, named: Named) -> Model:
    """Granite 4: Mamba-2 with attention in a few layers, a shared block and perhaps experts."""
    draft = begin(values, frame)
    kinds = frozenset(("mamba", "linear_attention"))
    attending, other = split(values, draft.layers, kinds, None)
    _attend(draft, frame, attending)
    if other:
        _mamba2(draft, other, norm=True)
    if not values.given("shared_intermediate_size"):
        raise refuse(values, "shared_intermediate_size is missing")
    if values.count("num_local_experts", default=0, least=0):
        add_feed_forward(draft, frame, list(range(draft.layers)))
    else:
        values.known("num_experts_per_tok", "intermediate_size")
        dense = replace(
            frame, mixing=Mixing(required=False, dense="shared_intermediate_size", own_size=False)
        )
        add_feed_forward(draft, dense, list(range(draft.layers)))
    return end(draft, frame, named)


def bamba(values: Values, frame: Frame, named: Named) -> Model:
    """Bamba: Mamba-2 with attention in the layers that ``attn_layer_indices`` lists."""
    draft = begin(values, frame)
    listed = values.numbers("attn_layer_indices")
    if listed is None:
        raise refuse(values, "attn_layer_indices is missing")
    attending = sorted({index for index in listed if 0 <= index < draft.layers})
    if len(attending) != len(listed):
        raise values.fail("attn_layer_indices lists layers that there are not, or one twice")
    _attend(draft, frame, attending)
    others = [index for index in range(draft.layers) if index not in attending]
    _mamba2(draft, others, norm=True)
    add_feed_forward(draft, frame, list(range(draft.layers)))
    return end(draft, frame, named)


def falcon_h1(values: Values, frame: Frame, named: Named) -> Model:
    """Falcon-H1: attention and Mamba-2 beside each other in each layer."""
    draft = begin(values, frame)
    layers = list(range(draft.layers))
    _no_bias(values, "projectors_bias")
    values.known("mamba_use_mlp", "mamba_norm_before_gate", "attn_layer_indices")
    heads, head_dim = values.count("mamba_n_heads"), values.count("mamba_d_head")
    inner = values.count("mamba_d_ssm", default=heads * head_dim)
    if inner != heads * head_dim:
        raise values.fail(f"mamba_d_ssm {inner} is not {heads} heads of {head_dim}")
    _attend(draft, frame, layers)
    _mamba2(draft, layers, norm=values.flag("mamba_rms_norm"))
    add_feed_forward(draft, frame, layers)
    return end(draft, frame, named)


_NEMOTRON = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
_NEMOTRON_NAMES = {"linear_attention": "mamba", "full_attention": "attention"}


def nemotron_h(values: Values, frame: Frame, named: Named) -> Model:
    """Nemotron-H: each layer is one of Mamba-2, attention, a feed-forward block or experts."""
    kinds = _nemotron_kinds(values)
    draft = Draft(values, values.count("hidden_size"), len(kinds))
    where = {kind: [i for i, each in enumerate(kinds) if each == kind] for kind in set(kinds)}
    draft.others += draft.layers * draft.hidden
    bare = replace(frame, norms=0)
    if where.get("attention"):
        _attend(draft, bare, where["attention"])
    if where.get("mamba"):
        _nemotron_mamba(draft, where["mamba"])
    experts = set(where.get("moe", ()))
    mixing = Mixing(
        required=True, inner_is_dense=False, correction=True, gated=False, shares=True,
        routed=lambda _values, _layers: experts,
    )  # fmt: skip
    if experts:
        add_feed_forward(draft, replace(bare, mixing=mixing), sorted(experts))
        values.known("moe_shared_expert_overlap")
    else:
        values.known(
            "n_routed_experts", "n_shared_experts", "moe_intermediate_size", "num_experts_per_tok",
            "moe_shared_expert_intermediate_size", "moe_shared_expert_overlap",
        )  # fmt: skip
    if where.get("mlp"):
        add_feed_forward(draft, replace(bare, mixing=None), where["mlp"])
    else:
        values.known("intermediate_size")
    return end(draft, frame, named)


def _nemotron_kinds(values: Values) -> list[str]:
    pattern = values.text("hybrid_override_pattern")
    listed = values.texts("layers_block_type") or values.texts("layer_types")
    values.known("mtp_hybrid_override_pattern", "mtp_layers_block_type")
    if pattern:
        if set(pattern) - set(_NEMOTRON):
            raise refuse(values, "hybrid_override_pattern has other letters than M, *, - and E")
        kinds = [_NEMOTRON[letter] for letter in pattern]
    elif listed:
        kinds = [_NEMOTRON_NAMES.get(kind, kind) for kind in listed]
        if set(kinds) - set(_NEMOTRON.values()):
            raise refuse(values, "layers_block_type names a kind of layer that is not known")
    else:
        raise refuse(values, "hybrid_override_pattern is missing")
    if values.given("num_hidden_layers") and values.count("num_hidden_layers") != len(kinds):
        raise values.fail(
            f"num_hidden_layers {values.count('num_hidden_layers')} and a pattern of {len(kinds)}"
        )
    return kinds


def _nemotron_mamba(draft: Draft, layers: list[int]) -> None:
    values = draft.values
    _no_bias(values, "mamba_proj_bias", "use_bias")
    values.known("expand")
    recurrent.add_mamba2(
        draft,
        layers,
        heads=values.count("mamba_num_heads"),
        head_dim=values.count("mamba_head_dim"),
        groups=values.count("n_groups", "mamba_n_groups"),
        state=values.count("ssm_state_size"),
        kernel=values.count("conv_kernel", "mamba_d_conv"),
        norm=True,
        conv_bias=values.flag("use_conv_bias", values.flag("mamba_conv_bias", True)),
    )


def mamba2(values: Values, frame: Frame, named: Named) -> Model:
    """Mamba-2 alone: no attention, no feed-forward block."""
    draft = begin(values, frame)
    expand = _period(values, "expand", 2)
    heads, head_dim = _period(values, "num_heads", 128), _period(values, "head_dim", 64)
    if heads * head_dim != expand * draft.hidden:
        raise values.fail(
            f"{heads} heads of {head_dim} are not {expand} times hidden_size {draft.hidden}"
        )
    _no_bias(values, "use_bias")
    values.known("time_step_rank", "rms_norm", "time_step_init_scheme")
    recurrent.add_mamba2(
        draft,
        list(range(draft.layers)),
        heads=heads,
        head_dim=head_dim,
        groups=_period(values, "n_groups", 8),
        state=_period(values, "state_size", 128),
        kernel=_period(values, "conv_kernel", 4),
        norm=True,
        conv_bias=values.flag("use_conv_bias", True),
    )
    draft.others += draft.layers * draft.hidden
    return end(draft, frame, named)


def mamba1(values: Values, frame: Frame, named: Named) -> Model:
    """Return the first Mamba alone."""
    draft = begin(values, frame)
    _no_bias(values, "use_bias")
    rank = -(-draft.hidden // 16)
    if values.data.get("time_step_rank") == "auto":
        values.known("time_step_rank")
    else:
        rank = _period(values, "time_step_rank", rank)
    inner = _period(values, "expand", 2) * draft.hidden
    values.known(
        "d_inner", "d_model", "ssm_cfg", "n_layer", "time_step_init_scheme", "time_step_scale"
    )
    for name in ("intermediate_size", "d_inner"):
        if values.given(name) and values.count(name) != inner:
            raise values.fail(
                f"{name} {values.count(name)} is not expand times hidden_size, {inner}"
            )
    recurrent.add_mamba1(
        draft,
        list(range(draft.layers)),
        inner=inner,
        state=_period(values, "state_size", 16),
        kernel=_period(values, "conv_kernel", 4),
        rank=rank,
        norms=0,
        conv_bias=values.flag("use_conv_bias", True),
    )
    draft.others += draft.layers * draft.hidden
    return end(draft, frame, named)


def lfm2(values: Values, frame: Frame, named: Named) -> Model:
    """LFM2: gated short convolutions with attention in a few layers."""
    draft = begin(values, frame)
    attending, other = split(values, draft.layers, frozenset(("conv",)), _by_index(values, draft))
    values.known("full_attn_idxs", "conv_dim", "conv_dim_out", "conv_use_xavier_init", "block_dim")
    values.known("block_use_swiglu", "block_use_xavier_init", "block_norm_eps", "num_heads")
    values.known("block_mlp_init_scale", "block_out_init_scale")
    _attend(draft, frame, attending)
    kernel = values.count("conv_L_cache")
    recurrent.add_short_convolution(draft, other, kernel, bias=values.flag("conv_bias"))
    name = "block_ff_dim" if values.given("block_ff_dim") else "intermediate_size"
    inner = values.count(name)
    values.known("intermediate_size", "block_ff_dim")
    if frame.mixing is None and values.flag("block_auto_adjust_ff_dim", True):
        inner = 2 * inner // 3
        factor = values.data.get("block_ffn_dim_multiplier", 1.0)
        values.known("block_ffn_dim_multiplier")
        if not isinstance(factor, int | float) or isinstance(factor, bool) or not 0 < factor < 100:
            raise values.fail("block_ffn_dim_multiplier must be a number above 0")
        inner = int(factor * inner)
        step = values.count("block_multiple_of", default=256)
        inner = step * -(-inner // step)
    values.known("block_ffn_dim_multiplier", "block_multiple_of", "block_auto_adjust_ff_dim")
    sized = Values(
        values.where, {**values.data, "intermediate_size": inner}, values.used, values.free,
        values.assumed,
    )  # fmt: skip
    draft.values = sized
    add_feed_forward(draft, frame, list(range(draft.layers)))
    return end(draft, frame, named)


def _by_index(values: Values, draft: Draft) -> list[str] | None:
    listed = values.numbers("full_attn_idxs")
    if listed is None:
        return None
    return ["full_attention" if index in listed else "conv" for index in range(draft.layers)]


def minimax(values: Values, frame: Frame, named: Named) -> Model:
    """MiniMax-Text-01 and M1: seven layers of lightning attention to each one of attention."""
    draft = begin(values, frame)
    marks = values.numbers("attn_type_list")
    usual = None
    if marks is not None:
        if set(marks) - {0, 1}:
            raise refuse(values, "attn_type_list has other numbers than 0 and 1")
        usual = ["full_attention" if mark else "linear_attention" for mark in marks]
    attending, linear = split(values, draft.layers, frozenset(("linear_attention",)), usual)
    if values.count("shared_intermediate_size", default=0, least=0):
        raise refuse(values, "shared_intermediate_size: shared experts are not known of it")
    values.known("postnorm", "shared_moe_mode", "block_size", "layernorm_full_attention_alpha")
    for name in values.data:
        if name.startswith(("layernorm_", "full_attn_", "linear_attn_", "mlp_")) and name.endswith(
            ("_alpha", "_beta", "_alpha_factor", "_beta_factor")
        ):
            values.known(name)
    shape = head_shape(values, frame, draft.hidden)
    add_attention(draft, frame, shape, attending)
    recurrent.add_lightning(draft, linear, shape.heads, shape.head_dim)
    add_feed_forward(draft, frame, list(range(draft.layers)))
    return end(draft, frame, named)
