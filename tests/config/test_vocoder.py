from tingshuo.config import MelConfig
from tingshuo.config.families import config_of
from tingshuo.config.vocoder import VocoderBundleConfig


def test_the_family_names_the_kind_too():
    assert config_of("vocoder+hifigan") is VocoderBundleConfig
    fields = {"family": "vocoder+hifigan", "mel": {"sample_rate": 22050}, "vocoder_context_frames": 13, "architecture": {}}
    config = VocoderBundleConfig.check(fields, "test")
    assert config.kind == "hifigan"
    assert config.sample_rate == 22050
    assert config.mel == MelConfig(sample_rate=22050)
    assert config.speakers == ()
