"""The state of a running server: its voices, its recognisers, its threads, its finished audio, and whether it can speak yet."""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field

from tingshuo.audio.formats import find_format
from tingshuo.errors import AudioError, BusyError
from tingshuo.serve.access.calling import CALLER
from tingshuo.serve.cache.counts import Counts
from tingshuo.serve.cache.fingerprint import fingerprint, program_digest
from tingshuo.serve.cache.shared_vectors import SharedVectors
from tingshuo.serve.flights import Flights
from tingshuo.serve.labels import LabelRule, Wish, record_use
from tingshuo.serve.listeners import Listeners
from tingshuo.serve.metrics import Metrics
from tingshuo.serve.results import Results
from tingshuo.serve.take import Order, Take
from tingshuo.serve.voices import Voices
from tingshuo.serve.workers import Workers
from tingshuo.tasks.tts import Voice
from tingshuo.text.frontend import spoken_plainly
from tingshuo.types import EMOTIONS, SpeechRequest

_NO_WISH = Wish()
QUEUE = 256
"""Requests admitted at the same time."""


@dataclass(slots=True)
class Service:
    """The state of a running server.

    ``ready`` turns true when the default voice is open and warm; ``failure`` says why it never will be. ``stopping`` is for
    whoever sends requests here: they should go elsewhere.
    """

    voices: Voices
    workers: Workers
    results: Results = field(default_factory=Results)
    flights: Flights[tuple[dict[str, object], dict[str, str]]] = field(default_factory=Flights)
    labels: LabelRule = field(default_factory=LabelRule)
    listeners: Listeners = field(default_factory=Listeners)
    ready: bool = False
    failure: Exception | None = None
    stopping: bool = False
    _opening: "Future[None] | None" = None

    def __post_init__(self) -> None:
        """Add what metrics read from the state."""
        metrics, workers = self.metrics, self.workers
        metrics.watch("tingshuo_active_requests", "Requests being served.", lambda: workers.active)
        metrics.watch("tingshuo_promised_audio_seconds", "Audio promised and not made.", lambda: workers.backlog.audio_s)
        metrics.watch("tingshuo_due_audio_seconds", "Audio that is due soon and not made.", lambda: workers.backlog.due_s)
        metrics.caches |= {"audio": lambda: self.results.counts, "voices": lambda: self.voices.counts}
        metrics.caches["sentences"] = _sentence_counts
        metrics.caches["embeddings"] = lambda: self.voices.embedding_counts
        if self.results.link is not None:
            metrics.caches["audio_redis"] = lambda: self.results.shared_counts
            self.voices.share(SharedVectors(self.results.link))
        metrics.watch("tingshuo_voice_bytes", "Weights of open voices.", lambda: sum(self.voices.resident_bytes.values()))
        metrics.watch("tingshuo_open_recognisers", "Recognisers that are open.", lambda: self.listeners.count)

    @property
    def metrics(self) -> Metrics:
        """What is told of how it goes."""
        return self.workers.metrics

    def open(self) -> "Future[None]":
        """Begin to open the voices in a thread, unless that was begun before, and return what tells of its end."""
        if self._opening is None:
            self._opening = self.workers.begin(self.warm_up)
        return self._opening

    def warm_up(self) -> None:
        """Open the default voice and the residents and speak a word with each, so that the first request does not pay for it.

        Recognisers that are to be open from the start hear a moment of nothing.
        """
        program_digest()
        for resident in self.voices.residents:
            name, request = self.voices.check(resident, SpeechRequest(text="你好。"))
            warm_up(self.voices.open(name), request.speaker)
        self.listeners.warm_up()

    def order(self, voice: str, request: SpeechRequest, format: str, wish: Wish = _NO_WISH) -> Order:
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
        AccessError
            A label that is not heard, without an agreement.
        """
        if not self.ready:
            raise BusyError("the voice is still being opened; try again in a second", 1.0)
        try:
            name, request = self.voices.check(voice, request)
            return Order(name, request, find_format(format).name, *self.labels.decide(wish, format))
        except AudioError as error:
            error.param = "format"
            raise

    def key(self, order: Order, kind: str = "file") -> str:
        """Return what the audio of an order is known by; that of a cloned voice for each API key apart.

        Parameters
        ----------
        order : Order
            From `order`, for whoever is asking now.
        kind : str
            ``file``, or ``stream``, whose bytes are others than those of a file that could be corrected at its end.
        """
        manifest, caller = self.voices.catalogue[order.voice].manifest, CALLER.get()
        is_clone = (order.request.speaker or manifest.speakers[0]) in manifest.cloned
        owner = caller.held.key.id if is_clone and caller is not None and caller.held is not None else None
        return fingerprint(kind, program_digest(), self.voices.digest(order.voice), order, owner)

    def take(self, order: Order, *, live: bool = False) -> Take:
        """Return the synthesis of an order; for a ``live`` one the chunks have the length that streams have here."""
        return Take(self.voices, order, chunk_s=self.workers.chunk_s if live else None, ahead=self.workers.ahead)

    async def record(self, order: Order) -> None:
        """Keep that an order goes out without a label that is heard; call it before it does.

        Raises
        ------
        OutputError
            It cannot be kept, so nothing may go out.
        """
        if order.agreement:
            await asyncio.to_thread(record_use, order.request, order.format, order.agreement)


def _sentence_counts() -> Counts:
    """How the memory of the text side does, which all voices of this process share."""
    known = spoken_plainly.cache_info()
    return Counts(known.hits, known.misses, known.misses - known.currsize, n_bytes=None)


def warm_up(voice: Voice, speaker: str | None = None) -> None:
    """Speak a word, so that no request pays for what a voice does once; in each emotion, if it has to read them."""
    for emotion in EMOTIONS if voice.embeddings is not None else EMOTIONS[:1]:
        for _ in voice.speak(SpeechRequest(text="你好。", emotion=emotion, speaker=speaker)):
            pass
