import numpy as np
import pytest

from tingshuo.audio.noise import NoiseTable
from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.tasks.fastspeech import EMOTION_TABLE, SPEAKER_TABLE, STYLE_TABLE, TABLES, FastSpeech
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.types import SpeechRequest


def test_tables_are_looked_up_by_name(pair):
    model = pair.model
    assert isinstance(model, FastSpeech)
    style = pair.styles[-1]
    timbre = model.timbre(style, "deep")
    assert (timbre.f0.name, timbre.tempo) == ("deep", pair.settings.styles[-1].tempo)
    assert timbre.speaker.shape[0] == timbre.style.shape[0] == 1
    assert timbre.speaker.dtype == timbre.style.dtype == np.float32
    first = model.timbre()
    assert first.f0.name == pair.speakers[0]
    assert not np.array_equal(first.speaker, timbre.speaker)


def test_a_model_is_made_of_settings_and_tables(pair):
    settings = pair.settings
    rows = {STYLE_TABLE: len(settings.styles), SPEAKER_TABLE: 2, EMOTION_TABLE: len(settings.emotions)}
    tables = {name: np.full((n, 4), 0.5, np.float16) for name, n in rows.items()}
    model = FastSpeech("made", settings.replace(phonemes=("sil", "a")), {}, {TABLES: tables})
    assert model.english is False
    assert model.timbre().speaker.tolist() == [[0.5] * 4]
    with pytest.raises(UnknownVoiceError, match="unknown speaker 'wu' of voice 'made'; accepted: "):
        model.timbre(speaker="wu")


def test_a_request_is_checked_when_it_is_prepared(voice):
    with pytest.raises(RequestError, match="unknown emotion 'bored'; accepted: neutral, happy") as caught:
        voice.model.prepare(SpeechRequest(text="好", emotion="bored"))
    assert caught.value.param == "emotion"
    with pytest.raises(UnknownVoiceError, match="unknown style 'wu'"):
        voice.model.prepare(SpeechRequest(text="好", style="wu"))
    performer = voice.model.prepare(SpeechRequest(text="好", pitch=2.0))
    assert (performer.speaker, performer.warnings) == (voice.speakers[0], ())


def test_a_sentence_is_timed_before_it_sounds_and_ends_on_the_grid_of_the_noise(voice):
    request = SpeechRequest(text="你好，再见。")
    performer = voice.model.prepare(request)
    (sentence,) = Frontend(english=voice.model.english).sentences(request.text)
    hop = voice.settings.mel.hop_length
    performance = performer.perform(sentence, 100 * hop, Stopwatch())
    start_s = 100 * hop / voice.sample_rate
    assert performance.timed.start_s >= start_s
    wav = np.concatenate(list(performance.samples()))
    assert len(wav) % hop == 0
    assert performance.timed.end_s < start_s + len(wav) / voice.sample_rate
    assert not wav[-hop:].any()


def test_an_emotion_without_a_rule_is_of_whole_requests(voice):
    """What a voice has learnt beside our eight may stand in markup; single words cannot have it, which is said."""
    model = voice.model
    settings = model.settings.replace(emotions=(*model.settings.emotions, "lyrical"))
    text = "<speak><emotion category='lyrical'>你好</emotion>，<emotion category='happy'>再见</emotion>。</speak>"
    (sentence,) = Frontend(english=model.english, check_emotion=settings.check_emotion).sentences(text)
    performer = model.prepare(SpeechRequest(text=text))
    performer.perform(sentence, 0, Stopwatch())
    assert performer.warnings == (
        "the emotion lyrical of single words was not followed: this voice learnt it for whole requests",
    )


def test_sentences_of_a_request_share_their_noise_whoever_speaks_in_between(voice, monkeypatch):
    made = []
    monkeypatch.setattr("tingshuo.audio.noise.NoiseTable", lambda *key: made.append(key) or NoiseTable(*key))
    streams = [voice.stream("一。二。三。", seed=7000 + n) for n in range(6)]
    for chunks in zip(*streams, strict=True):
        assert len(chunks) == 6
    assert len(made) == 6
