"""Which recognisers there are, and opening one by name or path.

Built-in recognisers are bundles in ``tingshuo/recognisers``; the user's own lie in ``$TINGSHUO_HOME/recognisers``, or were saved
into the registry, as voices are. Of the same name, a folder of the user's wins over the registry, and both over what is built in.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from tingshuo.errors import BundleError, RegistryError, UnknownVoiceError
from tingshuo.store.archive_formats import is_archive
from tingshuo.store.bundle import open_bundle
from tingshuo.store.home import home
from tingshuo.store.manifest import MANIFEST, Manifest, read_manifest
from tingshuo.store.named import is_name, named_bundles
from tingshuo.store.registry import Registry
from tingshuo.store.unpacked import open_archive
from tingshuo.tasks.recognise.hearing import TASK, Hears, open_recogniser

logger = logging.getLogger(__name__)

DEFAULT = "listener"
BUILT_IN = Path(__file__).parents[2] / "recognisers"
REMEDY = (
    "name one with --model BUNDLE; `tingshuo import PATH -o BUNDLE` makes a bundle of a model of WeNet, sherpa-onnx or FunASR"
)


def recogniser_folders() -> tuple[Path, ...]:
    """Folders whose bundles are recognisers by their folders' names; between the two comes the registry."""
    return home() / "recognisers", BUILT_IN


def list_recognisers() -> dict[str, Manifest]:
    """Return the recognisers that can be opened by name, with their manifests, the built-in one first.

    What does not hear is left out; so is a damaged bundle, which is logged.
    """
    found: dict[str, Manifest] = {}
    for name, folder in named_bundles(*recogniser_folders()):
        try:
            manifest = read_manifest(folder)
        except BundleError as error:
            logger.warning("%s", error)
            continue
        if manifest.task == TASK:
            found.setdefault(name, manifest)
    return dict(sorted(found.items(), key=lambda item: (item[0] != DEFAULT, item[0])))


def find_recogniser(name_or_path: str | Path = DEFAULT) -> Path:
    """Return the bundle folder of a recogniser.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `list_recognisers`, ``name@version`` or ``name@alias`` of the registry, the folder of a bundle, or an archive
        of one, which is unpacked into the user's folder.

    Raises
    ------
    UnknownVoiceError
        No recogniser of that name and no bundle at that path; the message lists the names and says how to get one.
    BundleError
        It is an archive that does not hold a sound bundle.
    """
    if is_archive(name_or_path):
        return open_archive(Path(name_or_path))
    name, registry = str(name_or_path), Registry()
    own, built_in = recogniser_folders()
    saved, _, wanted = name.partition("@")
    if not wanted and is_name(name) and (own / name / MANIFEST).is_file():
        return own / name
    if is_name(saved) and registry.has(saved):
        try:
            return registry.path(name)
        except RegistryError as error:
            raise UnknownVoiceError(str(error), "model") from error
    for path in (built_in / name if is_name(name) else Path(name), Path(name)):
        if (path / MANIFEST).is_file():
            return path
    if name == DEFAULT:
        raise UnknownVoiceError(f"no recogniser is built in; {REMEDY}", "model")
    known = ", ".join(list_recognisers()) or "none"
    raise UnknownVoiceError(f"unknown recogniser {name!r}; known by name: {known}; {REMEDY}", "model")


def only_language(name_or_path: str | Path = DEFAULT) -> str | None:
    """Return the language of a recogniser that knows just one; errors as of `find_recogniser`."""
    languages = read_manifest(find_recogniser(name_or_path)).languages
    return languages[0] if len(languages) == 1 else None


def load_recogniser(name_or_path: str | Path = DEFAULT, *, threads: int = 1, chosen: Mapping[str, str] | None = None) -> Hears:
    """Open a recogniser; an encrypted one with the key that is at hand, and nothing decrypted stays where it could be found.

    Parameters
    ----------
    name_or_path : str or Path
        As `find_recogniser` takes it.
    threads : int
        Threads inside each graph.
    chosen : Mapping[str, str] or None
        What is chosen of `Hears.choices`.

    Raises
    ------
    UnknownVoiceError
        No such recogniser.
    BundleError
        The bundle is damaged, or does not hear.
    RequestError
        There is no such choice.
    SealedError
        It is encrypted, and the key is missing or does not fit.
    """
    bundle = open_bundle(find_recogniser(name_or_path))
    if bundle.manifest.sealed is None:
        return open_recogniser(bundle, threads=threads, chosen=chosen)
    from tingshuo.store.sealing import sealed_keys, unseal_bundle

    with unseal_bundle(bundle.path, sealed_keys(bundle)) as unsealed:
        return open_recogniser(open_bundle(unsealed.path), threads=threads, chosen=chosen)
