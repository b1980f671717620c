"""Operators of inference engines and kernel libraries, from one table: `engines.toml`.

A row names operators, their signatures and one of the models below; a new operator is a new row,
and code is written only for a new way to count.
"""

from __future__ import annotations

from collections.abc import Callable

from ncutool.work.operators.call import Model, OpCall, Work
from ncutool.work.operators.engines import attention, figures, moving, products, scans
from ncutool.work.operators.engines.bound import Bound, bind
from ncutool.work.operators.engines.table import families, row

FAMILY = "other"
COUNTED: dict[str, Callable[[Bound], Work]] = {
    "count": figures.count,
    "product": products.product,
    "sized product": products.sized,
    "listed product": products.listed,
    "worded product": products.worded,
    "flat product": products.flat,
    "grouped product": products.grouped,
    "routed product": products.routed,
    "fused experts": products.fused_experts,
    "second stage": products.second_stage,
    "marlin experts": products.marlin_experts,
    "te gemm": products.te_gemm,
    "attention": attention.forward,
    "attention backward": attention.backward,
    "sparse attention": attention.sparse,
    "paged attention": attention.paged,
    "cache": moving.cached,
    "rotary": moving.rotary,
    "rotary out": moving.rotary_out,
    "normed rotary": moving.normed_rotary,
    "selective scan": scans.selective_scan,
    "chunk scan": scans.chunk_scan,
    "delta rule": scans.delta_rule,
    "causal convolution": scans.causal_convolution,
}
"""The models that a row may name."""


def _model(number: int) -> Model:
    def model(call: OpCall) -> Work:
        found = row(number)
        return COUNTED[found.model](bind(call, found))

    return model


MODELS: dict[str, Model] = {name: _model(number) for number, name, _ in families()}
FAMILIES: dict[str, str] = {name: family for _, name, family in families()}
