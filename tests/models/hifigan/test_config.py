import json

import pytest

from tingshuo.config import MelConfig
from tingshuo.models.hifigan.config import PRESETS, V1, HiFiGanConfig


@pytest.mark.parametrize("name", PRESETS)
def test_a_frame_is_a_hop_of_a_voice_and_kernels_fit_their_rates(name):
    config = PRESETS[name]
    assert config.hop_length == MelConfig().hop_length
    assert config.mels == MelConfig().n_mels
    pairs = zip(config.upsample_rates, config.upsample_kernels, strict=True)
    assert all(kernel > rate and (kernel - rate) % 2 == 0 for rate, kernel in pairs)
    assert config.channels % 2 ** len(config.upsample_rates) == 0


def test_sizes_survive_json():
    assert HiFiGanConfig.check(json.loads(json.dumps(V1.fields())), "test") == V1
