import numpy as np

from tingshuo.text.foreign.symbols import Symbols


def test_symbols_are_unpacked_in_the_order_in_which_a_voice_needs_them() -> None:
    ids, word_index, syllable_index = Symbols(np.zeros((3, 4), np.int64), np.array([0, 0, -1]), np.array([0, 1, -1]))
    assert ids.shape == (3, 4)
    assert word_index.tolist() == [0, 0, -1]
    assert syllable_index.tolist() == [0, 1, -1]
