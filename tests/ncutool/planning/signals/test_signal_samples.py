"""What samples over time say, and what they do not: regimes, idleness, levels, caveats."""

from __future__ import annotations

import pytest
from signal_texts import Sample, dcgmi_dmon, exporter, smi_dmon

from ncutool.base import nvidia
from ncutool.planning.signals import Verdict, classify, parse
from ncutool.planning.signals.resources import Used, bound, used
from ncutool.planning.signals.statistics import distribution, levels, percentile
from ncutool.planning.signals.thresholds import BALANCE, LIMIT
from ncutool.planning.signals.verdict import CONFIDENCES, REGIMES, REMEDIES

NO_PIPES: Sample = {"FP64A": 0, "FP32A": 0, "FP16A": 0}


def told(text: str, device: str | None = None) -> Verdict:
    """The verdict on the one GPU of a text."""
    (verdict,) = classify([parse(text, "x")], device=device).verdicts
    assert verdict.regime in REGIMES
    assert verdict.confidence in CONFIDENCES
    return verdict


def profiled(**tags: float) -> Verdict:
    """Of thirty like samples with every field of the engine, SMs, pipes and memory."""
    sample: Sample = {"GRACT": 1, "SMACT": 0.95, "SMOCC": 0.5, "TENSO": 0, **NO_PIPES, **tags}
    return told(dcgmi_dmon([sample] * 30))


def test_the_boundaries_are_those_of_launches() -> None:
    """One rule for a launch and for a device: NVIDIA's 60 % and 10 points."""
    assert LIMIT == nvidia.LOW_PCT == 60.0
    assert BALANCE == nvidia.BALANCED_POINTS == 10.0


