"""How far a vocoder looks around a frame is found by changing one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tingshuo.config import MelConfig
from tingshuo.errors import EngineError, PortError
from tingshuo.port.convert.graph_context import REACHES, WHOLE_FRAMES, by_frame, measure_context

MEL = MelConfig(n_mels=3, hop_length=4)


class Sums:
    """Makes of a frame the sum of those around it, so many before and behind; ``whole`` of all."""

    def __init__(self, before: int, behind: int, *, whole: bool = False, pitch: int = 0) -> None:
        self.before, self.behind, self.whole, self.pitch = before, behind, whole, pitch

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        mel = inputs["mel"][0].sum(axis=0)
        rows = np.zeros_like(mel)
        for lag in range(-self.behind, self.before + 1):
            rows += np.roll(mel, lag)
        if "f0" in inputs:
            rows += np.roll(inputs["f0"][0], self.pitch)
        if self.whole:
            rows = rows + 0.1 * mel.mean()
        return {"wav": np.repeat(rows, MEL.hop_length)[None].astype(np.float32)}


@pytest.mark.parametrize(
    ("graph", "expected"),
    [(Sums(0, 0), 0), (Sums(2, 5), 5), (Sums(7, 0), 7), (Sums(40, 40), 40), (Sums(0, 0, whole=True), WHOLE_FRAMES)],
)
def test_reach(graph: Sums, expected: int) -> None:
    assert measure_context(graph, MEL, reads_f0=False) == expected


def test_what_pitch_reaches_counts_too() -> None:
    assert measure_context(Sums(1, 1, pitch=9), MEL, reads_f0=True) == 9


def test_farther_than_is_looked_for() -> None:
    assert measure_context(Sums(REACHES[-1], 0), MEL, reads_f0=False) == WHOLE_FRAMES


class Fixed:
    """Makes the same whatever it is given."""

    def __init__(self, made: Any) -> None:
        self.made = made

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(self.made, Exception):
            raise self.made
        return {"wav": self.made}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (np.zeros((1, 49 * 4 + 1), np.float32), "makes of 49 frames 1 x 197 values of 'wav', where a hop_length of 4 makes 196"),
        (np.zeros((49, 4), np.float32), "makes of 49 frames 49 x 4 values"),
        (np.full((1, 49 * 4), np.nan, np.float32), "its output 'wav' is not finite for an ordinary mel"),
        (EngineError("got 3,\nexpected 80"), "cannot be run on a mel of 3 bands: got 3, expected 80"),
    ],
)
def test_what_is_no_vocoder(made: Any, message: str) -> None:
    with pytest.raises(PortError, match=message):
        measure_context(Fixed(made), MEL, reads_f0=False)


def test_rows_of_a_transform() -> None:
    assert by_frame("phase", np.zeros((1, 5, 513)), 5, 4).shape == (5, 513)
