"""``ncutool plan llm --against``: what a trace shows of a step, held against a plan."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from trace_factory import BF16, Trace

from ncutool.analysis import analyse
from ncutool.analysis.request import Request
from ncutool.commands import main
from ncutool.commands.options import Format
from ncutool.commands.plan.llm_against import content
from ncutool.planning import llm
from ncutool.planning import observed as against
from ncutool.planning.llm.comparison import Comparison, Observed
from ncutool.planning.llm.described import described
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.presets import preset
from ncutool.planning.observed.lengths import find
from ncutool_parsers.errors import UsageError

ON_H100 = Request(assume_device="H100 SXM", whole_steps=True)
SIZES = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
}
WEIGHT_BYTES = 2 * (2 * (64 * 128 + 64 * 64 + 64 * 256 + 128 * 64) + 64 * 1000)
NORM_BYTES = 2 * (2 * 2 * 64 + 64)
CACHE_BYTES = 2 * 2 * 2 * 2 * 16  # of a token: keys and values, layers, heads of 16, bf16
DECODE = "execute_8_context_0(sq0sk0sqsq0sqsk0)_generation_8(sq8sk800sqsq8sqsk800)"
QWEN15 = {
    "num_hidden_layers": 24,
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "intermediate_size": 2816,
    "vocab_size": 151936,
}


def small(**changes: int) -> Model:
    """A model of two layers."""
    return described(SIZES | changes)


class Maker:
    """Writes a trace launch by launch, each 1 µs after the last: 10 µs of work, 2 µs of pause."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.clock = 10_000

    def launch(self, op: str, *dims: tuple[int, ...], kernel: str = "kernel") -> None:
        """One operator and its kernel."""
        start = self.clock
        types = [BF16] * len(dims)
        op_id = self.trace.op(op, start - 3_000, start - 1_000, dims, types)
        self.trace.kernel(
            start, 10_000, kernel=kernel, kernel_full=kernel, op_id=op_id,
            called=(start - 2_500, start - 2_000),
        )  # fmt: skip
        self.clock += 12_000

    def step(self, rows: int, name: str, head_rows: int | None = None) -> None:
        """One step of the small model, its projections merged."""
        begin = self.clock - 4_000
        for _ in range(2):
            self.launch("aten::mm", (rows, 64), (64, 128))
            self.launch("serving::paged_attention", kernel="paged_attention_v1")
            self.launch("aten::mm", (rows, 64), (64, 64))
            self.launch("aten::mm", (rows, 64), (64, 256))
            self.launch("aten::silu", (rows, 128))
            self.launch("aten::mm", (rows, 128), (128, 64))
        self.launch("aten::mm", (head_rows or rows, 64), (64, 1000))
        if name:
            self.trace.annotations.append(
                {"name": name, "on_device": False, "thread": 0, "start_ns": begin,
                 "end_ns": self.clock - 12_000}
            )  # fmt: skip

    def observed(self) -> Observed:
        """What the trace shows on an H100."""
        return against.observe(analyse.analyse(self.trace.capture(), ON_H100))


def compared(
    maker: Maker, model: Model | None = None, asked: against.Asked | None = None
) -> Comparison:
    """The small model, or another, against a trace."""
    plan = llm.plan(model or small(), "H100 SXM")
    return against.compare(plan, maker.observed(), asked or against.Asked())


def steps(count: int = 1, rows: int = 8, name: str = DECODE) -> Maker:
    """So many decode steps."""
    maker = Maker()
    for _ in range(count):
        maker.step(rows, name)
    return maker


