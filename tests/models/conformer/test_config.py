import json

import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.conformer.config import ConformerConfig


def test_sizes_that_follow_from_others():
    config = ConformerConfig(units=10)
    assert (config.past_frames, config.memory_dim, config.context_frames, config.streams) == (7, 129, 7, False)
    assert config.replace(causal=False).past_frames == 0
    assert config.replace(kernel=0).past_frames == 0
    assert config.replace(positions="absolute").memory_dim == 128
    assert config.replace(dynamic_chunk=True).streams
    assert config.replace(static_chunk=16).streams


@pytest.mark.parametrize(("rate", "context"), [(4, 7), (6, 11), (8, 15)])
def test_frames_of_features_and_of_the_encoder(rate, context):
    config = ConformerConfig(units=10, subsampling=rate)
    assert config.window_frames(1) == context
    assert [config.encoded_frames(n) for n in (0, context - 1, context, context + rate - 1, context + rate)] == [0, 0, 1, 1, 2]
    assert config.encoded_frames(config.window_frames(16)) == 16


def test_sizes_survive_json_and_are_checked():
    config = ConformerConfig(units=10)
    assert ConformerConfig.check(json.loads(json.dumps(config.fields())), "test") == config
    with pytest.raises(ConfigError, match="subsampling"):
        ConformerConfig.check({"units": 10, "subsampling": 5}, "test")
