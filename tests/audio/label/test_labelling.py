from itertools import pairwise

import numpy as np
import pytest

from tingshuo.audio.label.labelling import (
    HELD_S,
    PAUSE_S,
    SENTENCE,
    TAIL_S,
    Inserted,
    Labelling,
    LabelSettings,
    check_prompt,
    find_pause,
    label_chunks,
    label_wav,
    speed_of_label,
)
from tingshuo.audio.label.morse import find_rhythms
from tingshuo.audio.label.rhythm import LENGTH_S, render_rhythm
from tingshuo.errors import RequestError
from tingshuo.types import AudioChunk, TimedCharacter, TimedSentence, TimedWord

RATE = 24000


def sentence(start_s, end_s):
    character = TimedCharacter("字", "zi4", start_s, end_s)
    return TimedSentence("字", start_s, end_s, (TimedWord("字", start_s, end_s, (character,)),))


def chunked(wav, rng):
    """Cut audio into chunks; each has a sentence over its own time."""
    borders = [0, *np.sort(rng.integers(0, len(wav) + 1, 6)).tolist(), len(wav)]
    return [AudioChunk(wav[a:b], RATE, a, sentence(a / RATE, b / RATE), ("careful",)) for a, b in pairwise(borders)]


@pytest.fixture(scope="module")
def paused(speechlike):
    """Two seconds, 0.3 s of silence at 1.1 s, in 2.3 s."""
    cut = round(1.1 * RATE)
    return np.concatenate([speechlike[:cut], np.zeros(round(0.3 * RATE), np.float32), speechlike[cut:]])


@pytest.mark.parametrize("position", ["start", "middle", "end"])
@pytest.mark.parametrize("form", ["rhythm", "speech"])
def test_however_it_is_cut_a_stream_is_the_whole(paused, form, position):
    prompt = np.full(5000, 0.1, np.float32) if form == "speech" else None
    settings = LabelSettings(form, position)
    whole, inserted = label_wav(paused, RATE, settings, prompt)
    for seed in range(5):
        labelling = Labelling(settings, prompt)
        chunks = list(label_chunks(chunked(paused, np.random.default_rng(seed)), labelling))
        np.testing.assert_array_equal(np.concatenate([c.wav for c in chunks]), whole)
        assert labelling.inserted == inserted
        starts = np.cumsum([0, *[len(c.wav) for c in chunks]])
        assert [c.start_samples for c in chunks] == starts[:-1].tolist()
        assert len(whole) == len(paused) + round(inserted.length_s * RATE)


def test_at_the_end_nothing_waits_and_nothing_moves(paused):
    labelling = Labelling(LabelSettings())
    for chunk in chunked(paused, np.random.default_rng(0)):
        (same,) = labelling.push(chunk)
        assert same is chunk
    (label,) = labelling.finish()
    assert label.start_samples == len(paused)
    assert not label.wav[: round(PAUSE_S * RATE)].any()
    assert not label.wav[-round(TAIL_S * RATE) :].any()


@pytest.mark.parametrize("position", ["start", "middle"])
def test_sentences_move_with_the_sound(paused, position):
    chunks = chunked(paused, np.random.default_rng(3))
    labelling = Labelling(LabelSettings("rhythm", position))
    labelled = [c for c in label_chunks(chunks, labelling) if c.sentence]
    assert labelling.inserted is not None
    at, by = labelling.inserted.at_s, labelling.inserted.length_s
    assert [c.warnings for c in labelled] == [("careful",)] * len(chunks)
    for before, after in zip(chunks, labelled, strict=True):
        for old, new in ((before.sentence, after.sentence), (before.sentence.words[0], after.sentence.words[0])):
            assert new.start_s == old.start_s + (by if old.start_s >= at else 0)
            assert new.end_s == old.end_s + (by if old.end_s > at else 0)
        assert after.sentence.words[0].characters[0].start_s == after.sentence.start_s


def test_the_end_of_what_was_before_the_label_stays():
    inserted = Inserted(1.0, 2.0)
    assert inserted.shift(0.9) == 0.9
    assert inserted.shift(1.0) == 3.0
    moved = inserted.shift_sentence(sentence(0.5, 1.0))
    assert (moved.start_s, moved.end_s) == (0.5, 1.0)


def test_the_middle_is_the_longest_pause_near_it(paused):
    assert find_pause(paused, RATE) / RATE == pytest.approx(1.25, abs=0.03)
    wav, inserted = label_wav(paused, RATE, LabelSettings("rhythm", "middle"))
    (found,) = find_rhythms(wav, RATE)
    assert found.start_s == pytest.approx(inserted.at_s + PAUSE_S, abs=0.03)
    assert inserted.length_s == pytest.approx(2 * PAUSE_S + LENGTH_S, abs=1e-3)


def test_without_a_pause_it_is_the_quietest_moment_of_the_middle_half(speechlike):
    level = 1 - 0.9 * np.exp(-(((np.arange(len(speechlike)) / RATE - 0.9) / 0.02) ** 2))
    place = find_pause((np.tile(speechlike[20000:28000], 6) * level).astype(np.float32), RATE)
    assert place / RATE == pytest.approx(0.9, abs=0.03)
    assert find_pause(np.zeros(100, np.float32), RATE) == 50