def test_a_decode_step_is_held_against_its_floor() -> None:
    """Weights, cache by the annotated lengths, and norms, over 3.35 TB/s; 13 launches of 10 µs."""
    found = compared(steps())
    assert found.problems == ()
    assert (found.match.verdict, found.phase, found.rows, found.steps) == ("same", "decode", 8, 1)
    assert found.seen_weight_bytes == found.planned_weight_bytes == WEIGHT_BYTES
    assert found.kv_bytes == 800 * CACHE_BYTES
    assert found.step_busy_ns == 13 * 10_000
    assert found.step_ns == 13 * 10_000 + 12 * 2_000
    moved = WEIGHT_BYTES + NORM_BYTES + 800 * CACHE_BYTES
    assert found.floor_ns == pytest.approx(moved / 3.35e12 * 1e9)
    assert found.reached_pct == pytest.approx(100 * (found.floor_ns or 0) / 154_000)
    times = {part.name: part.ns for part in found.parts}
    assert times == {
        "products": 90_000,
        "attention": 20_000,
        "norms and elementwise": 20_000,
        "idle": 24_000,
    }
    assert sum(part.distance_pct or 0 for part in found.parts) == pytest.approx(100)


def test_steps_are_averaged() -> None:
    """Three annotated steps: figures are a step's, whose weights are read once each."""
    found = compared(steps(3))
    assert (found.steps, found.problems) == (3, ())
    assert found.seen_weight_bytes == WEIGHT_BYTES
    assert {row.calls for row in found.products} == {1.0, 2.0}
    assert found.step_busy_ns == 130_000


def test_without_annotations_calls_tell_steps_and_rows_the_phase() -> None:
    """Two steps by the calls; all 8 rows need logits: decode. The cache is not known."""
    found = compared(steps(2, name=""))
    assert (found.steps, found.phase) == (2, "decode")
    assert found.kv_bytes is None
    assert found.kv_reason == "the lengths of the sequences are not recorded (--context)"
    assert found.floor_ns == pytest.approx((WEIGHT_BYTES + NORM_BYTES) / 3.35e12 * 1e9)
    attention = next(part for part in found.parts if part.name == "attention")
    assert (attention.floor_ns, attention.distance_ns, attention.distance_pct) == (None,) * 3


def test_options_say_what_the_trace_does_not() -> None:
    """--context 100 for the 8 rows of a decode step: 800 tokens of cache."""
    found = compared(steps(name=""), asked=against.Asked(context_tokens=100))
    assert found.kv_bytes == 800 * CACHE_BYTES
    assert found.lengths is not None
    assert (found.lengths.source, found.lengths.sequences) == ("options", 8)


def test_a_prefill_is_told_by_the_rows_of_its_head() -> None:
    """2 of 512 rows need logits; arithmetic is that of 512 rows, of the head that of 2."""
    maker = Maker()
    maker.step(512, "", head_rows=2)
    found = compared(maker, asked=against.Asked(prompt_tokens=256))
    assert (found.phase, found.phase_reason) == ("prefill", "2 of 512 rows need logits")
    assert found.lengths is not None
    assert (found.lengths.sequences, found.lengths.cached_tokens) == (2, 512.0)
    assert found.floor is not None
    layers = 2 * (64 * 128 + 64 * 64 + 64 * 256 + 128 * 64)
    pairs = 2 * 256 * 257 / 2
    assert found.floor.flop == 2 * 512 * layers + 2 * 2 * 64_000 + 2 * 2 * 4 * 32 * pairs
    assert found.kv_bytes == 512 * CACHE_BYTES


def test_many_rows_with_logits_need_a_word() -> None:
    """512 rows through layers and head may be a large batch or a scored prompt: nothing is said."""
    found = compared(steps(rows=512, name=""))
    assert found.phase is None
    assert found.floor_ns is None
    assert "say --phase" in found.problems[0]
    assert compared(steps(rows=512, name=""), asked=against.Asked(phase="decode")).phase == "decode"


