"""A synthesis on its way through a server: as chunks, as encoded bytes, into a file."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import IO

from tingshuo.audio.write import FileWriter, open_encoder
from tingshuo.serve.access.calling import CALLER
from tingshuo.serve.results import Results
from tingshuo.serve.voices import Voices
from tingshuo.tasks.tts import SpeechStream
from tingshuo.types import AudioChunk, SpeechRequest, Stages

CHARACTER_S = 0.22
"""Seconds that the built-in voice takes for a character of Chinese, pauses included; what others take, a server learns."""


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that decides the bytes of a reply: equal orders give equal audio."""

    voice: str
    request: SpeechRequest
    format: str


class Take:
    """One synthesis. Its generators run in worker threads; what is known so far may be read between their steps.

    Attributes
    ----------
    stream : SpeechStream
        There from the first step on.
    start_samples : int
        Samples of what was said before, when a text comes in pieces.
    expected_s : float
        Seconds of audio that its text will probably make.
    """

    stream: SpeechStream

    def __init__(self, voices: Voices, order: Order, start_samples: int = 0) -> None:
        self.order = order
        self.start_samples = start_samples
        self.expected_s = CHARACTER_S * len(order.request.text) / order.request.speed
        self._voices = voices
        self._caller = CALLER.get()
        self._begun = False

    @property
    def made_s(self) -> float:
        """Seconds of audio made so far."""
        return self.stream.duration_s if self._begun else 0.0

    @property
    def stages(self) -> Stages | None:
        """Where the time went, once it has begun."""
        return self.stream.stages if self._begun else None

    def chunks(self) -> Iterator[AudioChunk]:
        """Speak."""
        self.stream = self._voices.open(self.order.voice).speak(self.order.request, self.start_samples)
        self._begun = True
        try:
            yield from self.stream
        finally:
            if self._caller is not None:
                self._caller.heard(self.stream.duration_s)
            self.stream.close()

    def encoded(self) -> Iterator[bytes]:
        """Speak, and encode as one stream in the order's format; the first bytes come with the first chunk that makes some."""
        chunks = self.chunks()
        first = next(chunks)
        with open_encoder(self.order.format, first.sample_rate) as encoder:
            for chunk in chain((first,), chunks):
                if data := encoder.encode(chunk.wav):
                    yield data
            if data := encoder.finish():
                yield data

    def kept(self, results: Results, result_id: str) -> Iterator[bytes]:
        """Speak and encode as a stream, and write its bytes to the file of a result on the way.

        What is larger than the store, or does not fit on the disk, is not kept; the stream goes on.
        """
        path = results.path(result_id, self.order.format)
        size, complete = 0, False
        try:
            with path.open("wb") as file:
                for part in self.encoded():
                    size += len(part)
                    if not file.closed and not _write(file, part, size <= results.limit_bytes):
                        file.close()
                    yield part
                complete = not file.closed
        finally:
            if not complete:
                path.unlink(missing_ok=True)

    def recorded(self, results: Results, result_id: str) -> Iterator[AudioChunk]:
        """Speak, and write the file of a result on the way; it is there when the last chunk has been asked for."""
        chunks = self.chunks()
        first = next(chunks)
        with FileWriter(results.path(result_id, self.order.format), first.sample_rate, self.order.format) as writer:
            for chunk in chain((first,), chunks):
                writer.write(chunk.wav)
                results.check_size(writer.size)
                yield chunk

    def reply(self, result_id: str) -> dict[str, object]:
        """Return what ``POST /api/tts`` says about a finished take."""
        return self.summary(result_id) | {
            "sentences": [asdict(sentence) for sentence in self.stream.sentences],
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
            "duration_s": round(self.stream.duration_s, 4),
            "rtf": stages.rtf,
            "stages": asdict(stages),
            "warnings": list(self.stream.warnings),
        }


def _write(file: IO[bytes], part: bytes, has_room: bool) -> bool:
    """Write to a file that is kept; returns whether it can be."""
    try:
        return has_room and file.write(part) == len(part)
    except OSError:
        return False