@pytest.mark.parametrize("gain", [0.2, 0.5, 1.0])
def test_the_rhythm_is_as_loud_as_the_speech(speechlike, gain):
    for position in ("start", "end"):
        wav, inserted = label_wav(speechlike * np.float32(gain), RATE, LabelSettings("rhythm", position))
        start = round(inserted.at_s * RATE)
        label = wav[start : start + round(inserted.length_s * RATE)]
        loudest = np.sqrt(np.mean(label[np.abs(label) > 0] ** 2))
        heard = (speechlike * gain)[: round(HELD_S * RATE)] if position == "start" else speechlike * gain
        difference = 20 * np.log10(loudest / np.sqrt(np.mean(heard**2)))
        assert -3 < difference < 3, position


def test_the_start_waits_for_no_more_than_it_needs(paused):
    labelling = Labelling(LabelSettings("rhythm", "start"))
    held = round(HELD_S * RATE)
    assert labelling.push(AudioChunk(paused[: held - 1], RATE, 0)) == []
    first, second, third = labelling.push(AudioChunk(paused[held - 1 : held], RATE, held - 1))
    assert (first.start_samples, len(second.wav), len(third.wav)) == (0, held - 1, 1)
    (next_one,) = labelling.push(AudioChunk(paused[held:], RATE, held))
    assert next_one.start_samples == len(first.wav) + held
    assert labelling.finish() == []


@pytest.mark.parametrize("position", ["start", "middle", "end"])
def test_very_short_and_empty_streams(position):
    settings = LabelSettings("rhythm", position)
    assert list(label_chunks([], Labelling(settings))) == []
    for samples in (0, 1, 100):
        wav, _ = label_wav(np.zeros(samples, np.float32), RATE, settings)
        assert len(find_rhythms(wav, RATE)) == 1


@pytest.mark.parametrize("position", ["start", "middle", "end"])
def test_channels_stay_apart_and_all_have_the_label(paused, position):
    stereo = np.stack([paused, paused * np.float32(0.5)])
    wav, inserted = label_wav(stereo, RATE, LabelSettings("rhythm", position))
    at, length = round(inserted.at_s * RATE), round(inserted.length_s * RATE)
    assert wav.shape == (2, len(paused) + length)
    np.testing.assert_array_equal(np.delete(wav, np.s_[at : at + length], axis=1), stereo)
    np.testing.assert_array_equal(wav[0, at : at + length], wav[1, at : at + length])
    assert len(find_rhythms(wav[1], RATE)) == 1


def test_a_prompt_is_joined_as_it_is(paused):
    prompt = np.linspace(-0.5, 0.5, 1000, dtype=np.float32)
    wav, inserted = label_wav(paused, RATE, LabelSettings("speech", "start"), prompt)
    np.testing.assert_array_equal(wav[:1000], prompt)
    np.testing.assert_array_equal(wav[round(inserted.length_s * RATE) :], paused)


def test_form_and_prompt_have_to_fit():
    with pytest.raises(RequestError, match="needs its prompt"):
        Labelling(LabelSettings("speech"))
    with pytest.raises(RequestError, match="the rhythm none"):
        Labelling(LabelSettings("rhythm"), np.zeros(1, np.float32))
    with pytest.raises(RequestError, match="label form 'song' is not known; accepted: rhythm, speech"):
        LabelSettings("song")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="accepted: start, middle, end"):
        LabelSettings("rhythm", "everywhere")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [SENTENCE, "本音频由AI生成", "AI 合成", "以下内容由人工智能生成合成。"])
def test_sentences_of_the_standard_pass_at_its_speed(text):
    count = sum(c.isalnum() for c in text)
    for rate in (120, 140, 160):
        check_prompt(text, count / rate * 60)
    assert speed_of_label(text, count / 280 * 60) == pytest.approx(0.5)


@pytest.mark.parametrize("text", ["本音频由机器合成", "人工智能", "MAIN 合成", "AIR 生成", ""])
def test_sentences_without_the_words_do_not(text):
    with pytest.raises(RequestError, match="must hold 人工智能 or AI, and 生成 or 合成"):
        check_prompt(text, 4.0)


@pytest.mark.parametrize("duration_s", [3.7, 5.1])
def test_too_fast_and_too_slow_is_told(duration_s):
    with pytest.raises(RequestError, match="characters a minute; the standard asks for 120 to 160"):
        check_prompt(SENTENCE, duration_s)


def test_the_rhythm_of_a_label_is_that_of_the_room(paused):
    wav, inserted = label_wav(paused, RATE, LabelSettings())
    start = round((inserted.at_s + PAUSE_S) * RATE)
    label = wav[start : start + round(LENGTH_S * RATE)]
    shape = render_rhythm(RATE, -20)
    np.testing.assert_allclose(label / np.abs(label).max(), shape / np.abs(shape).max(), atol=1e-5)
