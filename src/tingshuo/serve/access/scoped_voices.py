"""The voices of a server as each key sees them: those that it may use, and no clone that was not made for it."""

import dataclasses
from collections.abc import Mapping

from tingshuo.errors import AccessError, UnknownVoiceError
from tingshuo.serve.access.calling import CALLER, calling
from tingshuo.serve.access.gate import Caller
from tingshuo.serve.voices import Voices
from tingshuo.store.bundle import Bundle
from tingshuo.tasks.performance import listed
from tingshuo.tasks.tts import Voice
from tingshuo.types import SpeechRequest


class ScopedVoices(Voices):
    """Voices, of which each caller has those of its key; a request that nobody makes has all.

    A voice of the catalogue that a key may not use is not listed for it. Asked for by name, one that is nobody's own is refused,
    and a clone of somebody else's does not exist.
    """

    @property
    def catalogue(self) -> dict[str, Bundle]:
        """What may be asked for by who is asking."""
        caller = CALLER.get()
        return self._all if caller is None else dict(_visible(caller, self._all))

    @catalogue.setter
    def catalogue(self, bundles: Mapping[str, Bundle]) -> None:
        self._all = dict(bundles)

    @property
    def ids(self) -> dict[str, tuple[str, str]]:
        """As `Voices.ids`, for who is asking."""
        caller = CALLER.get()
        found = super().ids
        if caller is None:
            return found
        return {id: pair for id, pair in found.items() if _may_use(caller, pair[0], pair[1], self._all[pair[0]])}

    def open(self, name: str) -> Voice:
        """As `Voices.open`: what is opened is for all, whoever asks first."""
        with calling(None):
            return super().open(name)

    def check(self, voice: str, request: SpeechRequest) -> tuple[str, SpeechRequest]:
        """As `Voices.check`, and whether the caller may use what it asks for.

        Raises
        ------
        AccessError
            The key is not for this voice, or (`UnauthorizedError`) no longer holds.
        UnknownVoiceError
            No such voice for this key; whether it is somebody else's is not told.
        """
        caller = CALLER.get()
        if caller is not None:
            caller.look_again()
            self._check_caller(caller, voice, request.speaker)
        name, checked = super().check(voice, request)
        if caller is not None:
            caller.wants(name if checked.speaker is None else f"{name}/{checked.speaker}", len(request.text))
        return name, checked

    def _check_caller(self, caller: Caller, voice: str, asked: str | None) -> None:
        name, _, speaker = voice.partition("/") if voice not in self._all else (voice, "", "")
        bundle = self._all.get(name)
        if bundle is None:
            return
        known = [one.name for one in bundle.settings.speakers]
        speaks = speaker or asked or known[0]
        if speaks not in known or _may_use(caller, name, speaks, bundle):
            return
        if speaks in bundle.manifest.cloned:
            raise UnknownVoiceError(f"unknown voice {voice!r}; accepted: {listed(tuple(self.ids))}", "voice")
        assert caller.held is not None
        raise AccessError(f"the key {caller.held.key.id} is not for the voice {voice!r}; it is for: {', '.join(self.ids)}")


def _visible(caller: Caller, bundles: Mapping[str, Bundle]) -> list[tuple[str, Bundle]]:
    """Return what a caller sees: voices with a speaker that it may use, without those that it may not.

    The first speaker stays, as it is who speaks when none is named.
    """
    found = []
    for name, bundle in bundles.items():
        speakers = bundle.settings.speakers
        usable = [one for one in speakers if _may_use(caller, name, one.name, bundle)]
        if len(usable) == len(speakers):
            found.append((name, bundle))
        elif usable:
            kept = tuple(one for one in speakers if one in usable or one is speakers[0])
            found.append((name, dataclasses.replace(bundle, held=bundle.settings.replace(speakers=kept))))
    return found


def _may_use(caller: Caller, voice: str, speaker: str, bundle: Bundle) -> bool:
    return caller.may_use(voice, speaker, cloned=speaker in bundle.manifest.cloned)
