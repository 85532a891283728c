"""A synthesis on its way through a server: as chunks with their label, as encoded bytes, into a file."""

import contextlib
import logging
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from tingshuo.audio.chunking import rechunk
from tingshuo.audio.write import FileWriter, open_encoder
from tingshuo.errors import OutputError, TooLargeError
from tingshuo.serve.access.calling import CALLER
from tingshuo.serve.results import Added, Results
from tingshuo.serve.voices import Voices
from tingshuo.tasks.labelled import Label, Labeller, label_speech, labeller_of
from tingshuo.tasks.tts import Ahead, SpeechStream, Voice
from tingshuo.types import AudioChunk, SpeechRequest, Stages

log = logging.getLogger("tingshuo.http")

CHARACTER_S = 0.22
"""Seconds that the built-in voice takes for a character of Chinese, pauses included; what others take, a server learns."""


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that decides the bytes of a reply: equal orders give equal audio."""

    voice: str
    request: SpeechRequest
    format: str
    label: Label | None = None
    """None for bare samples."""
    agreement: str = ""
    """That under which nothing is heard of the label."""


class Take:
    """One synthesis. Its generators run in worker threads; what is known so far may be read between their steps.

    Attributes
    ----------
    stream, labeller : SpeechStream, Labeller
        There from the first step on.
    expected_s : float
        Seconds of audio that its text will probably make.
    added : Added or None
        What `Results.remember` is to be told when the last step is over; None where nothing was kept.

    Parameters
    ----------
    voices : Voices
        Those that may be asked for.
    order : Order
        What is to be said, how, and by whom.
    start_samples : int
        Samples of what was said before, when a text comes in pieces.
    chunk_s : float or None
        Length of the chunks, see `rechunk`; None is as they are made.
    ahead : callable or None
        Begins work in a thread that has nothing else to do, see `SpeechStream`.
    """

    stream: SpeechStream
    labeller: Labeller

    def __init__(
        self,
        voices: Voices,
        order: Order,
        *,
        start_samples: int = 0,
        chunk_s: float | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        self.order = order
        self.made_s = 0.0
        """Seconds of audio given out so far."""
        self._start_samples, self._chunk_s, self._ahead = start_samples, chunk_s, ahead
        self.expected_s = CHARACTER_S * len(order.request.text) / order.request.speed
        self._voices = voices
        self.added: Added | None = None
        self._caller = CALLER.get()
        self._begun = False

    @property
    def stages(self) -> Stages | None:
        """Where the time went, once it has begun."""
        return self.stream.stages if self._begun else None

    def speech(self) -> Generator[AudioChunk]:
        """Speak, without a label."""
        self._begin()
        try:
            yield from self._given(self.stream)
        finally:
            self._end()

    def chunks(self) -> Generator[AudioChunk]:
        """Speak, with the label of the order."""
        voice, order = self._begin(), self.order
        try:
            self.labeller = labeller_of(voice, self.stream, order.request, order.label)
            yield from self._given(rechunk(label_speech(self.stream, self.labeller), self._chunk_s))
        finally:
            self._end()

    def encoded(self) -> Iterator[bytes]:
        """Speak, and encode as one stream in the order's format; the first bytes come with the first chunk that makes some."""
        with contextlib.closing(self.chunks()) as chunks:
            first = next(chunks)
            with open_encoder(self.order.format, first.sample_rate, field=self.labeller.field) as encoder:
                for chunk in chain((first,), chunks):
                    if data := encoder.encode(chunk.wav):
                        yield data
                if data := encoder.finish():
                    yield data

    def kept(self, results: Results, result_id: str, key: str) -> Iterator[bytes]:
        """Speak and encode as a stream, and keep its bytes under the key of the order.

        What is larger than the store, or does not fit on the disk, is not kept; the stream goes on.
        """
        path = results.path(result_id, self.order.format)
        size, complete, file = 0, False, _create(path)
        try:
            for part in self.encoded():
                size += len(part)
                if file is not None and not _write(file, part, size <= results.limit_bytes):
                    file.close()
                    file = None
                yield part
            complete = file is not None
        finally:
            if file is not None:
                file.close()
            if not complete:
                path.unlink(missing_ok=True)
        if complete:
            with contextlib.suppress(OutputError, TooLargeError):  # the listener has heard it all
                self.added = results.put(result_id, self.order.format, {"warnings": list(self.stream.warnings)}, key)

    def recorded(self, results: Results, result_id: str, key: str) -> Iterator[AudioChunk]:
        """Speak, and keep a file under the key of the order; it is whole when another chunk is asked for after the last."""
        try:
            with contextlib.closing(self.chunks()) as chunks:
                first = next(chunks)
                path = results.path(result_id, self.order.format)
                with FileWriter(path, first.sample_rate, self.order.format, field=self.labeller.field) as writer:
                    for chunk in chain((first,), chunks):
                        writer.write(chunk.wav)
                        results.check_size(writer.size)
                        yield chunk
            self.added = results.put(result_id, self.order.format, self.reply(result_id), key)
        except OutputError as error:
            log.error("%s", error)
            # Where the server keeps its files is no business of a client's.
            raise OutputError("the finished audio cannot be kept on the server's disk; its log says why") from error

    def reply(self, result_id: str) -> dict[str, object]:
        """Return what ``POST /api/tts`` says about a finished take."""
        return self.summary(result_id) | {
            "sentences": [asdict(sentence) for sentence in self.labeller.sentences],
        }

    def summary(self, result_id: str) -> dict[str, object]:
        """Return the same without the times of sentences and words."""
        stages = self.stream.stages
        return {
            "audio_url": f"/api/audio/{result_id}",
            "format": self.order.format,
            "voice": self.order.voice,
            "speaker": self.stream.speaker,
            "sample_rate": self.stream.sample_rate,
            "duration_s": round(self.labeller.n_samples / self.stream.sample_rate, 4),
            "rtf": stages.rtf,
            "stages": asdict(stages),
            "warnings": list(self.stream.warnings),
            "label": self.labeller.describe(),
        }

    def _begin(self) -> Voice:
        voice = self._voices.open(self.order.voice)
        self.stream = voice.speak(self.order.request, self._start_samples, self._ahead)
        self._begun = True
        return voice

    def _given(self, chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
        for chunk in chunks:
            self.made_s += len(chunk.wav) / chunk.sample_rate
            yield chunk

    def _end(self) -> None:
        if self._caller is not None:
            self._caller.heard(self.stream.duration_s)
        self.stream.close()


def _create(path: Path) -> IO[bytes] | None:
    """Open a file that is to be kept; unbuffered, so that closing it writes nothing. None where there is no room for it."""
    try:
        return path.open("wb", buffering=0)
    except OSError:
        return None


def _write(file: IO[bytes], part: bytes, has_room: bool) -> bool:
    """Write to a file that is kept; returns whether it can be."""
    try:
        return has_room and file.write(part) == len(part)
    except OSError:
        return False
