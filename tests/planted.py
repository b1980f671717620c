"""Captures with private strings planted in every text that a reader keeps, and in others."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch_factory as made

import ncutool_parsers
from ncutool_parsers.capture import Capture, Notice
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.interface import ReadOptions

ALWAYS = (
    "zorbanek", "quillfeather", "brimstoke", "vexlund", "10.42.17.99", "fe80::a1b2", "wendigoth",
    "jarnvold", "plasmorth", "kettlebrax", "onderzoek9", "mirkwaldt", "snorrigard", "hexavont",
    "tallowmere", "draknoss", "ulvhammer", "cragspire", "fennolk", "yttermoor", "grolmund",
)  # fmt: skip
"""Private in every mode: paths, hosts, users, addresses, values, modules, the file's name."""
NAMES = ("rivenmaw", "ostracell", "thornquil", "balefyre", "nyxhollow", "ashgrovel", "dunmirr",
         "ekkorath", "silvanthe", "umbergast")  # fmt: skip
"""Words of the user's own kernels, operators and types."""
FILE = "zorbanek-gpu17_4711.1717171717.pt.trace.json"
"""As the profiler names it: the host, the process, the time."""
REPORT_FILE = "mirkwaldt-decode.ncu-rep"
_HEAD = b"planted report"
_SAMPLES = Path(__file__).resolve().parents[1] / "reports" / "samples"


def trace(
    folder: Path, slower: float = 1.0, file: str = FILE, rank: int = 0, world: int = 1
) -> Path:
    """Write a trace with strings in names, arguments, annotations, metadata and its own name."""
    events = []
    for number in range(8):
        events += _step(1000.0 * number, number, slower)
    events += [
        made.event("user_annotation", "ProfilerStep#3", 0.0, 4000.0),
        made.event("user_annotation", "ProfilerStep#4", 4000.0, 4000.0),
        made.event("python_function", "/home/kettlebrax/src/model.py(12): forward", 1.0, 900.0),
        made.event("python_function", "nn.Module: Onderzoek9Block_0", 1.0, 900.0),
        made.event("overhead", "fennolk.profiler.Flush", 10.0, 5.0),
    ]
    top: dict[str, Any] = {
        "traceName": "/home/quillfeather/runs/" + FILE,
        "hostname": "brimstoke",
        "user": "vexlund",
        "metadata": {"API_TOKEN": "draknoss"},
        "env": {"AWS_SECRET_ACCESS_KEY": "ulvhammer"},
        "distributedInfo": {"backend": "nccl", "rank": rank, "world_size": world,
                            "pg_config": [{"pg_desc": "cragspire", "ranks": [0]}]},
        "deviceProperties": [{"id": 0, "name": "NVIDIA H100 80GB HBM3", "computeMajor": 9,
                              "computeMinor": 0, "numSms": 132, "totalGlobalMem": 85017624576}],
    }  # fmt: skip
    return made.write(folder / file, events, **top)


def _step(start: float, number: int, slower: float) -> list[made.Event]:
    dims = {"Input Dims": [[512, 512], [512, 512]], "Input type": ["float", "float"]}
    own = {
        "Input Dims": [[512, 512], []],
        "Input type": ["float", "__torch__.torch.classes.umbergast.Balefyre"],
        "Concrete Inputs": ["", "TOKEN=snorrigard at /data/hexavont/weights"],
        "kernel_kwargs": "PATH='/scratch/tallowmere/x.py'",
    }
    mangled = "_ZN9nyxhollow10attend_bwdIfEEvPT_"
    kernels = [
        ("void rivenmaw::ostracell_gemm_kernel<float, 128>(float*)", "aten::mm", dims, 80.0),
        ("thornquil_decode_kernel", "dunmirr::ekkorath_op", own, 300.0 * slower),
        ("triton_poi_fused_add_silvanthe_mul_0", "triton_poi_fused_add_silvanthe_mul_0", own, 60.0),
        (mangled, "autograd::engine::evaluate_function: AshgrovelBackward", own, 90.0),
        ("kernel_of /home/plasmorth/build/model.cu:17", "plasmorth.ops.call", own, 40.0),
    ]
    events, at = [], start + 10.0
    for index, (kernel, op, args, lasts) in enumerate(kernels):
        key = 10 * number + index + 1
        events += [
            made.op(op, at, 30.0, key, args=args),
            made.call(at + 5.0, 3.0, key),
            made.kernel(kernel, at + 20.0, lasts, key, grid=[132, 1, 1], block=[256, 1, 1]),
        ]
        at += max(lasts, 40.0) + 30.0
    annotation = (
        f"nn.Module: wendigoth.Jarnvold_{number} fe80::a1b2 10.42.17.99 yttermoor@grolmund.de"
    )
    return [*events, made.event("user_annotation", annotation, start, 900.0)]


@lru_cache(maxsize=1)
def _sample() -> Capture:
    path = next(iter(sorted(_SAMPLES.glob("*/*.ncu-rep"))))
    return ncutool_parsers.read(path, ReadOptions(metrics=".*", instructions=True))


class _PlantedReports:
    """Reads a made file as the sample report, with private strings in its texts."""

    format = NCU_REPORT

    def accepts(self, head: bytes) -> bool:
        """Whether the file says so."""
        return head.startswith(_HEAD)

    def read(self, path: Path, options: ReadOptions) -> Capture:
        """The sample, with names that no library has."""
        capture, slower = _sample(), float(path.read_bytes().removeprefix(_HEAD))
        name = "void rivenmaw::ostracell_gemm_kernel<thornquil>(float*)"
        launches = capture.launches.with_columns(
            kernel=pl.lit("ostracell_gemm_kernel<thornquil>"),
            kernel_full=pl.lit(name),
            nvtx=pl.lit("wendigoth.Jarnvold of yttermoor@grolmund.de on 10.42.17.99"),
            duration_ns=(pl.col("duration_ns") * slower).cast(pl.Int64),
        )
        rules = capture.rules.with_columns(
            message=pl.lit("Look at /home/kettlebrax/src/balefyre.cu: silvanthe. ") + name
        )
        said = f"{path.name} holds {name}, of fe80::a1b2, made by vexlund on brimstoke."
        return replace(
            capture,
            path=path,
            launches=launches,
            rules=rules,
            notices=(*capture.notices, Notice("made", said)),
            private={
                "host": "brimstoke",
                "program": "/home/quillfeather/bin/mirkwaldt",
                "command": "TOKEN=snorrigard /home/vexlund/mirkwaldt --data /data/hexavont",
            },
        )


def report(folder: Path, slower: float = 1.0, file: str = REPORT_FILE) -> Path:
    """Write a file that :func:`planted_reports` reads as a report."""
    path = folder / file
    path.write_bytes(_HEAD + str(slower).encode())
    return path


@pytest.fixture
def planted_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ncutool read the made reports."""
    monkeypatch.setattr(ncutool_parsers, "READERS", (_PlantedReports(), *ncutool_parsers.READERS))
