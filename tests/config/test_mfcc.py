import pytest

from tingshuo.config.mfcc import MfccConfig
from tingshuo.errors import ConfigError


def test_a_frame_has_coefficients_and_their_differences() -> None:
    assert MfccConfig().size == 39
    assert MfccConfig(n_coefficients=20, orders=0).size == 20


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="lifter"):
        MfccConfig.check({"lifter": 22}, "x")
