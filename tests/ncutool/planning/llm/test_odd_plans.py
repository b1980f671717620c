"""Plans of odd but real inputs: what is asked for at the edges, and layers that do not divide."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ncutool.commands import main
from ncutool.planning import llm
from ncutool.text.llm import plan_sheet

BASE = ("--preset", "llama-3-8b", "--device", "h100-sxm")
QWEN3_NEXT = {
    "model_type": "qwen3_next",
    "hidden_size": 2048,
    "num_hidden_layers": 48,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "vocab_size": 151936,
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
    "intermediate_size": 5120,
    "torch_dtype": "bfloat16",
}


def facts(plan: llm.Plan) -> dict[str, str]:
    """The remark on each line of a plan."""
    return {name: remark for _, group in plan_sheet(plan).titled_facts for name, _, remark in group}


def said(capsysbinary: pytest.CaptureFixture[bytes], *options: str) -> str:
    """What `plan llm` prints of a small model, on one line."""
    assert main(["plan", "llm", *BASE, *options]) == 0
    return " ".join(capsysbinary.readouterr().out.decode().split())


def test_layers_that_keep_a_state_are_counted_once() -> None:
    """A linear-attention layer keeps a state and what its convolution looks back at."""
    model = llm.from_config(QWEN3_NEXT, name="a model")
    assert [one.layers for one in model.states] == [36, 36]
    assert model.state_layers == 36
    remark = facts(llm.plan(model, "H200 SXM"))["recurrent state"]
    assert remark == "36 of 48 layers keep this however long a sequence is"


def test_layers_that_only_convolve_keep_something_too() -> None:
    """LFM2 has convolutions without a state beside them."""
    config = {
        "model_type": "lfm2",
        "hidden_size": 1024,
        "intermediate_size": 4608,
        "num_hidden_layers": 4,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "vocab_size": 65536,
        "layer_types": ["conv", "full_attention", "conv", "conv"],
        "conv_L_cache": 3,
        "block_auto_adjust_ff_dim": False,
    }
    assert llm.from_config(config, name="a model").state_layers == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--chunk", "100000000"), "a chunk of 4,096 tokens"),
        (("--chunk", "512", "--prompt", "100"), "a chunk of 100 tokens"),
        (("--chunk", "512", "--prefix-share", "0.9"), "a chunk of 410 tokens"),
        (("--chunk", "512"), "a chunk of 512 tokens"),
    ],
    ids=["far longer", "longer", "longer than the rest", "shorter"],
)
def test_no_chunk_is_longer_than_the_prompt(
    capsysbinary: pytest.CaptureFixture[bytes], options: tuple[str, ...], words: str
) -> None:
    """What is left of the prompt is a chunk then, and it is what the step is said to be of."""
    assert words in said(capsysbinary, *options)


def test_one_token_is_no_tokens(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Nowhere in a plan of a context of one."""
    text = said(capsysbinary, "--context", "1", "--chunk", "1", "--time-to-first-token", "0.001")
    assert re.findall(r"(?<![\d,.])1 tokens", text) == []
    assert "1 sequence of 1 token," in text
    assert "1 takes longer at best" in text


def test_a_pipeline_whose_stages_differ_says_so() -> None:
    """Memory is the mean of the stages, which some stage is above."""
    even = llm.plan("mixtral-8x7b", "H100 SXM", pipeline_parallel=4, batch=8)
    assert not any("do not divide among" in note for note in even.notes)
    odd = llm.plan("mixtral-8x7b", "H100 SXM", pipeline_parallel=5, batch=8)
    (note,) = (note for note in odd.notes if "do not divide among" in note)
    assert "32 layers do not divide among 5 stages: one of 7 holds 9.38 % more of them" in note
    assert "may not fit" not in note
    tight = 1.05 * odd.memory.total_bytes / odd.memory.device_bytes
    close = llm.plan("mixtral-8x7b", "H100 SXM", pipeline_parallel=5, batch=8, usable_share=tight)
    assert close.memory.fits
    assert any("than the mean, with which it may not fit" in note for note in close.notes)


def test_layers_for_prediction_of_unknown_shape_are_refused(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    """By the model's name, with the way out; nothing is planned that looks like an answer."""
    path = tmp_path / "qwen" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps({**QWEN3_NEXT, "num_nextn_predict_layers": 1}), encoding="utf-8")
    options = ("--device", "h200-sxm", "--propose", "1", "--acceptance", "0.8", "--mtp")
    assert main(["plan", "llm", "--config", str(path), *options]) == 2
    assert capsysbinary.readouterr().err.decode() == (
        "ncutool: qwen: the shape of its layers for multi-token prediction is not known; describe "
        "them as a draft model with --draft\n"
    )
    assert main(["plan", "llm", *BASE, *options[2:]]) == 2
    err = capsysbinary.readouterr().err.decode()
    assert "names no layers for multi-token prediction; name a draft model with --draft" in err


def test_signals_name_their_device_as_it_was_named(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """By the option of this command; no capture has recorded a device."""
    options = ("--token-time-ms", "12", "--model-bytes", "16e9", "--device", "h100-sxm")
    assert main(["plan", "signals", *options]) == 0
    out = capsysbinary.readouterr().out.decode()
    assert "  device  H100 SXM 80GB  --device h100-sxm\n" in out
