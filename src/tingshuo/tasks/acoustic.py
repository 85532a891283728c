"""One sentence through the acoustic graphs: phones to durations, then F0 and mel on demand, from left to right.

F0 and mel of a stretch of frames are computed from that stretch plus the graphs' context on either side. So they equal those
of the whole sentence at once, and the first chunk of audio costs no more than itself. Frames are ``hop_length`` samples
apart; F frames, N phones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mel import band_edges
from tingshuo.config import MelConfig, SpeakerConfig, VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.prosody import Controls, controls
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.symbols import PhoneSequence, encode
from tingshuo.types import SpeechRequest, Word

Floats = NDArray[np.float32]

LEAD_S, TAIL_S = 0.05, 0.12
"""Silence that the acoustic model itself renders before and after a sentence, so that releases and breaths end naturally."""
LONGEST_PHONE_S = 0.6
"""At speed 1; the model's exponential may run away on input unlike its training data."""
F0_LIMIT = 3.8
"""Normalised log-F0 beyond this is unlike anything in training (clipped at 4 there)."""
TILT_PIVOT_HZ, TILT_LOW_HZ, TILT_HIGH_HZ = 1000.0, 150.0, 8000.0


@dataclass(frozen=True, slots=True)
class Timbre:
    """Whose voice (``speaker`` (1, D), ``f0``) with whose rhythm and melody (``style`` (1, D), ``tempo``).

    ``emotions`` are those that were learnt: name to what it adds to the style at strength 1, (1, D).
    """

    speaker: Floats
    style: Floats
    f0: SpeakerConfig
    tempo: float
    emotions: Mapping[str, Floats] = field(default_factory=dict)

    def felt(self, request: SpeechRequest) -> tuple["Timbre", SpeechRequest]:
        """Return the timbre in a request's emotion, and the request without it, where that emotion was learnt; else both as is.

        An emotion that was learnt is not made by rule as well; one that was not is left to `tingshuo.tasks.prosody`.
        """
        learnt = self.emotions.get(request.emotion)
        if learnt is None:
            return self, request
        style = self.style + np.float32(request.strength) * learnt
        return replace(self, style=style), replace(request, emotion="neutral")


