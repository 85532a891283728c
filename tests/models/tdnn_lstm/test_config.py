import pytest

from tingshuo.errors import ConfigError
from tingshuo.models.tdnn_lstm.config import TdnnLstmConfig


def test_frames_are_counted_as_the_first_layer_makes_them() -> None:
    config = TdnnLstmConfig(units=4)
    assert [config.encoded_frames(frames) for frames in (0, 4, 5, 7, 8)] == [0, 0, 1, 1, 2]
    assert (config.layers, config.ahead_frames) == (3, 12)
    assert not config.streams


def test_sizes_come_back_from_a_document() -> None:
    config = TdnnLstmConfig(units=4, delays=((1,), (2, 4)))
    assert TdnnLstmConfig.check(config.fields(), "x") == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": 1}, "units"),
        ({"delays": []}, "delays"),
        ({"delays": [[0]]}, "delays"),
        ({"subsampling": 6}, "context_frames, 5, must not be less than subsampling, 6"),
        ({"layers": 3}, "layers"),
    ],
)
def test_what_no_net_could_have_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TdnnLstmConfig.check({"units": 4} | change, "x")
