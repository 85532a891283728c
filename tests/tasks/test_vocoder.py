from itertools import pairwise

import numpy as np
import pytest

from tingshuo.audio.stft import stft
from tingshuo.errors import EngineError
from tingshuo.tasks import vocoder
from tingshuo.tasks.vocoder import (
    FADE_IN_S,
    FADE_OUT_S,
    FIRST_CHUNK_FRAMES,
    LONGEST_CHUNK_FRAMES,
    chunk_borders,
    copy_synthesis,
    fade_edges,
    render,
)
from tingshuo.types import GraphSpec


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("frames", [1, 2, FIRST_CHUNK_FRAMES, 500, 5000])
def test_chunks_cover_a_sentence_without_gap_or_overlap(frames, first):
    borders = chunk_borders(frames, first=first)
    assert borders[0] == 0
    assert borders[-1] == frames
    sizes = [b - a for a, b in pairwise(borders)]
    assert min(sizes) > 0
    assert max(sizes) <= LONGEST_CHUNK_FRAMES


def test_only_the_first_sentence_begins_with_a_small_chunk():
    assert chunk_borders(400, first=True)[1] == FIRST_CHUNK_FRAMES
    assert chunk_borders(400, first=False) == [0, 400]


def test_a_sentence_fades_at_its_edges_alone_however_it_is_cut():
    rate, total = 24000, 4800
    whole = np.ones(total, np.float32)
    fade_edges(whole, 0, total, rate)
    assert whole[0] == whole[-1] == 0
    rise, fall = int(FADE_IN_S * rate), int(FADE_OUT_S * rate)
    assert (whole[rise:-fall] == 1).all()
    assert (np.diff(whole[:rise]) > 0).all()
    assert (np.diff(whole[-fall:]) < 0).all()
    for cuts in ([0, 50, 130, 4000, 4700, total], [0, total - 3, total]):
        pieces = [np.ones(b - a, np.float32) for a, b in pairwise(cuts)]
        for piece, start in zip(pieces, cuts, strict=False):
            fade_edges(piece, start, total, rate)
        assert np.array_equal(np.concatenate(pieces), whole)


class FakeGraph:
    """A vocoder net as a graph: every output of a frame depends on the frames within ``CONTEXT`` of it."""

    CONTEXT = 3

    def __init__(self, outputs, with_f0):
        names = ("mel", "f0") if with_f0 else ("mel",)
        self.spec = GraphSpec(dict.fromkeys(names, ("float32", ())), dict.fromkeys(outputs, ("float32", ())))

    def run(self, inputs):
        assert inputs.keys() == self.spec.inputs.keys()
        mel = inputs["mel"][0]
        padded = np.pad(mel.mean(0), self.CONTEXT)
        seen = np.stack([padded[k : k + mel.shape[1]] for k in range(2 * self.CONTEXT + 1)], 1) @ np.arange(1, 8)
        bins = np.cos(seen[:, None] * np.linspace(0.1, 2, 513)).astype(np.float32)
        if "wav" in self.spec.outputs:
            return {"wav": np.repeat(np.tanh(seen), 256)[None].astype(np.float32)}
        return {name: (bins * (1 + k) - 2 * (name != "phase"))[None] for k, name in enumerate(self.spec.outputs)}


GRAPHS = {
    "source_filter": (("gain", "phase", "noise_gain"), True),
    "vocos": (("log_magnitude", "phase"), False),
    "hifigan": (("wav",), False),
}


def copied(config, graph, mel, f0, monkeypatch, first_frames=None, longest=None):
    if first_frames:
        monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", first_frames)
        monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", longest)
    parts = render(graph, config, lambda a, b: (mel[:, a:b], f0[a:b]), len(f0), seed=3, first=bool(first_frames))
    wav = np.concatenate(list(parts))
    monkeypatch.undo()
    return wav


@pytest.mark.parametrize("family", GRAPHS)
@pytest.mark.parametrize("frames", [2, 40, 203])
def test_the_samples_do_not_depend_on_the_cuts(family, frames, monkeypatch, voice):
    config = voice.config.replace(vocoder_context_frames=FakeGraph.CONTEXT)
    graph = FakeGraph(*GRAPHS[family])
    rng = np.random.default_rng(0)
    mel, f0 = rng.standard_normal((100, frames), np.float32), np.full(frames, 180, np.float32)
    whole = copy_synthesis(graph, config, mel, f0, seed=3)
    assert len(whole) == (frames - 1) * 256
    for sizes in ((1, 1), (5, 17), (13, 64)):
        assert np.array_equal(copied(config, graph, mel, f0, monkeypatch, *sizes), whole), sizes


