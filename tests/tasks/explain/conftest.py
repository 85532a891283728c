"""A voice whose every influence is known, and a text that the built-in voice explains."""

from types import SimpleNamespace

import numpy as np
import pytest

from tingshuo.config import SpeakerConfig
from tingshuo.tasks.acoustic import Timbre
from tingshuo.tasks.explain.occlude import explain
from tingshuo.tasks.explain.result import Explained, Influence, Spoken
from tingshuo.text.symbols import ALL_PHONES, PAUSE
from tingshuo.types import SpeechRequest

STD = 0.25
"""Of the fake speakers' log F0: 1 of normalised F0 is 0.25 * 12 / ln 2 = 4.33 semitones."""


class Graph:
    """Like an open graph: a function of its inputs."""

    def __init__(self, function):
        self.run = function


class FakeVoice:
    """Phones last ten frames, times e^0.2 before one of tone 3 and e^0.4 before a pause; nothing else changes lengths.

    Normalised F0 is 0.5 where the tone is 1, plus the style; the log-mel is 0.1 higher where a phone does not begin a word, plus
    the speaker. ``nudge`` is added to the first of these numbers.
    """

    precision = "fp32"
    styles, speakers = ("even", "high"), ("near", "far")

    def __init__(self, config, nudge=0.0):
        self.config = self.settings = config.replace(emotions=())
        self.manifest = SimpleNamespace(name="fake", version="1.0.0")
        self.graphs = {"encoder": Graph(self.encode), "pitch": Graph(self.pitch), "decoder": Graph(self.decode)}
        self.before_low = 0.2 + nudge

    def timbre(self, style=None, speaker=None):
        row, who = self.styles.index(style or "even"), self.speakers.index(speaker or "near")
        vector = np.ones((1, 1), np.float32)
        return Timbre(-who * vector, row * vector, SpeakerConfig("x", "female", 5.0, STD), 1.0)

    def encode(self, inputs):
        ids, tones, positions = (inputs[name][0] for name in ("phoneme_ids", "tones", "positions"))
        lengths = np.full(len(ids), np.log(10.0))
        lengths[:-1] += self.before_low * (tones[1:] == 3) + 0.4 * (ids[1:] == ALL_PHONES.index(PAUSE))
        hidden = np.stack([tones == 1, positions != 1], axis=1).astype(np.float32)
        return {"hidden": hidden[None], "log_duration": lengths[None].astype(np.float32)}

    def pitch(self, inputs):
        f0 = 0.5 * inputs["frames"][0, :, 0] + inputs["style"][0, 0]
        return {"pitch": np.stack([f0, -np.ones_like(f0)], axis=1)[None]}

    def decode(self, inputs):
        level = -3 + 0.1 * inputs["frames"][0, :, 1] + inputs["speaker"][0, 0]
        return {"mel": np.repeat(level[None], self.config.mel.n_mels, axis=0)[None]}


@pytest.fixture
def make_fake(voice):
    """Return the class of the fake voice, with the built-in voice's features and phones filled in."""
    return lambda **options: FakeVoice(voice.config, **options)


@pytest.fixture(scope="session")
def explanation(voice):
    """A sentence with a pause, explained by the built-in voice."""
    return explain(voice, SpeechRequest(text="今天天气很好，我们去公园。"))


@pytest.fixture
def made():
    """A sentence of three syllables with four inputs and numbers made up to be told apart."""
    syllables = tuple(
        Spoken(text, pinyin, tone, word, 0.1 * s, 0.1 * s + 0.1, 0.1, hz, 0.0)
        for s, (text, pinyin, tone, word, hz) in enumerate(
            [("今", "jin1", 1, 0, 300.0), ("天", "tian1", 1, 0, 310.0), ("好", "hao3", 3, 1, None)]
        )
    )

    def influence(kind, of, value, instead, span, *changes):
        return Influence(
            kind, of, value, instead, span, dict(zip(("duration", "f0", "energy"), map(np.array, changes), strict=True))
        )

    still = (0.0, 0.0, 0.0)
    influences = (
        influence("phones", "今天", "", "de de", (0, 2), (40.0, 2.0, 0.1), (0.5, 0.0, np.nan), still),
        influence("tone", "好", "3", "5", (2, 3), (0.0, -12.4, 6.0), (0.2, -1.23, np.nan), (0.0, 0.0, 0.8)),
        influence("boundary", "好", "", "", (2, 2), (3.0, 0.0, 25.0), (0.0, 0.0, np.nan), (-0.04, 0.0, 0.0)),
        influence("style", "even", "", "high", (0, 3), (50.0, 50.0, 50.0), (-9.0, -9.0, np.nan), still),
    )
    f0 = np.array([300.0] * 20 + [0.0] * 10, np.float32)
    return Explained("今天好", syllables, influences, (), f0, 0.01)
