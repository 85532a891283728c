"""What is learnt is what is served: training and synthesis make the same words and phones of a text."""

import numpy as np
import pytest

from tingshuo.data.speech import words_of
from tingshuo.data.utterance import Utterance
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import encode

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
