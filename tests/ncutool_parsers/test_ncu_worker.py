"""What the worker makes of NVIDIA's objects, on stand-ins for what no report at hand holds."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, field
from typing import Any

import pytest

from ncutool_parsers import ncu_worker

DOUBLE, UNSIGNED, TEXT, UNKNOWN = 4, 6, 2, 0


@dataclass
class Identities:
    """The correlation ids of a metric: addresses or opcodes."""

    held: list[Any]

    def kind(self) -> int:
        """Kind of the ids."""
        return TEXT if isinstance(self.held[0], str) else UNSIGNED

    def as_string(self, position: int) -> str:
        """One opcode."""
        return str(self.held[position])

    def as_uint64(self, position: int) -> int:
        """One address."""
        return int(self.held[position])


@dataclass
class Metric:
    """An ``ncu_report.IMetric``."""

    held: Any
    type: int = DOUBLE
    named: str = ""
    instances: dict[Any, int] = field(default_factory=dict)

    def kind(self) -> int:
        """Kind of the value."""
        return self.type

    def as_double(self) -> float:
        """The value; 0.0 where there is none, as NVIDIA's does."""
        return 0.0 if self.type == UNKNOWN else float(self.held)

    def num_instances(self) -> int:
        """How many instances it has."""
        return len(self.instances)

    def has_correlation_ids(self) -> bool:
        """Whether its instances say what they belong to."""
        return bool(self.instances)

    def correlation_ids(self) -> Identities:
        """What they belong to."""
        return Identities(list(self.instances))

    def as_uint64(self, position: int) -> int:
        """One instance."""
        return list(self.instances.values())[position]

    def as_string(self) -> str:
        """The value as text."""
        return str(self.held)

    def unit(self) -> str:
        """NVIDIA's unit."""
        return self.named


@dataclass
class Action:
    """An ``ncu_report.IAction``."""

    metrics: dict[str, Metric]
    workload: int = 0
    rules: list[Any] = field(default_factory=list)
    sass: dict[int, str] = field(default_factory=dict)

    def sass_by_pc(self, pc: int) -> str:
        """The text of an instruction."""
        return self.sass.get(pc, "???")

    def metric_names(self) -> tuple[str, ...]:
        """Names of all metrics."""
        return tuple(self.metrics)

    def metric_by_name(self, name: str) -> Metric:
        """One metric."""
        return self.metrics[name]

    def workload_type(self) -> int:
        """Kernel, range, command list, graph."""
        return self.workload

    def name(self, base: int) -> str:
        """Function, demangled, mangled."""
        return ("f", "f()", "_Zf")[base]

    def nvtx_state(self) -> None:
        """No NVTX here."""

    def rule_results(self) -> list[Any]:
        """Results of NVIDIA's rules."""
        return self.rules


def run(action: Action, pattern: str | None = None) -> tuple[dict[str, Any], dict[str, float]]:
    """The facts and the metrics of one action."""
    frames: dict[bytes, bytes] = {}
    ncu_worker.Collector(pattern, frames.__setitem__).action(action)
    ids, values = array("i", frames[b"i"]), array("d", frames[b"v"])
    names = json.loads(frames.get(b"n", b"[]"))
    named = {names[identity]: value for identity, value in zip(ids, values, strict=True)}
    return json.loads(frames[b"a"]), named


def test_metric_without_a_value() -> None:
    """A metric that has no value gives no row, although NVIDIA's as_double() says 0.0."""
    time = Metric(5, UNSIGNED)
    _, metrics = run(Action({"gpu__time_duration.sum": time, "x.sum": Metric(None, UNKNOWN)}))
    assert metrics == {"gpu__time_duration.sum": 5.0}


@pytest.mark.parametrize("workload", [0, 1, 2, 3, 4])
def test_workload(workload: int) -> None:
    """Graphs and ranges keep NVIDIA's number; the tables name them."""
    facts, _ = run(Action({"x.sum": Metric(1)}, workload))
    assert facts["workload"] == workload


@pytest.mark.parametrize(
    ("metrics", "usable"),
    [
        ({"gpu__time_duration.sum": Metric(1.0)}, True),
        ({"gpu__time_duration.sum": Metric(float("nan")), "dram__bytes.sum": Metric(0.0)}, False),
        ({"smsp__inst_executed.sum": Metric(3)}, True),
        ({"smsp__inst_executed.sum": Metric(float("nan")), "launch__grid_size": Metric(1)}, False),
        ({"dram__bytes.sum.peak_sustained": Metric(0.0), "nvlink__max_count": Metric(1)}, False),
        ({}, False),
    ],
)
def test_usable(metrics: dict[str, Metric], usable: bool) -> None:
    """A launch is usable if its time, or else some counter, is a number; peaks do not count."""
    assert run(Action(metrics))[0]["usable"] is usable


