"""The recognisers of a server, each opened when it is first asked for, or at the start where the operator names it."""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from tingshuo.errors import BundleError, RequestError, SealedError, UnknownVoiceError
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.store.hash_cache import HashCache
from tingshuo.store.policy import Policy, check
from tingshuo.store.sealing import readable
from tingshuo.tasks.performance import listed
from tingshuo.tasks.recognise.find import DEFAULT, find_recogniser, list_recognisers
from tingshuo.tasks.recognise.hearing import TASK, Hears, open_recogniser

log = logging.getLogger("tingshuo.http")

NONE_HERE = (
    "this server has no recogniser; whoever runs it makes a bundle of one with `tingshuo import PATH -o BUNDLE` "
    "and starts the server with --listener BUNDLE"
)
Load = Callable[[Bundle, Mapping[str, str] | None], Hears]
"""Opens a bundle, with what is chosen of `Hears.choices`."""


class Listeners:
    """The recognisers that a request may name. A request never names a path.

    Parameters
    ----------
    catalogue : Mapping of str to Bundle, or None
        What may be asked for; None is nothing.
    default : str or None
        Who hears when nobody is named.
    threads : int
        Threads inside each graph.
    residents : iterable of str
        Who is opened at the start of the server.
    load : callable or None
        Opens one; None is `open_recogniser`.
    """

    def __init__(
        self,
        catalogue: Mapping[str, Bundle] | None = None,
        *,
        default: str | None = None,
        threads: int = 1,
        residents: Iterable[str] = (),
        load: Load | None = None,
    ) -> None:
        self.catalogue = dict(catalogue or {})
        self.default = default
        self.residents = tuple(residents)
        self._load = load or (lambda bundle, chosen: open_recogniser(bundle, threads=threads, chosen=chosen))
        self._opened: dict[tuple[str, str | None], Hears] = {}
        self._opening = threading.Lock()
        self._waiting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def check(self, name: str | None) -> str:
        """Return the name of a recogniser; None asks for the default.

        Raises
        ------
        UnknownVoiceError
            No such recogniser, or none at all: then the message says how to get one. It is no 503, as waiting does not help.
        """
        if not self.catalogue:
            raise UnknownVoiceError(NONE_HERE, "model")
        asked = self.default if name is None else name
        if asked is None:
            raise UnknownVoiceError(f"no recogniser is the default of this server; name one: {self._names}", "model")
        if asked not in self.catalogue:
            raise UnknownVoiceError(f"unknown recogniser {asked[:100]!r}; accepted: {self._names}", "model")
        return asked

    def choose(self, name: str, language: str | None) -> str | None:
        """Return the language that a recogniser is to be opened with: None where it cannot be told, or need not.

        Parameters
        ----------
        name : str
            From `check`.
        language : str or None
            What a request says is spoken; ``zh-CN`` is heard by whoever hears ``zh``, and the other way round.

        Raises
        ------
        RequestError
            It does not know that language; the message lists those that it does.
        """
        can_be_told = self.languages(name, choices=True)
        if language is None or language in can_be_told:
            return language
        if _bare(language) in can_be_told:
            return _bare(language)
        if _bare(language) not in map(_bare, self.languages(name)):
            known = listed(tuple(dict.fromkeys((*can_be_told, *self.languages(name)))))
            raise RequestError(f"recogniser {name!r} does not hear the language {language[:40]!r}; accepted: {known}", "language")
        return None

    def languages(self, name: str, *, choices: bool = False) -> tuple[str, ...]:
        """Return the languages of a recogniser, or, with ``choices``, those that it can be told to hear."""
        bundle = self.catalogue[name]
        if not choices:
            return tuple(bundle.manifest.languages)
        wanted = getattr(bundle.settings, "choices", {}).get("language")
        return () if wanted is None else tuple(wanted.values)

    def open(self, name: str, language: str | None = None) -> Hears:
        """Return a recogniser, opening it first if need be; that may take seconds, so call it in a worker thread.

        Parameters
        ----------
        name : str
            From `check`.
        language : str or None
            From `choose`; a recogniser that is told another language is opened once more.
        """
        with self._opening:
            key = name, language
            if key not in self._opened:
                self._opened[key] = self._load(self.catalogue[name], None if language is None else {"language": language})
            return self._opened[key]

    async def opened(self, name: str, language: str | None = None) -> Hears:
        """Return the same on the event loop: however many wait for it, one thread opens it, and none that makes audio."""
        known = self._opened.get((name, language))
        if known is not None:
            return known
        async with self._waiting[name]:
            return await asyncio.to_thread(self.open, name, language)

    def warm_up(self) -> None:
        """Open the residents and let each hear half a second of nothing, so that no request pays for what one does once."""
        for name in self.residents:
            recogniser = self.open(name)
            recogniser.hear(np.zeros(recogniser.sample_rate // 2, np.float32))

    @property
    def count(self) -> int:
        """How many are open; one that was told a language counts apart."""
        return len(self._opened)

    @property
    def _names(self) -> str:
        return listed(tuple(self.catalogue))


def _bare(language: str) -> str:
    """Return a code without its region."""
    return language.partition("-")[0].lower()


def find_listeners(
    listener: str | None = None, policy: Policy | None = None, *, paranoid: bool = False, threads: int = 1
) -> Listeners:
    """Return the installed recognisers, none of them open yet.

    Parameters
    ----------
    listener : str or None
        Name or path of who hears by default, and is opened at the start; None is the built-in one, opened when it is asked for.
    policy, paranoid
        As of `tingshuo.serve.catalogue.read_catalogue`.
    threads : int
        Threads inside each graph.

    Raises
    ------
    UnknownVoiceError
        There is no such recogniser.
    SignatureError
        The policy does not allow one.
    BundleError
        A bundle is damaged, or a file of it was changed, or the one that was named does not hear.
    SealedError
        The one that was named is encrypted, and there is no key.
    """
    folders = {name: find_recogniser(name) for name in list_recognisers()}
    default = DEFAULT if DEFAULT in folders else None
    if listener is not None:
        folder = find_recogniser(listener)
        default = next((name for name, one in folders.items() if one == folder), open_bundle(folder).manifest.name)
        folders[default] = folder
    known = HashCache()
    catalogue: dict[str, Bundle] = {}
    for name, folder in folders.items():
        if policy is not None:
            log.info("%s is signed with %s", folder, check(folder, policy).key.label)
        opened = open_bundle(folder, verify=True, hasher=hash_file if paranoid else known)
        if opened.manifest.task != TASK:
            raise BundleError(f"{folder}: is of the task {opened.manifest.task} and does not hear; {TASK} is wanted")
        try:
            catalogue[name] = readable(opened)
        except SealedError as error:
            if listener is not None and name == default:
                raise
            log.warning("%s", error)
    known.write()
    residents = () if listener is None or default is None else (default,)
    return Listeners(catalogue, default=default if default in catalogue else None, threads=threads, residents=residents)
