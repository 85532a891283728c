"""Text to speech: a `Voice` speaks a request as a stream of chunks, and everything else is built on that.

text -> `text.frontend` -> sentences -> the model of the voice's family (`tasks.performance`) -> samples. A voice is read-only and
may be shared by threads; the state of a synthesis lives in its `SpeechStream`.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import VoiceConfig
from tingshuo.engine.cpu import has_fast_int8, usable_cpus
from tingshuo.engine.engines import ENGINES as RUNTIMES
from tingshuo.engine.onnx import Session
from tingshuo.errors import BundleError, RequestError
from tingshuo.store.bundle import Bundle, as_trained
from tingshuo.store.manifest import GraphVariant
from tingshuo.tasks.acoustic import Timbre
from tingshuo.tasks.choice import ENGINES, PRECISIONS, choose
from tingshuo.tasks.embeddings import Embeddings
from tingshuo.tasks.fastspeech import FastSpeech
from tingshuo.tasks.performance import MODELS, Model, Performance, Performer
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.text.split import FIRST_BUDGET
from tingshuo.types import AudioChunk, Sentence, SpeechRequest, Stages, TimedSentence, TimedWord, Wav

TASK = "tts"
Ahead = Callable[[Callable[[], Any]], "Future[Any] | None"]
"""Begins a function in another thread, if there is one that has nothing else to do."""
_FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Speech:
    """A finished synthesis.

    ``wav`` is float32 (T,), ``stages`` where the time went, ``sentences`` the subtitle lines with timed words and characters, and
    ``warnings`` what could not be spoken as written.
    """

    wav: Wav
    sample_rate: int
    sentences: tuple[TimedSentence, ...]
    stages: Stages
    warnings: tuple[str, ...]

    @property
    def words(self) -> tuple[TimedWord, ...]:
        """All words, in order."""
        return tuple(word for sentence in self.sentences for word in sentence.words)

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return len(self.wav) / self.sample_rate

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the samples as they are, without any label (docs/label.md); the extension decides the format unless one is given.

        Raises
        ------
        AudioError
            Unknown format.
        OutputError
            The path cannot be written; nothing is left behind.
        """
        from tingshuo.audio.write import write

        write(Path(path), self.wav, self.sample_rate, format)
        return Path(path)


