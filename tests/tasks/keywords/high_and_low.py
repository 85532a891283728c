"""A net of two words that needs no weights: it looks whether the upper or the lower bands are louder."""

import numpy as np

from tingshuo.config.keywords import EARS, KeywordsBundleConfig
from tingshuo.tasks.keywords.model import Keywords

SETTINGS = KeywordsBundleConfig(
    family="keywords", fbank=EARS.replace(n_mels=20), frames=40, words=("low", "high"), threshold=0.7, architecture={"x": 1}
)


class Graph:
    """``low`` and ``high`` by how far bands rise above their mean; none of them where nothing rises."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.runs += 1
        window = inputs["features"][0] - inputs["features"][0].mean(0)
        above = np.array([window[8:32, :10].max(), window[8:32, 10:].max(), 4.0])  # nepers above the mean of a band
        powers = np.exp(above - above.max())
        return {"probabilities": (powers / powers.sum())[None].astype(np.float32)}


def keywords() -> Keywords:
    return Keywords(SETTINGS, Graph())


def beep(hz: float, seconds: float = 0.25, around: float = 0.1) -> np.ndarray:
    """A tone with quiet noise around it and under it."""
    rate = SETTINGS.sample_rate
    wav = 1e-3 * np.random.default_rng(0).standard_normal(round((seconds + 2 * around) * rate))
    first = round(around * rate)
    time = np.arange(round(seconds * rate)) / rate
    wav[first : first + len(time)] += 0.3 * np.sin(2 * np.pi * hz * time)
    return wav.astype(np.float32)
