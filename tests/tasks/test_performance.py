import pytest

from tingshuo.config.families import CONFIGS
from tingshuo.errors import TingshuoError, UnknownVoiceError
from tingshuo.tasks.performance import MODELS, SHOWN, Remarks, listed, row_of
from tingshuo.types import Prosody, Sentence, SpeechRequest, Word

NAMES = tuple(f"s{n}" for n in range(SHOWN + 3))


def sentence(**asked: float) -> Sentence:
    return Sentence("", "", (Word("好", prosody=Prosody(**asked)),))  # type: ignore[arg-type]


def test_every_model_is_of_a_family_that_has_a_config() -> None:
    assert {"emotivoice", "fastspeech", "sambert"} <= set(MODELS) <= set(CONFIGS)
    for name in ("emotivoice", "fastspeech", "sambert"):
        model = MODELS.load(name)
        assert {"prepare", "english"} <= set(dir(model)) | set(model.__init__.__code__.co_names)
    with pytest.raises(TingshuoError, match="unknown family of voices 'vocoder'"):
        MODELS.load("vocoder")


def test_a_name_is_its_place_and_none_the_first() -> None:
    assert [row_of("speaker", name, ("a", "b"), "v") for name in (None, "a", "b")] == [0, 0, 1]


def test_a_name_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UnknownVoiceError, match=r"^unknown speaker 'c' of voice 'v'; accepted: a, b$") as caught:
        row_of("speaker", "c", ("a", "b"), "v")
    assert caught.value.param == "speaker"
    with pytest.raises(UnknownVoiceError, match=rf"accepted: s0, .*, s{SHOWN - 1} and 3 more$"):
        row_of("style", "x", NAMES, "v")


@pytest.mark.parametrize(
    ("request_", "asked", "begins"),
    [
        ({}, {}, []),
        ({"pitch": 1.0}, {}, ["the pitch that was asked for"]),
        ({}, {"pitch_semitones": -2.0}, ["the pitch that was asked for"]),
        ({"volume": 3.0}, {}, []),  # of all words: that is a gain
        ({}, {"volume_db": 3.0}, ["the volume of single words that was asked for"]),
        ({}, {"emphasis": 2}, ["the emphasis that was asked for"]),
        ({}, {"emphasis": -1, "volume_db": 1.0}, ["the volume of single words", "the emphasis"]),
        ({"speed": 1.5, "emotion": "sad"}, {"rate": 0.5}, []),
    ],
)
def test_what_is_asked_for_in_vain_is_said_once(request_: dict[str, float], asked: dict[str, float], begins: list[str]) -> None:
    remarks = Remarks(follows=())
    for _ in range(2):
        remarks.note(SpeechRequest(text="好", **request_), sentence(**asked))  # type: ignore[arg-type]
    assert len(remarks.sentences) == len(begins)
    for said, begin in zip(remarks.sentences, begins, strict=True):
        assert said.startswith(begin)
        assert said.endswith("was not followed: this model decides on it itself")


def test_what_a_voice_follows_is_not_said() -> None:
    remarks = Remarks(follows=("pitch", "emphasis"))
    remarks.note(SpeechRequest(text="好", pitch=1.0), sentence(emphasis=2, volume_db=1.0))
    assert [said.partition(" that")[0] for said in remarks.sentences] == ["the volume of single words"]


def test_a_message_lists_some_names_and_how_many_more():
    assert listed(NAMES[:2]) == "s0, s1"
    assert listed(NAMES[:SHOWN]).endswith(f", s{SHOWN - 1}")
    assert listed(NAMES).endswith(f", s{SHOWN - 1} and 3 more")
    assert listed(()) == ""
