from tingshuo.config import FrameConfig
from tingshuo.config.piper import PiperBundleConfig


def test_its_rate_is_that_of_its_frames():
    config = PiperBundleConfig(
        family="piper", frames=FrameConfig(22050, 256), phonemes="pinyin", phoneme_ids={"_": (0,)}, latent=192, stochastic=True,
        decoder_context_frames=8, noise=0.667, length=1.0, duration_noise=0.8, architecture={},
    )  # fmt: skip
    assert config.sample_rate == 22050
    assert PiperBundleConfig.check(config.fields(), "config.json") == config
