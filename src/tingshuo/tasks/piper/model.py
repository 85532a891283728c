"""A Piper voice speaks: phonemes -> durations -> latents -> samples, window by window.

Mandarin goes through our own front end. For other languages the phonemes are asked of the program eSpeak NG, where it is there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.piper import PiperBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.performance import Remarks, Tensors, row_of
from tingshuo.tasks.piper.loop import Scales, Sizes, plan
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.timing import time_sentence
from tingshuo.tasks.windows import at_level, n_samples, pause_after, render_windows, silence
from tingshuo.text.foreign.espeak import espeak_phonemes
from tingshuo.text.foreign.piper import Encoded, Inventory, owned_phonemes, text_phonemes
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.types import Sentence, SpeechRequest, TimedSentence, Wav

Array = NDArray[Any]

TABLES = "weights/acoustic.safetensors"
SPEAKER_TABLE = "speakers.weight"
PAUSE_S = 0.2
"""Silence after a sentence at speed 1: what Piper's own program puts there (``--sentence-silence``)."""


class Piper:
    """The nets of a voice, driven; see `tingshuo.tasks.performance.Model`."""

    def __init__(self, name: str, settings: PiperBundleConfig, graphs: Mapping[str, Session], tensors: Tensors) -> None:
        self.name, self.settings, self.graphs = name, settings, graphs
        self.inventory = Inventory(settings.phonemes, settings.phoneme_ids, settings.espeak_voice)
        self.english = settings.phonemes == "espeak"
        self.speakers = tensors[TABLES].get(SPEAKER_TABLE)
        self.sizes = Sizes(
            settings.latent, settings.frames.hop_length, settings.decoder_context_frames, stochastic=settings.stochastic
        )

    def prepare(self, request: SpeechRequest) -> "PiperPerformer":
        """See `tingshuo.tasks.performance.Model`."""
        return PiperPerformer(self, request)

    def symbols(self, sentence: Sentence) -> tuple[Encoded, Symbols | None]:
        """Return a sentence as the voice reads it; which word a phoneme is of is known of Mandarin alone."""
        if not self.inventory.is_mandarin:
            asked = self.inventory.kind == "espeak"
            text = sentence.source.strip()
            spoken = espeak_phonemes(text, self.inventory.espeak_voice) if asked else text_phonemes(text)
            return self.inventory.encode(spoken), None
        owned = owned_phonemes(sentence.words, self.inventory)
        encoded = self.inventory.encode([phoneme for phoneme, _, _ in owned])
        owners = np.array([*((w, k) for _, w, k in owned), (-1, -1)], np.int64)[encoded.of]
        return encoded, Symbols(encoded.ids, owners[:, 0], owners[:, 1])


class PiperPerformer:
    """A request; see `tingshuo.tasks.performance.Performer`."""

    def __init__(self, model: Piper, request: SpeechRequest) -> None:
        names = tuple(one.name for one in model.settings.speakers)
        row_of("style", request.style, tuple(one.name for one in model.settings.styles), model.name)
        row = row_of("speaker", request.speaker, names, model.name)
        model.settings.check_emotion(request.emotion)
        self.model, self.request = model, request
        self.speaker = names[row]
        self.timbre: Array | None = None if model.speakers is None else np.asarray(model.speakers[row], np.float32)
        self._remarks = Remarks(follows=())
        self._skipped: dict[str, None] = {}
        self._felt = dict.fromkeys([request.emotion])

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `tingshuo.tasks.performance.Performer`."""
        said = self._remarks.sentences
        for felt in self._felt:
            if felt != "neutral":
                said = (*said, f"the emotion {felt} was not followed: this model has none")
        if self._skipped:
            said = (*said, f"sounds that this voice does not know were left out: {' '.join(self._skipped)}")
        return said

    def perform(self, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> "PiperPerformance":
        """See `tingshuo.tasks.performance.Performer`."""
        self._remarks.note(self.request, sentence)
        self._felt |= dict.fromkeys(word.prosody.emotion or "neutral" for word in sentence.words)
        encoded, symbols = self.model.symbols(sentence)
        self._skipped |= dict.fromkeys(encoded.skipped)
        return PiperPerformance(self, sentence, encoded, symbols, start_samples)


class PiperPerformance:
    """A sentence; see `tingshuo.tasks.performance.Performance`."""

    def __init__(
        self, performer: PiperPerformer, sentence: Sentence, encoded: Encoded, symbols: Symbols | None, start_samples: int
    ) -> None:
        model, request = performer.model, performer.request
        settings = model.settings
        self._model, self._request, self._start = model, request, start_samples
        rate = request.speed * next(word for word in sentence.words if word.syllables).prosody.rate
        scales = Scales(settings.noise, settings.length / rate, settings.duration_noise)
        rng = np.random.default_rng((request.seed, start_samples))
        self._plan = plan(model.graphs, model.sizes, encoded.ids, scales, rng, performer.timbre)
        frame_s, start_s = settings.frames.hop_length / settings.sample_rate, start_samples / settings.sample_rate
        if symbols is None:
            end_s = start_s + self._plan.n_frames * frame_s
            self.timed = TimedSentence(sentence.source.strip(), round(start_s, 4), round(end_s, 4))
        else:
            self.timed = time_sentence(sentence, symbols, self._plan.durations, frame_s=frame_s, start_s=start_s)
        self._pause_s = pause_after(sentence, PAUSE_S / request.speed)
        self.n_samples: int | None = n_samples(self._plan.n_frames, (), self._pause_s, settings.frames)

    def begin(self) -> None:
        """See `tingshuo.tasks.performance.Performance`: all of it was computed to know how long it is."""

    def samples(self) -> Iterator[Wav]:
        """See `tingshuo.tasks.performance.Performance`."""
        settings, planned = self._model.settings, self._plan
        given = {} if planned.speaker is None else {"speaker": planned.speaker[None]}
        context = settings.decoder_context_frames
        parts = render_windows(
            self._model.graphs["decoder"],
            lambda low, high: {"latent": np.ascontiguousarray(planned.latents[:, :, low:high]), **given},
            planned.n_frames,
            settings.frames.hop_length,
            (context, context),
            first=self._start == 0,
        )
        yield from at_level(parts, self._request.volume)
        yield silence(self._pause_s, settings.sample_rate)
