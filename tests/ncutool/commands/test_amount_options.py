"""Options of `ncutool plan` take amounts as people write them, and show what they understood."""

from __future__ import annotations

import json

import pytest

from ncutool.commands import main

MODEL = "--preset llama-3-8b --device h100-sxm"
UNDERSTOOD = {
    f"plan llm {MODEL} --context 8Ki": ("context_tokens", 8192, "--context 8Ki as 8,192"),
    f"plan llm {MODEL} --context 8k": ("context_tokens", 8000, "--context 8k as 8,000"),
    f"plan llm {MODEL} --batch 0.1k": ("batch", 100, "--batch 0.1k as 100"),
    "plan gemm 4Ki 4 4": ("m", 4096, "M 4Ki as 4,096"),
    "plan attention --heads 8 --seq 1 --head-dim 64 --context 128Ki": (
        "kv_seq", 131_072, "--context 128Ki as 131,072",
    ),
}  # fmt: skip


def _found(value: object, name: str) -> object:
    """Return the first value of a name, wherever in the record it lies."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        return next((one for part in value.values() if (one := _found(part, name))), None)
    return None


@pytest.mark.parametrize("arguments", UNDERSTOOD)
def test_what_was_understood_is_shown(
    arguments: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The number is used, and stderr says which one it was."""
    name, value, words = UNDERSTOOD[arguments]
    assert main([*arguments.split(), "--format", "json"]) == 0
    out, err = capsysbinary.readouterr()
    assert _found(json.loads(out), name) == value
    assert err.decode() == f"ncutool: read {words}\n"


def test_plain_numbers_are_not_repeated(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Nothing is said of a number that says itself what it is, nor of a unit that is kept."""
    assert main(["plan", "gemm", "4096", "1e3", "4"]) == 0
    assert capsysbinary.readouterr().err == b""
    words = ["plan", "signals", "--token-time-ms", "20ms", "--model-bytes", "16000000000"]
    assert main([*words, "--device", "h100-sxm"]) == 0
    assert capsysbinary.readouterr().err == b""


def test_sweeps_rates_and_prices_take_amounts(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """So do the numbers within lists, pairs and prices; what is none of them is refused."""
    assert main(f"plan llm {MODEL} --batches 1,1k --format json".split()) == 0
    rows = json.loads(capsysbinary.readouterr().out)["batches"]
    assert [row["batch"] for row in rows] == [1, 1000]
    assert main(["plan", "signals", "--throughput", "8:1.2k", "--throughput", "16:2.3k"]) == 0
    assert "1.92 times the throughput" in " ".join(capsysbinary.readouterr().out.decode().split())
    refused = {
        f"plan llm {MODEL} --batches 1,x": "--batches takes whole numbers with commas between",
        "plan signals --throughput 8:x": "--throughput takes a batch and its rate",
        "plan devices h100-sxm t4 --intensity 1 --price t4=2k": "--price takes NAME=PRICE",
        f"plan llm {MODEL} --memory-share much": "--memory-share takes a share, as 0.9 or 90%",
    }
    for arguments, words in refused.items():
        assert main(arguments.split()) == 2
        assert words in capsysbinary.readouterr().err.decode()
