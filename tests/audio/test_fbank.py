import numpy as np
import pytest

from tingshuo.audio.fbank import cmvn_of_sums, fbank, mel_triangles
from tingshuo.config.fbank import EPSILON, Cmvn, FbankConfig
from tingshuo.errors import ConfigError

RNG = np.random.default_rng(0)
NOISE = RNG.uniform(-0.5, 0.5, 8000).astype(np.float32)
CONFIGS = {
    "defaults": FbankConfig(),
    "wenet": FbankConfig(window="hamming", n_mels=40),
    "mirrored edges": FbankConfig(snip_edges=False),
    "other bands": FbankConfig(window="hanning", n_mels=23, low_hz=60, high_hz=-400, preemphasis=0.0),
    "other frames": FbankConfig(sample_rate=8000, n_mels=23, frame_length_ms=32, frame_shift_ms=8, remove_dc=False),
    "no window": FbankConfig(window="rectangular", high_hz=7000),
    "blackman": FbankConfig(window="blackman"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_it_equals_kaldis(name):
    kaldi = pytest.importorskip("kaldi_native_fbank")
    config = CONFIGS[name]
    options = kaldi.FbankOptions()
    frame, mel = options.frame_opts, options.mel_opts
    frame.dither, frame.samp_freq, frame.window_type, frame.snip_edges = 0, config.sample_rate, config.window, config.snip_edges
    frame.frame_length_ms, frame.frame_shift_ms = config.frame_length_ms, config.frame_shift_ms
    frame.preemph_coeff, frame.remove_dc_offset = config.preemphasis, config.remove_dc
    mel.num_bins, mel.low_freq, mel.high_freq = config.n_mels, config.low_hz, config.high_hz
    theirs = kaldi.OnlineFbank(options)
    theirs.accept_waveform(config.sample_rate, (NOISE * 32768).tolist())
    theirs.input_finished()
    expected = np.array([theirs.get_frame(n) for n in range(theirs.num_frames_ready)])
    np.testing.assert_allclose(fbank(NOISE, config), expected, atol=5e-4)


def test_a_frame_follows_from_the_definition():
    config = FbankConfig()
    frame = NOISE[160:560].astype(np.float64) * 32768
    frame -= frame.mean()
    emphasised = np.append(frame[0] * 0.03, frame[1:] - 0.97 * frame[:-1])
    windowed = emphasised * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
    angles = np.outer(np.arange(256), np.arange(400)) * (2 * np.pi / 512)
    power = np.square(np.cos(angles) @ windowed) + np.square(np.sin(angles) @ windowed)
    low, high = 1127 * np.log(1 + 20 / 700), 1127 * np.log(1 + 8000 / 700)
    step = (high - low) / 81
    for band in (0, 17, 79):
        middle = low + (band + 1) * step
        places = 1127 * np.log(1 + np.arange(256) * 31.25 / 700)
        expected = np.log((power * np.maximum(1 - np.abs(places - middle) / step, 0)).sum())
        assert fbank(NOISE, config)[1, band] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("samples", "whole", "mirrored"), [(0, 0, 0), (79, 0, 0), (399, 0, 2), (400, 1, 3), (560, 2, 4)])
def test_a_frame_lies_within_the_signal_or_the_signal_is_mirrored(samples, whole, mirrored):
    for config, frames in ((FbankConfig(), whole), (FbankConfig(snip_edges=False), mirrored)):
        features = fbank(NOISE[:samples], config)
        assert features.shape == (frames, 80) == (config.frames(samples), 80)
        assert features.dtype == np.float32
        assert np.isfinite(features).all()


def test_pieces_that_overlap_have_the_frames_of_the_whole():
    config = FbankConfig(n_mels=30)
    wav = np.tile(NOISE, 45)  # more frames than are computed at a time
    whole, step = fbank(wav, config), 700 * config.shift_samples
    overlap = config.window_samples - config.shift_samples
    pieces = [fbank(wav[begin : begin + step + overlap], config) for begin in range(0, len(wav), step)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


def test_silence_lies_on_the_floor():
    assert fbank(np.zeros(800, np.float32), FbankConfig()) == pytest.approx(np.log(EPSILON))
    assert fbank(np.zeros(800, np.float32), FbankConfig(energy_floor=1.0)) == pytest.approx(0)


def test_noise_is_added_on_request_alone_and_may_be_repeated():
    quiet, loud = FbankConfig(), FbankConfig(dither=1.0)
    assert (fbank(NOISE, quiet) == fbank(NOISE, quiet, seed=1)).all()
    assert (fbank(NOISE, loud, seed=1) == fbank(NOISE, loud, seed=1)).all()
    assert (fbank(NOISE, loud, seed=1) != fbank(NOISE, loud, seed=2)).any()
    dithered = fbank(np.zeros(8000, np.float32), loud, seed=0)
    assert dithered.mean() > fbank(np.zeros(8000, np.float32), quiet).mean() + 10


def test_bands_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match=r"band 2 of 300 is narrower than a point of the spectrum; ask for fewer"):
        mel_triangles(FbankConfig(n_mels=300))
    with pytest.raises(ConfigError, match="the bands go from 20 to 9000 Hz, and have to lie within 0 to 8000 Hz"):
        fbank(NOISE, FbankConfig(high_hz=9000))


def test_features_are_normalised_by_what_was_summed_up():
    features = RNG.normal(5, [1, 2, 3], (1000, 3)).astype(np.float32)
    features[:, 2] = 7
    exact = features.astype(np.float64)
    cmvn = cmvn_of_sums(exact.sum(0), np.square(exact).sum(0), len(exact))
    normalised = cmvn.normalise(features)
    assert normalised.dtype == np.float32
    assert normalised.mean(0) == pytest.approx(0, abs=1e-3)
    assert normalised[:, :2].std(0) == pytest.approx(1, abs=1e-3)
    assert cmvn.inverse_deviation[2] < 1e11, "what never varies is not divided by nothing"
    assert Cmvn.check(cmvn.fields(), "test") == cmvn
