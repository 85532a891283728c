"""However a sentence is cut, its samples are the same; a transform is inverted as everywhere else in the house."""

from typing import Any

import numpy as np
import pytest

from tingshuo.audio.stft import istft
from tingshuo.config.graph_voice import VocoderRoles
from tingshuo.tasks.graph_voice.vocoder import render_mel

HOP, N_FFT, BANDS, FRAMES = 4, 16, 3, 700
MEL = np.random.default_rng(0).standard_normal((BANDS, FRAMES)).astype(np.float32)


class Samples:
    """A vocoder that looks two frames around."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def run(self, inputs: Any) -> dict[str, Any]:
        mel = inputs["mel"][0]
        self.sizes.append(mel.shape[1])
        padded = np.pad(mel[0], 2)
        around = sum(padded[k : k + mel.shape[1]] * (k + 1) for k in range(5))
        return {"wav": np.tanh(0.1 * np.repeat(around, HOP))[None, None].astype(np.float32)}


class Transform:
    """A vocoder of magnitude and phase, frame by frame."""

    def run(self, inputs: Any) -> dict[str, Any]:
        mel = inputs["mel"][0]
        bins = np.outer(np.arange(N_FFT // 2 + 1), mel[0])
        phase = 0.3 * bins
        magnitude = np.exp(-np.abs(bins)) * 0.3
        return {
            name: value[None].astype(np.float32) for name, value in (("m", magnitude), ("c", np.cos(phase)), ("s", np.sin(phase)))
        }


def joined(graph: Any, roles: VocoderRoles, *, windows: bool = True, mel: np.ndarray[Any, Any] = MEL) -> np.ndarray[Any, Any]:
    return np.concatenate(list(render_mel(graph, roles, mel, first=True, windows=windows)))


def test_pieces_joined_are_the_whole():
    graph, roles = Samples(), VocoderRoles(mel="mel", wav="wav", context_frames=2)
    pieces, whole = joined(graph, roles), joined(graph, roles, windows=False)
    assert graph.sizes[0] == 26  # a quarter of a second and its context, for whoever waits
    assert graph.sizes[-1] == FRAMES
    assert len(whole) == FRAMES * HOP
    np.testing.assert_allclose(pieces, whole, atol=1e-7)


def test_what_reaches_nobody_knows_how_far_is_made_at_once():
    graph = Samples()
    joined(graph, VocoderRoles(mel="mel", wav="wav"))
    assert graph.sizes == [FRAMES]


@pytest.mark.parametrize("windows", [True, False])
def test_a_transform_is_inverted(windows: bool):
    roles = VocoderRoles(mel="mel", magnitude="m", cos="c", sin="s", n_fft=N_FFT, hop_length=HOP, context_frames=1)
    out = Transform().run({"mel": MEL[None]})
    spectra = ((out["c"] + 1j * out["s"]) * out["m"])[0].T.astype(np.complex64)
    found = joined(Transform(), roles, windows=windows)
    assert len(found) == (FRAMES - 1) * HOP
    np.testing.assert_allclose(found, np.clip(istft(spectra, N_FFT, HOP), -1, 1), atol=1e-6)


def test_samples_are_never_too_loud_and_a_mel_may_be_wanted_frames_first():
    class Loud:
        def run(self, inputs: Any) -> dict[str, Any]:
            assert inputs["mel"].shape == (1, FRAMES, BANDS)
            return {"wav": 3 * np.ones((1, FRAMES * HOP), np.float32)}

    assert joined(Loud(), VocoderRoles(mel="mel", wav="wav", frames_first=True)).max() == 1.0
