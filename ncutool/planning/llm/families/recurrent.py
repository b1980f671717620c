"""Layers that keep a state of fixed size: Mamba, gated delta rule, short convolutions, lightning
attention."""

from __future__ import annotations

from ncutool.base.thresholds import IntThreshold
from ncutool.planning.llm.families.draft import Draft
from ncutool.planning.llm.model import Matrix, State
from ncutool.planning.llm.number_types import NumberType

_UPDATE_AND_READ = IntThreshold(
    4,
    "FLOP for each number of a state",
    "one multiply-add to take a token in, one to read it out",
    "Mamba-2, arXiv 2405.21060, section 3: h = A h + B x and y = C h",
)
_DELTA = IntThreshold(
    6,
    "FLOP for each number of a state",
    "the delta rule reads the state once more, to take in only what is new",
    "Gated DeltaNet, arXiv 2412.06464, equation 10",
)


def _matrices(rows: list[tuple[str, int, int]], count: int) -> list[Matrix]:
    return [
        Matrix(
            name, "attention", inputs, outputs, count, count,
            "inputs" if name.endswith("out_proj") else "outputs",
        )
        for name, inputs, outputs in rows
    ]  # fmt: skip


def _keep(
    draft: Draft, count: int, state: int, convolved: int, shares: int, each: int,
    kind: NumberType | None,
) -> None:  # fmt: skip
    if state:
        draft.states.append(State(count, state, each * state, shares, kind))
    if convolved:
        draft.states.append(State(count, convolved, 2 * convolved, shares, beside=bool(state)))


def add_gated_delta(draft: Draft, layers: list[int]) -> None:
    """Add the linear attention of Qwen3-Next and Qwen3.5."""
    values, count = draft.values, len(layers)
    sizes = {
        "linear_num_value_heads": 32,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    }
    found = {
        name: values.count(name) if values.given(name) else values.default(name, usual)
        for name, usual in sizes.items()
    }
    heads, key_heads, key_dim, value_dim, kernel = found.values()
    keys, outputs = key_heads * key_dim, heads * value_dim
    convolved = 2 * keys + outputs
    rows = [
        ("in_proj_qkvz", draft.hidden, convolved + outputs),
        ("in_proj_ba", draft.hidden, 2 * heads),
        ("linear_out_proj", outputs, draft.hidden),
    ]
    draft.add(_matrices(rows, count), layers)
    draft.others += count * (kernel * convolved + 2 * heads + value_dim)
    kind = draft.state_type("mamba_ssm_dtype")
    _keep(
        draft, count, heads * key_dim * value_dim, (kernel - 1) * convolved, key_heads, _DELTA, kind
    )


def add_mamba2(
    draft: Draft,
    layers: list[int],
    *,
    heads: int,
    head_dim: int,
    groups: int,
    state: int,
    kernel: int,
    norm: bool,
    conv_bias: bool,
) -> None:
    """Add layers of Mamba-2, without biases of its projections."""
    count = len(layers)
    inner = heads * head_dim
    convolved = inner + 2 * groups * state
    rows = [
        ("in_proj", draft.hidden, inner + convolved + heads),
        ("out_proj", inner, draft.hidden),
    ]
    draft.add(_matrices(rows, count), layers)
    draft.others += count * (
        convolved * (kernel + (1 if conv_bias else 0)) + 3 * heads + (inner if norm else 0)
    )
    kind = draft.state_type("mamba_ssm_cache_dtype", "mamba_ssm_dtype")
    kept = (kernel - 1) * convolved
    _keep(draft, count, inner * state, kept, heads, _UPDATE_AND_READ, kind)


def add_mamba1(
    draft: Draft,
    layers: list[int],
    *,
    inner: int,
    state: int,
    kernel: int,
    rank: int,
    norms: int,
    conv_bias: bool,
) -> None:
    """Add layers of the first Mamba, with ``norms`` further weights a layer."""
    count = len(layers)
    rows = [
        ("in_proj", draft.hidden, 2 * inner),
        ("x_proj", inner, rank + 2 * state),
        ("dt_proj", rank, inner),
        ("out_proj", inner, draft.hidden),
    ]
    draft.add(_matrices(rows, count), layers)
    vectors = inner * (kernel + (1 if conv_bias else 0)) + inner * state + 2 * inner
    draft.others += count * (vectors + norms)
    kind = draft.state_type("mamba_ssm_cache_dtype", "mamba_ssm_dtype")
    _keep(draft, count, inner * state, (kernel - 1) * inner, inner, _UPDATE_AND_READ, kind)


def add_short_convolution(draft: Draft, layers: list[int], kernel: int, *, bias: bool) -> None:
    """Add the gated short convolutions of LFM2."""
    count, hidden = len(layers), draft.hidden
    rows = [("in_proj", hidden, 3 * hidden), ("out_proj", hidden, hidden)]
    draft.add(_matrices(rows, count), layers)
    draft.others += count * (hidden * kernel + (5 * hidden if bias else 0))
    _keep(draft, count, 0, (kernel - 1) * hidden, hidden, 0, None)


def add_lightning(draft: Draft, layers: list[int], heads: int, head_dim: int) -> None:
    """Add the linear attention of MiniMax-Text-01 and M1, with its output gate."""
    count, hidden, inner = len(layers), draft.hidden, heads * head_dim
    rows = [
        ("qkv_proj", hidden, 3 * inner),
        ("output_gate", hidden, inner),
        ("out_proj", inner, hidden),
    ]
    draft.add(_matrices(rows, count), layers)
    draft.others += count * inner
    _keep(draft, count, inner * head_dim, 0, heads, _UPDATE_AND_READ, None)
