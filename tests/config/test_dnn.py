import pytest
from tests.tasks.hybrid.small import settings

from tingshuo.config.dnn import DnnBundleConfig
from tingshuo.config.families import config_of
from tingshuo.errors import ConfigError


def test_it_is_found_by_its_family_and_comes_back_from_a_document() -> None:
    config = settings()
    assert config_of("dnn") is DnnBundleConfig
    assert DnnBundleConfig.check(config.fields(), "x") == config
    assert (config.sample_rate, config.frame_s) == (16000, 0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"priors": [0.0]}, "priors has 1 numbers where 16 belong"),
        ({"durations": [0.5] * 16}, "less than a frame"),
        ({"frequencies": []}, "frequencies has 0 numbers where 4 belong"),
        ({"deviation": [1.0] * 5}, "deviation has 5 numbers where 4 belong"),
        ({"phones": ["h", "sil", "m", "n", "a1", "a3", "ao3", "i3"]}, "the first phone is 'sil', not 'h'"),
        ({"beam": {"scale": 0}}, "scale"),
        ({"offsets": []}, "offsets"),
        ({"phone": 1}, "phone"),
    ],
)
def test_tables_that_do_not_fit_each_other_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(**change)
