import pytest

from tingshuo.config.keywords import EARS, KeywordsBundleConfig
from tingshuo.errors import ConfigError

FIELDS = {"family": "keywords", "fbank": EARS.fields(), "frames": 160, "words": ["开灯", "关灯"], "architecture": {}}


def test_the_window_is_as_long_as_its_frames() -> None:
    config = KeywordsBundleConfig.check(FIELDS, "x")
    assert config.sample_rate == 16000
    assert config.fbank.frames(config.window_samples) == 160
    assert config.fbank.frames(config.window_samples - 1) == 159
    assert config.window_s == pytest.approx(1.622)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": []}, "words"),
        ({"frames": 1}, "frames"),
        ({"threshold": 1.5}, "threshold"),
        ({"word": "x"}, "unknown field `word`"),
    ],
)
def test_what_no_net_could_do_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        KeywordsBundleConfig.check(FIELDS | change, "x")
