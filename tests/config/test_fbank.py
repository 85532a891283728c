import numpy as np

from tingshuo.config.fbank import Cmvn, FbankConfig


def test_frames_and_points_of_the_usual_filter_bank():
    config = FbankConfig()
    assert (config.window_samples, config.shift_samples, config.n_fft) == (400, 160, 512)
    assert (config.frames(399), config.frames(400), config.frames(16000)) == (0, 1, 98)
    assert config.replace(snip_edges=False).frames(16000) == 100


def test_features_are_normalised_by_mean_and_inverse_deviation():
    cmvn = Cmvn((1.0, 2.0), (0.5, 10.0))
    assert cmvn.normalise(np.array([[3.0, 2.5]], np.float32)).tolist() == [[1.0, 5.0]]
