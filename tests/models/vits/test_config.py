import json

import pytest

from tingshuo.models.vits.config import PRESETS, VitsConfig


@pytest.mark.parametrize("name", PRESETS)
def test_every_quality_has_kernels_that_fit(name):
    config = PRESETS[name]
    pairs = zip(config.upsample_rates, config.upsample_kernels, strict=True)
    assert all(kernel > rate and (kernel - rate) % 2 == 0 for rate, kernel in pairs)
    assert config.hop_length == 256
    assert config.sample_rate == (16000 if "low" in name else 22050)


def test_reaches_are_stated():
    assert VitsConfig().flow_context_frames == 32
    assert {name: config.decoder_context_frames for name, config in PRESETS.items()} == {
        "x_low": 11, "low": 11, "medium": 11, "high": 13,
    }  # fmt: skip


def test_sizes_survive_json():
    config = PRESETS["high"]
    assert VitsConfig.check(json.loads(json.dumps(config.fields())), "test") == config
