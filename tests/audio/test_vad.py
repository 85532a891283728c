"""Where somebody speaks: the net in pieces and as a whole, and the rules that make stretches of it."""

import numpy as np
import pytest

from tingshuo.audio.resample import resample
from tingshuo.audio.vad import FRAME_S, HOP, SAMPLE_RATE, SpeechFinder, SpeechNet, VadConfig, speech_stretches
from tingshuo.errors import RequestError

QUICK = VadConfig(shortest_s=0.1, silence_s=0.2, padding_s=0.06, longest_s=4.0)


class Told:
    """Stands in for the net: frame n is as likely as told, known as soon as its samples are there."""

    def __init__(self, likely):
        self.likely, self.fed, self.done = np.asarray(likely, np.float32), 0, 0

    def feed(self, wav):
        self.fed += len(wav)
        first, self.done = self.done, self.fed // HOP
        return self.likely[first : self.done]

    def finish(self):
        return self.likely[self.done :]


def likely(*runs):
    return np.concatenate([np.full(round(seconds / FRAME_S), value) for value, seconds in runs])


def stretches(told, wav=None, config=QUICK, block=HOP):
    """What is found in samples that count up, so that each tells its place."""
    wav = np.arange(len(told) * HOP, dtype=np.float32) if wav is None else wav
    finder = SpeechFinder(config, Told(told))
    found = [one for n in range(0, len(wav), block) for one in finder.feed(wav[n : n + block])]
    return found + finder.finish()


def test_a_stretch_has_its_samples_and_a_little_around():
    for block in (HOP, 777, 16000, 10**6):
        one, two = stretches(likely((0, 1), (1, 1), (0, 1), (0.9, 0.5), (0, 0.1)), block=block)
        assert (one.begin_s, one.end_s) == (pytest.approx(0.94), pytest.approx(2.06))
        assert (two.begin_s, two.end_s) == (pytest.approx(2.94), pytest.approx(3.56))
        assert (one.likely, two.likely) == (1, pytest.approx(0.9))
        for each in (one, two):
            expected = np.arange(round(each.begin_s * SAMPLE_RATE), round(each.end_s * SAMPLE_RATE), dtype=np.float32)
            np.testing.assert_array_equal(each.wav, expected)


def test_the_padding_ends_with_the_recording():
    (one,) = stretches(likely((1, 0.5)))
    assert (one.begin_s, one.end_s) == (0, pytest.approx(0.5))


def test_short_pauses_join_and_short_sounds_are_left_out():
    (one,) = stretches(likely((0, 0.5), (1, 0.3), (0, 0.14), (1, 0.3), (0, 0.5), (1, 0.06), (0, 0.5)))
    assert (one.begin_s, one.end_s) == (pytest.approx(0.44), pytest.approx(1.3))


def test_what_began_goes_on_while_it_is_less_likely():
    assert stretches(likely((0.4, 2))) == []
    (one,) = stretches(likely((0, 0.5), (0.6, 0.2), (0.4, 0.6), (0.3, 0.6)))
    assert one.end_s == pytest.approx(1.36)


def test_a_long_stretch_is_cut_where_it_is_quietest():
    told = likely((1, 10), (0, 0.5))
    wav = np.full(len(told) * HOP, 0.5, np.float32)
    quiet = (3.5, 6.9)
    for at in quiet:
        wav[round((at - 0.05) * SAMPLE_RATE) : round((at + 0.05) * SAMPLE_RATE)] = 0.01
    found = stretches(told, wav)
    assert [one.begin_s for one in found[1:]] == [one.end_s for one in found[:-1]]
    for one, at in zip(found, quiet, strict=False):
        assert one.end_s == pytest.approx(at, abs=0.05)
    assert len(found) == 3
    assert found[-1].end_s == pytest.approx(10.06)
    assert max(len(one.wav) for one in found) <= 4.1 * SAMPLE_RATE


def test_nothing_is_lost_when_speech_never_ends():
    told = likely((1, 60))
    found = stretches(told, block=HOP * 7)
    np.testing.assert_array_equal(np.concatenate([one.wav for one in found]), np.arange(60 * SAMPLE_RATE, dtype=np.float32))


def test_memory_is_bounded():
    for value in (0.0, 1.0):
        finder = SpeechFinder(QUICK, Told(np.full(10_000, value)))
        for _ in range(100):
            finder.feed(np.zeros(100 * HOP, np.float32))
            assert len(finder._wav) <= (QUICK.longest_s + 2.1) * SAMPLE_RATE


