import pytest

from tingshuo.errors import ConfigError
from tingshuo.train.vocoder_config import VocoderConfig


def test_what_a_run_writes_is_read_back():
    config = VocoderConfig(family="vocos", sizes={"dim": 256}, shares={"tan": 0.5})
    assert VocoderConfig.check(config.fields(), "run") == config


@pytest.mark.parametrize(
    ("fields", "what"),
    [({"family": "wavenet"}, "family"), ({"frames": 3}, "frames"), ({"shares": {"a": 2.0}}, "shares"), ({"colour": 1}, "colour")],
)
def test_wrong_values_are_named(fields, what):
    with pytest.raises(ConfigError, match=what):
        VocoderConfig.check(fields, "run")
