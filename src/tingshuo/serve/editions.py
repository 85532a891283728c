"""Reading the voices again while a server runs: what is new is opened and tried before anybody gets it.

The voices of a server are one object that is never changed but exchanged: who has begun to speak with a voice of the old ones
goes on with it, and its memory goes when the last of them has ended.
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import TypedDict

from tingshuo.errors import BusyError, RegistryError, TextError, TingshuoError
from tingshuo.serve.service import Service, warm_up
from tingshuo.serve.voices import Voices, is_same
from tingshuo.store.bundle import Bundle

Read = Callable[[], Mapping[str, Bundle]]
"""Finds, checks and reads what is installed; `tingshuo.serve.catalogue.read_catalogue`."""


class Change(TypedDict):
    """What became of a voice; a version is None where there is none."""

    voice: str
    before: str | None
    now: str | None


class Editions:
    """Exchanges the voices of a service, in two steps so that several processes can do it together.

    Parameters
    ----------
    service : Service
        Whose voices they are.
    read : callable
        See `Read`.
    """

    def __init__(self, service: Service, read: Read) -> None:
        self._service, self._read = service, read
        self._next: Voices | None = None
        self._preparing = threading.Lock()

    def prepare(self) -> list[Change]:
        """Read what is there now, and open and try each voice that is new or changed; takes seconds, so call it in a thread.

        Raises
        ------
        RegistryError
            Something of it is broken or not allowed; nothing is changed.
        BusyError
            It is being done already.
        """
        if not self._preparing.acquire(blocking=False):
            raise BusyError("the voices are being read again already; wait for that to end")
        try:
            now = self._service.voices
            catalogue = self._read()
            changes = compare(now.catalogue, catalogue)
            following = now.following(catalogue)
            for change in changes:
                if change["now"] is not None:
                    with contextlib.suppress(TextError):  # a voice that has no such word is open none the less
                        warm_up(following.open(change["voice"]))
            self._next = following
        except TingshuoError as error:
            raise RegistryError(f"the voices were read again and nothing was changed: {error}") from error
        finally:
            self._preparing.release()
        return changes

    def switch(self) -> None:
        """Give what was prepared to all who ask from now on; on the event loop."""
        if self._next is not None:
            self._service.voices, self._next = self._next, None

    def forget(self) -> None:
        """Drop what was prepared."""
        self._next = None


def compare(before: Mapping[str, Bundle], now: Mapping[str, Bundle]) -> list[Change]:
    """Return the voices that are new, gone, or of other files than before."""
    changes: list[Change] = []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old is None or new is None or not is_same(old, new):
            changes.append(Change(voice=name, before=_version(old), now=_version(new)))
    return changes


def _version(bundle: Bundle | None) -> str | None:
    return None if bundle is None else bundle.manifest.version
