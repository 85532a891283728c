import pytest

from tingshuo.config.language import LanguageBundleConfig
from tingshuo.errors import ConfigError

FIELDS = {"family": "language", "characters": ["你", "好"], "architecture": {}}


def test_there_is_no_audio() -> None:
    config = LanguageBundleConfig.check(FIELDS, "x")
    assert (config.sample_rate, config.others) == (0, 5000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"characters": ["你好"]}, "single ones"),
        ({"characters": ["你", "你"]}, "each of them once"),
        ({"characters": []}, "characters"),
        ({"others": 0}, "others"),
        ({"word": "x"}, "unknown field `word`"),
    ],
)
def test_units_that_cannot_be_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LanguageBundleConfig.check(FIELDS | change, "x")
