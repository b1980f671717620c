"""The back-tests: goals on the real sweep, and a runner that says what it skips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import run
import scaled
import sweeps
from ncutool.devices.reachable import KIND_SHARES
from ncutool.whatif import predict
from ncutool.whatif.predict import interval, model, rates

SWEEP = "torch/a100-particle-transformer-b*.json.gz"


@pytest.fixture(scope="module")
def sizes(corpus: Path) -> list[sweeps.Size]:
    """The captures of the sweep, read once."""
    return sweeps.sizes(sorted(corpus.glob(SWEEP)))


def test_the_sweep_is_predicted(sizes: list[sweeps.Size]) -> None:
    """At least 80 % of the ordered pairs lie inside, and no high/low exceeds 2.5."""
    found = sweeps.pairs(sizes)
    met, verdict = sweeps.verdict(found)
    assert len(found) == len(sizes) * (len(sizes) - 1) >= 12
    assert met, verdict


def test_only_calls_of_the_other_capture_are_used(sizes: list[sweeps.Size]) -> None:
    """The times of the capture that is predicted change nothing of the prediction."""
    before, after = sizes[0], sizes[-1]
    slow = tuple(
        predict.Run(one.op, one.call, "other", "other", None, one.launches, 10 * one.duration_ns)
        for one in after.base.runs
    )
    changed = sweeps.Size(after.name, predict.Base(after.base.device, slow))
    assert sweeps.pair(before, changed).interval == sweeps.pair(before, after).interval


def _lowest_times(factor: float) -> dict[str, tuple[float, float]]:
    return {kind: (factor * low, high) for kind, (low, high) in KIND_SHARES.items()}


@pytest.mark.parametrize(
    "vary",
    [
        lambda patch: patch.setattr(rates, "CACHE_SPEEDUP", 2.0),
        lambda patch: patch.setattr(rates, "REPEAT", 0.02),
        lambda patch: patch.setattr(rates, "TINY", 0.06),
        lambda patch: patch.setattr(model, "_AT_RATE", 1.5),
        lambda patch: patch.setattr(interval, "SHARED", 0.25),
        lambda patch: patch.setattr(rates, "KIND_SHARES", _lowest_times(1.2)),
        lambda patch: patch.setattr(rates, "KIND_SHARES", _lowest_times(0.8)),
    ],
    ids=["cache", "repeat", "tiny", "at_rate", "shared", "higher_shares", "lower_shares"],
)
def test_no_single_constant_decides(
    sizes: list[sweeps.Size],
    monkeypatch: pytest.MonkeyPatch,
    vary: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """Each constant changed by a fifth to a half still meets the goals: none is fitted to them."""
    vary(monkeypatch)
    met, verdict = sweeps.verdict(sweeps.pairs(sizes))
    assert met, verdict


def test_what_if_reaches_the_sweep_from_sizes_alone(sizes: list[sweeps.Size]) -> None:
    """Of the other capture only its batch and length: at least 80 % inside, at most 2.5 times
    wide; lengths that weights have too are refused with a reason."""
    found = scaled.scaled(sizes)
    judged = [one for one in found if one.result is not None]
    assert len(judged) >= 6
    assert sum(bool(one.inside) for one in judged) >= 0.8 * len(judged)
    ratios = [one.kernel_time.ratio for one in judged if one.kernel_time is not None]
    assert max(ratio or float("inf") for ratio in ratios) <= 2.5
    assert all(one.refused for one in found if one.result is None)


def test_the_back_test_asks_what_the_command_asks(sizes: list[sweeps.Size]) -> None:
    """Its intervals are those of the prediction itself, to the nanosecond that they are rounded
    to, so that the command adds nothing to them and takes nothing away."""
    before, *_, after = sizes
    one = scaled.scaled([before, after])[0]
    assert one.kernel_time is not None
    alone = predict.at_scale(before.base, one.batch_scale, one.length_scale).kernel_time
    assert one.kernel_time.low_ns == pytest.approx(alone.low_ns, abs=2)
    assert one.kernel_time.high_ns == pytest.approx(alone.high_ns, abs=2)


def test_the_runner_prints_every_pair(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make backtest` prints a line a pair, families, reasons to doubt and the report pair."""
    assert run.main(["--captures", str(corpus)]) == 0
    text = capsys.readouterr().out
    assert text.count(" in ") >= 12
    assert "b004 → b128" in text
    assert "pairs inside (goal 80 %)" in text
    assert "v100-miniweather-before.ncu-rep → v100-miniweather-after.ncu-rep" in text
    assert "1 of 1 changes inside" in text


def test_the_runner_says_what_it_skips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without captures nothing fails, and every skipped test is named."""
    assert run.main(["--captures", str(tmp_path / "absent")]) == 0
    text = capsys.readouterr().out
    assert text.count("Skipped: ") == 2
    assert "No folder of captures" in text


def test_two_captures_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A trace held against itself saved nothing, and advice that was not applied is not judged."""
    sample = run.HERE.parent / "reports" / "samples" / "decoder-layer-synthetic"
    trace = str(sample / "decoder-layer-synthetic.json.gz")
    assert run.main([trace, trace]) == 0
    text = capsys.readouterr().out
    assert "saved 0.00 ms" in text
    assert "carried out no finding" in text


def test_a_finding_that_was_carried_out_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """Named as applied but nothing saved: outside, and said so."""
    sample = run.HERE.parent / "reports" / "samples" / "decoder-layer-synthetic"
    trace = str(sample / "decoder-layer-synthetic.json.gz")
    assert run.main([trace, trace, "--applied", "fuse"]) == 0
    text = capsys.readouterr().out
    assert "predicted " in text
    assert text.rstrip().endswith(": OUT")


def test_a_capture_that_cannot_be_read_ends_in_one_line(tmp_path: Path) -> None:
    """No traceback: the file and what is wrong with it."""
    broken = tmp_path / "broken.json"
    broken.write_text("not a trace", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"broken\.json"):
        run.main([str(broken), str(broken)])
    with pytest.raises(SystemExit, match=r"absent\.json"):
        run.main(["--sweep", str(tmp_path / "absent.json"), str(broken)])


def test_one_capture_is_not_a_pair() -> None:
    """The runner asks for two."""
    with pytest.raises(SystemExit, match="name two captures"):
        run.main(["only.json"])
