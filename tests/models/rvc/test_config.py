import json

import pytest

from tingshuo.models.rvc.config import FRAMES_PER_S, PRESETS, RvcConfig


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_hundred_frames_a_second_and_its_kernels_fit(name):
    config = PRESETS[name]
    assert config.hop_length * FRAMES_PER_S == config.sample_rate
    assert f"{config.sample_rate // 1000}k" == name.split()[0]
    assert config.content_dim == {"v1": 256, "v2": 768}[name.split()[1]]
    pairs = zip(config.upsample_rates, config.upsample_kernels, strict=True)
    assert all(kernel > rate and (kernel - rate) % 2 == 0 for rate, kernel in pairs)
    assert all(stride % 2 == 0 for stride in config.source_strides[:-1])
    assert config.source_strides[-1] == 1


def test_the_first_source_convolution_tells_presets_with_equal_kernels_apart():
    strides = {name: PRESETS[name].source_strides[0] for name in ("32k v1", "48k v1")}
    assert PRESETS["32k v1"].upsample_kernels == PRESETS["48k v1"].upsample_kernels
    assert strides == {"32k v1": 32, "48k v1": 48}


def test_the_flow_reaches_24_frames():
    assert RvcConfig().flow_context_frames == 24


def test_sizes_survive_json():
    config = PRESETS["48k v1"]
    assert RvcConfig.check(json.loads(json.dumps(config.fields())), "test") == config
