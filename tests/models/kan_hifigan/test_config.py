import json

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig


def test_a_frame_is_the_product_of_the_rates():
    config = KanHiFiGanConfig()
    assert config.hop_length == 200
    assert config.widths == (256, 128, 64, 32, 16)
    assert config.source_strides == (20, 4, 2, 1)
    assert config.replace(upsample_rates=(10, 5, 3, 2, 2)).source_strides == (60, 12, 4, 2, 1)


def test_sizes_survive_json():
    config = KanHiFiGanConfig(harmonics=8, causal=False)
    assert KanHiFiGanConfig.check(json.loads(json.dumps(config.fields())), "test") == config
