from types import SimpleNamespace

import pytest

from tingshuo.config import VoiceConfig
from tingshuo.config.emotivoice import EmotiVoiceBundleConfig
from tingshuo.config.family import ONE_STYLE, FamilyConfig, PersonConfig, SpeakerConfig
from tingshuo.errors import RequestError
from tingshuo.types import EMOTIONS


def test_an_emotion_is_one_of_ours_or_one_that_was_learnt() -> None:
    config = FamilyConfig(family="sambert", emotions=("lyrical", "happy"))
    for emotion in (*EMOTIONS, "lyrical"):
        config.check_emotion(emotion)
    with pytest.raises(RequestError, match=f"unknown emotion 'bored'; accepted: {', '.join(EMOTIONS)}, lyrical$") as caught:
        config.check_emotion("bored")
    assert caught.value.param == "emotion"


def test_a_voice_that_is_prompted_takes_any_words() -> None:
    assert not FamilyConfig(family="fastspeech").prompted
    assert EmotiVoiceBundleConfig.prompted.fget(None)  # type: ignore[attr-defined]


def test_a_family_says_what_its_sample_rate_is() -> None:
    with pytest.raises(NotImplementedError):
        _ = FamilyConfig(family="fastspeech").sample_rate


def test_a_speaker_is_a_person_whose_f0_is_known() -> None:
    assert SpeakerConfig("a", "female", 5.3, 0.2).fields() == {
        "name": "a", "gender": "female", "log_f0_mean": 5.3, "log_f0_std": 0.2,
    }  # fmt: skip
    assert PersonConfig.check({"name": "a", "gender": "female"}, "x") == PersonConfig("a", "female")


def test_a_family_without_styles_has_one_at_its_own_tempo() -> None:
    assert [(style.name, style.tempo) for style in ONE_STYLE] == [("natural", 1.0)]


def test_symbols_are_what_a_family_reads() -> None:
    assert FamilyConfig(family="sambert").symbols == ()
    assert EmotiVoiceBundleConfig.symbols.fget(SimpleNamespace(tokens=("a1",))) == ("a1",)  # type: ignore[attr-defined]
    assert VoiceConfig.symbols.fget(SimpleNamespace(phonemes=("sil",))) == ("sil",)  # type: ignore[attr-defined]
