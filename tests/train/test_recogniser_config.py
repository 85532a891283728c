"""Settings of a recogniser: a preset, a file, single values; and what a resumed training must share."""

import pytest

pytest.importorskip("torch")

from tingshuo.errors import ConfigError
from tingshuo.train.recogniser_config import PRESETS, RecogniserTraining, read_recogniser_config

pytestmark = pytest.mark.train


def test_the_first_preset_is_the_default():
    assert read_recogniser_config() == read_recogniser_config("listener") == RecogniserTraining()


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_written_into_a_run_is_read_again(preset):
    config = read_recogniser_config(preset)
    assert RecogniserTraining.check(config.fields(), "x") == config


def test_values_win_over_a_file_and_a_file_over_the_preset(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("net: {layers: 4}\nlanguage: {weight: 0.7}\n")
    found = read_recogniser_config("digits", file, ["net.layers=3", "shares={'audio-cmn': 0.5}"])
    assert (found.net.layers, found.language.weight, found.shares) == (3, 0.7, {"audio-cmn": 0.5})
    assert found.language.closed


def test_a_resumed_training_may_have_more_steps_and_another_language():
    one = RecogniserTraining()
    assert one.identity() == one.replace(judged=5, loop=one.loop.replace(steps=7)).identity()
    assert one.identity() == one.replace(language=one.language.replace(order=2)).identity()
    assert one.identity() != one.replace(dropout=0.2).identity()


@pytest.mark.parametrize("setting", ["net.layer=3", "longest_s=0", "chunks=[0, 5]", "net.subsampling=5", "units=words"])
def test_what_is_wrong_is_refused(setting):
    with pytest.raises(ConfigError):
        read_recogniser_config("listener", None, [setting])


def test_a_preset_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="unknown preset 'huge'; accepted: listener, digits"):
        read_recogniser_config("huge")
