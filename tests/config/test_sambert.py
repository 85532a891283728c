from typing import Any

import pytest

from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.errors import ConfigError

FIELDS: dict[str, Any] = {
    "family": "sambert+kan_hifigan",
    "speakers": [{"name": "F7", "gender": "unspecified"}],
    "styles": [{"name": "natural", "description": ""}],
    "frames": {"sample_rate": 16000, "hop_length": 200},
    "sizes": {
        "mels": 80, "text_dim": 32, "frames_per_step": 3, "duration_lstm": 128, "decoder_layers": 12, "decoder_dim": 128,
        "postnet_lstm": 128, "postnet_context_frames": [148, 12],
    },
    "has_mask": True,
    "reads_bytes": False,
    "vocoder_context_frames": [9, 3],
    "architecture": {"sambert.mels": 80},
}  # fmt: skip


def test_it_goes_to_json_and_back() -> None:
    config = SambertBundleConfig.check(FIELDS, "x")
    assert SambertBundleConfig.check(config.fields(), "x") == config
    assert (config.sample_rate, config.sizes.postnet_context_frames, config.harmonics) == (16000, (148, 12), 0)
    assert (config.f0_scale_hz, config.f0_offset_hz) == (1.0, 0.0)
    assert not config.prompted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": FIELDS["sizes"] | {"heads": 8}}, "x: sizes: Object contains unknown field `heads`"),
        ({"vocoder_context_frames": 9}, r"x: vocoder_context_frames: "),
        ({"colour": 1}, "x: the whole file: Object contains unknown field `colour`"),
        ({"frames": {"sample_rate": 16000}}, "x: frames: Object missing required field `hop_length`"),
    ],
)
def test_what_does_not_belong_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SambertBundleConfig.check(FIELDS | change, "x")
