"""How far a synthesis is from a recording of the same words.

Copy-synthesis runs in step with its recording and is compared frame by frame. Speech from text has a pace of its own: dynamic
time warping (`tingshuo.audio.align`) lays it along the recording, so spectra and pitch are compared sound by sound, and time
apart from them. Distances of spectra count frames in which the recording speaks, and the band that the recording has; F frames.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.align import Path, align_speech, speaks, speech_frames, warp
from tingshuo.audio.band import known_bands, known_hz
from tingshuo.audio.f0 import track_f0
from tingshuo.audio.mel import mel_filterbank
from tingshuo.audio.metrics import f0_rmse_cents, mcd_db, spectra_distance_db, voicing_error
from tingshuo.audio.stft import stft
from tingshuo.config import MelConfig
from tingshuo.types import TimedCharacter, TimedSentence, TimedWord, Wav


@dataclass(frozen=True, slots=True)
class Heard:
    """What is measured of a signal: ``magnitudes`` (F, n_fft // 2 + 1), ``mel`` (n_mels, F) natural log, ``f0`` (F,) Hz."""

    magnitudes: NDArray[np.float32]
    mel: NDArray[np.float32]
    f0: NDArray[np.float32]


def hear(wav: Wav, config: MelConfig) -> Heard:
    """Measure a signal (T,) at the rate of ``config``."""
    magnitudes = np.abs(stft(wav, config.n_fft, config.hop_length, config.win_length))
    mel = np.log(np.maximum(mel_filterbank(config) @ magnitudes.T, np.float32(config.floor)))
    return Heard(magnitudes, mel, track_f0(wav, config.sample_rate, config.hop_length))


def compare_in_step(recording: Heard, copy: Heard, config: MelConfig, bandwidth_hz: float | None = None) -> dict[str, float]:
    """Measure a copy that has the timing of its recording.

    Parameters
    ----------
    recording, copy : Heard
        Frames beyond the shorter one do not count.
    config : MelConfig
        That both were heard with.
    bandwidth_hz : float or None
        Up to where the recording has content; None is half the sample rate.

    Returns
    -------
    dict
        ``mcd_db``, ``lsd_db``, ``f0_rmse_cents`` and ``voicing_error_pct``; NaN where there is nothing to compare.
    """
    frames = np.arange(min(len(recording.f0), len(copy.f0)))
    part = speech_frames(recording.mel[:, : len(frames)])
    return _distances(recording, copy, Path(frames[part], frames[part]), config, bandwidth_hz)


def compare_along(
    recording: Heard, speech: Heard, config: MelConfig, bandwidth_hz: float | None = None
) -> tuple[dict[str, float], Path]:
    """Measure speech of the same words at another pace.

    Parameters
    ----------
    recording, speech, config, bandwidth_hz
        As for `compare_in_step`; levels are made equal first.

    Returns
    -------
    tuple
        The measures of `compare_in_step`, ``melody_rmse_cents``, ``duration_error_pct`` and ``tempo_ratio``; and the path.
    """
    bins = known_bands(config, bandwidth_hz)
    path = align_speech(recording.mel[:bins], speech.mel[:bins])
    measures = _distances(recording, _at_level_of(recording, speech, path), path, config, bandwidth_hz)
    measures["melody_rmse_cents"] = f0_rmse_cents(recording.f0[path.first], speech.f0[path.second], centered=True)
    ratio = float(path.second[-1] - path.second[0] + 1) / float(path.first[-1] - path.first[0] + 1)
    return measures | {"duration_error_pct": 100 * abs(ratio - 1), "tempo_ratio": ratio}, path


def place_in_recording(sentences: tuple[TimedSentence, ...], path: Path, frame_s: float) -> tuple[TimedSentence, ...]:
    """Move the times of words from a synthesis to the recording that it was aligned with.

    Parameters
    ----------
    sentences : tuple of TimedSentence
        Of the synthesis.
    path : Path
        From `compare_along`.
    frame_s : float
        Seconds of a frame.
    """

    def moved(time_s: float) -> float:
        return float(warp(np.array([time_s / frame_s]), path)[0]) * frame_s

    def character(c: TimedCharacter) -> TimedCharacter:
        return replace(c, start_s=moved(c.start_s), end_s=moved(c.end_s))

    def word(w: TimedWord) -> TimedWord:
        return replace(w, start_s=moved(w.start_s), end_s=moved(w.end_s), characters=tuple(map(character, w.characters)))

    return tuple(replace(s, start_s=moved(s.start_s), end_s=moved(s.end_s), words=tuple(map(word, s.words))) for s in sentences)


def syllable_error_ms(speech: tuple[TimedSentence, ...], recording: tuple[TimedSentence, ...]) -> float:
    """Return the mean absolute difference of syllable lengths, the synthesis brought to the tempo of the recording.

    Parameters
    ----------
    speech, recording : tuple of TimedSentence
        The same characters; the second from `place_in_recording`.
    """
    lengths = [
        np.array([c.end_s - c.start_s for sentence in sentences for word in sentence.words for c in word.characters])
        for sentences in (speech, recording)
    ]
    ours = lengths[0] * lengths[1].sum() / lengths[0].sum()
    return float(np.abs(ours - lengths[1]).mean() * 1000)


def _distances(recording: Heard, other: Heard, path: Path, config: MelConfig, bandwidth_hz: float | None) -> dict[str, float]:
    bins = known_bands(config, bandwidth_hz)
    lines = round(known_hz(bandwidth_hz, config.sample_rate) / config.sample_rate * config.n_fft) + 1
    spoken = speaks(recording.mel)[path.first]
    first, second = path.first[spoken], path.second[spoken]
    return {
        "mcd_db": mcd_db(recording.mel[:bins, first], other.mel[:bins, second]),
        "lsd_db": spectra_distance_db(recording.magnitudes[first, :lines], other.magnitudes[second, :lines]),
        "f0_rmse_cents": f0_rmse_cents(recording.f0[path.first], other.f0[path.second]),
        "voicing_error_pct": 100 * voicing_error(recording.f0[path.first], other.f0[path.second]),
    }


def _at_level_of(recording: Heard, speech: Heard, path: Path) -> Heard:
    """The same with the power of the recording over the frames that are compared: a voice's fixed level is no fault."""
    power = [float(np.square(h.magnitudes[part]).sum()) for h, part in ((recording, path.first), (speech, path.second))]
    gain = np.float32(np.sqrt(power[0] / max(power[1], 1e-20)))
    return Heard(speech.magnitudes * gain, speech.mel + np.log(gain), speech.f0)
