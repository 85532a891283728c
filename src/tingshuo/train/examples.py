"""Clips whose phones have durations, and batches of them as tensors: what an acoustic model learns from.

B batch, N phones, F frames. Everything is zero beyond a clip's end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tingshuo.audio.band import known_bands
from tingshuo.audio.mel import QUIET
from tingshuo.config import MelConfig
from tingshuo.data.features import FULL_SCALE, Clip, Features, SpeakerPitch
from tingshuo.models.layers.mel import log_mel
from tingshuo.tasks.acoustic import frame_places
from tingshuo.text.symbols import PhoneSequence

F0_LIMIT = 4.0
"""Normalised log-F0 beyond this is an error of the tracker."""
ENERGY_MEAN, ENERGY_STD = 1.0, 2.5
"""Typical natural logarithm of the norm of a frame's mel magnitudes, and its spread; fixed, as cleaning makes levels alike."""


@dataclass(frozen=True, slots=True)
class Example:
    """A clip, its phones, and how many frames each lasts, (N,) int64, summing to the clip's frames."""

    clip: Clip
    phones: PhoneSequence
    durations: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows of a net's tables by name, and by speaker the pitch that F0 is normalised with.

    A style or emotion that is not listed is row 0. ``bands`` are log-mels (bands, F) that are to be learnt above the bandwidth of
    some clips, by their ids; of other clips, nothing is known there.
    """

    speakers: Mapping[str, int]
    styles: Mapping[str, int]
    emotions: Mapping[str, int]
    pitch: Mapping[str, SpeakerPitch]
    bands: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class Batch(NamedTuple):
    """Examples as tensors.

    ``ids`` ``tones`` ``positions`` ``durations`` (B, N) int64, ``valid`` (B, N) float 0 or 1; ``phone`` (B, F) int64 the phone
    of each frame, ``place`` (B, F, 8), ``frames`` (B, F) float 0 or 1; ``speaker`` ``style`` ``emotion`` (B,) int64; ``mel``
    (B, n_mels, F), ``mel_weight`` (B, n_mels) 0 above a recording's bandwidth, where nothing is known; ``f0`` (B, F)
    normalised, 0 where unvoiced; ``unvoiced`` ``energy`` (B, F).
    """

    ids: Tensor
    tones: Tensor
    positions: Tensor
    durations: Tensor
    valid: Tensor
    phone: Tensor
    place: Tensor
    frames: Tensor
    speaker: Tensor
    style: Tensor
    emotion: Tensor
    mel: Tensor
    mel_weight: Tensor
    f0: Tensor
    unvoiced: Tensor
    energy: Tensor


def make_batch(features: Features, examples: Sequence[Example], tables: Tables, device: torch.device) -> Batch:
    """Gather examples into tensors on a device; mels are computed there, from the samples."""
    longest = max(int(example.durations.sum()) for example in examples)
    phones = _padded([e.phones.ids for e in examples]), _padded([e.phones.tones for e in examples])
    positions = _padded([e.phones.positions for e in examples])
    durations = _padded([e.durations for e in examples])
    index = _padded([np.repeat(np.arange(len(e.durations)), e.durations) for e in examples])
    place = np.zeros((len(examples), longest, 8), np.float32)
    f0 = np.zeros((len(examples), longest), np.float32)
    for row, example in enumerate(examples):
        frames = int(example.durations.sum())
        place[row, :frames] = frame_places(example.durations)
        f0[row, :frames] = features.f0_of(example.clip)[:frames]
    valid_frames = np.arange(longest) < durations.sum(1)[:, None]
    normalised, unvoiced = normalise_f0(f0, [tables.pitch[e.clip.speaker] for e in examples])
    mel = _mel(features, examples, longest, device)
    weight = np.stack([bandwidth_weight(features.config.mel, example.clip.bandwidth_hz) for example in examples])
    for row, example in enumerate(examples):
        if (band := tables.bands.get(example.clip.id)) is not None:
            mel[row, -len(band) :, : band.shape[1]] = torch.from_numpy(band)
            weight[row] = 1
    numpy_parts = {
        "ids": phones[0],
        "tones": phones[1],
        "positions": positions,
        "durations": durations,
        "valid": _padded([np.ones(len(e.durations), np.int64) for e in examples]).astype(np.float32),
        "phone": index,
        "place": place,
        "frames": valid_frames.astype(np.float32),
        "speaker": np.array([tables.speakers[e.clip.speaker] for e in examples]),
        "style": np.array([tables.styles.get(e.clip.style, 0) for e in examples]),
        "emotion": np.array([tables.emotions.get(e.clip.emotion, 0) for e in examples]),
        "mel_weight": weight,
        "f0": normalised,
        "unvoiced": unvoiced * valid_frames,
    }
    parts = {name: torch.from_numpy(value).to(device) for name, value in numpy_parts.items()}
    return Batch(**parts, mel=mel, energy=energy_of(mel) * parts["frames"])


def normalise_f0(f0: NDArray[np.float32], pitch: Sequence[SpeakerPitch]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return normalised log-F0, 0 where unvoiced, and 1 where unvoiced, both (B, F); ``f0`` is Hz, ``pitch`` of each row."""
    mean = np.array([one.mean for one in pitch])[:, None]
    std = np.array([one.std for one in pitch])[:, None]
    unvoiced = f0 <= 0
    value = np.where(unvoiced, 0.0, (np.log(np.maximum(f0, 1.0)) - mean) / std)
    return np.clip(value, -F0_LIMIT, F0_LIMIT).astype(np.float32), unvoiced.astype(np.float32)


def energy_of(mel: Tensor) -> Tensor:
    """Return the energy (B, F) of log-mels (B, n_mels, F): the logarithm of a frame's norm, shifted and scaled to about 1."""
    return (0.5 * torch.logsumexp(2 * mel, 1) - ENERGY_MEAN) / ENERGY_STD


def bandwidth_weight(config: MelConfig, bandwidth_hz: float) -> NDArray[np.float32]:
    """Return 1 for mel bands of which a recording tells as a whole, else 0, (n_mels,)."""
    return (np.arange(config.n_mels) < known_bands(config, bandwidth_hz)).astype(np.float32)


def _mel(features: Features, examples: Sequence[Example], longest: int, device: torch.device) -> Tensor:
    """Compute log-mels (B, n_mels, longest), at least `QUIET`; they do not depend on the rest of the batch."""
    config = features.config.mel
    # Silence follows each clip, also the longest.
    samples = np.zeros((len(examples), longest * config.hop_length + config.n_fft), np.int16)
    for row, example in enumerate(examples):
        start, count = example.clip.start_samples, example.clip.n_samples
        samples[row, :count] = features.wav[start : start + count]
    wav = torch.from_numpy(samples).to(device).float() / FULL_SCALE
    return log_mel(wav, config)[:, :, :longest].clamp(min=QUIET)


def _padded(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    out = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
    for row, values in enumerate(rows):
        out[row, : len(values)] = values
    return out
