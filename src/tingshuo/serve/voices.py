"""The voices of a server, each opened when it is first asked for; those that nobody asks for make room."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.store.bundle import Bundle
from tingshuo.store.consent import check_consent
from tingshuo.tasks.performance import listed
from tingshuo.tasks.tts import Voice
from tingshuo.types import SpeechRequest


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
