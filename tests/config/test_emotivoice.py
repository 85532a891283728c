from typing import Any

import pytest

from tingshuo.config.emotivoice import EmotiVoiceBundleConfig
from tingshuo.errors import ConfigError

FIELDS: dict[str, Any] = {
    "family": "emotivoice+hifigan",
    "speakers": [{"name": "8051", "gender": "unspecified"}],
    "styles": [{"name": "natural", "description": ""}],
    "frames": {"sample_rate": 16000, "hop_length": 256},
    "tokens": ["_", "<sos/eos>", "a1"],
    "prompts": ["普通", "开心"],
    "pieces": {"vocabulary": ["[UNK]"], "lower": True, "strip_accents": None, "chinese": True, "longest": 512},
    "vocoder_context_frames": 13,
    "architecture": {"emotivoice.dim": 384},
}


def test_it_goes_to_json_and_back() -> None:
    config = EmotiVoiceBundleConfig.check(FIELDS, "x")
    assert EmotiVoiceBundleConfig.check(config.fields(), "x") == config
    assert (config.sample_rate, config.tokens[2], config.pieces.longest) == (16000, "a1", 512)


def test_any_words_are_an_emotion() -> None:
    config = EmotiVoiceBundleConfig.check(FIELDS, "x")
    assert config.prompted
    config.check_emotion("又累又困")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pieces": FIELDS["pieces"] | {"strip_accents": "no"}}, r"x: pieces\.strip_accents: "),
        ({"reads_bytes": True}, "x: the whole file: Object contains unknown field `reads_bytes`"),
    ],
)
def test_what_does_not_belong_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EmotiVoiceBundleConfig.check(FIELDS | change, "x")
