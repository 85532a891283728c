"""What the routes share: the opened voices, the threads and the finished audio, and a synthesis on its way through them."""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import chain

from tingshuo.app.http.replies import encode_json
from tingshuo.app.http.results import Results
from tingshuo.app.http.workers import Workers
from tingshuo.audio.formats import find_format
from tingshuo.audio.write import FileWriter, open_encoder
from tingshuo.errors import AudioError, BusyError, RequestError, UnknownVoiceError
from tingshuo.store.bundle import Bundle
from tingshuo.store.consent import check_consent
from tingshuo.tasks.performance import listed
from tingshuo.tasks.tts import SpeechStream, Voice
from tingshuo.types import AudioChunk, SpeechRequest

QUEUE = 64
"""Requests admitted at the same time."""


class Voices:
    """The voices that a request may name, each opened when it is first asked for. A request never names a path.

    Parameters
    ----------
    load : callable
        Opens a voice by name or path.
    catalogue : Mapping of str to Bundle
        What may be asked for; the name ``default`` among it.
    budget_bytes : int or None
        Of weights that are kept in memory; beyond it the voice that was not asked for the longest is closed, but never the
        default one. None keeps every voice that was opened.
    """

    def __init__(
        self, load: Callable[[Bundle], Voice], catalogue: Mapping[str, Bundle], *, budget_bytes: int | None = None
    ) -> None:
        self.catalogue = dict(catalogue)
        self._load = load
        self._budget = budget_bytes
        self._opened: OrderedDict[str, Voice] = OrderedDict()
        self._opening = threading.Lock()

    def open(self, name: str) -> Voice:
        """Return a voice, opening it first if need be; may take a moment, so call it in a worker thread.

        A voice that is closed to make room speaks on where it is speaking: its memory goes when the last request has ended.
        """
        with self._opening:
            if name not in self._opened:
                self._opened[name] = self._load(self.catalogue[name])
                self._make_room(name)
            self._opened.move_to_end(name)
            return self._opened[name]

    @property
    def resident_bytes(self) -> dict[str, int]:
        """Weights in memory of every voice that is open, the one last asked for at the end."""
        return {name: voice.weight_bytes for name, voice in self._opened.items()}

    def _make_room(self, newest: str) -> None:
        while self._budget is not None and sum(self.resident_bytes.values()) > self._budget:
            oldest = next((name for name in self._opened if name not in ("default", newest)), None)
            if oldest is None:
                return
            del self._opened[oldest]

    @property
    def ids(self) -> dict[str, tuple[str, str]]:
        """Everything that may be asked for by one word, with voice and speaker: ``default``, ``default/NAME`` for its second.

        The first speaker of a voice goes by the voice's name alone, and by both.
        """
        found = {}
        for name, bundle in self.catalogue.items():
            for place, speaker in enumerate(bundle.settings.speakers):
                found[name if place == 0 else f"{name}/{speaker.name}"] = name, speaker.name
        return found

    def check(self, voice: str, request: SpeechRequest) -> tuple[str, SpeechRequest]:
        """Return the name of a voice and the request with its speaker, which ``voice`` may name too: ``name/speaker``.

        Raises
        ------
        UnknownVoiceError
            No such voice or speaker; the message lists the names.
        RequestError
            Two speakers are named.
        ConsentError
            It was cloned from a person whose consent has ended; the others go on.
        """
        name, _, speaker = voice.partition("/") if voice not in self.catalogue else (voice, "", "")
        if name not in self.catalogue:
            raise UnknownVoiceError(f"unknown voice {voice!r}; accepted: {listed(tuple(self.ids))}", "voice")
        if speaker and request.speaker not in (None, speaker):
            raise RequestError(f"the voice names the speaker {speaker!r} and the field speaker {request.speaker!r}", "speaker")
        check_consent(self.catalogue[name].manifest, date.today())
        self.catalogue[name].settings.check_emotion(request.emotion)
        known = [one.name for one in self.catalogue[name].settings.speakers]
        asked = speaker or request.speaker
        if asked is not None and asked not in known:
            field = "voice" if speaker else "speaker"
            raise UnknownVoiceError(f"unknown speaker {asked!r} of voice {name!r}; accepted: {listed(known)}", field)
        # The same speaker asked for in another way is the same order.
        return name, replace(request, speaker=None if asked == known[0] else asked)


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that decides the bytes of a reply: equal orders give equal audio."""

    voice: str
    request: SpeechRequest
    format: str


@dataclass(slots=True)
class Service:
    """The state of a running server.

    ``ready`` turns true when the default voice is open and warm; ``failure`` says why it never will be.
    """

    voices: Voices
    workers: Workers
    results: Results = field(default_factory=Results)
    ready: bool = False
    failure: Exception | None = None

    def warm_up(self) -> None:
        """Open the default voice and speak a word with it, so that the first request does not pay for it."""
        for _ in self.voices.open("default").speak(SpeechRequest(text="你好。")):
            pass

    def order(self, voice: str, request: SpeechRequest, format: str) -> Order:
        """Check what `SpeechRequest` cannot know, before a thread is asked.

        Raises
        ------
        BusyError
            The voice is still being opened.
        UnknownVoiceError
            No such voice or speaker.
        RequestError
            Two speakers are named.
        ConsentError
            The voice may not speak any more.
        AudioError
            No such format.
        """
        if not self.ready:
            raise BusyError("the voice is still being opened; try again in a second", 1.0)
        try:
            name, request = self.voices.check(voice, request)
            return Order(name, request, find_format(format).name)
        except AudioError as error:
            error.param = "format"
            raise


class Take:
    """One synthesis. Its generators run in worker threads; what is known so far may be read between their steps.

    Attributes
    ----------
    stream : SpeechStream
        There from the first step on.
    """

    stream: SpeechStream

    def __init__(self, voices: Voices, order: Order) -> None:
        self.order = order
        self._voices = voices

    def chunks(self) -> Iterator[AudioChunk]:
        """Speak."""
        self.stream = self._voices.open(self.order.voice).speak(self.order.request)
        try:
            yield from self.stream
        finally:
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

    def recorded(self, results: Results, result_id: str) -> Iterator[AudioChunk]:
        """Speak, and write the file of a result on the way; it is there when the last chunk has been asked for."""
        chunks = self.chunks()
        first = next(chunks)
        with FileWriter(results.path(result_id, self.order.format), first.sample_rate, self.order.format) as writer:
            for chunk in chain((first,), chunks):
                writer.write(chunk.wav)
                results.check_size(writer.size)
                yield chunk

    def events(self, results: Results, result_id: str) -> Iterator[bytes]:
        """Speak and record, as lines of JSON: start, then sentence and audio as they come."""
        pcm = None
        for chunk in self.recorded(results, result_id):
            lines: list[dict[str, object]] = []
            if pcm is None:
                pcm = open_encoder("pcm", chunk.sample_rate)
                start = {"type": "start", "id": result_id, "sample_rate": chunk.sample_rate}
                lines.append({**start, "voice": self.order.voice, "speaker": self.stream.speaker})
            if chunk.sentence is not None:
                lines.append({"type": "sentence", **asdict(chunk.sentence)})
            data = base64.b64encode(pcm.encode(chunk.wav)).decode()
            lines.append({"type": "audio", "start_samples": chunk.start_samples, "pcm16": data})
            yield b"".join(encode_json(line) + b"\n" for line in lines)

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
