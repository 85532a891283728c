import json
from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.piper_files import find_voice, read_settings
from tingshuo.tasks.piper.loop import Scales

SAID = {"audio": {"sample_rate": 22050}, "num_symbols": 256, "phoneme_id_map": {"_": [0], "^": [1], "$": [2], "a": [14]}}


def touch(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_download_is_a_graph_and_its_settings(tmp_path):
    graph, settings = touch(tmp_path / "zh_CN-x-medium.onnx"), touch(tmp_path / "zh_CN-x-medium.onnx.json")
    for given in (tmp_path, graph, settings):
        found = find_voice(given)
        assert (found.weights, found.settings, found.name, found.licence) == (graph, settings, "zh_CN-x-medium", None)


@pytest.mark.parametrize(
    ("card", "licence"), [("* License: CC0", "CC0"), ("## Dataset\n- Licence: see  there \n", "see  there"), ("nothing", None)]
)
def test_the_card_says_the_licence(tmp_path, card, licence):
    touch(tmp_path / "a.onnx"), touch(tmp_path / "a.onnx.json"), touch(tmp_path / "MODEL_CARD", card)
    assert find_voice(tmp_path).licence == licence


def test_of_a_training_the_last_step_of_the_last_version_is_taken(tmp_path):
    folder = tmp_path / "someone"
    settings = touch(folder / "config.json")
    for name in ("version_1/checkpoints/epoch=9-step=900", "version_2/checkpoints/epoch=1-step=90",
                 "version_2/checkpoints/epoch=10-step=100", "version_2/checkpoints/last"):  # fmt: skip
        touch(folder / "lightning_logs" / f"{name}.ckpt")
    found = find_voice(folder)
    assert found.weights == folder / "lightning_logs/version_2/checkpoints/epoch=10-step=100.ckpt"
    assert (found.settings, found.name) == (settings, "someone")


def test_settings_of_a_checkpoint_may_be_those_of_its_export(tmp_path):
    weights, settings = touch(tmp_path / "logs/epoch=1-step=2.ckpt"), touch(tmp_path / "v.onnx.json")
    found = find_voice(weights)
    assert (found.settings, found.name) == (settings, "v")


def test_what_is_missing_is_said(tmp_path):
    cases = {
        "is not there; give the .onnx or .ckpt": tmp_path / "no",
        "holds no .onnx and no .ckpt": touch(tmp_path / "empty/x.txt").parent,
        "its settings a.onnx.json are missing, without which nobody knows its phonemes": touch(tmp_path / "one/a.onnx"),
        "its settings config.json are missing": touch(tmp_path / "deep/1/2/3/4/5/6/epoch=1-step=1.ckpt"),
        "are only the settings of that voice": touch(tmp_path / "alone/b.onnx.json"),
        "is no voice of Piper; give its .onnx": touch(tmp_path / "x.pth"),
        r"holds 2 voices \(a.onnx, b.onnx\); give the path of one": touch(
            touch(tmp_path / "two/a.onnx").with_name("b.onnx")
        ).parent,
    }
    for message, path in cases.items():
        with pytest.raises(PortError, match=message):
            find_voice(path)


def test_settings_are_read_and_their_gaps_filled(tmp_path):
    read = read_settings(touch(tmp_path / "a.json", json.dumps(SAID)))
    assert (read.sample_rate, read.quality, read.scales, read.speakers, read.language) == (22050, "", Scales(), ("0",), "")
    assert (read.inventory.kind, read.inventory.ids["a"]) == ("espeak", (14,))
    more = SAID | {
        "phoneme_type": "PhonemeType.PINYIN", "num_speakers": 3, "speaker_id_map": {"anna": 0, "bo": 2},
        "espeak": {"voice": "cmn"},
        "inference": {"noise_scale": 0.3, "length_scale": 1.5, "noise_w": 0.1}, "language": {"code": "zh_CN"},
    }  # fmt: skip
    read = read_settings(touch(tmp_path / "a.json", json.dumps(more)))
    assert (read.speakers, read.scales, read.language) == (("anna", "1", "bo"), Scales(0.3, 1.5, 0.1), "zh_CN")
    assert (read.inventory.kind, read.inventory.espeak_voice) == ("pinyin", "cmn")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "is no settings file of a Piper voice"),
        (json.dumps({"audio": {"sample_rate": 1}}), "is no settings file of a Piper voice: KeyError 'phoneme_id_map'"),
        (json.dumps(SAID | {"phoneme_type": "openjtalk"}), "its phonemes are of the kind 'openjtalk', which is not supported"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    with pytest.raises(PortError, match=message):
        read_settings(touch(tmp_path / "a.json", text))
