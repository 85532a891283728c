import math

from tingshuo.tasks.evaluate.figures import MEASURES, Figure
from tingshuo.tasks.monitor.readings import Reading, known_names, label_of, measure_of, readings_of, written


def test_every_measure_has_a_name_but_those_of_forced_timing():
    names = known_names()
    assert set(MEASURES) - set(names) == {"mel_l1", "log_duration_rmse"}
    assert "copy.mcd_db" in names
    assert "copy.rtf" not in names
    assert all(measure_of(name) in MEASURES.values() for name in names)


def test_a_figure_that_does_not_exist_has_no_name():
    assert "cer" not in known_names()


def test_figures_of_the_recordings_and_of_forced_timing_are_not_watched():
    figures = [
        Figure("rtf", "speech", 0.02, 0.01, 0.03, 3),
        Figure("dnsmos_ovrl", "recording", 3.0, 2.9, 3.1, 2),
        Figure("mel_l1", "forced", 0.5, 0.4, 0.6, 3),
        Figure("mcd_db", "copy", 1.2, math.nan, math.nan, 1),
        Figure("mcd_db", "speech", 3.5, 3.4, 3.6, 3),
    ]
    found = readings_of(figures)
    assert [reading.name for reading in found] == ["mcd_db", "rtf", "copy.mcd_db"]
    assert found[1] == Reading("rtf", 0.02, 0.01, 0.03, 3)


def test_words():
    assert label_of("copy.mcd_db") == "copy-synthesis: mel-cepstral distance, dB"
    assert written("dnsmos_ovrl", 3.14159) == "3.142"
    assert written("rtf", 0.02) == "0.02000"
