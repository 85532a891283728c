"""How far recordings are changed is checked."""

import pytest

from tingshuo.errors import ConfigError
from tingshuo.train.disguise_config import DisguiseConfig


@pytest.mark.parametrize("wrong", [{"tempo": 0.6}, {"rooms": 1.5}, {"band_masks": -1}, {"snr_db": [1.0]}, {"noise": 1}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError):
        DisguiseConfig.check(wrong, "disguise")


def test_every_key_has_a_default():
    assert DisguiseConfig.check({}, "disguise") == DisguiseConfig()
