"""Strict configuration: what a voice was trained with, read from JSON; an unknown key is an error."""

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tingshuo.errors import ConfigError


class StrictModel(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSON file.

        Raises
        ------
        ConfigError
            The file cannot be read, is not JSON, or has an unknown key or a wrong value.
        """
        try:
            return cls.model_validate(json.loads(path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as JSON: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole file"
            raise ConfigError(f"{path}: {where}: {first['msg']}") from error


class MelConfig(StrictModel):
    """How a log-mel spectrogram is computed: magnitude STFT, triangular mel filters, natural log."""

    sample_rate: int = 24000
    n_fft: int = 1024
    """Samples of a frame's FFT."""
    hop_length: int = 256
    """Samples between frames."""
    win_length: int = 1024
    """Samples of the periodic Hann window."""
    n_mels: int = 100
    fmin: float = 0.0
    """Hz."""
    fmax: float = 12000.0
    """Hz."""
    floor: float = 1e-7
    """Smallest magnitude before the logarithm."""


class SpeakerConfig(StrictModel):
    """A timbre that may be offered."""

    name: str
    gender: str
    log_f0_mean: float
    """Mean of the natural logarithm of F0 in Hz over voiced frames."""
    log_f0_std: float
    """Standard deviation of the same; the model's F0 is normalised by both."""


class StyleConfig(StrictModel):
    """Whose rhythm and melody: a row of the style table."""

    name: str
    description: str
    tempo: float = 1.0
    """Speed at which this style sounds natural; the request's speed multiplies it."""


class VoiceConfig(StrictModel):
    """config.json of a text-to-speech bundle."""

    family: str
    mel: MelConfig
    phonemes: tuple[str, ...]
    """Order = rows of the phoneme table."""
    speakers: tuple[SpeakerConfig, ...]
    """Order = rows of the speaker table; the first is the default."""
    styles: tuple[StyleConfig, ...]
    """Order = rows of the style table; the first is the default."""
    gain: float = 1.0
    """Fixed linear gain of the vocoder's output, never per utterance."""
    pitch_context_frames: int
    """Frames of context either side that the pitch graph needs for an exact frame."""
    decoder_context_frames: int
    vocoder_context_frames: int
    architecture: dict[str, int]
    """Sizes from which `tingshuo.models` rebuilds the nets."""
