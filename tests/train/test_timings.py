"""The timing of recordings for an evaluation, by an aligner that was taught on other clips."""

import numpy as np
import pytest

import tingshuo
from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance
from tingshuo.errors import TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.text.symbols import encode
from tingshuo.train.flat_start import teach
from tingshuo.train.timings import find_timings

TEXTS = {"a": "今天天气很好。", "b": "我们去公园。"}


@pytest.fixture(scope="module")
def aligner(corpus):
    """Taught on the eight sentences: enough for the voice that spoke them."""
    features, _ = corpus
    return teach(features, HmmConfig(iterations=6, splits=()))


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    voice = tingshuo.load("default", precision="fp32")
    folder = tmp_path_factory.mktemp("recordings")
    for name, text in TEXTS.items():
        write(folder / f"{name}.wav", voice.synthesize(text, seed=5).wav, voice.sample_rate)
    return [Utterance(id=name, audio=str(folder / f"{name}.wav"), text=text, speaker="tan") for name, text in TEXTS.items()]


def test_every_phone_has_its_frames(aligner, rows):
    voice = tingshuo.load("default", precision="fp32")
    found = find_timings(aligner, rows, voice.config.mel)
    assert found.keys() == TEXTS.keys()
    for name, timing in found.items():
        assert len(timing.durations) == len(encode(timing.words).ids)
        assert timing.durations.min() >= 1
        frames = len(voice.synthesize(TEXTS[name], seed=5).wav) // voice.config.mel.hop_length
        assert timing.durations.sum() == frames


def test_what_cannot_be_aligned_is_left_out(aligner, rows):
    wordless = rows[0].replace(id="wordless", text=None)
    assert find_timings(aligner, [*rows, wordless], tingshuo.load("default").config.mel).keys() == TEXTS.keys()
    with pytest.raises(TrainError, match="could be aligned"):
        find_timings(aligner, [wordless], tingshuo.load("default").config.mel)


def test_durations_are_those_of_the_voice(aligner, rows):
    """Borders lie within 30 ms of where the voice put them, in the median."""
    voice = tingshuo.load("default", precision="fp32")
    timing = find_timings(aligner, rows, voice.config.mel)["a"]
    ends = np.cumsum(timing.durations) * voice.config.mel.hop_length / voice.sample_rate
    phones = encode(timing.words)
    words = voice.synthesize(TEXTS["a"], seed=5).words
    last = [int(np.flatnonzero(phones.word_index == k)[-1]) for k in sorted(set(phones.word_index.tolist()) - {-1})]
    assert len(last) == len(words)
    assert np.median([abs(ends[phone] - word.end_s) for phone, word in zip(last, words, strict=True)]) < 0.03