@pytest.mark.parametrize(
    ("compute", "memory", "regime"),
    [
        (80, 20, "compute"),
        (20, 80, "memory"),
        (60, 40, "compute"),
        (59.9, 0, "latency"),
        (65, 74.9, "balanced"),
        (65, 75, "memory"),
        (55, 64, "balanced"),
        (30, 22, "latency"),
        (30, 30, "mixed"),
        (45, 45, "mixed"),
        (None, 80, "memory"),
        (80, None, "compute"),
        (None, 20, "unknown"),
        (20, None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_the_rule(compute: float | None, memory: float | None, regime: str) -> None:
    """Past 60 % the more used resource, alike within 10 points; means under it only together."""
    assert bound(used(compute), used(memory)) == regime


def test_a_pipe_that_is_not_known_is_bounded_by_what_it_may_be() -> None:
    """At most 15 % of compute and 20 % of memory is latency, at most 70 % may be anything."""
    assert bound(Used(5, 15), used(20)) == "latency"
    assert bound(Used(5, 55), used(20)) == "mixed"
    assert bound(Used(5, 70), used(20)) == "unknown"
    assert bound(Used(5, 70), used(80)) == "memory"


@pytest.mark.parametrize(
    ("tags", "regime", "confidence"),
    [
        ({"TENSO": 0.81, "DRAMA": 0.35}, "compute", "high"),
        ({"FP32A": 0.75, "DRAMA": 0.2}, "compute", "high"),
        ({"FP64A": 0.9, "DRAMA": 0.2}, "compute", "high"),
        ({"TENSO": 0.2, "DRAMA": 0.74}, "memory", "high"),
        ({"TENSO": 0.7, "DRAMA": 0.72}, "balanced", "high"),
        ({"TENSO": 0.1, "DRAMA": 0.2}, "latency", "medium"),
        ({"TENSO": 0.45, "DRAMA": 0.45}, "mixed", "low"),
    ],
)
def test_the_most_used_resource_is_the_regime(
    tags: dict[str, float], regime: str, confidence: str
) -> None:
    """Any pipe counts as compute; latency is never sure, since L2 is not among the fields."""
    verdict = profiled(**tags)
    assert (verdict.regime, verdict.confidence) == (regime, confidence)


def test_idle_time_within_samples_is_taken_out() -> None:
    """Busy for half of each second: memory at 40 % of the time is 80 % of the busy time."""
    verdict = profiled(GRACT=0.55, SMACT=0.5, DRAMA=0.44, TENSO=0.05)
    assert verdict.regime == "memory"
    figures = {figure.name: figure.value for figure in verdict.figures}
    assert figures["idle_pct"] == pytest.approx(45)
    idle = profiled(GRACT=0.4, SMACT=0.4, DRAMA=0.32, TENSO=0.05)
    assert (idle.regime, idle.while_busy) == ("idle", "memory")


def test_tensor_and_memory_alone_leave_room_for_other_pipes() -> None:
    """Tensor 10 % and memory 20 % may be FP32 work, unless busy SMs were hardly occupied."""
    sample: Sample = {"TENSO": 0.1, "DRAMA": 0.2}
    open_end = told(dcgmi_dmon([sample] * 30, ("TENSO", "DRAMA")))
    assert (open_end.regime, open_end.confidence) == ("unknown", "none")
    assert "FP32 pipe" in open_end.reason
    tags = ("GPUTL", "SMACT", "TENSO", "DRAMA")
    full = told(dcgmi_dmon([{**sample, "GPUTL": 99, "SMACT": 0.9}] * 30, tags))
    assert full.regime == "busy"
    few = told(dcgmi_dmon([{**sample, "GPUTL": 99, "SMACT": 0.3}] * 30, tags))
    assert few.regime == "latency"
    assert any("under 50 %" in note for note in few.notes)


def test_idle_time_that_is_not_sampled_leaves_the_regime_open() -> None:
    """20 % of each may be all of either for a fifth of the time, unless something tells it not."""
    sample: Sample = {"TENSO": 0.2, "DRAMA": 0.1, **NO_PIPES}
    tags = ("TENSO", "DRAMA", "FP64A", "FP32A", "FP16A")
    assert told(dcgmi_dmon([sample] * 30, tags)).regime == "unknown"
    for known, regime in (({"GPUTL": 98}, "latency"), ({"GPUTL": 25}, "idle")):
        verdict = told(dcgmi_dmon([{**sample, **known}] * 30, ("GPUTL", *tags)))
        assert verdict.regime == regime
        assert verdict.while_busy is None
    busy_part = told(dcgmi_dmon([{**sample, "GRACT": 0.25}] * 30, ("GRACT", *tags)))
    assert (busy_part.regime, busy_part.while_busy) == ("idle", "compute")


def test_sm_activity_alone_does_not_tell_small_grids_from_idle_time() -> None:
    """30 % may be 30 % of the SMs or of the time; tensor at 25 % may then be its limit."""
    sample: Sample = {"SMACT": 0.3, "TENSO": 0.25, "DRAMA": 0.05, **NO_PIPES}
    tags = ("SMACT", "TENSO", "DRAMA", "FP64A", "FP32A", "FP16A")
    verdict = told(dcgmi_dmon([sample] * 30, tags))
    assert verdict.regime == "unknown"
    assert any("look alike" in note for note in verdict.notes)


def test_a_minority_that_is_told_does_not_name_the_rest() -> None:
    """A quarter past memory's limit and three quarters that may be anything: nothing is claimed."""
    some: Sample = {"TENSO": 0.1, "DRAMA": 0.8}
    rest: Sample = {"TENSO": 0.1, "DRAMA": 0.2}
    verdict = told(dcgmi_dmon(([some] + [rest] * 3) * 10, ("TENSO", "DRAMA")))
    assert (verdict.regime, verdict.confidence) == ("unknown", "none")
    assert [(part.regime, part.share_pct) for part in verdict.parts] == [("memory", 25)]


def test_memory_past_its_limit_is_told_without_every_pipe() -> None:
    """It is a resource past the limit; that another may be alike takes confidence."""
    verdict = told(dcgmi_dmon([{"TENSO": 0.1, "DRAMA": 0.75}] * 30, ("TENSO", "DRAMA")))
    assert (verdict.regime, verdict.confidence) == ("memory", "medium")


@pytest.mark.parametrize("sm", [60, 97, 100])
@pytest.mark.parametrize("mem", [0, 55, 100])
def test_gpu_util_alone_says_busy_at_most(sm: int, mem: int) -> None:
    """Whatever sm % and mem % are, no resource is named and no regime is claimed."""
    verdict = told(smi_dmon([{"sm": sm, "mem": mem}] * 40), "H100 SXM 80GB")
    assert (verdict.regime, verdict.confidence) == ("busy", "none")
    assert not verdict.parts
    (util,) = [note for note in verdict.notes if note.startswith("GPU-Util")]
    assert f"{sm}" in util
    assert "132 SMs (0.8 % of them)" in util
    (memory,) = [note for note in verdict.notes if note.startswith("mem %")]
    assert "not a share of its bandwidth" in memory


def test_gpu_util_tells_idleness() -> None:
    """Next to nothing for most of the time is a fact that GPU-Util does tell."""
    verdict = told(smi_dmon([{"sm": 2, "mem": 0}] * 40))
    assert (verdict.regime, verdict.confidence, verdict.while_busy) == ("idle", "high", None)
    assert "98.0 %" in verdict.reason


def test_gpu_util_beside_sm_activity_is_held_against_it() -> None:
    """100 % and 8 %: kernels ran all the time and filled few SMs."""
    sample: Sample = {"GPUTL": 100, "SMACT": 0.08, "TENSO": 0.01, "DRAMA": 0.02}
    verdict = told(dcgmi_dmon([sample] * 30, ("GPUTL", "SMACT", "TENSO", "DRAMA")))
    assert verdict.regime == "latency"
    text = " ".join(verdict.notes)
    assert "100 % (median)" in text
    assert "SM activity over the same samples is 8.0 %" in text
    assert "an SM had a warp in 8.0 % of the busy time, under 50 %" in text


def test_a_signal_at_two_levels_is_said_to_be() -> None:
    """Half of the samples at 0 and half at 99: the mean of 49.5 % is nowhere."""
    verdict = told(smi_dmon([{"sm": 99 * (index % 2)} for index in range(40)]))
    (spread,) = [each for each in verdict.distributions if each.signal == "gpu_util_pct"]
    assert spread.levels is not None
    assert [level.median_pct for level in spread.levels] == [0, 99]
    assert [level.share_pct for level in spread.levels] == [50, 50]
    assert any("two levels" in note for note in verdict.notes)


def test_phases_of_different_regimes_are_mixed() -> None:
    """A third prefill, two thirds decode: each with its share, neither called the regime."""
    prefill: Sample = {"GRACT": 1, "SMACT": 1, "TENSO": 0.8, "DRAMA": 0.3, **NO_PIPES}
    decode: Sample = {"GRACT": 1, "SMACT": 1, "TENSO": 0.1, "DRAMA": 0.8, **NO_PIPES}
    verdict = told(dcgmi_dmon([prefill, decode, decode] * 10))
    assert (verdict.regime, verdict.confidence) == ("mixed", "medium")
    assert [(part.regime, round(part.share_pct)) for part in verdict.parts] == [
        ("memory", 67),
        ("compute", 33),
    ]


def test_one_scrape_is_low_confidence() -> None:
    """A moment says nothing of a course, however clear it looks."""
    scrape: Sample = {"GRACT": 1, "SMACT": 1, "TENSO": 0.1, "DRAMA": 0.8, **NO_PIPES}
    verdict = told(exporter([scrape]))
    assert (verdict.regime, verdict.confidence) == ("memory", "low")
    assert any("1 sample only" in note for note in verdict.notes)


def test_the_recorded_model_tells_the_sms() -> None:
    """The exporter names the device: 132 SMs without --device."""
    verdict = told(exporter([{"GPUTL": 90, "SMACT": 0.5}]))
    assert any("132 SMs" in note for note in verdict.notes)


def test_idle_samples_do_not_count_against_the_regime() -> None:
    """Ten idle samples before twenty of memory: memory, and a third idle."""
    work: Sample = {"GRACT": 1, "SMACT": 1, "TENSO": 0.1, "DRAMA": 0.8, **NO_PIPES}
    rest: Sample = {"GRACT": 0, "SMACT": 0, "TENSO": 0, "DRAMA": 0, **NO_PIPES}
    verdict = told(dcgmi_dmon([rest] * 10 + [work] * 20))
    assert verdict.regime == "memory"
    assert verdict.parts[0].share_pct == 100
    figures = {figure.name: figure.value for figure in verdict.figures}
    assert figures["idle_samples_pct"] == pytest.approx(100 / 3)


def test_the_sentence_speaks_of_the_busy_samples() -> None:
    """Idle for 45 % of the samples, GPU-Util unknown: memory's figure is that of the others."""
    work: Sample = {"GRACT": 1, "SMACT": 1, "TENSO": 0.1, "DRAMA": 0.8, **NO_PIPES}
    rest: Sample = {"GRACT": 0, "SMACT": 0, "TENSO": 0, "DRAMA": 0, **NO_PIPES}
    verdict = told(dcgmi_dmon([rest] * 45 + [{**work, "DRAMA": 0.7}] * 10 + [work] * 45))
    assert verdict.regime == "memory"
    assert "memory activity 80.0 %" in verdict.reason


def test_the_power_limit_is_said() -> None:
    """pviol: the clocks were held down, so that datasheet peaks are out of reach."""
    verdict = told(smi_dmon([{"sm": 90, "pviol": 12}] * 10, ("sm", "mem", "pviol")))
    assert any("power limit" in note for note in verdict.notes)
    calm = told(smi_dmon([{"sm": 90, "pviol": 0}] * 10, ("sm", "mem", "pviol")))
    assert not any("power limit" in note for note in calm.notes)


def test_several_gpus_are_apart_and_compared() -> None:
    """One starved and one at work: said to differ; communication is said to be unknown."""
    head = "# gpu  sm  mem\n"
    text = head + "".join("0 98 1\n1 12 1\n" for _ in range(20))
    report = classify([parse(text, "x")])
    assert [verdict.regime for verdict in report.verdicts] == ["busy", "idle"]
    together = " ".join(report.notes)
    assert "mean GPU-Util 98.0 % on GPU 0 and 12.0 % on GPU 1" in together
    assert "collective" in together


def test_percentiles_are_interpolated() -> None:
    """Of 0, 10, 20, 30: the median is 15, the 90th percentile 27."""
    assert percentile([0, 10, 20, 30], 50) == 15
    assert percentile([0, 10, 20, 30], 90) == pytest.approx(27)
    assert percentile([7], 10) == 7


def test_missing_values_are_counted_not_zero() -> None:
    """Three of five: the median of 10, 20, 90 is 20."""
    found = distribution("sm_active_pct", [10, None, 20, None, 90])
    assert found is not None
    assert (found.samples, found.missing, found.median_pct) == (3, 2, 20)
    assert distribution("sm_active_pct", [None, None]) is None


@pytest.mark.parametrize(
    "values",
    [
        [float(value) for value in range(101)],
        [50.0] * 40,
        [48.0] * 20 + [52.0] * 20,
        [0.0] * 2 + [90.0] * 98,
        [0.0, 100.0] * 4,
    ],
    ids=["even", "constant", "close", "rare", "few"],
)
def test_what_is_no_two_levels(values: list[float]) -> None:
    """Evenly spread, all alike, close together, a rare dip, and too few to tell."""
    assert levels(sorted(values)) is None


@pytest.mark.parametrize(
    ("tags", "regime", "confidence"),
    [
        ({"GRACT": 0.01, "SMACT": 0.0, "DRAMA": 0.6}, "contradictory", "none"),
        ({"GRACT": 0.0, "SMACT": 0.0, "DRAMA": 0.0, "TENSO": 0.5}, "contradictory", "none"),
        ({"GRACT": 0.01, "SMACT": 0.0, "DRAMA": 0.02}, "idle", "high"),
        ({"GRACT": 0.9, "SMACT": 0.9, "DRAMA": 0.7}, "memory", "high"),
    ],
)
def test_busy_memory_beside_an_idle_sm_is_a_contradiction(
    tags: dict[str, float], regime: str, confidence: str
) -> None:
    """Copies do so; that the device did nothing is said only where nothing else did anything."""
    verdict = profiled(**tags)
    assert (verdict.regime, verdict.confidence) == (regime, confidence)
    assert ("did nothing" in verdict.reason) == (regime == "idle")
    assert verdict.remedy == REMEDIES[regime]


def test_every_regime_has_a_remedy() -> None:
    """What to try stands beside each verdict."""
    assert set(REMEDIES) == set(REGIMES)
