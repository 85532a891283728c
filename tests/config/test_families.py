import json
from pathlib import Path

import pytest

from tingshuo.config import VoiceConfig
from tingshuo.config.families import CONFIGS, config_of, read_config
from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.errors import ConfigError

VOCODER = {"family": "vocoder+hifigan", "mel": {"sample_rate": 16000}, "vocoder_context_frames": 3, "architecture": {"x": 1}}


def test_what_comes_after_a_plus_does_not_decide() -> None:
    assert config_of("fastspeech") is config_of("fastspeech+vocos") is VoiceConfig
    assert config_of("sambert+kan_hifigan") is SambertBundleConfig


def test_every_family_has_one_record_under_its_own_name() -> None:
    assert {"emotivoice", "fastspeech", "sambert", "vocoder"} <= CONFIGS.keys()
    assert all(name == kind.FAMILY for name, kind in CONFIGS.items())  # type: ignore[attr-defined]


@pytest.mark.parametrize("family", ["tacotron", "", "+vocos", "FastSpeech"])
def test_a_family_that_is_not_known_is_refused_with_those_that_are(family: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(
        ConfigError, match=r"config\.json: the family '.*' is not known; known: .*conformer, .*fastspeech"
    ) as caught:
        read_config(tmp_path / "config.json", family)
    assert repr(family) in str(caught.value)


def test_a_config_is_read_as_that_of_its_family(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(VOCODER))
    read = read_config(path, "vocoder+hifigan")
    assert isinstance(read, VocoderBundleConfig)
    assert read.sample_rate == 16000
    with pytest.raises(ConfigError, match=r"config\.json: "):
        read_config(path, "sambert")
