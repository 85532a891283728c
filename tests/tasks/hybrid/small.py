"""A classic recogniser of five syllables whose net is a table: what each frame says is given by the test."""

import numpy as np

from tingshuo.config.dnn import DnnBundleConfig
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.spelling import Speller, vocabulary_of

PHONES = ("sil", "h", "m", "n", "a1", "a3", "ao3", "i3")
UNITS = ("hao3", "ma1", "ma3", "ni3")
STATES = 2
MFCC = {"mel": {"sample_rate": 16000, "n_fft": 256, "hop_length": 160, "win_length": 256, "n_mels": 8, "fmax": 7600.0},
        "n_coefficients": 4, "orders": 0}  # fmt: skip


def settings(**changes) -> DnnBundleConfig:
    rows = len(PHONES) * STATES
    fields = {
        "family": "dnn", "mfcc": MFCC, "deviation": [1.0] * 4, "offsets": [-1, 0, 1], "phones": PHONES, "states": STATES,
        "priors": [0.0] * rows, "durations": [3.0] * rows, "units": UNITS, "frequencies": [float(np.log(0.25))] * 4,
        "beam": {"scale": 1.0}, "spelling": {"model": "weights/language.safetensors", "weight": 1.0, "bonus": 0.0},
        "architecture": {"dnn.inputs": 12, "dnn.states": rows, "dnn.layers": 1, "dnn.dim": 4},
    }  # fmt: skip
    return DnnBundleConfig.check(fields | changes, "x")


def scores(said: str, each: int = 3, margin: float = 4.0) -> np.ndarray:
    """Return log-likelihoods (F, S) of frames that say phones in turn, ``each`` frames a state."""
    rows = [PHONES.index(phone) * STATES + state for phone in said.split() for state in range(STATES)]
    found = np.full((len(rows) * each, len(PHONES) * STATES), -margin, np.float32)
    found[np.arange(len(found)), np.repeat(rows, each)] = 0
    return found


def speller(*texts: str) -> Speller:
    model = estimate([list(text) for text in texts], 2)
    return Speller(model, vocabulary_of(load_lexicon(), model.units))


class Table:
    """Answers with what the test says, whatever it is given."""

    def __init__(self, log_posteriors: np.ndarray) -> None:
        self.log_posteriors = log_posteriors

    def run(self, inputs):
        self.given = inputs["frames"]
        return {"log_posteriors": self.log_posteriors}
