"""The capture script's workloads run small on the CPU, and what it writes can be read.

What needs CUDA (graphs, events, ncu) is not held here: only that the script says so.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

import changes
import run  # the runner of the back-tests
from ncutool_parsers import torch_trace
from ncutool_parsers.gzip_stream import ByteStream
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.json_repair import Repair
from ncutool_parsers.json_stream import EventStream
from ncutool_parsers.torch_columns import Collector
from ncutool_parsers.torch_tables import Tables, build
from workloads import decoder, experts, inference, nsight, recording, training
from workloads.catalogue import ALL, PAIRS, SWEEPS
from workloads.workload import Report, Setting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SETTING = Setting("cpu", tiny=True)
CAPTURED = (
    "attention-sdpa",
    "attention-written-out",
    "chain-eager",
    "decode-b01-eager",
    "decode-b08-eager",
    "decoder-layer",
    "gemm-fp32",
    "gemm-fp8",
    "gemm-tf32",
    "moe-bmm",
    "moe-every",
    "moe-grouped",
    "moe-loop",
    "optimizer-foreach",
    "optimizer-fused",
    "optimizer-unfused",
    "prefill-b01-eager",
    "train-unfused",
)
GRAPH = "decode-b01-graph"


def capture(*words: str) -> subprocess.CompletedProcess[str]:
    """The script as a user runs it."""
    command = [sys.executable, nsight.SCRIPT.name, "--device", "cpu", "--tiny", *words]
    return subprocess.run(
        command,
        cwd=nsight.SCRIPT.parent,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Times and traces of :data:`CAPTURED`, and of one that needs CUDA."""
    folder = tmp_path_factory.mktemp("captures")
    done = capture("--out", str(folder), "--only", *CAPTURED, GRAPH)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("timing", "trace", "report"):
        assert f"{GRAPH:26} {part:7} skipped: needs CUDA" in done.stdout
    assert f"{'gemm-fp8':26} report  skipped: needs CUDA" in done.stdout
    return folder


@dataclass(frozen=True)
class Traced:
    """The tables of a CPU trace; as a capture it would be refused, since nothing was launched."""

    tables: Tables
    python_events: int

    @property
    def operators(self) -> set[str]:
        """Names of all operators that were called."""
        return set(self.tables.signatures["op"])


def trace(folder: Path, name: str) -> Traced:
    """The trace of a workload, through the reader's own stages."""
    collector = Collector()
    with ByteStream(folder / name / f"{name}.json.gz", ReadOptions()) as source:
        torch_trace._collect(EventStream(source), collector, Repair())
    return Traced(build(collector, None, {}), collector.python_events)


@pytest.mark.parametrize("name", CAPTURED)
def test_a_trace_holds_its_workloads_operators(out: Path, name: str) -> None:
    """Every step is recorded, with its operators and their shapes."""
    captured = trace(out, name)
    assert set(ALL[name].operators) <= captured.operators
    assert captured.tables.shapes_recorded
    ranges = captured.tables.annotations["name"].to_list()
    assert sum(each.startswith("ProfilerStep#") for each in ranges) == ALL[name].steps


def test_stacks_are_recorded_only_if_asked_for(out: Path, tmp_path: Path) -> None:
    """They slow the host, so that gaps are there which are none otherwise."""
    assert trace(out, "gemm-fp32").python_events == 0
    words = ("--only", "gemm-fp32", "--parts", "trace", "--stacks")
    assert capture("--out", str(tmp_path), *words).returncode == 0
    assert trace(tmp_path, "gemm-fp32").python_events > 0


def test_no_file_names_a_folder_of_this_machine(out: Path) -> None:
    """Captures are published: neither trace nor provenance tells where they were written."""
    for path in out.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            text = gzip.decompress(data) if path.suffix == ".gz" else data
            assert str(out.parent).encode() not in text, path.name


def test_times_are_positive_and_in_nanoseconds(out: Path) -> None:
    """Three rounds by the host's clock; no device times where there is no device."""
    found = json.loads((out / "gemm-fp32" / "gemm-fp32.timing.json").read_text("utf-8"))
    assert len(found["host_ns_per_step"]) == 3
    assert all(isinstance(each, int) and each > 0 for each in found["host_ns_per_step"])
    assert found["device_ns"] is None
    assert found["tiny"] is True
    assert found["flop"] == 2 * 64**3


def test_the_provenance_says_what_ran_where(out: Path) -> None:
    """Device, version, command and that the sizes are those of a smoke run."""
    text = (out / "gemm-fp32" / "PROVENANCE.md").read_text("utf-8")
    assert "| device | CPU |" in text
    assert f"| PyTorch | {torch.__version__} |" in text
    assert "python capture.py --device cpu --tiny" in text
    assert "TINY" in text


def test_the_back_tests_can_load_the_manifest(out: Path) -> None:
    """Both captures of each pair are where the manifest says, and so are those of a sweep."""
    manifest = out / "pairs.toml"
    named = tomllib.loads(manifest.read_text("utf-8"))
    names = [row["name"] for row in named["change"]]
    captured = set(CAPTURED)
    assert names == [each.name for each in PAIRS if {each.before, each.after} <= captured]
    for row in named["change"]:
        before, after = (run._located(row[end], manifest, out) for end in ("before", "after"))
        made = run._of_row(row, before, after)
        assert isinstance(made, changes.Change)
        assert before.is_file()
        assert after.is_file()
    assert [row["name"] for row in named["sweep"]] == ["decode of a decoder by batch"]
    found = run._matching(named["sweep"][0]["captures"], manifest, out)
    assert [path.name for path in found] == ["decode-b01-eager.json.gz", "decode-b08-eager.json.gz"]


