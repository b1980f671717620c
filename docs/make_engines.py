"""Writes docs/engines.md from the table of engine operators; a test holds the two together.

python docs/make_engines.py
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from ncutool.work.operators.engines.table import REST, Argument, Row, Version, rows

PAGE = Path(__file__).parent / "engines.md"
INTRODUCTION = """# Operators of inference engines

<!-- Written by docs/make_engines.py from the table in the code; do not edit. -->

Operators that vLLM, SGLang, TensorRT-LLM, Transformer Engine, FlashAttention, FlashInfer, AITER,
DeepGEMM, Mamba, flash-linear-attention and bitsandbytes register with PyTorch, or run as functions
of autograd (a name without `::`), and whose FLOPs and bytes ncutool knows.
The table stands in `ncutool/work/operators/engines/engines.toml`: a new operator is a new row there
([operators.md](operators.md) says what a model may claim).

Which signature a call has is told by the number of its arguments and by what each of them is. A
number of arguments that is not listed here gives no figure. `x` is read, `x!` written, `x&` both,
`x~` neither by itself; `eps=` is a plain value, `?` marks what may be absent. A bound is said
beside each launch.
"""
SURE = {
    "exact": "",
    "lower_bound": "lower bound",
    "upper_bound": "upper bound",
    "estimate": "estimate",
}
MARKS = {(True, False): "", (False, True): "!", (True, True): "&", (False, False): "~"}


def text() -> str:
    """Return the text of docs/engines.md."""
    families = groupby(sorted(rows(), key=lambda row: row.family), key=lambda row: row.family)
    names = sum(len(row.names) for row in rows())
    parts = [INTRODUCTION, f"{names} operators.\n"]
    parts += [_table(family, list(members)) for family, members in families]
    return "\n".join(parts)


def _table(family: str, members: list[Row]) -> str:
    head = "| operators | arguments | FLOPs | bytes | defined in |\n|---|---|---|---|---|"
    return "\n".join([f"## {family}\n", head, *map(_row, members)]) + "\n"


def _row(row: Row) -> str:
    names = ", ".join(f"`{name}`" for name in row.names)
    signatures = "; ".join(f"{_number(each)}: `{_spelt(each)}`" for each in row.versions)
    flop = row.flop if row.model == "count" else row.model
    cells = (names, signatures, _said(flop, row.flops), SURE[row.bytes], row.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _said(flop: str, sure: str) -> str:
    known = "unknown" if flop == "?" else flop
    return f"{known}, {SURE[sure]}" if SURE[sure] else known


def _number(version: Version) -> str:
    return f"{len(version.arguments)}{' or more' if version.open else ''}"


def _spelt(version: Version) -> str:
    words = [_word(argument) for argument in version.arguments]
    return " ".join([*words, REST] if version.open else words)


def _word(argument: Argument) -> str:
    if not argument.tensor:
        return f"{argument.name}="
    mark = MARKS[argument.read, argument.written]
    return argument.name + mark + ("?" if argument.optional else "")


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(PAGE)
