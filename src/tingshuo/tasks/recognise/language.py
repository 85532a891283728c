"""The file of a bundle with the words of a recogniser and their language model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import DataError
from tingshuo.text.lm.ngram import NGram
from tingshuo.text.lm.packing import pack, unpack
from tingshuo.text.spelling import Speller, Vocabulary

FILE = "weights/language.safetensors"
WORDS = "words"
"""The tensor with the packed vocabulary; the others are the packed model."""


def language_tensors(model: NGram, vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
    """Return what the file holds."""
    return {WORDS: np.frombuffer(vocabulary.packed(), np.uint8), **pack(model)}


def open_speller(tensors: Mapping[str, NDArray[Any]]) -> Speller:
    """Return a speller of what the file holds.

    Raises
    ------
    DataError
        It lacks something, or does not fit together.
    """
    if WORDS not in tensors:
        raise DataError(f"the language file of a recogniser lacks {WORDS!r}")
    vocabulary = Vocabulary.unpacked(tensors[WORDS].tobytes())
    return Speller(unpack(vocabulary.words, {name: one for name, one in tensors.items() if name != WORDS}), vocabulary)
