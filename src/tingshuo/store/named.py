"""Bundles by name: in a folder of the user's, in the registry, and among what is built in."""

import logging
from collections.abc import Iterator
from pathlib import Path

from tingshuo.errors import RegistryError
from tingshuo.store.manifest import MANIFEST
from tingshuo.store.registry import Registry

logger = logging.getLogger(__name__)


def is_name(text: str) -> bool:
    """Whether a text can be the name of a bundle, and is no path."""
    return text not in ("", ".", "..") and Path(text).name == text


def named_bundles(own: Path, built_in: Path) -> Iterator[tuple[str, Path]]:
    """Yield names and folders of bundles, those first that win over others of the same name.

    Parameters
    ----------
    own, built_in : Path
        Folders of bundles, which need not exist; the registry comes between them. A version of it that cannot be found is logged.
    """
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