def test_another_model_is_refused_with_its_shapes() -> None:
    """A wider feed-forward block, and one layer more: no share of any floor is given."""
    wider = compared(steps(), small(intermediate_size=192))
    assert wider.match.verdict == "differs"
    assert "[64,256] × 2" in wider.problems[0]
    deeper = compared(steps(), small(num_hidden_layers=3))
    assert "2 times a step by [64,128], the plan 3 times" in " ".join(deeper.problems)
    for found in (wider, deeper):
        assert (found.floor_ns, found.reached_pct, found.parts, found.products) == (
            None, None, (), (),
        )  # fmt: skip


def test_rows_that_vary_are_refused() -> None:
    """Steps of 8 and of 6 rows are no step of one size."""
    maker = Maker()
    maker.step(8, "")
    maker.step(6, "")
    assert compared(maker).problems == ("the rows of the products differ between layers or steps",)


def test_what_was_not_run_is_left_out_of_the_floor() -> None:
    """A scoring model without head: no launch of unknown work could have read its weights."""
    maker = steps(name="")
    maker.trace.launches.pop()
    found = compared(maker, asked=against.Asked(phase="decode"))
    assert found.match.verdict == "partly"
    assert found.floor is not None
    assert found.floor.bytes == WEIGHT_BYTES - 2 * 64_000 + NORM_BYTES
    assert any(note.startswith("head: not run here") for note in found.notes)


def test_without_shapes_contradictions_are_refused() -> None:
    """A trace without shapes may be compared, but not with a plan of more layers or devices, nor
    with one whose floor is longer than the device's work."""
    observed = replace(steps().observed(), products=(), opaque_ns=90_000, ranks=1, steps=1)
    good = against.compare(llm.plan(small(), "H100 SXM"), observed, against.Asked())
    assert good.problems == ()
    assert any(note.startswith("not checked") for note in good.notes)

    def problem(model: Model, devices: int = 1) -> str:
        plan = llm.plan(model, "H100 SXM", tensor_parallel=devices)
        return against.compare(plan, observed, against.Asked()).problems[0]

    assert "attention 2 times a step" in problem(small(num_hidden_layers=3))
    assert "among 2 devices, and the job has 1 rank" in problem(small(), 2)
    assert "less than the plan's floor" in problem(small(intermediate_size=1_000_000))
    assert "does not fit 1 × H100" in problem(preset("llama-3-70b"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (DECODE, ("decode", 8, 8, 800.0, None, False)),
        (
            "execute_30_context_3(sq30sk30sqsq300sqsk300)_generation_0(sq0sk0sqsq0sqsk0)",
            ("prefill", 3, 30, 30.0, 165.0, True),
        ),
        (
            "execute_30_context_2(sq30sk50sqsq500sqsk900)_generation_0(sq0sk0sqsq0sqsk0)",
            ("prefill", 2, 30, 50.0, 665.0, False),
        ),
        (
            "execute_context_1(888_788544)_generation_0(0)",
            ("prefill", 1, 888, None, None, False),
        ),
        ("execute_context_0(0)_generation_7(7)", ("decode", 7, 7, None, None, False)),
        ("step[DECODE bs=32]", ("decode", 32, None, None, None, False)),
        ("step[EXTEND bs=15 toks=15360]", ("prefill", 15, 15360, None, None, False)),
    ],
)
def test_annotations_of_servers_tell_lengths(name: str, told: tuple[object, ...]) -> None:
    """Pairs are the sum of queries × keys less what is masked: (squares - queries) / 2."""
    found, _ = find([name, "ProfilerStep#1"], [])
    assert found is not None
    assert (
        found.phase, found.sequences, found.new_tokens, found.cached_tokens, found.pairs,
        found.alike,
    ) == told  # fmt: skip


def test_a_mixed_step_has_both_parts() -> None:
    """Prompts beside decoded sequences are kept apart, so that each is counted by its own rule."""
    found, reason = find(["execute_context_1(20)_generation_7(7)"], [])
    assert reason is None
    assert found is not None
    assert (found.phase, found.sequences, found.new_tokens) == ("mixed", 8, 27)
    assert [(one.phase, one.sequences, one.new_tokens) for one in found.parts] == [
        ("prefill", 1, 20),
        ("decode", 7, 7),
    ]


