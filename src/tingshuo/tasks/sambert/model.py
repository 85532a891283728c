"""A Sambert voice speaks: symbols -> durations -> frames, three at a time -> samples, each as late as it can be.

The first chunk of sound needs no more frames than it has, so it comes long before the sentence is done. Pitch is decided inside
the graphs, so a request for another pitch cannot be followed, which is said.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.performance import Remarks, Tensors, row_of
from tingshuo.tasks.sambert.loop import decode, finish, plan
from tingshuo.tasks.sambert.source import Source, read_f0
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.timing import time_sentence
from tingshuo.tasks.vocoder import chunk_borders
from tingshuo.tasks.windows import at_level, find_rests, n_samples, pause_after, render_windows, rested, silence, with_rests
from tingshuo.text.foreign.sambert import EMOTIONS, Vocabulary, encode_bytes, encode_words
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.types import Sentence, SpeechRequest, Wav

Array = NDArray[Any]

TABLES = "weights/acoustic.safetensors"
EMOTION_TABLE, SPEAKER_TABLE = "emotion.weight", "speaker.weight"
NAMES = {"surprised": "surprise", "fearful": "fear"}
"""Emotions that are called otherwise by us."""
NEUTRAL = "neutral"
FIRST_PIECE_FRAMES = 24
"""Least number of frames that the postnet finishes at once."""


class Sambert:
    """The nets of a voice, driven; see `tingshuo.tasks.performance.Model`."""

    english = True

    def __init__(self, name: str, settings: SambertBundleConfig, graphs: Mapping[str, Session], tensors: Tensors) -> None:
        self.name, self.settings, self.graphs = name, settings, graphs
        tables = tensors[TABLES]
        self.emotions = tables[EMOTION_TABLE].astype(np.float32)
        self.speakers = tables[SPEAKER_TABLE].astype(np.float32)
        self.vocabulary = Vocabulary(tuple(one.name for one in settings.speakers), settings.has_mask)

    def prepare(self, request: SpeechRequest) -> "SambertPerformer":
        """See `tingshuo.tasks.performance.Model`."""
        return SambertPerformer(self, request)

    def symbols(self, sentence: Sentence) -> Symbols:
        """Return a sentence as the voice reads it."""
        return encode_bytes(sentence.words) if self.settings.reads_bytes else encode_words(sentence.words, self.vocabulary)

    def emotion(self, name: str, strength: float) -> Array:
        """Return the row of an emotion, (E,), as far from the neutral one as the strength says."""
        neutral = self.emotions[self.vocabulary.emotion_id(NEUTRAL)]
        felt: Array = neutral + np.float32(strength) * (
            self.emotions[self.vocabulary.emotion_id(NAMES.get(name, name))] - neutral
        )
        return felt


class SambertPerformer:
    """A request; see `tingshuo.tasks.performance.Performer`."""

    def __init__(self, model: Sambert, request: SpeechRequest) -> None:
        names = tuple(one.name for one in model.settings.speakers)
        row_of("style", request.style, tuple(style.name for style in model.settings.styles), model.name)
        row = row_of("speaker", request.speaker, names, model.name)
        model.settings.check_emotion(request.emotion)
        self.model, self.request = model, request
        self.speaker = names[row]
        self.remarks = Remarks(follows=())
        self.timbre: Array = model.speakers[row]

    def perform(self, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> "SambertPerformance":
        """See `tingshuo.tasks.performance.Performer`."""
        self.remarks.note(self.request, sentence)
        return SambertPerformance(self, sentence, start_samples, stopwatch)

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `tingshuo.tasks.performance.Performer`."""
        return self.remarks.sentences

    def inputs(self, sentence: Sentence, symbols: Symbols) -> dict[str, Array]:
        """Return the inputs of the encoder: words may have emotions of their own."""
        n = len(symbols.ids)
        rows = np.empty((n, self.model.emotions.shape[1]), np.float32)
        words = owners(symbols)
        for w in np.unique(words):
            prosody = sentence.words[w].prosody
            strength = self.request.strength if prosody.strength is None else prosody.strength
            rows[words == w] = self.model.emotion(prosody.emotion or self.request.emotion, strength)
        return {
            "ids": symbols.ids[None],
            "emotion": rows[None],
            "speaker": np.broadcast_to(self.timbre, (1, n, len(self.timbre))),
        }


