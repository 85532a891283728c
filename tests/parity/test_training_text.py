"""What is learnt is what is served: training and synthesis make the same words and phones of a text."""

import numpy as np
import pytest

from tingshuo.data.speech import words_of
from tingshuo.data.utterance import Utterance
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import encode

ENGLISH = (
    ("Wangari died in 2011. The women planted 3 trees!", "en"),
    ('She said: "I don\'t know."', "en"),
    ("苹果的apple pay在iPhone手机上用", "zh-en"),
    ("用APP，CPU很快", "zh-en"),
)
TEXTS = (
    "今天上午我们去公园散步，天气特别好。",
    "一共3.5公斤，约合25元。",
    "他说：“你好！”然后走了。",
    "小孩儿想买一点儿小米和APP。",
)


@pytest.mark.parametrize("text", TEXTS)
def test_phones_are_those_of_serving(text):
    served = [word for sentence in Frontend().sentences(text) for word in sentence.words]
    learnt = words_of(Utterance(id="a", audio="a.wav", text=text)).words
    assert learnt == tuple(served[: len(learnt)])
    assert not any(word.syllables for word in served[len(learnt) :])
    for row in ("ids", "tones", "positions", "word_index"):
        np.testing.assert_array_equal(getattr(encode(learnt), row), getattr(encode(served), row))


@pytest.mark.parametrize(("text", "lang"), ENGLISH)
def test_english_phones_are_those_of_serving(text, lang):
    served = [word for sentence in Frontend(english=True).sentences(text) for word in sentence.words]
    learnt = words_of(Utterance(id="a", audio="a.wav", text=text, lang=lang)).words
    assert learnt == tuple(served[: len(learnt)])
    assert any(syllable.phones for word in learnt for syllable in word.syllables)
    for row in ("ids", "tones", "positions"):
        np.testing.assert_array_equal(getattr(encode(learnt), row), getattr(encode(served), row))


@pytest.mark.train
def test_a_bundle_says_english_words_with_the_phones_of_its_table(tmp_path):
    pytest.importorskip("torch")
    from tests.train.small_voice import write_voice

    from tingshuo import load

    voice = load(str(write_voice(tmp_path / "voice", english=True)), precision="fp32")
    speech = voice.synthesize("用APP说hello", emotion="happy", speed=1.2)
    assert len(speech.wav) > 0.2 * speech.sample_rate
    assert [c.pinyin for word in speech.words for c in word.characters] == ["yong4", "AE1 P", "shuo1", "HH AH0", "L OW1"]
