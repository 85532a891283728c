from tingshuo.config import MelConfig
from tingshuo.models.source_filter.config import SourceFilterConfig


def test_defaults_fit_the_mel_of_a_voice():
    net, mel = SourceFilterConfig(), MelConfig()
    assert (net.mels, net.n_fft, net.hop_length, net.sample_rate) == (mel.n_mels, mel.n_fft, mel.hop_length, mel.sample_rate)


def test_every_size_is_an_integer_so_that_it_fits_a_bundles_architecture():
    assert all(type(value) is int for value in SourceFilterConfig().fields().values())
