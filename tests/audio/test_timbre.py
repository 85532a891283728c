from pathlib import Path

import numpy as np
import pytest

from tingshuo.audio.timbre import equal_error_rate, similarity, timbre_of

PACK = Path(__file__).parents[3] / "shared/data"


def coloured(seed, centre_hz, seconds=3):
    """Noise around a frequency that comes and goes, as syllables do."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=16000 * seconds))
    hz = np.fft.rfftfreq(16000 * seconds, 1 / 16000)
    wave = np.fft.irfft(spectrum / (1 + ((hz - centre_hz) / 400) ** 2))
    wave *= 1 + 0.9 * np.sin(2 * np.pi * 4 * np.arange(len(wave)) / 16000)
    return (wave / np.abs(wave).max() * 0.5).astype(np.float32)


def test_a_voice_is_most_like_itself():
    one, again, other = (timbre_of([coloured(*which)], 16000) for which in ((0, 700), (1, 700), (2, 1500)))
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, again) > 0.8 > similarity(one, other) + 0.3
    assert similarity(one, other) == similarity(other, one)


def test_clips_count_together_and_level_does_not_matter():
    whole, quiet = coloured(0, 700), coloured(0, 700) * np.float32(0.1)
    assert timbre_of([whole, whole], 16000).seconds == pytest.approx(2 * timbre_of([whole], 16000).seconds)
    assert similarity(timbre_of([whole], 16000), timbre_of([quiet], 16000)) > 0.97


def test_equal_error_rate_of_separate_and_of_mixed_pairs():
    assert equal_error_rate([0.8, 0.9], [0.1, 0.2])[0] == 0
    rate, threshold = equal_error_rate([0.9, 0.8, 0.7, 0.3], [0.6, 0.2, 0.1, 0.0])
    assert rate == 0.25
    assert 0.3 < threshold <= 0.6 or threshold == pytest.approx(0.6)


@pytest.mark.skipif(not PACK.is_dir(), reason="needs the data pack")
def test_two_men_of_one_studio_are_told_apart():
    from tingshuo.data.clips import read_clips
    from tingshuo.data.corpora.registry import read_corpus

    rows = [row for row in read_corpus(PACK, parts=["aishell"]).rows if row.split == "dev"]
    held = {name: [row for row in rows if row.speaker == name][:12] for name in ("S0252", "S0150")}
    found = {}
    for name, clips in held.items():
        wavs = [wav for _, wav in read_clips(clips, 16000)]
        found[name] = [timbre_of(wavs[:6], 16000), timbre_of(wavs[6:], 16000)]
    same = [similarity(*parts) for parts in found.values()]
    other = [similarity(a, b) for a in found["S0252"] for b in found["S0150"]]
    assert min(same) > max(other) + 0.1
