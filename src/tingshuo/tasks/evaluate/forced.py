"""What the acoustic model predicts when it is told the timing: mel and F0 frame by frame beside those of the recording.

Speech from text differs from a recording in pace first of all, and what is compared then depends on how one was laid along the
other. Here the lengths of the phones are the recording's own, found by an aligner, so each predicted frame has its true one and
nothing is warped: the figures by which two acoustic models are compared. The mel is predicted with the recording's F0 as well;
F0 and voicing are predicted from the lengths alone. N phones, F frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.align import speaks, speech_frames
from tingshuo.audio.band import known_bands
from tingshuo.audio.mel import QUIET
from tingshuo.audio.metrics import f0_rmse_cents, mcd_db, voicing_error
from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import DataError
from tingshuo.tasks.acoustic import F0_LIMIT, Timbre, frame_places
from tingshuo.tasks.evaluate.compare import Heard
from tingshuo.text.symbols import encode
from tingshuo.types import Word


@dataclass(frozen=True, slots=True)
class Timing:
    """When the phones of a recording are spoken.

    ``words`` are what is said with the pauses that were heard; ``durations`` are frames of each phone of ``encode(words)``, (N,)
    int64, in hops of the voice from the recording's first sample on.
    """

    words: tuple[Word, ...]
    durations: NDArray[np.int64]


Timings = Mapping[str, Timing]
"""By the id of the row."""


@dataclass(frozen=True, slots=True)
class Forced:
    """Predictions with the timing of a recording: ``mel`` (n_mels, F), ``f0`` (F,) Hz, ``log_duration`` (N,) of frames.

    ``durations`` (N,) are those that the recording has, ``spoken`` (N,) tells phones of words from silences.
    """

    mel: NDArray[np.float32]
    f0: NDArray[np.float32]
    log_duration: NDArray[np.float32]
    durations: NDArray[np.int64]
    spoken: NDArray[np.bool_]


def predict(
    graphs: Mapping[str, Session], config: VoiceConfig, timing: Timing, f0: NDArray[np.float32], timbre: Timbre
) -> Forced:
    """Run the acoustic graphs with true durations and F0.

    Parameters
    ----------
    graphs : mapping
        ``encoder``, ``pitch`` and ``decoder``.
    config : VoiceConfig
        The bundle's.
    timing : Timing
        Of the recording.
    f0 : ndarray (F or more,)
        Of the recording, Hz, 0 where unvoiced.
    timbre : Timbre
        Of the recording's own speaker.

    Raises
    ------
    DataError
        The recording has fewer frames than the timing.
    TextError
        A phone that the voice has not.
    """
    phones = encode(timing.words, config.phonemes)
    frames = int(timing.durations.sum())
    if len(timing.durations) != len(phones.ids) or frames > len(f0):
        counts = f"{len(timing.durations)} phones and {frames} frames where there are {len(phones.ids)} and {len(f0)}"
        raise DataError(f"the timing is not of this recording: {counts}; find it again")
    sequence = {"phoneme_ids": phones.ids, "tones": phones.tones, "positions": phones.positions}
    encoded = graphs["encoder"].run({name: ids[None] for name, ids in sequence.items()} | {"style": timbre.style})
    spread = {
        "frames": np.repeat(encoded["hidden"][0], timing.durations, axis=0)[None],
        "place": frame_places(timing.durations)[None],
    }
    pitch = graphs["pitch"].run(spread | {"style": timbre.style})["pitch"][0]
    unvoiced = f0[:frames] <= 0
    normalised = (np.log(np.maximum(f0[:frames], 1.0)) - timbre.f0.log_f0_mean) / timbre.f0.log_f0_std
    inputs = spread | {
        "f0": np.where(unvoiced, 0.0, np.clip(normalised, -F0_LIMIT, F0_LIMIT)).astype(np.float32)[None],
        "unvoiced": unvoiced.astype(np.float32)[None],
        "speaker": timbre.speaker,
    }
    if pitch.shape[1] > 2:
        inputs["energy"] = pitch[None, :, 2]
    hz = np.exp(np.clip(pitch[:, 0], -F0_LIMIT, F0_LIMIT) * timbre.f0.log_f0_std + timbre.f0.log_f0_mean)
    return Forced(
        graphs["decoder"].run(inputs)["mel"][0],
        np.where(pitch[:, 1] > 0, 0.0, hz).astype(np.float32),
        encoded["log_duration"][0],
        timing.durations,
        phones.word_index >= 0,
    )


def compare_forced(recording: Heard, forced: Forced, config: VoiceConfig, bandwidth_hz: float | None = None) -> dict[str, float]:
    """Measure predictions against the recording, frame by frame.

    Parameters
    ----------
    recording : Heard
        Heard with the voice's mel.
    forced : Forced
        From `predict`.
    config : VoiceConfig
        The bundle's.
    bandwidth_hz : float or None
        Up to where the recording has content; None is half the sample rate.

    Returns
    -------
    dict
        ``mel_l1`` (all frames, natural logarithm), ``mcd_db`` (frames of speech), ``f0_rmse_cents``, ``voicing_error_pct`` (from
        the first to the last frame of speech) and ``log_duration_rmse`` (phones of words); NaN where there is nothing to compare.
    """
    frames = forced.mel.shape[1]
    bins = known_bands(config.mel, bandwidth_hz)
    true, predicted = (np.maximum(mel[:bins, :frames], QUIET) for mel in (recording.mel, forced.mel))
    spoken, part = speaks(recording.mel[:, :frames]), speech_frames(recording.mel[:, :frames])
    contours = recording.f0[:frames][part], forced.f0[part]
    error = forced.log_duration - np.log(forced.durations)
    return {
        "mel_l1": float(np.abs(true - predicted).mean()),
        "mcd_db": mcd_db(true[:, spoken], predicted[:, spoken]),
        "f0_rmse_cents": f0_rmse_cents(*contours),
        "voicing_error_pct": 100 * voicing_error(*contours),
        "log_duration_rmse": float(np.sqrt(np.square(error[forced.spoken]).mean())) if forced.spoken.any() else float("nan"),
    }