def test_samples_are_those_between_the_centres_of_the_first_and_last_frame(voice, monkeypatch):
    graph = FakeGraph(*GRAPHS["hifigan"])
    mel, f0 = np.random.default_rng(0).standard_normal((100, 9), np.float32), np.zeros(9, np.float32)
    wav = copy_synthesis(graph, voice.config.replace(vocoder_context_frames=3), mel, f0)
    assert np.array_equal(wav, graph.run({"mel": mel[None]})["wav"][0, 128:-128])


def test_a_transform_is_inverted_as_predicted(voice):
    rng = np.random.default_rng(0)
    wav = 0.1 * rng.standard_normal(20 * 256).astype(np.float32)
    spectra = stft(wav, 1024, 256)

    class Known(FakeGraph):
        def run(self, inputs):
            return {"log_magnitude": np.log(np.abs(spectra) + 1e-12)[None], "phase": np.angle(spectra)[None]}

    made = copy_synthesis(Known(*GRAPHS["vocos"]), voice.config, np.zeros((100, 21), np.float32), np.zeros(21, np.float32))
    np.testing.assert_allclose(made, wav, atol=1e-5)


def hops(voice):
    """The config of a vocoder whose frames stand for a hop of samples each."""
    return voice.config.replace(vocoder_context_frames=FakeGraph.CONTEXT, mel=voice.config.mel.replace(framing="same"))


def test_where_frames_are_hops_no_sample_is_dropped(voice, monkeypatch):
    graph, config = FakeGraph(*GRAPHS["hifigan"]), hops(voice)
    mel, f0 = np.random.default_rng(0).standard_normal((100, 90), np.float32), np.zeros(90, np.float32)
    wav = copy_synthesis(graph, config, mel, f0)
    assert np.array_equal(wav, graph.run({"mel": mel[None]})["wav"][0])
    for sizes in ((1, 1), (5, 17)):
        assert np.array_equal(copied(config, graph, mel, f0, monkeypatch, *sizes), wav)


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_where_frames_are_hops_a_transform_is_inverted_over_all_of_them(voice, monkeypatch, frames):
    """Written out: windowed frames added up, over the sum of squared windows, (n_fft - hop) / 2 samples cut at either end."""
    graph, config = FakeGraph(*GRAPHS["vocos"]), hops(voice)
    mel, f0 = np.random.default_rng(0).standard_normal((100, frames), np.float32), np.zeros(frames, np.float32)
    given = graph.run({"mel": mel[None]})
    spectra = np.minimum(np.exp(given["log_magnitude"][0]), 100) * np.exp(1j * given["phase"][0])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    total, squares = np.zeros((frames + 3) * 256), np.zeros((frames + 3) * 256)
    for k, frame in enumerate(np.fft.irfft(spectra, 1024)):
        total[k * 256 : k * 256 + 1024] += frame * window
        squares[k * 256 : k * 256 + 1024] += window**2
    expected = (total / np.maximum(squares, 1e-9))[384:-384]
    wav = copy_synthesis(graph, config, mel, f0)
    assert wav.shape == expected.shape == (frames * 256,)
    np.testing.assert_allclose(wav, expected, atol=1e-4 * np.abs(expected).max())
    for sizes in ((1, 1), (5, 17)):
        assert np.array_equal(copied(config, graph, mel, f0, monkeypatch, *sizes), wav)


def test_a_source_is_driven_from_centre_to_centre_whatever_the_frames(voice):
    mel, f0 = np.zeros((100, 9), np.float32), np.full(9, 200, np.float32)
    assert len(copy_synthesis(FakeGraph(*GRAPHS["source_filter"]), hops(voice), mel, f0)) == 8 * 256


def test_a_hop_of_an_odd_number_of_samples_loses_none(voice):
    class Odd(FakeGraph):
        def run(self, inputs):
            return {"wav": np.ones((1, inputs["mel"].shape[2] * 441), np.float32)}

    mel, f0 = np.zeros((100, 9), np.float32), np.zeros(9, np.float32)
    config = voice.config.replace(mel=voice.config.mel.replace(hop_length=441))
    assert len(copy_synthesis(Odd(("wav",), False), config, mel, f0)) == 8 * 441


def test_a_graph_of_no_known_kind_is_refused(voice):
    with pytest.raises(EngineError, match="outputs spikes is of no known kind; known: gain, noise_gain, phase;"):
        copy_synthesis(FakeGraph(("spikes",), False), voice.config, np.zeros((100, 3), np.float32), np.zeros(3, np.float32))
