"""All syllables of a recogniser side by side, as rows of states: what time passes through from left to right."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.dnn import SILENCE, DnnBundleConfig
from tingshuo.errors import ConfigError
from tingshuo.text.symbols import split_syllable

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def phones_of(syllable: str) -> tuple[str, ...]:
    """Return the phones of a syllable: its initial, if it has one, and its final with the tone.

    ``phones_of("ma1")`` is ``("m", "a1")``, ``phones_of("er2")`` is ``("er2",)``.

    Raises
    ------
    TextError
        It is not a Mandarin syllable.
    """
    parts = split_syllable(syllable)
    final = f"{parts.final}{parts.tone}"
    return (parts.initial, final) if parts.initial else (final,)


def states_of(phones: Sequence[str], rows: Mapping[str, int], per_phone: int) -> Ints:
    """Return the states of phones one after the other, (phones * per_phone,); ``rows`` are the places of the phones."""
    first = np.array([rows[phone] for phone in phones], np.int64) * per_phone
    return (first[:, None] + np.arange(per_phone)).ravel()


class Network:
    """The syllables, and after the last of them the pause.

    Parameters
    ----------
    settings : DnnBundleConfig
        Of the bundle.

    Attributes
    ----------
    states : ndarray (P,)
        The state at each position; the positions of a syllable lie together.
    starts, ends : ndarray (U + 1,)
        First and last position of each syllable, the pause being the last row.
    entry : ndarray (U + 1,)
        Log probability that one begins.
    stay, go : ndarray (P,)
        Log probabilities that a frame stays at a position, and that it goes on.
    pause : int
        The row of the pause.

    Raises
    ------
    ConfigError
        A syllable has a phone that the net does not tell, or is none.
    """

    def __init__(self, settings: DnnBundleConfig) -> None:
        rows = {phone: row for row, phone in enumerate(settings.phones)}
        pieces = []
        for unit in settings.units:
            phones = phones_of(unit)
            if missing := [phone for phone in phones if phone not in rows]:
                raise ConfigError(f"the syllable {unit!r} has the phone {missing[0]!r}, which is not among the phones")
            pieces.append(states_of(phones, rows, settings.states))
        pieces.append(states_of((SILENCE,), rows, settings.states))
        lengths = np.array([len(piece) for piece in pieces])
        self.states: Ints = np.concatenate(pieces)
        self.ends: Ints = np.cumsum(lengths) - 1
        self.starts: Ints = self.ends - lengths + 1
        self.pause = len(settings.units)
        self.entry: Floats = np.array([*settings.frequencies, settings.beam.pause], np.float32)
        leaving = 1 / np.maximum(np.array(settings.durations)[self.states], 1 + 1e-3)
        self.stay: Floats = np.log1p(-leaving).astype(np.float32)
        self.go: Floats = np.log(leaving).astype(np.float32)
