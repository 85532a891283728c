import pytest

pytest.importorskip("torch")

from tingshuo.errors import ConfigError
from tingshuo.train.language_model_config import LanguageModelTraining, read_language_model_config

pytestmark = pytest.mark.train


def test_a_file_wins_over_the_defaults_and_values_over_both(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("dropout: 0.2\nloop: {steps: 10}\nnet: {kind: transformer}\n")
    config = read_language_model_config(path, ["loop.steps=20", "net.layers=2"])
    assert (config.dropout, config.loop.steps, config.net.kind, config.net.layers) == (0.2, 20, "transformer", 2)
    assert config.loop.rate == LanguageModelTraining().loop.rate
    assert read_language_model_config() == LanguageModelTraining()


@pytest.mark.parametrize("setting", ["net.kind=rnn", "dropout=1", "loop.steps=0", "dev_share=0", "order=9", "width=3", "speed"])
def test_what_cannot_be_is_refused(setting):
    with pytest.raises(ConfigError):
        read_language_model_config(None, [setting])


def test_a_resumed_training_may_have_more_steps_alone():
    config = LanguageModelTraining()
    assert config.replace(loop=config.loop.replace(steps=9)).identity() == config.identity()
    assert config.replace(dropout=0.1).identity() != config.identity()
