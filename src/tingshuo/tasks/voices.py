"""Which voices there are, and opening one by name or path.

Built-in voices are bundles in ``tingshuo/voices``; the user's own lie in ``$TINGSHUO_HOME/voices``, or were saved into the
registry, of which a name is the current version and ``name@version`` or ``name@alias`` another. Of the same name, a folder of the
user's wins over the registry, and both over what is built in.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from tingshuo.errors import BundleError, RegistryError, UnknownVoiceError
from tingshuo.store.bundle import open_bundle
from tingshuo.store.home import home
from tingshuo.store.manifest import MANIFEST, Manifest, read_manifest
from tingshuo.store.registry import Registry
from tingshuo.tasks.tts import Voice

logger = logging.getLogger(__name__)

DEFAULT = "default"
BUILT_IN = Path(__file__).parents[1] / "voices"


def voice_folders() -> tuple[Path, ...]:
    """Folders whose bundles are voices by their folders' names; between the two comes the registry."""
    return home() / "voices", BUILT_IN


def list_voices() -> dict[str, Manifest]:
    """Return the voices that can be opened by name, with their manifests; a damaged bundle is left out and logged."""
    found: dict[str, Manifest] = {}
    for name, folder in _named():
        try:
            found.setdefault(name, read_manifest(folder))
        except BundleError as error:
            logger.warning("%s", error)
    return dict(sorted(found.items(), key=lambda item: (item[0] != DEFAULT, item[0])))


def find_voice(name_or_path: str | Path = DEFAULT) -> Path:
    """Return the bundle folder of a voice.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `list_voices`, ``name@version`` or ``name@alias`` of the registry, or the folder of a bundle.

    Raises
    ------
    UnknownVoiceError
        No voice of that name and no bundle at that path; the message lists the names.
    RegistryError
        There is one in the registry, and its record is damaged.
    """
    own, built_in = voice_folders()
    name, registry = str(name_or_path), Registry()
    saved, _, wanted = name.partition("@")
    if not wanted and _is_name(name) and (own / name / MANIFEST).is_file():
        return own / name
    if _is_name(saved) and registry.has(saved):
        try:
            return registry.path(name)
        except RegistryError as error:
            if wanted:
                raise UnknownVoiceError(str(error), "voice") from error
            raise
    if _is_name(name) and (built_in / name / MANIFEST).is_file():
        return built_in / name
    path = Path(name_or_path)
    if (path / MANIFEST).is_file():
        return path
    raise UnknownVoiceError(f"unknown voice {name!r}; known: {', '.join(list_voices())}, or the path of a bundle", "voice")


def load(
    name_or_path: str | Path = DEFAULT, *, precision: str = "auto", threads: int = 1, lexicon_path: str | Path | None = None
) -> Voice:
    """Open a voice.

    Parameters
    ----------
    name_or_path : str or Path
        As `find_voice` takes it.
    precision : str
        ``auto``, ``fp32`` or ``int8``.
    threads : int
        Threads inside each graph.
    lexicon_path : path-like or None
        A file of pronunciations that apply to every request.

    Raises
    ------
    UnknownVoiceError
        No such voice.
    BundleError
        The bundle is damaged.
    """
    lexicon = None if lexicon_path is None else Path(lexicon_path)
    return Voice(open_bundle(find_voice(name_or_path)), precision=precision, threads=threads, lexicon_path=lexicon)


def _is_name(text: str) -> bool:
    return text not in ("", ".", "..") and Path(text).name == text


def _named() -> Iterator[tuple[str, Path]]:
    """Names and folders, those first that win over others of the same name."""
    own, built_in = voice_folders()
    yield from _bundles(own)
    registry = Registry()
    for name in registry.folders():
        try:
            yield name, registry.path(name)
        except RegistryError as error:
            logger.warning("%s", error)
    yield from _bundles(built_in)


def _bundles(parent: Path) -> Iterator[tuple[str, Path]]:
    if parent.is_dir():
        for folder in sorted(parent.iterdir()):
            if (folder / MANIFEST).is_file():
                yield folder.name, folder