def test_the_manifest_alone_can_be_written_anew(out: Path) -> None:
    """For a folder put together from several runs; nothing is captured again."""
    manifest = out / "pairs.toml"
    before = manifest.read_bytes()
    manifest.unlink()
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.*")}
    assert capture("--out", str(out), "--parts", "").returncode == 0
    assert manifest.read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_pairs_and_sweeps_name_workloads() -> None:
    """A renamed workload would drop out of the manifest without a word."""
    for pair in PAIRS:
        assert {pair.before, pair.after} <= set(ALL)
    for pattern in SWEEPS.values():
        assert pattern.replace("*", "08") in ALL


def test_too_large_a_file_is_told(tmp_path: Path) -> None:
    """Exit code 1, and the file stays to look at."""
    words = ("--only", "gemm-fp32", "--parts", "trace", "--max-mb", "0.0001")
    done = capture("--out", str(tmp_path), *words)
    assert done.returncode == 1
    assert "TOO LARGE" in done.stdout


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    """Nothing is captured where one name is misspelt."""
    done = capture("--out", str(tmp_path), "--only", "gemm-fp64")
    assert done.returncode == 1
    assert "gemm-fp64" in done.stderr


@pytest.mark.parametrize("form", [experts.loop, experts.batched, experts.grouped])
def test_the_forms_of_a_mixture_agree(form: Any) -> None:
    """Pairs compare the same work: each form gives what every expert over all tokens gives."""
    torch.manual_seed(0)
    made = experts.layer(SETTING)
    torch.testing.assert_close(form(made), experts.every(made), rtol=0.05, atol=0.05)


def test_decode_against_the_cache_agrees_with_a_prefill() -> None:
    """The token after a cached prompt has the logits of the last token of the whole."""
    torch.manual_seed(0)
    model = decoder.Decoder(decoder.TINY)
    ids = torch.randint(256, (2, 9))
    size = decoder.TINY
    shape = (2, 2, size.kv_heads, size.positions, size.head_dim)
    caches = [torch.zeros(shape) for _ in range(size.layers)]
    with torch.no_grad():
        model(ids[:, :8], caches)
        torch.testing.assert_close(model(ids[:, 8:], caches, 8), model(ids))


def test_the_decoder_has_a_third_of_a_billion_parameters() -> None:
    """As it is described; embedding and head are one tensor."""
    with torch.device("meta"):
        model = decoder.Decoder(decoder.Sizes())
    assert 0.29e9 < sum(each.numel() for each in model.parameters()) < 0.31e9


def test_the_update_moves_the_weights_alike() -> None:
    """Unfused, foreach and fused AdamW are the same arithmetic."""
    results = []
    for form in training.FORMS:
        weight = torch.nn.Parameter(torch.linspace(-1, 1, 8))
        weight.grad = torch.linspace(1, 2, 8)
        training._optimizer([weight], form).step()
        results.append(weight.detach())
    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(results[0], results[2])
    assert not torch.equal(results[0], torch.linspace(-1, 1, 8))


def test_the_command_for_ncu_profiles_the_step_alone(tmp_path: Path) -> None:
    """Clocks left alone, nothing outside the marks, and only the kernels that were asked for."""
    report = Report("full", kernels="gemm|cutlass", skip=2, count=3)
    words = nsight.command(ALL["gemm-bf16"], report, tmp_path / "a.ncu-rep", SETTING)
    text = " ".join(words)
    for wanted in (
        "--clock-control none",
        "--profile-from-start off",
        "--set full",
        "--kernel-name regex:gemm|cutlass",
        "--launch-skip 2",
        "--launch-count 3",
        f"{nsight.SCRIPT.name} --mark gemm-bf16",
    ):
        assert wanted in text
    assert words[-1] == "--tiny"


def test_an_ncu_that_fails_or_hangs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last words are kept, and past the time its children end with it."""
    tool = tmp_path / "ncu"
    tool.write_text("#!/bin/sh\necho no counters here\nexit 3\n", "utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    target = tmp_path / "a.ncu-rep"
    words = (ALL["gemm-bf16"], Report("full"), target, SETTING)
    assert nsight.run(*words, 20) == "ncu wrote no report (exit code 3): no counters here"
    tool.write_text(f"#!/bin/sh\n(sleep 2; touch {tmp_path}/left)&\nsleep 60\n", "utf-8")
    assert nsight.run(*words, 0.5) == "ncu took longer than 0.5 s"
    time.sleep(2.5)
    assert not (tmp_path / "left").exists()


def test_the_building_of_a_step_can_be_traced(tmp_path: Path) -> None:
    """What a graph replays is named only where it was captured."""
    target = tmp_path / "gemm-fp32" / "gemm-fp32.json.gz"
    step = recording.recorded_start(ALL["gemm-fp32"], SETTING, target)
    step.run()
    assert {"aten::randn", "aten::mm"} <= trace(tmp_path, "gemm-fp32").operators


def test_issue_workloads_are_all_there() -> None:
    """Prefill and decode at three batches, each eager, compiled and as a graph."""
    for phase in ("prefill", "decode"):
        for batch in inference.BATCHES:
            for mode in ("eager", "compiled", "graph"):
                assert f"{phase}-b{batch:02d}-{mode}" in ALL
