"""Writes the tables of docs/planner.md from the code; a test holds the two together.

python docs/make_planner_tables.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ncutool.base import units
from ncutool.devices.table import Device, load_devices
from ncutool.planning import llm
from ncutool.work.operators import Work, model, parse_call

sys.path.insert(0, str(Path(__file__).parent))
from popular_figures import ROWS, figure  # it lies beside this script

PAGE = Path(__file__).parent / "planner.md"
GENERATIONS = (
    "V100 SXM2 32GB",
    "T4",
    "A100 80GB SXM",
    "L4",
    "RTX 4090",
    "H100 SXM 80GB",
    "H200 SXM 141GB",
    "B200 180GB",
    "AMD MI300X",
    "AMD MI355X",
)
"""One card of each generation; the first with the 16-bit tensor rate that vendors print."""
_HALF = ("bf16_tensor", "fp16_tensor")
_BF16 = "c10::BFloat16"
_NORM = "layer norm of 4096"
_Argument = tuple[list[int], str] | str | None
_OPERATORS: tuple[tuple[str, str, bool, tuple[_Argument, ...]], ...] = (
    ("matrix × vector, 4096²", "aten::mm", True, (([1, 4096], _BF16), ([4096, 4096], _BF16))),
    ("linear 4096², 16 rows", "aten::mm", True, (([16, 4096], _BF16), ([4096, 4096], _BF16))),
    ("linear 4096², 256 rows", "aten::mm", True, (([256, 4096], _BF16), ([4096, 4096], _BF16))),
    ("linear 4096², 4096 rows", "aten::mm", True, (([4096, 4096], _BF16), ([4096, 4096], _BF16))),
    (
        "batched products, 512 of 64×64×128",
        "aten::bmm",
        True,
        (([512, 64, 128], _BF16), ([512, 128, 64], _BF16)),
    ),
    (
        "attention, prompt of 4096, 32 heads, causal",
        "aten::_scaled_dot_product_flash_attention",
        True,
        (([1, 32, 4096, 128], _BF16),) * 3 + ("0.", "True", "False", None),
    ),
    (
        "attention, one token on 4096, 64 heads on 8",
        "aten::_scaled_dot_product_flash_attention",
        True,
        (
            ([8, 64, 1, 128], _BF16),
            ([8, 8, 4096, 128], _BF16),
            ([8, 8, 4096, 128], _BF16),
            "0.",
            "False",
            "False",
            None,
        ),
    ),
    (
        "convolution 3×3, 64 channels of 56²",
        "aten::cudnn_convolution",
        True,
        (
            ([32, 64, 56, 56], _BF16),
            ([64, 64, 3, 3], _BF16),
            "[1, 1]",
            "[1, 1]",
            "[1, 1]",
            "1",
            "False",
            "False",
            "True",
        ),
    ),
    (
        "softmax of 1024",
        "aten::_softmax",
        False,
        (([32, 32, 1024, 1024], _BF16), "-1", "False"),
    ),
    (
        "layer norm of 4096",
        "aten::native_layer_norm",
        False,
        (([8192, 4096], _BF16), "[4096]", ([4096], _BF16), ([4096], _BF16), "1e-05"),
    ),
    ("add", "aten::add", False, (([8192, 4096], _BF16), ([8192, 4096], _BF16), "1")),
    ("SiLU", "aten::silu", False, (([8192, 4096], _BF16),)),
    ("sum of 65536", "aten::sum", False, (([4096, 65536], "float"), "[-1]", "False", "")),
    (
        "embedding of 4096",
        "aten::embedding",
        False,
        (([128256, 4096], _BF16), ([8192], "long int"), "-1", "False", "False"),
    ),
    ("copy", "aten::copy_", False, (([8192, 4096], _BF16), ([8192, 4096], _BF16), "False")),
)
"""Title, operator, whether it runs on tensor cores, and its arguments."""


def text(page: str) -> str:
    """``page`` with each table between its marks written again."""
    tables = {
        "popular": popular(), "ridges": ridges(), "operators": operators(), "models": models(),
    }  # fmt: skip
    for name, table in tables.items():
        start, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(start)
        page = f"{before}{start}{table}{rest[rest.index(end) :]}"
    return page


def _table(head: list[str], rows: list[list[str]], left: int = 1) -> str:
    marks = ["---" if number < left else "---:" for number in range(len(head))]
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, marks, *rows))


def popular() -> str:
    """Figures that popular texts give otherwise, each as the command beside it says it."""
    told = [(row, row.what.format(figure(row)), f"`ncutool {row.command}`") for row in ROWS]
    cells = [[row.said, what, row.why, command] for row, what, command in told]
    work = next(_work(name, given) for title, name, _, given in _OPERATORS if title == _NORM)
    assert work.flop is not None
    assert work.bytes is not None
    cells.append(
        [
            "a layer norm does 5 to 15 FLOP/byte",
            f"{units.significant(work.flop / work.bytes)} in bf16",
            "8 FLOPs a value (mean, variance, normalising, scale and shift), read once and "
            "written once, at 2 bytes each; one-byte types would make it 4",
            "[operators](#usual-operators)",
        ]
    )
    return _table(["often read", "ncutool", "why", "ask"], cells, left=4)


def _devices() -> list[Device]:
    known = {device.name: device for device in load_devices()}
    return [known[name] for name in GENERATIONS]


def _half(device: Device) -> float:
    return next(device.peak_flop_per_s[roof] for roof in _HALF if roof in device.peak_flop_per_s)


def ridges() -> str:
    """Ridge point of each card by type, dense."""
    kinds = {
        "16-bit": _HALF,
        "fp8": ("fp8_tensor",),
        "int8": ("int8_tensor",),
        "fp4": ("fp4_tensor",),
    }
    rows = []
    for device in _devices():
        cells = [device.name, units.data_rate(device.peak_bytes_per_s)]
        for roofs in kinds.values():
            peak = next(
                (
                    device.peak_flop_per_s.get(roof)
                    for roof in roofs
                    if roof in device.peak_flop_per_s
                ),
                None,
            )
            cells.append("–" if peak is None else f"{peak / device.peak_bytes_per_s:.0f}")
        rows.append(cells)
    return _table(["card", "DRAM", *kinds], rows)


def _work(name: str, arguments: tuple[_Argument, ...]) -> Work:
    dims: list[Any] = []
    types: list[str] = []
    values: list[str] = []
    for argument in arguments:
        if isinstance(argument, tuple):
            dims.append(argument[0])
            types.append(argument[1])
            values.append("")
        elif argument is None:
            dims.append([])
            types.append("")
            values.append("")
        else:
            dims.append([])
            types.append("Scalar")
            values.append(str(argument))
    found = model(parse_call(name, json.dumps(dims), json.dumps(types), None, json.dumps(values)))
    if not isinstance(found, Work):
        raise ValueError(f"{name}: {found.reason}")
    return found


def operators() -> str:
    """Intensity of the usual operators, and the share of each card's peak it allows."""
    rows = []
    for title, name, is_tensor, arguments in _OPERATORS:
        work = _work(name, arguments)
        if work.flop is None or work.bytes is None:
            raise ValueError(f"{name}: FLOPs or bytes unknown")
        intensity = work.flop / work.bytes
        cells = [title, units.flop(work.flop), units.data(work.bytes), units.significant(intensity)]
        rows.append(cells + [_regime(intensity, device, is_tensor) for device in _devices()])
    short = [
        name.removesuffix(" SXM").split(" ")[-1 if name.startswith("AMD") else 0]
        if not name.startswith("RTX")
        else name
        for name in GENERATIONS
    ]
    return _table(["operator", "work", "traffic", "FLOP/byte", *short], rows)


def _regime(intensity: float, device: Device, is_tensor: bool) -> str:
    peak = _half(device) if is_tensor else device.peak_flop_per_s["fp32"]
    share = intensity * device.peak_bytes_per_s / peak
    if share >= 1:
        return "compute"
    return f"{units.percent(100 * share)}"


def models() -> str:
    """The named models: parameters, cache, and their own types' bytes."""
    rows = []
    for name in llm.preset_names():
        found = llm.plan(name, "B300")
        each = found.memory.kv_bytes_per_token_all_devices
        link = f"[{name}]({found.model.source})"
        rows.append(
            [
                link,
                found.model.attention.split(",")[0],
                units.count(found.model.parameters),
                f"{found.model.active_parameters / 1e9:.2f} B",
                units.data(found.memory.weight_bytes_all_devices),
                units.count(each),
                units.significant(found.decode.attention_intensity_flop_per_byte),
            ]
        )
    head = ["model", "attention", "parameters", "a token", "weights", "KV B/token", "FLOP/byte"]
    return _table(head, rows, left=2)


if __name__ == "__main__":
    PAGE.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE)
