import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.language.config import LanguageConfig


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"kind": "transformer", "dim": 30, "heads": 4}, "dim must be even and a multiple of heads: 30 does not fit 4 heads"),
        ({"kind": "gru"}, "kind"),
        ({"units": 2}, "units"),
        ({"layers": 0}, "layers"),
        ({"width": 3}, "unknown field `width`"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes, message):
    with pytest.raises(ConfigError, match=message):
        LanguageConfig.check(sizes, "net")


def test_an_lstm_has_no_heads_to_fit():
    assert LanguageConfig.check({"kind": "lstm", "dim": 30, "heads": 4}, "net").dim == 30
