"""Text to speech: a `Voice` speaks a request as a stream of chunks, and everything else is built on that.

text -> `text.frontend` -> sentences -> `tasks.acoustic` -> F0, mel -> `tasks.vocoder` -> samples. A voice is read-only and may be
shared by threads; the state of a synthesis lives in its `SpeechStream`.
"""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.cpu import has_fast_int8, usable_cpus
from tingshuo.engine.onnx import Session, open_graph
from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import GraphVariant
from tingshuo.tasks.acoustic import SentenceAcoustics, Timbre
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.timing import time_sentence
from tingshuo.tasks.vocoder import vocode
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import has_english
from tingshuo.types import AudioChunk, Sentence, SpeechRequest, Stages, TimedSentence, TimedWord, Wav

GRAPHS = ("encoder", "pitch", "decoder", "vocoder")
TABLES = "weights/acoustic.safetensors"
STYLE_TABLE, SPEAKER_TABLE, EMOTION_TABLE = "style.weight", "speaker.weight", "emotion.weight"
PRECISIONS = ("auto", "fp32", "int8")


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
        """Write the audio to a file; the extension decides the format unless one is given.

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

    Raises
    ------
    TextError
        Nothing to speak, or malformed markup (`SsmlError`).
    UnknownVoiceError
        The voice has no such style or speaker.
    """

    def __init__(self, voice: "Voice", request: SpeechRequest, lexicon_path: Path | None = None) -> None:
        self._voice, self._request = voice, request
        self._stopwatch = Stopwatch()
        self._frontend = Frontend(lexicon_path, english=has_english(voice.config.phonemes))
        self._timed: list[TimedSentence] = []
        self._samples = 0
        with self._stopwatch("speaker_ms"):
            self._timbre = voice.timbre(request.style, request.speaker)
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
        return self._timbre.f0.name

    @property
    def duration_s(self) -> float:
        """Seconds of audio so far."""
        return self._samples / self.sample_rate

    @property
    def sentences(self) -> tuple[TimedSentence, ...]:
        """Sentences that have begun."""
        return tuple(self._timed)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be spoken as written, so far."""
        return tuple(self._frontend.warnings)

    @property
    def stages(self) -> Stages:
        """Milliseconds per stage and the real-time factor, so far."""
        return self._stopwatch.stages(self.duration_s)

    def _run(self) -> Generator[AudioChunk]:
        sentence: Sentence | None = self._first
        while sentence is not None:
            yield from self._speak(sentence)
            with self._stopwatch("text_ms"):
                sentence = next(self._sentences, None)

    def _speak(self, sentence: Sentence) -> Generator[AudioChunk]:
        voice, stopwatch, config = self._voice, self._stopwatch, self._voice.config
        with stopwatch("acoustic_ms"):
            acoustics = SentenceAcoustics(voice.graphs, config, sentence.words, self._timbre, self._request, stopwatch)
            timed = time_sentence(
                sentence,
                acoustics.phones,
                acoustics.durations,
                frame_s=config.mel.hop_length / self.sample_rate,
                start_s=self.duration_s,
            )
        first = not self._timed
        self._timed.append(timed)
        samples = vocode(
            voice.graphs["vocoder"], config, acoustics, start_samples=self._samples, seed=self._request.seed, first=first
        )
        announced: TimedSentence | None = timed
        while True:
            with stopwatch("vocoder_ms"):
                wav = next(samples, None)
            if wav is None:
                break
            yield self._chunk(wav, announced)
            announced = None
        # Whole hops: sentences then begin on the grid of the noise, whose spectra are kept.
        tail = round(acoustics.tail_s * self.sample_rate / config.mel.hop_length) * config.mel.hop_length
        if tail:
            yield self._chunk(np.zeros(tail, np.float32), None)

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
        ``fp32``, ``int8`` (where the bundle has it), or ``auto``: int8 where the processor is fast at it.
    threads : int
        Threads inside each graph; one is best for a single stream.
    lexicon_path : Path or None
        The user's pronunciations, for every request.
    """

    def __init__(self, bundle: Bundle, *, precision: str = "auto", threads: int = 1, lexicon_path: Path | None = None) -> None:
        if precision not in PRECISIONS:
            raise RequestError(f"unknown precision {precision!r}; accepted: {', '.join(PRECISIONS)}", "precision")
        self.manifest, self.config = bundle.manifest, bundle.config
        self.name = bundle.manifest.name
        self.precision = precision if precision != "auto" else "int8" if has_fast_int8() else "fp32"
        self._lexicon_path = lexicon_path
        tensors = {name: bundle.tensors(name) for name in bundle.manifest.files if name.endswith(".safetensors")}
        with ThreadPoolExecutor(usable_cpus()) as pool:
            opening = {
                name: pool.submit(open_graph, bundle.path / variant.path, _merged(tensors, variant.weights), threads=threads)
                for name in GRAPHS
                for variant in [_variant(bundle, name, self.precision)]
            }
            # The first sentence reads the tables of the text side; here that costs no time, as the graphs take longer to open.
            next(Frontend(lexicon_path).sentences("你好"))
            self.graphs: dict[str, Session] = {name: graph.result() for name, graph in opening.items()}
        tables = tensors[TABLES]
        self._styles, self._speakers = (tables[name].astype(np.float32) for name in (STYLE_TABLE, SPEAKER_TABLE))
        self._emotions = {
            name: tables[EMOTION_TABLE][row : row + 1].astype(np.float32) for row, name in enumerate(self.config.emotions)
        }

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return self.config.mel.sample_rate

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles; the first is the default."""
        return tuple(style.name for style in self.config.styles)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers; the first is the default."""
        return tuple(speaker.name for speaker in self.config.speakers)

    def timbre(self, style: str | None = None, speaker: str | None = None) -> Timbre:
        """Look up a speaker with a style; None is the first of each.

        Raises
        ------
        UnknownVoiceError
            No such style or speaker; the message lists those there are.
        """
        style_row, row = self._row("style", style, self.styles), self._row("speaker", speaker, self.speakers)
        return Timbre(
            self._speakers[row : row + 1],
            self._styles[style_row : style_row + 1],
            self.config.speakers[row],
            self.config.styles[style_row].tempo,
            self._emotions,
        )

    def _row(self, what: str, name: str | None, known: tuple[str, ...]) -> int:
        if name is None:
            return 0
        if name not in known:
            raise UnknownVoiceError(f"unknown {what} {name!r} of voice {self.name!r}; accepted: {', '.join(known)}", what)
        return known.index(name)

    def speak(self, request: SpeechRequest) -> SpeechStream:
        """Start a synthesis; everything else is built on this.

        Raises
        ------
        TextError
            Nothing to speak, or malformed markup.
        UnknownVoiceError
            The voice has no such style or speaker.
        """
        return SpeechStream(self, request, self._lexicon_path)

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


def _variant(bundle: Bundle, graph: str, precision: str) -> GraphVariant:
    """A graph's file at a precision; fp32 where a bundle has it in that alone, because the other did not pass its check."""
    entry = bundle.manifest.graphs.get(graph)
    kinds = {variant.precision for variant in entry.variants} if entry else set()
    return bundle.manifest.variant(graph, precision if precision in kinds else "fp32", "onnx")


def _merged(tensors: dict[str, dict[str, NDArray[Any]]], files: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    return {name: tensor for file in files for name, tensor in tensors[file].items()}
