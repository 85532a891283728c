import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.fastspeech.config import FastSpeechConfig


def test_every_size_is_an_integer_so_that_it_fits_a_bundles_architecture():
    sizes = FastSpeechConfig(phonemes=65, styles=2, speakers=1).fields()
    assert all(type(value) is int for value in sizes.values())


def test_an_unknown_size_is_refused():
    with pytest.raises(ConfigError, match="colour"):
        FastSpeechConfig.check({"phonemes": 65, "styles": 2, "speakers": 1, "colour": 3}, "sizes")
