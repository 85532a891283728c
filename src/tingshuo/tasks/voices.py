"""Which voices there are, and opening one by name or path.

Built-in voices are bundles in ``tingshuo/voices``; the user's own lie in ``$TINGSHUO_HOME/voices`` (``~/.local/share/tingshuo``
when that is not set) and win over built-in ones of the same name.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from tingshuo.errors import BundleError, UnknownVoiceError
from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import MANIFEST, Manifest, read_manifest
from tingshuo.tasks.tts import Voice

logger = logging.getLogger(__name__)

DEFAULT = "default"
BUILT_IN = Path(__file__).parents[1] / "voices"


def voice_folders() -> tuple[Path, ...]:
    """Folders that are searched for voices, the first one wins."""
    home = os.environ.get("TINGSHUO_HOME") or Path.home() / ".local/share/tingshuo"
    return Path(home) / "voices", BUILT_IN


def list_voices() -> dict[str, Manifest]:
    """Return the voices that can be opened by name, with their manifests; a damaged bundle is left out and logged."""
    found: dict[str, Manifest] = {}
    for folder in _bundles():
        try:
            found.setdefault(folder.name, read_manifest(folder))
        except BundleError as error:
            logger.warning("%s", error)
    return dict(sorted(found.items(), key=lambda item: (item[0] != DEFAULT, item[0])))


def find_voice(name_or_path: str | Path = DEFAULT) -> Path:
    """Return the bundle folder of a voice.

    Raises
    ------
    UnknownVoiceError
        No voice of that name and no bundle at that path; the message lists the names.
    """
    for folder in _bundles():
        if folder.name == str(name_or_path):
            return folder
    path = Path(name_or_path)
    if (path / MANIFEST).is_file():
        return path
    raise UnknownVoiceError(
        f"unknown voice {str(name_or_path)!r}; known: {', '.join(list_voices())}, or the path of a bundle", "voice"
    )


def load(
    name_or_path: str | Path = DEFAULT, *, precision: str = "auto", threads: int = 1, lexicon_path: str | Path | None = None
) -> Voice:
    """Open a voice.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `list_voices`, or the folder of a bundle.
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


def _bundles() -> Iterator[Path]:
    for parent in voice_folders():
        if parent.is_dir():
            yield from sorted(folder for folder in parent.iterdir() if (folder / MANIFEST).is_file())