@pytest.mark.parametrize(
    "wrong",
    [
        {"net": "mine"},
        {"threshold": 0.2},
        {"threshold": 1.0},
        {"longest_s": 0.5},
        {"silence_s": 0.0},
        {"padding_s": 0.4},
        {"shortest_s": -1.0},
    ],
)
def test_wrong_settings_are_said(wrong):
    with pytest.raises(RequestError, match=r"want|must be|unknown net"):
        VadConfig(**wrong)


def net(wav, block):
    going = SpeechNet()
    return np.concatenate([*(going.feed(wav[n : n + block]) for n in range(0, len(wav), block)), going.finish()])


def test_a_stream_and_a_whole_recording_agree():
    wav = 0.1 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE + 123).astype(np.float32)
    wav[SAMPLE_RATE:] *= np.sin(np.arange(len(wav) - SAMPLE_RATE) / 9).astype(np.float32)
    whole = net(wav, len(wav))
    assert len(whole) == -(-len(wav) // HOP)
    for block in (100, 4001):
        np.testing.assert_allclose(net(wav, block), whole, atol=1e-5)


@pytest.mark.parametrize("samples", [0, 1, 399, 5000])
def test_the_shortest_recordings(samples):
    assert len(net(np.zeros(samples, np.float32), 1000)) == -(-samples // HOP)
    assert list(speech_stretches([np.zeros(samples, np.float32)])) == []


def test_speech_is_found_and_told_from_silence(voice):
    said = voice.synthesize("今天天气真好，我们出去走走。")
    wav = resample(said.wav, said.sample_rate, SAMPLE_RATE)
    rng = np.random.default_rng(0)
    for gain in (1.0, 0.03):
        recording = np.concatenate([np.zeros(32000), gain * wav, np.zeros(32000)]) + 1e-4 * gain * rng.standard_normal(
            64000 + len(wav)
        )
        found = list(speech_stretches([recording.astype(np.float32)]))
        assert found[0].begin_s == pytest.approx(2, abs=0.4)
        assert found[-1].end_s == pytest.approx(2 + len(wav) / SAMPLE_RATE, abs=0.4)
        assert sum(one.end_s - one.begin_s for one in found) > 0.8 * said.words[-1].end_s


def test_silence_noise_and_tones_are_no_speech():
    rng, time = np.random.default_rng(1), np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    white = rng.standard_normal(len(time))
    brown = np.cumsum(white) - np.cumsum(white).mean()
    for name, wav in {
        "silence": 0 * time,
        "white": 0.1 * white,
        "faint": 1e-4 * white,
        "brown": 0.3 * brown / np.abs(brown).max(),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * time) + 0.05 * np.sin(2 * np.pi * 150 * time),
        "beep": 0.2 * np.sin(2 * np.pi * 1000 * time) * (time % 1 < 0.3),
    }.items():
        assert not list(speech_stretches([wav.astype(np.float32)])), name


def test_a_stretch_is_told_while_it_is_open():
    told = likely((0, 0.5), (1, 0.06), (0, 0.44), (1, 1), (0, 0.5))
    wav = np.arange(len(told) * HOP, dtype=np.float32)
    finder, seen = SpeechFinder(QUICK, Told(told)), []
    for n in range(len(told)):
        found = finder.feed(wav[n * HOP : (n + 1) * HOP])
        seen.append(finder.open)
        if finder.open is not None:
            np.testing.assert_array_equal(finder.since(finder.open.begin), wav[finder.open.begin : (n + 1) * HOP])
        if found:
            assert seen[n - 1].begin == round(found[0].begin_s * SAMPLE_RATE)
            assert finder.open is None
    assert seen[24] is None
    assert seen[25].begin == round(0.44 * SAMPLE_RATE), "at once, with the padding"
    assert not any(one.is_sure for one in seen[:54] if one), "what is too short never was"
    assert [one.is_sure for one in seen[50:60]] == [False] * 4 + [True] * 6


def test_what_goes_on_behind_a_cut_is_open_from_there():
    told = likely((1, 10))
    finder = SpeechFinder(QUICK, Told(told))
    (cut,) = finder.feed(np.full(201 * HOP, 0.5, np.float32))
    assert finder.open.begin == round(cut.end_s * SAMPLE_RATE)
    assert finder.open.is_sure
