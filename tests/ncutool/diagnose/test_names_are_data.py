"""Names from a capture stand in fields of their own, whatever they say."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from instructing_names import OF_KERNELS, PLANTED, planted, quotes, strings

from ncutool.analysis.analyse import read_and_analyse
from ncutool.diagnose import parts, within
from ncutool.diagnose.bounded import NAME_KEYS, bounded
from ncutool.diagnose.budget import dumped
from ncutool.diagnose.quoted import NAME_CHARACTERS, Names, command, quoted

FIELDS = {"kernel", "kernels", "op", "name", "command", "largest_product", "device"}


def test_instructions_appear_in_data_fields_alone(tmp_path: Path) -> None:
    analysis = read_and_analyse(planted(tmp_path))
    seen = set()
    for budget in (1_000, 4_000, 64_000, 1_000_000):
        text = dumped(within([parts(analysis, budget)], budget)).decode()
        for key, one in strings(json.loads(text)):
            if quotes(one):
                assert key in FIELDS, (key, one)
                seen |= {name for name in OF_KERNELS if one.startswith(name[:40])}
                assert key == "command" or len(one) <= NAME_CHARACTERS
            assert one.isprintable()
    assert seen == set(OF_KERNELS)


def test_a_bounded_answer_quotes_them_nowhere_else() -> None:
    rows = [
        {"kernel": name, "why": f"It is {name}: 3 %", "list": list(range(500))} for name in PLANTED
    ]
    answer = bounded(rows, 8_000)
    assert len(dumped(answer)) <= 8_000
    assert answer["left_out"] > 0
    assert answer["result"][0]["why"] == "It is [name]: 3 %"
    for key, one in strings(answer):
        assert not quotes(one) or key in NAME_KEYS


def test_characters_that_act_are_written_out() -> None:
    assert quoted("a\u202eb\x1b\n\U000e0041\ud800") == "a\\u202eb\\u001b\\u000a\\U000e0041\\ud800"
    assert quoted("Größe 測量") == "Größe 測量"
    assert len(quoted("x" * 10_000)) == NAME_CHARACTERS


def test_half_a_command_is_none() -> None:
    assert command("ncu --set full") == "ncu --set full"
    assert command("ncu " + "x" * 1_000) is None
    assert command("ncu \x1b[31m") is None


def test_our_own_words_stay() -> None:
    names = Names(pl.Series("text", ["aten::mm", "elementwise_kernel<add>", "gemm"]))
    told = "aten::mm waits at cudaStreamSynchronize; elementwise chains of gemm stay"
    assert names.without([told]) == [told]
    assert names.without(["20 % is elementwise_kernel<add> here"]) == ["20 % is [name] here"]
    assert names.without(["20 % is elementwise_kern…"]) == ["20 % is [name]…"]
