"""Strict configuration: what a voice was trained with, read from JSON; an unknown key is an error."""

import json
import re
from pathlib import Path
from typing import Any, Self

import msgspec

from tingshuo.errors import ConfigError

_PLACE = re.compile(r"(.*) - at (?:`(?:key|value)` in )?`\$\.?(.*)`", re.DOTALL)
"""How msgspec ends a message: where in the document, ``$`` being its root."""


class StrictModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen record that refuses unknown keys and wrong types when it is made from a document.

    msgspec rather than pydantic: it is read at every start of the command, and building these records takes a millisecond
    instead of a fifth of a second.
    """

    @classmethod
    def check(cls, fields: object, source: str) -> Self:
        """Make a record from what a JSON or YAML document holds; ``source`` names the document in messages.

        Raises
        ------
        ConfigError
            A key is missing or unknown, or a value is wrong; the message is ``source: where: what``.
        """
        try:
            return msgspec.convert(fields, cls)
        except msgspec.ValidationError as error:
            found = _PLACE.fullmatch(str(error))
            what, where = found.groups() if found else (str(error), "")
            raise ConfigError(f"{source}: {where or 'the whole file'}: {what}") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSON file.

        Raises
        ------
        ConfigError
            The file cannot be read, is not JSON, or has an unknown key or a wrong value.
        """
        try:
            fields = json.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as JSON: {error}") from error
        return cls.check(fields, str(path))

    def fields(self) -> dict[str, Any]:
        """Return what `check` reads: plain dicts, lists, strings and numbers."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values; they are not checked."""
        return msgspec.structs.replace(self, **changes)


class MelConfig(StrictModel, frozen=True):
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


Size = int | tuple[int | tuple[int, ...], ...]
"""A size of a net: a number, or one per layer, or several per layer."""


class SpeakerConfig(StrictModel, frozen=True):
    """A timbre that may be offered."""

    name: str
    gender: str
    log_f0_mean: float
    """Mean of the natural logarithm of F0 in Hz over voiced frames."""
    log_f0_std: float
    """Standard deviation of the same; the model's F0 is normalised by both."""


class StyleConfig(StrictModel, frozen=True):
    """Whose rhythm and melody: a row of the style table."""

    name: str
    description: str
    tempo: float = 1.0
    """Speed at which this style sounds natural; the request's speed multiplies it."""


class VoiceConfig(StrictModel, frozen=True, kw_only=True):
    """config.json of a text-to-speech bundle."""

    family: str
    mel: MelConfig
    phonemes: tuple[str, ...]
    """Order = rows of the phoneme table."""
    speakers: tuple[SpeakerConfig, ...]
    """Order = rows of the speaker table; the first is the default."""
    styles: tuple[StyleConfig, ...]
    """Order = rows of the style table; the first is the default."""
    emotions: tuple[str, ...] = ()
    """Emotions that were learnt: order = rows of the emotion table, each what it adds to a style when it is not neutral. An
    emotion without a row is made by rule."""
    gain: float = 1.0
    """Fixed linear gain of the vocoder's output, never per utterance."""
    pitch_context_frames: int
    """Frames of context either side that the pitch graph needs for an exact frame."""
    decoder_context_frames: int
    vocoder_context_frames: int
    steady_noise: bool = False
    """Whether the noise of a vocoder with a source does not flicker, see `tingshuo.audio.noise`."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the nets."""
