from tingshuo.config.codec import BandwidthConfig, CodecBundleConfig
from tingshuo.config.families import config_of


def test_the_family_names_the_kind_too():
    assert config_of("codec+vocos") is CodecBundleConfig
    fields = {
        "family": "codec+vocos", "codec": "encodec_24khz", "frames": {"sample_rate": 24000, "hop_length": 320}, "codebooks": 16,
        "codebook_size": 1024, "bandwidths": [{"kbps": 1.5, "codebooks": 2}], "vocoder_context_frames": 27, "architecture": {},
    }  # fmt: skip
    config = CodecBundleConfig.check(fields, "test")
    assert config.sample_rate == 24000
    assert config.bandwidths == (BandwidthConfig(1.5, 2),)
    assert CodecBundleConfig.check(config.fields(), "again") == config
