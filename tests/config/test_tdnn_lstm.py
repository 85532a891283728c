import pytest

from tingshuo.config.families import config_of
from tingshuo.config.tdnn_lstm import TdnnLstmBundleConfig
from tingshuo.errors import ConfigError

FIELDS = {
    "family": "tdnn_lstm", "fbank": {"sample_rate": 8000}, "units": ["<blank>", "ma1"], "sos": 0, "eos": 0, "subsampling": 3,
    "context_frames": 5, "architecture": {"tdnn_lstm.delays": [[1, 1], [3]]},
}  # fmt: skip


def test_it_is_found_by_its_family_and_reads_sizes_of_layers() -> None:
    config = config_of("tdnn_lstm").check(FIELDS, "x")
    assert isinstance(config, TdnnLstmBundleConfig)
    assert config.sample_rate == 8000
    assert config.architecture["tdnn_lstm.delays"] == ((1, 1), (3,))


def test_what_no_recogniser_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="lstm"):
        TdnnLstmBundleConfig.check(FIELDS | {"lstm": 1}, "x")
