import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.dnn.config import DnnConfig


@pytest.mark.parametrize("change", [{"layers": 0}, {"states": 1}, {"dim": -1}, {"width": 3}])
def test_what_no_net_could_have_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(change))):
        DnnConfig.check(change, "x")


def test_sizes_come_back_from_a_document() -> None:
    config = DnnConfig(inputs=12, states=9, layers=2, dim=5)
    assert DnnConfig.check(config.fields(), "x") == config