class SentenceAcoustics:
    """F0 and mel of one sentence, computed as far as they are asked for.

    Parameters
    ----------
    graphs : Mapping[str, Session]
        ``encoder``, ``pitch`` and ``decoder``.
    config : VoiceConfig
        The bundle's.
    words : sequence of Word
        At least one with syllables.
    timbre : Timbre
        Speaker and style.
    request : SpeechRequest
        Emotion, speed, pitch, volume.
    stopwatch : Stopwatch
        Times what is computed later, on demand.
    """

    def __init__(
        self,
        graphs: Mapping[str, Session],
        config: VoiceConfig,
        words: Sequence[Word],
        timbre: Timbre,
        request: SpeechRequest,
        stopwatch: Stopwatch,
    ) -> None:
        timbre, request = timbre.felt(request)
        self._graphs, self._config, self._timbre, self._stopwatch = graphs, config, timbre, stopwatch
        self._frame_s = config.mel.hop_length / config.mel.sample_rate
        self.phones: PhoneSequence = encode(words, config.phonemes)
        per_word = controls(words, request)
        self.tail_s = 0.0
        """Seconds of silence that the text asks for after the sentence, beyond the rendered tail."""
        encoded = graphs["encoder"].run(
            {
                "phoneme_ids": self.phones.ids[None],
                "tones": self.phones.tones[None],
                "positions": self.phones.positions[None],
                "style": timbre.style,
            }
        )
        self.seconds = self._spoken_seconds(per_word, encoded["log_duration"][0])
        """Of each phone, before rounding, (N,) float64; 0 for silence."""
        self.durations = self._durations(words, per_word)
        """Frames of each phone, (N,) int64."""
        self.frames = int(self.durations.sum())
        self._hidden = np.repeat(encoded["hidden"][0], self.durations, axis=0)
        self._place = frame_places(self.durations)
        owner = np.repeat(_governing_word(self.phones.word_index), self.durations)
        self._pitch_shift, self._pitch_range = self._pitch_controls(per_word, owner)
        self._tilt = None if not per_word.tilt_db_per_octave.any() else per_word.tilt_db_per_octave[owner].astype(np.float32)
        self.gain_db = per_word.volume_db[owner]
        """Level of each frame, dB, (F,) float64."""
        self._normalised_f0 = np.empty(0, np.float32)
        self._unvoiced = np.empty(0, np.float32)
        self._energy: Floats | None = None
        self._mel = np.empty((config.mel.n_mels, 0), np.float32)

    def _spoken_seconds(self, per_word: Controls, log_duration: Floats) -> NDArray[np.float64]:
        """Seconds of each phone: the model's, over the rate; 0 for silence."""
        index = self.phones.word_index
        spoken = index >= 0
        own = np.minimum(np.exp(log_duration.astype(np.float64)) * self._frame_s, LONGEST_PHONE_S) / self._timbre.tempo
        return np.where(spoken, own / per_word.rate[np.where(spoken, index, 0)], 0.0)

    def _durations(self, words: Sequence[Word], per_word: Controls) -> NDArray[np.int64]:
        """Frames of each phone, with pauses as the text asks."""
        index, seconds = self.phones.word_index, self.seconds.copy()
        spoken = index >= 0
        before = _governing_word(index)[~spoken]
        seconds[~spoken] = self.phones.pause_ms[~spoken] / 1000 * pause_factors(words, per_word)[before]
        self.tail_s = max(0.0, float(seconds[-1]) - TAIL_S)
        seconds[0], seconds[-1] = LEAD_S, TAIL_S
        # Rounding the ends instead of each length keeps the tempo exact over a sentence.
        ends = np.round(np.cumsum(seconds) / self._frame_s).astype(np.int64)
        return np.maximum(np.diff(ends, prepend=0), 1)

    def _pitch_controls(self, per_word: Controls, owner: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Shift and factor of each frame's normalised log-F0, each (F,)."""
        from_middle_s = (np.arange(self.frames) - self.frames / 2) * self._frame_s
        trend = np.clip(per_word.slope_semitones_per_s[owner] * from_middle_s, -2.0, 2.0)
        semitones = per_word.pitch_semitones[owner] + trend
        shift = semitones * (np.log(2) / 12) / self._timbre.f0.log_f0_std
        return shift.astype(np.float32), per_word.range[owner].astype(np.float32)

    def f0_hz(self, start: int, stop: int) -> Floats:
        """F0 of frames ``start`` to ``stop``, Hz, 0 where unvoiced, (stop - start,)."""
        with self._stopwatch("acoustic_ms"):
            self._extend_pitch(stop)
        f0 = np.exp(self._normalised_f0[start:stop] * self._timbre.f0.log_f0_std + self._timbre.f0.log_f0_mean)
        return np.asarray(f0 * (1 - self._unvoiced[start:stop]), np.float32)

    def mel(self, start: int, stop: int) -> Floats:
        """Log-mel of frames ``start`` to ``stop``, (n_mels, stop - start)."""
        with self._stopwatch("acoustic_ms"):
            self._extend_mel(stop)
        return self._mel[:, start:stop]

    def _window(self, start: int, stop: int, context: int) -> tuple[slice, slice]:
        """Frames to compute for an exact ``start`` to ``stop``, and where those lie in the result."""
        low, high = max(0, start - context), min(self.frames, stop + context)
        return slice(low, high), slice(start - low, stop - low)

    def _extend_pitch(self, stop: int) -> None:
        start = len(self._normalised_f0)
        if stop <= start:
            return
        window, inner = self._window(start, stop, self._config.pitch_context_frames)
        pitch = self._graphs["pitch"].run(
            {
                "frames": self._hidden[None, window],
                "place": self._place[None, window],
                "style": self._timbre.style,
            }
        )["pitch"][0, inner]
        f0 = pitch[:, 0] * self._pitch_range[start:stop] + self._pitch_shift[start:stop]
        self._normalised_f0 = np.concatenate([self._normalised_f0, np.clip(f0, -F0_LIMIT, F0_LIMIT)])
        self._unvoiced = np.concatenate([self._unvoiced, (pitch[:, 1] > 0).astype(np.float32)])
        if pitch.shape[1] > 2:
            self._energy = pitch[:, 2] if self._energy is None else np.concatenate([self._energy, pitch[:, 2]])

    def _extend_mel(self, stop: int) -> None:
        start = self._mel.shape[1]
        if stop <= start:
            return
        window, inner = self._window(start, stop, self._config.decoder_context_frames)
        self._extend_pitch(window.stop)
        inputs = {
            "frames": self._hidden[None, window],
            "place": self._place[None, window],
            "f0": self._normalised_f0[None, window],
            "unvoiced": self._unvoiced[None, window],
            "speaker": self._timbre.speaker,
        }
        if self._energy is not None:
            inputs["energy"] = self._energy[None, window]
        mel = self._graphs["decoder"].run(inputs)["mel"][0][:, inner]
        if self._tilt is not None:
            mel = mel + tilt_shape(self._config.mel)[:, None] * self._tilt[None, start:stop]
        self._mel = np.concatenate([self._mel, mel], axis=1)


def pause_factors(words: Sequence[Word], per_word: Controls) -> NDArray[np.float64]:
    """What the pause after each word is multiplied by, (W,): tempo and emotion, but 1 for a break asked for in markup.

    A break from markup is a pause word without text.
    """
    factors = per_word.pause / per_word.rate
    owner = 0
    for w, word in enumerate(words):
        if word.syllables:
            owner = w
        elif not word.text:
            factors[owner] = 1.0
    return factors


def frame_places(durations: NDArray[np.int64]) -> Floats:
    """Where each frame lies in its phone, (F, 8): the features that the nets were trained with.

    Fraction from the left and right, sine and cosine of it, log frames since the start and until the end, log length, 1.
    """
    ends = np.cumsum(durations)
    length = np.repeat(durations, durations).astype(np.float32)
    since = (np.arange(int(ends[-1])) - np.repeat(ends - durations, durations)).astype(np.float32)
    fraction = (since + 0.5) / length
    columns = (
        fraction,
        1 - fraction,
        np.sin(np.pi * fraction),
        np.cos(np.pi * fraction),
        np.log1p(since) / 3,
        np.log1p(length - 1 - since) / 3,
        np.log(length) / 3,
        np.ones_like(fraction),
    )
    return np.stack(columns, axis=1).astype(np.float32)


@lru_cache(maxsize=8)
def tilt_shape(mel: MelConfig) -> Floats:
    """Log-magnitude per mel bin (n_mels,) of a tilt of 1 dB per octave around 1 kHz, flat below 150 Hz and above 8 kHz."""
    centres_hz = band_edges(mel)[1:-1]
    octaves = np.log2(np.clip(centres_hz, TILT_LOW_HZ, TILT_HIGH_HZ) / TILT_PIVOT_HZ)
    return np.asarray(octaves * np.log(10) / 20, np.float32)


def _governing_word(word_index: NDArray[np.int64]) -> NDArray[np.int64]:
    """The word that governs each phone: its own, for silence the one before (the first, at the start)."""
    before = np.maximum.accumulate(word_index)
    return np.where(before < 0, 0, before)
