"""Settings of a classic recogniser: the preset, a file, single values; and what a resumed training must share."""

import pytest

from tingshuo.errors import ConfigError
from tingshuo.train.hybrid_config import HybridTraining, read_hybrid_config


def test_the_preset_is_the_default_and_values_win(tmp_path):
    assert read_hybrid_config() == HybridTraining()
    assert HybridTraining.check(read_hybrid_config().fields(), "x") == read_hybrid_config()
    file = tmp_path / "own.yaml"
    file.write_text("net: {layers: 2}\nbeam: {scale: 0.5}\n")
    found = read_hybrid_config(file, ["net.layers=3", "realign=false"])
    assert (found.net.layers, found.beam.scale, found.realign) == (3, 0.5, False)


def test_a_resumed_training_may_have_more_steps_and_another_search():
    one = HybridTraining()
    other = one.replace(judged=5, realign=False, beam=one.beam.replace(scale=0.4), loop=one.loop.replace(steps=7))
    assert one.identity() == other.identity()
    assert one.identity() != one.replace(offsets=(0,)).identity()
    assert one.identity() != one.replace(hmm=one.hmm.replace(states=2)).identity()


@pytest.mark.parametrize("setting", ["net.layer=3", "longest_s=0", "offsets=[]", "beam.ends=-1", "mfcc.bands=3"])
def test_what_is_wrong_is_refused(setting):
    with pytest.raises(ConfigError):
        read_hybrid_config(None, [setting])