@pytest.mark.parametrize(
    ("unit", "nanoseconds"), [("", 5.0), ("nsecond", 5.0), ("usecond", 5000.0), ("hour", None)]
)
def test_old_durations(unit: str, nanoseconds: float | None) -> None:
    """The oldest reports' duration in ns, or nothing where its unit is not known."""
    assert run(Action({"gpu__time_duration": Metric(5, named=unit)}))[0]["duration"] == nanoseconds


def test_pattern_matches_whole_names() -> None:
    """Only metrics whose whole name matches are emitted; identity facts always are."""
    held = {name: Metric(1) for name in ("a.sum", "a.sum.per_second", "launch__stream_id")}
    facts, metrics = run(Action(held), r"a\.sum")
    assert metrics == {"a.sum": 1.0}
    assert facts["facts"] == {"launch__stream_id": 1.0}


def test_unpaired_surrogates() -> None:
    """Names that are no Unicode are kept readable rather than breaking the protocol."""
    named = "device__attribute_display_name"
    action = Action({"x.sum": Metric(1), named: Metric("\udc80bad", TEXT)})
    assert run(action)[0]["facts"] == {named: "?bad"}


def counted(instances: dict[Any, int]) -> Metric:
    """An instanced metric, whose value is the sum of its instances."""
    return Metric(sum(instances.values()), UNSIGNED, instances=instances)


BY_OPCODE = "sass__inst_executed_per_opcode"
CODE = {16: "      FFMA R1, R2, R3, R4", 32: "@!P0 HFMA2.MMA R5, -RZ, RZ, 0, 0 ;", 48: " EXIT"}
PER_PC = {
    "inst_executed": counted({16: 10, 32: 4, 48: 1}),
    "thread_inst_executed_true": counted({16: 300, 32: 64, 48: 0}),
}


def mix(metrics: dict[str, Metric], sass: dict[int, str]) -> dict[str, Any] | None:
    """What the worker makes of a launch's instructions."""
    return ncu_worker.Mixes(ncu_worker.Texts()).of(Action(metrics, sass=sass), tuple(metrics))


def test_instructions_by_address() -> None:
    """Counts per address x its text, summed by opcode; a constant set with HFMA2 is told apart."""
    assert mix(PER_PC, CODE) == {
        "source": "sass",
        "rows": [["FFMA", False, 10, 300], ["HFMA2.MMA", True, 4, 64], ["EXIT", False, 1, 0]],
        "text": "read",
    }


def test_instructions_without_text() -> None:
    """Where a text is missing the report's own sums by opcode stand in, those with shapes first."""
    plain = {BY_OPCODE: counted({"IMMA": 9})}
    shaped = {BY_OPCODE + "_with_modifier_all": counted({"IMMA.16832.S8.S8": 9})}
    assert mix(PER_PC, {}) is None
    assert mix({**PER_PC, **plain}, {}) == {
        "source": "opcode",
        "rows": [["IMMA", None, 9, None]],
        "text": "missing",
    }
    found = mix({**plain, **shaped}, CODE)
    assert found is not None
    assert (found["source"], found["text"]) == ("opcode_modifier", "not counted")


def test_text_that_does_not_fit() -> None:
    """SASS whose counts differ from the report's own by opcode is other code: not believed."""
    fitting = {**PER_PC, BY_OPCODE: counted({"FFMA": 10, "HFMA2": 4, "EXIT": 1})}
    other = {**PER_PC, BY_OPCODE: counted({"FFMA": 11, "HFMA2": 3, "EXIT": 1})}
    assert [(found := mix(m, CODE)) and found["source"] for m in (fitting, other)] == [
        "sass",
        "opcode",
    ]


@pytest.mark.parametrize(
    ("summed", "source"),
    [
        ({"IMMA.16832.S8.S8": 4, "FFMA": 1}, "sass"),
        ({"IMMA.16832.S8.S8": 4, "FFMA.FTZ": 1}, "sass"),
        ({"IMMA.16816.S8.S8": 4, "FFMA": 1}, "opcode_modifier"),
    ],
)
def test_shapes_must_agree(summed: dict[str, int], source: str) -> None:
    """A matrix instruction's modifiers say its shape: there text and sums must be the same."""
    code = {16: "IMMA.16832.S8.S8 R4, R36.ROW, R40.COL, R4", 32: "FFMA R1, R2, R3, R4"}
    metrics = {
        "inst_executed": counted({16: 4, 32: 1}),
        BY_OPCODE + "_with_modifier_all": counted(summed),
    }
    found = mix(metrics, code)
    assert found is not None
    assert found["source"] == source