class SpeechStream(Iterator[AudioChunk]):
    """A running synthesis: iterate for chunks, then read what it cost.

    ``stages``, ``warnings``, ``sentences`` and ``duration_s`` hold what is known so far. Only work counts as time, not the
    consumer's. Text that cannot be spoken at all is refused when the stream is made, not at its first chunk.

    ``ahead``, where it is given, begins a function in another thread and returns its future, or None: text and acoustics of a
    sentence are then computed while the one before it becomes sound, as long as there is a thread that has nothing else to do.

    Raises
    ------
    TextError
        Nothing to speak, or malformed markup (`SsmlError`).
    UnknownVoiceError
        The voice has no such style or speaker.
    """

    def __init__(
        self,
        voice: "Voice",
        request: SpeechRequest,
        lexicon_path: Path | None = None,
        start_samples: int = 0,
        ahead: Ahead | None = None,
    ) -> None:
        self._voice, self._ahead = voice, ahead
        self._stopwatch = Stopwatch()
        first_budget = 0 if start_samples else FIRST_BUDGET  # only at the very begin somebody waits
        self._frontend = Frontend(
            lexicon_path,
            first_budget=first_budget,
            english=voice.model.english,
            check_emotion=voice.settings.check_emotion,
        )
        self._timed: list[TimedSentence] = []
        self._start = self._samples = start_samples
        with self._stopwatch("speaker_ms"):
            self._performer = voice.prepare(request)
        with self._stopwatch("text_ms"):
            self._sentences = self._frontend.sentences(request.text)
            self._first = next(self._sentences)
        self._chunks = self._run()

    def __iter__(self) -> "SpeechStream":
        """Return itself."""
        return self

    def __next__(self) -> AudioChunk:
        """Compute the next chunk."""
        return next(self._chunks)

    def close(self) -> None:
        """Stop the work; further iteration ends at once."""
        self._chunks.close()

    @property
    def sample_rate(self) -> int:
        """Samples per second of every chunk."""
        return self._voice.sample_rate

    @property
    def speaker(self) -> str:
        """Name of who speaks."""
        return self._performer.speaker

    @property
    def duration_s(self) -> float:
        """Seconds of audio so far."""
        return (self._samples - self._start) / self.sample_rate

    @property
    def sentences(self) -> tuple[TimedSentence, ...]:
        """Sentences that have begun."""
        return tuple(self._timed)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be spoken as written, so far."""
        return (*self._frontend.warnings, *self._performer.warnings)

    @property
    def stages(self) -> Stages:
        """Milliseconds per stage and the real-time factor, so far."""
        return self._stopwatch.stages(self.duration_s)

    def _run(self) -> Generator[AudioChunk]:
        performance: Performance | None
        performance = first = self._perform(self._first, self._samples)
        start, chunks = self._samples, self._speak(first)
        # While nobody has heard anything yet, nothing is begun that could be in the way of the first sound.
        yield from islice(chunks, 1)
        while performance is not None:
            following = self._begin(start, performance.n_samples)
            try:
                yield from chunks
            finally:
                # Nobody has begun it: there was no thread for it, or nobody wants it any more.
                alone = following is None or following.cancel()
            assert performance.n_samples in (None, self._samples - start), "a sentence is as long as it said"
            performance = self._following(self._samples) if alone or following is None else following.result()
            if performance is not None:
                start, chunks = self._samples, self._speak(performance)

    def _begin(self, start: int, n_samples: int | None) -> "Future[Performance | None] | None":
        """Have the sentence begun in another thread that comes after one of so many samples."""
        if self._ahead is None or n_samples is None:
            return None

        def begin() -> Performance | None:
            performance = self._following(start + n_samples)
            if performance is not None:
                performance.begin()
            return performance

        future: Future[Performance | None] | None = self._ahead(begin)
        return future

    def _following(self, start_samples: int) -> Performance | None:
        with self._stopwatch("text_ms"):
            sentence = next(self._sentences, None)
        return None if sentence is None else self._perform(sentence, start_samples)

    def _perform(self, sentence: Sentence, start_samples: int) -> Performance:
        with self._stopwatch("acoustic_ms"):
            return self._performer.perform(sentence, start_samples, self._stopwatch)

    def _speak(self, performance: Performance) -> Generator[AudioChunk]:
        self._timed.append(performance.timed)
        announced: TimedSentence | None = performance.timed
        samples = performance.samples()
        while True:
            with self._stopwatch("vocoder_ms"):
                wav = next(samples, None)
            if wav is None:
                return
            if len(wav):
                yield self._chunk(wav, announced)
                announced = None

    def _chunk(self, wav: Wav, sentence: TimedSentence | None) -> AudioChunk:
        self._stopwatch.first_audio()
        chunk = AudioChunk(wav, self.sample_rate, self._samples, sentence)
        self._samples += len(wav)
        return chunk


class Voice:
    """An opened voice bundle: graphs ready to run, tables in memory. Read-only, so threads may share it.

    Parameters
    ----------
    bundle : Bundle
        Of task ``tts``.
    precision : str
        ``fp32``, ``int8`` (where the bundle has it), or ``auto``: what the bundle says is fastest on a machine of this kind, else
        int8 where the processor is fast at it.
    engine : str
        ``onnx``, ``openvino``, or ``auto``: see `tingshuo.tasks.choice`.
    threads : int
        Threads inside each graph; one is best for a single stream.
    lexicon_path : Path or None
        The user's pronunciations, for every request.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        precision: str = "auto",
        engine: str = "auto",
        threads: int = 1,
        lexicon_path: Path | None = None,
    ) -> None:
        if precision not in PRECISIONS:
            raise RequestError(f"unknown precision {precision!r}; accepted: {', '.join(PRECISIONS)}", "precision")
        if engine not in ENGINES:
            raise RequestError(f"unknown engine {engine!r}; accepted: {', '.join(ENGINES)}", "engine")
        if bundle.manifest.task != TASK:
            raise BundleError(f"{bundle.path}: is not a voice that speaks: its task is {bundle.manifest.task}")
        self.manifest, self.settings = bundle.manifest, bundle.settings
        self.name = bundle.manifest.name
        self.precision = precision if precision != "auto" else "int8" if has_fast_int8() else "fp32"
        self._lexicon_path = lexicon_path
        tensors = {name: bundle.tensors(name) for name in bundle.manifest.files if name.endswith(".safetensors")}
        with ThreadPoolExecutor(usable_cpus()) as pool:
            opening = {
                name: pool.submit(_open, bundle, choose(bundle.manifest, name, precision, engine), tensors, threads)
                for name in bundle.manifest.graphs
            }
            # The first sentence reads the tables of the text side; here that costs no time, as the graphs take longer to open.
            next(Frontend(lexicon_path).sentences("你好"))
            self.graphs: dict[str, Session] = {name: graph.result() for name, graph in opening.items()}
        self.weight_bytes = sum(tensor.size * _FLOAT32_BYTES for file in tensors.values() for tensor in file.values())
        """Of all weights, as an open graph has them."""
        family = self.settings.family.partition("+")[0]
        self.model: Model = MODELS.load(family)(self.name, self.settings, self.graphs, tensors)

    @cached_property
    def identity(self) -> str:
        """A hash of what decides, beside a request, how it sounds: the files of the bundle and the user's pronunciations."""
        digest = hashlib.sha256()
        for name, entry in sorted(self.manifest.files.items()):
            digest.update(f"{name} {entry.sha256}\n".encode())
        if self._lexicon_path is not None:
            digest.update(self._lexicon_path.read_bytes())
        return digest.hexdigest()

    @property
    def config(self) -> VoiceConfig:
        """The config of a voice that Tingshuo trained.

        Raises
        ------
        BundleError
            It is of another family.
        """
        return as_trained(self.settings, self.name)

    @property
    def embeddings(self) -> Embeddings | None:
        """What is kept of the nets that read prompts or recordings; None where the voice has none."""
        return getattr(self.model, "embeddings", None)

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return self.settings.sample_rate

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles; the first is the default."""
        return tuple(style.name for style in self.settings.styles)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers; the first is the default."""
        return tuple(speaker.name for speaker in self.settings.speakers)

    def timbre(self, style: str | None = None, speaker: str | None = None) -> Timbre:
        """Look up a speaker with a style, of a voice that Tingshuo trained; None is the first of each.

        Raises
        ------
        UnknownVoiceError
            No such style or speaker; the message lists those there are.
        BundleError
            The voice is of another family.
        """
        as_trained(self.settings, self.name)
        assert isinstance(self.model, FastSpeech)
        return self.model.timbre(style, speaker)

    def prepare(self, request: SpeechRequest) -> Performer:
        """Look up who is to speak and how, and refuse what the voice has not; for `SpeechStream`, and to check a request.

        Raises
        ------
        UnknownVoiceError
            The voice has no such style or speaker; the message lists those there are.
        RequestError
            It has no such emotion.
        """
        return self.model.prepare(request)

    def speak(self, request: SpeechRequest, start_samples: int = 0, ahead: Ahead | None = None) -> SpeechStream:
        """Start a synthesis; everything else is built on this.

        Parameters
        ----------
        request : SpeechRequest
            What is to be said.
        start_samples : int
            Samples of what was said before, when a text comes in pieces: it goes on there.
        ahead : callable or None
            Begins a function in a thread that has nothing else to do, see `SpeechStream`.

        Raises
        ------
        TextError
            Nothing to speak, or malformed markup.
        UnknownVoiceError
            The voice has no such style or speaker.
        """
        return SpeechStream(self, request, self._lexicon_path, start_samples, ahead)

    def stream(self, text: str, **controls: Any) -> SpeechStream:
        """Speak ``text``; ``controls`` are the fields of `SpeechRequest`. Iterate for `AudioChunk`."""
        return self.speak(SpeechRequest(text=text, **controls))

    def synthesize(self, text: str, **controls: Any) -> Speech:
        """Speak all of ``text``; ``controls`` are the fields of `SpeechRequest`: emotion, strength, speed, pitch, volume ..."""
        return self.finish(self.stream(text, **controls))

    @staticmethod
    def finish(stream: SpeechStream) -> Speech:
        """Run a stream to its end and join its chunks."""
        wav = np.concatenate([chunk.wav for chunk in stream])
        return Speech(wav, stream.sample_rate, stream.sentences, stream.stages, stream.warnings)


def _open(bundle: Bundle, variant: GraphVariant, tensors: dict[str, dict[str, NDArray[Any]]], threads: int) -> Session:
    """Open a graph's file with the engine that it was made for."""
    options = {"precision": variant.precision} if variant.precision == "bf16" else {}
    session: Session = RUNTIMES.load(variant.engine)(
        bundle.path / variant.path, _merged(tensors, variant.weights), threads=threads, **options
    )
    return session


def _merged(tensors: dict[str, dict[str, NDArray[Any]]], files: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    return {name: tensor for file in files for name, tensor in tensors[file].items()}
