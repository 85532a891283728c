import json

import pytest

from tingshuo.audio.mel import HIFIGAN
from tingshuo.config import MelConfig
from tingshuo.errors import ConfigError

OURS = {"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "win_length": 1024, "n_mels": 100, "fmin": 0.0, "fmax": 12000.0}


def test_a_config_of_before_the_conventions_means_what_it_meant():
    old = MelConfig.check(OURS | {"floor": 1e-7}, "test")
    assert old == MelConfig()
    assert (old.scale, old.norm, old.framing, old.power_offset, old.levels_db) == ("htk", "none", "center", 0, None)


def test_conventions_survive_json():
    config = MelConfig(levels_db=(-80.0, 20.0), **HIFIGAN)
    assert MelConfig.check(json.loads(json.dumps(config.fields())), "test") == config
    assert hash(config)


@pytest.mark.parametrize(("key", "value"), [("scale", "bark"), ("norm", "area"), ("framing", "left"), ("levels_db", [1.0])])
def test_a_word_that_is_not_known_is_refused(key, value):
    with pytest.raises(ConfigError, match=key):
        MelConfig.check({key: value}, "test")


def test_differences_name_every_field_and_both_values():
    other = MelConfig(n_mels=80, scale="slaney", levels_db=(-80.0, 20.0))
    assert MelConfig().differences(other) == (
        "n_mels 100 against 80",
        "scale htk against slaney",
        "levels_db none against -80 to 20",
    )
    assert MelConfig().differences(other, ("a", "b"))[0] == "n_mels a 100 against b 80"
    assert other.differences(other) == ()
