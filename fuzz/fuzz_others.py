"""The seeds of what is no capture, and of what ``ncu`` printed: each kind by its names."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import ncu_text

import fuzz_seeds
from fuzz_values import as_json, as_toml
from ncutool.base.user_files import read_toml
from ncutool_parsers.ncu_text_labels import sections

CONFIG, PRINTED, CEILINGS, DEVICE, DIAGNOSIS, QUERY, CALL = OTHERS = (
    "config", "printed", "ceilings", "device-file", "diagnosis", "query", "call",
)  # fmt: skip
WHOLE_TRACE, WHOLE_REPORT = "whole.json", "whole.ncu-rep"

_CONFIGS: dict[str, dict[str, Any]] = {
    "dense": {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "vocab_size": 128_256,
        "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14_336,
        "torch_dtype": "bfloat16", "tie_word_embeddings": False, "head_dim": 128,
        "max_position_embeddings": 8192, "sliding_window": None,
        "quantization_config": {"quant_method": "fp8", "bits": 8, "weight_block_size": [128, 128]},
    },
    "experts": {
        "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61,
        "vocab_size": 129_280, "num_attention_heads": 128, "num_key_value_heads": 128,
        "intermediate_size": 18_432, "moe_intermediate_size": 2048, "n_routed_experts": 256,
        "num_experts_per_tok": 8, "n_shared_experts": 1, "first_k_dense_replace": 3,
        "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
        "v_head_dim": 128, "torch_dtype": "bfloat16",
    },
    "nested": {
        "model_type": "gemma3", "text_config": {
            "model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34,
            "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
            "intermediate_size": 10_240, "vocab_size": 262_208, "sliding_window": 1024,
            "sliding_window_pattern": 6,
            "layer_types": ["sliding_attention", "full_attention"] * 17,
        },
    },
}  # fmt: skip
_CEILINGS: dict[str, dict[str, Any]] = {
    "both": {"device": "H100 SXM 80GB", "bytes_per_s": 2.9e12, "flop_per_s": {"bf16_tensor": 7e14}},
    "bytes": {"bytes_per_s": 1.4e12},
}
_QUERIES: dict[str, dict[str, Any]] = {
    "launches": {
        "--table": "launches", "--where": ["device~H100", "duration_ns>1e3", "bound=memory"],
        "--select": "kernel,duration_ns", "--sort": "-duration_ns", "--top": "9",
    },
    "findings": {"--table": "findings", "--where": ["saving_high_ns>=0", "rule!=a"], "--top": "0"},
    "captures": {"--table": "captures", "--where": ["top_kernel~gemm"], "--sort": "capture"},
    "errors": {"--table": "errors", "--where": ["message~no"], "--select": "path"},
}  # fmt: skip
_CALLS: dict[str, dict[str, Any]] = {
    "diagnose": {"captures": [WHOLE_TRACE], "budget": 4_000},
    "findings": {"capture": WHOLE_TRACE, "top": 2, "max_bytes": 4_000},
    "kernels": {"capture": WHOLE_TRACE, "top": 3, "max_bytes": 8_000, "kernel": "gemm"},
    "explain": {"capture": WHOLE_TRACE, "launch": "longest", "max_bytes": 8_000},
    "diff": {"before": WHOLE_TRACE, "after": WHOLE_TRACE, "top": 3, "max_bytes": 8_000},
    "next_capture": {"trace": WHOLE_TRACE, "replays": 40, "max_bytes": 8_000},
}
_UNITS = {
    "time_duration": "ns", "pct": "%", "bytes.*per_second": "byte/s", "bytes": "byte",
    "cycles.*per_second": "hz", "cycles": "cycle", "shared_mem": "byte/block",
    "registers": "register/thread", "inst": "inst",
}  # fmt: skip


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of a kind's seeds, in one order always."""
    return tuple(_seeds(kind))


def seed(kind: str, name: str) -> str:
    """The text of a seed."""
    return _seeds(kind)[name]


def as_text(kind: str, document: Any) -> str:
    """The text of a changed document, in the form that its kind is written in."""
    if kind == DEVICE and isinstance(document, dict):
        tables = document.get("device")
        if isinstance(tables, list) and all(isinstance(one, dict) for one in tables):
            return "".join(f"[[device]]\n{as_toml(one)}" for one in tables)
        return as_toml(document)
    return as_json(document)


@cache
def _seeds(kind: str) -> dict[str, str]:
    if kind == PRINTED:
        return _printed()
    if kind == CONFIG:
        folder = fuzz_seeds.corpus("model_configs")
        given = {one.name: one.read_text(encoding="utf-8") for one in sorted(folder.glob("*.json"))}
        return {**_texts(_CONFIGS), **given}
    if kind == DEVICE:
        return {"device": json.dumps({"device": _devices()})}
    if kind == DIAGNOSIS:
        return {"whole": diagnosis()}
    if kind == CALL:
        calls = {name: {"tool": name, "arguments": call} for name, call in _CALLS.items()}
        return _texts(calls)
    return _texts(_CEILINGS if kind == CEILINGS else _QUERIES)


def _texts(documents: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: json.dumps(document) for name, document in documents.items()}


def _devices() -> list[dict[str, Any]]:
    path = fuzz_seeds.REPOSITORY / "ncutool" / "devices" / "devices.toml"
    known = read_toml(path, "the devices")["device"]
    own = next(one for one in known if one["name"].startswith("H100 SXM"))
    return [own, {**known[0], "name": "Mine", "names": ["Mine 1"]}]


@cache
def diagnosis() -> str:
    """What ``diagnose`` says of the whole trace."""
    from ncutool.commands import main

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WHOLE_TRACE
        path.write_text(as_json(fuzz_seeds.whole()), encoding="utf-8")
        return said(lambda: main(["diagnose", str(path), "--format", "json"]))[1]


def said(call: Callable[[], int]) -> tuple[int, str, str]:
    """What a call returns, and what it prints on standard output and standard error."""
    raw = io.BytesIO(), io.BytesIO()
    out, errors = (io.TextIOWrapper(one, "utf-8", write_through=True) for one in raw)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = call()
    printed, told = (one.getvalue().decode("utf-8", "replace") for one in raw)
    return code, printed, told


def _with_units(one: ncu_text.Printed) -> ncu_text.Printed:
    """A launch whose metrics have the units that NVIDIA's have: the made report stores none."""
    metrics = [(name, unit or _unit(name), value) for name, unit, value in one.metrics]
    return replace(one, metrics=metrics)


def _unit(name: str) -> str:
    return next((unit for pattern, unit in _UNITS.items() if re.search(pattern, name)), "")


def _printed() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "five.ncu-rep"
        path.write_bytes(fuzz_seeds.reports()["five"])
        few = [_with_units(one) for one in ncu_text.launches(path, most=3)]
    labels = sections()
    european = ncu_text.Style(thousands=".", decimal=",")
    return {
        "raw-csv": ncu_text.raw_csv(few),
        "raw-csv-european": ncu_text.raw_csv(few, european),
        "raw-text": ncu_text.raw_text(few),
        "raw-text-old": ncu_text.raw_text(few, ncu_text.Style(old_units=True), old=True),
        "details-csv": ncu_text.details_csv(few, labels),
        "details-text": ncu_text.details_text(few, labels),
        "details-text-old": ncu_text.details_text(few, labels, old=True),
        "around": ncu_text.around(ncu_text.raw_csv(few)),
    }
