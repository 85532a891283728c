"""Settings of a student of an imported voice."""

import pytest

pytest.importorskip("torch")

from tingshuo.errors import ConfigError
from tingshuo.train.distill import DistillConfig
from tingshuo.train.imported_config import BEGUN_RATE, ImportedConfig

pytestmark = pytest.mark.train


def test_its_losses_are_those_of_our_own_teachers():
    own, mine = DistillConfig().fields(), ImportedConfig().fields()
    assert (mine["mel_weight"], mine["shape_weight"], mine["hidden_weight"]) == (1.0, 0.5, 0.2)
    different = {key for key in own if own[key] != mine[key]}
    assert different == {"loop"}
    assert mine["loop"] == own["loop"] | {"rate": BEGUN_RATE}
    assert mine.keys() - own.keys() == {"speakers", "styles", "emotions", "licence", "vocoder_steps"}


def test_what_was_written_is_read():
    config = ImportedConfig(speakers=("a", "b"), emotions=("happy",), vocoder_steps=3)
    assert ImportedConfig.check(config.fields(), "x") == config
    with pytest.raises(ConfigError, match="vocoder_steps"):
        ImportedConfig.check(config.fields() | {"vocoder_steps": -1}, "x")