def owners(symbols: Symbols) -> NDArray[np.int64]:
    """Return the word that governs each symbol, (N,): its own, for a break the one before."""
    return np.maximum.accumulate(np.maximum(symbols.word_index, 0))


class SambertPerformance:
    """A sentence; see `tingshuo.tasks.performance.Performance`."""

    def __init__(self, performer: SambertPerformer, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> None:
        model, request = performer.model, performer.request
        self._graphs, self._settings, self._stopwatch = model.graphs, model.settings, stopwatch
        self._request, self._start = request, start_samples
        self._pause_s = pause_after(sentence, self._settings.pause_s / request.speed)
        symbols = model.symbols(sentence)
        scale = 1 / (request.speed * np.array([word.prosody.rate for word in sentence.words])[owners(symbols)])
        self._plan = plan(model.graphs, self._settings.sizes, performer.inputs(sentence, symbols), length_scale=scale)
        frames = self._settings.frames
        frame_s, start_s = frames.hop_length / frames.sample_rate, start_samples / frames.sample_rate
        self._rests = find_rests(sentence, symbols.word_index, self._plan.durations, frame_s)
        timed = rested(symbols, self._plan.durations, self._rests)
        self.timed = time_sentence(sentence, *timed, frame_s=frame_s, start_s=start_s)
        self._pieces = self._finished()
        self._columns = np.empty((0, self._settings.sizes.mels), np.float32)
        self._bands = _bands(model.graphs["vocoder"], self._settings.sizes.mels)
        self._sines: Array = np.empty((self._settings.harmonics, 0, frames.hop_length), np.float32)
        self._source = (
            Source(self._settings.harmonics, frames.sample_rate, frames.hop_length, (request.seed, start_samples))
            if self._settings.harmonics
            else None
        )
        self.n_samples: int | None = n_samples(self._plan.n_frames, self._rests, self._pause_s, frames)

    def begin(self) -> None:
        """See `tingshuo.tasks.performance.Performance`."""
        frames = self._plan.n_frames
        first = chunk_borders(frames, first=self._start == 0)[:2][-1]
        self._inputs(0, min(frames, first + self._settings.vocoder_context_frames[1]))

    def samples(self) -> Iterator[Wav]:
        """See `tingshuo.tasks.performance.Performance`."""
        settings, frames = self._settings, self._settings.frames
        parts = render_windows(
            self._graphs["vocoder"], self._inputs, self._plan.n_frames, frames.hop_length, settings.vocoder_context_frames,
            first=self._start == 0,
        )  # fmt: skip
        yield from with_rests(at_level(parts, self._request.volume), self._rests, frames.hop_length)
        yield silence(self._pause_s, frames.sample_rate)

    def _finished(self) -> Iterator[Array]:
        sizes, graphs = self._settings.sizes, self._graphs
        return finish(graphs, sizes, decode(graphs, sizes, self._plan), self._plan.n_frames, FIRST_PIECE_FRAMES)

    def _inputs(self, low: int, high: int) -> dict[str, Array]:
        """Return the vocoder's inputs, made as far as they are asked for."""
        with self._stopwatch("acoustic_ms"):
            while len(self._columns) < high:
                self._extend(next(self._pieces))
        # A vocoder with a source is told F0 by its sines, one without may read the columns of F0 and voicing beside the bands.
        bands = self._columns[low:high, : self._bands]
        made = {"mel": np.ascontiguousarray(bands.T[None])}
        return made if self._source is None else made | {"sines": self._sines[None, :, low:high]}

    def _extend(self, piece: Array) -> None:
        self._columns = np.concatenate([self._columns, piece])
        if self._source is not None:
            f0, voiced = read_f0(piece[:, -2:], self._settings.f0_scale_hz, self._settings.f0_offset_hz)
            self._sines = np.concatenate([self._sines, self._source.push(f0, voiced)], 1)


def _bands(vocoder: Session, columns: int) -> int:
    """Return how many of the columns of a frame a vocoder reads."""
    bands = vocoder.spec.inputs["mel"][1][1]
    return bands if isinstance(bands, int) else columns


def offered_emotions() -> tuple[str, ...]:
    """Return the names of the emotions that the table of a voice has, ours first where both have a name."""
    theirs = [name.removeprefix("emotion_") for name in EMOTIONS]
    ours = {name: mine for mine, name in NAMES.items()}
    return tuple(ours.get(name, name) for name in theirs if name != "none")
