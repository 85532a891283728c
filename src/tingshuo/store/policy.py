"""Who may publish which voice: a file that names public keys for names of bundles. Needs the ``sign`` extra.

::

    voices:                           # a name as in the manifest, or a pattern: * ? [abc]
      "acme-*": [keys/acme.pub]       # paths are relative to this file; a key may also stand here itself, in PEM
    not_after:                        # the last day, UTC, on which a signature of this key is accepted
      keys/acme.pub: 2027-12-31
    revoked: [keys/lost.pub]          # never accepted, whatever stands above

Any key of any pattern that fits a name may publish it. ``not_after`` and ``revoked`` also take a fingerprint. A signature says
nothing about when it was made, so both are about today: they refuse old signatures of a key as well as new ones.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, RequestError, SignatureError
from tingshuo.store.manifest import read_manifest
from tingshuo.store.sign import SHOWN, Signed, verify_signature
from tingshuo.store.sign_keys import PublicKey, parse_public_key, read_public_key, sign_extra

if TYPE_CHECKING:
    import yaml

_FINGERPRINT = re.compile(r"[0-9a-fA-F]{64}")
_BEGIN = "-----BEGIN "
_SHAPE = "a policy has voices: {NAME: [KEYS]}, and may have not_after: {KEY: YYYY-MM-DD} and revoked: [KEYS]"


class _File(StrictModel, frozen=True):
    """A policy as it is written."""

    voices: Annotated[dict[str, Annotated[tuple[str, ...], Meta(min_length=1)]], Meta(min_length=1)]
    not_after: dict[str, date] = msgspec.field(default_factory=dict)
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy whose keys have been read.

    Parameters
    ----------
    source : str
        What messages call it.
    keys : tuple of PublicKey
        All that may publish something.
    voices : Mapping of str to frozenset of str
        Pattern of names to fingerprints of the keys that may publish them.
    not_after : Mapping of str to date
        Fingerprint to the last day, UTC, on which the key is accepted.
    revoked : frozenset of str
        Fingerprints of keys that are never accepted.
    """

    source: str
    keys: tuple[PublicKey, ...]
    voices: Mapping[str, frozenset[str]]
    not_after: Mapping[str, date]
    revoked: frozenset[str]


def read_policy(path: Path) -> Policy:
    """Read a policy and the keys that it names.

    Raises
    ------
    ConfigError
        It cannot be read, is not YAML, has an unknown key, a key twice or a wrong value, or names a key that cannot be read.
    EngineNotInstalledError
        The ``sign`` extra is missing.
    """
    written = _read(path)
    keys: dict[str, PublicKey] = {}
    voices = {}
    for pattern, references in written.voices.items():
        found = [_key(path, reference) for reference in references]
        for key in found:
            keys.setdefault(key.fingerprint, key)
        voices[pattern] = frozenset(key.fingerprint for key in found)
    not_after: dict[str, date] = {}
    for reference, last in written.not_after.items():
        fingerprint = _fingerprint(path, reference)
        not_after[fingerprint] = min(last, not_after.get(fingerprint, last))
    revoked = frozenset(_fingerprint(path, reference) for reference in written.revoked)
    return Policy(str(path), tuple(keys.values()), voices, not_after, revoked)


def check(path: str | os.PathLike[str], policy: Policy, *, today: date | None = None) -> Signed:
    """Check that a bundle is signed, and by a key that may publish its name.

    Parameters
    ----------
    path : path-like
        The bundle's folder.
    policy : Policy
        Who may publish what.
    today : date or None
        The day for ``not_after``; None is today, UTC.

    Returns
    -------
    Signed
        Who signed it.

    Raises
    ------
    SignatureError
        As `verify_signature`, or the key is revoked, too old, or may not publish this name.
    BundleError
        There is no such folder, or what was signed has no readable manifest.
    """
    signed = verify_signature(path, policy.keys)
    check_key(signed.key, policy, str(path), today=today)
    check_publisher(signed.key, read_manifest(Path(path)).name, policy, str(path))
    return signed


def check_key(key: PublicKey, policy: Policy, source: str, *, today: date | None = None) -> None:
    """Check that a policy accepts signatures of a key; ``source`` is what messages call what it signed.

    Raises
    ------
    SignatureError
        It is revoked, or too old.
    """
    who, by = key.fingerprint, _by(key, source)
    if who in policy.revoked:
        raise SignatureError(f"{by}, which {policy.source} has revoked; ask for a signature with another key")
    last = policy.not_after.get(who)
    if last is not None and (today or datetime.now(UTC).date()) > last:
        raise SignatureError(f"{by}, which {policy.source} accepts until {last} only; ask for a signature with a newer key")


def check_publisher(key: PublicKey, name: str, policy: Policy, source: str) -> None:
    """Check that the owner of a key may publish a name; ``source`` is what messages call what it signed.

    Raises
    ------
    SignatureError
        The policy does not say so.
    """
    who, by = key.fingerprint, _by(key, source)
    allowed = [pattern for pattern, keys in policy.voices.items() if who in keys]
    if not any(fnmatchcase(name, pattern) for pattern in allowed):
        raise SignatureError(f"{by}, which by {policy.source} may not publish {name!r}, only {', '.join(allowed)}")


def _by(key: PublicKey, source: str) -> str:
    return f"{source}: is signed with the key {key.label} ({key.fingerprint[:SHOWN]})"


def _read(path: Path) -> _File:
    try:
        fields = _load(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start})") from error
    try:
        return _File.check(fields, str(path))
    except ConfigError as error:
        raise ConfigError(f"{error}; {_SHAPE}") from error


def _load(text: str, source: str) -> Any:
    """Read YAML; a key that is there twice is an error, where the parser would keep the last and say nothing."""
    with sign_extra():
        import yaml

    class Once(yaml.SafeLoader):  # as safe as what it is made from: no objects
        def construct_mapping(self, node: "yaml.MappingNode", deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
                    seen.add(key.value)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Once)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2027-02-30
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise ConfigError(f"{source}{line}: is not YAML: {getattr(error, 'problem', None) or error}") from error


def _key(policy: Path, reference: str) -> PublicKey:
    """Return the key that a policy names by its path, or holds."""
    try:
        if reference.lstrip().startswith(_BEGIN):
            return parse_public_key(reference.encode(), "in the policy")
        return read_public_key(policy.parent / reference, reference)
    except RequestError as error:
        raise ConfigError(f"{policy}: {error}") from error


def _fingerprint(policy: Path, reference: str) -> str:
    return reference.lower() if _FINGERPRINT.fullmatch(reference) else _key(policy, reference).fingerprint
