"""What is said in a clip, as syllables or as characters, and what these are made of."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.data.utterance import Utterance  # noqa: E402
from tingshuo.errors import DataError  # noqa: E402
from tingshuo.train.recogniser_units import inventory, taught_as, units_of  # noqa: E402

pytestmark = pytest.mark.train


def row(text=None, pinyin=None):
    return Utterance(id="a", audio="a.wav", text=text, pinyin=pinyin)


@pytest.mark.parametrize(
    ("text", "pinyin", "said"),
    [
        ("你好。", None, "ni2 hao3"),
        ("你好。", "ni3 hao3", "ni2 hao3"),  # how tones change is up to the front-end
        ("长得快", "zhang3 de5 kuai4", "zhang3 de5 kuai4"),
        (None, "lu:4 se4", "lv4 se4"),
        ("3点", None, "san1 dian3"),
        ("玩儿", None, "wan2 er5"),
    ],
)
def test_syllables_are_what_is_said(text, pinyin, said):
    assert " ".join(units_of(row(text, pinyin), "syllables")) == said


@pytest.mark.parametrize(("text", "said"), [("你好，3点。", "你好三点"), ("不 是！", "不是")])
def test_characters_are_those_of_the_text_as_it_is_read(text, said):
    assert "".join(units_of(row(text), "characters")) == said


@pytest.mark.parametrize("kind", ["syllables", "characters"])
@pytest.mark.parametrize(
    ("text", "pinyin", "why"), [(None, None, "no text"), ("hello", None, "not Mandarin"), ("打 hello", None, "not Mandarin")]
)
def test_what_cannot_be_heard_is_told(kind, text, pinyin, why):
    with pytest.raises(DataError, match=why):
        units_of(row(text, pinyin), kind)


def test_marks_alone_and_wrong_pinyin_are_told():
    with pytest.raises(DataError, match="no text"):
        units_of(row("。"), "characters")
    with pytest.raises(DataError, match="syllable of its own"):
        units_of(row(None, "wanr2"), "syllables")


def test_all_syllables_of_the_lexicon_are_known():
    assert {"ni3", "hao3", "lv4", "er2"} <= inventory()
    assert 1200 < len(inventory()) < 2000


def test_characters_that_sound_alike_share_their_parts():
    taught = taught_as(("他", "她", "妈", "<unk>"), "characters")
    assert taught.units == ("<blank>", "他", "她", "妈", "<unk>")
    assert torch.equal(taught.parts[1], taught.parts[2])
    assert not torch.equal(taught.parts[1], taught.parts[3])
    assert taught.phones[1] == taught.phones[2] != taught.phones[3]
    assert not taught.parts[[0, 4]].any()
    assert taught.phones[0] == taught.phones[4] == ()
