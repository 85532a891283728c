import pytest

pytest.importorskip("torch")

from tingshuo.errors import ConfigError
from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.train.keywords_config import KeywordsTraining, read_keywords_config

pytestmark = pytest.mark.train


def test_the_preset_is_what_the_defaults_say():
    assert read_keywords_config().replace(loop=KeywordsTraining().loop) == KeywordsTraining()
    assert read_keywords_config().net == KeywordsConfig()


def test_a_file_wins_over_the_preset_and_values_over_both(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("batch: 16\nloop: {steps: 10}\nbundle: {name: lamp}\n")
    config = read_keywords_config(path, ["loop.steps=20", "disguise.snr_db=[5, 20]"])
    assert (config.batch, config.loop.steps, config.bundle.name, config.disguise.snr_db) == (16, 20, "lamp", (5.0, 20.0))
    assert config.loop.rate == read_keywords_config().loop.rate


@pytest.mark.parametrize("setting", ["net.size=3", "nothing=0.9", "loop.steps=0", "net.frames=161", "speed"])
def test_what_cannot_be_is_refused(setting):
    with pytest.raises(ConfigError):
        read_keywords_config(None, [setting])


def test_a_resumed_training_may_have_more_steps_and_another_threshold():
    config = KeywordsTraining()
    free = config.replace(threshold=0.9, loop=config.loop.replace(steps=9))
    assert free.identity() == config.identity()
    assert config.replace(batch=8).identity() != config.identity()
