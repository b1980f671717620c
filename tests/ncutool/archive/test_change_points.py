"""Changes of level in series of times: those that were planted, and none in noise."""

from __future__ import annotations

import numpy as np
import pytest
import ruptures

from ncutool.archive import change_points
from ncutool.archive.change_points import Floats, levels


def noisy(values: Floats, seed: int, spread: float) -> list[float]:
    """The values with log-normal noise."""
    chance = np.random.default_rng(seed)
    made: list[float] = (values * np.exp(spread * chance.standard_normal(len(values)))).tolist()
    return made


def test_levels_are_found_where_they_begin() -> None:
    """Up and down, with the medians before and after."""
    plain = np.full(100, 1e6)
    plain[25:] *= 1.2
    plain[60:] /= 1.2
    found = levels(noisy(plain, 1, 0.01), tests=20)
    assert found is not None
    assert [change.at for change in found.changes] == [25, 60]
    assert [round(change.ratio, 2) for change in found.changes] == [1.2, 0.83]
    assert [change.points_before for change in found.changes] == [25, 35]
    assert found.noise == pytest.approx(0.01, rel=0.3)


def test_a_short_series_shows_a_large_change() -> None:
    """Ten points, of which three are at the new level."""
    found = levels([100, 101, 100, 99, 100, 102, 101, 150, 151, 149], tests=20)
    assert found is not None
    assert [(change.at, change.before, change.after) for change in found.changes] == [
        (7, 100.0, 150.0)
    ]


def test_too_few_points_are_no_series() -> None:
    """Seven of eight."""
    assert levels([1.0] * 7) is None
    assert levels([1.0] * 8) is not None


@pytest.mark.parametrize("kind", ["normal", "laplace", "outliers", "ties", "constant"])
@pytest.mark.parametrize("count", [12, 100])
def test_noise_shows_no_change(kind: str, count: int) -> None:
    """In 60 draws at most three are false, whatever the noise is made of."""
    false = 0
    for seed in range(60):
        chance = np.random.default_rng(1000 * count + seed)
        noise = 0.02 * chance.standard_normal(count)
        if kind == "laplace":
            noise = chance.laplace(0, 0.02, count)
        elif kind == "outliers":
            noise += (chance.random(count) < 0.05) * chance.choice([0.5, 1.0, -0.3], count)
        values = 1e6 * np.exp(noise)
        if kind == "ties":
            values = np.round(50 * np.exp(noise / 2))
        elif kind == "constant":
            values = np.full(count, 1e6)
        found = levels(values.tolist())
        false += bool(found and found.changes)
    assert false <= 3


def test_one_outlier_is_no_level_and_is_told() -> None:
    """It counts as its neighbours do."""
    values = noisy(np.full(40, 1e6), 3, 0.01)
    values[17] *= 4
    found = levels(values)
    assert found is not None
    assert found.changes == ()
    assert 17 in found.outliers


def test_what_is_too_small_is_not_reported_and_the_floor_says_so() -> None:
    """Half a per cent, with hardly any noise."""
    plain = np.full(60, 1e6)
    plain[30:] *= 1.005
    found = levels(noisy(plain, 4, 0.0005))
    assert found is not None
    assert found.changes == ()
    assert found.floor == pytest.approx(0.01)
    assert found.floor_at_end >= found.floor


def test_more_noise_raises_the_floor() -> None:
    """What the series could show is a matter of its noise."""
    quiet, loud = (levels(noisy(np.full(60, 1e6), 5, spread)) for spread in (0.01, 0.1))
    assert quiet is not None
    assert loud is not None
    assert loud.floor > 5 * quiet.floor


def test_the_cost_is_the_squared_error() -> None:
    """The segmentation is the one that ruptures' own plain cost gives at the same penalty."""
    chance = np.random.default_rng(6)
    series = np.concatenate([chance.standard_normal(20), 4 + chance.standard_normal(15)])
    plain = ruptures.Pelt(model="l2", min_size=3, jump=1).fit(series).predict(pen=20.0)
    assert change_points._segmented(series, 20.0) == [0, *plain]
