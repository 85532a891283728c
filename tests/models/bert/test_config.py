import json

import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.bert.config import BertConfig


def test_sizes_survive_json():
    config = BertConfig(vocabulary=13685)
    assert BertConfig.check(json.loads(json.dumps(config.fields())), "test") == config


def test_an_activation_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="activation"):
        BertConfig.check({"vocabulary": 5, "activation": "swish"}, "test")
