import json

from tingshuo.models.emotivoice.config import EmotiVoiceConfig


def test_sizes_survive_json_and_heads_divide_the_features():
    config = EmotiVoiceConfig()
    assert EmotiVoiceConfig.check(json.loads(json.dumps(config.fields())), "test") == config
    assert config.dim % config.encoder_heads == config.dim % config.decoder_heads == 0


def test_kernels_are_odd():
    config = EmotiVoiceConfig()
    assert all(size % 2 for name, size in config.fields().items() if name.endswith("_kernel"))
