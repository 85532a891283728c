"""A voice that Tingshuo trained speaks: `tasks.acoustic` -> F0, mel -> `tasks.vocoder` -> samples."""

from collections.abc import Iterator, Mapping

import numpy as np

from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.acoustic import SentenceAcoustics, Timbre
from tingshuo.tasks.performance import Tensors, row_of
from tingshuo.tasks.prosody import EFFECTS
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.timing import time_sentence
from tingshuo.tasks.vocoder import chunk_borders, shared_noise, vocode
from tingshuo.text.symbols import has_english
from tingshuo.types import Sentence, SpeechRequest, Wav

TABLES = "weights/acoustic.safetensors"
STYLE_TABLE, SPEAKER_TABLE, EMOTION_TABLE = "style.weight", "speaker.weight", "emotion.weight"


class FastSpeech:
    """The nets of a voice, driven; see `tingshuo.tasks.performance.Model`."""

    def __init__(self, name: str, settings: VoiceConfig, graphs: Mapping[str, Session], tensors: Tensors) -> None:
        self.name, self.settings, self.graphs = name, settings, graphs
        self.english = has_english(settings.phonemes)
        tables = tensors[TABLES]
        self._styles, self._speakers = (tables[name].astype(np.float32) for name in (STYLE_TABLE, SPEAKER_TABLE))
        self._emotions = {
            name: tables[EMOTION_TABLE][row : row + 1].astype(np.float32) for row, name in enumerate(settings.emotions)
        }

    def timbre(self, style: str | None = None, speaker: str | None = None) -> Timbre:
        """Look up a speaker with a style; None is the first of each.

        Raises
        ------
        UnknownVoiceError
            No such style or speaker; the message lists those there are.
        """
        settings = self.settings
        style_row = row_of("style", style, tuple(one.name for one in settings.styles), self.name)
        row = row_of("speaker", speaker, tuple(one.name for one in settings.speakers), self.name)
        return Timbre(
            self._speakers[row : row + 1],
            self._styles[style_row : style_row + 1],
            settings.speakers[row],
            settings.styles[style_row].tempo,
            self._emotions,
        )

    def prepare(self, request: SpeechRequest) -> "FastSpeechPerformer":
        """See `tingshuo.tasks.performance.Model`."""
        self.settings.check_emotion(request.emotion)
        return FastSpeechPerformer(self, request, self.timbre(request.style, request.speaker))


class FastSpeechPerformer:
    """A request; see `tingshuo.tasks.performance.Performer`."""

    def __init__(self, model: FastSpeech, request: SpeechRequest, timbre: Timbre) -> None:
        self._model, self._request, self._timbre = model, request, timbre
        self.speaker = timbre.f0.name
        # Held until the last sentence, as others may speak with so many other seeds that it would be made again for each.
        self._noise = shared_noise(model.graphs["vocoder"], model.settings, request.seed)
        self._said: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `tingshuo.tasks.performance.Performer`."""
        return tuple(self._said)

    def perform(self, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> "FastSpeechPerformance":
        """See `tingshuo.tasks.performance.Performer`."""
        model = self._model
        for felt in (word.prosody.emotion for word in sentence.words):
            if felt is not None and felt not in EFFECTS:
                self._said[f"the emotion {felt} of single words was not followed: this voice learnt it for whole requests"] = None
        acoustics = SentenceAcoustics(model.graphs, model.settings, sentence.words, self._timbre, self._request, stopwatch)
        return FastSpeechPerformance(model, self._request.seed, sentence, acoustics, start_samples)


class FastSpeechPerformance:
    """A sentence; see `tingshuo.tasks.performance.Performance`."""

    def __init__(
        self, model: FastSpeech, seed: int, sentence: Sentence, acoustics: SentenceAcoustics, start_samples: int
    ) -> None:
        self._model, self._seed, self._acoustics, self._start = model, seed, acoustics, start_samples
        mel = model.settings.mel
        self.timed = time_sentence(
            sentence,
            acoustics.phones,
            acoustics.durations,
            frame_s=mel.hop_length / mel.sample_rate,
            start_s=start_samples / mel.sample_rate,
        )

        hop = mel.hop_length
        # Whole hops: sentences then begin on the grid of the noise, whose spectra are kept.
        self._tail_samples = round(acoustics.tail_s * mel.sample_rate / hop) * hop
        self.n_samples: int | None = acoustics.frames * hop + self._tail_samples

    def begin(self) -> None:
        """See `tingshuo.tasks.performance.Performance`."""
        last = chunk_borders(self._acoustics.frames, first=self._start == 0)[1] + self._model.settings.vocoder_context_frames
        self._acoustics.mel(0, min(self._acoustics.frames, last))

    def samples(self) -> Iterator[Wav]:
        """See `tingshuo.tasks.performance.Performance`."""
        settings, acoustics = self._model.settings, self._acoustics
        left = acoustics.frames * settings.mel.hop_length
        for wav in vocode(
            self._model.graphs["vocoder"], settings, acoustics,
            start_samples=self._start, seed=self._seed, first=self._start == 0,
        ):  # fmt: skip
            left -= len(wav)
            # With the last of the sound, as a chunk of its own would be sent for nothing.
            yield wav if left else np.append(wav, np.zeros(self._tail_samples, np.float32))
