"""Which voices there are, and opening one by name or path.

Built-in voices are bundles in ``tingshuo/voices``; the user's own lie in ``$TINGSHUO_HOME/voices``, or were saved into the
registry, of which a name is the current version and ``name@version`` or ``name@alias`` another. Of the same name, a folder of the
user's wins over the registry, and both over what is built in.
"""

import logging
from datetime import date
from pathlib import Path

from tingshuo.errors import BundleError, RegistryError, UnknownVoiceError
from tingshuo.store.archive_formats import is_archive
from tingshuo.store.bundle import open_bundle
from tingshuo.store.consent import check_consent
from tingshuo.store.home import home
from tingshuo.store.manifest import MANIFEST, Manifest, read_manifest
from tingshuo.store.named import is_name, named_bundles
from tingshuo.store.registry import Registry
from tingshuo.store.unpacked import open_archive
from tingshuo.tasks.tts import TASK, Voice

logger = logging.getLogger(__name__)

DEFAULT = "default"
BUILT_IN = Path(__file__).parents[1] / "voices"


def voice_folders() -> tuple[Path, ...]:
    """Folders whose bundles are voices by their folders' names; between the two comes the registry."""
    return home() / "voices", BUILT_IN


def list_voices() -> dict[str, Manifest]:
    """Return the voices that can be opened by name, with their manifests; a damaged bundle is left out and logged.

    Bundles that do not speak, vocoders alone and models that convert, are left out too.
    """
    found: dict[str, Manifest] = {}
    for name, folder in named_bundles(*voice_folders()):
        try:
            found.setdefault(name, read_manifest(folder))
        except BundleError as error:
            logger.warning("%s", error)
    speaking = {name: manifest for name, manifest in found.items() if manifest.task == TASK}
    return dict(sorted(speaking.items(), key=lambda item: (item[0] != DEFAULT, item[0])))


def find_voice(name_or_path: str | Path = DEFAULT) -> Path:
    """Return the bundle folder of a voice.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `list_voices`, ``name@version`` or ``name@alias`` of the registry, the folder of a bundle, or an archive of
        one, which is unpacked into the user's folder.

    Raises
    ------
    UnknownVoiceError
        No voice of that name and no bundle at that path; the message lists the names.
    RegistryError
        There is one in the registry, and its record is damaged.
    BundleError
        It is an archive that does not hold a sound bundle.
    """
    if is_archive(name_or_path):  # first: anna@1.2.0.tar is no version of anna
        return open_archive(Path(name_or_path))
    own, built_in = voice_folders()
    name, registry = str(name_or_path), Registry()
    saved, _, wanted = name.partition("@")
    if not wanted and is_name(name) and (own / name / MANIFEST).is_file():
        return own / name
    if is_name(saved) and registry.has(saved):
        try:
            return registry.path(name)
        except RegistryError as error:
            if wanted:
                raise UnknownVoiceError(str(error), "voice") from error
            raise
    if is_name(name) and (built_in / name / MANIFEST).is_file():
        return built_in / name
    path = Path(name_or_path)
    if (path / MANIFEST).is_file():
        return path
    raise UnknownVoiceError(f"unknown voice {name!r}; known: {', '.join(list_voices())}, or the path of a bundle", "voice")


def load(
    name_or_path: str | Path = DEFAULT, *, precision: str = "auto", threads: int = 1, lexicon_path: str | Path | None = None
) -> Voice:
    """Open a voice; an encrypted one with the key that is at hand, and nothing decrypted stays where it could be found.

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
    ConsentError
        It was cloned from a person who has not agreed, or no longer agrees.
    SealedError
        It is encrypted, and the key is missing or does not fit.
    """
    lexicon = None if lexicon_path is None else Path(lexicon_path)
    bundle = open_bundle(find_voice(name_or_path))
    check_consent(bundle.manifest, date.today())
    if bundle.manifest.sealed is None:
        return Voice(bundle, precision=precision, threads=threads, lexicon_path=lexicon)
    from tingshuo.store.sealing import sealed_keys, unseal_bundle

    # What a voice needs is in memory once it is open, mapped or copied, so the decrypted files can go.
    with unseal_bundle(bundle.path, sealed_keys(bundle)) as unsealed:
        return Voice(open_bundle(unsealed.path), precision=precision, threads=threads, lexicon_path=lexicon)
