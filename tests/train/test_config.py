import json

import pytest

from tingshuo.errors import ConfigError
from tingshuo.train.config import PRESETS, LoopConfig, TrainConfig, check_config, read_config, read_yaml, write_config


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_config(preset):
    assert isinstance(read_config(preset), TrainConfig)


def test_an_unknown_preset_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match="unknown preset 'huge'; accepted: tiny, small, default"):
        read_config("huge")


def test_a_file_wins_over_the_preset_and_a_setting_over_both(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("loop: {steps: 7, rate: 0.5}\n", "utf-8")
    config = read_config("tiny", path, ["loop.rate=1e-4", "features.mel.fmax=8000"])
    assert (config.loop.steps, config.loop.rate, config.features.mel.fmax) == (7, 1e-4, 8000)
    assert config.loop.batch_frames == read_config("tiny").loop.batch_frames


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loop: {stepz: 3}", r"unknown key 'loop.stepz'; accepted in loop: steps, minutes"),
        ("lop: {}", r"unknown key 'lop'; accepted in it: features, align, acoustic, loop, bundle"),
        ("features: {mel: {bands: 3}}", r"unknown key 'features.mel.bands'; accepted in features.mel: sample_rate"),
        ("loop: {steps: many}", r"loop.steps: Expected `int`"),
        ("loop: {steps: 0}", r"loop.steps: Expected `int` >= 1"),
        ("loop: {schedule: linear}", r"loop.schedule: Invalid enum value 'linear'"),
        ("loop: [1", r"line 1: is not YAML"),
        ("just words", r"must hold keys and values"),
    ],
)
def test_a_typo_is_one_line_that_names_the_key_and_what_is_accepted(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        read_config("tiny", path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", ["loop.steps", "=3", "loop.steps=[1"])
def test_a_malformed_setting_is_refused(setting):
    with pytest.raises(ConfigError, match="--set"):
        read_config("tiny", settings=[setting])


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"missing.yaml: cannot be read"):
        read_yaml(tmp_path / "missing.yaml")
    (tmp_path / "gbk.yaml").write_bytes("名: 字".encode("gbk"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_yaml(tmp_path / "gbk.yaml")


def test_what_is_written_is_read_back(tmp_path):
    config = read_config("few_shot", settings=["bundle.consent=我本人的录音"])
    write_config(tmp_path, config)
    assert check_config(read_yaml(tmp_path / "config.yaml"), "config.yaml") == config


def test_only_what_changes_the_training_is_part_of_its_identity():
    one = read_config("tiny").identity()
    assert json.loads(json.dumps(one))
    assert one == read_config("tiny", settings=["loop.steps=99", "loop.threads=2", "bundle.name=x"]).identity()
    assert one != read_config("tiny", settings=["loop.rate=0.5"]).identity()
    assert one != read_config("tiny", settings=["features.mel.fmax=8000"]).identity()


def test_the_rate_rises_and_falls_on_a_cosine():
    loop = LoopConfig(warm_up=10, final_rate=0.1)
    assert loop.rate_factor(4, 0.0) == pytest.approx(0.5)
    assert loop.rate_factor(50, 0.5) == pytest.approx(0.55)
    assert loop.rate_factor(100, 1.0) == pytest.approx(0.1)
    assert LoopConfig(warm_up=0, schedule="constant").rate_factor(0, 0.7) == 1
