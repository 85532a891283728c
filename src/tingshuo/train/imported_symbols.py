"""What an imported voice read of a sentence, how long it spoke each symbol, and what its encoder made of it.

A family is in here when each of its symbols is a sound of one syllable: then its own durations tell when our phones are spoken.
Letters of eSpeak and bytes of a text are none, and a graph that is one piece tells nothing; there an aligner listens instead.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import FrameConfig
from tingshuo.tasks.emotivoice.model import EmotiVoice
from tingshuo.tasks.emotivoice.spread import whole_frames
from tingshuo.tasks.performance import Model
from tingshuo.tasks.piper.loop import frames_of
from tingshuo.tasks.piper.model import Piper
from tingshuo.tasks.sambert.model import Sambert
from tingshuo.text.foreign.emotivoice import encode_words
from tingshuo.train.imported_teacher import Witness
from tingshuo.types import Sentence

Array = NDArray[Any]


class Read(NamedTuple):
    """N symbols of a sentence that was spoken at speed 1.

    ``word_index`` ``syllable_index`` (N,) int64 as in `tingshuo.text.foreign.symbols.Symbols`; ``seconds`` (N,) that each lasts;
    ``hidden`` (N, D) float32, the rows of the voice's encoder.
    """

    word_index: Array
    syllable_index: Array
    seconds: Array
    hidden: Array


def read(model: Model, sentence: Sentence, witnesses: Mapping[str, Witness]) -> Read | None:
    """Return what a voice read of a sentence; None of a family that does not tell.

    Parameters
    ----------
    model : Model
        Of the voice.
    sentence : Sentence
        That it has just begun to perform, at speed 1 and in one tempo.
    witnesses : mapping
        Its graphs, with what they have answered about this sentence alone.
    """
    if isinstance(model, Sambert) and not model.settings.reads_bytes:
        return _sambert(model, sentence, witnesses)
    if isinstance(model, EmotiVoice):
        return _emotivoice(model, sentence, witnesses)
    if isinstance(model, Piper) and model.inventory.kind == "pinyin":
        return _piper(model, sentence, witnesses)
    return None


def _sambert(model: Sambert, sentence: Sentence, witnesses: Mapping[str, Witness]) -> Read:
    """Of a row, the share of the text, with the pitch and energy that it shall have; speaker and emotion lie behind it."""
    symbols, sizes = model.symbols(sentence), model.settings.sizes
    text = witnesses["encoder"].answers[-1]["symbols"][0, :, : sizes.text_dim]
    logs = np.array([one["log_duration"].item() for one in witnesses["duration"].answers], np.float32)
    frames = np.floor(np.exp(logs) - np.float32(1) + np.float32(0.5))
    return Read(symbols.word_index, symbols.syllable_index, _seconds(frames, model.settings.frames), text)


def _emotivoice(model: EmotiVoice, sentence: Sentence, witnesses: Mapping[str, Witness]) -> Read:
    symbols = encode_words(sentence.words, model.tokens)
    answer = witnesses["encoder"].answers[-1]
    frames = whole_frames(answer["log_duration"][0])
    return Read(symbols.word_index, symbols.syllable_index, _seconds(frames, model.settings.frames), answer["hidden"][0])


def _piper(model: Piper, sentence: Sentence, witnesses: Mapping[str, Witness]) -> Read | None:
    _, symbols = model.symbols(sentence)
    if symbols is None:
        return None
    frames = frames_of(witnesses["duration"].answers[-1]["log_duration"][0], model.settings.length)
    hidden = witnesses["encoder"].answers[-1]["hidden"][0].T
    return Read(symbols.word_index, symbols.syllable_index, _seconds(frames, model.settings.frames), hidden)


def _seconds(frames: Array, framing: FrameConfig) -> Array:
    seconds: Array = np.asarray(frames, np.float64) * framing.hop_length / framing.sample_rate
    return seconds
