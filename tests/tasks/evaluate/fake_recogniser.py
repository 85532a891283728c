"""A recogniser that makes errors that are known beforehand, and a corpus for it: it knows a clip by its length."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance
from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.types import Wav

RATE = 16000
STEP = 1600
TEXTS = {"a": "一二三四五六七八九十", "b": "今天天气很好", "c": "我们明天开会。"}
SPEAKERS = {"a": "tan", "b": "tan", "c": "li"}


def corpus(
    folder: Path, texts: Mapping[str, str] = TEXTS, rate: int = RATE, speakers: Mapping[str, str] = SPEAKERS
) -> list[Utterance]:
    """Write clips of 0.1 s, 0.2 s ... and return their rows."""
    rows = []
    for place, (name, text) in enumerate(texts.items(), 1):
        noise = 0.1 * np.random.default_rng(place).standard_normal(place * STEP * rate // RATE)
        write(folder / f"{name}.wav", noise.astype(np.float32), rate)
        speaker = speakers.get(name, "tan")
        rows.append(Utterance(id=name, audio=str(folder / f"{name}.wav"), text=text, speaker=speaker, split="dev"))
    return rows


class FakeRecogniser:
    """Hears each text but every ``lost``-th character, and takes some characters for others.

    It is sure of what is right (``sure``) and unsure (``unsure``) of what it takes for another.
    """

    sample_rate = RATE
    frame_s = 0.04
    choices: Mapping[str, tuple[str, ...]] = {}

    def __init__(
        self, texts: Sequence[str] = tuple(TEXTS.values()), lost: int = 5, others: Mapping[str, str] = {"气": "汽", "明": "名"},
        sure: float = 0.9, unsure: float = 0.4,
    ) -> None:  # fmt: skip
        self.texts, self.lost, self.others, self.sure, self.unsure = texts, lost, others, sure, unsure
        self.written = sorted({*"".join(texts), *others.values()})
        self.heard: list[Wav] = []
        self.beams: list[int] = []

    def hear(self, wav: Wav, beam: int = 10, scorer: Scorer | None = None) -> tuple[Hypothesis, ...]:
        self.heard.append(wav)
        self.beams.append(beam)
        said = self.texts[round(len(wav) / STEP) - 1]
        kept = [char for place, char in enumerate(said, 1) if place % self.lost]
        units = tuple(self.written.index(self.others.get(char, char)) for char in kept)
        if not units:
            return ()
        return (Hypothesis(units, -1.0, (), tuple(self.unsure if char in self.others else self.sure for char in kept)),)

    def text(self, units: tuple[int, ...]) -> str:
        return "".join(self.written[unit] for unit in units)


class Ticks:
    """A clock: every second look is so much later, 10 ms, 20 ms, 30 ms ..."""

    def __init__(self) -> None:
        self.now, self.looks = 0.0, 0

    def __call__(self) -> float:
        self.looks += 1
        if self.looks % 2 == 0:
            self.now += 0.01 * (self.looks // 2)
        return self.now