def test_incomplete_counts() -> None:
    """Instances that do not add up to their metric, or are no numbers, count nothing."""
    cut = Metric(20, UNSIGNED, instances={16: 10})
    wild = Metric(1, UNSIGNED, instances={16: 2**63 - 1})
    assert mix({"inst_executed": cut}, CODE) is None
    assert mix({"inst_executed": wild}, CODE) is None


def test_instructions_only_where_asked_for() -> None:
    """Without the option nothing is disassembled."""
    facts, _ = run(Action({"gpu__time_duration.sum": Metric(5), **PER_PC}, sass=CODE))
    assert "instructions" not in facts


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("      HFMA2.MMA R13, -RZ, RZ, 0, 0", ("HFMA2.MMA", True)),
        ("HFMA2 R29, R2.H0_H0, -R28.H0_NH1, R29", ("HFMA2", False)),
        ("HFMA2 R29, -RZ, R28, R29", ("HFMA2", False)),
        ("HADD2.F32 R0, -RZ, R1.H0_H0", ("HADD2.F32", True)),
        ("HADD2 R0, RZ, R1", ("HADD2", False)),
        ("@P3 FADD R18, RZ, -R18", ("FADD", False)),
        ("@!UP0 HMMA.16816.F16 R28, R20, R28, RZ ;", ("HMMA.16816.F16", False)),
        ("EXIT ;", ("EXIT", False)),
        ("NOP;", ("NOP", False)),
        ("@P0", None),
        ("???", None),
        ("", None),
        (None, None),
    ],
)
def test_instruction_text(text: str | None, parsed: tuple[str, bool] | None) -> None:
    """Opcode behind a predicate; what sets a constant or converts; None where there is none."""
    assert ncu_worker.parse_instruction(text) == parsed


class Source:
    """An ``ncu_report.ISourceInfo``."""

    def file_name(self) -> str:
        return "/home/me/secret/k.cu"

    def line(self) -> int:
        return 7


class Sampled(Action):
    """A launch whose warps were sampled; one of its instructions has a source line."""

    def source_info(self, address: int) -> Source | None:
        return Source() if address == 32 else None

    def source_files(self) -> dict[str, str]:
        return {"/home/me/secret/k.cu": "\n" * 6 + "   x += y;\n"}


STALLED = "smsp__pcsamp_warps_issue_stalled_"
REASONS = {
    f"{STALLED}long_scoreboard": Metric(30, UNSIGNED, "", {16: 0, 32: 30}),
    f"{STALLED}wait": Metric(5, UNSIGNED, "", {16: 5, 32: 0}),
    f"{STALLED}selected": Metric(60, UNSIGNED, "", {16: 50, 32: 10}),
    f"{STALLED}wait_not_issued": Metric(900, UNSIGNED, "", {16: 0, 32: 900}),
}
COUNTED = {"smsp__pcsamp_sample_count": Metric(95, UNSIGNED, "", {16: 55, 32: 40})}


@pytest.mark.parametrize("metrics", [REASONS, REASONS | COUNTED])
def test_samples_by_address(metrics: dict[str, Metric]) -> None:
    """Hottest first, with what most wait for; without a sum of samples the reasons add up. The
    file's folder is not told, and a listing once."""
    samples = ncu_worker.Samples(ncu_worker.Texts())
    action = Sampled(metrics, sass={16: "NOP", 32: "FADD R1, R2, R3"})
    assert samples.of(action, tuple(metrics)) == {
        "total": 95,
        "code": 0,
        "rows": [[16, 55, "wait", 5, None, None], [32, 40, "long_scoreboard", 30, "k.cu", 7]],
        "lines": [["k.cu", 7, 40, "long_scoreboard", 30, "x += y;"]],
        "listing": [[16, "NOP"], [32, "FADD R1, R2, R3"]],
    }
    assert "listing" not in (samples.of(action, tuple(metrics)) or {})


def test_without_samples_there_is_nothing() -> None:
    samples = ncu_worker.Samples(ncu_worker.Texts())
    none = {"smsp__pcsamp_sample_count": Metric(0, UNSIGNED, "", {16: 0})}
    assert samples.of(Sampled(none), tuple(none)) is None
    assert samples.of(Sampled({}), ()) is None
