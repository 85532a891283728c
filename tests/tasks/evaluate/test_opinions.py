import numpy as np
import pytest

from tingshuo.audio.dnsmos import Opinion
from tingshuo.tasks.evaluate.opinions import opinions, stretches, timbres


def test_every_stretch_is_long_enough_in_every_kind():
    assert stretches([[4, 4, 4, 4, 4]], 8) == [slice(0, 2), slice(2, 4)]
    assert stretches([[4, 4, 4, 4, 4], [1, 2, 5, 4, 4]], 8) == [slice(0, 3), slice(3, 5)]


def test_a_rest_counts_when_it_is_nearly_long_enough_or_all_there_is():
    assert stretches([[8, 6]], 8) == [slice(0, 1), slice(1, 2)]
    assert stretches([[8, 5]], 8) == [slice(0, 1)]
    assert stretches([[3]], 8) == [slice(0, 1)]
    assert stretches([[]], 8) == []


class Judge:
    """Says how long a sound is, and remembers how much it heard."""

    def __init__(self):
        self.heard = 0

    def judge(self, wav, sample_rate):
        self.heard += len(wav)
        return Opinion(*(len(wav) / sample_rate + k for k in range(4)))


def test_each_kind_is_judged_on_the_same_rows_and_the_shares_add_up():
    sounds = {"recording": [np.ones(500)] * 8, "speech": [np.ones(250)] * 8}
    shares, judge = [], Judge()
    figures = {(f.measure, f.kind): f for f in opinions(judge, sounds, 100, shares.append)}
    assert figures["dnsmos_ovrl", "recording"].value == 20
    assert figures["dnsmos_ovrl", "speech"].value == 10
    assert figures["dnsmos_p808", "speech"].value == 13
    assert figures["dnsmos_ovrl", "speech"].n == 2
    assert figures["dnsmos_ovrl_loss", "speech"].value == figures["dnsmos_p808_loss", "speech"].value == 10
    assert ("dnsmos_ovrl_loss", "recording") not in figures
    assert judge.heard == 8 * 750
    assert sum(shares) == pytest.approx(1)


def clips(seed, centre, count=5):
    rng = np.random.default_rng(seed)
    hz = np.fft.rfftfreq(160000, 1 / 16000)
    shape = 1 / (1 + ((hz - centre) / 400) ** 2)
    return [(np.fft.irfft(np.fft.rfft(rng.normal(size=160000)) * shape)).astype(np.float32) for _ in range(count)]


def test_timbre_is_compared_across_stretches():
    own = clips(0, 700)
    found = {f.kind: f for f in timbres(own, {"recording": own, "copy": clips(1, 700), "speech": clips(2, 1500)}, 16000)}
    assert found["recording"].n == 2
    assert found["recording"].value < 1  # not with itself
    assert found["copy"].value == pytest.approx(found["recording"].value, abs=0.05)
    assert found["speech"].value < found["recording"].value - 0.3


def test_timbre_wants_two_stretches():
    assert timbres(clips(0, 700, count=2), {"recording": clips(0, 700, count=2)}, 16000) == []
