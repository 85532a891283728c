"""The voices of a server, each opened when it is first asked for; those that nobody asks for make room."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Self

from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.serve.cache.counts import Counts
from tingshuo.serve.cache.fingerprint import manifest_digest
from tingshuo.serve.cache.shared_vectors import SharedVectors
from tingshuo.store.bundle import Bundle
from tingshuo.store.consent import check_consent
from tingshuo.store.manifest import Manifest
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
        default one and never a resident. None keeps every voice that was opened.
    residents : sequence of str
        What is to be open from the start, as a request names it: ``name`` or ``name/speaker``.

    Raises
    ------
    UnknownVoiceError
        There is no such resident.
    """

    def __init__(
        self,
        load: Callable[[Bundle], Voice],
        catalogue: Mapping[str, Bundle],
        *,
        budget_bytes: int | None = None,
        residents: Sequence[str] = (),
    ) -> None:
        self.catalogue = dict(catalogue)
        self._counts = Counts()
        self.residents = tuple(dict.fromkeys(("default", *residents)))
        for resident in residents:
            if resident not in catalogue and resident not in self.ids:
                known = listed(tuple(self.ids))
                raise UnknownVoiceError(f"unknown voice {resident!r} to open at the start; accepted: {known}", "preload")
        self._load = load
        self._budget = budget_bytes
        self._kept = {resident if resident in catalogue else resident.partition("/")[0] for resident in self.residents}
        self._digests: dict[str, tuple[Manifest, str]] = {}
        self._opened: OrderedDict[str, Voice] = OrderedDict()
        self._opening = threading.Lock()
        self._vectors: SharedVectors | None = None

    def open(self, name: str) -> Voice:
        """Return a voice, opening it first if need be; may take a moment, so call it in a worker thread.

        A voice that is closed to make room speaks on where it is speaking: its memory goes when the last request has ended.
        """
        with self._opening:
            self._counts.hits += name in self._opened
            if name not in self._opened:
                self._counts.misses += 1
                self._opened[name] = self._with_vectors(name, self._load(self.catalogue[name]))
                self._make_room(name)
            self._opened.move_to_end(name)
            return self._opened[name]

    def following(self, catalogue: Mapping[str, Bundle]) -> Self:
        """Return the voices of another catalogue, of which those that are open here and have not changed are open already.

        Raises
        ------
        UnknownVoiceError
            A resident is not among them.
        """
        residents = [name for name in self.residents if name != "default"]
        voices = type(self)(self._load, catalogue, budget_bytes=self._budget, residents=residents)
        voices._counts, voices._vectors = self._counts, self._vectors
        with self._opening:
            for name, voice in self._opened.items():
                if name in catalogue and is_same(self.catalogue[name], catalogue[name]):
                    voices._opened[name] = voice
        return voices

    @property
    def resident_bytes(self) -> dict[str, int]:
        """Weights in memory of every voice that is open, the one last asked for at the end."""
        return {name: voice.weight_bytes for name, voice in self._opened.items()}

    def _make_room(self, newest: str) -> None:
        while self._budget is not None and sum(self.resident_bytes.values()) > self._budget:
            oldest = next((name for name in self._opened if name not in (*self._kept, newest)), None)
            if oldest is None:
                return
            del self._opened[oldest]
            self._counts.evictions += 1

    @property
    def counts(self) -> Counts:
        """How often a voice was open when it was asked for, how often one had to make room, and bytes of weights."""
        return replace(self._counts, n_bytes=sum(self.resident_bytes.values()))

    @property
    def embedding_counts(self) -> Counts:
        """Of the vectors that open voices keep."""
        figures = [voice.embeddings.figures for voice in tuple(self._opened.values()) if voice.embeddings is not None]
        return Counts(*map(sum, zip(*figures, strict=True))) if figures else Counts()

    def share(self, vectors: SharedVectors) -> None:
        """Have the voices that are opened from now on keep their vectors there too."""
        self._vectors = vectors

    def _with_vectors(self, name: str, voice: Voice) -> Voice:
        if self._vectors is not None and voice.embeddings is not None:
            voice.embeddings.further = self._vectors.of(self.digest(name))
        return voice

    def digest(self, name: str) -> str:
        """Return the hash of a voice's bundle, as `manifest_digest` has it."""
        manifest = self.catalogue[name].manifest
        known = self._digests.get(name)
        if known is None or known[0] is not manifest:
            known = self._digests[name] = manifest, manifest_digest(manifest)
        return known[1]

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


def is_same(one: Bundle, other: Bundle) -> bool:
    """Whether two bundles are of the same content, wherever they lie: a manifest has the hash of every file."""
    return one.manifest == other.manifest and one.held == other.held
