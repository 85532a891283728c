import pytest

from tingshuo.config import VoiceConfig
from tingshuo.errors import ConfigError

FIELDS = {
    "family": "fastspeech+vocos",
    "mel": {"sample_rate": 22050},
    "phonemes": ["sil", "a"],
    "speakers": [{"name": "one", "gender": "female", "log_f0_mean": 5.3, "log_f0_std": 0.2}],
    "pitch_context_frames": 4,
    "decoder_context_frames": 4,
    "vocoder_context_frames": 4,
    "architecture": {"fastspeech.dim": 2, "vocos.kernels": [[3, 5], [7]]},
}


def test_it_goes_to_json_and_back() -> None:
    config = VoiceConfig.check(FIELDS, "x")
    assert VoiceConfig.check(config.fields(), "x") == config
    assert (config.sample_rate, config.gain, config.emotions, config.steady_noise) == (22050, 1.0, (), False)
    assert config.architecture["vocos.kernels"] == ((3, 5), (7,))


@pytest.mark.parametrize("key", ["mel", "phonemes", "speakers", "pitch_context_frames", "architecture", "family"])
def test_what_the_graphs_are_driven_by_has_to_be_said(key: str) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != key}
    with pytest.raises(ConfigError, match=f"missing required field `{key}`"):
        VoiceConfig.check(fields, "x")


def test_a_speaker_without_f0_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"x: speakers\[0\]: Object missing required field `log_f0_mean`"):
        VoiceConfig.check(FIELDS | {"speakers": [{"name": "one", "gender": "female"}]}, "x")
