import importlib.util

import numpy as np
import pytest

from tingshuo.audio import dnsmos
from tingshuo.audio.dnsmos import SAMPLE_RATE, WINDOW_SAMPLES, Dnsmos
from tingshuo.errors import EngineNotInstalledError

installed = pytest.mark.skipif(importlib.util.find_spec("speechmos") is None, reason="needs the extra evaluate")


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(dnsmos, "find_spec", lambda name: None)
    with pytest.raises(EngineNotInstalledError, match=r"needs the package 'speechmos': pip install tingshuo\[evaluate\]"):
        Dnsmos()


def test_windows_are_a_second_apart_where_the_package_has_them():
    assert dnsmos._starts(WINDOW_SAMPLES) == [0]
    assert dnsmos._starts(10 * SAMPLE_RATE - 1) == [0]
    assert dnsmos._starts(11 * SAMPLE_RATE) == [0, SAMPLE_RATE]
    assert dnsmos._starts(18 * SAMPLE_RATE) == [k * SAMPLE_RATE for k in range(7)]


def test_the_input_of_the_p808_network_is_a_bounded_level():
    t = np.arange(WINDOW_SAMPLES - 160) / SAMPLE_RATE
    level = dnsmos._log_mel(np.sin(2 * np.pi * 1000 * t).astype(np.float32))
    assert level.shape == (900, 120)
    assert level.max() == 1
    assert level.min() == -1
    # 1 kHz is mel 15 of 45.25 (to 8 kHz) on this scale: the filter next to 15 / 45.25 * 121.
    assert abs(int(level[450].argmax()) + 1 - 15 / (15 + np.log(8) * 27 / np.log(6.4)) * 121) < 1


@installed
def test_speech_scores_above_noise_and_the_rate_does_not_matter(voice):
    wav = voice.synthesize("今天上午我们去公园散步。").wav
    noise = np.random.default_rng(0).normal(0, 0.1, 48000).astype(np.float32)
    judge = Dnsmos()
    clean, bad = judge.judge(wav, 24000), judge.judge(noise, 24000)
    assert clean.ovrl > 2.7
    assert clean.ovrl > bad.ovrl + 1
    assert clean.p808 > bad.p808
    assert judge.judge(wav * 3, 24000).ovrl == pytest.approx(judge.judge(wav / np.abs(wav).max(), 24000).ovrl, abs=0.02)


@installed
@pytest.mark.skipif(importlib.util.find_spec("librosa") is None, reason="speechmos itself needs librosa")
def test_scores_equal_those_of_the_package(voice):
    from speechmos import dnsmos as original

    from tingshuo.audio.resample import resample

    wav = resample(voice.synthesize("清晨的阳光洒在湖面上，几只白鹭从芦苇丛里飞起来，往远处的山那边去了。").wav, 24000, 16000)
    theirs = original.run(wav, 16000)
    ours = Dnsmos().judge(wav, 16000)
    assert ours == pytest.approx([theirs[f"{name}_mos"] for name in ours._fields], abs=1e-3)
