"""Which reading of a polyphone a sentence asks for: a small recurrent net over characters.

One bidirectional LSTM (64 -> 2 x 32) over the characters of a sentence, two dense layers (64 -> 32 -> readings) at the
polyphones; 0.4 M parameters, run in numpy at about 10 us a character. Architecture and initial weights: g2pM (Park and Lee,
Interspeech 2020, arXiv:2004.03136; Apache-2.0). ``scripts/build_polyphones.py`` makes the data files.
"""

import math
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

_UNKNOWN, _BEGIN, _END, _FIRST = 1, 2, 3, 4
_UNITS = 64
"""Units of both directions together."""


class PolyphoneNet:
    """The net with its tables; read-only, `load_polyphones` makes the one that everybody shares."""

    def __init__(self) -> None:
        from safetensors.numpy import load  # imported here: not needed by texts without polyphones

        folder = files("tingshuo.text") / "data"
        self._tensors = {k: v.astype(np.float32) for k, v in load((folder / "polyphones.safetensors").read_bytes()).items()}
        characters, readings, *lines = (folder / "polyphones.txt").read_text("utf-8").splitlines()
        self._rows = {char: i for i, char in enumerate(characters, start=_FIRST)}
        classes = {reading: i for i, reading in enumerate(readings.split())}
        self._candidates: dict[str, tuple[list[str], list[int]]] = {}
        for line in lines:
            char, *known = line.split()
            self._candidates[char] = known, [classes[reading] for reading in known]

    def __contains__(self, char: str) -> bool:
        """Say whether the net decides this character."""
        return char in self._candidates

    def scores(self, text: str, indices: list[int]) -> list[dict[str, float]]:
        """Score the readings of some characters of a sentence.

        Parameters
        ----------
        text : str
            A sentence with its punctuation.
        indices : list of int
            Where the characters are; each must be one that the net decides.

        Returns
        -------
        list of dict
            For each index, reading to natural logarithm of its probability.
        """
        out = []
        for i, row in zip(indices, self.logits(text, indices), strict=True):
            known, classes = self._candidates[text[i]]
            logits = row[classes].tolist()
            top = max(logits)
            total = top + math.log(sum(math.exp(x - top) for x in logits))
            out.append({reading: x - total for reading, x in zip(known, logits, strict=True)})
        return out

    def logits(self, text: str, indices: list[int]) -> NDArray[np.float32]:
        """Return the unnormalised scores of all readings at some characters, (len(indices), readings)."""
        t = self._tensors
        hidden = np.maximum(self._states(text)[np.array(indices, dtype=int) + 1] @ t["hidden"] + t["hidden_bias"], 0)
        logits: NDArray[np.float32] = hidden @ t["output"].T + t["output_bias"]
        return logits

    def _states(self, text: str) -> NDArray[np.float32]:
        """Run both directions over begin, text, end; -> (len(text) + 2, 64).

        The directions are one recurrence of 64 units with a block-diagonal matrix: at step t it reads character t and, from the
        other end, character -t. Order of the gates: input, forget, output, cell.
        """
        t = self._tensors
        x = t["embedding"][[_BEGIN, *(self._rows.get(char, _UNKNOWN) for char in text), _END]]
        gates = x @ t["input"] + x[::-1] @ t["input_reverse"] + t["bias"]  # (T, 256)
        recurrent = t["recurrent"]
        h = np.zeros(_UNITS, np.float32)
        c = np.zeros(_UNITS, np.float32)
        states = np.empty((len(gates), _UNITS), np.float32)
        for step, gate in enumerate(gates):
            gate += h @ recurrent
            np.tanh(gate, out=gate)
            sigmoids = gate[: 3 * _UNITS]  # stored halved: sigmoid(x) = (1 + tanh(x / 2)) / 2
            sigmoids *= 0.5
            sigmoids += 0.5
            c *= gate[_UNITS : 2 * _UNITS]
            c += gate[:_UNITS] * gate[3 * _UNITS :]
            h = np.tanh(c, out=states[step])
            h *= gate[2 * _UNITS : 3 * _UNITS]
        half = _UNITS // 2
        return np.concatenate([states[:, :half], states[::-1, half:]], axis=1)


@cache
def load_polyphones() -> PolyphoneNet:
    """Return the shared net, read at the first call."""
    return PolyphoneNet()
