from tingshuo.config import MelConfig
from tingshuo.models.vocos.config import SMALL, VocosConfig


def test_defaults_fit_the_mel_of_a_voice():
    net, mel = VocosConfig(), MelConfig()
    assert (net.mels, net.n_fft, net.hop_length) == (mel.n_mels, mel.n_fft, mel.hop_length)


def test_the_small_one_differs_in_size_alone():
    assert SMALL.replace(dim=512, hidden=1536, layers=8) == VocosConfig()
