"""A voice whose graphs are somebody else's speaks: symbols -> samples, or symbols -> mel -> samples, sentence by sentence.

What such a graph cannot be told is said: most follow a speed and a speaker, none a pitch. When words are spoken is known where
the graph tells the durations of its symbols; otherwise a subtitle line is timed as a whole.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from tingshuo.config.graph_voice import GraphVoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.graph_voice.acoustic import Manner, speak
from tingshuo.tasks.graph_voice.symbols import Speller, Spelt, spoken_words
from tingshuo.tasks.graph_voice.vocoder import render_mel
from tingshuo.tasks.performance import Remarks, Tensors, row_of
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.timing import time_sentence
from tingshuo.tasks.windows import Rest, at_level, find_rests, pause_after, rested, silence, with_rests
from tingshuo.types import Sentence, SpeechRequest, TimedSentence, Wav

ACOUSTIC, VOCODER = "acoustic", "vocoder"
NEUTRAL = "neutral"


class GraphVoice:
    """The graphs of a voice, driven; see `tingshuo.tasks.performance.Model`."""

    def __init__(self, name: str, settings: GraphVoiceConfig, graphs: Mapping[str, Session], tensors: Tensors) -> None:
        self.name, self.settings, self.graphs = name, settings, graphs
        self.speller = Speller(settings.text)
        self.english = self.speller.english
        self.spec = graphs[ACOUSTIC].spec

    def prepare(self, request: SpeechRequest) -> "GraphVoicePerformer":
        """See `tingshuo.tasks.performance.Model`."""
        return GraphVoicePerformer(self, request)


class GraphVoicePerformer:
    """A request; see `tingshuo.tasks.performance.Performer`."""

    def __init__(self, model: GraphVoice, request: SpeechRequest) -> None:
        settings = model.settings
        names = tuple(one.name for one in settings.speakers)
        row_of("style", request.style, tuple(one.name for one in settings.styles), model.name)
        self.row = row_of("speaker", request.speaker, names, model.name)
        settings.check_emotion(request.emotion)
        self.model, self.request = model, request
        self.speaker = names[self.row]
        self._remarks = Remarks(follows=())
        self._said: dict[str, None] = {}
        self._skipped: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `tingshuo.tasks.performance.Performer`."""
        said = (*self._remarks.sentences, *self._said)
        if self._skipped:
            said = (*said, f"sounds that this voice does not know were left out: {' '.join(self._skipped)}")
        return said

    def perform(self, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> "GraphVoicePerformance":
        """See `tingshuo.tasks.performance.Performer`."""
        self._remarks.note(self.request, sentence)
        spelt = self.model.speller.spell(sentence)
        self._skipped |= dict.fromkeys(spelt.skipped)
        performance = GraphVoicePerformance(self, sentence, spelt, start_samples)
        self._note(sentence, performance)
        return performance

    def emotion(self, sentence: Sentence) -> int:
        """Return the row of a sentence's emotion: that of the markup around its first word, else of the request.

        The graph is told one for all of its symbols. What is not followed, is noted.
        """
        known = self.model.settings.emotions
        wanted = [word.prosody.emotion or self.request.emotion for word in sentence.words if word.syllables]
        for asked in wanted:
            if asked != NEUTRAL and asked not in known:
                self._said[f"the emotion {asked} was not followed: this model has {', '.join(known) or 'none'}"] = None
            elif asked != wanted[0]:
                self._said[f"the emotion {asked} of single words was not followed: this model has one for a sentence"] = None
        return known.index(wanted[0]) if wanted[0] in known else 0

    def _note(self, sentence: Sentence, performance: "GraphVoicePerformance") -> None:
        """Note what was asked for that these graphs cannot be told."""
        if not self.model.settings.inputs.has_length and performance.rate != 1:
            self._said["the speed that was asked for was not followed: this model has no input for it"] = None
        spoken = [w for w, word in enumerate(sentence.words) if word.syllables]
        inside = sentence.words[: spoken[-1]]
        if not performance.knows_times and any(word.pause_ms and not word.text for word in inside):
            self._said["pauses inside a sentence were not made: when this model says what is not known"] = None


class GraphVoicePerformance:
    """A sentence; see `tingshuo.tasks.performance.Performance`."""

    n_samples: int | None = None

    def __init__(self, performer: GraphVoicePerformer, sentence: Sentence, spelt: Spelt, start_samples: int) -> None:
        model, request = performer.model, performer.request
        settings = model.settings
        self._model, self._request, self._first = model, request, start_samples == 0
        self.rate = request.speed * next(word for word in sentence.words if word.syllables).prosody.rate
        scales = settings.scales.replace(length=settings.scales.length / self.rate)
        rng = np.random.default_rng((request.seed, start_samples))
        self._made = speak(
            model.graphs[ACOUSTIC], model.spec, settings, spelt, Manner(scales, performer.row, performer.emotion(sentence)), rng
        )
        self._rests: tuple[Rest, ...] = ()
        self.knows_times = spelt.owners is not None and self._made.durations is not None and settings.frames.hop_length > 0
        self.timed = self._time(sentence, spelt, start_samples / settings.sample_rate)
        self._pause_s = pause_after(sentence, settings.silence_s / request.speed)

    def begin(self) -> None:
        """See `tingshuo.tasks.performance.Performance`: all that is not sound has been computed."""

    def _time(self, sentence: Sentence, spelt: Spelt, start_s: float) -> TimedSentence:
        settings, durations = self._model.settings, self._made.durations
        frame_s = settings.frames.hop_length / settings.sample_rate
        if not self.knows_times or spelt.owners is None or durations is None:
            end_s = start_s + self._duration_s(frame_s)
            return TimedSentence(sentence.source.strip(), round(start_s, 4), round(end_s, 4))
        said = spoken_words(sentence, spelt.owners)
        self._rests = find_rests(said, spelt.owners.word_index, durations, frame_s)
        symbols, frames = rested(spelt.owners, durations, self._rests)
        return time_sentence(said, symbols, frames, frame_s=frame_s, start_s=start_s)

    def _duration_s(self, frame_s: float) -> float:
        made = self._made
        if made.wav is not None:
            return len(made.wav) / self._model.settings.sample_rate
        return 0.0 if made.mel is None else made.mel.shape[1] * frame_s

    def samples(self) -> Iterator[Wav]:
        """See `tingshuo.tasks.performance.Performance`."""
        settings, made = self._model.settings, self._made
        parts: Iterator[Wav] = iter(())
        if made.wav is not None:
            parts = iter((np.clip(made.wav, -1, 1),))
        elif made.mel is not None and settings.vocoder is not None:
            parts = render_mel(self._model.graphs[VOCODER], settings.vocoder, made.mel, first=self._first)
        yield from at_level(with_rests(parts, self._rests, settings.frames.hop_length), self._request.volume)
        yield silence(self._pause_s, settings.sample_rate)
