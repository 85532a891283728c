import numpy as np
import pytest

from tingshuo.tasks.evaluate.figures import KINDS, MEASURES, by_measure, summarise


def test_a_figure_is_the_mean_of_what_is_known():
    figure = summarise("mcd_db", "speech", [1.0, 2.0, np.nan, 3.0])
    assert (figure.value, figure.n) == (2.0, 3)
    assert figure.low < 2 < figure.high


def test_the_interval_is_that_of_the_mean():
    """Of 400 values with deviation 1, about 1.96 / 20 on either side."""
    values = np.random.default_rng(1).normal(5, 1, 400)
    figure = summarise("mcd_db", "speech", values)
    half = 1.96 * values.std() / 20
    assert figure.low == pytest.approx(values.mean() - half, abs=0.02)
    assert figure.high == pytest.approx(values.mean() + half, abs=0.02)
    assert figure == summarise("mcd_db", "speech", values)


def test_one_value_has_no_interval_and_none_is_no_figure():
    alone = summarise("f0_rmse_cents", "copy", [12.4])
    assert alone.text == "12"
    assert np.isnan(alone.low)
    assert summarise("mcd_db", "speech", [np.nan]) is None
    assert summarise("mcd_db", "speech", []) is None


def test_text_has_the_digits_of_the_measure():
    assert summarise("rtf", "speech", [0.01, 0.01]).text == "0.0100 [0.0100, 0.0100]"


def test_what_is_unknown_is_our_own_mistake():
    for names in (("loudness", "speech"), ("mcd_db", "whisper")):
        with pytest.raises(AssertionError):
            summarise(*names, [1.0])


def test_figures_are_laid_out_in_the_order_of_the_tables():
    made = [summarise(m, k, [1, 2]) for m in reversed(MEASURES) for k in reversed(KINDS)]
    table = by_measure(made)
    assert list(table) == list(MEASURES)
    assert all(list(kinds) == list(KINDS) for kinds in table.values())
    assert by_measure(made[:1]) == {list(MEASURES)[-1]: {"speech": made[0]}}


def test_directions_are_known_words():
    assert {measure.better for measure in MEASURES.values()} == {"lower", "higher", ""}
