"""A voice made of tones, whose chunks can be held back or fail, and a server's state around it."""

import dataclasses
import threading
from collections.abc import Callable

import numpy as np

from tingshuo.config import FamilyConfig
from tingshuo.errors import TextError, UnknownVoiceError
from tingshuo.serve.service import Service
from tingshuo.serve.voices import Voices
from tingshuo.serve.workers import Workers
from tingshuo.store.bundle import Bundle
from tingshuo.types import AudioChunk, SpeechRequest, Stages, TimedCharacter, TimedSentence, TimedWord

CHUNK = 2400
RATE = 24000
RHYTHM = 37200
"""Samples of the label behind the last word: pause, rhythm, tail."""


class FakeStream:
    """One sentence a chunk, one chunk a sentence mark; like `SpeechStream` in what it offers."""

    sample_rate = RATE

    def __init__(self, voice: "FakeVoice", request: SpeechRequest, start_samples: int = 0) -> None:
        voice.prepare(request)
        self.speaker = request.speaker or voice.speakers[0]
        self._parts = [part for part in request.text.split("。") if part.strip("，… \n")]
        if not self._parts:
            raise TextError("there is nothing to speak; give letters, digits or Chinese characters")
        self._voice, self._request = voice, request
        self.sentences: tuple[TimedSentence, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.closed = False
        self.made = 0
        self._start_samples = start_samples

    @property
    def duration_s(self) -> float:
        return self.made * CHUNK / RATE

    @property
    def stages(self) -> Stages:
        return Stages(text_ms=1.0, acoustic_ms=2.0, vocoder_ms=3.0, ttfb_ms=6.0, rtf=0.01)

    def __iter__(self) -> "FakeStream":
        return self

    def __next__(self) -> AudioChunk:
        if self.closed or self.made == len(self._parts):
            raise StopIteration
        self._voice.before_chunk(self.made)
        text, start_s = self._parts[self.made], self.duration_s + self._start_samples / RATE
        end_s = start_s + CHUNK / RATE
        word = TimedWord(text, start_s, end_s, (TimedCharacter(text[0], "a1", start_s, end_s),))
        timed = TimedSentence(text, start_s, end_s, (word,))
        if "☃" in text:
            self.warnings += ("☃ cannot be spoken",)
        self.sentences += (timed,)
        self.made += 1
        n = np.arange(CHUNK) + self._request.seed
        wav = (0.3 * np.sin(n * (0.02 + 0.01 * self.made))).astype(np.float32)
        return AudioChunk(wav, RATE, self._start_samples + (self.made - 1) * CHUNK, timed)

    def close(self) -> None:
        self.closed = True
        self._voice.closed.set()


class FakeVoice:
    """Hands out streams and remembers them; ``before_chunk`` is called with a chunk's number in the worker thread."""

    name = "default"
    speakers = ("tan", "deep")
    weight_bytes = 1000
    identity = "tones"
    embeddings = None

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.before_chunk: Callable[[int], None] = lambda _: None
        self.closed = threading.Event()

    def prepare(self, request: SpeechRequest) -> None:
        speaker, style = request.speaker, request.style
        FamilyConfig(family="fake").check_emotion(request.emotion)
        if speaker not in (None, *self.speakers):
            raise UnknownVoiceError(f"unknown speaker {speaker!r}; accepted: {', '.join(self.speakers)}", "speaker")
        if style not in (None, "steady"):
            raise UnknownVoiceError(f"unknown style {style!r}; accepted: steady", "style")

    def speak(self, request: SpeechRequest, start_samples: int = 0, ahead: object = None) -> FakeStream:
        self.streams.append(FakeStream(self, request, start_samples))
        return self.streams[-1]


def service_of(voice: FakeVoice, bundle: Bundle) -> Service:
    """A server's state around a fake voice of two speakers: two threads, three requests at a time."""
    first = bundle.config.speakers[0].replace(name="tan")
    pair = bundle.config.replace(speakers=(first, first.replace(name="deep", gender="male")))
    other = dataclasses.replace(bundle, manifest=bundle.manifest.replace(name="other"))
    return Service(Voices(lambda _: voice, {"default": dataclasses.replace(bundle, held=pair), "other": other}), Workers(2, 3))
