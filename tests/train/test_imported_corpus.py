"""What a voice has said becomes clips of ours, with the timing that it told or that an aligner heard."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.imported_voice import TEXTS, read_own

import tingshuo
from tingshuo.config import MelConfig
from tingshuo.data.features import FeatureConfig
from tingshuo.errors import TrainError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.acoustic import LEAD_S, SentenceAcoustics
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.voices import find_voice
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import encode
from tingshuo.train import imported_corpus as module
from tingshuo.train.aligner import bundled_aligner
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.train.imported_corpus import make_corpus
from tingshuo.train.imported_lessons import Said, make_plan, record, recorded
from tingshuo.train.imported_teacher import check_teacher
from tingshuo.types import SpeechRequest

pytestmark = pytest.mark.train
CONFIG = FeatureConfig()
HOP_S = CONFIG.mel.hop_length / CONFIG.mel.sample_rate


@pytest.fixture(scope="module")
def teacher():
    return check_teacher(open_bundle(find_voice("default")), ImportedConfig())


@pytest.fixture(scope="module")
def said(teacher, tmp_path_factory):
    """The first texts, spoken by a voice that tells its durations."""
    folder = tmp_path_factory.mktemp("said")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tingshuo.train.imported_lessons.read", read_own)
        record(teacher, make_plan(TEXTS[:4], teacher, 0), folder, lambda *_: None)
    return list(recorded(folder))


@pytest.fixture(scope="module")
def corpus(said, teacher, tmp_path_factory):
    return make_corpus(said, teacher, CONFIG, tmp_path_factory.mktemp("corpus"), None)


def test_the_durations_are_the_voices_own(corpus):
    """A voice with our frames and phones: every phone lasts as long as it says, but for the silence around."""
    voice = tingshuo.load("default", precision="fp32")
    for example in corpus.examples:
        text, n = (int(part) for part in example.clip.id.split("."))
        sentence = list(Frontend(english=True).sentences(TEXTS[text]))[n]
        request = SpeechRequest(text=TEXTS[text])
        own = SentenceAcoustics(voice.graphs, voice.config, sentence.words, voice.timbre(), request, Stopwatch())
        np.testing.assert_array_equal(encode(corpus.words[example.clip.id]).ids, own.phones.ids)
        assert np.abs(example.durations[1:-1] - own.durations[1:-1]).max() <= 1
        assert example.durations.sum() == example.clip.frames
        assert corpus.hidden[example.clip.id].shape == (len(own.phones.ids), 256)


def test_clips_lie_where_they_are_said_to(corpus, said):
    for one, clip in zip(said, corpus.features.clips, strict=True):
        wav, f0 = corpus.features.wav_of(clip), corpus.features.f0_of(clip)
        lead = round(LEAD_S * CONFIG.mel.sample_rate)
        assert not wav[:lead].any()
        np.testing.assert_allclose(wav[lead : lead + len(one.wav)], one.wav, atol=1e-4)
        assert len(f0) == clip.frames + 1
        assert 100 < np.median(f0[f0 > 0]) < 400
        assert (clip.speaker, clip.style, clip.emotion) == ("tan", "natural", "neutral")
        assert clip.bandwidth_hz == 12000
    pitch = corpus.features.pitch["tan"]
    assert 5 < pitch.mean < 6


def test_a_voice_of_a_lower_rate_is_brought_to_ours_and_its_band_is_known(said, teacher, tmp_path):
    settings = teacher.bundle.held.replace(mel=MelConfig(sample_rate=16000))
    slow = dataclasses.replace(teacher, bundle=dataclasses.replace(teacher.bundle, held=settings))
    # As long a sentence at two thirds of the rate.
    shorter = dataclasses.replace(said[0], wav=said[0].wav[: len(said[0].wav) // 3 * 2])
    made = make_corpus([shorter], slow, CONFIG, tmp_path, None)
    (clip,) = made.features.clips
    assert clip.bandwidth_hz == 8000
    silence = 0.17 * 24000
    assert clip.n_samples == pytest.approx(1.5 * len(shorter.wav) + silence, abs=2 * CONFIG.mel.hop_length)


def test_where_the_voice_tells_nothing_an_aligner_listens(said, corpus, teacher, tmp_path):
    mute = [dataclasses.replace(one, read=None) for one in said]
    aligner = bundled_aligner(teacher.bundle)
    made = make_corpus(mute, teacher, CONFIG, tmp_path, aligner)
    assert not made.hidden
    own = {example.clip.id: example for example in corpus.examples}
    for example in made.examples:
        told = own[example.clip.id]
        if len(told.durations) == len(example.durations):  # no pause more or less
            off = np.abs(np.cumsum(told.durations) - np.cumsum(example.durations))[:-1]
            assert np.median(off) * HOP_S < 0.03
    assert len(made.examples) >= 3


def test_what_nobody_can_learn_from_is_left_out_with_a_reason(said, teacher, tmp_path, monkeypatch):
    silent = dataclasses.replace(said[0], id="silent", wav=np.zeros(9600, np.float32))
    broken = dataclasses.replace(said[1], id="broken", read=said[1].read._replace(word_index=0 * said[1].read.word_index - 1))
    made = make_corpus([silent, broken, said[2]], teacher, CONFIG, tmp_path, None)
    assert [example.clip.id for example in made.examples] == [said[2].id]
    assert made.left_out["silent"] == "no voice is in it"
    assert "has left a syllable out" in made.left_out["broken"]
    monkeypatch.setattr(module, "LONGEST_FRAMES", 10)
    with pytest.raises(TrainError, match=r"nothing that the teacher said can be learnt from; of the first sentence: .* too long"):
        make_corpus(said, teacher, CONFIG, tmp_path, None)
    with pytest.raises(TrainError, match="nothing that the teacher said can be learnt from; give other texts"):
        make_corpus([], teacher, CONFIG, tmp_path, None)


def test_progress_is_told_by_texts(said, teacher, tmp_path):
    told = []
    make_corpus(said[:2], teacher, CONFIG, tmp_path, None, lambda *done: told.append(done), 4)
    assert told == [(1, 4), (1, 4)], "two sentences of one text"


def test_a_said_sentence_knows_its_text(said):
    assert [type(one) for one in said] == [Said] * len(said)
    assert [one.number for one in said] == [0, 0, 1, 2, 3]
