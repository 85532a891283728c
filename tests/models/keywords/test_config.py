import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.keywords.config import KeywordsConfig


def test_sizes_fit_each_other():
    assert KeywordsConfig().frames % KeywordsConfig().stack == 0


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"frames": 161}, "frames must be a multiple of stack: 161 is none of 2"),
        ({"kernels": [3, 4]}, "kernels must be odd numbers"),
        ({"kernels": []}, "kernels must be odd numbers"),
        ({"rows": 1}, "rows"),
        ({"depth": 3}, "unknown field `depth`"),
    ],
)
def test_sizes_that_do_not_are_refused(sizes, message):
    with pytest.raises(ConfigError, match=message):
        KeywordsConfig.check(sizes, "net")
