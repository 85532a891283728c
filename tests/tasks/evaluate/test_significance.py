import numpy as np
import pytest

from tingshuo.tasks.evaluate.significance import Interval, Lead, lead, rate_interval, rates, resample


def made(seed, utterances=60, speakers=6):
    """Errors, units and speakers of made-up utterances; some speakers are heard worse."""
    rng = np.random.default_rng(seed)
    names = rng.integers(0, speakers, utterances)
    units = rng.integers(3, 20, utterances)
    errors = rng.binomial(units, 0.05 + 0.05 * names / speakers)
    return errors, units, [str(name) for name in names]


@pytest.mark.parametrize("seed", range(8))
def test_an_interval_has_the_rate_in_it(seed):
    errors, units, speakers = made(seed)
    found = rate_interval(errors, units, speakers)
    assert found.low < errors.sum() / units.sum() < found.high


def test_speakers_that_differ_make_it_wider():
    units = np.full(200, 10)
    speakers = [str(k // 20) for k in range(200)]
    errors = np.repeat(np.arange(10) % 5, 20)
    by_speaker, alone = (rate_interval(errors, units, names) for names in (speakers, ["one"] * 200))
    assert by_speaker.high - by_speaker.low > 2 * (alone.high - alone.low)


def test_many_draws_of_independent_utterances_spread_as_theory_says():
    """The deviation of a mean of 400 coins is a 40th."""
    coins = np.arange(400) % 2
    drawn = rates(resample(np.stack([coins, np.ones(400)], 1), ["one"] * 400, resamples=4000))
    assert drawn.mean() == pytest.approx(0.5, abs=0.002)
    assert drawn.std() == pytest.approx(1 / 40, rel=0.05)


def test_a_draw_has_as_many_utterances_of_a_speaker_as_he_has_each_time():
    speakers = ["a"] * 3 + ["b"] * 5
    drawn = resample(np.stack([[1] * 3 + [0] * 5, [0] * 3 + [1] * 5], 1), speakers, resamples=200)
    assert set(drawn[:, 0]) == {0, 3, 6}
    assert set(drawn[:, 1]) == {0, 5, 10}
    assert (drawn[:, 0] / 3 + drawn[:, 1] / 5 == 2).all()


def test_pieces_are_drawn_like_a_whole(monkeypatch):
    errors, units, speakers = made(3)
    monkeypatch.setattr("tingshuo.tasks.evaluate.significance._MOST_CELLS", 40)
    found = rate_interval(errors, units, speakers)
    assert found.low < errors.sum() / units.sum() < found.high


def test_the_same_seed_gives_the_same_interval_and_another_another():
    errors, units, speakers = made(1)
    assert rate_interval(errors, units, speakers) == rate_interval(errors, units, speakers)
    assert rate_interval(errors, units, speakers) != rate_interval(errors, units, speakers, seed=1)


def test_a_single_utterance_has_no_interval():
    assert all(np.isnan(rate_interval([1], [5], ["a"])))
    assert Interval(1.0, 2.0).low == 1.0
    alone = lead([1], [2], [5], ["a"])
    assert alone.difference == pytest.approx(-0.2)
    assert np.isnan([alone.low, alone.high, alone.better]).all()


def test_the_same_recogniser_is_no_better_than_itself():
    errors, units, speakers = made(2)
    assert lead(errors, errors, units, speakers) == Lead(0.0, 0.0, 0.0, 0.5)


def test_equally_good_recognisers_with_errors_elsewhere_are_even():
    """Each errs where the other does not, by pairs: the share of draws is near a half."""
    errors = np.tile([1, 0], 100)
    found = lead(errors, 1 - errors, np.full(200, 10), ["one"] * 200)
    assert found.difference == 0
    assert found.better == pytest.approx(0.5, abs=0.03)
    assert found.low < 0 < found.high


@pytest.mark.parametrize("seed", range(4))
def test_fewer_errors_of_everybody_are_a_lead(seed):
    errors, units, speakers = made(seed)
    found = lead(errors, errors + 1, units, speakers)
    assert found.high < 0
    assert found.better == 1
    assert found.difference == pytest.approx(-60 / units.sum())
    other = lead(errors + 1, errors, units, speakers)
    assert (other.difference, other.low, other.high, other.better) == pytest.approx(
        (-found.difference, -found.high, -found.low, 0)
    )


def test_one_speaker_of_two_who_is_heard_better_does_not_make_a_lead():
    errors = np.repeat([0, 2], 30)
    others = np.repeat([2, 1], 30)
    found = lead(errors, others, np.full(60, 10), ["a"] * 30 + ["b"] * 30)
    assert found.low < 0 < found.high
    assert lead(errors, others, np.full(60, 10), ["one"] * 60).high < 0
