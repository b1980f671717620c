"""Wrong usage is one line in ncutool's own words, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from ncutool.commands import main

SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
TRACE = str(SAMPLE / f"{SAMPLE.name}.json.gz")

LINES = {
    "rank x": "rank is now called findings",
    "llm --preset x": "llm is now called plan llm",
    "gemm 4 4 4": "gemm is now called plan gemm",
    "attention": "attention is now called plan attention",
    "compare-devices a b": "compare-devices is now called plan devices",
    "signals x": "signals is now called plan signals",
    "kernel x": "no command 'kernel'; did you mean 'kernels'?",
    "plan gem": "no command 'gem' of plan; did you mean 'gemm'?",
    "plan rank": "no command 'rank' of plan; commands: llm, gemm, attention, devices, signals",
    "x.ncu-rep": "no command 'x.ncu-rep'; to analyse a capture: ncutool report x.ncu-rep",
    "--top 3": "no option '--top' before a command; commands: report, findings, diagnose, "
    "kernels, explain, diff, baseline, whatif, next-capture, plan, batch, query, fleet, trends, "
    "job, devices, mcp, schema",
    "kernels x --tpo 3": "no option --tpo; did you mean --top?",
    "kernels x --zzzz": "no option --zzzz; see ncutool kernels --help",
    "kernels x --device h100": "--device of ncutool kernels is now called --assume-device",
    "devices --explain x": "--explain of ncutool devices is now: ncutool explain CAPTURE device",
    "plan devices a b --capture x": "--capture of ncutool plan devices is now: "
    "ncutool whatif CAPTURE --on DEVICE --on DEVICE",
    "plan devices a b --measured-on x": "--measured-on of ncutool plan devices is now: "
    "ncutool whatif CAPTURE --on DEVICE --assume-device NAME",
    "plan gemm 4 4 4 --batch 2": "--batch of ncutool plan gemm is now called --products",
    "plan attention --kv-seq 4": "--kv-seq of ncutool plan attention is now called --context",
    "plan signals --sequences 4": "--sequences of ncutool plan signals is now called --batch",
    "plan signals --batch 8:1200": "--batch takes a whole number, as 4096, 8k (8,000), "
    "8Ki (8,192), 70B or 1e3, not '8:1200'; a batch with its rate is given by --throughput 8:1200",
    "kernels x --top y": "--top takes a whole number from 0, not 'y'; see ncutool kernels --help",
    "kernels x --top -1": "--top takes a whole number from 0, not '-1'; see ncutool kernels --help",
    "kernels x --format xlsx": "--format takes table, json, jsonl, csv, parquet or md, not 'xlsx'; "
    "see ncutool kernels --help",
    "whatif x --batch-scale two": "--batch-scale takes a number, not 'two'; "
    "see ncutool whatif --help",
    "plan gemm 4 4 x": "K takes a whole number, as 4096, 8k (8,000), 8Ki (8,192), 70B or "
    "1e3, not 'x'; see ncutool plan gemm --help",
    "plan gemm 4 4": "K is missing; see ncutool plan gemm --help",
    "plan attention --seq 1 --head-dim 8": "--heads is missing; see ncutool plan attention --help",
    "explain": "CAPTURE is missing; see ncutool explain --help",
    "kernels x y": "unexpected argument 'y'; see ncutool kernels --help",
    "kernels x --top": "option '--top' requires an argument; see ncutool kernels --help",
    "schema rows": "NAME takes kernels, findings, inside, report, diagnosis, next-capture, "
    "explanation, device-explanation, diff, diff-ranks, whatif, gemm-plan, attention-plan, "
    "llm-plan, llm-against, llm-presets, device-comparison, signals, job, trends, query or "
    "devices, not 'rows'; see ncutool schema --help",
    f"whatif {TRACE} --on h100-sxm --price h100-sxm=2": "--price compares devices: give --on twice "
    "or more",
    f"whatif {TRACE} --on h100-sxm --on t4 --graph": "several --on compare devices and nothing "
    "else: ask the rest apart",
    f"explain {TRACE} device --format csv": "--format takes table or json here, not csv",
}


@pytest.mark.parametrize("arguments", LINES)
def test_wrong_usage_is_one_line(
    arguments: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is wrong and what to do, and nothing of the parser's own phrases or boxes."""
    assert main(arguments.split()) == 2
    out, err = capsysbinary.readouterr()
    assert (out, err.decode()) == (b"", f"ncutool: {LINES[arguments]}\n")


def test_wrong_arguments_are_told_before_an_existing_output(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Whoever corrects the name of the output should not then learn of the next mistake."""
    output = tmp_path / "rows.csv"
    output.write_text("mine")
    told = {
        f"kernels {TRACE} --kernel (": "not a valid regular expression",
        f"kernels {TRACE} --assume-device abacus": "no device named 'abacus'",
        f"kernels {TRACE} --device-file none.toml": "none.toml",
        f"kernels {TRACE} --ceilings none.json": "none.json",
        "kernels absent.json": "does not exist",
        f"whatif {TRACE} --weights fp7": "no weight type",
        f"whatif {TRACE} --on abacus": "no device named 'abacus'",
        "plan gemm 0 4 4": "M must be a whole number",
        f"kernels {TRACE}": "already exists",
    }
    for arguments, words in told.items():
        assert main([*arguments.split(), "-o", str(output)]) in (1, 2)
        assert words in capsysbinary.readouterr().err.decode()
    assert output.read_text() == "mine"
