import numpy as np
import pytest

from tingshuo.audio.align import Path
from tingshuo.config import MelConfig
from tingshuo.tasks.evaluate.compare import (
    compare_along,
    compare_in_step,
    hear,
    place_in_recording,
    syllable_error_ms,
)
from tingshuo.types import TimedCharacter, TimedSentence, TimedWord

MEL = MelConfig()
RATE = MEL.sample_rate


def syllables(lengths_s, lead_s=0.1, cents=0.0, steps=450):
    """Harmonic tones of changing colour with gaps of 60 ms; F0 rises by ``steps`` cents from 200 Hz, shifted by ``cents``."""
    rng = np.random.default_rng(0)
    parts = [np.zeros(round(lead_s * RATE))]
    for index, length_s in enumerate(lengths_s):
        n = round(length_s * RATE)
        f0 = 200 * 2 ** ((np.linspace(0, steps, n) + cents) / 1200)
        phase = 2 * np.pi * np.cumsum(f0) / RATE
        centre = (4, 12, 7, 18, 2)[index % 5]
        wave = sum(np.sin(k * phase) / (1 + abs(k - centre)) for k in range(1, 40)) * 0.05
        parts += [wave * np.hanning(n) ** 0.2, np.zeros(round(0.06 * RATE))]
    wav = np.concatenate([*parts, np.zeros(2400)])
    return (wav + rng.normal(scale=1e-5, size=len(wav))).astype(np.float32)


def test_the_same_signal_is_no_distance_away():
    heard = hear(syllables([0.3, 0.3, 0.3]), MEL)
    assert compare_in_step(heard, heard, MEL) == {"mcd_db": 0, "lsd_db": 0, "f0_rmse_cents": 0, "voicing_error_pct": 0}
    measures, path = compare_along(heard, heard, MEL)
    assert measures["mcd_db"] == measures["f0_rmse_cents"] == measures["duration_error_pct"] == 0
    assert measures["tempo_ratio"] == 1
    assert path.first.tolist() == path.second.tolist()


def test_a_shift_in_time_is_absorbed_by_warping_alone():
    early, late = (hear(syllables([0.3, 0.3, 0.3], lead_s), MEL) for lead_s in (0.128, 0.256))
    along, _ = compare_along(early, late, MEL)
    assert along["mcd_db"] < 0.3
    assert along["f0_rmse_cents"] < 3
    assert along["duration_error_pct"] < 2
    assert compare_in_step(early, late, MEL)["mcd_db"] > 2


def test_a_hundred_cents_are_seen_as_a_hundred_and_as_no_other_melody():
    low, high = (hear(syllables([0.3, 0.3, 0.3], cents=cents, steps=0), MEL) for cents in (0, 100))
    along, _ = compare_along(low, high, MEL)
    assert along["f0_rmse_cents"] == pytest.approx(100, abs=3)
    assert along["melody_rmse_cents"] < 3
    assert compare_in_step(low, high, MEL)["f0_rmse_cents"] == pytest.approx(100, abs=2)


def test_level_counts_for_a_copy_and_not_for_speech():
    loud = syllables([0.3, 0.3])
    heard, soft = hear(loud, MEL), hear(loud * np.float32(0.25), MEL)
    assert compare_in_step(heard, soft, MEL)["lsd_db"] == pytest.approx(12, abs=2)  # less where the floor is reached
    assert compare_along(heard, soft, MEL)[0]["lsd_db"] < 0.6


def test_a_slower_reading_is_told_by_its_length():
    fast, slow = hear(syllables([0.2, 0.2, 0.2, 0.2]), MEL), hear(syllables([0.4, 0.4, 0.4, 0.4]), MEL)
    along, _ = compare_along(fast, slow, MEL)
    expected = (4 * 0.4 + 3 * 0.06) / (4 * 0.2 + 3 * 0.06)
    assert along["tempo_ratio"] == pytest.approx(expected, rel=0.06)
    assert along["duration_error_pct"] == pytest.approx(100 * (along["tempo_ratio"] - 1))


def test_only_the_band_of_the_recording_counts():
    wav = syllables([0.3, 0.3, 0.3])
    hiss = np.random.default_rng(3).normal(size=len(wav))
    spectrum = np.fft.rfft(hiss)
    spectrum[np.fft.rfftfreq(len(wav), 1 / RATE) < 9000] = 0
    bright = (wav + 0.02 * np.fft.irfft(spectrum, len(wav))).astype(np.float32)
    heard, other = hear(wav, MEL), hear(bright, MEL)
    assert compare_in_step(heard, other, MEL, 8000)["mcd_db"] < 0.3 * compare_in_step(heard, other, MEL)["mcd_db"]
    assert compare_in_step(heard, other, MEL, 8000)["lsd_db"] < 0.3 * compare_in_step(heard, other, MEL)["lsd_db"]


def test_words_are_placed_by_the_path():
    characters = (TimedCharacter("你", "ni3", 0.1, 0.2), TimedCharacter("好", "hao3", 0.2, 0.4))
    sentence = TimedSentence("你好", 0.1, 0.4, (TimedWord("你好", 0.1, 0.4, characters),))
    path = Path(np.arange(0, 101, 2), np.arange(51))  # the recording is twice as slow
    (placed,) = place_in_recording((sentence,), path, 0.01)
    assert (placed.start_s, placed.end_s) == pytest.approx((0.2, 0.8))
    assert [c.end_s for c in placed.words[0].characters] == pytest.approx([0.4, 0.8])
    assert syllable_error_ms((sentence,), (placed,)) == pytest.approx(0, abs=1e-9)


def test_syllable_lengths_are_compared_at_equal_tempo():
    def said(*lengths):
        ends = np.cumsum(lengths)
        characters = tuple(TimedCharacter("字", "zi4", e - n, e) for e, n in zip(ends, lengths, strict=True))
        return (TimedSentence("", 0, float(ends[-1]), (TimedWord("字", 0, float(ends[-1]), characters),)),)

    assert syllable_error_ms(said(0.1, 0.3), said(0.4, 0.4)) == pytest.approx(200)
