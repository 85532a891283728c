"""What a voice tells of what it read is what it speaks."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.imported_voice import FRAMES, speaking_model

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.piper import PiperBundleConfig
from tingshuo.tasks.piper.model import Piper
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.train.imported_symbols import read
from tingshuo.train.imported_teacher import Witness
from tingshuo.types import GraphSpec, SpeechRequest

pytestmark = pytest.mark.train
TEXT = "你好，小孩儿，OK。"


def hear(model, witnesses, text):
    """Return the samples of the first sentence without the silence after it, and what was told of it."""
    sentence = next(Frontend(english=model.english).sentences(text))
    performance = model.prepare(SpeechRequest(text=text)).perform(sentence, 0, Stopwatch())
    parts = list(performance.samples())
    return np.concatenate(parts[:-1]), read(model, sentence, witnesses), sentence


@pytest.mark.parametrize(("system", "dims"), [("sambert", 4), ("emotivoice", 16)])
def test_symbols_last_as_long_as_the_sound(tmp_path, system, dims):
    model, witnesses = speaking_model(system, tmp_path)
    wav, said, sentence = hear(model, witnesses, TEXT)
    framing = model.settings.frames
    frames = said.seconds * framing.sample_rate / framing.hop_length
    np.testing.assert_allclose(frames, FRAMES)
    assert len(wav) == round(said.seconds.sum() * framing.sample_rate)
    assert said.hidden.shape == (len(frames), dims)
    owned = {(w, k) for w, k in zip(said.word_index, said.syllable_index, strict=True) if w >= 0}
    assert owned == {(w, k) for w, word in enumerate(sentence.words) for k in range(len(word.syllables))}


def test_of_a_symbol_of_a_sambert_the_share_of_the_text_is_told(tmp_path):
    """Rows of speaker and emotion lie behind it, and are not the encoder's."""
    model, witnesses = speaking_model("sambert", tmp_path)
    _, said, _ = hear(model, witnesses, "你好。")
    row = witnesses["encoder"].answers[-1]["symbols"][0]
    np.testing.assert_array_equal(said.hidden, row[:, : model.settings.sizes.text_dim])
    assert row.shape[1] > said.hidden.shape[1]


class Fake:
    """A graph that is a function."""

    spec = GraphSpec({}, {"wav": ("float32", ())})

    def __init__(self, function):
        self.run = function


def piper(kind="pinyin", length=1.5):
    """A voice of Piper whose phonemes last three frames and some each, by chance."""
    table = ("_", "^", "$", "n", "h", "i", "ao", "3", "2", "，", "j", "Ø", "er", "x", "iao")
    config = PiperBundleConfig(
        family="piper", speakers=(PersonConfig("a", "unspecified"),), styles=ONE_STYLE, frames=FrameConfig(400, 4),
        phonemes=kind, phoneme_ids={name: (row,) for row, name in enumerate(table)}, latent=2, stochastic=True,
        decoder_context_frames=0, noise=0.5, length=length, duration_noise=1.0, architecture={}, espeak_voice="cmn",
    )  # fmt: skip
    zeros = np.zeros
    graphs = {
        "encoder": Fake(
            lambda x: {
                "hidden": np.repeat(x["ids"][:, None].astype(np.float32), 3, 1),
                "mean": zeros((1, 2, x["ids"].shape[1]), np.float32),
                "log_deviation": zeros((1, 2, x["ids"].shape[1]), np.float32),
            }
        ),
        "duration": Fake(lambda x: {"log_duration": 1.0 + x["noise"][:, 0]}),
        "flow": Fake(lambda x: {"voiced": x["latent"]}),
        "decoder": Fake(lambda x: {"wav": zeros((1, 4 * x["latent"].shape[2]), np.float32)}),
    }
    witnesses = {name: Witness(graphs[name]) for name in ("encoder", "duration")}
    return Piper("tiny", config, graphs | witnesses, {"weights/acoustic.safetensors": {}}), witnesses


def test_durations_that_were_drawn_are_told_as_they_were_drawn():
    model, witnesses = piper()
    wav, said, _ = hear(model, witnesses, "你好。")
    assert len(wav) == round(said.seconds.sum() * 400)
    assert len(np.unique(said.seconds)) > 3
    # The encoder's rows are those of the ids: ^ n i 3 _ h ao 3 _ $ with the tones that are spoken
    assert said.hidden.shape[1] == 3
    assert said.word_index.tolist() == [-1, 0, 0, 0, 0, 0, 0, 0, 0, -1]
    assert said.hidden[:3, 0].tolist() == [1.0, 3.0, 5.0]


def test_letters_and_bytes_tell_nothing(tmp_path):
    model, witnesses = piper("espeak")
    sentence = next(Frontend(english=True).sentences("你好。"))
    assert read(model, sentence, witnesses) is None
    model, witnesses = speaking_model("sambert", tmp_path)
    model.settings = model.settings.replace(reads_bytes=True)
    assert read(model, sentence, witnesses) is None
    assert read(object(), sentence, {}) is None
