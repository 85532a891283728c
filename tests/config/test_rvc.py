"""The config of an RVC voice says what it listens to."""

import json

import pytest

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.families import config_of, read_config
from tingshuo.config.rvc import ContentConfig, RvcBundleConfig
from tingshuo.errors import ConfigError

CONFIG = RvcBundleConfig(
    family="rvc",
    speakers=(PersonConfig("someone", "unspecified"),),
    frames=FrameConfig(40000, 400),
    content=ContentConfig(encoder="contentvec", layer=12, projected=False, dim=768),
    pitched=True,
    latent=192,
    flow_context_frames=24,
    decoder_context_frames=9,
    architecture={"rvc.sample_rate": 40000},
)


def test_it_is_the_config_of_its_family(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG.fields()), "utf-8")
    assert read_config(path, "rvc") == CONFIG
    assert config_of("rvc") is RvcBundleConfig


def test_what_is_always_so_need_not_be_said():
    assert (CONFIG.sample_rate, CONFIG.indexed, CONFIG.content.sample_rate, CONFIG.content.vectors_per_s) == (40000, 0, 16000, 50)
    assert not CONFIG.prompted


def test_an_unknown_key_is_refused():
    with pytest.raises(ConfigError, match="unknown field `pitch`"):
        RvcBundleConfig.check(CONFIG.fields() | {"pitch": True}, "config.json")
