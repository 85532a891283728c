"""Which voices a server may speak with: found, allowed, checked byte for byte, and read; at its start and when it is told to."""

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from tingshuo.errors import SealedError
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import Bundle, Hasher, open_bundle
from tingshuo.store.consent import check_consent
from tingshuo.store.hash_cache import HashCache
from tingshuo.store.policy import Policy, check
from tingshuo.store.sealing import readable
from tingshuo.tasks.voices import find_voice, list_voices

log = logging.getLogger("tingshuo.http")


def read_catalogue(voice: str = "default", policy: Policy | None = None, *, paranoid: bool = False) -> dict[str, Bundle]:
    """Return the installed voices by name, ``default`` among them.

    Parameters
    ----------
    voice : str
        Name or path of the voice that requests get by default.
    policy : Policy or None
        Who must have signed each voice; None asks for no signatures.
    paranoid : bool
        Read every byte of every voice, also of files that have not changed since they were last hashed.

    Raises
    ------
    UnknownVoiceError
        No such voice.
    SignatureError
        The policy does not allow a voice; no bundle has been opened then.
    ConsentError
        The voice that requests get by default may not speak any more.
    SealedError
        It is encrypted, and there is no key.
    BundleError
        The bundle of a voice is damaged, or a file of it was changed (`HashMismatchError`): all are checked here, once.
    """
    folders = {name: find_voice(name) for name in list_voices()} | {"default": find_voice(voice)}
    if policy is not None:
        for folder in sorted(set(folders.values())):
            signed = check(folder, policy)
            log.info("%s is signed with %s", folder, signed.key.label)
    known = HashCache()
    bundles = _open_all(folders, hash_file if paranoid else known)
    known.write()
    check_consent(bundles[folders["default"]].manifest, date.today())
    return {name: bundles[folder] for name, folder in folders.items() if folder in bundles}


def _open_all(folders: Mapping[str, Path], hasher: Hasher) -> dict[Path, Bundle]:
    """Open and check the bundles; those that are encrypted and have no key here are left out, unless one is the default."""
    bundles = {}
    for folder in set(folders.values()):
        opened = open_bundle(folder, verify=True, hasher=hasher)
        try:
            bundles[folder] = readable(opened)
        except SealedError as error:
            if folder == folders["default"]:
                raise
            log.warning("%s", error)
    return bundles
