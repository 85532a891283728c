"""An EmotiVoice speaks: tokens, a speaker, a prompt and the text itself -> latent frames -> samples.

The emotion is a few words that a language model turns into a vector; so is the text. Both vectors are kept, so that a resident
character costs nothing but its sentences.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.emotivoice import EmotiVoiceBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.embeddings import Embeddings
from tingshuo.tasks.emotivoice.spread import shares, whole_frames
from tingshuo.tasks.performance import Remarks, Tensors, row_of
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.timing import time_sentence
from tingshuo.tasks.windows import at_level, find_rests, n_samples, pause_after, render_windows, rested, silence, with_rests
from tingshuo.text.foreign.emotivoice import encode_words
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.text.foreign.wordpiece import WordPieces
from tingshuo.types import Sentence, SpeechRequest, Wav

Array = NDArray[Any]

TABLES = "weights/acoustic.safetensors"
SPEAKER_TABLE = "speaker.weight"
PROMPTS = {
    "neutral": "普通", "happy": "开心", "sad": "悲伤", "angry": "生气", "surprised": "惊讶", "fearful": "恐惧", "gentle": "温柔",
    "serious": "严肃",
}  # fmt: skip
"""The prompt of each of our emotions: the words of its own list (``data/youdao/text/emotion``) where it has one."""
MARKS = 2
"""Pieces that stand around a text."""
PAUSE_S = 0.2
"""Silence after a sentence at speed 1, beside what the model itself renders; own choice."""


class EmotiVoice:
    """The nets of a voice, driven; see `tingshuo.tasks.performance.Model`."""

    english = True

    def __init__(self, name: str, settings: EmotiVoiceBundleConfig, graphs: Mapping[str, Session], tensors: Tensors) -> None:
        self.name, self.settings, self.graphs = name, settings, graphs
        self.speakers = tensors[TABLES][SPEAKER_TABLE]
        self.tokens = {token: row for row, token in enumerate(settings.tokens)}
        pieces = settings.pieces
        self._pieces = WordPieces(
            pieces.vocabulary, lower=pieces.lower, strip_accents=pieces.strip_accents, chinese=pieces.chinese
        )
        self.embeddings = Embeddings()

    def prepare(self, request: SpeechRequest) -> "EmotiVoicePerformer":
        """See `tingshuo.tasks.performance.Model`."""
        return EmotiVoicePerformer(self, request)

    def prompt(self, words: str) -> Array:
        """Return the vector of a prompt or of a text, (1, P); of a text longer than the net can read that of its begin."""
        longest = self.settings.pieces.longest
        ids = self._pieces.encode(words[: longest - MARKS], longest)  # a piece has at least one character
        return self.embeddings.get(ids.tobytes(), lambda: self.graphs["prompt"].run({"piece_ids": ids[None]})["prompt"])

    def style(self, emotion: str, strength: float) -> Array:
        """Return the vector of an emotion, (1, P), as far from the neutral one as the strength says."""
        neutral = self.prompt(PROMPTS["neutral"])
        felt: Array = neutral + np.float32(strength) * (self.prompt(PROMPTS.get(emotion, emotion)) - neutral)
        return felt


class EmotiVoicePerformer:
    """A request; see `tingshuo.tasks.performance.Performer`."""

    def __init__(self, model: EmotiVoice, request: SpeechRequest) -> None:
        names = tuple(one.name for one in model.settings.speakers)
        row_of("style", request.style, tuple(one.name for one in model.settings.styles), model.name)
        row = row_of("speaker", request.speaker, names, model.name)
        self.model, self.request = model, request
        self.speaker = names[row]
        self.timbre: Array = np.asarray(model.speakers[row : row + 1], np.float32)
        self._remarks = Remarks(follows=())

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `tingshuo.tasks.performance.Performer`."""
        return self._remarks.sentences

    def perform(self, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> "EmotiVoicePerformance":
        """See `tingshuo.tasks.performance.Performer`."""
        self._remarks.note(self.request, sentence)
        return EmotiVoicePerformance(self, sentence, start_samples, stopwatch)

    def style(self, sentence: Sentence) -> Array:
        """Return the prompt of a sentence: that of the request, or of the markup around its first word."""
        prosody = next(word for word in sentence.words if word.syllables).prosody
        strength = self.request.strength if prosody.strength is None else prosody.strength
        return self.model.style(prosody.emotion or self.request.emotion, strength)


class EmotiVoicePerformance:
    """A sentence; see `tingshuo.tasks.performance.Performance`."""

    def __init__(self, performer: EmotiVoicePerformer, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> None:
        model = performer.model
        self._model, self._request, self._start = model, performer.request, start_samples
        symbols = encode_words(sentence.words, model.tokens)
        with stopwatch("speaker_ms"):
            style, content = performer.style(sentence), model.prompt(sentence.source.strip())
        encoded = model.graphs["encoder"].run(
            {"token_ids": symbols.ids[None], "speaker": performer.timbre, "style": style, "content": content}
        )
        durations = whole_frames(encoded["log_duration"][0], self._speed(sentence, symbols))
        spread = {"hidden": encoded["hidden"], "pitch": encoded["pitch"], "energy": encoded["energy"]}
        self._latent = model.graphs["decoder"].run({**spread, "weights": shares(durations)})["latent"]
        frames = model.settings.frames
        frame_s, start_s = frames.hop_length / frames.sample_rate, start_samples / frames.sample_rate
        self._rests = find_rests(sentence, symbols.word_index, durations, frame_s)
        self.timed = time_sentence(sentence, *rested(symbols, durations, self._rests), frame_s=frame_s, start_s=start_s)
        self._pause_s = pause_after(sentence, PAUSE_S / self._request.speed)
        self.n_samples: int | None = n_samples(self._latent.shape[2], self._rests, self._pause_s, frames)

    def begin(self) -> None:
        """See `tingshuo.tasks.performance.Performance`: all of it was computed to know how long it is."""

    def samples(self) -> Iterator[Wav]:
        """See `tingshuo.tasks.performance.Performance`."""
        settings, latent = self._model.settings, self._latent
        context = settings.vocoder_context_frames
        parts = render_windows(
            self._model.graphs["vocoder"],
            lambda low, high: {"mel": np.ascontiguousarray(latent[:, :, low:high])},
            latent.shape[2],
            settings.frames.hop_length,
            (context, context),
            first=self._start == 0,
        )
        yield from with_rests(at_level(parts, self._request.volume), self._rests, settings.frames.hop_length)
        yield silence(self._pause_s, settings.sample_rate)

    def _speed(self, sentence: Sentence, symbols: Symbols) -> Array:
        """Return the speed of each token: the request's, times that of its word."""
        owners = np.maximum.accumulate(np.maximum(symbols.word_index, 0))
        return self._request.speed * np.array([word.prosody.rate for word in sentence.words])[owners]