def test_unlike_steps_tell_nothing() -> None:
    """Steps of several batches are said and not averaged."""
    names = ["step[DECODE bs=32]", "step[DECODE bs=31]"]
    assert find(names, []) == (None, "the annotated steps differ in phase or batch")
    assert find(["no step"], []) == (None, None)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 64), st.integers(0, 4))
def test_parts_sum_to_the_step(count: int, rows: int, others: int) -> None:
    """Every nanosecond is under one heading, however many launches of other kinds there are."""
    maker = steps(count, rows)
    for index in range(others):
        maker.launch(("ncclDevKernel", "x::unheard")[index % 2], kernel=("nccl", "odd")[index % 2])
    observed = maker.observed()
    assert sum(part.ns for part in observed.parts) == observed.wall_ns
    idle = next(part.ns for part in observed.parts if part.name == "idle")
    assert idle == observed.wall_ns - observed.busy_ns


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.integers(1, 5_000))
def test_a_step_is_no_shorter_than_its_parts_allow(rows: int, each: int) -> None:
    """Overlapped, bytes and arithmetic take no longer than the parts' floors one by one, and no
    less than the longest of them; distances sum to the step less these floors."""
    found = compared(
        steps(rows=rows, name=""), asked=against.Asked(phase="decode", context_tokens=each)
    )
    least = [part.floor_ns or 0.0 for part in found.parts]
    assert found.floor_ns is not None
    assert found.step_ns is not None
    assert max(least) <= found.floor_ns * (1 + 1e-9)
    assert found.floor_ns <= sum(least) * (1 + 1e-9)
    beyond = sum(part.distance_ns or 0.0 for part in found.parts)
    assert beyond == pytest.approx(found.step_ns - sum(least))


def test_forms_say_the_same() -> None:
    """Terminal, Markdown, JSON and CSV; an unknown floor is a dash and null, never 0."""
    plan = llm.plan(small(), "H100 SXM")
    told = analyse.analyse(steps(name="").trace.capture(), ON_H100)

    def form(chosen: Format) -> str:
        made, why = content(plan, told, against.Asked(), chosen, color=False)
        assert why is None
        return made.decode()

    table, markdown = form(Format.TABLE), form(Format.MD)
    assert "products" in table
    assert "| attention | 20.00 µs | 13.0 % | – |  | – | – | operators |" in markdown
    rows = list(csv.DictReader(io.StringIO(form(Format.CSV))))
    parts = json.loads(form(Format.JSON))["parts"]
    assert [row["name"] for row in rows] == [part["name"] for part in parts]
    attention = next(part for part in parts if part["name"] == "attention")
    assert (attention["ns"], attention["floor_ns"]) == (20_000, None)


def test_rows_of_a_refusal_are_refused() -> None:
    """A table of parts that were not compared would be empty: it is an error, with its reason."""
    plan = llm.plan(small(num_hidden_layers=3), "H100 SXM")
    told = analyse.analyse(steps().trace.capture(), ON_H100)
    made, why = content(plan, told, against.Asked(), Format.JSON, color=False)
    assert json.loads(made)["compared"] is False
    assert why is not None
    with pytest.raises(UsageError, match="not compared"):
        content(plan, told, against.Asked(), Format.CSV, color=False)


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = main([str(argument) for argument in arguments])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


