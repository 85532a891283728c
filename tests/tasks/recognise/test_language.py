"""What is in the file comes out of it."""

import numpy as np
import pytest

from tingshuo.errors import DataError
from tingshuo.tasks.recognise.language import WORDS, language_tensors, open_speller
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.spelling import Speller, vocabulary_of


def test_the_file_holds_all_that_a_speller_needs():
    model = estimate([["今天", "天气", "好"], ["田", "七", "好"], ["今天", "好"]], 2)
    vocabulary = vocabulary_of(load_lexicon(), model.units)
    tensors = language_tensors(model, vocabulary)
    again, heard = open_speller(tensors), ["jin1", "tian1", "tian1", "qi4", "hao3"]
    assert again.spell(heard)[0].text == Speller(model, vocabulary).spell(heard)[0].text == "今天天气好"
    with pytest.raises(DataError, match="lacks 'words'"):
        open_speller({name: one for name, one in tensors.items() if name != WORDS})
    with pytest.raises(DataError, match="do not fit"):
        open_speller(tensors | {"1.log_probs": np.zeros(3, np.float16)})
