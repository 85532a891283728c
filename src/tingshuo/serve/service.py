"""The state of a running server: its voices, its threads, its finished audio, and whether it can speak yet."""

from dataclasses import dataclass, field

from tingshuo.audio.formats import find_format
from tingshuo.errors import AudioError, BusyError
from tingshuo.serve.flights import Flights
from tingshuo.serve.metrics import Metrics
from tingshuo.serve.results import Results
from tingshuo.serve.take import Order
from tingshuo.serve.voices import Voices
from tingshuo.serve.workers import Workers
from tingshuo.types import SpeechRequest

QUEUE = 256
"""Requests admitted at the same time."""


@dataclass(slots=True)
class Service:
    """The state of a running server.

    ``ready`` turns true when the default voice is open and warm; ``failure`` says why it never will be.
    """

    voices: Voices
    workers: Workers
    results: Results = field(default_factory=Results)
    flights: Flights[tuple[dict[str, object], dict[str, str]]] = field(default_factory=Flights)
    ready: bool = False
    failure: Exception | None = None

    def __post_init__(self) -> None:
        """Add what metrics read from the state."""
        metrics, workers = self.metrics, self.workers
        metrics.watch("tingshuo_active_requests", "Requests being served.", lambda: workers.active)
        metrics.watch("tingshuo_promised_audio_seconds", "Audio promised and not made.", lambda: workers.backlog.audio_s)
        metrics.watch("tingshuo_due_audio_seconds", "Audio that is due soon and not made.", lambda: workers.backlog.due_s)
        metrics.watch("tingshuo_voice_bytes", "Weights of open voices.", lambda: sum(self.voices.resident_bytes.values()))

    @property
    def metrics(self) -> Metrics:
        """What is told of how it goes."""
        return self.workers.metrics

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
