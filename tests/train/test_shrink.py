"""A smaller voice as a bundle: its config follows its nets, and nothing begins that could not end."""

import shutil

import pytest

pytest.importorskip("torch")

from tests.train.small_voice import make_nets

from tingshuo.errors import OutputError, TrainError
from tingshuo.port.nets import VoiceNets, load_nets
from tingshuo.train.shrink import averaged, check_destination, smaller_config

pytestmark = pytest.mark.train


def test_the_config_is_that_of_the_smaller_nets():
    from tingshuo.models.fastspeech.net import FastSpeech

    config, nets = make_nets()
    narrow = VoiceNets(FastSpeech(nets.acoustic.config.replace(decoder_hidden=40, decoder_layers=1)), nets.vocoder)
    smaller = smaller_config(config, narrow)
    assert smaller.architecture["fastspeech.decoder_hidden"] == 40
    assert smaller.decoder_context_frames < config.decoder_context_frames
    assert smaller.speakers == config.speakers
    tensors = [{name: value.numpy() for name, value in net.state_dict().items()} for net in (narrow.acoustic, narrow.vocoder)]
    assert load_nets(smaller, *tensors).acoustic.config == narrow.acoustic.config


def test_the_average_is_found_by_its_prefix():
    assert averaged({"average.a": 1, "student.a": 2}, "average.") == {"a": 1}
    with pytest.raises(TrainError, match="holds no averaged model"):
        averaged({"student.a": 2}, "average.")


def test_a_destination_that_is_there_or_has_no_room_is_refused(tmp_path, monkeypatch):
    check_destination(tmp_path / "new" / "voice")
    with pytest.raises(OutputError, match="is there already"):
        check_destination(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        check_destination(tmp_path / "file" / "voice")
    full = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(OutputError, match="MB are needed and 1 MB are free"):
        check_destination(tmp_path / "voice")
