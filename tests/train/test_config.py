import hashlib
import json

import pytest

from tingshuo.errors import ConfigError
from tingshuo.train.config import PRESETS, STAGES, TrainConfig, check_config, from_preset, read_config, read_yaml, write_config


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
        ("lop: {}", r"unknown key 'lop'; accepted in it: stages, features, align, acoustic, loop, vocoder, joint"),
        ("features: {mel: {bands: 3}}", r"unknown key 'features.mel.bands'; accepted in features.mel: sample_rate"),
        ("loop: {steps: many}", r"loop.steps: Expected `int`"),
        ("loop: {steps: 0}", r"loop.steps: Expected `int` >= 1"),
        ("loop: {schedule: linear}", r"loop.schedule: Invalid enum value 'linear'"),
        ("vocoder: {familly: vocos}", r"unknown key 'vocoder.familly'; accepted in vocoder: family, size"),
        ("joint: {loop: {stepz: 1}}", r"unknown key 'joint.loop.stepz'; accepted in joint.loop: steps"),
        ("vocoder: {family: wavenet}", r"vocoder.family: Invalid enum value 'wavenet'"),
        ("stages: [vocodr]", r"stages.*: Invalid enum value 'vocodr'"),
        ("stages: []", r"stages: Expected `array` of length >= 1"),
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


CONSENT = "{speaker: anna, given_by: Anna Li, given_on: 2026-05-01, purpose: books, valid_until: unlimited, recording: yes.wav}"


def test_consents_are_read_from_a_file_and_from_a_setting(tmp_path, monkeypatch):
    (tmp_path / "yes.wav").write_bytes(b"I agree")
    path = tmp_path / "mine.yaml"
    path.write_text(f"bundle:\n  cloned: [anna]\n  consents:\n    - {CONSENT}\n", "utf-8")
    config = read_config("few_shot", path)
    [consent] = config.bundle.consents
    assert config.bundle.cloned == ("anna",)
    assert (consent.given_on, consent.valid_until) == ("2026-05-01", "unlimited")
    assert consent.recording_sha256 == hashlib.sha256(b"I agree").hexdigest()
    monkeypatch.chdir(tmp_path)
    assert read_config("few_shot", settings=["bundle.cloned=[anna]", f"bundle.consents=[{CONSENT}]"]).bundle == config.bundle
    write_config(tmp_path, config)
    assert check_config(read_yaml(tmp_path / "config.yaml"), "config.yaml") == config


def test_who_is_cloned_may_be_left_unsaid():
    assert read_config("few_shot").bundle.cloned is None
    assert read_config("few_shot", settings=["bundle.cloned=[]"]).bundle.cloned == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2026-05-01", "2026-02-30"), r"--set bundle.consents=.*: day (is out of range|30 must be in range)"),
        (("2026-05-01", "May"), "bundle.consents.*given_on"),
        (("unlimited", "''"), "bundle.consents.*valid_until"),
        (("speaker: anna, ", ""), "bundle.consents.*missing required field `speaker`"),
        (("purpose", "porpoise"), "bundle.consents.*(porpoise|purpose)"),
        ((", recording: yes.wav", ""), "bundle.consents.*missing required field `recording_sha256`"),
        (("yes.wav", "[yes.wav]"), "bundle.consents.*recording"),
    ],
)
def test_a_wrong_consent_is_one_line(tmp_path, monkeypatch, change, message):
    (tmp_path / "yes.wav").write_bytes(b"I agree")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config("few_shot", settings=[f"bundle.consents=[{CONSENT.replace(*change)}]"])
    assert "\n" not in str(caught.value)


def test_a_file_with_a_day_that_no_calendar_has_is_one_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"bundle: {{consents: [{CONSENT.replace('05-01', '02-30')}]}}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"mine.yaml: has a value that cannot be: day"):
        read_config("few_shot", path)


@pytest.mark.parametrize(
    ("preset", "settings", "copies"),
    [
        ("few_shot", [], True),
        ("few_shot", ["stages=[acoustic, joint]"], True),
        ("few_shot", ["stages=[vocoder]"], False),
        ("few_shot", ["acoustic.learn=[mel]"], False),
        ("default", [], False),
    ],
)
def test_what_learns_little_but_who_speaks_copies_timbres(preset, settings, copies):
    assert read_config(preset, settings=settings).copies_timbres is copies


@pytest.mark.parametrize("stage", STAGES)
def test_only_what_changes_the_training_is_part_of_its_identity(stage):
    one = read_config("tiny").identity(stage)
    assert json.loads(json.dumps(one))
    free = [
        "loop.steps=99",
        "loop.threads=2",
        "vocoder.loop.steps=9",
        "joint.loop.minutes=1",
        "bundle.name=x",
        "bundle.cloned=[]",
        "stages=[acoustic]",
    ]
    assert one == read_config("tiny", settings=free).identity(stage)
    assert one != read_config("tiny", settings=["features.mel.fmax=8000"]).identity(stage)
    assert one != read_config("tiny", settings=["loop.seed=3"]).identity(stage)


@pytest.mark.parametrize(
    ("setting", "concerned"),
    [
        ("loop.rate=0.5", {"acoustic"}),
        ("acoustic.mel_weight=9", {"acoustic"}),
        ("vocoder.family=vocos", {"vocoder", "joint"}),
        ("vocoder.loop.rate=0.5", {"vocoder"}),
        ("joint.loop.rate=0.5", {"joint"}),
        ("joint.blur_weight=5", {"joint"}),
    ],
)
def test_a_setting_concerns_the_stages_that_it_changes(setting, concerned):
    one, other = read_config("tiny"), read_config("tiny", settings=[setting])
    assert {stage for stage in STAGES if one.identity(stage) != other.identity(stage)} == concerned


def test_stages_are_trained_in_their_order_and_share_seed_threads_and_precision():
    config = read_config("tiny", settings=["stages=[joint, acoustic]", "loop.seed=7", "vocoder.loop.steps=3"])
    assert config.stages == ("acoustic", "joint")
    assert (config.loop_of("vocoder").steps, config.loop_of("vocoder").seed) == (3, 7)
    assert config.loop_of("acoustic") == config.loop
    assert config.needs_texts
    assert not read_config("tiny", settings=["stages=[vocoder]"]).needs_texts


def test_a_few_sentences_keep_the_vocoder_of_the_base():
    assert read_config("few_shot").stages == ("acoustic",)
    assert read_config("default").stages == STAGES


def test_a_preset_a_file_and_settings_lie_over_each_other(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("net: {dim: 96}\nloop: {rate: 0.5}\n", "utf-8")
    plain, source = from_preset("hybrid", None, [])
    assert (plain["net"], source) == ({"layers": 4, "dim": 768}, "preset hybrid")
    fields, source = from_preset("hybrid", path, ["loop.rate=0.25"])
    assert (fields["net"], fields["loop"]["rate"], source) == ({"layers": 4, "dim": 96}, 0.25, str(path))