def test_a_real_decode_step_has_the_figures_found_by_hand(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Qwen3-8B on MI300X, batch 32: 36 × 385.9 MB + 1,244.7 MB = 15.14 GB, 2,856 µs of 5,782
    (49 %); gate_up 57 %, down 47 %, qkv and output 38 %, head 59 %; cache 36 × 134 MB."""
    traces = corpus / "torch"
    _, out, _ = run(
        capsysbinary, "plan", "llm", "--preset", "qwen3-8b", "--format", "json",
        "--against", traces / "mi300x-sglang-qwen3-8b-decode-graph.json.gz",
        "--capture-trace", traces / "mi300x-sglang-qwen3-8b-capture.json.gz",
    )  # fmt: skip
    told = json.loads(out)
    assert (told["match"]["verdict"], told["phase"], told["rows"]) == ("same", "decode", 32)
    assert told["lengths"]["cached_tokens"] == 32_785
    assert told["seen_weight_bytes"] == told["planned_weight_bytes"] == 15_136_194_560
    assert told["kv_bytes"] == 36 * 32_785 * 4_096
    parts = {part["name"]: part for part in told["parts"]}
    assert parts["products"]["ns"] == 5_782_257
    assert parts["products"]["floor_ns"] == pytest.approx(2_856_000, rel=1e-4)
    assert round(parts["products"]["reached_pct"]) == 49
    assert parts["attention"]["floor_ns"] == pytest.approx(36 * 25_300, rel=2e-3)
    shares = {row["weights"]: round(row["reached_pct"]) for row in told["products"]}
    assert shares == {
        "gate, up": 57,
        "down": 47,
        "query, key, value": 38,
        "output": 38,
        "head": 59,
    }
    assert told["step_ns"] == 10_366_887
    assert told["floor_ns"] == pytest.approx(3_768_143, abs=1)
    assert told["reached_pct"] == pytest.approx(36.35, abs=0.01)


def test_a_real_prefill_is_held_against_its_arithmetic(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """15 prompts of 1,024: 2 × 15,360 × 6.946e9 + head FLOPs over 1,307.4 TFLOP/s = 163.2 ms of
    420.3 ms; causal pairs 15 × 1,024 × 1,025 / 2."""
    path = corpus / "torch" / "mi300x-sglang-qwen3-8b-prefill.json.gz"
    _, out, _ = run(
        capsysbinary, "plan", "llm", "--preset", "qwen3-8b", "--format", "json", "--against", path
    )
    told = json.loads(out)
    assert (told["match"]["verdict"], told["phase"], told["rows"]) == ("same", "prefill", 15_360)
    assert told["lengths"]["pairs"] == 7_872_000
    products = next(part for part in told["parts"] if part["name"] == "products")
    assert products["ns"] == 420_305_748
    assert products["floor_ns"] == pytest.approx(163.22e6, rel=1e-4)
    assert told["floor"]["flop"] == pytest.approx(2.1339e14 + 4.6431e12, rel=1e-4)


def test_a_real_model_without_preset_is_described_by_sizes(corpus: Path) -> None:
    """Qwen1.5-0.5B, 16 × 559 tokens: 5.574 of 8.858 ms (63 %); no head was run; the attention was
    given the keys and values that the plan counts."""
    path = corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz"
    told = analyse.read_and_analyse(path, Request(whole_steps=True))
    device = told.resolution.device
    assert device is not None
    plan = llm.plan(described(QWEN15), device)
    found = against.compare(plan, against.observe(told), against.Asked())
    assert (found.match.verdict, found.phase, found.rows) == ("partly", "prefill", 8_944)
    products = next(part for part in found.parts if part.name == "products")
    assert products.ns == 8_858_227
    assert products.floor_ns == pytest.approx(5_573_617, abs=1)
    assert found.kv_bytes == found.observed.kv_bytes == 879_230_976
    assert found.step_ns == 34_892_419


def test_a_rank_of_a_real_mixture_matches_its_share(corpus: Path) -> None:
    """gpt-oss-120b divided by 8: dense weights 410.2 MB a rank; its experts have no shapes, and
    its attention in fp8 is not held against a cache in bf16."""
    path = corpus / "torch" / "b200-vllm-moe-prefill-8rank.json.gz"
    told = analyse.read_and_analyse(path, Request(whole_steps=True))
    device = told.resolution.device
    assert device is not None
    observed = against.observe(told)
    plan = llm.plan("gpt-oss-120b", device, tensor_parallel=8)
    found = against.compare(plan, observed, against.Asked())
    assert (found.match.verdict, found.phase, found.rows) == ("same", "prefill", 888)
    assert found.seen_weight_bytes == found.planned_weight_bytes == 410_204_160
    assert "fp8" in (found.kv_reason or "")
    parts = {part.name: part.ns for part in found.parts}
    assert (parts["experts"], parts["communication"]) == (6_009_148, 2_141_501)
    whole = against.compare(llm.plan("gpt-oss-120b", device), observed, against.Asked())
    assert whole.fitting == ("--preset gpt-oss-120b --tp 8",)


def test_options_of_the_command_fill_what_a_real_trace_leaves_open(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """--prompt 888 and --kv fp8: a rank writes 36 layers × 2 × 64 values a token, one byte each.
    Without --prompt the lengths are unknown: the planner's usual context is not taken for them."""
    path = corpus / "torch" / "b200-vllm-moe-prefill-8rank.json.gz"
    plain = (
        "plan",
        "llm",
        "--preset",
        "gpt-oss-120b",
        "--tp",
        8,
        "--kv",
        "fp8",
        "--format",
        "json",
    )
    _, out, _ = run(capsysbinary, *plain, "--against", path, "--prompt", 888)
    assert json.loads(out)["kv_bytes"] == 36 * 2 * 64 * 888
    _, out, _ = run(capsysbinary, *plain, "--against", path)
    told = json.loads(out)
    assert told["kv_bytes"] is None
    assert "--context" in told["kv_reason"]


def test_the_command_refuses_another_model(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Exit 1, the shapes and the preset that has them; without a model, the presets alone."""
    path = corpus / "torch" / "mi300x-sglang-qwen3-8b-prefill.json.gz"
    code, out, err = run(capsysbinary, "plan", "llm", "--preset", "qwen3-14b", "--against", path)
    assert code == 1
    assert "[15360,4096] × [4096,24576]" in out
    assert "--preset qwen3-8b" in out
    assert "reached" not in out
    assert err.count("\n") == 1
    assert "not compared" in err
    code, out, err = run(capsysbinary, "plan", "llm", "--against", path)
    assert (code, out) == (2, "")
    assert "--preset qwen3-8b" in err


def test_a_real_graph_without_shapes_is_not_believed_to_be_any_model(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """32 attention launches: not DeepSeek-V3 with its 61 layers, nor Qwen3-8B with 36."""
    path = corpus / "torch" / "b300-sglang-deepseek-r1-decode-graph.json.gz"
    for model, said in (
        (("deepseek-v3",), "does not fit"),
        (("deepseek-v3", "--tp", "8"), "the job has 1 rank"),
        (("qwen3-8b",), "32 times a step"),
    ):
        code, _, err = run(capsysbinary, "plan", "llm", "--against", path, "--preset", *model)
        assert code == 1
        assert said in err
    code, out, _ = run(capsysbinary, "plan", "llm", "--against", path, "--preset", "llama-3.1-8b")
    assert code == 0
    assert "not checked" in out


def test_nonsense_is_one_line(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """A phase that is none, a page, a companion without a capture, a file that is none."""
    plain = ("plan", "llm", "--preset", "qwen3-8b")
    for arguments, code, said in (
        ((*plain, "--against", tmp_path / "no.json", "--phase", "both"), 2, "decode or prefill"),
        ((*plain, "--against", tmp_path / "no.json", "-o", tmp_path / "x.html"), 2, "no page"),
        ((*plain, "--device", "h100-sxm", "--phase", "decode"), 2, "give --against"),
        ((*plain, "--against", tmp_path / "no.json"), 1, "no.json"),
    ):
        found, out, err = run(capsysbinary, *arguments)
        assert (found, out) == (code, "")
        assert said in err
        assert err.count("\n") == 1
