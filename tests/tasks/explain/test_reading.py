import dataclasses

from tingshuo.tasks.explain.reading import LIMITS, MEANING, noise
from tingshuo.tasks.explain.result import MEASURES


def test_noise_is_told_with_its_precision_or_told_to_be_unmeasured(explanation):
    floor = {"duration": 1.234, "f0": 0.0567, "energy": 0.2}
    chinese, english = noise(dataclasses.replace(explanation, precision="int8", floor=floor))
    assert "1.2 %、0.057 个半音、0.2 dB" in chinese
    assert "Computed in int8" in english
    assert "1.2 %, 0.057 semitones and 0.2 dB" in english
    _, nothing = noise(dataclasses.replace(explanation, precision="fp32", floor=dict.fromkeys(MEASURES, 0.0)))
    assert nothing == "Computed in fp32, as it is heard; no noise was measured."


def test_every_measure_has_a_meaning_and_the_limits_are_told_twice():
    assert set(MEANING) == set(MEASURES)
    for chinese, english in (*LIMITS, *MEANING.values()):
        assert not chinese.isascii()
        assert english.isascii()
    assert any("do not add up" in english for _, english in LIMITS)
