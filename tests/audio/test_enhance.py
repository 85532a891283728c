import numpy as np
import pytest

from tingshuo.audio.enhance import ENHANCEMENTS, Enhancer, enhanced
from tingshuo.errors import RequestError

RATE = 16000


def whole(wav, kind, sizes=(4000,)):
    cuts = np.cumsum(np.resize(sizes, len(wav) // min(sizes) + 1))
    return np.concatenate([*enhanced(np.split(wav, cuts[cuts < len(wav)]), kind, RATE), np.zeros(0, np.float32)])


def tone(hz, seconds=1.0, level=0.3):
    return (level * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def level_db(wav):
    return 10 * np.log10(np.square(wav).mean() + 1e-12)


@pytest.mark.parametrize("kind", ENHANCEMENTS)
@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 511, 512, 513, 5000])
def test_as_many_samples_come_out_as_went_in(kind, length):
    assert len(whole(np.ones(length, np.float32) * 0.1, kind, (700,))) == length


@pytest.mark.parametrize("kind", ENHANCEMENTS)
def test_blocks_of_any_size_give_the_same(kind):
    wav = np.random.default_rng(3).normal(0, 0.1, 20000).astype(np.float32)
    np.testing.assert_allclose(whole(wav, kind, (1, 999, 37, 4096)), whole(wav, kind, (20000,)), atol=1e-7)


def test_none_changes_nothing():
    wav = tone(50)
    np.testing.assert_array_equal(whole(wav, "none"), wav)


def test_highpass_takes_rumble_and_leaves_speech_where_it_is():
    assert level_db(whole(tone(30), "highpass")[2000:-2000]) < level_db(tone(30)) - 25
    wav = tone(200) + tone(1000)
    inner = slice(1000, -1000)
    assert level_db((whole(wav, "highpass") - wav)[inner]) < level_db(wav) - 50


def test_steady_noise_goes_and_what_comes_and_goes_stays():
    chance = np.random.default_rng(5)
    speech = np.concatenate([np.zeros(RATE, np.float32), *([tone(400, 0.3), np.zeros(4800, np.float32)] * 5)])
    noise = chance.normal(0, 0.03, len(speech)).astype(np.float32)
    made = whole(speech + noise, "denoise")
    quiet = speech == 0
    quiet[: RATE // 2] = False
    assert level_db(made[quiet]) < level_db(noise[quiet]) - 8
    assert level_db(made[~quiet][RATE:]) > level_db((speech + noise)[~quiet][RATE:]) - 1.5
    left, before = level_db(made - speech), level_db(noise)
    assert left < before - 5


def test_silence_stays_silence():
    assert not whole(np.zeros(5000, np.float32), "denoise").any()


def test_an_unknown_kind_is_refused():
    with pytest.raises(RequestError, match="enhance is none, highpass or denoise, not 'magic'"):
        Enhancer("magic", RATE)
